//! Content of a cart: lines, and under a composite line its children.

use rust_decimal::Decimal;

use super::catalogue::{
    BUNDLE_DYNAMIC, BUNDLE_FIXED, CONFIGURABLE, DOWNLOADABLE, FISH, Product, ProductType, SIMPLE, VARIANTS, VIRTUAL,
};
use super::dice::Dice;

/// A line of a cart.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) kind: ProductType,
    pub(super) product: Product,
    pub(super) quantity: Decimal,
    pub(super) children: Vec<Child>,
}

/// A part of a composite line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child {
    pub(super) product: Product,
    /// In one of the parent.
    pub(super) each: u64,
}

/// A row that carries money: a line, or a child of a dynamic bundle.
#[derive(Debug, Clone, Copy)]
pub(super) struct MoneyRow {
    pub(super) product: Product,
    /// Price of one, in øre of the base currency.
    pub(super) ore: i64,
    pub(super) quantity: Decimal,
}

impl Line {
    fn new(kind: ProductType, product: Product, quantity: u64) -> Self {
        Self { kind, product, quantity: quantity.into(), children: Vec::new() }
    }

    /// The rows of this line that carry money.
    pub(super) fn money_rows(&self) -> Vec<MoneyRow> {
        match self.kind {
            ProductType::BundleDynamic => self
                .children
                .iter()
                .map(|child| MoneyRow {
                    product: child.product,
                    ore: child.product.ore,
                    quantity: self.quantity * Decimal::from(child.each),
                })
                .collect(),
            ProductType::Configurable => {
                let ore = self.children.first().map_or(self.product.ore, |child| child.product.ore);
                vec![MoneyRow { product: self.product, ore, quantity: self.quantity }]
            }
            _ => vec![MoneyRow { product: self.product, ore: self.product.ore, quantity: self.quantity }],
        }
    }
}

/// Fills a cart.
pub(super) fn draw(dice: &mut Dice) -> Vec<Line> {
    if dice.chance(5) {
        return vec![without_shipping(dice)];
    }
    let lines: u64 = dice.weighted(&[(40, 1), (28, 2), (16, 3), (9, 4), (5, 6), (2, 12)]);
    (0..lines).flat_map(|_| one(dice)).collect()
}

fn without_shipping(dice: &mut Dice) -> Line {
    if dice.chance(50) {
        Line::new(ProductType::Virtual, dice.pick(&VIRTUAL), 1 + dice.below(2))
    } else {
        Line::new(ProductType::Downloadable, dice.pick(&DOWNLOADABLE), 1)
    }
}

/// One thing put into the cart, which for a grouped product is several lines.
fn one(dice: &mut Dice) -> Vec<Line> {
    let kind: ProductType = dice.weighted(&[
        (60, ProductType::Simple),
        (14, ProductType::Configurable),
        (7, ProductType::BundleDynamic),
        (6, ProductType::BundleFixed),
        (5, ProductType::Grouped),
        (4, ProductType::Virtual),
        (4, ProductType::Downloadable),
    ]);
    let quantity = dice.weighted(&[(60, 1), (22, 2), (10, 3), (8, 7)]);
    match kind {
        ProductType::Simple if dice.chance(4) => {
            let grams = i64::try_from(80 + dice.below(1900)).unwrap_or(500);
            vec![Line { quantity: Decimal::new(grams, 3), ..Line::new(kind, FISH, 1) }]
        }
        ProductType::Simple => vec![Line::new(kind, dice.pick(&SIMPLE), quantity)],
        ProductType::Virtual | ProductType::Downloadable => vec![without_shipping(dice)],
        ProductType::Grouped => [SIMPLE[2], SIMPLE[8]].map(|product| Line::new(kind, product, quantity)).into(),
        ProductType::Configurable => {
            let variant = Child { product: dice.pick(&VARIANTS), each: 1 };
            vec![Line { children: vec![variant], ..Line::new(kind, CONFIGURABLE, quantity) }]
        }
        ProductType::BundleDynamic => vec![Line { children: parts(2), ..Line::new(kind, BUNDLE_DYNAMIC, quantity) }],
        ProductType::BundleFixed => vec![Line { children: parts(3), ..Line::new(kind, BUNDLE_FIXED, quantity) }],
    }
}

/// Parts of both bundles: one part of the general rate and some of food, so that a dynamic one has two rates.
fn parts(jars: u64) -> Vec<Child> {
    vec![Child { product: SIMPLE[0], each: 1 }, Child { product: SIMPLE[8], each: jars }]
}
