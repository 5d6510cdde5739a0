//! The orders that are drawn: their money, their shape, and that a seed is all there is to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rust_decimal::Decimal;
use sandbox::generate::{Generator, Placement, TaxHabits};
use serde_json::Value;

const ORDERS: u64 = 2_000;

fn drawn(seed: u64, orders: u64, customers: u64) -> Vec<Value> {
    let generator = Generator::new(seed);
    (0..orders).map(|turn| serde_json::from_str(&text(generator, turn, orders, customers)).unwrap()).collect()
}

fn text(generator: Generator, turn: u64, orders: u64, customers: u64) -> String {
    let placement = Placement {
        entity_id: turn + 1,
        increment_id: format!("{:09}", turn + 1),
        created_at: "2026-02-03 04:05:06".to_owned(),
    };
    generator.quote(turn, generator.customer_of(turn, orders, customers)).order(&placement).text
}

/// A number by its text; what is absent is 0.
fn money(object: &Value, name: &str) -> Decimal {
    match &object[name] {
        Value::Null => Decimal::ZERO,
        Value::Number(number) => {
            let text = number.as_str();
            text.parse().or_else(|_| Decimal::from_scientific(text)).unwrap()
        }
        other => panic!("{name}: {other}"),
    }
}

fn items(order: &Value) -> &Vec<Value> {
    order["items"].as_array().unwrap()
}

/// True when an item is the parent of a dynamic bundle: one of its children has a price.
fn dynamic_parent(order: &Value, item: &Value) -> bool {
    items(order).iter().any(|child| child["parent_item_id"] == item["item_id"] && money(child, "price") > Decimal::ZERO)
}

/// The items that carry money: those with tax of their own, the parents of dynamic bundles left out.
fn money_items(order: &Value) -> Vec<&Value> {
    let items = items(order).iter();
    items.filter(|item| item.get("tax_amount").is_some() && !dynamic_parent(order, item)).collect()
}

#[test]
fn the_header_adds_up_to_the_last_decimal() {
    let mut with_credit = 0;
    for order in drawn(1, ORDERS, 300) {
        for base in ["", "base_"] {
            let of = |name: &str| money(&order, &format!("{base}{name}"));
            let shipping_compensation = if base.is_empty() {
                money(&order, "shipping_discount_tax_compensation_amount")
            } else {
                money(&order, "base_shipping_discount_tax_compensation_amnt")
            };
            let extension = &order["extension_attributes"];
            let credit = |name: &str| money(extension, &format!("{base}{name}"));
            let credits =
                credit("gift_cards_amount") + credit("customer_balance_amount") + credit("reward_currency_amount");
            with_credit += u32::from(!credits.is_zero());
            let sum = of("subtotal")
                + of("discount_amount")
                + of("shipping_amount")
                + of("tax_amount")
                + of("discount_tax_compensation_amount")
                + shipping_compensation
                - credits;
            assert_eq!(sum, of("grand_total"), "order {}", order["entity_id"]);
            assert!(of("grand_total") > Decimal::ZERO);
        }
    }
    assert!(with_credit > 50, "{with_credit}");
}

#[test]
fn the_lines_add_up_to_the_header() {
    let (mut clamped, mut exact_by_price, mut checked) = (0, 0, 0);
    for order in drawn(2, ORDERS, 300) {
        for base in ["", "base_"] {
            let header = |name: &str| money(&order, &format!("{base}{name}"));
            let lines = money_items(&order);
            let sum = |name: &str| lines.iter().map(|item| money(item, &format!("{base}{name}"))).sum::<Decimal>();
            assert_eq!(sum("tax_amount") + header("shipping_tax_amount"), header("tax_amount"));
            assert_eq!(sum("discount_amount") + header("shipping_discount_amount"), -header("discount_amount"));
            assert_eq!(sum("discount_tax_compensation_amount"), header("discount_tax_compensation_amount"));
            let applied = order["extension_attributes"]["applied_taxes"].as_array().unwrap();
            let applied: Decimal = applied.iter().map(|tax| money(tax, &format!("{base}amount"))).sum();
            assert_eq!(applied, header("tax_amount"));
            // A line that was cut off at zero has lost what it was before its discount.
            let cut = lines.iter().any(|item| {
                money(item, &format!("{base}row_total")).is_zero()
                    && money(item, &format!("{base}price")) > Decimal::ZERO
            });
            clamped += u32::from(cut);
            if !cut {
                assert_eq!(sum("row_total") + sum("discount_amount"), header("subtotal"));
            }
            let by_price: Decimal =
                lines.iter().map(|item| money(item, &format!("{base}price")) * money(item, "qty_ordered")).sum();
            checked += 1;
            exact_by_price += u32::from(by_price == header("subtotal"));
        }
    }
    assert!(clamped > 20, "{clamped}");
    assert!(exact_by_price < checked * 95 / 100, "price × quantity must miss: {exact_by_price} of {checked}");
}

#[test]
fn a_seed_is_all_there_is() {
    let all = |seed| -> Vec<String> { (0..200).map(|turn| text(Generator::new(seed), turn, 200, 60)).collect() };
    assert_eq!(all(7), all(7));
    assert_ne!(all(7), all(8));
}

#[test]
fn all_customers_come() {
    let generator = Generator::new(3);
    for (orders, customers) in [(1_000, 300), (500, 300), (300, 300), (10, 1), (5, 50)] {
        let came: BTreeSet<u64> = (0..orders).map(|turn| generator.customer_of(turn, orders, customers)).collect();
        assert_eq!(came.len() as u64, customers.min(orders), "{orders} orders of {customers} customers");
    }
    let emails: BTreeSet<String> = (0..1_000).map(|number| generator.customer(number).email).collect();
    assert_eq!(emails.len(), 1_000);
    assert!(emails.iter().all(|email| email.ends_with("@example.no") || email.ends_with("@example.com")));
}

#[test]
fn everything_that_a_shop_sells_is_met() {
    let mut met: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let orders = drawn(4, ORDERS, 300);
    for order in &orders {
        let mut note = |what: &'static str, value: &Value| met.entry(what).or_default().insert(value.to_string());
        note("currency", &order["order_currency_code"]);
        note("coupon", &order["coupon_code"]);
        note("payment", &order["payment"]["method"]);
        note("group", &order["customer_group_id"]);
        note("country", &order["billing_address"]["country_id"]);
        for item in items(order) {
            note("type", &item["product_type"]);
        }
        for tax in order["extension_attributes"]["applied_taxes"].as_array().unwrap() {
            note("tax", &tax["code"]);
        }
    }
    let count = |what: &str| met[what].len();
    assert_eq!((count("currency"), count("coupon"), count("payment"), count("group")), (3, 9, 3, 4), "{met:?}");
    assert_eq!((count("country"), count("type"), count("tax")), (5, 6, 11), "{met:?}");
    let raw = (0..ORDERS).any(|turn| text(Generator::new(4), turn, ORDERS, 300).contains("e-15"));
    assert!(raw, "numbers with an exponent");
}

/// A name for items that must look alike.
fn kind(order: &Value, item: &Value) -> String {
    let child = item.get("parent_item_id").is_some();
    let money = child && money(item, "price") > Decimal::ZERO;
    format!("{} child {child} money {money} dynamic {}", item["product_type"], dynamic_parent(order, item))
}

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

/// The keys of each kind of object: those that every one has, and those that any one has.
#[derive(Default)]
struct Shape(BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>);

impl Shape {
    fn of(orders: &[Value]) -> Self {
        let mut shape = Self::default();
        for order in orders {
            shape.add("order", order);
            shape.add("payment", &order["payment"]);
            shape.add("billing address", &order["billing_address"]);
            for item in items(order) {
                shape.add(&kind(order, item), item);
            }
        }
        shape
    }

    fn add(&mut self, kind: &str, object: &Value) {
        let keys = keys(object);
        let (always, ever) = self.0.entry(kind.to_owned()).or_insert_with(|| (keys.clone(), BTreeSet::new()));
        always.retain(|key| keys.contains(key));
        ever.extend(keys);
    }
}

#[test]
fn drawn_orders_look_like_recorded_ones() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus/orders.jsonl");
    let recorded: Vec<Value> =
        fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let recorded = Shape::of(&recorded);
    let drawn = Shape::of(&drawn(5, 1_000, 300));
    // What an order has only after an invoice, a refund or a cancellation, and what hangs on the single customer or
    // cart.
    let later = |key: &str| {
        ["_invoiced", "_refunded", "_canceled", "_paid", "_captured", "_cost", "_rule_ids", "_positive", "_negative"]
            .iter()
            .any(|end| key.ends_with(end))
    };
    let optional = ["coupon_code", "discount_description", "customer_id", "customer_taxvat", "company", "vat_id"];
    let optional = |key: &str| later(key) || optional.contains(&key) || ["region_id", "po_number"].contains(&key);
    let mut compared = 0;
    for (kind, (always, _)) in &recorded.0 {
        let Some((_, ever)) = drawn.0.get(kind) else { continue };
        compared += 1;
        let missing: Vec<&String> = always.iter().filter(|key| !ever.contains(*key) && !optional(key)).collect();
        assert!(missing.is_empty(), "{kind}: {missing:?}");
    }
    assert!(compared >= 9, "{compared} kinds");
}

#[test]
fn a_shop_may_tax_shipping_as_its_goods_and_sell_a_row_without_its_tax() {
    let (mut several, mut exempt) = (0, 0);
    for turn in 0..500 {
        let with = |habits: TaxHabits| -> Value {
            serde_json::from_str(&text(Generator::new(9).with_habits(habits), turn, 500, 100)).unwrap()
        };
        let order = with(TaxHabits { shipping_by_goods: true, ..TaxHabits::default() });
        let entries = order["extension_attributes"]["item_applied_taxes"].as_array().unwrap();
        let shipping: Vec<&Value> = entries.iter().filter(|entry| entry["type"] == "shipping").collect();
        let tax: Decimal = shipping.iter().map(|entry| money(&entry["applied_taxes"][0], "amount")).sum();
        assert_eq!(tax, money(&order, "shipping_tax_amount"), "{order}");
        several += u32::from(shipping.len() > 1);
        let order = with(TaxHabits { exempt_row: true, ..TaxHabits::default() });
        let untaxed = |item: &&Value| {
            money(item, "tax_percent") > Decimal::ZERO
                && money(item, "tax_amount").is_zero()
                && money(item, "row_total") > Decimal::ONE
        };
        exempt += u32::from(money_items(&order).iter().any(untaxed));
        let rows: Decimal = money_items(&order).iter().map(|item| money(item, "tax_amount")).sum();
        assert_eq!(rows + money(&order, "shipping_tax_amount"), money(&order, "tax_amount"));
    }
    assert!(several > 100 && exempt > 300, "{several} {exempt}");
}
