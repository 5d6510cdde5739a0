//! A stage's decision on one delivery. The step from it to the broker is made in one place, `take`.

use std::time::Duration;

use problem::{Code, Problem, Stopped};

use crate::waiting::Wait;

/// Decision on a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Dealt with; everything that follows from it is on disk.
    Done,
    /// Not now, as it should be: deliver it again after this time. The text says what it waits for.
    RetryAfter(Duration, String),
    /// Not now, because something failed: deliver it again after this time. People are told of the problem when it
    /// stays so.
    Again(Duration, Problem),
    /// Not before another record has moved, or a time has come: that is written down, and the delivery is settled.
    Wait(Wait),
    /// Given up on: it goes to the dead letters with a code and a sentence.
    Dead(Problem),
}

impl Verdict {
    /// Another try after something of ours, not the delivery, failed: waits grow with the number of deliveries.
    #[must_use]
    pub fn retry(delivered: u64, problem: Problem) -> Self {
        let wait = pipeline::retry::wait_after(delivered, Duration::from_millis(200), Duration::from_secs(60));
        Self::Again(wait, problem)
    }

    /// Returns the verdict when something could not be done about a delivery: another try, unless none can help.
    #[must_use]
    pub fn failed(delivered: u64, problem: Problem) -> Self {
        match problem.code {
            Code::MessageTooLarge => Self::Dead(problem),
            _ => Self::retry(delivered, problem),
        }
    }

    /// The record that was to be written has moved since it was read: another try reads it again.
    pub fn moved(delivered: u64, what: &str) -> Self {
        let sentence = format!("{what} has moved since it was read");
        let remedy = "nothing, unless it goes on: then look which other process writes to the record";
        Self::retry(delivered, Problem::new(Code::RecordMoved, sentence, remedy))
    }
}

impl From<Stopped> for Verdict {
    fn from(stopped: Stopped) -> Self {
        /// How soon a delivery that waits for a person is tried again.
        const PERSON: Duration = Duration::from_secs(60);
        match stopped {
            Stopped::Later(wait, problem) => Self::Again(wait, problem),
            Stopped::Spent(wait) => Self::RetryAfter(wait, "waiting for its share of the call budget".to_owned()),
            Stopped::Person(problem) => Self::Again(PERSON, problem),
        }
    }
}
