//! One reading of a list: what changed since a moment, told apart from what a list does to its reader.
//!
//! Rows come in no order and move between pages; many share a stamp; a filter may not have been honoured; a row may
//! bear a stamp that no clock has shown yet. So a reading takes rows as they come, drops what was not asked for and
//! what it has had already, and is over when it has met as many records as the list says it has: a total that stood
//! still says little when the rows behind it changed places. At its end it says how far the next one may trust the
//! stamps: up to the newest stamp seen, less the time that the reading took, since what was modified meanwhile may have
//! been missed; and never up to one from the future, which would hide everything that is modified until then.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::time::Duration;

use crate::etag::Etag;
use crate::list::{Page, Pager, Turn};
use crate::stamp::Stamp;

/// Walks through a list until as many records have been met as it has.
const WALKS: u32 = 12;

/// Fields of a row that tell one version of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The record's key within its list.
    pub key: String,
    /// When it was last modified.
    pub modified: Option<Stamp>,
    /// Its version.
    pub version: Option<Etag>,
}

/// A reading under way.
#[derive(Debug)]
pub struct Delta {
    since: Option<Stamp>,
    ceiling: Stamp,
    before: Option<Stamp>,
    newest: Option<Stamp>,
    pages: u32,
    pager: Pager,
    walks: u32,
    total: Option<u64>,
    /// Records that were met: versions by keys, as hashes of both, so that a list of many thousands takes little.
    seen: HashMap<u64, u64>,
    outside: u64,
    /// Rows that Visma could not show, on this walk.
    unshown: u64,
}

/// Result of taking a page.
#[derive(Debug)]
pub struct Taken<R> {
    /// Its rows that are news to this reading, as they came.
    pub rows: Vec<R>,
    /// The next step.
    pub turn: Turn,
}

impl Delta {
    /// A reading of what was modified at or after `since` (everything when none), of at most `pages` pages. `before`
    /// is how far the readings before reach; a stamp after `ceiling` is from the future, and moves nothing.
    #[must_use]
    pub fn new(since: Option<Stamp>, before: Option<Stamp>, ceiling: Stamp, pages: u32) -> Self {
        let (pager, seen) = (Pager::new(pages), HashMap::new());
        Self { since, ceiling, before, newest: None, pages, pager, walks: 1, total: None, seen, outside: 0, unshown: 0 }
    }

    /// The page that is to be read.
    #[must_use]
    pub fn page(&self) -> u32 {
        self.pager.page()
    }

    /// Takes the page that was asked for; `mark` reads what tells a row's version.
    ///
    /// # Errors
    /// The error of the first row that has no readable mark.
    pub fn take<R, E>(&mut self, page: Page<R>, mark: impl Fn(&R) -> Result<Mark, E>) -> Result<Taken<R>, E> {
        self.total = page.total.or(self.total);
        self.unshown = self.unshown.saturating_add(page.unshown);
        let turn = self.pager.take(&page);
        let mut rows = Vec::new();
        for row in page.rows {
            if self.is_news(mark(&row)?) {
                rows.push(row);
            }
        }
        let met = u64::try_from(self.seen.len()).unwrap_or(u64::MAX).saturating_add(self.unshown);
        let missed = self.total.is_some_and(|total| met < total);
        let turn = match turn {
            Turn::Drained { settled: true } if missed && self.walks < WALKS => {
                self.walks = self.walks.saturating_add(1);
                self.pager = Pager::new(self.pages);
                Turn::Fetch(self.pager.page())
            }
            Turn::Drained { settled } => Turn::Drained { settled: settled && !missed },
            other @ (Turn::Fetch(_) | Turn::TooLong) => other,
        };
        if turn == Turn::Fetch(1) {
            self.unshown = 0; // The list is walked again from its beginning.
        }
        Ok(Taken { rows, turn })
    }

    /// Rows that were older than asked for: the filter was not honoured.
    #[must_use]
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// Rows that Visma could not show on the last walk.
    #[must_use]
    pub fn unshown(&self) -> u64 {
        self.unshown
    }

    /// How far this reading reaches, once the list is read to its end: where the cursor stands. `took` is how long it
    /// took, by any clock.
    #[must_use]
    pub fn reach(&self, took: Duration) -> Option<Stamp> {
        self.before.max(self.newest.map(|newest| newest.rewound(took)))
    }

    fn is_news(&mut self, mark: Mark) -> bool {
        let Mark { key, modified, version } = mark;
        let outside = modified.zip(self.since).is_some_and(|(modified, since)| modified < since);
        let tells = modified.is_some() || version.is_some();
        // A row that moved between pages is met twice. One that says nothing of its version is told apart by its
        // content, later.
        let version = hash(&(modified, version.as_ref().map(Etag::as_str)));
        let known = self.seen.insert(hash(&key), version) == Some(version);
        if outside {
            self.outside = self.outside.saturating_add(1);
            return false;
        }
        self.newest = self.newest.max(modified.filter(|stamp| *stamp <= self.ceiling));
        !(known && tells)
    }
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
