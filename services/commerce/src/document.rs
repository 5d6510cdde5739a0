//! Parts that invoices and credit memos have in common: lines, the amounts of Adobe Commerce's modules, and comments.
//!
//! Unlike order items, these lines show `row_total` **before** discount, and only the lines that carry money have the
//! key at all: it is absent on parents of dynamic bundles and on children of configurables and fixed bundles (checked
//! on 781 invoices and 454 credit memos of Magento Open Source 2.4.7).

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

use crate::decode::DecodeError;
use crate::field;
use crate::order::FixedProductTax;

/// A line of an invoice or a credit memo, in the order's currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Line {
    /// The order item that it is about: rate, type and options stand there.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub order_item_id: Option<u64>,
    /// Stock-keeping unit.
    #[serde(default, deserialize_with = "field::null_default")]
    pub sku: String,
    /// Name of the product.
    #[serde(default, deserialize_with = "field::null_default")]
    pub name: String,
    /// Quantity that is invoiced or refunded; may carry decimals.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub qty: Decimal,
    /// Unit price without tax. Rounded: price × quantity is not the row where prices include tax.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub price: Decimal,
    /// The row before discount, without tax; `None` on lines that carry no money.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub row_total: Option<Decimal>,
    /// Discount of the row, positive.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub discount_amount: Decimal,
    /// Tax of the row.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub tax_amount: Decimal,
    /// Tax inside the discount ("dtc").
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub discount_tax_compensation_amount: Decimal,
    /// Fixed product tax of the row without tax on it; credit memos only, invoices never show it.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub weee_tax_applied_row_amount: Decimal,
    /// The fixed product taxes one by one, a JSON list inside a string; credit memos only.
    #[serde(default)]
    pub weee_tax_applied: Option<String>,
}

impl Line {
    /// The fixed product taxes of this row, from the JSON text in `weee_tax_applied`.
    ///
    /// # Errors
    /// When that text is not a list of such taxes.
    pub fn fixed_product_taxes(&self) -> Result<Vec<FixedProductTax>, DecodeError> {
        FixedProductTax::list(self.weee_tax_applied.as_deref())
    }
}

/// Extension attributes of an invoice or a credit memo: header amounts of Adobe Commerce's own modules, order currency.
/// Reward points are shown on the order only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Extension {
    /// Paid with, or refunded to, gift cards.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gift_cards_amount: Decimal,
    /// Paid with, or refunded to, store credit.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub customer_balance_amount: Decimal,
    /// Gift wrap of the whole order, without tax.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_price: Decimal,
    /// Gift wraps of all items, without tax.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_items_price: Decimal,
    /// Printed card, without tax.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_card_price: Decimal,
    /// Tax on the gift wrap of the whole order.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_tax_amount: Decimal,
    /// Tax on the gift wraps of all items.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_items_tax_amount: Decimal,
    /// Tax on the printed card.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_card_tax_amount: Decimal,
}

impl Extension {
    /// Gift wrap of order and items, and card, without tax.
    pub(crate) fn gift_wrap(&self) -> Decimal {
        self.gw_price + self.gw_items_price + self.gw_card_price
    }

    /// Tax on that.
    pub(crate) fn gift_wrap_tax(&self) -> Decimal {
        self.gw_tax_amount + self.gw_items_tax_amount + self.gw_card_tax_amount
    }
}

/// A comment that somebody wrote on an invoice or a credit memo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Comment {
    /// The text; may be about a person.
    #[serde(deserialize_with = "field::null_default")]
    pub comment: String,
    /// When it was written: UTC.
    pub created_at: Option<String>,
    /// Shown to the shopper.
    #[serde(deserialize_with = "field::flag")]
    pub is_visible_on_front: bool,
}

/// State of an invoice or a credit memo; Commerce numbers both from 1 to 3, the middle one being the usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentState {
    /// An invoice that is not paid, a credit memo that is not refunded.
    Open,
    /// An invoice that is paid, a credit memo that is refunded.
    Settled,
    /// Cancelled.
    Canceled,
    /// A number that core Commerce does not use.
    Other(u64),
}

/// A state, from a number or a string of digits; null means none.
pub(crate) fn state<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DocumentState>, D::Error> {
    Ok(field::optional_id(from)?.map(|number| match number {
        1 => DocumentState::Open,
        2 => DocumentState::Settled,
        3 => DocumentState::Canceled,
        other => DocumentState::Other(other),
    }))
}

#[cfg(test)]
mod tests;
