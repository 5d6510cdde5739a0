//! The form of a list for a person.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use comfy_table::{ContentArrangement, Table, presets};

/// Columns of the table: a wide terminal, and a page when it is piped.
const WIDTH: u16 = 120;

/// A moment as a person reads it: in the company's time zone, to the second.
#[must_use]
pub fn told(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// An empty table with these headings.
pub(crate) fn headed<const COLUMNS: usize>(headings: [&str; COLUMNS]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(headings);
    table
}
