//! Which lines, and how many of each, go into an invoice, a credit memo or a shipment.
//!
//! Lines that carry no money of their own go along with those that do, in Magento's own way: the child of a
//! configurable product or of a fixed bundle in its share of the parent, the parent of a dynamic bundle always with its
//! whole quantity, however few of its children are meant, and again with every further document.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Refused;
use super::line::{Line, Money};
use super::money::{Pair, ratio};
use super::product_tax::ProductTax;
use super::sale::Sale;

/// How many of which items, by their ids.
pub(super) type Quantities = BTreeMap<u64, Decimal>;

/// A line of a document that is being made.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) line: Line,
    pub(super) quantity: Decimal,
    pub(super) money: Money,
    /// The row with tax, before discount.
    pub(super) including: Pair,
    pub(super) product_tax: ProductTax,
}

/// Purpose of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Invoice,
    Refund,
    Ship,
}

impl Purpose {
    /// How many of a line are left for it.
    pub(super) fn left(self, line: &Line) -> Decimal {
        match self {
            Self::Invoice => line.to_invoice(),
            Self::Refund => line.to_refund(),
            Self::Ship => line.to_ship(),
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Refund => "refund",
            Self::Ship => "ship",
        }
    }
}

/// The lines that are asked for, or all that are left; without their money.
pub(super) fn take(sale: &Sale, purpose: Purpose, asked: Option<&Quantities>) -> Result<Vec<Taken>, Refused> {
    let mut taken = Vec::new();
    for line in &sale.lines {
        let quantity = quantity(sale, purpose, line, asked);
        if !line.dummy && quantity > purpose.left(line) {
            let message = format!("We found an invalid quantity to {} item \"%1\".", purpose.verb());
            return Err(Refused::listed(&message, &[&line.name()]));
        }
        if quantity > Decimal::ZERO {
            taken.push(Taken {
                line: line.clone(),
                quantity,
                money: Money::default(),
                including: Pair::ZERO,
                product_tax: ProductTax::default(),
            });
        }
    }
    if taken.iter().all(|one| one.line.dummy) && purpose != Purpose::Refund {
        taken.clear();
    }
    Ok(taken)
}

fn quantity(sale: &Sale, purpose: Purpose, line: &Line, asked: Option<&Quantities>) -> Decimal {
    let parent = line.parent.and_then(|parent| sale.lines.iter().find(|other| other.id == parent));
    if !line.dummy {
        let Some(asked) = asked else { return purpose.left(line) };
        let with_parent = || {
            let (parent, asked) = parent.and_then(|parent| Some((parent, asked.get(&parent.id)?)))?;
            Some(ratio(asked * line.ordered, parent.ordered))
        };
        let wanted = asked.get(&line.id).copied().or_else(with_parent).unwrap_or_default();
        return if line.by_weight { wanted } else { wanted.trunc() };
    }
    if let Some(parent) = parent {
        return ratio(quantity(sale, purpose, parent, asked) * line.ordered, parent.ordered);
    }
    let mut children = sale.lines.iter().filter(|other| other.parent == Some(line.id));
    if !children.any(|child| quantity(sale, purpose, child, asked) > Decimal::ZERO) {
        Decimal::ZERO
    } else if purpose == Purpose::Refund {
        line.invoiced
    } else {
        line.ordered
    }
}
