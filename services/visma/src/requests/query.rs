//! Query strings from a closed set of parameters, so that a misspelt one cannot be sent.

use std::fmt;

use percent_encoding::percent_encode;

use super::RESERVED;
use crate::stamp::Stamp;

/// Parameters of lists. Every filter exists on every list that it is used with (service description of 2026).
#[derive(Debug, Clone, Copy)]
pub(super) enum Param<'a> {
    Page {
        number: u32,
        size: u32,
    },
    ExternalReference(&'a str),
    Email(&'a str),
    Customer(&'a str),
    /// `YYYY-MM-DD`. Its condition knows no "equal", so both bounds are the caller's to check.
    DocumentFrom(&'a str),
    /// Not without its condition: alone it filters nothing.
    CreatedSince(Stamp),
    /// Not without its condition: alone it filters nothing.
    ModifiedSince(Stamp),
    ExpandTaxDetails,
    ExpandSegmentValues,
    IncludeCustomFields,
}

/// The parameters, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Query(String);

impl Query {
    pub(super) fn with(self, param: Param<'_>) -> Self {
        match param {
            Param::Page { number, size } => {
                self.pair("pageNumber", &number.to_string()).pair("pageSize", &size.to_string())
            }
            Param::ExternalReference(reference) => self.pair("externalReference", reference),
            Param::Email(email) => self.pair("email", email),
            Param::Customer(number) => self.pair("customer", number),
            Param::DocumentFrom(date) => self.pair("docDate", date).pair("docDateCondition", ">="),
            Param::CreatedSince(stamp) => self.since("createdDateTime", stamp),
            Param::ModifiedSince(stamp) => self.since("lastModifiedDateTime", stamp),
            Param::ExpandTaxDetails => self.pair("expandTaxDetails", "true"),
            Param::ExpandSegmentValues => self.pair("expandSegmentsValues", "true"),
            Param::IncludeCustomFields => self.pair("includeCustomFreeFields", "true"),
        }
    }

    /// Rows share milliseconds, so the condition includes the moment itself.
    fn since(self, name: &str, stamp: Stamp) -> Self {
        self.pair(name, &stamp.to_string()).pair(&format!("{name}Condition"), ">=")
    }

    fn pair(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(percent_encode(value.as_bytes(), RESERVED));
        self
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
