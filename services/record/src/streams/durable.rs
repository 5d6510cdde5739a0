//! Durable consumers: one for each service and connection.
//!
//! The connection `main` has the bare name of the service, as installations with one connection always had it; another
//! one's stands behind it: `mapper-sverige`. An older version gave every connection the bare name, so one that is found
//! under it is held against the connection that it takes entries of.

use std::borrow::Cow;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, Info, PriorityPolicy, pull};
use pipeline::broker::Settings;
use pipeline::broker::answer::says_missing;
use problem::{Code, Problem, chain};

use super::failed;
use crate::address::{Connection, Kind, Span, System};

/// The priority group of every durable consumer: one active client, others stand by.
pub const GROUP: &str = "active";
/// Deliveries that may be out at once: those that are to be tried later count, so it is far above what a process works
/// on. What waits for another record is settled and does not count.
const MAX_ACK_PENDING: i64 = 10_000;
/// The connection whose consumers have the bare names of services.
const MAIN: &str = "main";

/// A durable consumer and what it takes.
#[derive(Debug, Clone, Copy)]
pub struct Durable {
    /// The service's name.
    pub name: &'static str,
    /// Kind of the entries that it takes.
    pub kind: Kind,
    /// The system whose entries it takes; those of all without one.
    pub system: Option<System>,
}

impl Durable {
    /// The stream that it takes from.
    pub fn stream(&self) -> &'static str {
        self.kind.stream()
    }

    /// The consumer's name for a connection.
    pub fn consumer(&self, connection: &Connection) -> Cow<'static, str> {
        consumer(self.name, connection)
    }

    fn span(&self, connection: &Connection) -> Span {
        match self.system {
            Some(system) => Span::system(connection, self.kind, system),
            None => Span::all(connection, self.kind),
        }
    }

    fn config(&self, settings: &Settings, connection: &Connection) -> pull::Config {
        pull::Config {
            durable_name: Some(self.consumer(connection).into_owned()),
            description: Some(format!("ml-connector run {}", self.name)),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: settings.ack_wait.0,
            max_deliver: -1,
            max_ack_pending: MAX_ACK_PENDING,
            filter_subject: self.span(connection).filter(),
            num_replicas: settings.replicas,
            priority_policy: PriorityPolicy::PinnedClient,
            priority_groups: vec![GROUP.to_owned()],
            priority_timeout: settings.takeover.0,
            ..pull::Config::default()
        }
    }
}

/// The name of a service's consumer for a connection.
pub(crate) fn consumer(service: &'static str, connection: &Connection) -> Cow<'static, str> {
    match connection.token() {
        token if token == MAIN => service.into(),
        token => format!("{service}-{token}").into(),
    }
}

/// Makes or updates a connection's consumer; a line about it.
///
/// # Errors
/// `BROKER_PROVISION` says why it could not be made.
pub(super) async fn provision(
    context: &Context,
    settings: &Settings,
    connection: &Connection,
    durable: &Durable,
) -> Result<String, Problem> {
    let (mut config, stream) = (durable.config(settings, connection), durable.stream());
    let name = durable.consumer(connection);
    let mut line = format!("consumer {name} on {stream}");
    if let Some(there) = standing(context, &name, stream).await? {
        if there.config.filter_subject != config.filter_subject {
            return Err(taken(&name, stream, &there.config.filter_subject));
        }
        // Where it began cannot be changed.
        config.deliver_policy = there.config.deliver_policy;
    } else if name != durable.name
        && let Some(old) = standing(context, durable.name, stream).await?
        && old.config.filter_subject == config.filter_subject
    {
        let start_sequence = old.ack_floor.stream_sequence + 1;
        config.deliver_policy = DeliverPolicy::ByStartSequence { start_sequence };
        line += &format!(
            ": goes on where the consumer {old} of an older version stood, from entry {start_sequence}; \
             `nats consumer rm {stream} {old}` removes that one",
            old = durable.name
        );
    }
    context.create_consumer_on_stream(config, stream).await.map_err(|e| failed(&name, &chain(&e)))?;
    Ok(line)
}

/// The services that take from a connection's consumers just now.
///
/// # Errors
/// `BROKER_PROVISION` when the broker does not say.
pub async fn in_use(
    context: &Context,
    connection: &Connection,
    durables: &[Durable],
) -> Result<Vec<&'static str>, Problem> {
    let mut used = Vec::new();
    for durable in durables {
        let there = standing(context, &durable.consumer(connection), durable.stream()).await?;
        if there.is_some_and(|there| there.num_waiting > 0) {
            used.push(durable.name);
        }
    }
    Ok(used)
}

/// A consumer as it is; none when there is none.
async fn standing(context: &Context, name: &str, stream: &str) -> Result<Option<Info>, Problem> {
    let found: Result<Consumer<pull::Config>, _> = context.get_consumer_from_stream(name, stream).await;
    match found {
        Ok(consumer) => Ok(Some(consumer.cached_info().clone())),
        Err(e) if says_missing(&e) => Ok(None),
        Err(e) => Err(failed(name, &chain(&e))),
    }
}

fn taken(name: &str, stream: &str, filter: &str) -> Problem {
    let sentence = format!(
        "the consumer {name} on {stream} takes the entries of another connection ({filter}), so it is left as it is"
    );
    let remedy = format!(
        "run `ml-connector provision` with that connection in the settings, which gives it consumers of its own; then \
         `nats consumer rm {stream} {name}`, and run it again"
    );
    Problem::new(Code::BrokerProvision, sentence, remedy)
}

#[cfg(test)]
mod tests {
    use super::consumer;
    use crate::address::Connection;

    #[test]
    fn the_main_connection_has_the_bare_name_and_no_two_have_the_same() {
        let of = |service, connection| consumer(service, &Connection::new(connection)).into_owned();
        assert_eq!(of("mapper", "main"), "mapper");
        assert_eq!(of("writer-visma", "sverige"), "writer-visma-sverige");
        assert_eq!(of("mapper", "a.b"), "mapper-a=2Eb");
    }
}
