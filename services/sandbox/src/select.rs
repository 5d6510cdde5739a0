//! Which requests a fault or a hold is meant for.
//!
//! Faults and holds must strike the same request in every run of a test, so a selector counts the requests that
//! match it (`nth`, `count`) and draws its probability from a seed of its own, never from the clock.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// One of the two simulated systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// The simulated Visma.net ERP.
    Visma,
    /// The simulated Adobe Commerce.
    Commerce,
}

/// The requests to strike. An empty selector strikes the first request to either system.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selector {
    /// The system; absent means both.
    pub system: Option<System>,
    /// The HTTP method, in any case; absent means every method.
    pub method: Option<String>,
    /// The path without its query, in any case: a prefix, or a whole path when it holds `*` (any run of characters).
    pub path: Option<String>,
    /// Text that the query or the body must contain.
    pub contains: Option<String>,
    /// The first match to strike, counted from 1; absent means 1.
    pub nth: Option<u64>,
    /// How many matches to strike from there; absent means one, or without end when a probability is given.
    pub count: Option<u64>,
    /// The chance, from 0 to 1, that a match is struck; absent means always.
    pub probability: Option<f64>,
    /// The seed of that chance; absent means 0.
    pub seed: Option<u64>,
}

/// Facts of a request that a selector can see.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The system that was asked.
    pub system: System,
    /// The HTTP method.
    pub method: &'a str,
    /// The path without the query.
    pub path: &'a str,
    /// The query, without the question mark, or nothing.
    pub query: &'a str,
    /// The whole body.
    pub body: &'a [u8],
}

/// A selector with its counters.
#[derive(Debug)]
pub struct Matcher {
    selector: Selector,
    seen: u64,
    struck: u64,
    chance: StdRng,
}

impl Matcher {
    /// Starts counting for `selector`.
    ///
    /// # Errors
    /// A sentence when the probability is not between 0 and 1, or `nth` is 0.
    pub fn new(selector: Selector) -> Result<Self, String> {
        if selector.probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            return Err("probability is a number from 0 to 1".to_owned());
        }
        if selector.nth == Some(0) {
            return Err("nth counts from 1".to_owned());
        }
        let chance = StdRng::seed_from_u64(selector.seed.unwrap_or(0));
        Ok(Self { selector, seen: 0, struck: 0, chance })
    }

    /// Decides whether this request is struck. Counts the request when it matches.
    pub fn strikes(&mut self, facts: Facts<'_>) -> bool {
        if self.exhausted() || !self.selector.fits(facts) {
            return false;
        }
        self.seen += 1;
        if self.seen < self.selector.nth.unwrap_or(1) {
            return false;
        }
        let struck = self.selector.probability.is_none_or(|chance| self.chance.random_bool(chance));
        self.struck += u64::from(struck);
        struck
    }

    /// True when every strike has been spent.
    #[must_use]
    pub fn exhausted(&self) -> bool {
        let limit = self.selector.count.or(if self.selector.probability.is_some() { None } else { Some(1) });
        limit.is_some_and(|limit| self.struck >= limit)
    }

    /// The selector as it was given.
    #[must_use]
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// How many requests were struck.
    #[must_use]
    pub fn struck(&self) -> u64 {
        self.struck
    }
}

impl Selector {
    fn fits(&self, facts: Facts<'_>) -> bool {
        self.system.is_none_or(|system| system == facts.system)
            && self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(facts.method))
            && self.path.as_deref().is_none_or(|pattern| path_fits(pattern, facts.path))
            && self
                .contains
                .as_deref()
                .is_none_or(|text| facts.query.contains(text) || holds(facts.body, text.as_bytes()))
    }
}

fn holds(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.to_ascii_lowercase(), path.to_ascii_lowercase());
    if pattern.contains('*') { glob(pattern.as_bytes(), path.as_bytes()) } else { path.starts_with(&pattern) }
}

/// `*` stands for any run of characters; everything else stands for itself.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|start| text.get(start..).is_some_and(|tail| glob(rest, tail))),
        Some((byte, rest)) => text.split_first().is_some_and(|(first, tail)| first == byte && glob(rest, tail)),
    }
}
