//! Results of a ping: each step as data, with what to do where it failed.
//!
//! The calls are made elsewhere. Here it is decided what an answer proves, since that is where it is easy to go wrong:
//! an empty list of branches proves a wrong company, a 401 of Commerce proves wrong credentials or a missing right, and
//! an answer that proves nothing must not be shown as a success.

mod commerce;
mod reach;
mod rights;
mod visma;

use std::fmt::Write as _;

use pipeline::vendor::CallError;
use problem::{Code, Problem};
use serde::Serialize;

pub(crate) use commerce::otherwise;
pub use commerce::{Asked, attributes, comment_right, credentials, list_right, modules, read_right, stores, version};
pub use reach::{clock, connected, resolved, secured};
pub use rights::RIGHTS;
pub use visma::{company, resource, window};

/// A vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Visma.net.
    Visma,
    /// Adobe Commerce.
    Commerce,
}

impl Side {
    /// Its name in settings and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Visma => "visma",
            Self::Commerce => "commerce",
        }
    }
}

/// Result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Fine,
    /// It works, and somebody should know of it.
    Notice,
    /// Not as it should be.
    Failed,
    /// It cannot be known.
    Unknown,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Side that was asked.
    pub side: Side,
    /// Name of what was looked at: `dns`, `token`, `customerinvoice`, …
    pub step: String,
    /// Result of the step.
    pub state: State,
    /// Sentence that says what was found, or what is wrong.
    pub said: String,
    /// The code of the runbook page, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Instruction that says what to do; empty where nothing is to be done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// True when nothing further can be asked of this side.
    #[serde(skip)]
    pub ends_side: bool,
}

impl Step {
    /// A step that found what it should.
    pub fn fine(side: Side, step: &str, said: impl Into<String>) -> Self {
        Self::new(side, step, State::Fine, said.into())
    }

    /// A step whose answer proves nothing.
    pub fn unknown(side: Side, step: &str, said: impl Into<String>) -> Self {
        Self::new(side, step, State::Unknown, said.into())
    }

    /// A step that found something to know of.
    pub fn notice(side: Side, step: &str, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..Self::new(side, step, State::Notice, said.into()) }
    }

    /// A step that failed, while others of the side can still be asked.
    pub fn failed(side: Side, step: &str, problem: Problem) -> Self {
        let Problem { code, sentence, remedy } = problem;
        Self { code: Some(code), remedy, ..Self::new(side, step, State::Failed, sentence) }
    }

    /// A step that failed, and without which no other makes sense.
    pub fn ends(side: Side, step: &str, problem: Problem) -> Self {
        Self { ends_side: true, ..Self::failed(side, step, problem) }
    }

    fn new(side: Side, step: &str, state: State, said: String) -> Self {
        Self { side, step: step.to_owned(), state, said, code: None, remedy: String::new(), ends_side: false }
    }

    /// The same, as something that only those need to know who use it.
    #[must_use]
    fn softened(self) -> Self {
        match self.state {
            State::Failed => Self { state: State::Notice, ..self },
            State::Fine | State::Notice | State::Unknown => self,
        }
    }
}

/// Why a call brought no answer, as a problem.
pub(crate) fn unanswered(side: Side, error: &CallError) -> Problem {
    let who = side.name();
    match error {
        CallError::Credentials(problem) => problem.clone(),
        CallError::Busy(wait) => Problem::new(
            Code::PingNoAnswer,
            format!("the call limit of {who} is used up; it resets in {}", minutes(wait.as_secs() + 1)),
            "repeat this after the reset; the services wait for it automatically",
        ),
        CallError::NotSent(_) | CallError::NoAnswer(_) | CallError::TooLate => no_answer(side, &error.to_string()),
    }
}

/// A wait in the unit that people use for it.
fn minutes(seconds: u64) -> String {
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) }
}

/// An answer that says nothing about the settings: the vendor is away or broken.
fn no_answer(side: Side, why: &str) -> Problem {
    let remedy = "repeat it; if it fails again, check the vendor's status page and the proxy or firewall in between";
    Problem::new(Code::PingNoAnswer, format!("{} gave no usable answer: {why}", side.name()), remedy)
}

/// Returns true when any step failed.
pub fn any_failed(steps: &[Step]) -> bool {
    steps.iter().any(|step| step.state == State::Failed)
}

/// A step as lines for a person.
pub fn line(step: &Step) -> String {
    let state = match step.state {
        State::Fine => "ok",
        State::Notice => "note",
        State::Failed => "FAILED",
        State::Unknown => "unknown",
    };
    let code = step.code.map_or_else(String::new, |code| format!("{code}: "));
    let mut line = format!("{:<9} {:<16} {state:<8} {code}{}\n", step.side.name(), step.step, step.said);
    if !step.remedy.is_empty() {
        let _ = writeln!(line, "{:36}what to do: {}", "", step.remedy); // A String takes everything.
    }
    line
}

#[cfg(test)]
mod tests;
