//! Customer payments.

use serde::Deserialize;
use serde_json::Value;

use super::{ReadError, lenient, read};
use crate::etag::Etag;

/// A customer payment (`PaymentDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRead {
    /// Visma's number.
    #[serde(rename = "refNbr", deserialize_with = "lenient::required")]
    pub number: String,
    /// Our reference, or another's.
    #[serde(default, rename = "paymentRef", deserialize_with = "lenient::text")]
    pub reference: Option<String>,
    /// `Payment`, `Refund`, `VoidPayment`, …
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// `Hold`, `Balanced`, `Open`, `Closed`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// Its version.
    #[serde(default, deserialize_with = "lenient::etag")]
    pub time_stamp: Option<Etag>,
}

impl PaymentRead {
    /// From a row of a list, or from the record itself.
    ///
    /// # Errors
    /// No number, or a field of a type that nothing can be made of.
    pub fn read(value: &Value) -> Result<Self, ReadError> {
        read("the customer payment", value)
    }
}
