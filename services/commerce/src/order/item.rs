//! One line of an order.
//!
//! Not every line carries money. The child of a configurable product or of a bundle with a fixed price has a price of
//! zero; the parent of a bundle with a dynamic price shows the sum of its children. Which lines count is decided by who
//! books them. `row_total` is **net of discount and cut off at zero** on order items (and only there).

use rust_decimal::Decimal;
use serde::Deserialize;

use crate::decode::{DecodeError, from_text};
use crate::field;

/// An order item. Amounts without `base_` are in the order's currency, the others in the website's base currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Item {
    /// Id of the item.
    #[serde(deserialize_with = "field::id")]
    pub item_id: u64,
    /// Id of the item that this one is a part of (configurable, bundle).
    #[serde(default, deserialize_with = "field::optional_id")]
    pub parent_item_id: Option<u64>,
    /// Id of the product.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub product_id: Option<u64>,
    /// Type of the product.
    #[serde(default, deserialize_with = "field::null_default")]
    pub product_type: ProductType,
    /// Stock-keeping unit; the parent of a configurable carries that of the chosen simple product.
    #[serde(default, deserialize_with = "field::null_default")]
    pub sku: String,
    /// Name of the product.
    #[serde(default, deserialize_with = "field::null_default")]
    pub name: String,
    /// True when nothing is shipped for this line.
    #[serde(default, deserialize_with = "field::flag")]
    pub is_virtual: bool,

    /// Quantity ordered; may carry decimals.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub qty_ordered: Decimal,
    /// Quantity cancelled.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub qty_canceled: Decimal,
    /// Quantity invoiced.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub qty_invoiced: Decimal,
    /// Quantity refunded.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub qty_refunded: Decimal,
    /// Quantity shipped.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub qty_shipped: Decimal,

    /// Unit price without tax.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub price: Decimal,
    /// Unit price without tax, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_price: Decimal,
    /// Unit price with tax; absent on lines without money.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub price_incl_tax: Option<Decimal>,
    /// Catalogue price before special prices.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub original_price: Option<Decimal>,
    /// `max(row - discount, 0)` without tax; `None` when the key is absent.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub row_total: Option<Decimal>,
    /// As `row_total`, base currency.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub base_row_total: Option<Decimal>,
    /// As `row_total` with tax: unrounded and in float, `1.7763568394003e-15` occurs.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub row_total_incl_tax: Option<Decimal>,
    /// As `row_total_incl_tax`, base currency.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub base_row_total_incl_tax: Option<Decimal>,
    /// Discount in percent; zero also for fixed discounts.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub discount_percent: Decimal,
    /// Discount of the row, positive.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub discount_amount: Decimal,
    /// Discount of the row, positive, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_discount_amount: Decimal,
    /// Tax rate in percent; absent on lines without money and on parents of dynamic bundles.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub tax_percent: Option<Decimal>,
    /// Tax of the row.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub tax_amount: Decimal,
    /// Tax of the row, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_tax_amount: Decimal,
    /// Part of the row that stands on invoices, before discount and without tax. `None` where the shop does not tell.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub row_invoiced: Option<Decimal>,
    /// Part of the discount that stands on invoices, positive.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub discount_invoiced: Decimal,
    /// Part of the tax that stands on invoices.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub tax_invoiced: Decimal,
    /// Part of the tax inside the discount that stands on invoices.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub discount_tax_compensation_invoiced: Decimal,
    /// Tax inside the discount, where prices or discounts include tax ("dtc").
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub discount_tax_compensation_amount: Decimal,
    /// As `discount_tax_compensation_amount`, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_discount_tax_compensation_amount: Decimal,

    /// Fixed product tax of the row without tax on it ("weee").
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub weee_tax_applied_row_amount: Decimal,
    /// As `weee_tax_applied_row_amount`, base currency. Commerce spells the key `…_amnt`.
    #[serde(default, deserialize_with = "field::amount_or_zero", rename = "base_weee_tax_applied_row_amnt")]
    pub base_weee_tax_applied_row_amount: Decimal,
    /// The fixed product taxes one by one, a JSON list inside a string: see [`Item::fixed_product_taxes`].
    #[serde(default)]
    pub weee_tax_applied: Option<String>,

    /// Price of the gift wrap of this item, per unit. Adobe Commerce only.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub gw_price: Decimal,
    /// Tax on the gift wrap of this item, per unit. Adobe Commerce only.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub gw_tax_amount: Decimal,
}

impl Item {
    /// Name for people: its name and SKU, as far as it has them. Those of a product that was deleted may be empty.
    pub fn label(&self) -> String {
        match (self.name.trim(), self.sku.trim(), self.product_id) {
            ("", "", Some(product)) => format!("Product {product}"),
            ("", "", None) => format!("Item {}", self.item_id),
            (name, "", _) => name.to_owned(),
            ("", sku, _) => sku.to_owned(),
            (name, sku, _) => format!("{name} ({sku})"),
        }
    }

    /// Word that tells it from others in a sentence: its SKU, or else the name that people know it by.
    pub fn code(&self) -> String {
        let sku = self.sku.trim();
        if sku.is_empty() { self.label() } else { sku.to_owned() }
    }

    /// The fixed product taxes of this row, from the JSON text in `weee_tax_applied`.
    ///
    /// # Errors
    /// When that text is not a list of such taxes.
    pub fn fixed_product_taxes(&self) -> Result<Vec<FixedProductTax>, DecodeError> {
        FixedProductTax::list(self.weee_tax_applied.as_deref())
    }
}

/// One fixed product tax of a row (an electronics or battery fee), order currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FixedProductTax {
    /// Name of the tax.
    #[serde(default, deserialize_with = "field::null_default")]
    pub title: String,
    /// Amount of the row without tax on it.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub row_amount: Decimal,
    /// Amount of the row with tax on it; absent where the fee is not taxed.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub row_amount_incl_tax: Option<Decimal>,
}

impl FixedProductTax {
    /// Reads the JSON text that Commerce puts into a string.
    pub(crate) fn list(text: Option<&str>) -> Result<Vec<Self>, DecodeError> {
        match text {
            None | Some("") => Ok(Vec::new()),
            Some(text) => from_text(text.as_bytes()),
        }
    }

    /// The tax on this fee. Commerce puts it in the header's `tax_amount` and in no line.
    pub fn tax(&self) -> Decimal {
        self.row_amount_incl_tax.map_or(Decimal::ZERO, |with_tax| with_tax - self.row_amount)
    }
}

/// Type of the product of a line. Extensions add types of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum ProductType {
    /// One product, shipped.
    #[default]
    Simple,
    /// A choice of one simple product: this line carries the money, its child none.
    Configurable,
    /// Several products sold together: with a dynamic price the children carry the money, with a fixed price this line.
    Bundle,
    /// One of a group of simple products that were put in the basket together; it has no parent and carries money.
    Grouped,
    /// Nothing is shipped.
    Virtual,
    /// Files to download.
    Downloadable,
    /// A gift card is sold: a liability, not revenue. Adobe Commerce only.
    GiftCard,
    /// Any other type.
    Other(String),
}

impl ProductType {
    /// The type as Commerce spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Simple => "simple",
            Self::Configurable => "configurable",
            Self::Bundle => "bundle",
            Self::Grouped => "grouped",
            Self::Virtual => "virtual",
            Self::Downloadable => "downloadable",
            Self::GiftCard => "giftcard",
            Self::Other(other) => other,
        }
    }
}

impl From<String> for ProductType {
    fn from(text: String) -> Self {
        match text.as_str() {
            "simple" => Self::Simple,
            "configurable" => Self::Configurable,
            "bundle" => Self::Bundle,
            "grouped" => Self::Grouped,
            "virtual" => Self::Virtual,
            "downloadable" => Self::Downloadable,
            "giftcard" => Self::GiftCard,
            _ => Self::Other(text),
        }
    }
}
