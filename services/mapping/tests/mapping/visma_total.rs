//! The total that Visma will show, worked out a second time and in another way: whole hundredths in integers, from the
//! invoice alone. Nothing of the crate under test is used.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use visma::invoice::Invoice;

/// Way in which a company rounds VAT: once per code, or on each line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VatRounding {
    PerCode,
    PerLine,
}

/// Rates of the VAT ids in the default mapping file, and of those that tests add to it, in tenths of a per cent.
fn rate(code: &str) -> i128 {
    match code {
        "3" | "SE25" | "DK25" => 250,
        "31" | "CA15" => 150,
        "CA155" => 155,
        "33" | "SE12" => 120,
        "SE06" => 60,
        "FI255" => 255,
        "FI14" => 140,
        "FI10" => 100,
        "5" | "52" | "6" => 0,
        other => panic!("VAT id {other} does not exist in this company"),
    }
}

/// Total of an invoice in hundredths.
pub(crate) fn of(invoice: &Invoice, rounding: VatRounding) -> i128 {
    let mut net: BTreeMap<&str, i128> = BTreeMap::new();
    let mut vat: BTreeMap<&str, i128> = BTreeMap::new();
    let mut total = 0;
    for line in &invoice.lines {
        let amount = hundredths(&line.amount.to_string());
        assert_eq!(multiplied(line.quantity, line.unit_price), amount, "quantity × price is not the amount: {line:?}");
        total += amount;
        *net.entry(&line.vat_code).or_default() += amount;
        *vat.entry(&line.vat_code).or_default() += vat_on(amount, rate(&line.vat_code));
    }
    if rounding == VatRounding::PerCode {
        vat = net.iter().map(|(code, amount)| (*code, vat_on(*amount, rate(code)))).collect();
    }
    for pinned in &invoice.tax_details {
        assert_eq!(hundredths(&pinned.taxable.to_string()), net[pinned.vat_code.as_str()], "{pinned:?}");
        vat.insert(&pinned.vat_code, hundredths(&pinned.vat.to_string()));
    }
    total + vat.values().sum::<i128>()
}

/// VAT on an amount in hundredths, half away from zero.
fn vat_on(amount: i128, tenths: i128) -> i128 {
    let thousandth = (amount * tenths).abs();
    let rounded = (thousandth + 500) / 1000;
    if amount < 0 { -rounded } else { rounded }
}

/// A decimal literal in hundredths, half away from zero, by its digits.
pub(crate) fn hundredths(literal: &str) -> i128 {
    let (negative, digits) = match literal.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, literal),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let padded = format!("{fraction}000");
    let cut: i128 = format!("{whole}{}", &padded[..2]).parse().unwrap();
    let up = i128::from(padded.as_bytes()[2] >= b'5');
    if negative { -(cut + up) } else { cut + up }
}

/// quantity × price in hundredths.
fn multiplied(quantity: Decimal, price: Decimal) -> i128 {
    hundredths(&(quantity * price).to_string())
}

#[test]
fn literals_are_rounded_half_away_from_zero() {
    for (literal, expected) in
        [("237.85", 23785), ("59.065", 5907), ("-59.065", -5907), ("8.7203", 872), ("0", 0), ("100", 10000)]
    {
        assert_eq!(hundredths(literal), expected, "{literal}");
    }
}
