//! Which items of an order carry money.
//!
//! A configurable or a bundle stands on an order twice, as the parent and as its parts. Adding all lines counts dynamic
//! bundles double; adding parents alone loses nothing but shows one price for parts of different VAT rates.

use std::collections::BTreeMap;

use commerce::order::{Item, Order, ProductType};

/// The items whose rows make up the subtotal, in the order of the document.
///
/// A configurable carries the money of its child (whose price some versions repeat). Any other parent carries it
/// unless a child has a price, which is how a bundle with a dynamic price shows; then the children do. Grouped
/// products are independent lines without a parent.
pub(super) fn with_money(order: &Order) -> Vec<&Item> {
    let parents = parents(order);
    order
        .items
        .iter()
        .filter(|item| match item.parent_item_id.and_then(|id| parents.get(&id)) {
            Some(children_pay) => *children_pay,
            None => !parents.get(&item.item_id).copied().unwrap_or(false),
        })
        .collect()
}

/// The parents of the order, and whether their children carry the money.
fn parents(order: &Order) -> BTreeMap<u64, bool> {
    let mut parents: BTreeMap<u64, bool> = BTreeMap::new();
    for child in &order.items {
        if let Some(id) = child.parent_item_id {
            *parents.entry(id).or_default() |= !child.price.is_zero();
        }
    }
    let present: BTreeMap<u64, &Item> = order.items.iter().map(|item| (item.item_id, item)).collect();
    parents.retain(|id, _| present.contains_key(id));
    for (id, children_pay) in &mut parents {
        let configurable = present.get(id).is_some_and(|item| item.product_type == ProductType::Configurable);
        *children_pay &= !configurable;
    }
    parents
}
