//! A document as it was booked and as a poll saw it, on the wire and in the form in which both are compared.

use rust_decimal::Decimal;
use visma::compare::{self, Shown, ShownAccount, ShownVat};

use crate::{AccountSum, Booked, Invoice, Malformed, Outcome, TaxDetail, Verification};

impl Booked {
    /// Reads from an invoice's message what it books. The writer adds the customer's number in Visma.
    ///
    /// # Errors
    /// An amount that cannot be read.
    pub fn of(invoice: &Invoice) -> Result<Self, Malformed> {
        let mut accounts: Vec<(String, Decimal)> = Vec::new();
        for line in &invoice.lines {
            let amount = decimal(&line.amount, "amount")?;
            match accounts.iter_mut().find(|(account, _)| *account == line.account) {
                Some((_, sum)) => *sum = sum.checked_add(amount).ok_or(Malformed::Decimal("amount"))?,
                None => accounts.push((line.account.clone(), amount)),
            }
        }
        let sum = |(account, amount): (String, Decimal)| AccountSum {
            account,
            amount: amount.to_string(),
            other_amount: String::new(),
        };
        Ok(Self {
            debtor: invoice.debtor.clone(),
            date: invoice.document_date.clone(),
            financial_period: invoice.financial_period.clone().unwrap_or_default(),
            vat: invoice.predicted.as_ref().map(|predicted| predicted.vat.clone()).unwrap_or_default(),
            pinned: !invoice.tax_details.is_empty(),
            accounts: accounts.into_iter().map(sum).collect(),
            charged_vat: invoice.predicted.as_ref().map(|predicted| predicted.charged_vat.clone()).unwrap_or_default(),
            ..Self::default()
        })
    }
}

impl Outcome {
    /// Reads from the record what was booked; `None` where it predicts nothing. Fields that entries of earlier versions
    /// lack are not compared.
    ///
    /// # Errors
    /// An amount that cannot be read: such a record proves nothing right.
    pub fn predicted(&self) -> Result<Option<compare::Booked>, Malformed> {
        if self.predicted_total.is_empty() {
            return Ok(None);
        }
        let total = decimal(&self.predicted_total, "predicted_total")?;
        let known = compare::Booked { total, currency: self.currency.clone(), ..compare::Booked::default() };
        let Some(booked) = &self.booked else { return Ok(Some(known)) };
        let account = |sum: &AccountSum| {
            let amount = decimal(&sum.amount, "amount")?;
            Ok(compare::AccountSum { account: sum.account.clone(), amount })
        };
        Ok(Some(compare::Booked {
            vat: Some(booked.vat.iter().map(predicted).collect::<Result<_, _>>()?),
            pinned: booked.pinned,
            accounts: Some(booked.accounts.iter().map(account).collect::<Result<_, _>>()?),
            customers: Some(booked.customer_number.clone()).filter(|number| !number.is_empty()).into_iter().collect(),
            date: Some(booked.date.clone()).filter(|date| !date.is_empty()),
            ..known
        }))
    }
}

impl Verification {
    /// With what a list shows of the document's books.
    #[must_use]
    pub fn showing(self, shown: Shown) -> Self {
        let (total, other_total) = pair(shown.totals);
        let (vat_total, other_vat_total) = pair(shown.vat_totals);
        let text = |amount: Option<Decimal>| amount.map(|amount| amount.to_string()).unwrap_or_default();
        let vat = shown.vat.into_iter().map(|vat| TaxDetail {
            vat_code: vat.code,
            taxable: vat.taxable.to_string(),
            vat: text(vat.vat),
            rate: text(vat.rate),
            by_line: text(vat.by_line),
        });
        let accounts = shown.accounts.into_iter().map(|sum| AccountSum {
            account: sum.account,
            amount: sum.amounts.0.to_string(),
            other_amount: sum.amounts.1.to_string(),
        });
        Self {
            currency: shown.currency.unwrap_or_default(),
            total,
            other_total,
            vat_total,
            other_vat_total,
            vat: vat.collect(),
            accounts: accounts.collect(),
            customer_number: shown.customer.unwrap_or_default(),
            date: shown.date.unwrap_or_default(),
            ..self
        }
    }

    /// Reads what the list showed.
    ///
    /// # Errors
    /// An amount that cannot be read.
    pub fn shown(&self) -> Result<Shown, Malformed> {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let vat = |vat: &TaxDetail| {
            Ok(ShownVat {
                code: vat.vat_code.clone(),
                taxable: decimal(&vat.taxable, "taxable")?,
                vat: optional(&vat.vat, "vat")?,
                rate: optional(&vat.rate, "rate")?,
                by_line: optional(&vat.by_line, "by_line")?,
            })
        };
        let account = |sum: &AccountSum| {
            let amounts = (decimal(&sum.amount, "amount")?, decimal(&sum.other_amount, "other_amount")?);
            Ok(ShownAccount { account: sum.account.clone(), amounts })
        };
        Ok(Shown {
            totals: amounts((&self.total, &self.other_total), "total")?,
            currency: text(&self.currency),
            vat_totals: amounts((&self.vat_total, &self.other_vat_total), "vat_total")?,
            // A command of an earlier version has entries that say nothing where the list did not.
            vat: self.vat.iter().filter(|vat| !vat.taxable.is_empty()).map(vat).collect::<Result<_, _>>()?,
            accounts: self.accounts.iter().map(account).collect::<Result<_, _>>()?,
            customer: text(&self.customer_number),
            date: text(&self.date),
        })
    }
}

fn predicted(tax: &TaxDetail) -> Result<visma::invoice::TaxDetail, Malformed> {
    Ok(visma::invoice::TaxDetail {
        vat_code: tax.vat_code.clone(),
        taxable: decimal(&tax.taxable, "taxable")?,
        vat: decimal(&tax.vat, "vat")?,
    })
}

fn pair(amounts: Option<(Decimal, Decimal)>) -> (String, String) {
    amounts.map(|(one, other)| (one.to_string(), other.to_string())).unwrap_or_default()
}

/// Two amounts, of which an earlier version has written one alone.
fn amounts((one, other): (&str, &str), field: &'static str) -> Result<Option<(Decimal, Decimal)>, Malformed> {
    let (one, other) = (optional(one, field)?, optional(other, field)?);
    Ok(one.or(other).zip(other.or(one)))
}

fn optional(text: &str, field: &'static str) -> Result<Option<Decimal>, Malformed> {
    if text.is_empty() { Ok(None) } else { decimal(text, field).map(Some) }
}

fn decimal(text: &str, field: &'static str) -> Result<Decimal, Malformed> {
    text.parse().map_err(|_| Malformed::Decimal(field))
}
