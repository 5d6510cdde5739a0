//! One condition on one cell, as the database decides it.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::columns::Comparison;
use crate::commerce::table::Cell;

/// True when the condition holds. A null is never equal, unequal, greater or smaller.
pub(crate) fn holds(kind: Comparison, cell: &Cell, condition: &str, value: &str) -> bool {
    match condition {
        "null" => return *cell == Cell::Null,
        "notnull" => return *cell != Cell::Null,
        _ if *cell == Cell::Null => return false,
        _ => {}
    }
    let order = |value: &str| cell.cmp(&operand(kind, value));
    match condition {
        "neq" => order(value).is_ne(),
        "gt" => order(value) == Ordering::Greater,
        "gteq" | "moreq" | "from" => order(value).is_ge(),
        "lt" => order(value) == Ordering::Less,
        "lteq" | "to" => order(value).is_le(),
        "in" => value.split(',').any(|one| order(one).is_eq()),
        "nin" => !value.split(',').any(|one| order(one).is_eq()),
        "like" => like(&shown(cell), &value.to_lowercase()),
        "nlike" => !like(&shown(cell), &value.to_lowercase()),
        "finset" => in_set(cell, value),
        "nfinset" => !in_set(cell, value),
        // `eq`, and whatever is no condition at all.
        _ => order(value).is_eq(),
    }
}

/// Turns a value into the cell that is compared with a column of this kind.
fn operand(kind: Comparison, value: &str) -> Cell {
    match kind {
        Comparison::Number => Cell::Number(leading_number(value)),
        Comparison::Time => Cell::Text(moment(value)),
        Comparison::Text => Cell::Text(value.to_lowercase()),
    }
}

/// The number that a text begins with; 0 without one.
fn leading_number(value: &str) -> Decimal {
    let value = value.trim_start();
    let numeric = |(at, c): &(usize, char)| c.is_ascii_digit() || *c == '.' || (*at == 0 && matches!(c, '-' | '+'));
    let digits: String = value.char_indices().take_while(numeric).map(|(_, c)| c).collect();
    digits.trim_end_matches('.').parse().unwrap_or_default()
}

/// A point in time in the column's own form. A date alone is its midnight; `T`, `Z` and fractions are taken; what is no
/// time at all is the zero date.
fn moment(value: &str) -> String {
    const ZERO: &str = "0000-00-00 00:00:00";
    let value = value.trim().trim_end_matches('Z').replacen('T', " ", 1);
    let whole = value.split_once('.').map_or(value.as_str(), |(whole, _)| whole);
    let full = format!("{whole}{}", ZERO.get(whole.len().min(ZERO.len())..).unwrap_or_default());
    let shaped = full.len() == ZERO.len()
        && full.chars().zip(ZERO.chars()).all(|(c, z)| if z == '0' { c.is_ascii_digit() } else { c == z });
    if shaped { full } else { ZERO.to_owned() }
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Number(number) => number.normalize().to_string(),
        Cell::Text(text) => text.clone(),
    }
}

fn in_set(cell: &Cell, value: &str) -> bool {
    shown(cell).split(',').any(|one| one == value.to_lowercase())
}

/// SQL's LIKE: `%` for any text, `_` for one character, a backslash before either for itself.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // `reached[i]`: the pattern so far matches the first i characters.
    let mut reached = vec![false; text.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    let mut pattern = pattern.chars();
    while let Some(token) = pattern.next() {
        if token == '%' {
            let mut any = false;
            for here in &mut reached {
                any |= *here;
                *here = any;
            }
            continue;
        }
        let wanted = match token {
            '_' => None,
            '\\' => Some(pattern.next().unwrap_or('\\')),
            plain => Some(plain),
        };
        let mut before = false;
        for (here, letter) in reached.iter_mut().zip(std::iter::once(None).chain(text.iter().map(Some))) {
            let matched = before && letter.is_some_and(|letter| wanted.is_none_or(|wanted| wanted == *letter));
            before = std::mem::replace(here, matched);
        }
    }
    reached.last().copied().unwrap_or(false)
}
