//! Amounts in two currencies, and Magento's rounding that carries.
//!
//! Every amount of a sales document stands twice: in the website's base currency and in the order's own. Magento works
//! both out apart and never converts a finished one, and so does this.

use std::iter::Sum;
use std::ops::{Add, Mul, Neg, Sub};

use rust_decimal::{Decimal, RoundingStrategy};

/// An amount in the base currency and in the order's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::commerce) struct Pair {
    pub(in crate::commerce) base: Decimal,
    pub(in crate::commerce) own: Decimal,
}

impl Pair {
    pub(in crate::commerce) const ZERO: Self = Self { base: Decimal::ZERO, own: Decimal::ZERO };

    pub(in crate::commerce) fn new(base: Decimal, own: Decimal) -> Self {
        Self { base, own }
    }

    pub(in crate::commerce) fn map(self, of: impl Fn(Decimal) -> Decimal) -> Self {
        Self::new(of(self.base), of(self.own))
    }

    /// Each currency with that of another amount.
    pub(in crate::commerce) fn zip(self, other: Self, of: impl Fn(Decimal, Decimal) -> Decimal) -> Self {
        Self::new(of(self.base, other.base), of(self.own, other.own))
    }

    pub(in crate::commerce) fn min(self, other: Self) -> Self {
        self.zip(other, Decimal::min)
    }

    pub(in crate::commerce) fn cents(self) -> Self {
        self.map(cents)
    }

    /// The part `of / all`; zero of nothing.
    pub(in crate::commerce) fn part(self, of: Decimal, all: Decimal) -> Self {
        self.map(|amount| ratio(amount * of, all))
    }
}

impl Add for Pair {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for Pair {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl Neg for Pair {
    type Output = Self;
    fn neg(self) -> Self {
        self.map(|amount| -amount)
    }
}

impl Mul<Decimal> for Pair {
    type Output = Self;
    fn mul(self, by: Decimal) -> Self {
        self.map(|amount| amount * by)
    }
}

impl Sum for Pair {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::add)
    }
}

/// To two decimals, halves away from zero. What a division left behind the tenth decimal is no reason to round down:
/// PHP rounds to its own precision first.
pub(in crate::commerce) fn cents(amount: Decimal) -> Decimal {
    let exact = amount.round_dp_with_strategy(10, RoundingStrategy::MidpointAwayFromZero);
    exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// To the four decimals of a column in the database.
pub(in crate::commerce) fn stored(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero)
}

/// A quotient; zero where nothing can be divided by.
pub(in crate::commerce) fn ratio(amount: Decimal, by: Decimal) -> Decimal {
    amount.checked_div(by).unwrap_or_default()
}

/// Remainder of the last rounding, added to the next amount (`Magento\Framework\Math\Calculator::deltaRound`).
#[derive(Debug, Default)]
struct Carry(Decimal);

impl Carry {
    fn round(&mut self, amount: Decimal, negative: bool) -> Decimal {
        if amount.is_zero() {
            return amount;
        }
        let sign = if negative { -Decimal::ONE } else { Decimal::ONE };
        let exact = amount + self.0 * sign;
        let rounded = cents(exact);
        self.0 = (exact - rounded) * sign;
        rounded
    }
}

/// The carries of one invoice or credit memo: all its amounts share them, one for each currency, and one more for
/// amounts with tax.
#[derive(Debug, Default)]
pub(in crate::commerce) struct Rounding {
    regular: (Carry, Carry),
    including: (Carry, Carry),
}

impl Rounding {
    pub(in crate::commerce) fn regular(&mut self, amount: Pair) -> Pair {
        let (base, own) = &mut self.regular;
        Pair::new(base.round(amount.base, false), own.round(amount.own, false))
    }

    /// As [`Rounding::regular`], with the carry turned round, as discounts have it.
    pub(in crate::commerce) fn negative(&mut self, amount: Pair) -> Pair {
        let (base, own) = &mut self.regular;
        Pair::new(base.round(amount.base, true), own.round(amount.own, true))
    }

    pub(in crate::commerce) fn including(&mut self, amount: Pair) -> Pair {
        let (base, own) = &mut self.including;
        Pair::new(base.round(amount.base, false), own.round(amount.own, false))
    }
}
