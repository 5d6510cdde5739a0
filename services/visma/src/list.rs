//! Lists: one page as rows, and the walk over pages.
//!
//! Most lists are bare arrays whose rows each carry `metadata: {totalCount, maxPageSize}`; some come in an envelope,
//! and the envelope has been seen inside an array of one. No list of ours has a promised order, and rows move between
//! pages while they are read: a walk is good only if the total stood still from its first page to its last.

use serde_json::Value;

/// Walks that are begun again because the total moved. After that the rows are taken and the cursor is left where it
/// was.
const RESTARTS: u32 = 3;

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Its rows, in no order that means anything.
    pub rows: Vec<T>,
    /// Rows on all pages; lists that come whole do not say.
    pub total: Option<u64>,
    /// The largest page that Visma gives; larger ones are cut to it without a word.
    pub max_page_size: Option<u32>,
}

/// A body that is no list in any of the known shapes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither an array of rows nor an envelope with `records`")]
pub struct NotAList;

impl Page<Value> {
    /// Reads a decoded body in any of the three shapes.
    ///
    /// # Errors
    /// Another shape.
    pub fn read(body: Value) -> Result<Self, NotAList> {
        match body {
            Value::Object(_) => Self::envelope(body),
            Value::Array(mut rows) => match rows.pop() {
                Some(only) if rows.is_empty() && only.get("records").is_some_and(Value::is_array) => {
                    Self::envelope(only)
                }
                Some(last) => {
                    rows.push(last);
                    let metadata = rows.first().and_then(|row| row.get("metadata"));
                    let figure = |name| metadata.and_then(|m| m.get(name)).and_then(Value::as_u64);
                    let (total, max) = (figure("totalCount"), figure("maxPageSize"));
                    Ok(Self { rows, total, max_page_size: max.and_then(|max| max.try_into().ok()) })
                }
                None => Ok(Self { rows, total: None, max_page_size: None }),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(NotAList),
        }
    }

    fn envelope(mut body: Value) -> Result<Self, NotAList> {
        let total = body.get("totalCount").and_then(Value::as_u64);
        match body.get_mut("records").map(Value::take) {
            Some(Value::Array(rows)) => Ok(Self { rows, total, max_page_size: None }),
            _ => Err(NotAList),
        }
    }

    /// The rows as something else, or the first row's error.
    ///
    /// # Errors
    /// Of the first row that cannot be read.
    pub fn each<T, E>(&self, read: impl FnMut(&Value) -> Result<T, E>) -> Result<Page<T>, E> {
        let rows = self.rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Page { rows, total: self.total, max_page_size: self.max_page_size })
    }
}

/// What to do after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Read this page.
    Fetch(u32),
    /// The list is read to its end. `settled` says that the total stood still: only then may a cursor move, or an
    /// absence be believed.
    Drained {
        /// The total was the same on every page, and so many rows came.
        settled: bool,
    },
    /// More pages than allowed; the filter was probably not honoured.
    TooLong,
}

/// The walk over the pages of one list. Pages count from 1.
#[derive(Debug, Clone)]
pub struct Pager {
    page: u32,
    limit: u32,
    seen: u64,
    total: Option<u64>,
    restarts: u32,
    steady: bool,
}

impl Pager {
    /// A walk over at most `limit` pages.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { page: 1, limit, seen: 0, total: None, restarts: 0, steady: true }
    }

    /// The page that is to be read.
    #[must_use]
    pub fn page(&self) -> u32 {
        self.page
    }

    /// Takes the page that was asked for.
    pub fn take<T>(&mut self, page: &Page<T>) -> Turn {
        let rows = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        self.seen = self.seen.saturating_add(rows);
        // An empty page has no row to carry the total.
        if rows > 0 {
            self.steady &= self.page == 1 || page.total == self.total;
            self.total = page.total;
        }
        let ended = rows == 0 || self.total.is_some_and(|total| self.seen >= total);
        if ended {
            self.steady &= self.total.is_none_or(|total| self.seen == total);
        }
        if !self.steady && self.restarts < RESTARTS {
            *self = Self { restarts: self.restarts.saturating_add(1), ..Self::new(self.limit) };
            return Turn::Fetch(self.page);
        }
        if ended {
            return Turn::Drained { settled: self.steady };
        }
        if self.page >= self.limit {
            return Turn::TooLong;
        }
        self.page = self.page.saturating_add(1);
        Turn::Fetch(self.page)
    }
}

#[cfg(test)]
mod tests;
