//! Fixed product tax on invoices and credit memos, with the arithmetic of Magento's `Weee` collectors.
//!
//! It stands on order items, and on an item that carries no money where the shop takes it from a chosen variant. What
//! of it was invoiced and refunded Magento notes down in the entries of the item's own list. Invoices show nothing of
//! it.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::money::{Pair, Rounding};
use super::sale::Sale;
use super::take::Taken;
use crate::commerce::table::Document;
use crate::generate::json::{Object, number};

/// A fixed product tax, and the tax on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ProductTax {
    pub(super) amount: Pair,
    pub(super) tax: Pair,
}

/// Fixed product tax of an order item: all of it, and what was invoiced and refunded.
#[derive(Debug, Clone, Default)]
pub(super) struct OfItem {
    whole: ProductTax,
    billed: ProductTax,
    returned: ProductTax,
    entries: Vec<Value>,
}

impl ProductTax {
    fn less(self, other: Self) -> Self {
        Self { amount: self.amount - other.amount, tax: self.tax - other.tax }
    }

    fn min(self, other: Self) -> Self {
        Self { amount: self.amount.min(other.amount), tax: self.tax.min(other.tax) }
    }
}

impl OfItem {
    pub(super) fn read(item: &Document) -> Self {
        let list = item.string("weee_tax_applied").unwrap_or_default();
        let entries: Vec<Value> = serde_json::from_str(&list).unwrap_or_default();
        let base = item.number("base_weee_tax_applied_row_amnt").unwrap_or_default();
        let amount = Pair::new(base, item.number("weee_tax_applied_row_amount").unwrap_or_default());
        // Entries beyond the amount of the row are repeated.
        let (mut sum, mut tax) = (Pair::ZERO, Pair::ZERO);
        for entry in entries.iter().map(shown) {
            let row = pair(&entry, "row_amount");
            if (sum + row).own <= amount.own {
                (sum, tax) = (sum + row, tax + pair(&entry, "row_amount_incl_tax") - row);
            }
        }
        let first = entries.first().map(shown);
        let noted = |step: &str| first.as_ref().map_or_else(ProductTax::default, |entry| noted(entry, step));
        Self { whole: ProductTax { amount, tax }, billed: noted("invoiced"), returned: noted("refunded"), entries }
    }

    /// The tax on it: all of it, invoiced, refunded.
    pub(super) fn taxes(&self) -> [Pair; 3] {
        [self.whole.tax, self.billed.tax, self.returned.tax]
    }

    fn is_none(&self) -> bool {
        self.whole == ProductTax::default()
    }

    /// The list of the item, with what was done so far.
    fn list(&self, step: &str, so_far: ProductTax) -> String {
        let mut entries = self.entries.clone();
        for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
            for (name, amount) in [("weee_amount", so_far.amount), ("weee_tax_amount", so_far.tax)] {
                entry.insert(format!("base_{name}_{step}"), json_number(amount.base));
                entry.insert(format!("{name}_{step}"), json_number(amount.own));
            }
        }
        Value::from(entries).to_string()
    }
}

/// Gives every line of an invoice its part; the sum of all.
pub(super) fn invoice(sale: &Sale, taken: &mut [Taken], rounding: &mut Rounding) -> ProductTax {
    collect(sale, taken, |one| {
        let of = &one.line.product_tax;
        let part = part(one, of.whole, rounding);
        if one.quantity == one.line.to_invoice() { of.whole.less(of.billed) } else { part }
    })
}

/// Gives every line of a credit memo its part; the sum of all.
pub(super) fn refund(sale: &Sale, taken: &mut [Taken], rounding: &mut Rounding) -> ProductTax {
    collect(sale, taken, |one| {
        let of = &one.line.product_tax;
        let (part, open) = (part(one, of.whole, rounding), of.billed.less(of.returned));
        if one.quantity == one.line.to_refund() { open } else { part.min(open) }
    })
}

fn collect(sale: &Sale, taken: &mut [Taken], mut of: impl FnMut(&Taken) -> ProductTax) -> ProductTax {
    let mut sum = ProductTax::default();
    let left_out = sale.habits.product_tax.as_ref().is_some_and(|habit| habit.leaves_variants_out);
    let has_none = |one: &Taken| one.line.product_tax.is_none() || left_out && one.line.dummy;
    for one in taken.iter_mut().filter(|one| !has_none(one)) {
        one.product_tax = of(one);
        sum.amount = sum.amount + one.product_tax.amount;
        sum.tax = sum.tax + one.product_tax.tax;
    }
    sum
}

fn part(one: &Taken, whole: ProductTax, rounding: &mut Rounding) -> ProductTax {
    let amount = rounding.regular(whole.amount.part(one.quantity, one.line.ordered));
    let including = rounding.regular((whole.amount + whole.tax).part(one.quantity, one.line.ordered));
    ProductTax { amount, tax: including - amount }
}

/// Notes the tax of a document down on the order's items; `step` is `invoiced` or `refunded`.
pub(super) fn book(sale: &mut Sale, taken: &[Taken], step: &str) {
    for one in taken.iter().filter(|one| one.product_tax != ProductTax::default()) {
        let of = &one.line.product_tax;
        let before = if step == "invoiced" { of.billed } else { of.returned };
        let so_far =
            ProductTax { amount: before.amount + one.product_tax.amount, tax: before.tax + one.product_tax.tax };
        sale.set_item_text(one.line.id, "weee_tax_applied", &of.list(step, so_far));
    }
}

/// Shows the tax on an item of a credit memo. Shows nothing where there is none and the item carries no money.
pub(super) fn show(item: &mut Object, one: &Taken) {
    let ProductTax { amount, tax } = one.product_tax;
    let none = one.product_tax == ProductTax::default();
    if none && one.line.dummy {
        return;
    }
    let mut entries = one.line.product_tax.entries.clone();
    entries.retain(|_| !none);
    for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
        for (name, amount) in [("row_amount", amount), ("row_amount_incl_tax", amount + tax)] {
            entry.insert(format!("base_{name}"), json_number(amount.base));
            entry.insert(name.to_owned(), json_number(amount.own));
        }
    }
    item.each(&["base_weee_tax_row_disposition", "weee_tax_row_disposition"], 0)
        .decimal("weee_tax_applied_row_amount", amount.own)
        .text("weee_tax_applied", &Value::from(entries).to_string());
}

fn shown(entry: &Value) -> Document {
    Document::new(&entry.to_string())
}

fn noted(entry: &Document, step: &str) -> ProductTax {
    let of = |name: &str| pair(entry, &format!("{name}_{step}"));
    ProductTax { amount: of("weee_amount"), tax: of("weee_tax_amount") }
}

fn pair(entry: &Document, name: &str) -> Pair {
    super::line::pair(entry, name)
}

fn json_number(amount: Decimal) -> Value {
    serde_json::from_str(&number(amount)).unwrap_or_else(|_| json!(0))
}
