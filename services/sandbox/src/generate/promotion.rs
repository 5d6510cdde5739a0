//! Price rules, and how a discount is spread over rows, as `Magento\SalesRule` does it.
//!
//! A percentage is rounded row by row with a carry; an amount for the whole cart goes by share, the last row taking
//! what is left. What belongs to shipping is apart.

use rust_decimal::Decimal;

use super::dice::Dice;
use super::tax::cents;

/// Effect of a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Per cent off the rows, and off shipping too.
    Percent { tenths: i64, shipping: bool },
    /// An amount in base øre off each unit.
    EachUnit { ore: i64 },
    /// An amount in base øre off the cart, shipping included or not.
    Cart { ore: i64, shipping: bool },
    /// No charge for shipping.
    FreeShipping,
}

/// A price rule with its coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Promotion {
    pub(super) rule_id: u64,
    pub(super) coupon: &'static str,
    pub(super) description: &'static str,
    pub(super) effect: Effect,
}

impl Promotion {
    /// Percentage that an item shows as `discount_percent`; 0 for amounts.
    pub(super) fn percent(self) -> Decimal {
        match self.effect {
            Effect::Percent { tenths, .. } => Decimal::new(tenths, 1),
            Effect::EachUnit { .. } | Effect::Cart { .. } | Effect::FreeShipping => Decimal::ZERO,
        }
    }
}

const fn promotion(rule_id: u64, coupon: &'static str, description: &'static str, effect: Effect) -> Promotion {
    Promotion { rule_id, coupon, description, effect }
}

const TEN: Promotion = promotion(1, "TI", "Ti prosent", Effect::Percent { tenths: 100, shipping: false });
const THIRD: Promotion = promotion(2, "TREDEL", "En tredel", Effect::Percent { tenths: 333, shipping: false });
const EACH: Promotion = promotion(3, "HVER7", "7,77 per vare", Effect::EachUnit { ore: 777 });
const CART: Promotion = promotion(4, "KURV50", "50 på kurven", Effect::Cart { ore: 5000, shipping: false });
const CART_SHIPPING: Promotion =
    promotion(5, "KURV100F", "100 på kurv og frakt", Effect::Cart { ore: 10000, shipping: true });
const SHIPPING: Promotion =
    promotion(6, "FEMTENF", "15 prosent, frakt også", Effect::Percent { tenths: 150, shipping: true });
const FREE: Promotion = promotion(7, "FRIFRAKT", "Fri frakt", Effect::FreeShipping);
const ALL: Promotion = promotion(8, "GRATIS", "Alt gratis", Effect::Percent { tenths: 1000, shipping: false });

/// Amounts that a discount takes, row by row, and off shipping.
#[derive(Debug, Clone, Default)]
pub(super) struct Discount {
    pub(super) rows: Vec<Decimal>,
    pub(super) shipping: Decimal,
}

/// A coupon, for about three carts in ten. `shipped`: only such an order can be free of charge but for its shipping.
pub(super) fn draw(dice: &mut Dice, shipped: bool) -> Option<Promotion> {
    if !dice.chance(30) {
        return None;
    }
    let drawn: Option<Promotion> = dice.weighted(&[
        (6, Some(TEN)),
        (4, Some(THIRD)),
        (4, Some(EACH)),
        (4, Some(CART)),
        (4, Some(CART_SHIPPING)),
        (4, Some(SHIPPING)),
        (3, Some(FREE)),
        (1, Some(ALL)),
    ]);
    drawn.filter(|promotion| promotion.rule_id != ALL.rule_id || shipped)
}

/// Spreads a promotion. `rows` are quantity and amount, `shipping` its amount, all as the rule sees them (with tax in a
/// shop whose prices include it); `convert` turns base øre into the currency.
pub(super) fn spread(
    effect: Effect,
    rows: &[(Decimal, Decimal)],
    shipping: Decimal,
    convert: impl Fn(i64) -> Decimal,
) -> Discount {
    let capped = |amount: Decimal, row: Decimal| amount.min(cents(row)).max(Decimal::ZERO);
    match effect {
        Effect::FreeShipping => Discount { rows: vec![Decimal::ZERO; rows.len()], shipping: Decimal::ZERO },
        Effect::EachUnit { ore } => Discount {
            rows: rows.iter().map(|(quantity, row)| capped(cents(convert(ore) * quantity), *row)).collect(),
            shipping: Decimal::ZERO,
        },
        Effect::Percent { tenths, shipping: off_shipping } => {
            let share = Decimal::new(tenths, 3);
            let mut carry = Decimal::ZERO;
            let row_off = |(_, row): &(Decimal, Decimal)| {
                let exact = row * share + carry;
                carry = exact - cents(exact);
                capped(cents(exact), *row)
            };
            let rows = rows.iter().map(row_off).collect();
            Discount { rows, shipping: if off_shipping { cents(shipping * share) } else { Decimal::ZERO } }
        }
        Effect::Cart { ore, shipping: off_shipping } => {
            let of_shipping = if off_shipping { shipping } else { Decimal::ZERO };
            cart(convert(ore), rows, of_shipping)
        }
    }
}

fn cart(amount: Decimal, rows: &[(Decimal, Decimal)], shipping: Decimal) -> Discount {
    let total: Decimal = rows.iter().map(|(_, row)| row).sum::<Decimal>() + shipping;
    let amount = amount.min(cents(total));
    let mut discount = Discount::default();
    let mut left = amount;
    let mut weight = total;
    for (_, row) in rows {
        // Each row takes its share of what is left, so that the last one, or shipping, takes the rest.
        let share = if weight.is_zero() { Decimal::ZERO } else { cents(left * row / weight) };
        let share = share.min(cents(*row)).min(left);
        discount.rows.push(share);
        left -= share;
        weight -= row;
    }
    discount.shipping = left.min(shipping);
    discount
}
