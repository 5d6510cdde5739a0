//! When something was made, by the calendar of the company that books it.
//!
//! Commerce keeps its times in UTC whatever time zone the store shows. An order of 23:30 UTC on the last of a month
//! belongs to the next month in Oslo, and thus to another VAT period.

use commerce::order::Order;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use problem::Code;

use crate::decision::Refusal;
use crate::document::{DocumentKind, Name};
use crate::file::Mapping;
use crate::refusal::refuse;

/// When an order was placed, in the company's time zone.
///
/// # Errors
/// When the order does not say, or not in Commerce's form.
pub(crate) fn placed(order: &Order, mapping: &Mapping) -> Result<DateTime, Refusal> {
    local(order.created_at.as_deref(), Name::new(DocumentKind::Order, &order.increment_id), mapping)
}

/// A time of Commerce (`2026-01-31 08:00:11`, UTC) in the company's time zone.
///
/// # Errors
/// When there is none, or it is not in that form.
pub(crate) fn local(utc: Option<&str>, name: Name<'_>, mapping: &Mapping) -> Result<DateTime, Refusal> {
    optional(utc, mapping).ok_or_else(|| {
        let sentence =
            format!("{} has no readable date: created_at is \"{}\".", name.capital(), utc.unwrap_or_default());
        refuse(Code::NoDate, sentence)
    })
}

/// As [`local`], where nothing depends on it.
pub(crate) fn optional(utc: Option<&str>, mapping: &Mapping) -> Option<DateTime> {
    let utc: DateTime = utc?.parse().ok()?;
    let zoned = utc.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.with_time_zone(mapping.time_zone.clone()).datetime())
}
