//! Reading every record of a kind that changed, in pages that lose none.
//!
//! Page numbers over `updated_at` skip rows: a record that is touched during the scan jumps to the end, and all others
//! move up by one. Measured: 10 of 38 lost. A keyset scan asks for what lies behind the last row that was read instead:
//!
//! 1. the rest of the last row's second: `updated_at = T and entity_id > I`, by `entity_id`, until a page is short;
//! 2. what is later: `updated_at > T`, by `updated_at` and `entity_id`, one page; its last row is the new (T, I).
//!
//! The grammar cannot say both in one. What is read is not yet safe to forget: `updated_at` is taken when a statement
//! runs and is seen when its transaction commits, so a row can appear behind the cursor. Therefore the cursor never
//! passes a limit that lies some seconds back on the **server's** clock, and each poll starts again some minutes before
//! it. Rows beyond the limit are read all the same, so that a record waits for no clock; they will be read again.

use serde::{Deserialize, Serialize};

use crate::page::Page;
use crate::search::{Direction, Filter, PageSize, Search, SearchError};
use crate::time::Moment;

/// How far records of a kind have been read: a place in the order of `updated_at`, then `entity_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Keyset {
    /// The second of the last row.
    pub updated_at: Moment,
    /// The last row; 0 stands before every row of the second.
    pub entity_id: u64,
}

impl Keyset {
    /// The place before every row of a second.
    pub fn before(updated_at: Moment) -> Self {
        Self { updated_at, entity_id: 0 }
    }

    /// The place this many seconds earlier: the overlap that catches transactions which commit late.
    #[must_use]
    pub fn rewound(self, seconds: u32) -> Self {
        if seconds == 0 { self } else { Self::before(self.updated_at.earlier(seconds)) }
    }
}

/// A page that cannot follow what was read before. Reading on could lose records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PagerError {
    /// Rows are not in the order that was asked for.
    #[error("record {entity_id} of {updated_at} came after a later one: the server does not sort as it was asked to")]
    Unsorted {
        /// The row that came too late.
        entity_id: u64,
        /// Its second.
        updated_at: Moment,
    },
    /// A row outside what was asked for.
    #[error("record {entity_id} of {updated_at} was not asked for: the server does not filter as it was asked to")]
    Outside {
        /// The row.
        entity_id: u64,
        /// Its second.
        updated_at: Moment,
    },
    /// More rows than a page has.
    #[error("a page of {asked} rows was asked for and {got} came")]
    TooLong {
        /// Rows asked for.
        asked: u32,
        /// Rows received.
        got: usize,
    },
    /// A page was handed in after the scan was over.
    #[error("a page came after the scan was over")]
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The rest of the second that was read last.
    Ties,
    /// Rows of later seconds.
    Later,
    /// Everything is read.
    Over,
}

/// One scan: says which search comes next, is handed its page, and knows how far the cursor may move.
#[derive(Debug, Clone)]
pub struct Pager {
    page_size: PageSize,
    /// A column and the values that it may have.
    within: Option<(&'static str, Vec<u64>)>,
    /// Records that are not asked for: the shop cannot show them.
    left_out: Vec<u64>,
    /// The cursor passes no second later than this one.
    limit: Moment,
    /// The last row that was read.
    read: Keyset,
    cursor: Keyset,
    step: Step,
}

impl Pager {
    /// A scan of everything behind `from`.
    ///
    /// `limit` is the last second that the cursor may reach: the server's time before the first page is asked for
    /// (from the `Date` header of an earlier answer), less a safety lag that is longer than the shop's longest
    /// transaction (30 to 60 s). A later time would not do: a row may appear behind a page that was read already.
    pub fn new(from: Keyset, limit: Moment, page_size: PageSize) -> Self {
        let step = if from.entity_id == 0 { Step::Later } else { Step::Ties };
        Self { page_size, within: None, left_out: Vec::new(), limit, read: from, cursor: from, step }
    }

    /// Reads only records whose `column` (`store_id`, `website_id`) is one of `ids`. No ids mean all: the store code in
    /// the address filters nothing.
    #[must_use]
    pub fn within(mut self, column: &'static str, ids: &[u64]) -> Self {
        self.within = (!ids.is_empty()).then(|| (column, ids.to_vec()));
        self
    }

    /// Asks for these records no more: a page that one of them is on comes from no shop.
    pub fn leave_out(&mut self, ids: impl IntoIterator<Item = u64>) {
        self.left_out.extend(ids);
    }

    /// Asks for pages of another size from the next one on.
    pub fn resize(&mut self, page_size: PageSize) {
        self.page_size = page_size;
    }

    /// Rows of the page that is asked for next.
    pub fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// The last row that was read.
    pub fn read(&self) -> Keyset {
        self.read
    }

    /// The search of the next page; `None` when the scan is over.
    ///
    /// # Errors
    /// None in practice: the searches made here are within the grammar.
    pub fn next_search(&self) -> Result<Option<Search>, SearchError> {
        let second = self.read.updated_at;
        let search = Search::new(self.page_size);
        let search = match self.step {
            Step::Over => return Ok(None),
            Step::Ties => {
                search.and(Filter::equal("updated_at", second)).and(Filter::greater("entity_id", self.read.entity_id))
            }
            // Nothing of the second is read yet: one search takes it along.
            Step::Later if self.read.entity_id == 0 => search.and(Filter::at_least("updated_at", second)),
            Step::Later => search.and(Filter::greater("updated_at", second)),
        };
        let search = match self.step {
            Step::Ties => search,
            Step::Later | Step::Over => search.sort("updated_at", Direction::Ascending),
        };
        let mut search = search.sort("entity_id", Direction::Ascending);
        if !self.left_out.is_empty() {
            search = search.and(Filter::none_of("entity_id", &self.left_out));
        }
        match &self.within {
            Some((column, ids)) => Ok(Some(search.and(Filter::one_of(column, ids)?))),
            None => Ok(Some(search)),
        }
    }

    /// Takes the page that the last search brought.
    ///
    /// # Errors
    /// When its rows are not those that were asked for; the pager is then as it was.
    pub fn take(&mut self, page: &Page) -> Result<(), PagerError> {
        let rows = self.rows_in_order(page)?;
        for row in rows {
            self.read = row;
            if row.updated_at <= self.limit {
                self.cursor = row;
            }
        }
        let full = u32::try_from(page.items.len()).is_ok_and(|rows| rows == self.page_size.rows());
        self.step = match (self.step, full) {
            (Step::Ties, true) | (Step::Later, true) => Step::Ties,
            (Step::Ties, false) => Step::Later,
            (Step::Later, false) | (Step::Over, _) => Step::Over,
        };
        if self.step == Step::Over {
            // Everything up to now is read, so that an idle shop is not read again from its last record on.
            self.cursor = self.cursor.max(Keyset::before(self.limit));
        }
        Ok(())
    }

    /// How far the next scan need not read again. To be stored only after everything handed over so far is on disk.
    pub fn cursor(&self) -> Keyset {
        self.cursor
    }

    /// True when everything is read.
    pub fn is_over(&self) -> bool {
        self.step == Step::Over
    }

    /// The places of a page's rows, if they are what was asked for.
    fn rows_in_order(&self, page: &Page) -> Result<Vec<Keyset>, PagerError> {
        if self.step == Step::Over {
            return Err(PagerError::Over);
        }
        let asked = self.page_size.rows();
        if u32::try_from(page.items.len()).map_or(true, |got| got > asked) {
            return Err(PagerError::TooLong { asked, got: page.items.len() });
        }
        let mut last = self.read;
        let mut rows = Vec::with_capacity(page.items.len());
        for item in &page.items {
            let row = Keyset { updated_at: item.updated_at, entity_id: item.entity_id };
            let (entity_id, updated_at) = (row.entity_id, row.updated_at);
            let same_second = updated_at == self.read.updated_at;
            let asked_for = match self.step {
                Step::Ties => same_second && entity_id > self.read.entity_id,
                Step::Later | Step::Over => row > self.read && (self.read.entity_id == 0 || !same_second),
            };
            if !asked_for {
                return Err(PagerError::Outside { entity_id, updated_at });
            }
            if row <= last {
                return Err(PagerError::Unsorted { entity_id, updated_at });
            }
            last = row;
            rows.push(row);
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests;
