//! The shop and the company that a connection is of, kept with the streams.
//!
//! Two installations that call their connection by one name on one broker would take each other's orders. So
//! `provision` keeps what the name stands for, as metadata of a stream that every service may look at, and a service
//! that is set to another shop or company takes nothing, polls nothing and writes nothing.
//!
//! A part that the settings do not show, or that nobody has kept yet, is not compared.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::GetStreamError;
use problem::{Code, Problem, chain};
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::broker::answer::says_missing;
use crate::broker::token::token;
use crate::vault;

/// Metadata of this house begins so.
const PREFIX: &str = "ml-connector.connection.";
/// Name of the reason why a service is not ready: its connection is of another shop or company.
const IDENTITY: &str = "identity";
/// How often a service looks whether the connection was moved to its shop and company.
const LOOK: Duration = Duration::from_secs(5);

/// The shop and the company of a connection, part by part.
pub type Parts = BTreeMap<String, String>;

/// The shop and the company of a connection, as the settings say them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    connection: String,
    parts: Parts,
}

/// A part that is kept as one thing and set as another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The part, in words.
    pub part: String,
    /// Value that is kept.
    pub kept: String,
    /// Value that the settings say.
    pub set: String,
}

impl Identity {
    /// The connection with this name, of these parts: the words of a name are joined by hyphens. Empty parts are those
    /// that the settings do not show.
    pub fn new<'a>(connection: &str, parts: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let shown = parts.into_iter().filter(|(_, value)| !value.is_empty());
        Self { connection: connection.to_owned(), parts: shown.map(|(name, value)| (name.to_owned(), value)).collect() }
    }

    /// The name of the connection.
    pub fn connection(&self) -> &str {
        &self.connection
    }

    /// Returns the parts that `metadata` keeps of the connection; nothing before `provision` has kept them.
    pub fn kept(&self, metadata: &HashMap<String, String>) -> Parts {
        let prefix = self.prefix();
        let part = |(key, value): (&String, &String)| Some((key.strip_prefix(&prefix)?.to_owned(), value.clone()));
        metadata.iter().filter_map(part).collect()
    }

    /// The parts that are kept otherwise.
    pub fn differences(&self, kept: &Parts) -> Vec<Difference> {
        let differs = |(part, set): (&String, &String)| {
            let kept = kept.get(part).filter(|kept| *kept != set)?;
            Some(Difference { part: part.replace('-', " "), kept: kept.clone(), set: set.clone() })
        };
        self.parts.iter().filter_map(differs).collect()
    }

    /// Writes the parts of the settings into `metadata`. Those that the settings do not show stay as they are.
    pub fn keep(&self, metadata: &mut HashMap<String, String>) {
        let prefix = self.prefix();
        metadata.extend(self.parts.iter().map(|(name, value)| (format!("{prefix}{name}"), value.clone())));
    }

    fn prefix(&self) -> String {
        format!("{PREFIX}{}.", token(&self.connection))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {} instead of {}", self.part, self.set, self.kept)
    }
}

/// Returns the problem that a person is told when the connection `name` is of something else.
pub fn taken(name: &str, differences: &[Difference]) -> Problem {
    let of = |side: fn(&Difference) -> &str| {
        differences.iter().map(|one| format!("the {} {}", one.part, side(one))).collect::<Vec<_>>().join(" and ")
    };
    let (kept, set) = (of(|one| &one.kept), of(|one| &one.set));
    let sentence = format!("on this broker the connection {name} is of {kept}; the settings are of {set}");
    Problem::new(Code::ConnectionTaken, sentence, TAKEN)
}

/// Remedy for it.
const TAKEN: &str = "give this installation a broker of its own, or correct the settings. If it is the same shop and \
                     company under another address or tenant, stop the services and run `ml-connector provision --moved`";

/// The metadata of the stream that keeps identities; none when it is not there.
///
/// # Errors
/// When the broker does not answer.
pub async fn metadata(context: &Context) -> Result<Option<HashMap<String, String>>, GetStreamError> {
    match context.get_stream(format!("KV_{}", vault::BUCKET)).await {
        Ok(stream) => Ok(Some(stream.cached_info().config.metadata.clone())),
        Err(e) if says_missing(&e) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Why the connection is of something else than `identity` says; none when it is not, or nobody has kept it.
///
/// # Errors
/// When the broker does not answer.
pub(crate) async fn differs(context: &Context, identity: &Identity) -> Result<Option<Problem>, GetStreamError> {
    let kept = metadata(context).await?.map(|metadata| identity.kept(&metadata)).unwrap_or_default();
    if kept.is_empty() {
        tracing::warn!("it is not kept yet what the connection is of; run `ml-connector provision`");
    }
    let differences = identity.differences(&kept);
    Ok((!differences.is_empty()).then(|| taken(&identity.connection, &differences)))
}

/// Returns when the connection is of what `identity` says, or `stop`; the service is not ready meanwhile. From then on
/// every connection to the broker is held against it, before anything is published or acknowledged.
///
/// # Errors
/// `BROKER_AWAY` when the service stops before the broker has answered.
pub(crate) async fn agree(broker: &Broker, identity: &Identity, stop: &CancellationToken) -> Result<(), Problem> {
    let what = format!("what the connection {} is of", identity.connection);
    let look = || differs(&broker.jetstream, identity);
    until_same(broker, stop, async || broker.until_answered(&what, look, |_| false).await?.map_err(|e| away(&e)))
        .await?;
    if !stop.is_cancelled() {
        broker.continuity().identify(identity.clone());
    }
    Ok(())
}

/// Asks until the answer is that nothing differs, or `stop`; the service is not ready meanwhile, and says why.
///
/// # Errors
/// The problem that `differs` returns when it cannot ask.
pub async fn until_same(
    broker: &Broker,
    stop: &CancellationToken,
    mut differs: impl AsyncFnMut() -> Result<Option<Problem>, Problem>,
) -> Result<(), Problem> {
    while let Some(problem) = differs().await? {
        if broker.health().is_new(IDENTITY, &problem.to_string()) {
            tracing::error!(%problem, "nothing is done for this connection");
        }
        broker.health().not_ready(IDENTITY, problem.to_string());
        if stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
            return Ok(());
        }
    }
    broker.health().ready(IDENTITY);
    Ok(())
}

fn away(error: &GetStreamError) -> Problem {
    Problem::new(Code::BrokerAway, chain(error), "look at the broker")
}

#[cfg(test)]
mod tests;
