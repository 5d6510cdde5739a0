//! A customer document as it was booked, held against what Visma's lists show of it.
//!
//! Compared are currency, total, VAT by code, the sum on each account, the customer and the date. What a list does not
//! show is neither right nor wrong: it is named ([`Comparison::unseen`]). Of a document in another currency than the
//! company's, Visma shows most amounts twice, and its texts contradict each other on which is which: one of the two
//! must agree.

mod differ;
mod pins;
mod shown;

use problem::Code;
use rust_decimal::Decimal;

use crate::invoice::TaxDetail;

/// A document as it was booked, as far as it decides the books. Amounts are in the document's currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Booked {
    /// The total that was predicted.
    pub total: Decimal,
    /// ISO 4217; empty where the record does not say.
    pub currency: String,
    /// VAT by code; `None` where the record does not say.
    pub vat: Option<Vec<TaxDetail>>,
    /// The VAT was sent along, to stand instead of what Visma computes.
    pub pinned: bool,
    /// Sum on each account; `None` where the record does not say.
    pub accounts: Option<Vec<AccountSum>>,
    /// Numbers of the customer, any of which is right; empty where the record does not say.
    pub customers: Vec<String>,
    /// `YYYY-MM-DD`; `None` where the record does not say.
    pub date: Option<String>,
}

/// The lines of a document on one account, added up, without VAT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSum {
    /// Number of the GL account.
    pub account: String,
    /// In the document's currency.
    pub amount: Decimal,
}

/// A document as a list shows it. A pair of amounts is the one in the document's currency and the other one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// Its total.
    pub totals: Option<(Decimal, Decimal)>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Its VAT.
    pub vat_totals: Option<(Decimal, Decimal)>,
    /// VAT by code; empty where the list shows none.
    pub vat: Vec<ShownVat>,
    /// Sum on each account; empty where the list shows no lines.
    pub accounts: Vec<ShownAccount>,
    /// Number of its customer.
    pub customer: Option<String>,
    /// `YYYY-MM-DD`.
    pub date: Option<String>,
}

/// VAT of one code as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownVat {
    /// Visma's VAT id.
    pub code: String,
    /// Amount that VAT is computed on.
    pub taxable: Decimal,
    /// The VAT; `None` where the code is known from the lines alone.
    pub vat: Option<Decimal>,
    /// Per cent.
    pub rate: Option<Decimal>,
    /// VAT that Visma computes where it rounds on each line.
    pub by_line: Option<Decimal>,
}

/// The sum on one account as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownAccount {
    /// Number of the GL account.
    pub account: String,
    /// In the document's currency, and the other one.
    pub amounts: (Decimal, Decimal),
}

/// A part of a document that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The currency.
    Currency,
    /// The total.
    Total,
    /// The VAT, where what differs is that Visma has computed it instead of taking what was sent along.
    Pins,
    /// The VAT.
    Vat,
    /// The sum on each account.
    Accounts,
    /// Whose document it is.
    Customer,
    /// The date.
    Date,
}

impl Part {
    /// The code of the runbook page.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::Currency => Code::CurrencyDiffers,
            Self::Total => Code::TotalDiffers,
            Self::Pins => Code::PinsNotKept,
            Self::Vat => Code::VatDiffersInVisma,
            Self::Accounts => Code::AccountDiffers,
            Self::Customer => Code::CustomerDiffers,
            Self::Date => Code::DateDiffers,
        }
    }

    /// One word, as metrics and entries of the log have it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Currency => "currency",
            Self::Total => "total",
            Self::Pins => "pins",
            Self::Vat => "vat",
            Self::Accounts => "account",
            Self::Customer => "customer",
            Self::Date => "date",
        }
    }

    /// Tells an accountant what can be done about it.
    #[must_use]
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::Pins => {
                "set pin_vat = false under [totals] in the mapping file, so that the documents that follow are \
                 predicted as Visma computes them; correct the VAT of this one in Visma"
            }
            Self::Currency | Self::Total | Self::Vat | Self::Accounts | Self::Customer | Self::Date => {
                "if somebody changed it on purpose, nothing needs doing: `drift` lists it until both agree; else \
                 correct it in Visma, and the next poll compares it again"
            }
        }
    }
}

/// One part that is not as it was booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which part.
    pub part: Part,
    /// Sentence for an accountant: what was booked and what Visma holds.
    pub sentence: String,
}

/// Says whether Visma keeps VAT that is sent along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pins {
    /// It holds an amount that it would not have computed.
    Kept,
    /// It holds what it computes, and something else was sent.
    NotKept,
    /// This document does not tell.
    Unknown,
}

/// Result of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Parts that are not as they were booked; the gravest first.
    pub differences: Vec<Difference>,
    /// Parts that were booked and are not shown.
    pub unseen: Vec<Part>,
    /// Says whether pinned VAT was kept, as far as the document tells.
    pub pins: Pins,
}

impl Comparison {
    /// Nothing differs, and total and VAT were seen: the document may be called verified.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.differences.is_empty() && !self.is_incomplete()
    }

    /// Total or VAT is not shown, so that nobody can say whether the document is right.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.unseen.iter().any(|part| matches!(part, Part::Total | Part::Vat))
    }
}

/// Holds what was booked against what is shown. A credit note may be shown with the other sign.
#[must_use]
pub fn compare(booked: &Booked, shown: &Shown) -> Comparison {
    let found = differ::compare(booked, shown);
    if found.differences.is_empty() {
        return found;
    }
    let turned = differ::compare(booked, &shown.turned());
    if turned.differences.len() < found.differences.len() { turned } else { found }
}

#[cfg(test)]
mod tests;
