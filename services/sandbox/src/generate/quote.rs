//! A cart with its totals, in the order's currency and in the website's base currency.
//!
//! The two columns are worked out apart, from converted prices, as Magento does it; converting one into the other would
//! be off by some øre. In each, the header identity holds exactly by construction:
//! `grand_total = subtotal + discount + shipping + tax + compensation + shipping compensation − credits`.

use rust_decimal::Decimal;

use super::basket::{Line, MoneyRow};
use super::catalogue::{Rate, TaxClass};
use super::dice::{Dice, mix};
use super::people::Customer;
use super::promotion::{self, Effect, Promotion};
use super::tax::{Calculator, Charge, TaxHabits, TaxRules, Taxed, cents, price_elsewhere};
use super::{Algorithm, Store, basket, store};

/// Flat rate, in base øre, without tax and with it.
const SHIPPING_ORE: (i64, i64) = (7920, 9900);

/// How an order is paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Payment {
    #[default]
    CheckMoney,
    BankTransfer,
    PurchaseOrder,
}

/// Credits that Adobe Commerce takes off the total without their being a discount: the header alone knows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Credits {
    pub(super) gift_card: Decimal,
    pub(super) store_credit: Decimal,
    pub(super) reward: Decimal,
}

impl Credits {
    fn sum(&self) -> Decimal {
        self.gift_card + self.store_credit + self.reward
    }
}

/// The totals in one currency.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    /// By money row, in the order of the lines.
    pub(super) rows: Vec<Taxed>,
    /// Catalogue price of one of each row, not rounded to the currency.
    pub(super) originals: Vec<Decimal>,
    pub(super) shipping: Taxed,
    /// The shipping by the rates that it is taxed at; mostly one.
    pub(super) shipping_parts: Vec<(Rate, Taxed)>,
    pub(super) subtotal: Decimal,
    pub(super) subtotal_incl_tax: Decimal,
    /// Positive here; the document shows it negative.
    pub(super) discount: Decimal,
    pub(super) tax: Decimal,
    pub(super) compensation: Decimal,
    pub(super) credits: Credits,
    pub(super) grand_total: Decimal,
}

/// A cart that is ready to be ordered.
#[derive(Debug, Clone)]
pub struct Quote {
    pub(super) serial: u64,
    pub(super) customer: Customer,
    pub(super) store: &'static Store,
    pub(super) lines: Vec<Line>,
    pub(super) rates: Vec<Rate>,
    pub(super) shipped: bool,
    pub(super) promotion: Option<Promotion>,
    pub(super) payment: Payment,
    pub(super) base: Column,
    pub(super) order: Column,
}

/// Data that both columns are worked out from.
struct Basis<'b> {
    rules: TaxRules,
    habits: TaxHabits,
    rows: Vec<MoneyRow>,
    rates: &'b [Rate],
    shipping_rate: Rate,
    shipped: bool,
    effect: Option<Effect>,
    /// Base øre.
    credits: (i64, i64, i64),
}

impl Quote {
    pub(super) fn draw(seed: u64, serial: u64, customer: Customer, habits: TaxHabits) -> Self {
        let mut dice = Dice::new(mix(mix(seed, 0x000F_0E2D), serial));
        let store = store(customer.store_id);
        let lines = basket::draw(&mut dice);
        let rows: Vec<MoneyRow> = lines.iter().flat_map(Line::money_rows).collect();
        let rate = |class: TaxClass| class.rate(customer.country, customer.reverse_charge());
        let rates: Vec<Rate> = rows.iter().map(|row| rate(row.product.class)).collect();
        let shipped = lines.iter().any(|line| !line.kind.is_virtual());
        let mut promotion = promotion::draw(&mut dice, shipped);
        let mut basis = Basis {
            rules: rules(&mut dice),
            habits,
            rows,
            rates: &rates,
            shipping_rate: rate(TaxClass::Standard),
            shipped,
            effect: promotion.map(|promotion| promotion.effect),
            credits: credits(&mut dice),
        };
        let (mut base, mut order) = basis.columns(store);
        if base.grand_total <= Decimal::ZERO || order.grand_total <= Decimal::ZERO {
            // Such a cart goes through another payment method in a real shop; here it pays the full price.
            promotion = None;
            basis.effect = None;
            (base, order) = basis.columns(store);
        }
        let payment = match customer.company {
            Some(_) => dice.weighted(&[(70, Payment::PurchaseOrder), (30, Payment::BankTransfer)]),
            None => dice.weighted(&[(55, Payment::CheckMoney), (45, Payment::BankTransfer)]),
        };
        Self { serial, customer, store, lines, rates, shipped, promotion, payment, base, order }
    }

    /// The store view that the order is placed in.
    #[must_use]
    pub fn store_id(&self) -> u64 {
        self.store.id
    }

    /// The customer who orders.
    #[must_use]
    pub fn customer(&self) -> &Customer {
        &self.customer
    }

    /// Amount that is to be paid, in the currency of the store.
    #[must_use]
    pub fn grand_total(&self) -> Decimal {
        self.order.grand_total
    }

    /// Id and body of `GET /V1/customers/{id}` as of a time; nothing for a guest.
    #[must_use]
    pub fn customer_document(&self, at: &str) -> Option<(u64, String)> {
        self.customer.document(at)
    }
}

/// All six ways in which shops compute tax, so that one run meets each.
fn rules(dice: &mut Dice) -> TaxRules {
    let algorithm = dice.weighted(&[(50, Algorithm::Total), (30, Algorithm::Row), (20, Algorithm::Unit)]);
    TaxRules { prices_include_tax: dice.chance(50), algorithm }
}

fn credits(dice: &mut Dice) -> (i64, i64, i64) {
    let mut drawn = |percent: u8, ore: i64| if dice.chance(percent) { ore } else { 0 };
    (drawn(4, 5000), drawn(3, 2550), drawn(2, 1234))
}

impl Basis<'_> {
    /// The totals in the base currency and in the store's.
    fn columns(&self, store: &Store) -> (Column, Column) {
        let base = self.column(Decimal::ONE);
        let order = if store.rate() == Decimal::ONE { base.clone() } else { self.column(store.rate()) };
        (base, order)
    }

    /// The totals at this many units of the currency to one of the base currency.
    fn column(&self, exchange: Decimal) -> Column {
        let exact = |ore: i64| Decimal::new(ore, 2) * exchange;
        let money = |ore: i64| cents(exact(ore));
        let prices: Vec<Decimal> = self
            .rows
            .iter()
            .zip(self.rates)
            .map(|(row, rate)| self.price(money(row.ore), row.product.class, *rate))
            .collect();
        let amounts: Vec<(Decimal, Decimal)> =
            self.rows.iter().zip(&prices).map(|(row, price)| (row.quantity, row.quantity * price)).collect();
        let free = matches!(self.effect, Some(Effect::FreeShipping));
        let flat = if self.rules.prices_include_tax { SHIPPING_ORE.1 } else { SHIPPING_ORE.0 };
        let shipping_price = if self.shipped && !free { money(flat) } else { Decimal::ZERO };
        let shipping_price = self.price(shipping_price, TaxClass::Standard, self.shipping_rate);
        let discount = match self.effect {
            Some(effect) => promotion::spread(effect, &amounts, shipping_price, money),
            None => promotion::Discount { rows: vec![Decimal::ZERO; amounts.len()], shipping: Decimal::ZERO },
        };
        let mut products = Calculator::new(self.rules);
        let rows =
            self.rows.iter().zip(self.rates).zip(&prices).zip(&discount.rows).map(|(((row, rate), price), off)| {
                products.taxed(&Charge { price: *price, quantity: row.quantity, rate: rate.percent, discount: *off })
            });
        let mut rows: Vec<Taxed> = rows.collect();
        if let Some(row) = rows.iter_mut().find(|row| self.habits.exempt_row && !row.tax.is_zero()) {
            (row.tax, row.row_total_incl_tax) = (Decimal::ZERO, row.row_total);
        }
        let shipping_parts = self.shipping(&rows, shipping_price, discount.shipping);
        let shipping = shipping_parts.iter().fold(Taxed::default(), |sum, (_, part)| sum.with(part));
        let originals = self.rows.iter().map(|row| exact(row.ore)).collect();
        let credits = (money(self.credits.0), money(self.credits.1), money(self.credits.2));
        Column { rows, originals, shipping, shipping_parts, ..Column::default() }.totalled(credits)
    }

    /// The shipping at its own rate, or at those of the goods.
    fn shipping(&self, rows: &[Taxed], price: Decimal, discount: Decimal) -> Vec<(Rate, Taxed)> {
        let mut goods: Vec<(Rate, Decimal)> = Vec::new();
        for (rate, row) in self.rates.iter().zip(rows).filter(|(rate, _)| !rate.percent.is_zero()) {
            match goods.iter_mut().find(|(known, _)| known == rate) {
                Some((_, sum)) => *sum += row.row_total,
                None => goods.push((*rate, row.row_total)),
            }
        }
        goods.retain(|(_, sum)| *sum > Decimal::ZERO);
        if !self.habits.shipping_by_goods || goods.is_empty() {
            goods = vec![(self.shipping_rate, Decimal::ONE)];
        }
        let charge = Charge { price, quantity: Decimal::ONE, rate: self.shipping_rate.percent, discount };
        let weights: Vec<(Decimal, Decimal)> = goods.iter().map(|(rate, sum)| (rate.percent, *sum)).collect();
        let parts = Calculator::parts(self.rules, &charge, &weights);
        goods.into_iter().map(|(rate, _)| rate).zip(parts).collect()
    }

    /// A catalogue price as the customer's country sees it.
    fn price(&self, price: Decimal, class: TaxClass, rate: Rate) -> Decimal {
        if self.rules.prices_include_tax {
            price_elsewhere(price, class.rate("NO", false).percent, rate.percent)
        } else {
            price
        }
    }
}

impl Column {
    fn totalled(mut self, credits: (Decimal, Decimal, Decimal)) -> Self {
        let sum = |of: fn(&Taxed) -> Decimal| -> Decimal { self.rows.iter().map(of).sum() };
        self.subtotal = sum(|row| row.row_total);
        self.subtotal_incl_tax = sum(|row| row.row_total_incl_tax);
        self.compensation = sum(|row| row.compensation);
        self.tax = sum(|row| row.tax) + self.shipping.tax;
        self.discount = sum(|row| row.discount) + self.shipping.discount;
        let due = self.subtotal - self.discount
            + self.shipping.row_total
            + self.tax
            + self.compensation
            + self.shipping.compensation;
        let credits = Credits { gift_card: credits.0, store_credit: credits.1, reward: credits.2 };
        // A credit is used only where it leaves something to pay.
        if credits.sum() < due {
            self.credits = credits;
        }
        self.grand_total = due - self.credits.sum();
        self
    }
}
