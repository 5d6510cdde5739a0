//! Lists: one page as rows, and the walk over pages.
//!
//! Most lists are bare arrays whose rows each carry `metadata: {totalCount, maxPageSize}`; some come in an envelope,
//! and the envelope has been seen inside an array of one. No list of ours has a promised order, and rows move between
//! pages while they are read: a walk is good only if the total stood still from its first page to its last.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

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
    /// Rows that it has and Visma could not show.
    pub unshown: u64,
}

/// One record of a list: JSON text, and a part of the answer that it came in. A page of a thousand records is one piece
/// of memory, and not a thousand trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(Bytes);

/// A body that is no list in any of the known shapes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither an array of rows nor an envelope with `records`")]
pub struct NotAList;

/// A list in an envelope.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(default)]
    total_count: Value,
    #[serde(borrow)]
    records: Option<Vec<&'a RawValue>>,
}

/// A row's own figures of its list.
#[derive(Deserialize)]
struct Figures {
    #[serde(default)]
    metadata: Value,
}

impl Row {
    /// The record as Visma sent it.
    #[must_use]
    pub fn text(&self) -> &str {
        // It is part of a text that was read as JSON, so it is UTF-8.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// A record that came by itself; nothing when it is no text.
    #[must_use]
    pub fn alone(body: Bytes) -> Option<Self> {
        std::str::from_utf8(&body).is_ok().then_some(Self(body))
    }

    /// The part `text` of `body`.
    fn of(body: &Bytes, text: &RawValue) -> Self {
        Self(body.slice_ref(text.get().as_bytes()))
    }
}

impl Page<Row> {
    /// Reads a body in any of the three shapes. An object with nothing in it is a list with nothing in it.
    ///
    /// # Errors
    /// Another shape.
    pub fn read(body: &Bytes) -> Result<Self, NotAList> {
        if let Some(inside) = body.trim_ascii().strip_prefix(b"{") {
            if inside.trim_ascii() == b"}" {
                return Ok(Self { rows: Vec::new(), total: None, max_page_size: None, unshown: 0 });
            }
            return Self::envelope(body, body).ok_or(NotAList);
        }
        let texts: Vec<&RawValue> = serde_json::from_slice(body).map_err(|_| NotAList)?;
        if let [only] = texts.as_slice()
            && let Some(page) = Self::envelope(body, only.get().as_bytes())
        {
            return Ok(page);
        }
        let figures = texts.first().and_then(|first| serde_json::from_str::<Figures>(first.get()).ok());
        let figure = |name| figures.as_ref()?.metadata.get(name).and_then(Value::as_u64);
        let max_page_size = figure("maxPageSize").and_then(|max| max.try_into().ok());
        let rows = texts.into_iter().map(|text| Row::of(body, text)).collect();
        Ok(Self { rows, total: figure("totalCount"), max_page_size, unshown: 0 })
    }

    /// Reads the part of `body` that may be an envelope.
    fn envelope(body: &Bytes, part: &[u8]) -> Option<Self> {
        let Envelope { total_count, records } = serde_json::from_slice(part).ok()?;
        let total = total_count.as_u64();
        // A list without rows may have no list; one that announces rows has some.
        let records = records.or_else(|| (total == Some(0)).then(Vec::new))?;
        let rows = records.into_iter().map(|text| Row::of(body, text)).collect();
        Some(Self { rows, total, max_page_size: None, unshown: 0 })
    }
}

impl<T> Page<T> {
    /// The rows as something else, or the first row's error.
    ///
    /// # Errors
    /// The error of the first row that cannot be read.
    pub fn each<U, E>(&self, read: impl FnMut(&T) -> Result<U, E>) -> Result<Page<U>, E> {
        let rows = self.rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Page { rows, total: self.total, max_page_size: self.max_page_size, unshown: self.unshown })
    }

    /// The rows as something else.
    #[must_use]
    pub fn map<U>(self, read: impl FnMut(T) -> U) -> Page<U> {
        let rows = self.rows.into_iter().map(read).collect();
        Page { rows, total: self.total, max_page_size: self.max_page_size, unshown: self.unshown }
    }
}

/// The next step after a page.
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
        let rows = u64::try_from(page.rows.len()).unwrap_or(u64::MAX).saturating_add(page.unshown);
        self.seen = self.seen.saturating_add(rows);
        // A page that shows no row has none to carry the total.
        if !page.rows.is_empty() {
            self.steady &= self.page == 1 || self.total.is_none() || page.total == self.total;
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
