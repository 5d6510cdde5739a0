//! Log of what was sent and what became of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::Channel;

/// How many deliveries are kept.
const KEPT: usize = 5_000;

/// Outcome of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The receiver took it, in the form that its kind asks for.
    Taken,
    /// It is tried again.
    Retried,
    /// It was refused, or not answered in time, and is not tried again.
    Dropped,
    /// The dice took it before it was sent.
    Lost,
}

/// One try.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// Counted from 1, never reused: the cursor of the list.
    pub seq: u64,
    /// When it was over.
    pub at: Timestamp,
    /// In which way it was sent.
    pub kind: Channel,
    /// The kinds of the documents that it tells of.
    pub entity: String,
    /// Their ids.
    pub ids: Vec<u64>,
    /// The receiver's status, or nothing when there was no answer.
    pub status: Option<u16>,
    /// How long the receiver took, in milliseconds.
    pub took_ms: u64,
    /// Its outcome.
    pub outcome: Outcome,
    /// The receiver's answer, cut short.
    pub answer: String,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Deliveries {
    kept: VecDeque<Delivery>,
    counts: BTreeMap<(&'static str, Outcome), u64>,
    turns: BTreeMap<(&'static str, &'static str, u64), u64>,
    last: u64,
}

/// The counts and the last tries.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// By kind and outcome.
    pub counts: BTreeMap<&'static str, BTreeMap<Outcome, u64>>,
    /// Those after the asked one, oldest first.
    pub deliveries: Vec<Delivery>,
}

/// Answer of a receiver.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: Option<u16>,
    pub(super) body: String,
    pub(super) took: Duration,
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

impl Channel {
    fn name(self) -> &'static str {
        match self {
            Self::Hmac => "hmac",
            Self::Commerce => "commerce",
            Self::Events => "events",
        }
    }
}

impl Deliveries {
    /// Those after `since`.
    #[must_use]
    pub fn since(&self, since: u64) -> Shown {
        let mut counts: BTreeMap<&'static str, BTreeMap<Outcome, u64>> = BTreeMap::new();
        for ((kind, outcome), count) in &self.counts {
            counts.entry(kind).or_default().insert(*outcome, *count);
        }
        Shown { counts, deliveries: self.kept.iter().filter(|one| one.seq > since).cloned().collect() }
    }

    /// How often this document was told of in this way before.
    pub(super) fn turn(&mut self, kind: Channel, entity: &'static str, id: u64) -> u64 {
        let turn = self.turns.entry((kind.name(), entity, id)).or_default();
        *turn += 1;
        *turn - 1
    }

    pub(super) fn lost(&mut self, kind: Channel, entity: &str, id: u64) {
        self.put(kind, entity, vec![id], &Answer::default(), Outcome::Lost);
    }

    pub(super) fn put(&mut self, kind: Channel, entity: &str, ids: Vec<u64>, answer: &Answer, outcome: Outcome) {
        *self.counts.entry((kind.name(), outcome)).or_default() += 1;
        self.last += 1;
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Delivery {
            seq: self.last,
            at: Timestamp::now(),
            kind,
            entity: entity.to_owned(),
            ids,
            status: answer.status,
            took_ms: u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
            outcome,
            answer: answer.body.chars().take(500).collect(),
        });
    }
}
