//! Writing entries: the next one of a record if it has not moved, and whatever else a stage publishes.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use bytes::Bytes;
use pipeline::broker::{Publisher, Put, PutError, Stored};
use pipeline::service::Context;
use proto::{Message as _, Outcome};
use uuid::Uuid;

use crate::Log;
use crate::address::{Address, Entity, System};
use crate::envelope::{self, Cause, Envelope};
use crate::streams::OUTCOMES;

/// Publishes of one entry, under one message id, before it counts as lost.
const TRIES: u32 = 3;

/// Headers and body of an entry.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Its headers, `Nats-Msg-Id` among them where the broker's window shall filter repeats.
    pub headers: HeaderMap,
    /// Its body.
    pub payload: Bytes,
}

impl Log {
    /// Stores an entry, and returns when it is on disk; `after` is the sequence that the last entry of the address must
    /// have, 0 for "no entry yet", `None` for any.
    ///
    /// # Errors
    /// See [`PutError`]. After [`PutError::Unconfirmed`] the same append is safe where it carries a message id or an
    /// expected sequence.
    pub async fn append(&self, address: &Address, message: Message, after: Option<u64>) -> Result<Stored, PutError> {
        let Message { headers, payload } = message;
        let gives_way = address.gives_way();
        let put = Put { subject: address.subject(), headers, payload, expect_last: after, gives_way };
        self.broker().publisher(address.stream()).put(put).await
    }
}

/// Writes intents and outcomes of one target's records.
#[derive(Debug)]
pub struct Appender {
    log: Log,
    publisher: Publisher,
    source: &'static str,
    kind: String,
}

impl Appender {
    /// Writes as the service of `context`; says in its health when the stream is gone.
    pub fn open(log: &Log, context: &Context, target: System) -> Self {
        log.watch(context, &log.outcome(target, Entity::Order, ""));
        let publisher = log.broker().publisher(OUTCOMES);
        Self { log: log.clone(), publisher, source: context.name, kind: format!("ml.outcome.{}", target.name()) }
    }

    /// Writes an entry if the record's last one is still `after`. Returns its sequence, or `None` when the record has
    /// moved or it is not known whether the entry was written.
    pub async fn append(
        &self,
        address: &Address,
        outcome: &Outcome,
        marks: &[(&'static str, String)],
        after: u64,
        cause: &Cause,
    ) -> Option<u64> {
        let kind = outcome.kind().as_str_name().to_lowercase();
        // Of this call alone: another process that writes the same intent must lose, and not be told that it has
        // written it.
        let id = Uuid::now_v7().to_string();
        let content_type = envelope::PROTOBUF;
        let envelope = Envelope { id: &id, source: self.source, kind: &self.kind, content_type };
        let mut headers = envelope.headers(cause);
        envelope::set(&mut headers, envelope::KIND, &kind);
        for (name, mark) in marks {
            envelope::set(&mut headers, *name, mark);
        }
        let trace = envelope::trace_of(&headers).to_owned();
        let payload = outcome.encode_to_vec().into();
        let gives_way = outcome.kind() == proto::Kind::Verified;
        let put = Put { subject: address.subject(), headers, payload, expect_last: Some(after), gives_way };
        for _ in 0..TRIES {
            match self.publisher.put(put.clone()).await {
                Ok(stored) => {
                    self.log.moved(address);
                    tell(address, outcome, &trace);
                    return Some(stored.sequence);
                }
                Err(PutError::WrongLast) => return self.mine(address, &id).await,
                Err(e @ (PutError::NotYet | PutError::TooLarge | PutError::Unconfirmed(_))) => {
                    tracing::warn!(%address, error = %e, "an entry of the log was not confirmed");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
        let mine = self.mine(address, &id).await;
        if mine.is_some() {
            self.log.moved(address);
            tell(address, outcome, &trace);
        }
        mine
    }

    /// The sequence of the last entry, if it is the one of this id: stored by a try whose confirmation was lost.
    async fn mine(&self, address: &Address, id: &str) -> Option<u64> {
        let last = self.log.last(address).await.ok()??;
        (last.headers.get(NATS_MESSAGE_ID)?.as_str() == id).then_some(last.sequence)
    }
}

/// Writes a line to the log for each document that was written, removed or refused at the target.
fn tell(address: &Address, outcome: &Outcome, trace: &str) {
    let happened = match outcome.kind() {
        proto::Kind::Rejected => "refused",
        proto::Kind::Applied if outcome.withdrawn => "removed",
        proto::Kind::Applied => "written",
        proto::Kind::Unspecified | proto::Kind::Intent | proto::Kind::Unchanged | proto::Kind::Verified => return,
    };
    let Outcome { external_reference: reference, predicted_total, currency, number, refusal_code, .. } = outcome;
    let (document, key) = (address.entity().name(), address.key());
    let amount = format!("{predicted_total} {currency}");
    let (amount, code) = (amount.trim(), refusal_code.as_str());
    tracing::info!(document, key, reference, number, amount, code, trace, "{happened}");
}
