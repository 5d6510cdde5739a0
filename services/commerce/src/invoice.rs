//! An invoice as REST sends it, typed as far as accounting needs.
//!
//! It names no customer, no address and no tax rate: those stand on its order. The whole shipping is on the first
//! invoice of an order; later ones have no shipping fields at all.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use crate::decode::{self, DecodeError};
use crate::document::{self, Comment, DocumentState, Extension, Line};
use crate::field;
use crate::modules::Modules;
use crate::totals::Totals;

/// An invoice of a sales order, whole or of a part. Amounts without `base_` are in `order_currency_code`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Invoice {
    /// Database id: what REST reads by.
    #[serde(deserialize_with = "field::id")]
    pub entity_id: u64,
    /// The number that people see; unique within invoices, not among invoices and orders.
    pub increment_id: String,
    /// Database id of its order.
    #[serde(deserialize_with = "field::id")]
    pub order_id: u64,
    /// The gateway's id of the payment; absent with offline methods.
    #[serde(default)]
    pub transaction_id: Option<String>,
    /// Store view of the order.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub store_id: Option<u64>,
    /// Where it stands.
    #[serde(default, deserialize_with = "document::state")]
    pub state: Option<DocumentState>,
    /// When it was made: UTC, `YYYY-MM-DD HH:MM:SS`.
    #[serde(default)]
    pub created_at: Option<String>,
    /// When its row was last written: UTC.
    #[serde(default)]
    pub updated_at: Option<String>,

    /// Currency of the order, ISO 4217.
    pub order_currency_code: String,
    /// Currency of the website's books, ISO 4217.
    #[serde(default)]
    pub base_currency_code: Option<String>,
    /// Units of order currency for one of base currency. Amounts were not made with it: never convert.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub base_to_order_rate: Option<Decimal>,

    /// Total that the customer owes for it.
    #[serde(deserialize_with = "field::amount")]
    pub grand_total: Decimal,
    /// As `grand_total`, base currency. Absent in some shops; nothing is booked with it.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_grand_total: Decimal,
    /// Rows before discount, without tax.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub subtotal: Decimal,
    /// Discount on rows and shipping, **negative**. Which part of it is on shipping is in no field.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub discount_amount: Decimal,
    /// Shipping before discount, without tax; on the first invoice of an order only.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub shipping_amount: Decimal,
    /// Tax on shipping, contained in `tax_amount`.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub shipping_tax_amount: Decimal,
    /// All tax.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub tax_amount: Decimal,
    /// Tax inside the rows' discounts.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub discount_tax_compensation_amount: Decimal,
    /// Tax inside the shipping's discount.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub shipping_discount_tax_compensation_amount: Decimal,

    /// The lines; those without `row_total` carry no money.
    #[serde(default, deserialize_with = "field::null_default")]
    pub items: Vec<Line>,
    /// The amounts of Adobe Commerce's modules.
    #[serde(default, deserialize_with = "field::null_default")]
    pub extension_attributes: Extension,
    /// Comments that people wrote on it.
    #[serde(default, deserialize_with = "field::null_default")]
    pub comments: Vec<Comment>,
    /// Fields that modules of the shop added.
    #[serde(skip)]
    pub modules: Modules,
}

impl Invoice {
    /// Decodes the body of `GET /V1/invoices/{id}`.
    ///
    /// # Errors
    /// With the path of the first field that is missing or wrong.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let record: Self = decode::from_text(body)?;
        Ok(Self { modules: Modules::of_text(body)?, ..record })
    }

    /// Decodes one that is already JSON, with its numbers as text.
    ///
    /// # Errors
    /// With the path of the first field that is missing or wrong.
    pub fn from_value(value: &Value) -> Result<Self, DecodeError> {
        let record: Self = decode::from_value(value)?;
        Ok(Self { modules: decode::from_value(value)?, ..record })
    }

    /// The header amounts in the order's currency, as an order shows its own.
    pub fn totals(&self) -> Totals {
        let extension = &self.extension_attributes;
        let on_lines: Decimal = self.items.iter().map(|line| line.discount_amount).sum();
        Totals {
            grand_total: self.grand_total,
            subtotal: self.subtotal,
            discount_amount: self.discount_amount,
            shipping_amount: self.shipping_amount,
            // In no field of an invoice: what the lines leave of the discount. Equal to the order's on the first of 781
            // invoices, and zero on later ones.
            shipping_discount_amount: -self.discount_amount - on_lines,
            shipping_tax_amount: self.shipping_tax_amount,
            tax_amount: self.tax_amount,
            discount_tax_compensation_amount: self.discount_tax_compensation_amount,
            shipping_discount_tax_compensation_amount: self.shipping_discount_tax_compensation_amount,
            gift_wrap: extension.gift_wrap(),
            gift_wrap_tax: extension.gift_wrap_tax(),
            custom_fees: Decimal::ZERO,
            gift_cards: extension.gift_cards_amount,
            store_credit: extension.customer_balance_amount,
            reward_points: Decimal::ZERO,
            adjustment: Decimal::ZERO,
        }
    }
}
