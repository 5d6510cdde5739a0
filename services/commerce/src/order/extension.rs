//! Fields in `extension_attributes` of an order: shipping, taxes as applied, and the amounts of Adobe Commerce's own
//! modules (gift cards, store credit, reward points, gift wrap, company accounts, custom fees).
//!
//! Gift wrap amounts arrive as strings (`"gw_price": "10.0000"`), all others as numbers.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::address::Address;
use crate::field;

/// Extension attributes of an order. All of them may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OrderExtension {
    /// Where and how the order is shipped; one entry in practice.
    #[serde(deserialize_with = "field::null_default")]
    pub shipping_assignments: Vec<ShippingAssignment>,
    /// Tax per rate of the whole order. **A rate of 0 % leaves no entry.**
    #[serde(deserialize_with = "field::null_default")]
    pub applied_taxes: Vec<AppliedTax>,
    /// Tax per rate of each item and of the shipping.
    #[serde(deserialize_with = "field::null_default")]
    pub item_applied_taxes: Vec<ItemAppliedTaxes>,
    /// The company account that ordered (B2B).
    pub company_order_attributes: Option<CompanyOrder>,
    /// Fees that an app added to the order.
    #[serde(deserialize_with = "field::null_default")]
    pub custom_fees: Vec<CustomFee>,

    /// Paid with gift cards: a liability that shrinks, no discount.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gift_cards_amount: Decimal,
    /// Amount of the gift cards that the invoices have used up.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gift_cards_invoiced: Decimal,
    /// As `gift_cards_amount`, base currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub base_gift_cards_amount: Decimal,
    /// Paid with store credit: a liability that shrinks, no discount.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub customer_balance_amount: Decimal,
    /// Amount of the store credit that the invoices have used up.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub customer_balance_invoiced: Decimal,
    /// As `customer_balance_amount`, base currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub base_customer_balance_amount: Decimal,
    /// Paid with reward points: a liability that shrinks, no discount.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub reward_currency_amount: Decimal,
    /// As `reward_currency_amount`, base currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub base_reward_currency_amount: Decimal,

    /// Gift wrap of the whole order, without tax.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_price: Decimal,
    /// As `gw_price`, base currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_base_price: Decimal,
    /// Gift wraps of all items, without tax.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_items_price: Decimal,
    /// As `gw_items_price`, base currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_items_base_price: Decimal,
    /// Printed card, without tax.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_card_price: Decimal,
    /// As `gw_card_price`, base currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_card_base_price: Decimal,
    /// Tax on the gift wrap of the whole order.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_tax_amount: Decimal,
    /// Tax on the gift wraps of all items.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_items_tax_amount: Decimal,
    /// Tax on the printed card.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_card_tax_amount: Decimal,
    /// As `gw_tax_amount`, base currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_base_tax_amount: Decimal,
    /// As `gw_items_tax_amount`, base currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_items_base_tax_amount: Decimal,
    /// As `gw_card_tax_amount`, base currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_card_base_tax_amount: Decimal,

    /// The part of `gw_price` that the invoices have.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_price_invoiced: Decimal,
    /// The part of `gw_items_price` that the invoices have.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_items_price_invoiced: Decimal,
    /// The part of `gw_card_price` that the invoices have.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_card_price_invoiced: Decimal,
    /// The part of `gw_tax_amount` that the invoices have.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_tax_amount_invoiced: Decimal,
    /// The part of `gw_items_tax_amount` that the invoices have.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_items_tax_invoiced: Decimal,
    /// The part of `gw_card_tax_amount` that the invoices have.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub gw_card_tax_invoiced: Decimal,
}

impl OrderExtension {
    /// The part of the gift wraps of order and items, and of the card, that the invoices have, without tax.
    pub fn gift_wrap_invoiced(&self) -> Decimal {
        self.gw_price_invoiced + self.gw_items_price_invoiced + self.gw_card_price_invoiced
    }

    /// The part of the tax on those that the invoices have.
    pub fn gift_wrap_tax_invoiced(&self) -> Decimal {
        self.gw_tax_amount_invoiced + self.gw_items_tax_invoiced + self.gw_card_tax_invoiced
    }
}

/// One shipping of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ShippingAssignment {
    /// Address and method.
    #[serde(deserialize_with = "field::null_default")]
    pub shipping: Shipping,
}

/// Where to, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Shipping {
    /// Where to; absent for virtual orders.
    pub address: Option<Address>,
    /// Code of carrier and method (`flatrate_flatrate`).
    pub method: Option<String>,
}

/// Tax of one rate. Order currency, and base currency where it says so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AppliedTax {
    /// Code of the tax rate (`NO-MVA-25`).
    #[serde(default, deserialize_with = "field::null_default")]
    pub code: String,
    /// Name of the tax rate.
    #[serde(default, deserialize_with = "field::null_default")]
    pub title: String,
    /// Rate in percent.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub percent: Option<Decimal>,
    /// Tax.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub amount: Decimal,
    /// Tax, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_amount: Decimal,
}

/// Taxes of one item, of the shipping, or of another taxed thing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ItemAppliedTaxes {
    /// `product`, `shipping`, `weee`, or a gift wrap.
    #[serde(default, rename = "type", deserialize_with = "field::null_default")]
    pub kind: String,
    /// The order item, for a product.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub item_id: Option<u64>,
    /// The order item that a tax other than on a product belongs to.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub associated_item_id: Option<u64>,
    /// The taxes.
    #[serde(default, deserialize_with = "field::null_default")]
    pub applied_taxes: Vec<AppliedTax>,
}

/// The company account behind an order (B2B).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CompanyOrder {
    /// Id of the company.
    #[serde(deserialize_with = "field::optional_id")]
    pub company_id: Option<u64>,
    /// Name of the company when the order was placed.
    pub company_name: Option<String>,
}

/// A fee that an app added to the order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CustomFee {
    /// Code of the fee.
    pub custom_fee_code: Option<String>,
    /// Name of the fee.
    pub custom_fee_label: Option<String>,
    /// Amount, order currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub custom_fee_amount: Decimal,
    /// Amount, base currency.
    #[serde(deserialize_with = "field::amount_or_zero")]
    pub base_custom_fee_amount: Decimal,
}
