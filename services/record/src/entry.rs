//! Entries of records at a target: intents and outcomes, from the wire and to it. A record is a fold of its entries,
//! and since each carries forward what is known, the fold is the last one.

use bytes::Bytes;
use effect::{GivenUp, Intent, Kind, Linked, Millis, Record, Refusal, Rejected, Withdrawn};
use problem::{Code, Problem, chain};
use proto::{Command, Doubt, Message as _, Outcome};

use crate::address::Address;
use crate::{Entry, Log};

/// Code of a record whose last entry cannot be read.
pub const UNREADABLE: Code = Code::OutcomeUnreadable;

/// Remedy for an entry that another version wrote.
const NEWER: &str = "run a version of ml-connector that is at least as new as the one that wrote it";

/// A record as the log has it now.
#[derive(Debug)]
pub struct Current {
    /// The record, as its last entry gives it.
    pub record: Record,
    /// Sequence of its last entry, 0 for none.
    pub sequence: u64,
    /// Last entry itself, for the fields that `effect` does not look at.
    pub entry: Outcome,
}

impl Current {
    /// A record that has no entry.
    pub fn nothing() -> Self {
        Self { record: Record::Absent, sequence: 0, entry: Outcome::default() }
    }
}

impl Log {
    /// The record at `address`.
    ///
    /// # Errors
    /// [`UNREADABLE`], or `BROKER_AWAY` when the broker does not answer.
    pub async fn current(&self, address: &Address) -> Result<Current, Problem> {
        match self.last(address).await? {
            Some(entry) => current(address, entry),
            None => Ok(Current::nothing()),
        }
    }
}

fn current(address: &Address, entry: Entry) -> Result<Current, Problem> {
    let outcome = read_outcome(&entry.payload).map_err(|cause| {
        Problem::new(UNREADABLE, format!("the last entry of {address} cannot be read: {cause}"), NEWER)
    })?;
    Ok(Current { record: record(outcome.clone(), entry.stored_at), sequence: entry.sequence, entry: outcome })
}

/// Reads the body of an intent or an outcome.
///
/// # Errors
/// Why it cannot be read.
pub fn read_outcome(body: &Bytes) -> Result<Outcome, String> {
    Outcome::decode(body.clone()).map_err(|e| chain(&e))
}

/// Reads the body of a command.
///
/// # Errors
/// Why it cannot be read.
pub fn read_command(body: &Bytes) -> Result<Command, String> {
    Command::decode(body.clone()).map_err(|e| chain(&e))
}

/// The record that an entry tells of, as `effect` has it. An intent's time is the broker's.
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
    let refusal = (!outcome.refusal_code.is_empty()).then(|| {
        let (code, sentence) = Code::read(&outcome.refusal_code, outcome.refusal_sentence);
        Refusal { code, sentence }
    });
    match (number, refusal, outcome.doubt) {
        (Some(number), refused, _) => {
            let etag = (!outcome.etag.is_empty()).then_some(outcome.etag);
            Record::Linked(Linked { number, etag, body_hash, source_seq, command, command_seq, refused })
        }
        (None, Some(refusal), Some(doubt)) => {
            let intent = doubted(doubt);
            Record::GivenUp(GivenUp { intent, refusal, source_seq, command, command_seq })
        }
        (None, Some(refusal), None) => {
            Record::Rejected(Rejected { refusal, body_hash, source_seq, command, command_seq })
        }
        (None, None, _) => Record::Absent,
    }
}

fn doubted(doubt: Doubt) -> Intent {
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
pub fn intent(intent: &Intent) -> Outcome {
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
pub fn outcome(outcome: &effect::Outcome, now: Millis) -> Outcome {
    let kind = match outcome.kind {
        Kind::Applied => proto::Kind::Applied,
        Kind::Unchanged => proto::Kind::Unchanged,
        Kind::Rejected => proto::Kind::Rejected,
    };
    let (refusal_code, refusal_sentence) =
        outcome.refusal.clone().map_or_else(Default::default, |refusal| (refusal.code.to_string(), refusal.sentence));
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
