//! In doubt: sent, perhaps, and no answer is known. What is found settles it at once; what is absent must be proven.

use std::time::Duration;

use crate::life::Life;
use crate::sending::Next;
use crate::step::{Death, End, Pause, Step};
use crate::weighing::{Tried, Weighing};
use crate::{Intent, Millis, Record, Refusal};

/// The step that follows from a proven absence.
#[derive(Debug)]
pub(crate) enum Absence {
    /// Send again; when the attempts are spent, ask a person.
    SendAgain,
    /// The vendor failed on it: send again; when the attempts are spent, take its words for a refusal.
    Faulted(Refusal),
    /// The vendor refused it, after an earlier send had been in doubt: it is refused.
    Refused(Refusal),
    /// It shall not stand, and does not.
    Withdraw,
    /// The record was right to say nothing of it.
    Unheard(Box<Record>),
}

/// One doubt, from the first look to the last.
#[derive(Debug)]
pub(crate) struct Doubt {
    intent: Intent,
    /// A look that begins earlier may find, but cannot prove absence.
    believe_after: Millis,
    absence: Absence,
    absent_looks: u32,
    /// Up to which change and command the record was settled when the doubt was found.
    settled: (u64, u64),
}

impl Doubt {
    pub(crate) fn new(intent: Intent, believe_after: Millis, absence: Absence) -> Self {
        let settled = (intent.source_seq, intent.command_seq);
        Self { intent, believe_after, absence, absent_looks: 0, settled }
    }

    /// Names what a wait of this doubt is for: after a fault a wait is short and held, so that it is not forgotten.
    fn waits_for(&self, otherwise: Pause) -> Pause {
        if matches!(self.absence, Absence::Faulted(_)) { Pause::Fault } else { otherwise }
    }

    pub(crate) fn settled(self, settled: (u64, u64)) -> Self {
        Self { settled, ..self }
    }
}

/// The vendor is to be asked which documents carry our reference.
#[derive(Debug)]
pub struct LookingUp {
    life: Life,
    doubt: Doubt,
    asked_at: Millis,
}

impl LookingUp {
    pub(crate) fn begin(life: Life, doubt: Doubt, now: Millis) -> Step {
        Step::LookUp(Self { life, doubt, asked_at: now })
    }

    /// The intent in doubt.
    #[must_use]
    pub fn intent(&self) -> &Intent {
        &self.doubt.intent
    }

    /// True when it is asked because the record's silence proves nothing, and not because something was sent.
    #[must_use]
    pub fn is_unheard(&self) -> bool {
        matches!(self.doubt.absence, Absence::Unheard(_))
    }

    /// All documents that carry our reference, none for absent. The question, or the sweep that answers for many, must
    /// have begun after this step was given and must have read the vendor's list to its end.
    pub fn found(self, numbers: Vec<String>, now: Millis) -> Step {
        let asked_at = self.asked_at;
        self.listed(numbers, asked_at, now)
    }

    /// As [`LookingUp::found`], answered by a sweep that had begun before this step was given, at `began`.
    pub fn listed(mut self, numbers: Vec<String>, began: Millis, now: Millis) -> Step {
        self.asked_at = began;
        match <[String; 1]>::try_from(numbers) {
            Ok([number]) => self.life.applied(self.doubt.intent, number, None, self.doubt.settled),
            Err(numbers) if numbers.is_empty() => self.absent(now),
            Err(numbers) => Step::End(End::Dead(Death::Duplicate { numbers })),
        }
    }

    /// No answer that could be read to its end. It proves nothing, so it is asked again, for as long as it takes: how
    /// often a delivery may be handed back is the broker's limit.
    pub fn failed(self, retry_at: Option<Millis>, now: Millis) -> Step {
        let until = retry_at.unwrap_or_else(|| now.after(self.life.policy.look_spacing));
        let why = self.doubt.waits_for(Pause::LookFailed);
        self.life.pause(until, why, Next::Look(self.doubt))
    }

    fn absent(self, now: Millis) -> Step {
        let Self { life, mut doubt, asked_at } = self;
        let spacing = life.policy.look_spacing;
        if asked_at < doubt.believe_after {
            // Most sends in doubt were done and show up within seconds: look early, and ever less often. The distance
            // comes from the record, so that a delivery that was handed back goes on where it was.
            let old = Duration::from_millis(now.0.saturating_sub(doubt.intent.written_at.0));
            let until = match doubt.absence {
                // The sweep that answered had begun before; the next one proves it.
                Absence::Unheard(_) if doubt.believe_after <= now => now.after(spacing),
                _ => now.after(spacing.max(old)).min(doubt.believe_after),
            };
            let why = doubt.waits_for(Pause::Doubt);
            return life.pause(until, why, Next::Look(doubt));
        }
        if let Absence::Unheard(record) = doubt.absence {
            return life.proven(*record, now);
        }
        doubt.absent_looks = doubt.absent_looks.saturating_add(1);
        if doubt.absent_looks < life.policy.looks {
            return life.pause(now.after(spacing), Pause::BetweenLooks, Next::Look(doubt));
        }
        let wanted = &life.wanted;
        if wanted.source_seq < doubt.settled.0 || wanted.command_seq < doubt.settled.1 {
            // To send now would put an older version where a newer one may still be put.
            return Step::End(End::Superseded { by: doubt.intent.command, by_seq: doubt.intent.command_seq });
        }
        // Another command is another person's wish, or a newer version: it has its own attempts.
        let ours = doubt.intent.command_seq == life.wanted.command_seq;
        let attempts = if ours { doubt.intent.attempt } else { 0 };
        let fault = match doubt.absence {
            Absence::Withdraw => return life.fall(None),
            Absence::Refused(refusal) => return life.refused(refusal),
            Absence::Faulted(refusal) => Some(refusal),
            Absence::SendAgain | Absence::Unheard(_) => None,
        };
        Weighing::begin(life, doubt.intent.written_at, Tried::Create { attempts, fault })
    }
}
