//! Money between JSON text and `Decimal`, with no float on the way.
//!
//! `serde_json` is built with `arbitrary_precision`, so that a number keeps the text it was written in.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde::ser::{Error, Serialize, Serializer};
use serde_json::Number;

/// The exact value of a JSON number.
///
/// # Errors
/// More digits than a `Decimal` holds.
pub fn exact(number: &Number) -> Result<Decimal, rust_decimal::Error> {
    parse(number.as_str())
}

/// 10^18: far above any amount, and far below the largest `Decimal`, whose sums end the process when they overflow.
const TOO_LARGE: Decimal = Decimal::from_parts(2_808_348_672, 232_830_643, 0, false, 0);

/// The exact value of a number in JSON's notation, exponent allowed.
///
/// # Errors
/// Not a number, more digits than a `Decimal` holds, or 19 of them before the point.
pub fn parse(text: &str) -> Result<Decimal, rust_decimal::Error> {
    let number =
        if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) }?;
    if number.abs() < TOO_LARGE { Ok(number) } else { Err(rust_decimal::Error::ExceedsMaximumPossibleValue) }
}

/// A `Decimal` that is written as a JSON number with the very digits it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact(pub Decimal);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A sum can leave a negative zero, which JSON would write as `-0.00`.
        let value = if self.0.is_zero() { self.0.abs() } else { self.0 };
        Number::from_str(&value.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_survive_both_ways() {
        for text in ["0.10", "640.0000", "-12.50", "999999999999999999.99", "1.005"] {
            let number: Number = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&Exact(exact(&number).unwrap())).unwrap(), text);
        }
    }

    #[test]
    fn exponents_are_values() {
        assert_eq!(parse("5.55E-17").unwrap(), Decimal::from_str_exact("0.0000000000000000555").unwrap());
        assert_eq!(parse("1e2").unwrap(), Decimal::from(100));
        assert!(parse("12,50").is_err());
        for text in ["1e18", "-1000000000000000000", "1e28", "1e99999", "79228162514264337593543950335"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn zero_has_no_sign() {
        let zero = -Decimal::from_str_exact("0.00").unwrap();
        assert_eq!(serde_json::to_string(&Exact(zero)).unwrap(), "0.00");
    }
}
