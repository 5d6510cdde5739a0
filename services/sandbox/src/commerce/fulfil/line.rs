//! The lines of an order as the database has them, rebuilt from what REST shows.
//!
//! REST shows an order item's `row_total` net of discount and cut off at zero; the database has it gross, and invoices
//! are worked out from that. What was cut off is rebuilt from the price, or, where prices include tax, from the price
//! with tax less the tax before discount.

use rust_decimal::Decimal;

use super::money::{Pair, cents, stored};
use super::product_tax::OfItem;
use crate::commerce::table::Document;
use crate::commerce::text;

/// Cost of a line, or of a part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Money {
    /// Without tax, before discount.
    pub(super) row: Pair,
    pub(super) discount: Pair,
    pub(super) tax: Pair,
    pub(super) compensation: Pair,
}

/// One item of an order.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) document: Document,
    pub(super) id: u64,
    pub(super) parent: Option<u64>,
    /// Shows a composite product without carrying its money: the parent of a dynamic bundle, or the child of anything
    /// else.
    pub(super) dummy: bool,
    pub(super) has_children: bool,
    pub(super) is_virtual: bool,
    pub(super) by_weight: bool,
    pub(super) ordered: Decimal,
    pub(super) invoiced: Decimal,
    pub(super) refunded: Decimal,
    pub(super) canceled: Decimal,
    pub(super) shipped: Decimal,
    /// All of it.
    pub(super) whole: Money,
    /// All of it with tax, before discount.
    pub(super) including: Pair,
    /// Amounts that have been invoiced.
    pub(super) billed: Money,
    /// Amounts that have been refunded.
    pub(super) returned: Money,
    pub(super) product_tax: OfItem,
}

impl Line {
    fn read(item: &str, bundles: &[u64], parents: &[u64]) -> Option<Self> {
        let document = Document::new(item);
        let id = whole(&document, "item_id")?;
        let parent = whole(&document, "parent_item_id");
        let dynamic_child = parent.is_some_and(|parent| bundles.contains(&parent));
        let number = |name: &str| document.number(name).unwrap_or_default();
        let money = money(&document);
        let pair = |name: &str| pair(&document, name);
        Some(Self {
            id,
            parent,
            dummy: bundles.contains(&id) || (parent.is_some() && !dynamic_child),
            has_children: parents.contains(&id),
            is_virtual: number("is_virtual") == Decimal::ONE,
            by_weight: number("is_qty_decimal") == Decimal::ONE,
            ordered: number("qty_ordered"),
            invoiced: number("qty_invoiced"),
            refunded: number("qty_refunded"),
            canceled: number("qty_canceled"),
            shipped: number("qty_shipped"),
            whole: money,
            including: including(&document, money),
            billed: Money {
                row: pair("row_invoiced"),
                discount: pair("discount_invoiced"),
                tax: pair("tax_invoiced"),
                compensation: pair("discount_tax_compensation_invoiced"),
            },
            returned: Money {
                row: pair("amount_refunded"),
                discount: pair("discount_refunded"),
                tax: pair("tax_refunded"),
                compensation: pair("discount_tax_compensation_refunded"),
            },
            product_tax: OfItem::read(&document),
            document,
        })
    }

    pub(super) fn to_invoice(&self) -> Decimal {
        (self.ordered - self.invoiced - self.canceled).max(Decimal::ZERO)
    }

    pub(super) fn to_refund(&self) -> Decimal {
        (self.invoiced - self.refunded).max(Decimal::ZERO)
    }

    pub(super) fn to_cancel(&self) -> Decimal {
        self.to_invoice().min(self.not_sent())
    }

    pub(super) fn to_ship(&self) -> Decimal {
        if self.is_virtual { Decimal::ZERO } else { self.not_sent() }
    }

    fn not_sent(&self) -> Decimal {
        (self.ordered - self.shipped.max(self.refunded) - self.canceled).max(Decimal::ZERO)
    }

    pub(super) fn name(&self) -> String {
        self.document.string("name").unwrap_or_default().into_owned()
    }
}

/// All lines of an order, in their order.
pub(super) fn lines(order: &Document) -> Vec<Line> {
    let items = text::elements(order.member("items").unwrap_or("[]"));
    let seen: Vec<Document> = items.iter().map(|item| Document::new(item)).collect();
    let parents: Vec<u64> = seen.iter().filter_map(|item| whole(item, "parent_item_id")).collect();
    // A bundle whose children have prices is a dynamic one: measured on every bundle of the recorded shop.
    let priced = |item: &&Document| item.number("price").is_some_and(|price| price > Decimal::ZERO);
    let priced: Vec<u64> = seen.iter().filter(priced).filter_map(|item| whole(item, "parent_item_id")).collect();
    let bundle = |item: &&Document| item.string("product_type").as_deref() == Some("bundle");
    let bundles: Vec<u64> = seen.iter().filter(bundle).filter_map(|item| whole(item, "item_id")).collect();
    let bundles: Vec<u64> = bundles.into_iter().filter(|id| priced.contains(id)).collect();
    items.iter().filter_map(|item| Line::read(item, &bundles, &parents)).collect()
}

/// An amount in both currencies: `base_<name>` and `<name>`. What is absent is 0.
pub(super) fn pair(document: &Document, name: &str) -> Pair {
    let number = |name: &str| document.number(name).unwrap_or_default();
    Pair::new(number(&format!("base_{name}")), number(name))
}

fn whole(document: &Document, name: &str) -> Option<u64> {
    document.member(name)?.parse().ok()
}

fn money(item: &Document) -> Money {
    let [discount, tax, compensation] =
        ["discount_amount", "tax_amount", "discount_tax_compensation_amount"].map(|name| pair(item, name));
    let quantity = item.number("qty_ordered").unwrap_or_default();
    let (price, with_tax) = (pair(item, "price") * quantity, pair(item, "price_incl_tax") * quantity);
    let gross = |net: Decimal, discount: Decimal, price: Decimal, with_tax: Decimal, tax: Decimal, off: Decimal| {
        if net > Decimal::ZERO || discount.is_zero() {
            net + discount
        } else if off.is_zero() {
            stored(price)
        } else {
            stored(with_tax) - tax - off
        }
    };
    let net = pair(item, "row_total");
    let row = Pair::new(
        gross(net.base, discount.base, price.base, with_tax.base, tax.base, compensation.base),
        gross(net.own, discount.own, price.own, with_tax.own, tax.own, compensation.own),
    );
    Money { row, discount, tax, compensation }
}

/// The row with tax before discount. Of a discounted row in a shop whose prices are without tax REST tells too little:
/// then it is the tax on the whole row, which misses what Magento rounds by the unit.
fn including(item: &Document, money: Money) -> Pair {
    let rate = item.number("tax_percent").unwrap_or_default() / Decimal::ONE_HUNDRED;
    let of = |row: Decimal, discount: Decimal, tax: Decimal, off: Decimal| {
        if discount.is_zero() || !off.is_zero() { row + tax + off } else { row + cents(row * rate) }
    };
    let Money { row, discount, tax, compensation } = money;
    Pair::new(
        of(row.base, discount.base, tax.base, compensation.base),
        of(row.own, discount.own, tax.own, compensation.own),
    )
}
