//! Documents by id, as text, with the columns that can be filtered and sorted by.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::search::columns::{Comparison, Source};
use super::text::{self, Member};

/// One document: its exact text, and where its members are.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    text: Arc<str>,
    members: Arc<[Member]>,
}

/// The value of a column in one row, as the database compares it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    /// Absent or null. Sorts first, and no comparison with it holds.
    Null,
    /// A number, by value.
    Number(Decimal),
    /// A text, in small letters: the usual collation ignores case.
    Text(String),
}

impl Document {
    /// Takes a JSON object whose text was checked.
    pub(crate) fn new(text: &str) -> Self {
        Self { text: Arc::from(text), members: text::members(text).into() }
    }

    /// The exact text.
    pub(crate) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The JSON text of a member.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        let member = self.members.iter().find(|member| member.name == name)?;
        self.text.get(member.value.clone())
    }

    /// A member that is a string, decoded.
    pub(crate) fn string(&self, name: &str) -> Option<Cow<'_, str>> {
        let raw = self.member(name)?;
        let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            serde_json::from_str::<String>(raw).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// A member that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<Decimal> {
        let raw = self.member(name)?;
        raw.parse().ok().or_else(|| Decimal::from_scientific(raw).ok())
    }

    /// Value that the database would hold in this column.
    pub(crate) fn cell(&self, column: &Source) -> Cell {
        match column.kind {
            Comparison::Number => self.number(column.member).map_or(Cell::Null, Cell::Number),
            Comparison::Time => self.string(column.member).map_or(Cell::Null, |text| Cell::Text(text.into_owned())),
            Comparison::Text => self.string(column.member).map_or(Cell::Null, |text| Cell::Text(text.to_lowercase())),
        }
    }

    /// This document with several members set to JSON texts, or taken out.
    pub(crate) fn edited(&self, changes: &[(String, Option<String>)]) -> Self {
        if changes.is_empty() { self.clone() } else { Self::new(&text::edited(&self.text, changes)) }
    }

    /// This document with a member set to a JSON text.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        Self::new(&text::with(&self.text, name, value))
    }
}

/// Documents of one kind, in the order of their ids.
pub(crate) type Table = BTreeMap<u64, Document>;
