//! VAT per code: as Visma computes it from the lines, and as the shop charged it.
//!
//! The shop rounds tax by carrying remainders from line to line, Visma by a rule that it does not publish; in ordinary
//! shops they differ by a few hundredths on half of the invoices, and in shops that tax before discount by much more.
//! Where the company allows it, VAT is pinned to what the shop charged, which is also what the customer paid and what
//! the shop's own VAT report says.

mod rules;
mod settle;

use rust_decimal::Decimal;

use crate::decision::VatAmount;
use crate::file::{VatCode, VatOn};
use crate::rounding::round;

pub(crate) use rules::VatRules;
pub(crate) use settle::{Settled, looked_at, settle};

/// Invoice line with its VAT code, which VAT is computed on.
#[derive(Debug, Clone)]
pub(crate) struct Taxed {
    pub(crate) code: VatCode,
    /// Amount of the line, rounded.
    pub(crate) amount: Decimal,
    /// Tax that the shop charged on it, unrounded.
    pub(crate) charged: Decimal,
}

/// VAT per code as Visma computes it.
pub(crate) fn computed(lines: &[Taxed], on: VatOn, decimals: u32) -> Vec<VatAmount> {
    let tax = |amount: Decimal, code: &VatCode| round(amount * code.rate / Decimal::ONE_HUNDRED, decimals);
    let mut amounts = per_code(lines);
    for amount in &mut amounts {
        let mut of_code = lines.iter().filter(|line| line.code.code == amount.code).peekable();
        amount.vat = match (on, of_code.peek()) {
            (VatOn::Document, Some(first)) => tax(amount.taxable, &first.code),
            (VatOn::Line, _) => of_code.map(|line| tax(line.amount, &line.code)).sum(),
            (VatOn::Document, None) => Decimal::ZERO,
        };
    }
    amounts
}

/// VAT per code as the shop charged it, rounded so that it adds up to the order's tax, rounded.
///
/// Each code is rounded on its own. What that leaves, and tax that the shop shows on no line, goes to the code that
/// `first` names, so that an invoice and what takes it back have it on the same one; else to the code with the most
/// VAT.
pub(crate) fn charged(
    lines: &[Taxed],
    tax_amount: Decimal,
    decimals: u32,
    first: impl FnOnce() -> Option<String>,
) -> Vec<VatAmount> {
    let mut amounts = each_rounded(lines, decimals);
    let rest = round(tax_amount, decimals) - amounts.iter().map(|amount| amount.vat).sum::<Decimal>();
    if rest.is_zero() {
        return amounts;
    }
    let first = first().filter(|first| amounts.iter().any(|amount| amount.code == *first && !amount.vat.is_zero()));
    let takes = first.or_else(|| most(&amounts));
    if let Some(amount) = amounts.iter_mut().find(|amount| takes.as_ref() == Some(&amount.code)) {
        amount.vat += rest;
    }
    amounts
}

/// The code with the most VAT that was charged.
pub(crate) fn first(lines: &[Taxed], decimals: u32) -> Option<String> {
    most(&each_rounded(lines, decimals))
}

fn most(amounts: &[VatAmount]) -> Option<String> {
    let taxed = amounts.iter().filter(|amount| !amount.vat.is_zero());
    taxed.max_by_key(|amount| (amount.vat.abs(), &amount.code)).map(|amount| amount.code.clone())
}

/// VAT per code as the shop charged it, rounded.
fn each_rounded(lines: &[Taxed], decimals: u32) -> Vec<VatAmount> {
    let mut amounts = per_code(lines);
    for amount in &mut amounts {
        let of_code = lines.iter().filter(|line| line.code.code == amount.code);
        amount.vat = round(of_code.map(|line| line.charged).sum(), decimals);
    }
    amounts
}

/// The codes in the order in which they appear, with what is taxable.
fn per_code(lines: &[Taxed]) -> Vec<VatAmount> {
    let mut amounts: Vec<VatAmount> = Vec::new();
    for line in lines {
        match amounts.iter_mut().find(|amount| amount.code == line.code.code) {
            Some(amount) => amount.taxable += line.amount,
            None => amounts.push(VatAmount { code: line.code.code.clone(), taxable: line.amount, vat: Decimal::ZERO }),
        }
    }
    amounts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(code: &str, rate: &str, amount: &str, charged: &str) -> Taxed {
        Taxed {
            code: VatCode { code: code.to_owned(), rate: rate.parse().unwrap() },
            amount: amount.parse().unwrap(),
            charged: charged.parse().unwrap(),
        }
    }

    fn vat(amounts: &[VatAmount]) -> Vec<(String, String, String)> {
        amounts.iter().map(|one| (one.code.clone(), one.taxable.to_string(), one.vat.to_string())).collect()
    }

    fn expect(amounts: &[VatAmount], expected: &[(&str, &str, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(code, net, tax)| (code.to_string(), net.to_string(), tax.to_string())).collect();
        assert_eq!(vat(amounts), expected);
    }

    #[test]
    fn the_document_rounds_once_and_lines_round_each() {
        let lines = [line("3", "25", "0.10", "0"), line("31", "15", "1.00", "0"), line("3", "25", "0.10", "0")];
        expect(&computed(&lines, VatOn::Document, 2), &[("3", "0.20", "0.05"), ("31", "1.00", "0.15")]);
        expect(&computed(&lines, VatOn::Line, 2), &[("3", "0.20", "0.06"), ("31", "1.00", "0.15")]);
    }

    #[test]
    fn half_a_hundredth_goes_away_from_zero() {
        expect(&computed(&[line("3", "25", "-0.10", "0")], VatOn::Document, 2), &[("3", "-0.10", "-0.03")]);
    }

    #[test]
    fn what_rounding_leaves_goes_to_the_code_with_the_most_vat() {
        let lines = [line("3", "25", "40.02", "10.004"), line("31", "15", "0.36", "0.054"), line("5", "0", "7", "0")];
        expect(
            &charged(&lines, "10.058".parse().unwrap(), 2, || None),
            &[("3", "40.02", "10.01"), ("31", "0.36", "0.05"), ("5", "7", "0.00")],
        );
    }

    #[test]
    fn what_rounding_leaves_goes_where_the_orders_went_if_there_is_vat() {
        let lines = [line("3", "25", "40.02", "10.004"), line("31", "15", "0.36", "0.054"), line("5", "0", "7", "0")];
        let left = |first: &str| vat(&charged(&lines, "10.058".parse().unwrap(), 2, || Some(first.to_owned())));
        assert_eq!([&left("31")[0].2, &left("31")[1].2], ["10.00", "0.06"]);
        for other in ["5", "33"] {
            assert_eq!([&left(other)[0].2, &left(other)[1].2], ["10.01", "0.05"], "{other}");
        }
    }

    #[test]
    fn tax_on_no_line_is_not_put_on_a_code_without_vat() {
        expect(&charged(&[line("5", "0", "7", "0")], "0.01".parse().unwrap(), 2, || None), &[("5", "7", "0.00")]);
    }
}
