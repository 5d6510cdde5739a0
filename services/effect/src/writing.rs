//! The steps that touch the record: the intent, the outcome, reading again.

use crate::life::Life;
use crate::sending::{Sending, Sent};
use crate::step::{End, Step};
use crate::{Intent, Millis, Outcome, Record};

/// The intent is to be written.
#[derive(Debug)]
pub struct WritingIntent {
    life: Life,
    attempt: u32,
    doubted: bool,
}

impl WritingIntent {
    pub(crate) fn new(life: Life, attempt: u32, doubted: bool) -> Self {
        Self { life, attempt, doubted }
    }

    /// The entry to write. `now` is the writer's clock just before it publishes.
    #[must_use]
    pub fn intent(&self, now: Millis) -> Intent {
        Intent {
            attempt: self.attempt,
            written_at: now,
            body_hash: self.life.wanted.body_hash.clone(),
            source_seq: self.life.wanted.source_seq,
            command: self.life.wanted.command.clone(),
            command_seq: self.life.wanted.command_seq,
        }
    }

    /// It is on disk. `intent` is what was written, `now` the time of the acknowledgement.
    pub fn written(self, intent: Intent, now: Millis) -> Step {
        let life = Life { sent: Some(intent.written_at), ..self.life };
        Sending::begin(life, Sent { intent, doubted: self.doubted }, now)
    }

    /// The record has moved, or whether the intent was written is unknown. An own intent that is found by the next
    /// reading counts as in doubt, although nothing was sent: a publisher that retries under one message id avoids
    /// that.
    pub fn lost(self) -> Step {
        Step::Reopen(Reopening::new(self.life))
    }
}

#[derive(Debug)]
pub(crate) enum After {
    End(End),
    /// Hold what is wanted against what was just settled.
    Decide,
}

/// The outcome is to be written.
#[derive(Debug)]
pub struct PuttingOutcome {
    life: Life,
    outcome: Outcome,
    after: After,
}

impl PuttingOutcome {
    pub(crate) fn new(life: Life, outcome: Outcome, after: After) -> Self {
        Self { life, outcome, after }
    }

    /// The entry to write.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// It is on disk.
    pub fn written(self, now: Millis) -> Step {
        match self.after {
            After::End(end) => Step::End(end),
            After::Decide => self.life.decide(self.outcome.record(), now),
        }
    }

    /// The record has moved, or whether the outcome was written is unknown.
    pub fn lost(self) -> Step {
        Step::Reopen(Reopening::new(self.life))
    }
}

/// The record is to be read again.
#[derive(Debug)]
pub struct Reopening {
    life: Life,
}

impl Reopening {
    pub(crate) fn new(life: Life) -> Self {
        Self { life }
    }

    /// Takes the record as it is now, and decides anew.
    pub fn with(self, record: Record, now: Millis) -> Step {
        self.life.decide(record, now)
    }
}
