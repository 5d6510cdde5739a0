//! A document as a list shows it, in the form in which it is compared.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Shown, ShownAccount, ShownVat};
use crate::read::{InvoiceRead, LineRead};

impl Shown {
    /// From a row of a list, or from the document itself.
    #[must_use]
    pub fn of(read: &InvoiceRead) -> Self {
        Self {
            totals: read.total().zip(read.other_total()),
            currency: read.currency.clone(),
            vat_totals: both(read.vat_total_in_currency, read.vat_total),
            vat: vat(read),
            accounts: accounts(&read.lines).unwrap_or_default(),
            customer: read.customer_number.clone(),
            date: read.document_date.map(crate::stamp::Stamp::date),
        }
    }

    /// With the other sign.
    pub(super) fn turned(&self) -> Self {
        let both = |(one, other): (Decimal, Decimal)| (-one, -other);
        let vat = self.vat.iter().map(|vat| ShownVat {
            taxable: -vat.taxable,
            vat: vat.vat.map(|amount| -amount),
            by_line: vat.by_line.map(|amount| -amount),
            ..vat.clone()
        });
        let accounts =
            self.accounts.iter().map(|sum| ShownAccount { amounts: both(sum.amounts), account: sum.account.clone() });
        Self {
            totals: self.totals.map(both),
            vat_totals: self.vat_totals.map(both),
            vat: vat.collect(),
            accounts: accounts.collect(),
            ..self.clone()
        }
    }
}

/// An amount that is shown twice; where one is missing, the other stands for both.
fn both(one: Option<Decimal>, other: Option<Decimal>) -> Option<(Decimal, Decimal)> {
    Some((one.or(other)?, other.or(one)?))
}

fn amounts(line: &LineRead) -> Option<(Decimal, Decimal)> {
    both(line.amount_in_currency, line.amount)
}

/// VAT by code: as the list tells it, else what of it the lines tell. Nothing where one entry does not say its code.
fn vat(read: &InvoiceRead) -> Vec<ShownVat> {
    if read.tax_details.is_empty() {
        return of_lines(&read.lines).unwrap_or_default();
    }
    let entry = |tax: &crate::read::TaxRead| {
        let code = tax.vat_code()?.to_owned();
        let by_line = tax.rate.and_then(|rate| by_line(&read.lines, &code, rate));
        Some(ShownVat { taxable: tax.taxable_amount?, vat: Some(tax.vat_amount?), rate: tax.rate, by_line, code })
    };
    let all: Option<Vec<_>> = read.tax_details.iter().map(entry).collect();
    let Some(mut all) = all else { return Vec::new() };
    // A code without VAT may have no entry; what stands on it is on the lines.
    for of_lines in of_lines(&read.lines).unwrap_or_default() {
        if !all.iter().any(|one| one.code == of_lines.code) {
            all.push(ShownVat { vat: Some(Decimal::ZERO), ..of_lines });
        }
    }
    all
}

fn of_lines(lines: &[LineRead]) -> Option<Vec<ShownVat>> {
    let mut sums: Vec<ShownVat> = Vec::new();
    for line in lines {
        let (code, (amount, _)) = (line.vat_code.as_deref()?, amounts(line)?);
        match sums.iter_mut().find(|sum| sum.code == code) {
            Some(sum) => sum.taxable = sum.taxable.checked_add(amount)?,
            None => {
                let code = code.to_owned();
                sums.push(ShownVat { code, taxable: amount, vat: None, rate: None, by_line: None });
            }
        }
    }
    Some(sums)
}

/// VAT that Visma computes for a code where it rounds on each line.
fn by_line(lines: &[LineRead], code: &str, rate: Decimal) -> Option<Decimal> {
    let mut sum = None;
    for line in lines.iter().filter(|line| line.vat_code.as_deref() == Some(code)) {
        let vat = computed(amounts(line)?.0, rate, 2)?;
        sum = Some(sum.unwrap_or(Decimal::ZERO).checked_add(vat)?);
    }
    sum
}

/// VAT of an amount, rounded half away from zero.
pub(super) fn computed(amount: Decimal, rate: Decimal, decimals: u32) -> Option<Decimal> {
    let exact = amount.checked_mul(rate)?.checked_div(Decimal::ONE_HUNDRED)?;
    Some(exact.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero))
}

fn accounts(lines: &[LineRead]) -> Option<Vec<ShownAccount>> {
    let mut sums: Vec<ShownAccount> = Vec::new();
    for line in lines {
        let (account, (one, other)) = (line.account.as_deref()?, amounts(line)?);
        match sums.iter_mut().find(|sum| sum.account == account) {
            Some(sum) => sum.amounts = (sum.amounts.0.checked_add(one)?, sum.amounts.1.checked_add(other)?),
            None => sums.push(ShownAccount { account: account.to_owned(), amounts: (one, other) }),
        }
    }
    Some(sums)
}
