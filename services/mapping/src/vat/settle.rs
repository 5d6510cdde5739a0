//! Every tax is explained before it is booked: base × rate is what the shop charged, or a person has said why not.
//!
//! Base × rate per VAT code is what a VAT return is reconciled on. A shop taxes its rows after their discount or before
//! it, all of a document in one way; of a discount that is larger than its row it takes no tax off. What neither
//! explains is booked where a `[[vat_exception]]` of the mapping file says how, and refused otherwise.

use problem::Code;
use rust_decimal::Decimal;

use super::rules::VatRules;
use crate::decision::Refusal;
use crate::file::{BookVat, Limits, VatCode};
use crate::money::MoneyLine;
use crate::money::explain::Rounds;
use crate::refusal::refuse;
use crate::rounding::round;

/// Lines that a refusal tells one by one; a person looks into the document for more.
const TOLD: usize = 5;

/// Lines whose tax is explained.
#[derive(Debug)]
pub(crate) struct Settled<'a> {
    /// Each with its VAT code.
    pub(crate) lines: Vec<(MoneyLine<'a>, VatCode)>,
    /// Tax that is booked beyond what the shop charged; negative when less.
    pub(crate) added: Decimal,
    /// Why lines are booked whose tax no rate explains.
    pub(crate) reasons: Vec<String>,
}

/// Base that a shop taxes: its rows after their discount, or before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taxes {
    AfterDiscount,
    BeforeDiscount,
}

/// Finds country, rate and VAT code of each line, and holds its tax against them.
///
/// # Errors
/// When no VAT rule holds for a line, or its tax is not explained.
pub(crate) fn settle<'a>(
    rules: VatRules<'a>,
    limits: Limits,
    lines: Vec<MoneyLine<'a>>,
) -> Result<Settled<'a>, Refusal> {
    let mut coded = Vec::with_capacity(lines.len());
    for line in lines {
        let line = rated(&rules, limits, line)?;
        coded.push((rules.code(&line)?, line));
    }
    let taxes = Taxes::of(coded.iter().map(|(_, line)| line), limits.unit);
    let mut settled = Settled { lines: Vec::new(), added: Decimal::ZERO, reasons: Vec::new() };
    let mut unexplained = Vec::new();
    for (code, line) in coded {
        if let Some(untaxed_discount) = taxes.untaxed_discount(&line, limits.unit) {
            settled.lines.push((MoneyLine { untaxed_discount, ..line }, code));
            continue;
        }
        let exception = rules.exception(&line);
        let booked =
            exception.and_then(|exception| Some((exception, book(&line, &code, &exception.book, limits.unit)?)));
        match booked {
            Some((exception, lines)) => {
                settled.added += lines.iter().map(|(line, _)| line.tax).sum::<Decimal>() - line.tax;
                settled.reasons.push(format!("{}: {}", line.name(), exception.reason));
                settled.lines.extend(lines);
            }
            None => unexplained.push(tell(&line, &code, rules.document.currency(), limits.unit.scale())),
        }
    }
    if unexplained.is_empty() { Ok(settled) } else { Err(refusal(&rules, &unexplained)) }
}

/// A line with its country and rate.
fn rated<'a>(rules: &VatRules<'a>, limits: Limits, line: MoneyLine<'a>) -> Result<MoneyLine<'a>, Refusal> {
    let line = MoneyLine { country: rules.country(&line)?, ..line };
    Ok(MoneyLine { rate: rules.rate(&line, limits.unit), ..line })
}

/// Lines with their countries and rates, whatever VAT rules there are, each with its discount that the shop did not
/// take off what it taxed.
///
/// # Errors
/// When a line's country is not known.
pub(crate) fn looked_at<'a>(
    rules: &VatRules<'a>,
    limits: Limits,
    lines: Vec<MoneyLine<'a>>,
) -> Result<Vec<MoneyLine<'a>>, Refusal> {
    let mut lines = lines.into_iter().map(|line| rated(rules, limits, line)).collect::<Result<Vec<_>, _>>()?;
    let taxes = Taxes::of(lines.iter(), limits.unit);
    for line in &mut lines {
        line.untaxed_discount = taxes.untaxed_discount(line, limits.unit).unwrap_or_default();
    }
    Ok(lines)
}

impl Taxes {
    /// Chooses the base that explains the tax of more lines; the one after discount where both explain as many.
    fn of<'l>(lines: impl Iterator<Item = &'l MoneyLine<'l>> + Clone, unit: Decimal) -> Self {
        let left = |taxes: Self| lines.clone().filter(|line| taxes.untaxed_discount(line, unit).is_none()).count();
        if left(Self::BeforeDiscount) < left(Self::AfterDiscount) { Self::BeforeDiscount } else { Self::AfterDiscount }
    }

    /// The part of a line's discount that was not taken off what the shop taxed; `None` when its rate does not explain
    /// its tax.
    fn untaxed_discount(self, line: &MoneyLine<'_>, unit: Decimal) -> Option<Decimal> {
        let rounds = Rounds::of(line, unit);
        let explained = |base: Decimal| rounds.explains(base, line.rate, line.tax);
        let net = line.net();
        match self {
            Self::BeforeDiscount => explained(line.gross).then_some(line.discount),
            Self::AfterDiscount if explained(net) => Some(Decimal::ZERO),
            // A discount that was worked out with tax may be larger than the row without: nothing is taxed then.
            Self::AfterDiscount => {
                (net < Decimal::ZERO && line.gross >= Decimal::ZERO && explained(Decimal::ZERO)).then_some(-net)
            }
        }
    }
}

/// The lines of a line whose tax its rate does not explain; `None` where that cannot be.
fn book<'a>(
    line: &MoneyLine<'a>,
    code: &VatCode,
    how: &BookVat,
    unit: Decimal,
) -> Option<Vec<(MoneyLine<'a>, VatCode)>> {
    let (net, places) = (line.net(), unit.scale());
    let one = |amount: Decimal, tax: Decimal| MoneyLine {
        gross: amount,
        discount: Decimal::ZERO,
        quantity: Decimal::ONE,
        tax,
        ..line.clone()
    };
    match how {
        BookVat::Untaxed(code_of_rest) => {
            let other = VatCode { code: code_of_rest.clone(), rate: Decimal::ZERO };
            if line.tax.is_zero() {
                return Some(vec![(MoneyLine { rate: Decimal::ZERO, ..line.clone() }, other)]);
            }
            // The base that the tax was charged on, by its rate; more than there is has another explanation.
            let taxed = round((line.tax * Decimal::ONE_HUNDRED).checked_div(line.rate)?, places);
            let rest = net - taxed;
            let part = taxed.is_sign_negative() == net.is_sign_negative() && taxed.abs() < net.abs();
            let rest = MoneyLine { rate: Decimal::ZERO, ..one(rest, Decimal::ZERO) };
            part.then(|| vec![(one(taxed, line.tax), code.clone()), (rest, other)])
        }
        BookVat::Included => {
            let whole = net + line.tax;
            let net = (whole * Decimal::ONE_HUNDRED).checked_div(Decimal::ONE_HUNDRED + line.rate)?;
            let net = round(net, places);
            Some(vec![(MoneyLine { quantity: line.quantity, ..one(net, whole - net) }, code.clone())])
        }
    }
}

/// A line whose tax is not explained, in words.
fn tell(line: &MoneyLine<'_>, code: &VatCode, currency: &str, places: u32) -> String {
    let amount = |amount: Decimal| round(amount, places);
    let vat = |base: Decimal| amount(base * line.rate / Decimal::ONE_HUNDRED);
    let before = match line.discount.is_zero() {
        true => String::new(),
        false => format!(", or {} {currency} on {} {currency} before discount", vat(line.gross), amount(line.gross)),
    };
    format!(
        "{} (VAT code {}) is {} {currency}, and {} % of that is {} {currency}{before}, but the shop charged {} {currency}",
        line.name(),
        code.code,
        amount(line.net()),
        line.rate.normalize(),
        vat(line.net()),
        amount(line.tax),
    )
}

fn refusal(rules: &VatRules<'_>, unexplained: &[String]) -> Refusal {
    let more = match unexplained.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let told: Vec<&str> = unexplained.iter().take(TOLD).map(String::as_str).collect();
    let sentence = format!(
        "The VAT of {} is not explained by its rates: {}{more}. Find out why the shop charged that. If it is right, a \
         [[vat_exception]] of the mapping file says how it is booked; if not, write the document by hand in Visma.",
        rules.document.name(),
        told.join("; ")
    );
    refuse(Code::VatDiffers, sentence)
}
