//! The search grammar of Commerce's list endpoints, kept to what all releases read and sign alike.
//!
//! Filters of one group are alternatives, groups all apply. Three traps shape this builder: a sort without a direction
//! means descending, a list without a page size returns everything there is, and a number of two digits in a parameter
//! name breaks the OAuth signature, so that at most ten groups, filters and sort keys can be told apart. Where more
//! values are meant, [`Filter::one_of`] puts them in one.

use std::fmt::Display;
use std::num::NonZeroU32;

use crate::encoding::encode;

/// Indices that a signature survives: 0 to 9.
const MAX_INDICES: usize = 10;

/// Rows of a page. Commerce can be set to refuse more than 300, which is its default limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u32);

impl PageSize {
    /// Largest page that every installation takes.
    pub const MAX: Self = Self(300);

    /// A page of this many rows.
    ///
    /// # Errors
    /// For 0, which means "everything" to Commerce, and for more than [`PageSize::MAX`].
    pub fn new(rows: u32) -> Result<Self, SearchError> {
        if rows == 0 || rows > Self::MAX.0 { Err(SearchError::PageSize(rows)) } else { Ok(Self(rows)) }
    }

    /// Rows of a full page.
    pub fn rows(self) -> u32 {
        self.0
    }
}

impl Default for PageSize {
    /// 100 rows: about 2 MB of orders, in one to two seconds.
    fn default() -> Self {
        Self(100)
    }
}

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// One condition on one column. Only columns of the table itself can be searched: others answer 500.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    field: String,
    condition: &'static str,
    value: String,
}

impl Filter {
    fn new(field: &str, condition: &'static str, value: impl Display) -> Self {
        Self { field: field.to_owned(), condition, value: value.to_string() }
    }

    /// The column equals the value.
    pub fn equal(field: &str, value: impl Display) -> Self {
        Self::new(field, "eq", value)
    }

    /// The column is greater than the value.
    pub fn greater(field: &str, value: impl Display) -> Self {
        Self::new(field, "gt", value)
    }

    /// The column is the value or greater.
    pub fn at_least(field: &str, value: impl Display) -> Self {
        Self::new(field, "gteq", value)
    }

    /// The column is the value or less.
    pub fn at_most(field: &str, value: impl Display) -> Self {
        Self::new(field, "lteq", value)
    }

    /// The column is none of these ids.
    pub fn none_of(field: &str, ids: &[u64]) -> Self {
        Self::new(field, "nin", ids.iter().map(u64::to_string).collect::<Vec<_>>().join(","))
    }

    /// The column is one of the values.
    ///
    /// # Errors
    /// For no value at all, and for a value with a comma, which Commerce would split.
    pub fn one_of<T: Display>(field: &str, values: impl IntoIterator<Item = T>) -> Result<Self, SearchError> {
        let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        if values.is_empty() {
            return Err(SearchError::NoValues(field.to_owned()));
        }
        if let Some(value) = values.iter().find(|value| value.contains(',')) {
            return Err(SearchError::Comma(value.clone()));
        }
        Ok(Self::new(field, "in", values.join(",")))
    }
}

/// Why a search cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// More groups, filters or sort keys than a signature survives.
    #[error(
        "a search takes at most 10 groups, filters in a group and sort keys, since larger numbers break its signature"
    )]
    TooMany,
    /// A page size that Commerce refuses or takes for "everything".
    #[error("a page has 1 to 300 rows, not {0}")]
    PageSize(u32),
    /// A list of values with nothing in it.
    #[error("no values were given for `{0}`")]
    NoValues(String),
    /// A value that Commerce would take for two.
    #[error("the value `{0}` holds a comma and cannot stand in a list")]
    Comma(String),
}

/// A search that becomes the query of a list request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    groups: Vec<Vec<Filter>>,
    sorts: Vec<(String, Direction)>,
    page_size: PageSize,
    page: NonZeroU32,
    fields: Option<String>,
}

impl Search {
    /// The first page of everything.
    pub fn new(page_size: PageSize) -> Self {
        Self { groups: Vec::new(), sorts: Vec::new(), page_size, page: NonZeroU32::MIN, fields: None }
    }

    /// Adds a condition that every row must meet.
    #[must_use]
    pub fn and(self, filter: Filter) -> Self {
        self.and_any([filter])
    }

    /// Adds conditions of which every row must meet at least one.
    #[must_use]
    pub fn and_any(mut self, filters: impl IntoIterator<Item = Filter>) -> Self {
        self.groups.push(filters.into_iter().collect());
        self
    }

    /// Adds a sort key; the first one given counts most. Pages are stable only when `entity_id` is the last one.
    #[must_use]
    pub fn sort(mut self, field: &str, direction: Direction) -> Self {
        self.sorts.push((field.to_owned(), direction));
        self
    }

    /// Asks for another page than the first; pages count from 1.
    #[must_use]
    pub fn page(mut self, page: NonZeroU32) -> Self {
        self.page = page;
        self
    }

    /// Asks for some fields only, as `items[entity_id,updated_at],total_count`. It saves bytes, hardly time.
    #[must_use]
    pub fn fields(mut self, fields: &str) -> Self {
        self.fields = Some(fields.to_owned());
        self
    }

    /// The query, without `?`, percent-encoded as it is signed.
    ///
    /// # Errors
    /// [`SearchError::TooMany`] above ten groups, filters of a group, or sort keys.
    pub fn query(&self) -> Result<String, SearchError> {
        let longest = self.groups.iter().map(Vec::len).chain([self.groups.len(), self.sorts.len()]).max();
        if longest.unwrap_or(0) > MAX_INDICES {
            return Err(SearchError::TooMany);
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (group, filters) in self.groups.iter().enumerate() {
            for (index, filter) in filters.iter().enumerate() {
                let name = |part| format!("searchCriteria[filterGroups][{group}][filters][{index}][{part}]");
                pairs.push((name("field"), filter.field.clone()));
                pairs.push((name("value"), filter.value.clone()));
                pairs.push((name("conditionType"), filter.condition.to_owned()));
            }
        }
        for (index, (field, direction)) in self.sorts.iter().enumerate() {
            let name = |part| format!("searchCriteria[sortOrders][{index}][{part}]");
            let direction = match direction {
                Direction::Ascending => "ASC",
                Direction::Descending => "DESC",
            };
            pairs.push((name("field"), field.clone()));
            pairs.push((name("direction"), direction.to_owned()));
        }
        pairs.push(("searchCriteria[pageSize]".to_owned(), self.page_size.0.to_string()));
        pairs.push(("searchCriteria[currentPage]".to_owned(), self.page.to_string()));
        if let Some(fields) = &self.fields {
            pairs.push(("fields".to_owned(), fields.clone()));
        }
        let encoded =
            pairs.iter().map(|(name, value)| format!("{}={}", encode(name.as_bytes()), encode(value.as_bytes())));
        Ok(encoded.collect::<Vec<_>>().join("&"))
    }
}

#[cfg(test)]
mod tests;
