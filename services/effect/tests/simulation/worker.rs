//! One delivery in a worker's hands: the step that it is at, and how an answer leads to the next.

use effect::{Intent, Millis, Record, Removed, Reply, Step};

/// A delivery being worked on. Lost with its worker.
pub(crate) struct Task {
    pub(crate) worker: usize,
    pub(crate) lane: usize,
    /// Which of the lane's commands.
    pub(crate) command: usize,
    /// The last sequence of the record's subject, as this task knows it.
    pub(crate) expected: usize,
    /// None before the record was read.
    pub(crate) step: Option<Step>,
    /// It was given up before the vendor was asked.
    pub(crate) gives_up: bool,
    /// The intent that is being written.
    pub(crate) intent: Option<Intent>,
}

/// Answer that comes back to a task.
pub(crate) enum Told {
    /// The new sequence, or none when the record has moved or nothing is known.
    Written(Option<usize>),
    Answered(Reply),
    /// None when the look-up failed.
    Listed(Option<Vec<String>>),
    Read(Record, usize),
    Elapsed,
    /// True when others got through meanwhile.
    Weighed(bool),
    Removed(Removed),
    /// True when it can be removed; inner `None` when it is not there, outer `None` when it could not be read.
    Inspected(Option<Option<bool>>),
    /// The send could not start in time.
    Missed,
}

impl Task {
    /// The next step. `None` for an answer to a step that is not there, which is the simulation's mistake.
    pub(crate) fn told(&mut self, told: Told, now: Millis) -> Option<Step> {
        let step = match (self.step.take()?, told) {
            (Step::WriteIntent(step), Told::Written(Some(sequence))) => {
                self.expected = sequence;
                step.written(self.intent.take()?, now)
            }
            (Step::WriteIntent(step), Told::Written(None)) => step.lost(),
            (Step::PutOutcome(step), Told::Written(Some(sequence))) => {
                self.expected = sequence;
                step.written(now)
            }
            (Step::PutOutcome(step), Told::Written(None)) => step.lost(),
            (Step::Send(step), Told::Answered(reply)) => step.answered(reply, now),
            (Step::Send(step), Told::Missed) => step.missed(),
            (Step::LookUp(step), Told::Listed(Some(numbers))) => step.found(numbers, now),
            (Step::LookUp(step), Told::Listed(None)) => step.failed(None, now),
            (Step::Wait(step), Told::Elapsed) => step.over(now),
            (Step::Weigh(step), Told::Weighed(passed)) => step.weighed(passed),
            (Step::Reopen(step), Told::Read(record, sequence)) => {
                self.expected = sequence;
                step.with(record, now)
            }
            (Step::Delete(step), Told::Removed(removed)) => step.answered(removed, now),
            (Step::Inspect(step), Told::Inspected(Some(Some(removable)))) => step.found(None, removable, now),
            (Step::Inspect(step), Told::Inspected(Some(None))) => step.gone(),
            (Step::Inspect(step), Told::Inspected(None)) => step.failed(None, now),
            _ => return None,
        };
        Some(step)
    }
}
