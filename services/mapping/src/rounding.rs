//! Rounding, in one place and in one way: half away from zero, as Commerce and Visma both do it.

use problem::Code;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::decision::Refusal;
use crate::document::Name;
use crate::refusal::refuse;

/// Rounds to a currency's decimals, with exactly that many places.
pub(crate) fn round(amount: Decimal, decimals: u32) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(decimals);
    // A negative zero prints as "-0.00".
    if rounded.is_zero() { rounded.abs() } else { rounded }
}

/// The gap that a rounding line has to close for Visma's document to have the total of Commerce's.
///
/// # Errors
/// When it is larger than what the company allows to book as rounding.
pub(crate) fn gap(
    (name, currency): (Name<'_>, &str),
    total: Decimal,
    visma: Decimal,
    limit: Decimal,
) -> Result<Decimal, Refusal> {
    let gap = total - visma;
    if gap.abs() <= limit {
        return Ok(gap);
    }
    let sentence = format!(
        "The total of {name} is {total} {currency}, but in Visma it would come to {visma} {currency}. The difference \
         of {gap} {currency} is more than the {limit} {currency} that may be booked as rounding, so it needs a look.",
    );
    Err(refuse(Code::RoundingAboveLimit, sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_away_from_zero_and_keeps_the_places() {
        for (amount, decimals, expected) in [
            ("59.065", 2, "59.07"),
            ("-59.065", 2, "-59.07"),
            ("100", 2, "100.00"),
            ("-0.004", 2, "0.00"),
            ("1.7763568394003e-15", 2, "0.00"),
            ("1234.5", 0, "1235"),
            ("0.0005", 3, "0.001"),
        ] {
            let amount = amount.parse().or_else(|_| Decimal::from_scientific(amount)).unwrap();
            assert_eq!(round(amount, decimals).to_string(), expected);
        }
    }

    #[test]
    fn a_gap_at_the_limit_is_booked_and_one_above_is_told_with_both_amounts() {
        let amount = |text: &str| text.parse::<Decimal>().unwrap();
        let (limit, name) = (amount("0.50"), Name::new(crate::document::DocumentKind::Order, "42"));
        assert_eq!(gap((name, "NOK"), amount("100.00"), amount("100.50"), limit).unwrap(), amount("-0.50"));
        let refusal = gap((name, "NOK"), amount("100.00"), amount("99.49"), limit).unwrap_err();
        assert_eq!(refusal.code, Code::RoundingAboveLimit);
        assert!(refusal.sentence.contains("100.00 NOK") && refusal.sentence.contains("99.49 NOK"), "{refusal}");
    }
}
