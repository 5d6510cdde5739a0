//! When an order was placed, by the calendar of the company that books it.
//!
//! Commerce keeps `created_at` in UTC whatever time zone the store shows. An order of 23:30 UTC on the last of a month
//! belongs to the next month in Oslo, and thus to another VAT period.

use commerce::order::Order;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::decision::Refusal;
use crate::file::Mapping;
use crate::refusal::{code, refuse};

/// When the order was placed, in the company's time zone.
///
/// # Errors
/// When the order does not say, or not in Commerce's form (`2026-01-31 08:00:11`).
pub(crate) fn placed(order: &Order, mapping: &Mapping) -> Result<DateTime, Refusal> {
    let text = order.created_at.as_deref().unwrap_or_default();
    let utc: Option<DateTime> = text.parse().ok();
    let zoned = utc.and_then(|utc| utc.to_zoned(TimeZone::UTC).ok());
    match zoned {
        Some(zoned) => Ok(zoned.with_time_zone(mapping.time_zone.clone()).datetime()),
        None => {
            let sentence = format!("Order {} has no readable date: created_at is \"{text}\".", order.increment_id);
            Err(refuse(code::NO_DATE, sentence))
        }
    }
}
