//! Checks whether a rate explains a tax: base × rate is the tax, as far as the shop rounds.
//!
//! Commerce rounds tax on each piece, on each row, or once with a remainder that it carries from row to row; where its
//! prices contain tax, the base is rounded too. Measured on 2,200 rows of 441 orders, 423 invoices and 257 credit
//! memos, tax is within two hundredths of base × rate, or it is a rounded amount for each piece.

use rust_decimal::{Decimal, RoundingStrategy};

use super::MoneyLine;

/// Tax is rounded by each of two roundings: its own, and what earlier rows carry over or the base was rounded by.
const ROUNDINGS: Decimal = Decimal::TWO;

/// No tax has a lower rate than this, in percent, other than none: what it was charged on can be worked out.
pub(super) const LOWEST: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// How a shop rounds the tax of one line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds {
    /// The smallest amount that the shop rounds to.
    unit: Decimal,
    /// How many pieces may have been rounded one by one.
    pieces: Decimal,
    /// How often a tax was rounded where others are once.
    times: Decimal,
}

impl Rounds {
    /// As a shop that rounds to this unit may round the tax of this line.
    pub(crate) fn of(line: &MoneyLine<'_>, unit: Decimal) -> Self {
        let pieces = line.pieces.unwrap_or(line.quantity);
        let times = if line.left { Decimal::TWO } else { Decimal::ONE };
        Self { times, ..Self::of_pieces(pieces, unit) }
    }

    /// As it may round the tax of so many pieces.
    pub(crate) fn of_pieces(pieces: Decimal, unit: Decimal) -> Self {
        Self { unit, pieces, times: Decimal::ONE }
    }

    /// Checks whether the tax is this rate, in percent, of the base.
    pub(crate) fn explains(self, base: Decimal, rate: Decimal, tax: Decimal) -> bool {
        self.within(ROUNDINGS, base, rate, tax)
    }

    /// As [`explains`](Self::explains), with no more than one rounding.
    pub(crate) fn explains_closely(self, base: Decimal, rate: Decimal, tax: Decimal) -> bool {
        self.within(Decimal::ONE, base, rate, tax)
    }

    /// The least and the most of which this rate explains the tax; `None` where a rate says nothing of that.
    pub(crate) fn bases(self, rate: Decimal, tax: Decimal) -> Option<(Decimal, Decimal)> {
        let base = |tax: Decimal| (tax * Decimal::ONE_HUNDRED).checked_div(rate);
        let off = self.off(ROUNDINGS, tax);
        if rate < LOWEST { None } else { Some((base(tax - off)?, base(tax + off)?)) }
    }

    fn within(self, roundings: Decimal, base: Decimal, rate: Decimal, tax: Decimal) -> bool {
        (base * rate / Decimal::ONE_HUNDRED - tax).abs() <= self.off(roundings, tax)
    }

    /// How far the tax may be from base × rate.
    fn off(self, roundings: Decimal, tax: Decimal) -> Decimal {
        let off = self.unit * roundings * self.times;
        if self.is_by_piece(tax) { off.max(self.unit * self.pieces.abs()) } else { off }
    }

    /// Checks whether the tax is a rounded amount for each piece.
    fn is_by_piece(self, tax: Decimal) -> bool {
        let Some(each) = tax.checked_div(self.pieces) else { return false };
        let each = each.round_dp_with_strategy(self.unit.scale(), RoundingStrategy::MidpointAwayFromZero);
        (each * self.pieces - tax).abs() <= self.unit / Decimal::TWO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explains(pieces: &str, base: &str, rate: &str, tax: &str) -> bool {
        let [pieces, base, rate, tax] = [pieces, base, rate, tax].map(|text| text.parse().unwrap());
        Rounds { unit: Decimal::new(1, 2), pieces, times: Decimal::ONE }.explains(base, rate, tax)
    }

    #[test]
    fn two_roundings_are_the_shops_own_and_three_are_not() {
        assert!(explains("1", "100", "25", "25.02"));
        assert!(!explains("1", "100", "25", "25.03"));
        assert!(!explains("1", "100", "25", "0"));
    }

    #[test]
    fn many_pieces_may_be_off_by_as_many_roundings_if_each_piece_has_a_rounded_tax() {
        // 40 × 5.01: 1.2525 on each piece is 1.25.
        assert!(explains("40", "200.40", "25", "50.00"));
        // No amount of two places on each of 40 pieces makes 50.07.
        assert!(!explains("40", "200.40", "25", "50.07"));
        // 40 × 0.40 is a rounded tax for each piece, but far from the rate.
        assert!(!explains("40", "200.40", "25", "16.00"));
        assert!(!explains("40", "200.40", "25", "0"));
    }
}
