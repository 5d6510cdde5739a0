//! Connecting, also to a broker that is away at start and comes later.
//!
//! `NATS_URL`, `NATS_USER`, `NATS_PASSWORD` and `NATS_CREDS` mean what they mean to the `nats` tool, and win over the
//! file.

use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use async_nats::jetstream::ContextBuilder;
use async_nats::{ConnectOptions, Event, ServerError};
use problem::{Code, Problem, chain};
use serde::Deserialize;
use tokio::sync::watch;

use super::Broker;
use super::answer::find;
use crate::health::Health;
use crate::retry::Schedule;
use crate::secret::Secret;
use crate::settings::Span;

/// The first thing that the broker has refused this process for want of rights, as the broker says it.
static DENIED: LazyLock<watch::Sender<Option<String>>> = LazyLock::new(watch::Sender::default);

/// Connections of this process to the broker so far.
static CONNECTIONS: LazyLock<watch::Sender<u64>> = LazyLock::new(watch::Sender::default);

/// Tells of every connection to the broker that is made from now on: the streams behind it may be others.
pub fn connections() -> watch::Receiver<u64> {
    CONNECTIONS.subscribe()
}

/// How to reach the broker, and how the house uses it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `nats://host:port`, several with commas.
    pub url: String,
    /// User name; empty for none.
    pub user: String,
    /// Password of the user.
    pub password: Secret,
    /// Path of a credentials file; empty for none.
    pub creds: String,
    /// How long a verb waits for a broker that is away before it gives up. A service never does; it is not ready
    /// meanwhile.
    pub start_timeout: Span,
    /// How long an acknowledgement of a publish may take: a disk under load syncs slowly.
    pub publish_timeout: Span,
    /// A delivery that is neither acknowledged nor in progress for this long is delivered again.
    pub ack_wait: Span,
    /// A standby takes a consumer over when its active client has been silent for this long.
    pub takeover: Span,
    /// From how many waiting messages on they are published as one atomic batch; 0 measures from where that is quicker.
    pub batch_from: usize,
    /// A delivery that is tried again for so long is told of by itself, once in as much time.
    pub stuck_after: Span,
    /// How far this machine's clock may be from the broker's. Beyond it a service takes no work.
    pub clock_limit: Span,
    /// Copies of each stream: 1, or 3 on a cluster.
    pub replicas: usize,
    /// Orders that the streams have room for; when one is full, publishing fails and nothing is discarded.
    pub room_for_orders: u64,
    /// Streams are compressed on the broker's disk.
    pub compression: bool,
    /// These are of one connection, which has an account of its own: the variables of the `nats` tool are not meant.
    #[serde(skip)]
    pub is_own: bool,
}

impl Settings {
    /// Returns true when both mean the same broker, under the same user.
    pub fn is_same_broker(&self, other: &Self) -> bool {
        self.is_own == other.is_own
            && self.url == other.url
            && self.user == other.user
            && *self.password.expose() == *other.password.expose()
            && self.creds == other.creds
    }
}

/// Connects as the service called `name`.
///
/// # Errors
/// `BROKER_AWAY` when no broker answers within `start_timeout`, `BROKER_REFUSED` when it refuses the credentials.
pub async fn connect(settings: &Settings, name: &str, health: &Health) -> Result<Broker, Problem> {
    let url = in_force(settings, "NATS_URL", &settings.url);
    let mut schedule = Schedule::new(Duration::from_millis(200), Duration::from_secs(5));
    let started = tokio::time::Instant::now();
    let client = loop {
        match options(settings, name, health.clone())?.connect(&url).await {
            Ok(client) => break client,
            Err(e) if started.elapsed() >= settings.start_timeout.0 || !worth_waiting(&e) => {
                return Err(refusal(&shown(&url), &e));
            }
            Err(e) => {
                let cause = chain(&e);
                tracing::warn!(url = shown(&url), error = cause, "the broker does not answer yet; trying again");
                health.not_ready("broker", format!("not connected yet: {cause}"));
                tokio::time::sleep(schedule.next_wait()).await;
            }
        }
    };
    let jetstream = ContextBuilder::new().timeout(settings.publish_timeout.0).build(client);
    Ok(Broker::new(jetstream, settings.clone(), health.clone()))
}

/// The oldest server that keeps what it acknowledges: before it, the repair of a block of messages did not sync what it
/// had written, `sync_interval: always` or not (nats-server issues 8456 and 8475).
const OLDEST: [u64; 3] = [2, 15, 1];

/// Checks that the server that is connected is new enough.
///
/// # Errors
/// `BROKER_TOO_OLD` names its version.
pub fn is_new_enough(broker: &Broker) -> Result<(), Problem> {
    let version = broker.jetstream.client().server_info().version;
    if keeps_its_word(&version) {
        return Ok(());
    }
    let sentence =
        format!("the broker is nats-server {version}, which may lose what it has acknowledged; 2.15.1 does not");
    Err(Problem::new(Code::BrokerTooOld, sentence, "update nats-server to 2.15.1 or later"))
}

/// Returns true when a server of this version keeps what it acknowledges; an unreadable version does not count.
fn keeps_its_word(version: &str) -> bool {
    // What is behind a hyphen is a release to come: 2.15.1-RC.1.
    let numbers = version.split('-').next().unwrap_or_default().split('.').map(str::parse::<u64>);
    numbers.collect::<Result<Vec<_>, _>>().is_ok_and(|numbers| numbers.as_slice() >= OLDEST.as_slice())
}

fn options(settings: &Settings, name: &str, health: Health) -> Result<ConnectOptions, Problem> {
    let mut options = ConnectOptions::new()
        .name(format!("ml-connector {name}"))
        .ping_interval(Duration::from_secs(15))
        .max_reconnects(None)
        .event_callback(move |event| {
            let health = health.clone();
            async move { note(&health, event) }
        });
    let user = in_force(settings, "NATS_USER", &settings.user);
    let password = in_force(settings, "NATS_PASSWORD", &settings.password.expose());
    let creds = in_force(settings, "NATS_CREDS", &settings.creds);
    if !user.is_empty() {
        // Answers come to an inbox that no other user may listen at.
        options = options.custom_inbox_prefix(inbox(&user)).user_and_password(user, password);
    }
    if !creds.is_empty() {
        let text = std::fs::read_to_string(&creds).map_err(|e| {
            Problem::new(
                Code::BrokerRefused,
                format!("the credentials file {creds} could not be read: {e}"),
                "correct nats.creds",
            )
        })?;
        options = options.credentials(&text).map_err(|e| {
            Problem::new(
                Code::BrokerRefused,
                format!("{creds} is no credentials file: {e}"),
                "make it with `nsc generate creds`",
            )
        })?;
    }
    Ok(options)
}

/// Returns the prefix of the inboxes of a user's connections.
fn inbox(user: &str) -> String {
    format!("_INBOX.{}", super::token::token(user))
}

fn note(health: &Health, event: Event) {
    match event {
        Event::Connected => {
            health.ready("broker");
            CONNECTIONS.send_modify(|connections| *connections = connections.saturating_add(1));
            tracing::info!("connected to the broker");
        }
        Event::Disconnected => {
            health.not_ready("broker", "the connection is lost");
            tracing::warn!("the broker is away; reconnecting");
        }
        Event::ServerError(e) => {
            tracing::error!(error = %e, "the broker refuses");
            metrics::counter!("ml_broker_refusals_total").increment(1);
            if let ServerError::Other(said) = e
                && is_needed(&said)
            {
                DENIED.send_if_modified(|denied| denied.replace(said.clone()).is_none());
            }
        }
        // By us alone: to reconnect is never given up.
        Event::Closed => tracing::debug!("the connection to the broker is closed"),
        other => tracing::warn!(event = %other, "broker"),
    }
}

/// Returns true when the broker denies something that nobody can do without. It drops the request: no answer comes.
fn is_needed(said: &str) -> bool {
    // The library tidies up consumers that would end by themselves.
    said.to_lowercase().starts_with("permissions violation") && !said.contains("$JS.API.CONSUMER.DELETE.")
}

/// Returns when the broker has denied this process something: it runs as the wrong user. `user` is the right one.
pub async fn denied(user: &str) -> Problem {
    let mut news = DENIED.subscribe();
    let said = match news.wait_for(Option::is_some).await {
        Ok(said) => said.clone().unwrap_or_default(),
        Err(_) => std::future::pending().await, // The sender lives as long as the process.
    };
    let sentence = format!("the broker does not let this user do that: {said}");
    let remedy = format!(
        "run it as the user `{user}` of the broker: nats.user and nats.password, or NATS_USER and NATS_PASSWORD"
    );
    Problem::new(Code::BrokerRefused, sentence, remedy)
}

/// A URL as it may be logged: without the user and password that may stand in it.
fn shown(url: &str) -> String {
    url.split(',').map(|one| one.rsplit_once('@').map_or(one, |(_, host)| host)).collect::<Vec<_>>().join(",")
}

/// A setting, unless a variable of the `nats` tool overrides it. What one connection has of its own none overrides.
fn in_force(settings: &Settings, name: &str, setting: &str) -> String {
    let variable = std::env::var(name).ok().filter(|v| !v.is_empty() && !settings.is_own);
    variable.unwrap_or_else(|| setting.to_owned())
}

fn worth_waiting(error: &async_nats::ConnectError) -> bool {
    use async_nats::ConnectErrorKind as Kind;
    match error.kind() {
        Kind::Dns | Kind::TimedOut | Kind::Io => true,
        // It went away in the middle of the handshake, which says nothing of a certificate.
        Kind::Tls => find::<io::Error>(error).is_some_and(|e| {
            matches!(
                e.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted
            )
        }),
        Kind::ServerParse | Kind::Authentication | Kind::AuthorizationViolation | Kind::MaxReconnects => false,
    }
}

fn refusal(url: &str, error: &async_nats::ConnectError) -> Problem {
    let cause = chain(error);
    if worth_waiting(error) {
        let remedy = "start nats-server with JetStream, or correct nats.url (or NATS_URL)";
        Problem::new(Code::BrokerAway, format!("no broker answers at {url}: {cause}"), remedy)
    } else {
        let remedy = "correct nats.user and nats.password, nats.creds, or the user's permissions on the broker";
        Problem::new(Code::BrokerRefused, format!("the broker at {url} refuses the connection: {cause}"), remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::keeps_its_word;

    #[test]
    fn servers_before_2_15_1_do_not_keep_their_word() {
        for version in ["2.15.1", "2.15.2-RC.1", "2.16.0", "3.0.0"] {
            assert!(keeps_its_word(version), "{version}");
        }
        for version in ["2.15.0", "2.14.9", "2.9.25", "", "next"] {
            assert!(!keeps_its_word(version), "{version}");
        }
    }
}
