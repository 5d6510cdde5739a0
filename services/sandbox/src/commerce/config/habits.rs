//! Changes that modules, version and country make to a shop's documents besides tax. Magento alone makes none.

use serde::{Deserialize, Serialize};

/// The habits of a shop. Amounts are in øre of the base currency; every order that is placed has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Habits {
    /// A fee of a payment module.
    pub fee: Option<ModuleFee>,
    /// A fixed product tax.
    pub product_tax: Option<ProductTax>,
    /// Totals are rounded to a multiple of so many øre: those of orders and of their invoices and credit memos.
    pub round_to_ore: Option<u32>,
    /// Store credit that pays a part of every order.
    pub store_credit_ore: i64,
    /// A gift card that pays a part of every order.
    pub gift_card_ore: i64,
    /// Invoices and credit memos show neither store credit nor gift cards, as before 2.4.2 (quality patch MDVA-31150).
    pub hides_credit: bool,
    /// The call that makes an invoice may name what is captured for it (Adobe's SaaS, where support switched it on).
    pub custom_capture: bool,
}

/// A fee that a payment module adds to orders, under a name of its own in `extension_attributes`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModuleFee {
    /// The member that shows it, such as `mollie_payment_fee`.
    pub field: String,
    /// Without tax.
    pub ore: i64,
    /// The member that shows the tax on it, at the rate of shipping. Without one there is no tax.
    pub tax_field: Option<String>,
    /// The member shows the fee with its tax.
    pub includes_tax: bool,
    /// The amounts are texts of four decimals, and `item_applied_taxes` has an entry under the name of the tax: Mollie.
    pub as_mollie: bool,
    /// Every invoice takes the whole fee, and the last one its tax (Mollie, Nets, Svea: read in their code); otherwise
    /// the first takes both.
    pub on_every_invoice: bool,
    /// Every credit memo gives back all of it (Nets, Svea); otherwise the one with which nothing is left (Mollie).
    pub on_every_memo: bool,
}

/// A fixed product tax (FPT, weee) on each piece of `S25-…` and `C25-…`. It stands outside of the subtotal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProductTax {
    /// On each piece.
    pub ore: i64,
    /// True when it is taxed itself, at the item's rate.
    pub taxed: bool,
    /// The tax of a configurable product stands on the chosen variant, which carries no money.
    pub on_variant: bool,
    /// Invoices and credit memos leave out what stands on a variant: 2.4.9 (magento2#41266).
    pub leaves_variants_out: bool,
    /// The last item repeats its entries (magento2#35775).
    pub doubled: bool,
}
