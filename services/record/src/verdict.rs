//! A stage's decision on one delivery. The step from it to the broker is made in one place, `take`.

use std::time::Duration;

use problem::{Code, Problem};

use crate::waiting::Wait;

/// What shall become of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Dealt with; everything that follows from it is on disk.
    Done,
    /// Not now, as it should be: deliver it again after this time. The text says what it waits for.
    RetryAfter(Duration, String),
    /// Not now, because something failed: deliver it again after this time. The text says what, and is shown to people
    /// when it stays so for a minute.
    Again(Duration, String),
    /// Not before another record has moved, or a time has come: that is written down, and the delivery is settled.
    Wait(Wait),
    /// Given up on: it goes to the dead letters with a code and a sentence.
    Dead(Problem),
}

impl Verdict {
    /// Another try after something of ours, not the delivery, failed: waits grow with the number of deliveries.
    pub fn retry(delivered: u64, why: impl Into<String>) -> Self {
        let wait = pipeline::retry::wait_after(delivered, Duration::from_millis(200), Duration::from_secs(60));
        Self::Again(wait, why.into())
    }

    /// What follows from something that could not be done about a delivery: another try, unless none can help.
    pub fn failed(delivered: u64, problem: Problem) -> Self {
        match problem.code {
            Code::MessageTooLarge => Self::Dead(problem),
            _ => Self::retry(delivered, problem.to_string()),
        }
    }
}
