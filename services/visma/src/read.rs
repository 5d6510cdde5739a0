//! Records as Visma gives them, as far as we look at them.
//!
//! Read leniently: unknown fields are ignored, a scalar may come as `{value, description}`, a missing one is none. What
//! is not lenient is money: a number is taken exactly, or the record is not taken.

mod document;
mod lenient;
mod payment;
mod purchase;
mod setup;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::etag::Etag;
use crate::stamp::Stamp;

pub use document::{InvoiceRead, LineRead, TaxRead, is_draft};
pub use payment::PaymentRead;
pub use purchase::{Named, PurchaseOrderRead, SupplierInvoiceRead};
pub use setup::{AccountRead, DimensionRead, EntryRead, SegmentRead, SegmentValueRead, VatRead, VatScheduleRead};

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{what} cannot be read: {source}")]
pub struct ReadError {
    what: &'static str,
    source: serde_path_to_error::Error<serde_json::Error>,
}

fn read<'a, T: Deserialize<'a>>(what: &'static str, value: &'a Value) -> Result<T, ReadError> {
    serde_path_to_error::deserialize(value).map_err(|source| ReadError { what, source })
}

/// As [`read`], of a record that is not worth a tree: only what is looked at is made of its text. To follow the path
/// costs a text for each field, so it is done for a record that has something wrong in it, and for no other.
fn decode<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, ReadError> {
    serde_json::from_str(text).or_else(|_| {
        let mut json = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut json).map_err(|source| ReadError { what, source })
    })
}

/// A customer (`CustomerDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerRead {
    /// Number that people know it by; may be changed in Visma.
    #[serde(deserialize_with = "lenient::required")]
    pub number: String,
    /// Id that never changes.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub internal_id: Option<i64>,
    /// Display name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// E-mail address of the main contact, as it was entered.
    #[serde(default, rename = "mainContact", deserialize_with = "lenient::email")]
    pub email: Option<String>,
    /// Country of the main address, ISO 3166-1 alpha-2.
    #[serde(default, rename = "mainAddress", deserialize_with = "lenient::country")]
    pub country: Option<String>,
    /// Organisation number, as it was entered.
    #[serde(default, deserialize_with = "lenient::text")]
    pub corporate_id: Option<String>,
    /// VAT registration number, as it was entered.
    #[serde(default, deserialize_with = "lenient::text")]
    pub vat_registration_id: Option<String>,
    /// Says whether it may be invoiced.
    #[serde(default, deserialize_with = "lenient::customer_status")]
    pub status: CustomerStatus,
    /// When it was created.
    #[serde(default, rename = "createdDateTime", deserialize_with = "lenient::stamp")]
    pub created: Option<Stamp>,
    /// When it was last modified.
    #[serde(default, rename = "lastModifiedDateTime", deserialize_with = "lenient::stamp")]
    pub last_modified: Option<Stamp>,
    /// Its version.
    #[serde(default, deserialize_with = "lenient::etag")]
    pub time_stamp: Option<Etag>,
}

/// Status of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CustomerStatus {
    /// In use.
    Active,
    /// No new documents.
    OnHold,
    /// Over its credit.
    CreditHold,
    /// Retired.
    Inactive,
    /// Made for one document.
    OneTime,
    /// A status that came later than this list, or none.
    Other(String),
    /// Not told.
    #[default]
    Unknown,
}

impl CustomerRead {
    /// From a row of a list, or from the record itself.
    ///
    /// # Errors
    /// No number, or a field of a type that nothing can be made of.
    pub fn read(value: &Value) -> Result<Self, ReadError> {
        read("the customer", value)
    }

    /// As [`CustomerRead::read`], from the text.
    ///
    /// # Errors
    /// As there, and when the text is no JSON.
    pub fn decode(text: &str) -> Result<Self, ReadError> {
        decode("the customer", text)
    }
}

/// A branch (`BranchDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BranchRead {
    /// Its number.
    #[serde(deserialize_with = "lenient::required")]
    pub number: String,
    /// The company's or branch's name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// True when it is in use.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_active: Option<bool>,
}

impl BranchRead {
    /// From a row of the list.
    ///
    /// # Errors
    /// No number, or a field of a type that nothing can be made of.
    pub fn read(value: &Value) -> Result<Self, ReadError> {
        read("the branch", value)
    }
}

/// A financial period (`FinancialPeriodDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeriodRead {
    /// The financial year.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub year: Option<i64>,
    /// The period, in Visma's spelling.
    #[serde(deserialize_with = "lenient::required")]
    pub period: String,
    /// Its first moment.
    #[serde(default, deserialize_with = "lenient::stamp")]
    pub start_date: Option<Stamp>,
    /// Its end. Whether the day still belongs to it is not documented.
    #[serde(default, deserialize_with = "lenient::stamp")]
    pub end_date: Option<Stamp>,
    /// May be posted to at all.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub active: Option<bool>,
    /// Closed for customer documents.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub closed_in_customer_ledger: Option<bool>,
    /// Closed for everything.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub closed_in_general_ledger: Option<bool>,
}

impl PeriodRead {
    /// From a row of the list.
    ///
    /// # Errors
    /// No period, or a field of a type that nothing can be made of.
    pub fn read(value: &Value) -> Result<Self, ReadError> {
        read("the financial period", value)
    }

    /// True when customer documents may be posted in it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let closed = [self.closed_in_customer_ledger, self.closed_in_general_ledger];
        self.active != Some(false) && !closed.contains(&Some(true))
    }

    /// The period as documents name it: the financial year and the period's number, `202611`. Lists have been seen to
    /// write it that way, and as `11-2026`.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        let digits: String = self.period.chars().filter(char::is_ascii_digit).collect();
        let is_year = |text: &str| matches!(text.get(..2), Some("19" | "20"));
        let (first, last) = (digits.split_at_checked(4)?, digits.split_at_checked(2)?);
        match digits.len() {
            6 if is_year(first.0) => Some(digits),
            6 if is_year(last.1) => Some(format!("{}{}", last.1, last.0)),
            _ => None,
        }
    }

    /// The first period after the one of `date` (`YYYY-MM-DD`) that is open.
    #[must_use]
    pub fn next_open<'a>(periods: &'a [Self], date: &str) -> Option<&'a Self> {
        let starts = |period: &Self| period.start_date.map(Stamp::date);
        let later = |period: &&Self| starts(period).is_some_and(|start| start.as_str() > date);
        periods.iter().filter(later).filter(|period| period.is_open()).min_by_key(|period| period.start_date)
    }
}

#[cfg(test)]
mod tests;
