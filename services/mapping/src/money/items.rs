//! Which items of an order carry money.
//!
//! A configurable or a bundle stands on an order twice, as the parent and as its parts. Adding all lines counts dynamic
//! bundles double; adding parents alone loses nothing but shows one price for parts of different VAT rates.

use std::collections::BTreeMap;

use commerce::order::{Item, Order, ProductType};

/// The items whose rows make up the subtotal, in the order of the document: as they most likely are, and, where a
/// bundle and its parts both show money, the other way round.
///
/// A configurable carries the money of its child (whose price some versions repeat). Any other parent carries it
/// unless a child has a price and it has no tax rate, which is how a bundle with a dynamic price shows; then the
/// children do. With a rate of its own it is a bundle with a fixed price whose parts show theirs.
/// Grouped products are independent lines without a parent.
pub(super) fn with_money(order: &Order) -> Vec<Vec<&Item>> {
    let parents = parents(order);
    let reading = |turned: bool| -> Vec<&Item> {
        let children_pay = |parent: &Parent| parent.children_pay != (turned && parent.both_show);
        let carries = |item: &&Item| match item.parent_item_id.and_then(|id| parents.get(&id)) {
            Some(parent) => children_pay(parent),
            None => !parents.get(&item.item_id).is_some_and(children_pay),
        };
        order.items.iter().filter(carries).collect()
    };
    let doubtful = parents.values().any(|parent| parent.both_show);
    [false, true].into_iter().take(if doubtful { 2 } else { 1 }).map(reading).collect()
}

/// A parent of the order.
#[derive(Debug, Clone, Copy)]
struct Parent {
    children_pay: bool,
    /// True when it may be the other way round.
    both_show: bool,
}

fn parents(order: &Order) -> BTreeMap<u64, Parent> {
    let mut parents = BTreeMap::new();
    for parent in &order.items {
        if order.children(parent.item_id).next().is_none() {
            continue;
        }
        let priced = order.children(parent.item_id).any(|child| !child.price.is_zero());
        let both_show = priced && parent.product_type != ProductType::Configurable;
        let children_pay = both_show && parent.tax_percent.is_none();
        parents.insert(parent.item_id, Parent { children_pay, both_show });
    }
    parents
}
