//! Tests of things that a shop taxes at several rates: a line for each rate, or a refusal.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{case, expect, number, page, refused, rows, told};
use crate::support::{changed, credit, default_mapping, small_memo, small_order};

/// An entry of `item_applied_taxes`: its kind, and code, percent and amount of its taxes.
type Entry = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

/// The small order with some taxes of the shipping and of the gift wrap, as entries of kinds.
fn with_entries(order: &mut Value, entries: &[Entry]) {
    let entries = entries.iter().map(|(kind, taxes)| {
        let taxes = taxes.iter();
        let taxes = taxes.map(
            |(code, percent, amount)| json!({ "code": code, "percent": number(percent), "amount": number(amount) }),
        );
        json!({ "type": kind, "applied_taxes": taxes.collect::<Vec<_>>() })
    });
    let all = order["extension_attributes"]["item_applied_taxes"].as_array_mut().unwrap();
    all.retain(|one| one["type"] == "product");
    all.extend(entries);
}

/// The small order with other shipping: amount, discount and tax.
fn with_shipping(order: &mut Value, amount: &str, discount: &str, tax: &str) {
    let [amount, discount, tax]: [Decimal; 3] = [amount, discount, tax].map(|text| text.parse().unwrap());
    let json = |amount: Decimal| number(&amount.to_string());
    (order["shipping_amount"], order["shipping_tax_amount"]) = (json(amount), json(tax));
    (order["shipping_discount_amount"], order["discount_amount"]) = (json(discount), json(-discount));
    let tax = tax + Decimal::from(65);
    (order["tax_amount"], order["grand_total"]) = (json(tax), json(tax + Decimal::from(300) + amount - discount));
}

#[test]
fn shipping_of_two_rates_is_two_lines() {
    for name in ["shipping_of_two_rates_two_entries", "shipping_of_two_rates_one_entry"] {
        expect(
            &case(name).0,
            changed,
            &[["3000", "3", "100.00"], ["3010", "31", "100.00"], ["3060", "3", "30.00"], ["3060", "31", "30.00"]],
            &[["3", "130.00", "32.50"], ["31", "130.00", "19.50"]],
        );
    }
}

const TWO_RATES: &[Entry] = &[("shipping", &[("NO-MVA-25", "25", "6.25"), ("NO-MVA-15", "15", "3.75")])];

#[test]
fn discounted_shipping_of_two_rates_is_split_after_its_discount_or_before() {
    let mut after = small_order();
    with_shipping(&mut after, "60", "10", "10");
    with_entries(&mut after, TWO_RATES);
    expect(
        &after,
        changed,
        &[["3000", "3", "200.00"], ["3010", "31", "100.00"], ["3060", "3", "25.00"], ["3060", "31", "25.00"]],
        &[["3", "225.00", "56.25"], ["31", "125.00", "18.75"]],
    );
    // Taxed before the discount: 25 each is what the tax was charged on, and 10 of that were not paid.
    let mut before = small_order();
    with_shipping(&mut before, "50", "10", "10");
    with_entries(&mut before, TWO_RATES);
    let outside = [("discount = \"net\"", "discount = \"outside_vat\"")];
    expect(
        &before,
        |pin| changed(&[pin, &outside].concat()),
        &[
            ["3000", "3", "200.00"],
            ["3010", "31", "100.00"],
            ["3060", "3", "25.00"],
            ["3060", "31", "25.00"],
            ["3050", "6", "-10.00"],
        ],
        &[["3", "225.00", "56.25"], ["31", "125.00", "18.75"], ["6", "-10.00", "0.00"]],
    );
}

#[test]
fn half_of_the_shipping_is_refunded_at_half_of_each_rate() {
    let mut order = small_order();
    with_shipping(&mut order, "50", "0", "10");
    with_entries(&mut order, TWO_RATES);
    let mut memo = small_memo();
    memo["items"] = json!([]);
    (memo["subtotal"], memo["shipping_amount"]) = (json!(0), json!(25));
    (memo["shipping_tax_amount"], memo["tax_amount"], memo["grand_total"]) = (json!(5), json!(5), json!(30));
    let note = credit(&memo, &order, &default_mapping()).unwrap().credit_note;
    let (lines, vat) = page(&note);
    assert_eq!(lines, rows(&[["3060", "3", "12.50"], ["3060", "31", "12.50"]]));
    assert_eq!(vat, rows(&[["3", "12.50", "3.12"], ["31", "12.50", "1.88"]]));
    // Without its tax it is not known how it is split, and no rate explains it.
    (memo["shipping_tax_amount"], memo["tax_amount"], memo["grand_total"]) = (json!(0), json!(0), json!(25));
    told(credit(&memo, &order, &default_mapping()).err(), &["the shipping line", "charged 0.00 NOK"]);
}

#[test]
fn an_entry_of_0_percent_beside_another_has_what_that_leaves() {
    let mut order = small_order();
    with_shipping(&mut order, "40", "0", "7.5");
    with_entries(&mut order, &[("shipping", &[("NO-MVA-25", "25", "7.5"), ("NO-MVA-0", "0", "0")])]);
    expect(
        &order,
        changed,
        &[["3000", "3", "200.00"], ["3010", "31", "100.00"], ["3060", "3", "30.00"], ["3060", "5", "10.00"]],
        &[["3", "230.00", "57.50"], ["31", "100.00", "15.00"], ["5", "10.00", "0.00"]],
    );
    // Without such an entry the rest is not explained.
    with_entries(&mut order, &[("shipping", &[("NO-MVA-25", "25", "7.5")])]);
    refused(&order, &["the shipping line (VAT code 3) is 40.00 NOK", "charged 7.50 NOK"]);
    // All of the tax is missing: 0 % does not explain that.
    with_shipping(&mut order, "40", "0", "0");
    with_entries(&mut order, &[("shipping", &[("NO-MVA-25", "25", "7.5"), ("NO-MVA-0", "0", "0")])]);
    refused(&order, &["the shipping line (VAT code 3) is 40.00 NOK", "charged 0.00 NOK"]);
}

#[test]
fn entries_that_do_not_make_up_the_shipping_are_refused() {
    let mut order = small_order();
    with_shipping(&mut order, "60", "0", "10");
    with_entries(&mut order, TWO_RATES);
    refused(&order, &["the shipping line (VAT code 3)", "the shipping line (VAT code 31)"]);
}

#[test]
fn gift_wraps_of_two_rates_are_two_lines() {
    expect(
        &case("gift_wrap_of_two_rates").0,
        changed,
        &[
            ["3000", "3", "100.00"],
            ["3010", "31", "80.00"],
            ["3060", "3", "50.00"],
            ["3950", "3", "18.00"],
            ["3950", "31", "10.00"],
            ["2915", "6", "-50.00"],
        ],
        &[["3", "168.00", "42.00"], ["31", "90.00", "13.50"], ["6", "-50.00", "0.00"]],
    );
}

#[test]
fn wraps_and_card_at_two_rates_are_split_and_the_order_wrap_goes_with_its_rate() {
    let mut order = small_order();
    let extension = &mut order["extension_attributes"];
    (extension["gw_price"], extension["gw_tax_amount"]) = (json!("8.0000"), json!("2.0000"));
    (extension["gw_items_price"], extension["gw_items_tax_amount"]) = (json!("20.0000"), json!("3.0000"));
    (extension["gw_card_price"], extension["gw_card_tax_amount"]) = (json!("4.0000"), json!("1.0000"));
    (order["tax_amount"], order["grand_total"]) = (json!(81), json!(453));
    with_entries(
        &mut order,
        &[
            ("shipping", &[("NO-MVA-25", "25", "10")]),
            ("quote_gw", &[("NO-MVA-25", "25", "2")]),
            ("item_gw", &[("NO-MVA-15", "15", "3")]),
            ("printed_card_gw", &[("NO-MVA-25", "25", "1")]),
        ],
    );
    expect(
        &order,
        changed,
        &[
            ["3000", "3", "200.00"],
            ["3010", "31", "100.00"],
            ["3060", "3", "40.00"],
            ["3950", "3", "12.00"],
            ["3950", "31", "20.00"],
        ],
        &[["3", "252.00", "63.00"], ["31", "120.00", "18.00"]],
    );
}
