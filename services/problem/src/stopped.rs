//! Why work does not go on, in the one form that polls, readings, backfills and deliveries share.

use std::time::Duration;

use crate::Problem;

/// Sentence for a budget whose share is used up.
const SPENT: &str = "waiting for its share of the call budget";

/// Why work does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// Something passes: the work goes on by itself, after this time at the earliest.
    Later(Duration, Problem),
    /// The vendor's budget takes no calls of this kind for this long, as it should be.
    Spent(Duration),
    /// A person must act first.
    Person(Problem),
}

impl Stopped {
    /// How long to wait, and for what, in words.
    ///
    /// # Errors
    /// The problem that a person must see to first.
    pub fn passing(self) -> Result<(Duration, String), Problem> {
        match self {
            Self::Later(wait, problem) => Ok((wait, problem.line())),
            Self::Spent(wait) => Ok((wait, SPENT.to_owned())),
            Self::Person(problem) => Err(problem),
        }
    }

    /// The same, told of with `words` before its sentence.
    #[must_use]
    pub fn over(self, words: &str) -> Self {
        let named = |problem: Problem| Problem { sentence: format!("{words}: {}", problem.sentence), ..problem };
        match self {
            Self::Later(wait, problem) => Self::Later(wait, named(problem)),
            Self::Spent(wait) => Self::Spent(wait),
            Self::Person(problem) => Self::Person(named(problem)),
        }
    }
}
