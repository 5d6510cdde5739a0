//! The form of a list for a person.

use comfy_table::{ContentArrangement, Table, presets};

/// Columns of the table: a wide terminal, and a page when it is piped.
const WIDTH: u16 = 120;

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
