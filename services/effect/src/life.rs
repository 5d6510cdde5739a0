//! Decides the next step from the record. A life begins here, and returns here when the record has moved.

use crate::doubt::{Absence, Doubt, LookingUp};
use crate::sending::{Next, Waiting};
use crate::silence::Silence;
use crate::step::{Death, End, Pause, Step, Wanted};
use crate::withdrawing::Inspecting;
use crate::writing::{After, PuttingOutcome, WritingIntent};
use crate::{Intent, Kind, Linked, Millis, Outcome, Policy, Record, Refusal, Rejected, Withdrawn};

/// Data that all steps of one life share.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) wanted: Wanted,
    pub(crate) policy: Policy,
    /// The number that the vendor gave to a send of this very life.
    pub(crate) created: Option<String>,
    /// When this very life wrote the intent that it sent under last.
    pub(crate) sent: Option<Millis>,
    pub(crate) silence: Silence,
    pub(crate) aim: Aim,
}

/// The state that is to be reached in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// The document stands.
    Stand,
    /// It does not.
    Fall {
        /// It was seen in a state in which the vendor does not delete it.
        seen_fixed: bool,
    },
}

/// Begins, or takes up again after a crash, the life of one create. `record` is the last entry on the record's subject.
pub fn open(record: Record, wanted: Wanted, policy: Policy, silence: Silence, now: Millis) -> Step {
    Life { wanted, policy, created: None, sent: None, silence, aim: Aim::Stand }.decide(record, now)
}

/// Begins, or takes up again after a crash, the life of one withdrawal: in the end the document does not stand, and no
/// older command makes it stand again. The body hash of `wanted` is not looked at.
///
/// Looks first for a document that may have been sent. Reads one that stands, and deletes it while the vendor allows
/// that. Otherwise the caller decides ([`End::Stands`]): at once where it was `seen_fixed`, in a state in which the
/// vendor does not delete a document and which it does not leave. One that was never booked costs no call.
pub fn withdraw(
    record: Record,
    wanted: Wanted,
    policy: Policy,
    silence: Silence,
    seen_fixed: bool,
    now: Millis,
) -> Step {
    Life { wanted, policy, created: None, sent: None, silence, aim: Aim::Fall { seen_fixed } }.decide(record, now)
}

/// Gives up on a create for a reason that the vendor was not asked about, so that whatever waits for the document need
/// not wait for ever. An intent is not written over: its doubt is carried along, and the next command settles it. So is
/// the doubt whether an intent is lost.
pub fn give_up(record: Record, wanted: Wanted, policy: Policy, silence: Silence, refusal: Refusal) -> Step {
    let life = Life { wanted, policy, created: None, sent: None, silence, aim: Aim::Stand };
    let unheard = life.unheard(&record).map(|believe_after| life.lost(believe_after));
    let (doubt, source_seq, command_seq) = match record {
        Record::Absent => (unheard, 0, 0),
        Record::Rejected(rejected) => (unheard, rejected.source_seq, rejected.command_seq),
        Record::Intent(intent) => {
            let (source_seq, command_seq) = (intent.source_seq, intent.command_seq);
            // Ours to give up too: an intent of this very command is one that it cannot go on from.
            (Some(intent), source_seq, command_seq.min(life.wanted.command_seq.saturating_sub(1)))
        }
        Record::GivenUp(given_up) => (Some(given_up.intent), given_up.source_seq, given_up.command_seq),
        Record::Withdrawn(withdrawn) if unheard.is_some() => (unheard, withdrawn.source_seq, withdrawn.command_seq),
        Record::Linked(_) | Record::Withdrawn(_) => return Step::End(End::Done),
    };
    let newer = doubt.as_ref().is_some_and(|intent| life.wanted.command_seq < intent.command_seq);
    if newer || life.wanted.command_seq <= command_seq {
        return Step::End(End::Done);
    }
    let source_seq = source_seq.max(life.wanted.source_seq);
    let outcome = Outcome { refusal: Some(refusal), doubt, source_seq, ..life.outcome(Kind::Rejected) };
    life.put(outcome, After::End(End::Done))
}

impl Life {
    pub(crate) fn decide(self, record: Record, now: Millis) -> Step {
        if let Some(believe_after) = self.unheard(&record) {
            return self.ask_first(record, believe_after, now);
        }
        match (self.aim, record) {
            (Aim::Stand, Record::Absent) => self.intend(1, false),
            (Aim::Stand, Record::Linked(linked)) => self.linked(linked),
            (Aim::Stand, Record::Rejected(rejected)) => self.rejected(rejected),
            (Aim::Stand, Record::Withdrawn(withdrawn)) => self.withdrawn(withdrawn),
            // The newer command settles what it may have sent.
            (_, Record::Intent(intent)) if self.wanted.command_seq < intent.command_seq && self.is_silent() => {
                Step::End(End::Superseded { by: intent.command, by_seq: intent.command_seq })
            }
            (_, Record::Intent(intent)) => {
                let settled = (intent.source_seq, intent.command_seq);
                self.look_up(intent, settled, now)
            }
            (Aim::Fall { .. }, Record::GivenUp(given_up)) if self.wanted.command_seq < given_up.command_seq => {
                Step::End(End::Superseded { by: given_up.command, by_seq: given_up.command_seq })
            }
            // Whoever has not heard of it yet must not go on with what was given up.
            (_, Record::GivenUp(given_up)) if self.wanted.command_seq <= given_up.command_seq => {
                Step::End(End::Dead(Death::Refused(given_up.refusal)))
            }
            (_, Record::GivenUp(given_up)) => {
                self.look_up(given_up.intent, (given_up.source_seq, given_up.command_seq), now)
            }
            (Aim::Fall { .. }, Record::Absent) => self.fall(None),
            (Aim::Fall { .. }, Record::Rejected(rejected)) => self.keep_down(rejected),
            (Aim::Fall { .. }, Record::Linked(linked)) => self.remove(linked),
            (Aim::Fall { .. }, Record::Withdrawn(withdrawn)) if self.wanted.command_seq <= withdrawn.command_seq => {
                Step::End(End::Done)
            }
            (Aim::Fall { .. }, Record::Withdrawn(withdrawn)) => self.keep_withdrawn(withdrawn),
        }
    }

    /// This life has sent nothing, and no entry is lost: nobody but those who wrote entries has anything to settle.
    fn is_silent(&self) -> bool {
        self.sent.is_none() && self.silence == Silence::Proves
    }

    /// Settles what may have been sent. `settled` is up to which change and command the record is settled.
    fn look_up(self, intent: Intent, settled: (u64, u64), now: Millis) -> Step {
        // A later send may be lost with its entries.
        let lost = self.silence.believe_after(&self.policy).unwrap_or_default();
        let believe_after = intent.written_at.after(self.policy.doubt_wait).max(lost);
        let absence = match self.aim {
            Aim::Stand => Absence::SendAgain,
            Aim::Fall { .. } => Absence::Withdraw,
        };
        LookingUp::begin(self, Doubt::new(intent, believe_after, absence).settled(settled), now)
    }

    /// An outcome of our command that knows of no document.
    fn outcome(&self, kind: Kind) -> Outcome {
        Outcome {
            kind,
            number: None,
            etag: None,
            body_hash: self.wanted.body_hash.clone(),
            source_seq: self.wanted.source_seq,
            command: self.wanted.command.clone(),
            command_seq: self.wanted.command_seq,
            refusal: None,
            withdrawn: false,
            doubt: None,
        }
    }

    /// Nothing stands there (any longer), and nothing shall.
    pub(crate) fn fall(self, number: Option<String>) -> Step {
        let outcome = Outcome { number, withdrawn: true, ..self.outcome(Kind::Applied) };
        self.put(outcome, After::End(End::Done))
    }

    /// It stands and shall not.
    fn remove(self, linked: Linked) -> Step {
        if self.wanted.command_seq == linked.command_seq {
            return Step::End(End::Done);
        }
        if self.wanted.source_seq < linked.source_seq || self.wanted.command_seq < linked.command_seq {
            let outcome = Outcome {
                number: Some(linked.number),
                etag: linked.etag,
                body_hash: linked.body_hash,
                source_seq: linked.source_seq.max(self.wanted.source_seq),
                command_seq: linked.command_seq.max(self.wanted.command_seq),
                refusal: linked.refused,
                ..self.outcome(Kind::Unchanged)
            };
            return self.put(outcome, After::End(End::Done));
        }
        match self.aim {
            Aim::Fall { seen_fixed: true } => Step::End(End::Stands(linked)),
            Aim::Fall { seen_fixed: false } | Aim::Stand => Inspecting::begin(self, linked),
        }
    }

    /// It was refused, and shall not stand: nothing does.
    fn keep_down(self, rejected: Rejected) -> Step {
        if self.wanted.command_seq >= rejected.command_seq && self.wanted.source_seq >= rejected.source_seq {
            return self.fall(None);
        }
        let outcome = Outcome {
            body_hash: rejected.body_hash,
            source_seq: rejected.source_seq.max(self.wanted.source_seq),
            command_seq: rejected.command_seq.max(self.wanted.command_seq),
            refusal: Some(rejected.refusal),
            ..self.outcome(Kind::Unchanged)
        };
        self.put(outcome, After::End(End::Done))
    }

    /// It was withdrawn: an older command does not bring it back, a newer version of its record is another document.
    fn withdrawn(self, withdrawn: Withdrawn) -> Step {
        let older = self.wanted.source_seq < withdrawn.source_seq || self.wanted.command_seq <= withdrawn.command_seq;
        if older { self.keep_withdrawn(withdrawn) } else { self.intend(1, false) }
    }

    fn keep_withdrawn(self, withdrawn: Withdrawn) -> Step {
        let outcome = Outcome {
            number: withdrawn.number,
            source_seq: withdrawn.source_seq.max(self.wanted.source_seq),
            command_seq: withdrawn.command_seq.max(self.wanted.command_seq),
            withdrawn: true,
            ..self.outcome(Kind::Unchanged)
        };
        self.put(outcome, After::End(End::Done))
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
            number: Some(linked.number),
            etag: linked.etag,
            body_hash: linked.body_hash,
            source_seq: linked.source_seq.max(self.wanted.source_seq),
            command_seq: linked.command_seq.max(self.wanted.command_seq),
            refusal: linked.refused.filter(|_| superseded),
            ..self.outcome(Kind::Unchanged)
        };
        self.put(outcome, After::End(End::Done))
    }

    fn rejected(self, rejected: Rejected) -> Step {
        if self.wanted.command_seq <= rejected.command_seq {
            return Step::End(End::Dead(Death::Refused(rejected.refusal)));
        }
        if self.wanted.source_seq < rejected.source_seq {
            let outcome = Outcome {
                body_hash: rejected.body_hash,
                source_seq: rejected.source_seq,
                refusal: Some(rejected.refusal),
                ..self.outcome(Kind::Unchanged)
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

    /// The document of `intent` stands at the vendor under `number`. `settled` is up to which change and command the
    /// record was settled when that was found.
    pub(crate) fn applied(self, intent: Intent, number: String, etag: Option<String>, settled: (u64, u64)) -> Step {
        // Sent for us, or as good as that: the same body, sent for an earlier command.
        let ours = self.aim == Aim::Stand
            && intent.body_hash == self.wanted.body_hash
            && intent.command_seq <= self.wanted.command_seq;
        let (source_seq, command, command_seq) = if ours {
            let newest = self.wanted.source_seq.max(settled.0);
            (newest, self.wanted.command.clone(), self.wanted.command_seq)
        } else {
            (settled.0, intent.command, settled.1)
        };
        let outcome = Outcome {
            number: Some(number),
            etag,
            body_hash: intent.body_hash,
            source_seq,
            command,
            command_seq,
            ..self.outcome(Kind::Applied)
        };
        // Another command's document is adopted in its name; then ours is held against it.
        let after = if ours { After::End(End::Done) } else { After::Decide };
        self.put(outcome, after)
    }

    /// The vendor refused our body and holds nothing.
    pub(crate) fn refused(self, refusal: Refusal) -> Step {
        let outcome = Outcome { refusal: Some(refusal.clone()), ..self.outcome(Kind::Rejected) };
        self.put(outcome, After::End(End::Dead(Death::Refused(refusal))))
    }
}

#[cfg(test)]
mod tests;
