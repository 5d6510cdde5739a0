//! The query of a list: filters, the delta filter with its traps, and pages.
//!
//! Unknown parameters are ignored, a time stamp without its condition is no filter, and a page that is asked too
//! large is cut in silence: each of these gives 200 with other rows than were meant.

use std::collections::HashMap;

use jiff::civil::DateTime;

use super::dto;
use super::reply::VismaRefusal;

/// The parameters of a list, by name in lower case.
#[derive(Debug, Default)]
pub(super) struct Query(HashMap<String, String>);

/// A comparison with a point of wall clock time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Since {
    condition: Condition,
    at: DateTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    After,
    Before,
    AtOrAfter,
    AtOrBefore,
}

/// The page that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// How many elements come before it.
    pub(super) skip: usize,
    /// How many elements it has at most.
    pub(super) size: usize,
}

impl Query {
    /// Reads the query of a URL.
    pub(super) fn read(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Self(pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned())).collect())
    }

    /// A parameter by its name in lower case; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// True when a parameter says true.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// True when a text parameter is absent or equals `value`, in any case.
    pub(super) fn fits(&self, name: &str, value: Option<&str>) -> bool {
        self.get(name).is_none_or(|wanted| value.is_some_and(|value| value.eq_ignore_ascii_case(wanted)))
    }

    /// A date-time filter with its condition, when both are there.
    ///
    /// # Errors
    /// A time stamp in another format than the five documented ones, or another condition than `>`, `<`, `>=`, `<=`.
    pub(super) fn since(&self, name: &str) -> Result<Option<Since>, VismaRefusal> {
        let (Some(at), Some(condition)) = (self.get(name), self.get(&format!("{name}condition"))) else {
            return Ok(None);
        };
        let condition = match condition {
            ">" => Condition::After,
            "<" => Condition::Before,
            ">=" => Condition::AtOrAfter,
            "<=" => Condition::AtOrBefore,
            other => return Err(VismaRefusal::Invalid(format!("The condition '{other}' of {name} is not valid."))),
        };
        let at = dto::date_time(at)
            .ok_or_else(|| VismaRefusal::Invalid(format!("The value '{at}' is not valid for the parameter {name}.")))?;
        Ok(Some(Since { condition, at }))
    }

    /// The page; a size over `max` is limited to it.
    pub(super) fn page(&self, max: usize) -> Page {
        let number = |name: &str| self.get(name).and_then(|value| value.parse::<usize>().ok()).filter(|n| *n > 0);
        let size = number("pagesize").unwrap_or(max).min(max);
        Page { skip: (number("pagenumber").unwrap_or(1) - 1).saturating_mul(size), size }
    }
}

impl Since {
    /// True when a point of time fits; an absent filter fits always.
    pub(super) fn fits(filter: Option<Self>, value: DateTime) -> bool {
        filter.is_none_or(|filter| match filter.condition {
            Condition::After => value > filter.at,
            Condition::Before => value < filter.at,
            Condition::AtOrAfter => value >= filter.at,
            Condition::AtOrBefore => value <= filter.at,
        })
    }
}
