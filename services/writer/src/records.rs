//! The log of what was done: the last entry of a record's subject, and writing the next one if it has not moved.

use std::time::Duration;

use async_nats::header::NATS_MESSAGE_ID;
use effect::{GivenUp, Intent, Kind, Linked, Millis, Record, Refusal, Rejected, Withdrawn};
use pipeline::broker::last::Last;
use pipeline::broker::{Publisher, Put, PutError, present, streams};
use pipeline::envelope::{self, Cause, Envelope};
use pipeline::problem::Problem;
use pipeline::service::Context;
use pipeline::subject::{entity_of, key_of};
use proto::{Doubt, Message as _, Outcome};

use uuid::Uuid;

/// Code of a record whose last entry cannot be read.
pub(crate) const UNREADABLE: &str = "OUTCOME_UNREADABLE";

/// Publishes of one entry, under one message id, before it counts as lost.
const TRIES: u32 = 3;

/// A record as the broker holds it.
#[derive(Debug)]
pub(crate) struct Held {
    /// What it says.
    pub(crate) record: Record,
    /// Sequence of its last entry, 0 for none.
    pub(crate) sequence: u64,
    /// That entry, for what `effect` does not look at.
    pub(crate) entry: Outcome,
}

impl Held {
    /// A record that has no entry.
    pub(crate) fn nothing() -> Self {
        Self { record: Record::Absent, sequence: 0, entry: Outcome::default() }
    }
}

/// Reads and writes records.
#[derive(Debug)]
pub(crate) struct Records {
    last: Last,
    publisher: Publisher,
    source: &'static str,
    kind: String,
}

impl Records {
    /// Of one target.
    pub(crate) async fn open(context: &Context, target: &str) -> Result<Self, Problem> {
        let last = Last::of(&context.broker.jetstream, streams::OUTCOMES).await?;
        present::watch(context, streams::OUTCOMES, context.broker.subjects.outcome(target, "none", "none"));
        let publisher = context.broker.publisher(streams::OUTCOMES);
        Ok(Self { last, publisher, source: context.name, kind: format!("ml.outcome.{target}") })
    }

    /// The record behind `subject`.
    pub(crate) async fn read(&self, subject: &str) -> Result<Held, Problem> {
        let Some(entry) = self.last.get(subject).await? else {
            return Ok(Held::nothing());
        };
        let outcome = Outcome::decode(entry.payload).map_err(|e| {
            let remedy = "run a version of ml-connector that is at least as new as the one that wrote it";
            Problem::new(UNREADABLE, format!("the last entry of {subject} cannot be read: {e}"), remedy)
        })?;
        Ok(Held { record: record(outcome.clone(), entry.stored_at), sequence: entry.sequence, entry: outcome })
    }

    /// Writes an entry if the record's last one is still `after`. Returns its sequence, or `None` when the record has
    /// moved or it is not known whether the entry was written.
    pub(crate) async fn write(
        &self,
        subject: &str,
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
        let put = Put { subject: subject.to_owned(), headers, payload, expect_last: Some(after) };
        for _ in 0..TRIES {
            match self.publisher.put(put.clone()).await {
                Ok(stored) => {
                    tell(subject, outcome, &trace);
                    return Some(stored.sequence);
                }
                Err(PutError::WrongLast) => return self.mine(subject, &id).await,
                Err(e @ (PutError::NotYet | PutError::TooLarge | PutError::Unconfirmed(_))) => {
                    tracing::warn!(subject, error = %e, "an entry of the log was not confirmed");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
        let mine = self.mine(subject, &id).await;
        if mine.is_some() {
            tell(subject, outcome, &trace);
        }
        mine
    }

    /// The sequence of the last entry, if it is the one of this id: stored by a try whose confirmation was lost.
    async fn mine(&self, subject: &str, id: &str) -> Option<u64> {
        let last = self.last.get(subject).await.ok()??;
        (last.headers.get(NATS_MESSAGE_ID)?.as_str() == id).then_some(last.sequence)
    }
}

/// A line in the log for each document that was written, removed or refused at the target.
fn tell(subject: &str, outcome: &Outcome, trace: &str) {
    let happened = match outcome.kind() {
        proto::Kind::Rejected => "refused",
        proto::Kind::Applied if outcome.withdrawn => "removed",
        proto::Kind::Applied => "written",
        proto::Kind::Unspecified | proto::Kind::Intent | proto::Kind::Unchanged | proto::Kind::Verified => return,
    };
    let Outcome { external_reference: reference, predicted_total, currency, number, refusal_code, .. } = outcome;
    let (document, key) = (entity_of(subject).unwrap_or_default(), key_of(subject).unwrap_or_default());
    let amount = format!("{predicted_total} {currency}");
    let (amount, code) = (amount.trim(), refusal_code.as_str());
    tracing::info!(document, key, reference, number, amount, code, trace, "{happened}");
}

/// What an entry says to `effect`. An intent's time is the broker's.
fn record(outcome: Outcome, stored_at: u64) -> Record {
    let body_hash = outcome.body_hash.clone();
    let (source_seq, command, command_seq) =
        (outcome.change_sequence, outcome.command_id.clone(), outcome.command_sequence);
    if outcome.kind() == proto::Kind::Intent {
        let written_at = Millis(stored_at.max(outcome.written_at));
        let attempt = outcome.attempt;
        return Record::Intent(Intent { attempt, written_at, body_hash, source_seq, command, command_seq });
    }
    let number = (!outcome.number.is_empty()).then_some(outcome.number);
    if outcome.withdrawn {
        return Record::Withdrawn(Withdrawn { number, source_seq, command, command_seq });
    }
    let refusal = (!outcome.refusal_code.is_empty())
        .then_some(Refusal { code: outcome.refusal_code, sentence: outcome.refusal_sentence });
    match (number, refusal, outcome.doubt) {
        (Some(number), refused, _) => {
            let etag = (!outcome.etag.is_empty()).then_some(outcome.etag);
            Record::Linked(Linked { number, etag, body_hash, source_seq, command, command_seq, refused })
        }
        (None, Some(refusal), Some(doubt)) => {
            let intent = intent(doubt);
            Record::GivenUp(GivenUp { intent, refusal, source_seq, command, command_seq })
        }
        (None, Some(refusal), None) => {
            Record::Rejected(Rejected { refusal, body_hash, source_seq, command, command_seq })
        }
        (None, None, _) => Record::Absent,
    }
}

fn intent(doubt: Doubt) -> Intent {
    Intent {
        attempt: doubt.attempt,
        written_at: Millis(doubt.written_at),
        body_hash: doubt.body_hash,
        source_seq: doubt.change_sequence,
        command: doubt.command_id,
        command_seq: doubt.command_sequence,
    }
}

fn doubt(intent: &Intent) -> Doubt {
    Doubt {
        command_id: intent.command.clone(),
        command_sequence: intent.command_seq,
        change_sequence: intent.source_seq,
        body_hash: intent.body_hash.clone(),
        attempt: intent.attempt,
        written_at: intent.written_at.0,
    }
}

/// An intent as an entry of the log.
pub(crate) fn intent_entry(intent: &Intent) -> Outcome {
    Outcome {
        kind: proto::Kind::Intent.into(),
        command_id: intent.command.clone(),
        command_sequence: intent.command_seq,
        change_sequence: intent.source_seq,
        body_hash: intent.body_hash.clone(),
        attempt: intent.attempt,
        written_at: intent.written_at.0,
        ..Outcome::default()
    }
}

/// An outcome as an entry of the log.
pub(crate) fn outcome_entry(outcome: &effect::Outcome, now: Millis) -> Outcome {
    let kind = match outcome.kind {
        Kind::Applied => proto::Kind::Applied,
        Kind::Unchanged => proto::Kind::Unchanged,
        Kind::Rejected => proto::Kind::Rejected,
    };
    let (refusal_code, refusal_sentence) =
        outcome.refusal.clone().map_or_else(Default::default, |refusal| (refusal.code, refusal.sentence));
    Outcome {
        kind: kind.into(),
        command_id: outcome.command.clone(),
        command_sequence: outcome.command_seq,
        change_sequence: outcome.source_seq,
        body_hash: outcome.body_hash.clone(),
        written_at: now.0,
        number: outcome.number.clone().unwrap_or_default(),
        etag: outcome.etag.clone().unwrap_or_default(),
        refusal_code,
        refusal_sentence,
        withdrawn: outcome.withdrawn,
        deleted: outcome.withdrawn && outcome.number.is_some(),
        doubt: outcome.doubt.as_ref().map(doubt),
        ..Outcome::default()
    }
}

#[cfg(test)]
mod tests;
