//! A thing that the shop taxed in parts, each at a rate of its own: a line for each.
//!
//! Shops do so with shipping, in proportion to what is shipped, and with gift wraps of items. An entry's tax and rate
//! give its base. What a document has of a thing is split as the order's was.

use commerce::order::AppliedTax;
use rust_decimal::{Decimal, RoundingStrategy};

use super::MoneyLine;
use super::explain::LOWEST;

/// Taxes are kept with four decimals.
const STORED: u32 = 4;

/// Part of a thing that is taxed at one rate.
struct Part<'a> {
    rate: Decimal,
    codes: Vec<&'a str>,
    /// Tax on the order.
    tax: Decimal,
    /// Base that the tax was charged on.
    base: Decimal,
}

/// A line for each rate; `None` when the entries do not say how the thing is split.
pub(super) fn split<'a>(line: &MoneyLine<'a>, applied: &[&'a AppliedTax], unit: Decimal) -> Option<Vec<MoneyLine<'a>>> {
    let mut parts = parts(applied)?;
    // Without tax there is nothing that could be split in its proportion.
    if parts.len() < 2 || line.tax.is_zero() {
        return None;
    }
    let charged: Decimal = parts.iter().map(|part| part.tax).sum();
    let taxed: Decimal = parts.iter().map(|part| part.base).sum();
    if let Some(free) = parts.iter_mut().find(|part| part.rate.is_zero()) {
        // An entry of 0 % has no tax that could give its base: it is what the others leave.
        free.base = line.net().checked_mul(charged.checked_div(line.tax)?)?.checked_sub(taxed)?;
    }
    let bases: Vec<Decimal> = parts.iter().map(|part| part.base).collect();
    if bases.iter().any(|base| base.is_sign_negative() != taxed.is_sign_negative() && !base.is_zero()) {
        return None;
    }
    let grosses = apportion(line.gross, &bases, unit.scale())?;
    let discounts = apportion(line.discount, &bases, unit.scale())?;
    let taxes = apportion(line.tax, &parts.iter().map(|part| part.tax).collect::<Vec<_>>(), STORED)?;
    let lines = parts.into_iter().zip(grosses).zip(discounts).zip(taxes);
    let lines = lines.map(|(((part, gross), discount), tax)| MoneyLine {
        description: format!("{} ({} %)", line.description, part.rate.normalize()),
        quantity: Decimal::ONE,
        gross,
        discount,
        tax,
        rate: part.rate,
        tax_codes: part.codes,
        ..line.clone()
    });
    Some(lines.filter(|line| !line.gross.is_zero() || !line.tax.is_zero()).collect())
}

/// Checks whether the bases of taxes of several rates add up to the thing, after its discount or before.
pub(super) fn makes_up(applied: &[&AppliedTax], ordered: &MoneyLine<'_>, unit: Decimal) -> bool {
    let Some(parts) = parts(applied).filter(|parts| parts.len() > 1) else { return false };
    if parts.iter().any(|part| part.rate.is_zero()) {
        return false;
    }
    let taxed: Decimal = parts.iter().map(|part| part.base).sum();
    // A tax that is off by one unit has a base that is off by as many as the rate makes of it.
    let off: Decimal = parts.iter().map(|part| unit * Decimal::ONE_HUNDRED / part.rate).sum();
    [ordered.net(), ordered.gross].into_iter().any(|amount| (taxed - amount).abs() <= off)
}

/// The taxes by rate. All of them have one sign.
fn parts<'a>(applied: &[&'a AppliedTax]) -> Option<Vec<Part<'a>>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for tax in applied {
        let rate = tax.percent.filter(|rate| rate.is_zero() || *rate >= LOWEST)?;
        let base = match rate.is_zero() {
            true if tax.amount.is_zero() => Decimal::ZERO,
            true => return None,
            false => tax.amount * Decimal::ONE_HUNDRED / rate,
        };
        match parts.iter_mut().find(|part| part.rate == rate) {
            Some(part) => {
                (part.tax, part.base) = (part.tax + tax.amount, part.base + base);
                part.codes.push(&tax.code);
            }
            None => parts.push(Part { rate, codes: vec![&tax.code], tax: tax.amount, base }),
        }
    }
    let signs = |negative: bool| parts.iter().all(|part| part.tax.is_zero() || part.tax.is_sign_negative() == negative);
    (signs(true) || signs(false)).then_some(parts)
}

/// Shares of an amount in proportion to weights of one sign, rounded; the largest takes what that leaves.
fn apportion(amount: Decimal, weights: &[Decimal], places: u32) -> Option<Vec<Decimal>> {
    let whole = weights.iter().try_fold(Decimal::ZERO, |sum, weight| sum.checked_add(*weight))?;
    let share = |weight: &Decimal| {
        let share = amount.checked_mul(weight.checked_div(whole)?)?;
        Some(share.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero))
    };
    let mut shares = weights.iter().map(share).collect::<Option<Vec<Decimal>>>()?;
    let rest = amount - shares.iter().sum::<Decimal>();
    if let Some(largest) = shares.iter_mut().max_by_key(|share| share.abs()) {
        *largest += rest;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_amount() {
        let decimals = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Decimal>>();
        for (amount, weights, expected) in [
            ("60", &["30", "30"][..], &["30", "30"][..]),
            ("10", &["1", "1", "1"], &["3.33", "3.33", "3.34"]),
            ("-10", &["-2", "-1"], &["-6.67", "-3.33"]),
            ("0", &["2", "1"], &["0", "0"]),
        ] {
            let shares = apportion(amount.parse().unwrap(), &decimals(weights), 2).unwrap();
            assert_eq!(shares, decimals(expected), "{amount}");
        }
        assert_eq!(apportion(Decimal::ONE, &[Decimal::ZERO], 2), None);
    }
}
