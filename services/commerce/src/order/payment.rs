//! How an order is paid. Only what accounting needs: the rest of the payment record is gateway traffic.

use rust_decimal::Decimal;
use serde::Deserialize;

use crate::field;

/// The payment of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Payment {
    /// Code of the payment method (`checkmo`, `banktransfer`, `purchaseorder`, …).
    #[serde(deserialize_with = "field::null_default")]
    pub method: String,
    /// The buyer's purchase order number, with the method `purchaseorder`.
    pub po_number: Option<String>,
    /// The gateway's id of the last transaction.
    pub last_trans_id: Option<String>,
    /// Amount ordered, order currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub amount_ordered: Decimal,
    /// Amount paid, order currency; `None` before the first payment.
    #[serde(deserialize_with = "field::optional_amount")]
    pub amount_paid: Option<Decimal>,
}
