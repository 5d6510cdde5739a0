//! Documents of what the company buys: supplier invoices, and the purchase orders that they are for.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::{ReadError, decode, lenient, read};
use crate::etag::Etag;
use crate::stamp::Stamp;

/// A supplier invoice (`SupplierInvoiceDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplierInvoiceRead {
    /// Visma's number. Documents of different types may share one.
    #[serde(rename = "referenceNumber", deserialize_with = "lenient::required")]
    pub number: String,
    /// `Invoice`, `CreditAdj`, `DebitAdj`, `Prepayment`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub document_type: Option<String>,
    /// `Hold`, `Balanced`, `Open`, `Closed`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// Supplier who sent it.
    #[serde(default, deserialize_with = "lenient::named")]
    pub supplier: Named,
    /// The supplier's own number of it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub supplier_reference: Option<String>,
    /// Its date.
    #[serde(default, deserialize_with = "lenient::stamp")]
    pub date: Option<Stamp>,
    /// ISO 4217.
    #[serde(default, rename = "currencyId", deserialize_with = "lenient::text")]
    pub currency: Option<String>,
    /// Its total. The API shows this one alone; there is no `amountInCurrency` here.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub amount: Option<Decimal>,
    /// Its lines.
    #[serde(default, deserialize_with = "lenient::list")]
    invoice_lines: Vec<SupplierLineRead>,
    /// When it was last modified.
    #[serde(default, rename = "lastModifiedDateTime", deserialize_with = "lenient::stamp")]
    pub last_modified: Option<Stamp>,
    /// Its version.
    #[serde(default, deserialize_with = "lenient::etag")]
    pub time_stamp: Option<Etag>,
}

/// A record that is referred to by number and name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// Its number.
    pub number: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SupplierLineRead {
    #[serde(default, deserialize_with = "lenient::text")]
    po_number: Option<String>,
}

impl SupplierInvoiceRead {
    /// From a row of a list, or from the record itself.
    ///
    /// # Errors
    /// No number, or a field of a type that nothing can be made of.
    pub fn read(value: &Value) -> Result<Self, ReadError> {
        read("the supplier invoice", value)
    }

    /// As [`SupplierInvoiceRead::read`], from the text.
    ///
    /// # Errors
    /// As there, and when the text is no JSON.
    pub fn decode(text: &str) -> Result<Self, ReadError> {
        decode("the supplier invoice", text)
    }

    /// Key that it is known by: type and number, since a number alone may be several documents'.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}-{}", self.document_type.as_deref().unwrap_or("Invoice"), self.number)
    }

    /// The purchase orders that its lines are for, each once, in the order of the lines.
    #[must_use]
    pub fn purchase_orders(&self) -> Vec<&str> {
        let mut numbers = Vec::new();
        for number in self.invoice_lines.iter().filter_map(|line| line.po_number.as_deref()) {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        numbers
    }
}

/// A purchase order (`PurchaseOrderDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PurchaseOrderRead {
    /// Visma's number.
    #[serde(rename = "orderNbr", deserialize_with = "lenient::required")]
    pub number: String,
    /// `RegularOrder`, `DropShip`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub order_type: Option<String>,
    /// `Hold`, `Open`, `Closed`, `Cancelled`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// The supplier's own reference for it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub supplier_ref: Option<String>,
    /// Free text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub note: Option<String>,
    /// When it was last modified.
    #[serde(default, rename = "lastModifiedDateTime", deserialize_with = "lenient::stamp")]
    pub last_modified: Option<Stamp>,
    /// Its version.
    #[serde(default, deserialize_with = "lenient::etag")]
    pub time_stamp: Option<Etag>,
}

impl PurchaseOrderRead {
    /// From the text of a row of a list, or of the record itself.
    ///
    /// # Errors
    /// No number, a field of a type that nothing can be made of, or no JSON.
    pub fn decode(text: &str) -> Result<Self, ReadError> {
        decode("the purchase order", text)
    }
}
