//! Customer documents: invoices and credit notes, which differ in the name of their lines alone.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::{ReadError, decode, lenient, read};
use crate::etag::Etag;
use crate::stamp::Stamp;

/// True when a document of this status has not been released yet. Every status that is not on this list counts as
/// released: nothing is deleted or changed on the strength of a word that nobody knows.
#[must_use]
pub fn is_draft(status: &str) -> bool {
    ["hold", "balanced", "on hold", "pendingprint", "pendingemail"].contains(&status.to_lowercase().as_str())
}

/// A customer document (`CustomerInvoiceDto`, `CustomerCreditNoteDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceRead {
    /// Visma's number.
    #[serde(rename = "referenceNumber", deserialize_with = "lenient::required")]
    pub number: String,
    /// Our reference, or another's.
    #[serde(default, deserialize_with = "lenient::text")]
    pub external_reference: Option<String>,
    /// `Invoice`, `CreditNote`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub document_type: Option<String>,
    /// `Hold`, `Balanced`, `Open`, `Closed`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// A draft.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub hold: Option<bool>,
    /// `amount`. Visma's texts on which of the two amounts is in which currency contradict each other: compare both
    /// where the document's currency is not the company's.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub amount: Option<Decimal>,
    /// `amountInCurrency`.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub amount_in_currency: Option<Decimal>,
    /// `balance`: what is still to be paid.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub balance: Option<Decimal>,
    /// `balanceInCurrency`.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub balance_in_currency: Option<Decimal>,
    /// `vatTotal`.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub vat_total: Option<Decimal>,
    /// `vatTotalInCurrency`.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub vat_total_in_currency: Option<Decimal>,
    /// VAT by code; lists leave it out unless asked (`expandTaxDetails`).
    #[serde(default, deserialize_with = "lenient::list")]
    pub tax_details: Vec<TaxRead>,
    /// The lines: `invoiceLines` of an invoice, `lines` of a credit note.
    #[serde(default, alias = "invoiceLines", deserialize_with = "lenient::list")]
    pub lines: Vec<LineRead>,
    /// ISO 4217.
    #[serde(default, rename = "currencyId", deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// Its date.
    #[serde(default, deserialize_with = "lenient::stamp")]
    pub document_date: Option<Stamp>,
    /// Number of its customer.
    #[serde(default, rename = "customer", deserialize_with = "lenient::key")]
    pub customer_number: Option<String>,
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

/// VAT of one code on a document (`TaxDetailDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaxRead {
    /// Visma's VAT id: `vatId.number`.
    #[serde(default, rename = "vatId", deserialize_with = "lenient::key")]
    pub code: Option<String>,
    /// The same, in older answers.
    #[serde(default, deserialize_with = "lenient::text")]
    pub tax_id: Option<String>,
    /// Per cent.
    #[serde(default, rename = "vatRate", deserialize_with = "lenient::amount")]
    pub rate: Option<Decimal>,
    /// Amount that VAT is computed on.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub taxable_amount: Option<Decimal>,
    /// The VAT.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub vat_amount: Option<Decimal>,
}

/// A line, as far as it decides what is booked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineRead {
    /// Its place.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub line_number: Option<i64>,
    /// The account that it is booked on.
    #[serde(default, deserialize_with = "lenient::key")]
    pub account: Option<String>,
    /// Its subaccount, all segments in one.
    #[serde(default, deserialize_with = "lenient::subaccount")]
    pub subaccount: Option<String>,
    /// Its VAT id.
    #[serde(default, deserialize_with = "lenient::id")]
    pub vat_code: Option<String>,
    /// `amountInCurrency`.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub amount_in_currency: Option<Decimal>,
    /// `amount`.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub amount: Option<Decimal>,
}

impl InvoiceRead {
    /// From a row of a list, or from the record itself.
    ///
    /// # Errors
    /// No number, or a field of a type that nothing can be made of.
    pub fn read(value: &Value) -> Result<Self, ReadError> {
        read("the customer document", value)
    }

    /// As [`InvoiceRead::read`], from the text.
    ///
    /// # Errors
    /// As there, and when the text is no JSON.
    pub fn decode(text: &str) -> Result<Self, ReadError> {
        decode("the customer document", text)
    }

    /// True when it can still be deleted or changed: it has not been released. `None` when no status is told.
    #[must_use]
    pub fn is_draft(&self) -> Option<bool> {
        self.status.as_deref().map(is_draft)
    }

    /// An invoice, and not a credit note that was made of one and took its reference along.
    #[must_use]
    pub fn is_invoice(&self) -> bool {
        self.document_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("invoice"))
    }

    /// A credit note. Visma has been seen to spell it with a blank.
    #[must_use]
    pub fn is_credit_note(&self) -> bool {
        let kind = self.document_type.as_deref();
        kind.is_none_or(|kind| kind.replace(' ', "").eq_ignore_ascii_case("creditnote"))
    }

    /// Posted to the ledger, or it was: nobody may change it any longer.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.status.as_deref().is_some_and(|status| matches!(status, "Open" | "Closed"))
    }

    /// Its total. A company that does not validate totals on entry shows the amount only once the document is open; the
    /// balance is computed from the lines all the time.
    #[must_use]
    pub fn total(&self) -> Option<Decimal> {
        self.shown(self.amount_in_currency.or(self.amount), self.balance_in_currency.or(self.balance))
    }

    /// Its total as the other one of the two amounts tells it.
    #[must_use]
    pub fn other_total(&self) -> Option<Decimal> {
        self.shown(self.amount.or(self.amount_in_currency), self.balance.or(self.balance_in_currency))
    }

    fn shown(&self, amount: Option<Decimal>, balance: Option<Decimal>) -> Option<Decimal> {
        match amount {
            Some(amount) if self.is_released() || !amount.is_zero() => Some(amount),
            amount => balance.or(amount),
        }
    }

    /// Amount that is still to be paid.
    #[must_use]
    pub fn open_balance(&self) -> Option<Decimal> {
        self.balance_in_currency.or(self.balance)
    }
}

impl TaxRead {
    /// Visma's VAT id.
    #[must_use]
    pub fn vat_code(&self) -> Option<&str> {
        self.code.as_deref().or(self.tax_id.as_deref())
    }
}
