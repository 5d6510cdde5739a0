//! A log that was set back: what Visma holds and it does not know, until it has caught up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use effect::{Millis, Policy, Silence};
use pipeline::clock;
use problem::Code;

use super::{Kind, Tail};
use crate::now;

/// Code of a log that was set back.
pub(super) const CODE: Code = Code::BrokerSetBack;
/// So long after the last document that was adopted, what is left is told by its numbers: nobody asks for it.
const QUIET: u64 = 10 * 60 * 1000;
/// A reading under which the lists moved is made again after this time.
const UNSETTLED: u64 = 60 * 1000;
/// So long after it, and no longer, the log counts as one that has not caught up.
const FORGOTTEN: u64 = 7 * 24 * 60 * 60 * 1000;
/// Numbers that are named.
const NAMED: usize = 20;

/// A log that has not caught up.
#[derive(Debug)]
pub(super) struct Behind {
    /// The end of the log as it was found.
    pub(super) tail: Tail,
    /// When it was found: until then, entries were written that are lost.
    found: Millis,
    /// From when on a reading proves an absence.
    believe_after: Millis,
    /// When the last reading began.
    began: Millis,
    /// The lists stood still during it.
    pub(super) settled: bool,
    /// Numbers by kind and reference.
    held: BTreeMap<(Kind, String), BTreeSet<String>>,
    /// Numbers that were written to the log since.
    logged: BTreeSet<(Kind, String)>,
    /// How many there were, how many the log knows now, and since when.
    found_count: usize,
    adopted: usize,
    moved: Millis,
    is_told: bool,
}

impl Behind {
    /// Nothing is read yet; what is read is read from now on.
    pub(super) fn new(tail: Tail, policy: &Policy) -> Self {
        let found = now();
        let believe_after = Silence::ProvesNothing { until: found }.believe_after(policy).unwrap_or(found);
        Self {
            tail,
            found,
            believe_after,
            began: found,
            settled: true,
            held: BTreeMap::new(),
            logged: BTreeSet::new(),
            found_count: 0,
            adopted: 0,
            moved: found,
            is_told: false,
        }
    }

    pub(super) fn add(&mut self, kind: Kind, rows: Vec<(String, String)>) {
        for (reference, number) in rows {
            self.found_count += usize::from(self.held.entry((kind, reference)).or_default().insert(number));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Documents that the log does not know.
    pub(super) fn count(&self) -> usize {
        self.held.values().map(BTreeSet::len).sum()
    }

    /// True when its last reading proves that what it does not hold is not there.
    fn is_proven(&self) -> bool {
        self.began >= self.believe_after
    }

    /// Time until such a reading may begin; none after it.
    pub(super) fn left(&self) -> Option<Duration> {
        let left = Duration::from_millis(self.believe_after.0.saturating_sub(now().0));
        (!self.is_proven()).then_some(left.max(Duration::from_millis(200)))
    }

    /// True when the time for it has come.
    pub(super) fn is_due(&self) -> bool {
        match self.is_proven() {
            false => now() >= self.believe_after,
            // The lists moved under the last reading: what it did not show may stand all the same.
            true => !self.settled && now().0 >= self.began.0 + UNSETTLED,
        }
    }

    /// When there is something to do or to say.
    pub(super) fn due(&self) -> Option<Duration> {
        let quiet = Duration::from_millis((self.moved.0 + QUIET).saturating_sub(now().0)) + Duration::from_secs(1);
        let unsettled = (!self.settled).then_some(Duration::from_millis(UNSETTLED));
        self.left().or(unsettled).or((!self.is_told).then_some(quiet))
    }

    /// Takes over what a reading found that began when nothing could be under way any longer.
    pub(super) fn proven_by(&mut self, again: Self) {
        let Self { began, settled, held, .. } = again;
        (self.began, self.settled, self.held, self.moved) = (began, settled, BTreeMap::new(), now());
        // What was written to the log while it was read is known.
        self.found_count = self.adopted;
        for ((kind, reference), numbers) in held {
            let unknown = numbers.into_iter().filter(|number| !self.logged.contains(&(kind, number.clone())));
            let rows = unknown.map(|number| (reference.clone(), number)).collect();
            self.add(kind, rows);
        }
        tracing::info!(documents = self.count(), "Visma was read once more: what it does not hold now is not there");
    }

    /// Says what the log's silence about a document proves.
    pub(super) fn silence(&self, kind: Kind, reference: &str) -> Silence {
        let is_held = self.held.contains_key(&(kind, reference.to_owned()));
        match self.is_proven() && self.settled && !is_held {
            true => Silence::Proves,
            false => Silence::ProvesNothing { until: self.found },
        }
    }

    /// Numbers of a document by the last reading; none when it proves nothing, and the document is to be looked up.
    pub(super) fn held(&self, kind: Kind, reference: &str) -> Option<(Vec<String>, Millis)> {
        let held = self.held.get(&(kind, reference.to_owned())).map(|numbers| numbers.iter().cloned().collect());
        match held {
            Some(numbers) => Some((numbers, self.began)),
            None if self.is_proven() && !self.settled => None,
            None => Some((Vec::new(), self.began)),
        }
    }

    /// The log knows a document; whether that is news.
    pub(super) fn logged(&mut self, kind: Kind, reference: &str, number: &str) -> bool {
        let key = (kind, reference.to_owned());
        self.logged.insert((kind, number.to_owned()));
        let Some(numbers) = self.held.get_mut(&key) else { return false };
        let is_news = numbers.remove(number);
        if numbers.is_empty() {
            self.held.remove(&key);
        }
        if is_news {
            (self.adopted, self.moved) = (self.adopted + 1, now());
        }
        is_news
    }

    /// True when the log has caught up: it knows all that Visma holds, and nothing is under way that it does not know.
    pub(super) fn is_over(&self) -> bool {
        let is_forgotten = self.is_told && now().0 >= self.moved.0 + FORGOTTEN;
        self.is_proven() && (self.held.is_empty() && self.settled || is_forgotten)
    }

    /// For the service's health.
    pub(super) fn sentence(&self) -> String {
        let end = self
            .tail
            .end
            .map_or_else(|| "the log is empty".to_owned(), |end| format!("the log ends at {}", clock::told(end)));
        let (found, adopted) = (self.found_count, self.adopted);
        let rest = if self.is_told { format!("; {}", self.rest()) } else { String::new() };
        format!(
            "{end}, and Visma held {found} documents under our references that it did not know: it was set back or \
             lost. Documents are looked up before they are created; {adopted} of them are in the log again{rest}"
        )
    }

    /// Documents that nobody asks for, by number.
    fn rest(&self) -> String {
        let numbers = self.held.iter().flat_map(|((kind, reference), numbers)| {
            numbers.iter().map(move |number| format!("{} {number} ({reference})", kind.entity().word()))
        });
        let named: Vec<_> = numbers.take(NAMED).collect();
        let more = self.count().saturating_sub(named.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("no order, invoice or credit memo of the shop asked for: {}{more}", named.join(", "))
    }

    /// Says in the log of the service that it was found.
    pub(super) fn tell_found(&self) {
        tracing::warn!(
            code = %CODE,
            documents = self.found_count,
            since = self.tail.end.map(clock::told),
            "the log was set back or lost: Visma holds documents of ours that it does not know. They are adopted, and \
             no second one is created"
        );
    }

    /// Says once what is left when nothing has moved for a while; whether it was said now.
    pub(super) fn tell_rest(&mut self) -> bool {
        let is_quiet = now().0 >= self.moved.0 + QUIET;
        if self.is_told || !self.is_proven() || !is_quiet {
            return false;
        }
        self.is_told = true;
        tracing::warn!(code = %CODE, documents = self.count(), "{}", self.rest());
        true
    }
}
