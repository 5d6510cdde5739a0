//! What to do, given the record: the one place where a life begins, and to which it returns when the record has moved.

use crate::doubt::{Absence, Doubt, LookingUp};
use crate::sending::{Next, Waiting};
use crate::step::{Death, End, Pause, Step, Wanted};
use crate::writing::{After, PuttingOutcome, WritingIntent};
use crate::{Intent, Kind, Linked, Millis, Outcome, Policy, Record, Refusal, Rejected};

/// What all steps of one life share.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) wanted: Wanted,
    pub(crate) policy: Policy,
    /// The number that the vendor gave to a send of this very life.
    pub(crate) created: Option<String>,
}

/// Begins, or takes up again after a crash, the life of one create. `record` is the last entry on the record's subject.
pub fn open(record: Record, wanted: Wanted, policy: Policy, now: Millis) -> Step {
    Life { wanted, policy, created: None }.decide(record, now)
}

impl Life {
    pub(crate) fn decide(self, record: Record, now: Millis) -> Step {
        match record {
            Record::Absent => self.intend(1, false),
            Record::Intent(intent) => {
                let believe_after = intent.written_at.after(self.policy.doubt_wait);
                LookingUp::begin(self, Doubt::new(intent, believe_after, Absence::SendAgain), now)
            }
            Record::Linked(linked) => self.linked(linked),
            Record::Rejected(rejected) => self.rejected(rejected),
        }
    }

    fn linked(self, linked: Linked) -> Step {
        if let Some(created) = self.created.as_ref().filter(|created| **created != linked.number) {
            let numbers = vec![linked.number.clone(), created.clone()];
            return Step::End(End::Dead(Death::Duplicate { numbers }));
        }
        if self.wanted.command_seq == linked.command_seq {
            return Step::End(End::Done);
        }
        let superseded = self.wanted.source_seq < linked.source_seq;
        if !superseded && linked.body_hash != self.wanted.body_hash {
            return Step::End(End::Differs(linked));
        }
        let outcome = Outcome {
            kind: Kind::Unchanged,
            number: Some(linked.number),
            etag: linked.etag,
            body_hash: linked.body_hash,
            source_seq: linked.source_seq.max(self.wanted.source_seq),
            command: self.wanted.command.clone(),
            command_seq: linked.command_seq.max(self.wanted.command_seq),
            refusal: None,
        };
        self.put(outcome, After::End(End::Done))
    }

    fn rejected(self, rejected: Rejected) -> Step {
        if self.wanted.command_seq <= rejected.command_seq {
            return Step::End(End::Dead(Death::Refused(rejected.refusal)));
        }
        if self.wanted.source_seq < rejected.source_seq {
            let outcome = Outcome {
                kind: Kind::Unchanged,
                number: None,
                etag: None,
                body_hash: rejected.body_hash,
                source_seq: rejected.source_seq,
                command: self.wanted.command.clone(),
                command_seq: self.wanted.command_seq,
                refusal: Some(rejected.refusal),
            };
            return self.put(outcome, After::End(End::Done));
        }
        // A refusal is proof that nothing stands there; a newer version, or a person's replay, starts afresh.
        self.intend(1, false)
    }

    /// `doubted` says that an earlier send of this document was in doubt.
    pub(crate) fn intend(self, attempt: u32, doubted: bool) -> Step {
        Step::WriteIntent(WritingIntent::new(self, attempt, doubted))
    }

    pub(crate) fn pause(self, until: Millis, why: Pause, next: Next) -> Step {
        Step::Wait(Waiting::new(self, until, why, next))
    }

    fn put(self, outcome: Outcome, after: After) -> Step {
        Step::PutOutcome(PuttingOutcome::new(self, outcome, after))
    }

    /// The document of `intent` stands at the vendor under `number`.
    pub(crate) fn applied(self, intent: Intent, number: String, etag: Option<String>) -> Step {
        // Sent for us, or as good as that: the same body, sent for an earlier command.
        let ours = intent.body_hash == self.wanted.body_hash && intent.command_seq <= self.wanted.command_seq;
        let (source_seq, command, command_seq) = if ours {
            let newest = self.wanted.source_seq.max(intent.source_seq);
            (newest, self.wanted.command.clone(), self.wanted.command_seq)
        } else {
            (intent.source_seq, intent.command, intent.command_seq)
        };
        let outcome = Outcome {
            kind: Kind::Applied,
            number: Some(number),
            etag,
            body_hash: intent.body_hash,
            source_seq,
            command,
            command_seq,
            refusal: None,
        };
        // Another command's document is adopted in its name; then ours is held against it.
        let after = if ours { After::End(End::Done) } else { After::Decide };
        self.put(outcome, after)
    }

    /// The vendor refused our body and holds nothing.
    pub(crate) fn refused(self, refusal: Refusal) -> Step {
        let outcome = Outcome {
            kind: Kind::Rejected,
            number: None,
            etag: None,
            body_hash: self.wanted.body_hash.clone(),
            source_seq: self.wanted.source_seq,
            command: self.wanted.command.clone(),
            command_seq: self.wanted.command_seq,
            refusal: Some(refusal.clone()),
        };
        self.put(outcome, After::End(End::Dead(Death::Refused(refusal))))
    }
}

#[cfg(test)]
mod tests;
