//! A shop that draws orders as Commerce makes them: prices with or without tax, three tax algorithms, discounts,
//! discounted shipping, composite products, fixed product tax, payments by gift card and store credit.
//!
//! Rebuilt from the measured identities, and independent of the crate under test: the header is summed up from the
//! rows on the way forward, while mapping has to find the rows from what REST shows of them.

use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

/// How the shop computes tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Unit,
    Row,
    Total,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Simple,
    Grouped,
    Configurable,
    BundleFixed,
    BundleDynamic,
}

/// Where a fixed product tax stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fpt {
    None,
    /// In the total, but in no other field of the header.
    Outside,
    /// In the subtotal.
    Inside,
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) kind: Kind,
    /// Unit price in hundredths, with tax where the shop's prices have it.
    pub(crate) price: u32,
    /// Quantity in quarters.
    pub(crate) quarters: u32,
    /// Which of the country's rates.
    pub(crate) rate: usize,
    /// Discount in per cent of the row as priced.
    pub(crate) discount: u32,
    pub(crate) fpt: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Basket {
    pub(crate) rows: Vec<Row>,
    pub(crate) algorithm: Algorithm,
    pub(crate) prices_include_tax: bool,
    pub(crate) tax_before_discount: bool,
    pub(crate) country: usize,
    pub(crate) currency: usize,
    pub(crate) shipping: u32,
    pub(crate) shipping_discount: u32,
    pub(crate) fpt: Fpt,
    /// Per cent of the total paid by gift card, and by store credit.
    pub(crate) gift_card: u32,
    pub(crate) store_credit: u32,
}

const CURRENCIES: [&str; 4] = ["NOK", "SEK", "EUR", "DKK"];
/// Rates of each country in tenths of a per cent, with the one of shipping first.
const COUNTRIES: [(&str, &[i64]); 5] = [
    ("NO", &[250, 150, 120, 0]),
    ("SE", &[250, 120, 60, 0]),
    ("DK", &[250, 0]),
    ("FI", &[255, 140, 100, 0]),
    ("DE", &[0]),
];

prop_compose! {
    fn row()(
        kind in prop::sample::select(vec![
            Kind::Simple, Kind::Simple, Kind::Grouped, Kind::Configurable, Kind::BundleFixed, Kind::BundleDynamic,
        ]),
        price in prop_oneof![1u32..500, 100u32..500_000],
        quarters in prop_oneof![(1u32..20).prop_map(|whole| whole * 4), 1u32..40],
        rate in 0usize..4,
        discount in prop_oneof![Just(0u32), 1u32..100, Just(100)],
        fpt in 1u32..5_000,
    ) -> Row {
        Row { kind, price, quarters, rate, discount, fpt }
    }
}

prop_compose! {
    pub(crate) fn basket()(
        rows in prop::collection::vec(row(), 1..8),
        algorithm in prop::sample::select(vec![Algorithm::Unit, Algorithm::Row, Algorithm::Total]),
        (prices_include_tax, tax_before_discount) in (any::<bool>(), prop::bool::weighted(0.1)),
        country in 0..COUNTRIES.len(),
        currency in 0..CURRENCIES.len(),
        shipping in prop_oneof![Just(0u32), 1u32..20_000],
        shipping_discount in prop_oneof![Just(0u32), 1u32..=100],
        fpt in prop::sample::select(vec![Fpt::None, Fpt::None, Fpt::Outside, Fpt::Inside]),
        gift_card in prop_oneof![Just(0u32), 1u32..=60],
        store_credit in prop_oneof![Just(0u32), 1u32..=40],
    ) -> Basket {
        Basket {
            rows, algorithm, prices_include_tax, tax_before_discount, country, currency, shipping, shipping_discount,
            fpt, gift_card, store_credit,
        }
    }
}

/// A row or the shipping with its tax worked out.
#[derive(Debug, Clone, Copy, Default)]
struct Taxed {
    unit: Decimal,
    gross: Decimal,
    discount: Decimal,
    tax: Decimal,
    compensation: Decimal,
}

/// Rounding that remembers, per rate, what it took away.
#[derive(Debug, Default)]
struct Carry(std::collections::BTreeMap<Decimal, Decimal>);

impl Carry {
    fn round(&mut self, rate: Decimal, amount: Decimal) -> Decimal {
        let carried = self.0.entry(rate).or_insert(Decimal::new(1, 6));
        let exact = amount + *carried;
        let rounded = cents(exact);
        *carried = exact - rounded;
        rounded
    }
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

impl Basket {
    fn tax_in(&self, amount: Decimal, rate: Decimal) -> Decimal {
        let base = if self.prices_include_tax { Decimal::ONE_HUNDRED + rate } else { Decimal::ONE_HUNDRED };
        amount * rate / base
    }

    /// Works out one row. `before` and `after` carry what the two taxes of a row were rounded by.
    fn tax(&self, price: Decimal, quantity: Decimal, rate: Decimal, percent: u32, carries: &mut [Carry; 2]) -> Taxed {
        if self.algorithm != Algorithm::Total {
            *carries = [Carry::default(), Carry::default()];
        }
        let priced = cents(price * quantity);
        let discount = cents(priced * Decimal::from(percent) / Decimal::ONE_HUNDRED);
        let mut rounded = |which: usize, amount: Decimal| match self.algorithm {
            Algorithm::Unit => cents(self.tax_in(amount / quantity, rate)) * quantity,
            Algorithm::Row | Algorithm::Total => carries[which].round(rate, self.tax_in(amount, rate)),
        };
        let full = cents(rounded(0, priced));
        let reduced = cents(rounded(1, priced - discount));
        let unit = if self.prices_include_tax { price - cents(self.tax_in(price, rate)) } else { price };
        let gross = match (self.prices_include_tax, self.algorithm) {
            (true, Algorithm::Unit) => cents(unit * quantity),
            (true, _) => priced - full,
            (false, _) => priced,
        };
        let tax = if self.tax_before_discount { full } else { reduced };
        // What of the discount was tax: the row's net, discount and tax make up what the customer pays for it.
        let compensation =
            if self.prices_include_tax { priced - discount - tax - (gross - discount) } else { Decimal::ZERO };
        Taxed { unit, gross, discount, tax, compensation }
    }

    /// The rows before discount, as invoices and credit memos show them; the item of row `n` has the id `10 (n + 1)`.
    pub(crate) fn grosses(&self) -> Vec<Decimal> {
        let (_, rates) = COUNTRIES[self.country];
        let mut carries = [Carry::default(), Carry::default()];
        let gross = |row: &Row| {
            let rate = Decimal::new(rates[row.rate % rates.len()], 1);
            let quantity = Decimal::new(i64::from(row.quarters) * 25, 2);
            self.tax(Decimal::new(i64::from(row.price), 2), quantity, rate, row.discount, &mut carries).gross
        };
        self.rows.iter().map(gross).collect()
    }

    /// The order as `GET /V1/orders/{id}` shows it.
    pub(crate) fn order(&self) -> Value {
        let (country, rates) = COUNTRIES[self.country];
        let mut carries = [Carry::default(), Carry::default()];
        let (mut items, mut taxed, mut applied) = (Vec::new(), Vec::new(), Vec::new());
        let (mut fpt_total, mut fpt_in_subtotal) = (Decimal::ZERO, Decimal::ZERO);
        for (index, row) in self.rows.iter().enumerate() {
            let id = 10 * (index + 1);
            let rate = Decimal::new(rates[row.rate % rates.len()], 1);
            let (price, quantity) =
                (Decimal::new(i64::from(row.price), 2), Decimal::new(i64::from(row.quarters) * 25, 2));
            let one = self.tax(price, quantity, rate, row.discount, &mut carries);
            let fpt = if self.fpt == Fpt::None { Decimal::ZERO } else { Decimal::new(i64::from(row.fpt), 2) };
            fpt_total += fpt;
            if self.fpt == Fpt::Inside {
                fpt_in_subtotal += fpt;
            }
            items.extend(lines(row.kind, id, quantity, rate, fpt, &one));
            if !rate.is_zero() {
                applied.push(applied_tax("product", Some(id), rate, one.tax));
            }
            taxed.push(one);
        }
        let rate = Decimal::new(rates[0], 1);
        let mut fresh = [Carry::default(), Carry::default()];
        let shipping = Decimal::new(i64::from(self.shipping), 2);
        let shipping = self.tax(shipping, Decimal::ONE, rate, self.shipping_discount, &mut fresh);
        if !shipping.tax.is_zero() {
            applied.push(applied_tax("shipping", None, rate, shipping.tax));
        }
        let sum = |part: fn(&Taxed) -> Decimal| taxed.iter().map(part).sum::<Decimal>();
        let (subtotal, discount, compensation) =
            (sum(|one| one.gross), sum(|one| one.discount), sum(|one| one.compensation));
        let tax = sum(|one| one.tax) + shipping.tax;
        let discount = discount + shipping.discount;
        let due = subtotal - discount + shipping.gross + tax + compensation + shipping.compensation + fpt_total;
        let (gift_card, store_credit) = (share(due, self.gift_card), share(due, self.store_credit));
        json!({
            "entity_id": 77, "increment_id": "000000077", "store_id": 1, "state": "new", "status": "pending",
            "created_at": "2026-03-31 22:30:00", "updated_at": "2026-03-31 22:30:00",
            "customer_email": "Kari@Example.no ", "customer_is_guest": 1, "customer_group_id": 0,
            "order_currency_code": CURRENCIES[self.currency], "base_currency_code": "NOK", "base_to_order_rate": 1,
            "grand_total": number(due - gift_card - store_credit), "base_grand_total": 0,
            "subtotal": number(subtotal + fpt_in_subtotal), "discount_amount": number(-discount),
            "tax_amount": number(tax), "discount_tax_compensation_amount": number(compensation),
            "shipping_amount": number(shipping.gross), "shipping_tax_amount": number(shipping.tax),
            "shipping_discount_amount": number(shipping.discount),
            "shipping_discount_tax_compensation_amount": number(shipping.compensation),
            "shipping_description": "Flat Rate - Fixed",
            "billing_address": { "firstname": "Kari", "lastname": "Nordmann", "country_id": country, "city": "Oslo",
                "postcode": "0155", "street": ["Storgata 1"] },
            "payment": { "method": "checkmo" },
            "items": items,
            "extension_attributes": { "item_applied_taxes": applied,
                "gift_cards_amount": number(gift_card), "customer_balance_amount": number(store_credit) },
        })
    }
}

fn share(amount: Decimal, percent: u32) -> Decimal {
    cents(amount.max(Decimal::ZERO) * Decimal::from(percent) / Decimal::ONE_HUNDRED)
}

fn applied_tax(kind: &str, item: Option<usize>, rate: Decimal, tax: Decimal) -> Value {
    json!({ "type": kind, "item_id": item,
        "applied_taxes": [{ "code": format!("RATE-{rate}"), "percent": number(rate), "amount": number(tax) }] })
}

/// A JSON number with the digits of the decimal.
pub(crate) fn number(amount: Decimal) -> Value {
    serde_json::from_str(&amount.normalize().to_string()).unwrap()
}

/// The line or lines of a product, as order items show them.
fn lines(kind: Kind, id: usize, quantity: Decimal, rate: Decimal, fpt: Decimal, row: &Taxed) -> Vec<Value> {
    let product_type = match kind {
        Kind::Simple => "simple",
        Kind::Grouped => "grouped",
        Kind::Configurable => "configurable",
        Kind::BundleFixed | Kind::BundleDynamic => "bundle",
    };
    let shown = (row.gross - row.discount).max(Decimal::ZERO);
    let line = |id: usize, parent: Option<usize>, product_type: &str, fpt: Decimal| {
        let weee = json!([{ "title": "EE-avgift", "row_amount": number(fpt), "row_amount_incl_tax": number(fpt) }]);
        json!({
            "item_id": id, "parent_item_id": parent, "product_type": product_type, "sku": format!("SKU-{id}"),
            "name": format!("Product {id}"), "qty_ordered": number(quantity), "price": number(row.unit),
            "row_total": number(shown), "discount_amount": number(row.discount), "tax_percent": number(rate),
            "tax_amount": number(row.tax), "discount_tax_compensation_amount": number(row.compensation),
            "weee_tax_applied_row_amount": number(fpt), "weee_tax_applied": weee.to_string(),
        })
    };
    let empty = |id: usize, parent: usize| {
        json!({ "item_id": id, "parent_item_id": parent, "product_type": "simple", "sku": format!("SKU-{id}"),
            "name": "Part", "qty_ordered": number(quantity), "price": 0, "row_total": 0, "discount_amount": 0 })
    };
    match kind {
        Kind::Simple | Kind::Grouped => vec![line(id, None, product_type, fpt)],
        Kind::Configurable | Kind::BundleFixed => vec![line(id, None, product_type, fpt), empty(id + 1, id)],
        // The parent shows the sum of its children once more.
        Kind::BundleDynamic => {
            let mut parent = line(id + 1, None, product_type, fpt);
            parent["tax_percent"] = Value::Null;
            parent["discount_amount"] = json!(0);
            vec![parent, line(id, Some(id + 1), "simple", fpt)]
        }
    }
}
