//! Money as text: a JSON number literal becomes a [`Decimal`] without ever having been a float.
//!
//! Commerce computes some fields in floats and prints what is left, so that literals such as `1.7763568394003e-15`
//! reach us beside `100` and `59.065`. A literal is therefore taken apart by hand: the exponent moves the point, what
//! lies beyond the 28 places of [`Decimal`] is rounded away, and only what is too large to hold is an error.

use rust_decimal::Decimal;

/// Longest literal that is looked at: far above any amount, far below what could cost time.
const MAX_LITERAL: usize = 128;
/// Places that [`Decimal`] holds behind the point.
const MAX_SCALE: i64 = 28;
/// Digits kept behind the point before the rounding to [`MAX_SCALE`], so that it sees what it rounds away.
const MAX_FRACTION: i64 = MAX_SCALE + 2;
/// Digits before the point: far above any amount, and far below the 29 of [`Decimal`], whose sums end the process when
/// they overflow. Here is the border where that is held: the sum of all amounts of a document stays within it.
const MAX_INTEGER: i64 = 18;

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not a JSON number.
    #[error("`{0}` is not a decimal number")]
    Syntax(String),
    /// A number, but larger than any amount can be (18 digits).
    #[error("`{0}` is too large for an amount")]
    OutOfRange(String),
}

/// Reads one decimal literal: digits with an optional sign, point and exponent (`100`, `59.065`, `5.55E-17`).
///
/// Places beyond the 28th are rounded. Space around the number is an error, as in JSON.
///
/// # Errors
/// [`DecimalError::Syntax`] for anything else, [`DecimalError::OutOfRange`] for 19 digits or more before the point.
pub fn parse(text: &str) -> Result<Decimal, DecimalError> {
    let literal = Literal::parse(text).ok_or_else(|| DecimalError::Syntax(excerpt(text)))?;
    let Some(plain) = literal.plain() else { return Err(DecimalError::OutOfRange(excerpt(text))) };
    plain.parse::<Decimal>().map(|amount| amount.normalize()).map_err(|_| DecimalError::OutOfRange(excerpt(text)))
}

/// A number as `±digits × 10^exponent`, without leading or trailing zeros in `digits`; zero is `0 × 10^0`.
struct Literal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Literal {
    fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LITERAL {
            return None;
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let only_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !only_digits(whole) || !only_digits(fraction) {
            return None;
        }
        let joined = format!("{whole}{fraction}");
        let significant = joined.trim_end_matches('0');
        let dropped = i64::try_from(joined.len() - significant.len()).ok()?;
        let exponent = i64::from(power) - i64::try_from(fraction.len()).ok()? + dropped;
        let digits = significant.trim_start_matches('0');
        if digits.is_empty() {
            return Some(Self { negative: false, digits: "0".to_owned(), exponent: 0 });
        }
        Some(Self { negative, digits: digits.to_owned(), exponent })
    }

    /// The number without an exponent; `None` when it has too many digits before the point.
    fn plain(&self) -> Option<String> {
        let length = i64::try_from(self.digits.len()).ok()?;
        let point = length + self.exponent;
        if point > MAX_INTEGER {
            return None;
        }
        let sign = if self.negative { "-" } else { "" };
        if point < -MAX_FRACTION {
            return Some("0".to_owned());
        }
        if point <= 0 {
            let zeros = "0".repeat(usize::try_from(-point).ok()?);
            return Some(format!("{sign}0.{zeros}{}", self.digits));
        }
        if self.exponent >= 0 {
            let zeros = "0".repeat(usize::try_from(self.exponent).ok()?);
            return Some(format!("{sign}{}{zeros}", self.digits));
        }
        let (whole, fraction) = self.digits.split_at_checked(usize::try_from(point).ok()?)?;
        Some(format!("{sign}{whole}.{fraction}"))
    }
}

/// At most 40 characters of a text, for a message.
fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests;
