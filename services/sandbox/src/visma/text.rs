//! Numbers and days as the DTOs show them.

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

/// Rounds half away from zero.
pub(super) fn round(amount: Decimal, decimals: u32) -> Decimal {
    amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

/// A decimal as a JSON number, digit for digit.
pub(super) fn number(value: Decimal) -> Value {
    let number: Option<serde_json::Number> = value.to_string().parse().ok();
    number.map_or(Value::Null, Value::Number)
}

/// An amount of money: four decimals.
pub(super) fn money(amount: Decimal) -> Value {
    number(scaled(amount, 4))
}

/// A date as the DTOs show it: midnight of the day.
pub(super) fn day(date: Date) -> String {
    format!("{date}T00:00:00")
}

/// The number with at least so many decimals: the digits that Visma shows.
pub(super) fn scaled(value: Decimal, decimals: u32) -> Decimal {
    let mut scaled = value;
    scaled.rescale(decimals);
    scaled
}
