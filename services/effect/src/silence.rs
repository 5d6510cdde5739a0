//! Says if the silence of a record on a document proves that nothing was sent.
//!
//! A record that is whole proves by its silence that nothing was sent. One that was lost or set back to an older copy
//! proves nothing of what came after that copy: the vendor is asked first, and what it holds is adopted.

use std::time::Duration;

use crate::doubt::{Absence, Doubt, LookingUp};
use crate::life::{Aim, Life};
use crate::step::Step;
use crate::{Intent, Millis, Policy, Record};

/// The proof that the silence of a record is, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Nothing was sent.
    Proves,
    /// It proves nothing: entries may be lost that were written until this moment.
    ProvesNothing {
        /// The last moment at which an entry could be written that is lost.
        until: Millis,
    },
}

impl Silence {
    /// From when on a look that finds nothing proves that nothing stands and nothing will: the vendor works no more on
    /// what was sent under an entry that is lost, and its lists show what came of it. A single look suffices then.
    #[must_use]
    pub fn believe_after(self, policy: &Policy) -> Option<Millis> {
        match self {
            Self::Proves => None,
            Self::ProvesNothing { until } => {
                let spaced = policy.look_spacing.saturating_mul(policy.looks.saturating_sub(1));
                Some(until.after(policy.doubt_wait.saturating_add(spaced)))
            }
        }
    }

    /// The same for a life that has sent at `sent` itself.
    fn after(self, sent: Option<Millis>) -> Self {
        match (self, sent) {
            (silence, None) => silence,
            (Self::Proves, Some(until)) => Self::ProvesNothing { until },
            (Self::ProvesNothing { until }, Some(sent)) => Self::ProvesNothing { until: until.max(sent) },
        }
    }
}

impl Life {
    /// The vendor is to be asked before `record` is taken for a proof that nothing stands; `None` when it is one.
    pub(crate) fn unheard(&self, record: &Record) -> Option<Millis> {
        let (source_seq, command_seq) = match record {
            Record::Absent => (0, 0),
            Record::Rejected(rejected) => (rejected.source_seq, rejected.command_seq),
            Record::Withdrawn(withdrawn) => (withdrawn.source_seq, withdrawn.command_seq),
            Record::Intent(_) | Record::Linked(_) | Record::GivenUp(_) => return None,
        };
        // An older version, or a command that is settled, neither sends nor removes.
        if self.wanted.source_seq < source_seq || self.wanted.command_seq <= command_seq {
            return None;
        }
        self.silence.after(self.sent).believe_after(&self.policy)
    }

    /// Asks the vendor what the record does not say.
    pub(crate) fn ask_first(self, record: Record, believe_after: Millis, now: Millis) -> Step {
        let settled = match &record {
            Record::Rejected(rejected) => (rejected.source_seq, rejected.command_seq),
            Record::Withdrawn(withdrawn) => (withdrawn.source_seq, withdrawn.command_seq),
            Record::Absent | Record::Intent(_) | Record::Linked(_) | Record::GivenUp(_) => (0, 0),
        };
        let lost = self.lost(believe_after);
        LookingUp::begin(
            self,
            Doubt::new(lost, believe_after, Absence::Unheard(Box::new(record))).settled(settled),
            now,
        )
    }

    /// The intent that may be lost: of what is wanted, as far as anybody knows.
    pub(crate) fn lost(&self, believe_after: Millis) -> Intent {
        let body_hash = match self.aim {
            Aim::Stand => self.wanted.body_hash.clone(),
            // Whatever body it was made from, it is not ours to say.
            Aim::Fall { .. } => String::new(),
        };
        Intent {
            attempt: 0,
            written_at: believe_after.before(self.policy.doubt_wait),
            body_hash,
            source_seq: self.wanted.source_seq,
            command: self.wanted.command.clone(),
            command_seq: self.wanted.command_seq,
        }
    }

    /// Nothing stands there, and nothing will: the silence of `record` is proven.
    pub(crate) fn proven(self, record: Record, now: Millis) -> Step {
        Self { silence: Silence::Proves, sent: None, ..self }.decide(record, now)
    }
}

impl Millis {
    /// This moment less `duration`; stops at the beginning of time.
    fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests;
