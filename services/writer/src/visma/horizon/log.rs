//! What the log knows of Visma's documents: their numbers, and the references of those that may have been sent.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::message::Info;
use futures::StreamExt as _;
use pipeline::broker::Broker;
use pipeline::broker::streams::OUTCOMES;
use pipeline::problem::{Problem, chain};
use pipeline::subject::entity_of;
use proto::{Message as _, Outcome};

use super::Kind;

/// How a record stands, as its last entry says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// A document stands, or may.
    Stands,
    /// Nothing does, as far as the log knows.
    Silent,
}

/// A part of the log.
#[derive(Debug, Default)]
pub(super) struct Log {
    numbers: HashMap<Kind, HashSet<String>>,
    records: HashMap<(Kind, String), Standing>,
}

impl Log {
    /// Adds an entry. Entries of one record come in the order of the log.
    pub(super) fn add(&mut self, kind: Kind, outcome: Outcome) {
        let stands = !outcome.number.is_empty() && !outcome.withdrawn;
        let is_sent = outcome.kind() == proto::Kind::Intent || outcome.doubt.is_some();
        let standing = if stands || is_sent { Standing::Stands } else { Standing::Silent };
        self.records.insert((kind, outcome.external_reference), standing);
        let numbers = self.numbers.entry(kind).or_default();
        numbers.extend(outcome.removed);
        if !outcome.number.is_empty() {
            numbers.insert(outcome.number);
        }
    }

    /// True when it explains that Visma holds this document: it knows the number, or another document of the reference,
    /// or an intent in doubt under which it was sent.
    pub(super) fn explains(&self, kind: Kind, reference: &str, number: &str) -> bool {
        let is_known = self.numbers.get(&kind).is_some_and(|numbers| numbers.contains(number));
        is_known || self.records.get(&(kind, reference.to_owned())) == Some(&Standing::Stands)
    }
}

/// The end of the log as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    /// When its last entry was written, milliseconds since the epoch; none where it is empty.
    pub(super) end: Option<u64>,
    /// The sequence from which on it is read.
    pub(super) first: u64,
}

/// Finds the end of the log, and where it stood `back` before that.
pub(super) async fn tail(broker: &Broker, back: Duration) -> Result<Tail, Problem> {
    let filter = || broker.subjects.every("outcome", "visma");
    let mut last = None;
    read(broker, filter(), (DeliverPolicy::Last, true), |_, _, info| last = Some(info.published)).await?;
    let Some(last) = last else { return Ok(Tail { end: None, first: 1 }) };
    let end = u64::try_from(last.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    let start_time = last.checked_sub(back.try_into().unwrap_or_default()).unwrap_or(last);
    let mut first = None;
    let policy = (DeliverPolicy::ByStartTime { start_time }, true);
    read(broker, filter(), policy, |_, _, info| first = first.or(Some(info.stream_sequence))).await?;
    Ok(Tail { end: Some(end), first: first.unwrap_or(1) })
}

/// The part of the log that was written since.
pub(super) async fn since(broker: &Broker, tail: Tail) -> Result<Log, Problem> {
    let mut log = Log::default();
    let filter = broker.subjects.every("outcome", "visma");
    let policy = (DeliverPolicy::ByStartSequence { start_sequence: tail.first }, false);
    read(broker, filter, policy, |subject, body, _| note(&mut log, subject, body)).await?;
    Ok(log)
}

/// The last entry of every record of one kind: what is older than the part that was read may explain it too.
pub(super) async fn every(broker: &Broker, kind: Kind) -> Result<Log, Problem> {
    let mut log = Log::default();
    let filter = broker.subjects.all("outcome", "visma", kind.entity());
    let policy = (DeliverPolicy::LastPerSubject, false);
    read(broker, filter, policy, |subject, body, _| note(&mut log, subject, body)).await?;
    Ok(log)
}

fn note(log: &mut Log, subject: &str, body: bytes::Bytes) {
    let kind = entity_of(subject).and_then(Kind::of);
    // One that cannot be read explains nothing: what it would explain is looked up.
    if let (Some(kind), Ok(outcome)) = (kind, Outcome::decode(body)) {
        log.add(kind, outcome);
    }
}

/// Reads what is there now.
async fn read(
    broker: &Broker,
    filter: String,
    (deliver_policy, headers_only): (DeliverPolicy, bool),
    mut see: impl FnMut(&str, bytes::Bytes, &Info<'_>),
) -> Result<(), Problem> {
    let away = |cause: String| Problem::new("BROKER_AWAY", cause, "look at the broker; it is asked again");
    let config = pull::Config {
        name: Some(format!("horizon-{}", uuid::Uuid::now_v7().simple())),
        filter_subject: filter,
        headers_only,
        ack_policy: AckPolicy::None,
        memory_storage: true,
        inactive_threshold: Duration::from_secs(30),
        num_replicas: 1,
        deliver_policy,
        ..pull::Config::default()
    };
    let consumer = broker.jetstream.create_consumer_on_stream(config, OUTCOMES).await.map_err(|e| away(chain(&e)))?;
    let mut left = consumer.cached_info().num_pending;
    if left == 0 {
        return Ok(());
    }
    let stream = consumer.stream().max_messages_per_batch(500).expires(Duration::from_secs(10));
    let mut messages = stream.heartbeat(Duration::from_secs(4)).messages().await.map_err(|e| away(chain(&e)))?;
    while left > 0 {
        let Some(message) = messages.next().await else { return Err(away("the log ended early".to_owned())) };
        let message = message.map_err(|e| away(chain(&e)))?;
        let info = message.info().map_err(|e| away(e.to_string()))?;
        left = info.pending;
        see(&message.subject, message.payload.clone(), &info);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: proto::Kind, number: &str, withdrawn: bool) -> Outcome {
        let (number, external_reference) = (number.to_owned(), "WEB-1".to_owned());
        Outcome { kind: kind.into(), number, withdrawn, external_reference, ..Outcome::default() }
    }

    #[test]
    fn what_was_sent_or_stands_is_explained_and_what_was_refused_or_withdrawn_is_not() {
        let explains = |entries: Vec<Outcome>, number: &str| {
            let mut log = Log::default();
            entries.into_iter().for_each(|entry| log.add(Kind::Invoice, entry));
            log.explains(Kind::Invoice, "WEB-1", number)
        };
        let intent = || entry(proto::Kind::Intent, "", false);
        assert!(!explains(Vec::new(), "100"));
        assert!(explains(vec![intent()], "100"), "in doubt: it is looked up as such");
        assert!(explains(vec![intent(), entry(proto::Kind::Applied, "100", false)], "100"));
        assert!(explains(vec![entry(proto::Kind::Applied, "100", false)], "101"), "a duplicate is no set-back");
        assert!(!explains(vec![intent(), entry(proto::Kind::Rejected, "", false)], "100"));
        assert!(explains(vec![entry(proto::Kind::Applied, "100", true)], "100"), "a list that lags behind");
        assert!(!explains(vec![entry(proto::Kind::Applied, "100", true)], "101"), "booked anew since");
    }
}
