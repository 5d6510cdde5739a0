//! The items of an order as REST shows them.
//!
//! `row_total` is net of discount and cut off at zero, which is what REST does to order items alone.
//! `row_total_incl_tax` is cut off likewise and may show what floating point leaves of a zero. A composite line comes
//! as a parent with its children after it, each of which repeats the whole parent in `parent_item`. What was in the
//! cart out of a grouped product comes as lines of type `grouped`, without a parent.

use rust_decimal::Decimal;

use super::basket::Line;
use super::catalogue::{Product, ProductType, Rate};
use super::json::{Object, array, number};
use super::order::Ids;
use super::quote::Quote;
use super::tax::{Taxed, cents, stored};

/// Text that PHP printed for some zeros that were subtracted in floating point.
const FLOAT_ZERO: &str = "1.7763568394003e-15";
const BUNDLE_OPTION: &str = "{\"extension_attributes\":{\"bundle_options\":[\
    {\"option_id\":1,\"option_qty\":1,\"option_selections\":[1]},\
    {\"option_id\":2,\"option_qty\":1,\"option_selections\":[3]}]}}";
const CONFIGURABLE_OPTION: &str =
    "{\"extension_attributes\":{\"configurable_item_options\":[{\"option_id\":\"137\",\"option_value\":4}]}}";
const DOWNLOAD_OPTION: &str = "{\"extension_attributes\":{\"downloadable_option\":{\"downloadable_links\":[1]}}}";

/// One item of the document.
pub(super) struct Item {
    pub(super) id: u64,
    pub(super) text: String,
    /// The money row that it shows, if it carries money itself.
    pub(super) row: Option<usize>,
}

/// Fields that tell one item from another.
#[derive(Clone, Copy)]
struct Face {
    id: u64,
    kind: ProductType,
    product: Product,
    sku: &'static str,
    quantity: Decimal,
    is_child: bool,
}

/// A money row in both currencies.
#[derive(Clone, Copy)]
struct Row<'q> {
    base: &'q Taxed,
    order: &'q Taxed,
    base_original: Decimal,
    order_original: Decimal,
    rate: Rate,
}

/// All items of an order.
pub(super) fn items(quote: &Quote, ids: &Ids<'_>) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut first_row = 0;
    for line in &quote.lines {
        let dynamic = line.kind == ProductType::BundleDynamic;
        let rows = first_row..first_row + line.money_rows().len();
        let face = Face {
            id: ids.item(items.len()),
            kind: line.kind,
            product: line.product,
            sku: sku(line),
            quantity: line.quantity,
            is_child: false,
        };
        let mut parent = common(quote, ids, &face);
        if dynamic {
            sums(quote, &mut parent, rows.clone(), line.quantity);
        } else if let Some(row) = row(quote, rows.start) {
            money(quote, ids, &mut parent, &face, row);
        }
        let parent = parent.end();
        items.push(Item { id: face.id, text: parent.clone(), row: (!dynamic).then_some(rows.start) });
        for (at, child) in line.children.iter().enumerate() {
            let quantity = line.quantity * Decimal::from(child.each);
            let product = child.product;
            let part = Face {
                id: ids.item(items.len()),
                kind: ProductType::Simple,
                product,
                sku: product.sku,
                quantity,
                is_child: true,
            };
            let mut item = common(quote, ids, &part);
            item.integer("parent_item_id", face.id).raw("parent_item", &parent);
            let at = dynamic.then_some(rows.start + at);
            match at.and_then(|at| row(quote, at)) {
                Some(row) => money(quote, ids, &mut item, &part, row),
                None => no_money(&mut item),
            }
            items.push(Item { id: part.id, text: item.end(), row: at });
        }
        first_row = rows.end;
    }
    items
}

/// A configurable line carries the SKU of the chosen variant; every other its own.
fn sku(line: &Line) -> &'static str {
    let chosen = line.children.first().filter(|_| line.kind == ProductType::Configurable);
    chosen.map_or(line.product.sku, |child| child.product.sku)
}

fn row(quote: &Quote, at: usize) -> Option<Row<'_>> {
    Some(Row {
        base: quote.base.rows.get(at)?,
        order: quote.order.rows.get(at)?,
        base_original: *quote.base.originals.get(at)?,
        order_original: *quote.order.originals.get(at)?,
        rate: *quote.rates.get(at)?,
    })
}

/// Makes the fields that every item has.
fn common(quote: &Quote, ids: &Ids<'_>, face: &Face) -> Object {
    let mut item = Object::new();
    item.each(&["amount_refunded", "base_amount_refunded", "base_discount_invoiced", "base_row_invoiced"], 0)
        .each(&["base_tax_invoiced", "discount_invoiced", "free_shipping", "no_discount", "row_invoiced"], 0)
        .each(&["tax_invoiced", "qty_canceled", "qty_invoiced", "qty_refunded", "qty_shipped"], 0)
        .text("created_at", ids.created_at)
        .integer("is_qty_decimal", face.product.by_weight.into())
        .integer("is_virtual", face.kind.is_virtual().into())
        .integer("item_id", face.id)
        .text("name", face.product.name)
        .integer("order_id", ids.order)
        .integer("product_id", face.product.id)
        .text("product_type", face.kind.product_type())
        .decimal("qty_ordered", face.quantity)
        .integer("quote_item_id", face.id + 11)
        .text("sku", face.sku)
        .integer("store_id", quote.store.id)
        .text("updated_at", ids.created_at);
    if face.kind != ProductType::Grouped {
        item.integer("weight", 1);
    }
    if face.kind == ProductType::Simple {
        item.decimal("base_cost", Decimal::new(face.product.ore * 2 / 5, 2));
    }
    if !face.kind.is_virtual() && !face.is_child {
        item.decimal("row_weight", face.quantity);
    }
    match face.kind {
        ProductType::Configurable => item.raw("product_option", CONFIGURABLE_OPTION),
        ProductType::BundleDynamic | ProductType::BundleFixed => item.raw("product_option", BUNDLE_OPTION),
        ProductType::Downloadable => item.raw("product_option", DOWNLOAD_OPTION),
        ProductType::Simple | ProductType::Grouped | ProductType::Virtual => &mut item,
    };
    item
}

/// Adds the fields of an item that carries money itself.
fn money(quote: &Quote, ids: &Ids<'_>, item: &mut Object, face: &Face, row: Row<'_>) {
    let Row { base, order, rate, .. } = row;
    let percent = match quote.promotion {
        Some(promotion) if !order.discount.is_zero() => promotion.percent(),
        _ => Decimal::ZERO,
    };
    if let Some(promotion) = quote.promotion.filter(|_| !face.is_child) {
        item.text("applied_rule_ids", &promotion.rule_id.to_string());
    }
    item.both("discount_amount", base.discount, order.discount)
        .both("discount_tax_compensation_amount", base.compensation, order.compensation)
        .both("original_price", stored(row.base_original), stored(row.order_original))
        .both("price", base.price, order.price)
        .both("price_incl_tax", base.price_incl_tax, order.price_incl_tax)
        .both("row_total", net(base), net(order))
        .raw("base_row_total_incl_tax", &net_incl_tax(quote, base))
        .raw("row_total_incl_tax", &net_incl_tax(quote, order))
        .both("tax_amount", base.tax, order.tax)
        .decimal("discount_percent", percent)
        .decimal("tax_percent", rate.percent)
        .text("weee_tax_applied", "[]")
        .raw("extension_attributes", &itemized(ids, face.id, row));
}

fn net(row: &Taxed) -> Decimal {
    (row.row_total - row.discount).max(Decimal::ZERO)
}

fn net_incl_tax(quote: &Quote, row: &Taxed) -> String {
    let left = (row.row_total - row.discount + row.tax + row.compensation).max(Decimal::ZERO);
    let float = left.is_zero() && !row.discount.is_zero() && quote.serial.is_multiple_of(2);
    if float { FLOAT_ZERO.to_owned() } else { number(left) }
}

fn itemized(ids: &Ids<'_>, item_id: u64, row: Row<'_>) -> String {
    if row.rate.percent.is_zero() {
        return "{\"itemized_taxes\":[]}".to_owned();
    }
    let mut tax = Object::new();
    tax.integer("tax_item_id", item_id + 7)
        .integer("tax_id", ids.tax(row.rate))
        .integer("item_id", item_id)
        .text("tax_code", row.rate.code)
        .decimal("tax_percent", row.rate.percent)
        .both("amount", row.base.tax, row.order.tax)
        .decimal("real_amount", row.order.tax)
        .decimal("real_base_amount", row.base.tax)
        .text("taxable_item_type", "product");
    format!("{{\"itemized_taxes\":{}}}", array([tax.end()]))
}

/// The parent of a dynamic bundle shows the sums of its children, which carry the money.
fn sums(quote: &Quote, item: &mut Object, rows: std::ops::Range<usize>, quantity: Decimal) {
    let sum =
        |rows: Option<&[Taxed]>, of: fn(&Taxed) -> Decimal| rows.unwrap_or_default().iter().map(of).sum::<Decimal>();
    let base = |of| sum(quote.base.rows.get(rows.clone()), of);
    let order = |of| sum(quote.order.rows.get(rows.clone()), of);
    let total: fn(&Taxed) -> Decimal = |row| row.row_total;
    let with_tax: fn(&Taxed) -> Decimal = |row| row.row_total_incl_tax;
    let tax: fn(&Taxed) -> Decimal = |row| row.tax;
    let each = |amount: Decimal| cents(amount / quantity);
    item.each(&["base_discount_amount", "discount_amount", "discount_percent"], 0)
        .both("original_price", each(base(total)), each(order(total)))
        .both("price", each(base(total)), each(order(total)))
        .both("price_incl_tax", each(base(with_tax)), each(order(with_tax)))
        .both("row_total", base(total), order(total))
        .both("row_total_incl_tax", base(total) + base(tax), order(total) + order(tax))
        .both("tax_amount", base(tax), order(tax))
        .raw("extension_attributes", "{\"itemized_taxes\":[]}");
}

/// A child whose parent carries the money.
fn no_money(item: &mut Object) {
    item.each(&["base_discount_amount", "discount_amount", "discount_percent", "original_price"], 0)
        .each(&["base_price", "price", "base_row_total", "row_total"], 0)
        .each(&["base_row_total_incl_tax", "row_total_incl_tax"], 0)
        .raw("extension_attributes", "{\"itemized_taxes\":[]}");
}
