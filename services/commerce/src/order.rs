//! An order as REST sends it, typed as far as accounting needs.
//!
//! Names are Commerce's own. Commerce leaves null fields out, so absent and null mean the same everywhere: zero for an
//! amount that adds up, `None` where "not there" says something else. Fields that we do not know are ignored, since
//! every extension adds some. Numbers keep their text until they are decimals.

mod address;
mod extension;
mod item;
mod payment;
mod state;
#[cfg(test)]
mod tests;
mod totals;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use crate::decode;
use crate::field;

pub use crate::decode::DecodeError;
pub use crate::modules::Modules;
pub use crate::totals::Totals;
pub use address::Address;
pub use extension::{
    AppliedTax, CompanyOrder, CustomFee, ItemAppliedTaxes, OrderExtension, Shipping, ShippingAssignment,
};
pub use item::{FixedProductTax, Item, ProductType};
pub use payment::Payment;
pub use state::OrderState;

/// A sales order. Amounts without `base_` are in `order_currency_code`, the others in `base_currency_code`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Order {
    /// Database id: what REST reads by, and what a lane is called.
    #[serde(deserialize_with = "field::id")]
    pub entity_id: u64,
    /// The number that people see; unique within orders, not among orders and invoices.
    pub increment_id: String,
    /// Store view that the order was placed in.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub store_id: Option<u64>,
    /// State; may be absent in old shops.
    #[serde(default)]
    pub state: Option<OrderState>,
    /// The merchant's name for where the order stands within its state.
    #[serde(default)]
    pub status: Option<String>,
    /// When it was placed: UTC, `YYYY-MM-DD HH:MM:SS`.
    #[serde(default)]
    pub created_at: Option<String>,
    /// When its row was last written: UTC, `YYYY-MM-DD HH:MM:SS`. Comments and addresses do not move it.
    #[serde(default)]
    pub updated_at: Option<String>,
    /// Number of the order that this one replaces, when it was edited in the admin panel.
    #[serde(default)]
    pub relation_parent_real_id: Option<String>,
    /// Number of the order that replaces this one.
    #[serde(default)]
    pub relation_child_real_id: Option<String>,

    /// Placed without an account. Absent means no; see [`Order::is_guest`].
    #[serde(default, deserialize_with = "field::flag")]
    pub customer_is_guest: bool,
    /// The customer's account; absent for guests.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub customer_id: Option<u64>,
    /// Customer group, which decides prices and tax class; 0 is "not logged in".
    #[serde(default, deserialize_with = "field::optional_id")]
    pub customer_group_id: Option<u64>,
    /// E-mail of who ordered.
    #[serde(default)]
    pub customer_email: Option<String>,
    /// First name; often absent for guests, then the billing address has it.
    #[serde(default)]
    pub customer_firstname: Option<String>,
    /// Middle name.
    #[serde(default)]
    pub customer_middlename: Option<String>,
    /// Last name; often absent for guests.
    #[serde(default)]
    pub customer_lastname: Option<String>,
    /// Tax or VAT number on the account.
    #[serde(default)]
    pub customer_taxvat: Option<String>,

    /// Currency of the order, ISO 4217.
    pub order_currency_code: String,
    /// Currency of the website's books, ISO 4217.
    #[serde(default)]
    pub base_currency_code: Option<String>,
    /// Units of order currency for one of base currency. Amounts were not made with it: never convert.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub base_to_order_rate: Option<Decimal>,

    /// Total that the customer owes.
    #[serde(deserialize_with = "field::amount")]
    pub grand_total: Decimal,
    /// As `grand_total`, base currency. Absent in some shops; nothing is booked with it.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_grand_total: Decimal,
    /// Rows before discount, without tax.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub subtotal: Decimal,
    /// As `subtotal`, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_subtotal: Decimal,
    /// Rows before discount, with tax.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub subtotal_incl_tax: Decimal,
    /// Discount on rows and shipping, **negative** (on items it is positive).
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub discount_amount: Decimal,
    /// As `discount_amount`, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_discount_amount: Decimal,
    /// Shipping before discount, without tax.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub shipping_amount: Decimal,
    /// As `shipping_amount`, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_shipping_amount: Decimal,
    /// Shipping with tax; equals the sum of the two only without a discount on shipping.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub shipping_incl_tax: Decimal,
    /// Discount on shipping, positive, contained in `discount_amount`.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub shipping_discount_amount: Decimal,
    /// As `shipping_discount_amount`, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_shipping_discount_amount: Decimal,
    /// Tax on shipping, contained in `tax_amount`.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub shipping_tax_amount: Decimal,
    /// As `shipping_tax_amount`, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_shipping_tax_amount: Decimal,
    /// All tax.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub tax_amount: Decimal,
    /// As `tax_amount`, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_tax_amount: Decimal,
    /// Tax inside the rows' discounts.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub discount_tax_compensation_amount: Decimal,
    /// As `discount_tax_compensation_amount`, base currency.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub base_discount_tax_compensation_amount: Decimal,
    /// Tax inside the shipping's discount.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub shipping_discount_tax_compensation_amount: Decimal,
    /// As `shipping_discount_tax_compensation_amount`, base currency. Commerce spells the key `…_amnt`.
    #[serde(
        default,
        deserialize_with = "field::amount_or_zero",
        rename = "base_shipping_discount_tax_compensation_amnt"
    )]
    pub base_shipping_discount_tax_compensation_amount: Decimal,

    /// Paid so far; `None` until there is an invoice. Rounded to two places, unlike `grand_total`.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub total_paid: Option<Decimal>,
    /// Invoiced so far; `None` until there is an invoice.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub total_invoiced: Option<Decimal>,
    /// Refunded so far; `None` until there is a credit memo.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub total_refunded: Option<Decimal>,
    /// Cancelled; `None` unless something was.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub total_canceled: Option<Decimal>,
    /// Tax of what was cancelled.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub tax_canceled: Decimal,
    /// Shipping that was cancelled: all of it, or none where an invoice carries it.
    #[serde(default, deserialize_with = "field::amount_or_zero")]
    pub shipping_canceled: Decimal,
    /// Tax on the invoices so far; `None` until there is one.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub tax_invoiced: Option<Decimal>,
    /// Tax on the credit memos so far; `None` until there is one.
    #[serde(default, deserialize_with = "field::optional_amount")]
    pub tax_refunded: Option<Decimal>,

    /// Coupon that was used.
    #[serde(default)]
    pub coupon_code: Option<String>,
    /// Names of the price rules behind the discount.
    #[serde(default)]
    pub discount_description: Option<String>,
    /// Carrier and method as the customer reads them; absent for virtual orders.
    #[serde(default)]
    pub shipping_description: Option<String>,
    /// Nothing is shipped.
    #[serde(default, deserialize_with = "field::flag")]
    pub is_virtual: bool,

    /// Address of the payer.
    #[serde(default)]
    pub billing_address: Option<Address>,
    /// How it is paid.
    #[serde(default)]
    pub payment: Option<Payment>,
    /// The lines; parents and children side by side.
    #[serde(default, deserialize_with = "field::null_default")]
    pub items: Vec<Item>,
    /// Shipping, applied taxes, and the amounts of Adobe Commerce's modules.
    #[serde(default, deserialize_with = "field::null_default")]
    pub extension_attributes: OrderExtension,
    /// Fields that modules of the shop added.
    #[serde(skip)]
    pub modules: Modules,
}

impl Order {
    /// Decodes the body of `GET /V1/orders/{id}`.
    ///
    /// # Errors
    /// With the path of the first field that is missing or wrong.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let record: Self = decode::from_text(body)?;
        Ok(Self { modules: Modules::of_text(body)?, ..record })
    }

    /// Decodes an order that is already JSON, with its numbers as text.
    ///
    /// # Errors
    /// With the path of the first field that is missing or wrong.
    pub fn from_value(value: &Value) -> Result<Self, DecodeError> {
        let record: Self = decode::from_value(value)?;
        Ok(Self { modules: decode::from_value(value)?, ..record })
    }

    /// True when the order was placed without an account.
    pub fn is_guest(&self) -> bool {
        self.customer_is_guest || self.customer_id.is_none()
    }

    /// Where the goods go; `None` for virtual orders.
    pub fn shipping_address(&self) -> Option<&Address> {
        self.extension_attributes.shipping_assignments.iter().find_map(|one| one.shipping.address.as_ref())
    }

    /// Code of carrier and method; `None` for virtual orders.
    pub fn shipping_method(&self) -> Option<&str> {
        self.extension_attributes.shipping_assignments.iter().find_map(|one| one.shipping.method.as_deref())
    }

    /// The items that are a part of the given one.
    pub fn children(&self, item_id: u64) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.parent_item_id == Some(item_id))
    }
}
