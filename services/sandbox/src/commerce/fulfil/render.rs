//! Invoices, credit memos and shipments as REST shows them.
//!
//! Which keys are there is part of the behaviour: a line without money has a price and no `row_total`, a later invoice
//! has no shipping keys, a credit memo without arguments no `adjustment_positive`.

use super::invoice::{Invoice, Shipping, Totals};
use super::money::{Pair, stored};
use super::product_tax;
use super::refund::CreditMemo;
use super::sale::Sale;
use super::take::Taken;
use crate::generate::json::{Object, array};

/// The names that a new document gets, and its time.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) id: u64,
    pub(super) increment_id: String,
    /// The id of its first item; the others follow.
    pub(super) first_item: u64,
    pub(super) at: String,
}

pub(super) fn invoice(sale: &Sale, named: &Named, invoice: &Invoice) -> String {
    let mut document = Object::new();
    head(&mut document, sale, named);
    totals(&mut document, sale, &invoice.totals);
    if invoice.first {
        let Shipping { amount, including, tax, compensation } = invoice.totals.shipping;
        put(&mut document, "shipping_amount", amount);
        put(&mut document, "shipping_incl_tax", including);
        put(&mut document, "shipping_tax_amount", tax);
        document
            .decimal("base_shipping_discount_tax_compensation_amnt", compensation.base)
            .decimal("shipping_discount_tax_compensation_amount", compensation.own);
    }
    document
        .integer("can_void_flag", 0)
        .integer("state", if invoice.paid { 2 } else { 1 })
        .decimal("total_qty", invoice.taken.iter().map(|one| one.quantity).sum())
        .raw("items", &array(items(named, &invoice.taken, false)))
        .raw("comments", "[]");
    document.end()
}

pub(super) fn credit_memo(sale: &Sale, named: &Named, memo: &CreditMemo) -> String {
    let mut document = Object::new();
    head(&mut document, sale, named);
    totals(&mut document, sale, &memo.totals);
    let Shipping { amount, including, tax, .. } = memo.totals.shipping;
    put(&mut document, "shipping_amount", amount);
    put(&mut document, "shipping_incl_tax", including);
    put(&mut document, "shipping_tax_amount", tax);
    for (name, adjustment) in [("adjustment_positive", memo.positive), ("adjustment_negative", memo.negative)] {
        if let Some(adjustment) = adjustment {
            put(&mut document, name, adjustment);
        }
    }
    put(&mut document, "adjustment", memo.positive.unwrap_or_default() - memo.negative.unwrap_or_default());
    document.integer("state", 2).raw("items", &array(items(named, &memo.taken, true))).raw("comments", "[]");
    document.end()
}

pub(super) fn shipment(sale: &Sale, named: &Named, taken: &[Taken]) -> String {
    let mut document = Object::new();
    identity(&mut document, sale, named);
    if let Some(customer) = sale.document().member("customer_id") {
        document.raw("customer_id", customer);
    }
    let items = taken.iter().zip(named.first_item..).map(|(one, id)| {
        let mut item = Object::new();
        item.integer("entity_id", id).integer("order_item_id", one.line.id).integer("parent_id", named.id);
        for name in ["name", "price", "product_id", "sku", "weight"] {
            if let Some(value) = one.line.document.member(name) {
                item.raw(name, value);
            }
        }
        item.decimal("qty", one.quantity).end()
    });
    document
        .raw("packages", "[]")
        .decimal("total_qty", taken.iter().filter(|one| !one.line.dummy).map(|one| one.quantity).sum())
        .raw("items", &array(items))
        .raw("tracks", "[]")
        .raw("comments", "[]")
        .raw("extension_attributes", "{\"source_code\":\"default\"}");
    document.end()
}

fn put(object: &mut Object, name: &str, amount: Pair) {
    object.both(name, stored(amount.base), stored(amount.own));
}

fn identity(document: &mut Object, sale: &Sale, named: &Named) {
    let copy = |document: &mut Object, name: &str| {
        if let Some(value) = sale.document().member(name) {
            document.raw(name, value);
        }
    };
    document
        .text("created_at", &named.at)
        .text("updated_at", &named.at)
        .integer("entity_id", named.id)
        .text("increment_id", &named.increment_id)
        .integer("order_id", sale.id);
    copy(document, "store_id");
    copy(document, "billing_address_id");
    if let Some(id) = shipping_address(sale) {
        document.integer("shipping_address_id", id);
    }
}

fn head(document: &mut Object, sale: &Sale, named: &Named) {
    identity(document, sale, named);
    let copied = [
        "base_currency_code",
        "global_currency_code",
        "order_currency_code",
        "store_currency_code",
        "base_to_global_rate",
        "base_to_order_rate",
        "discount_description",
    ];
    for name in copied {
        if let Some(value) = sale.document().member(name) {
            document.raw(name, value);
        }
    }
}

fn totals(document: &mut Object, sale: &Sale, totals: &Totals) {
    put(document, "discount_amount", totals.discount);
    put(document, "discount_tax_compensation_amount", totals.compensation);
    put(document, "grand_total", totals.grand_total);
    put(document, "subtotal", totals.subtotal);
    put(document, "subtotal_incl_tax", totals.subtotal_including);
    put(document, "tax_amount", totals.tax);
    if let Some(credits) = totals.credits.shown().filter(|_| !sale.habits.hides_credit) {
        document.raw("extension_attributes", &credits);
    }
}

fn items(named: &Named, taken: &[Taken], refund: bool) -> Vec<String> {
    taken.iter().zip(named.first_item..).map(|(one, id)| item(named, one, id, refund)).collect()
}

fn item(named: &Named, one: &Taken, id: u64, refund: bool) -> String {
    let mut item = Object::new();
    let line = &one.line;
    item.integer("entity_id", id).integer("parent_id", named.id).integer("order_item_id", line.id);
    match line.document.member("base_cost") {
        Some(cost) => _ = item.raw("base_cost", cost),
        None if refund => _ = item.raw("base_cost", "null"),
        None => {}
    }
    let copied = ["name", "sku", "product_id", "base_price", "price", "base_price_incl_tax", "price_incl_tax"];
    for name in copied {
        if let Some(value) = line.document.member(name) {
            item.raw(name, value);
        }
    }
    item.decimal("qty", one.quantity);
    if refund {
        product_tax::show(&mut item, one);
    }
    if line.dummy {
        return item.end();
    }
    if !line.whole.discount.own.is_zero() {
        put(&mut item, "discount_amount", one.money.discount);
    }
    put(&mut item, "discount_tax_compensation_amount", one.money.compensation);
    put(&mut item, "row_total", one.money.row);
    put(&mut item, "row_total_incl_tax", one.including);
    put(&mut item, "tax_amount", one.money.tax);
    item.end()
}

/// The id of the address in the order's shipping assignment; a virtual order has none.
fn shipping_address(sale: &Sale) -> Option<u64> {
    let extension: serde_json::Value = serde_json::from_str(sale.document().member("extension_attributes")?).ok()?;
    extension.pointer("/shipping_assignments/0/shipping/address/entity_id")?.as_u64()
}
