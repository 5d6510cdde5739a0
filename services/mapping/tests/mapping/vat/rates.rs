//! Rates that are not what the shop shows: percentages worked out backwards, and several taxes on one base.

use problem::Code;
use serde_json::{Value, json};

use super::{case, expect, number, page, refused, rows};
use crate::support::{book, changed, default_mapping, small_order};

#[test]
fn a_percent_that_was_worked_out_is_the_known_rate_that_explains_the_tax() {
    expect(
        &case("percent_worked_out").0,
        changed,
        &[["3000", "3", "82.64"], ["3060", "3", "4.92"]],
        &[["3", "87.56", "21.89"]],
    );
    for (percent, index, right) in [("24.98", 0, true), ("14.9987", 1, true), ("25.0114", 0, true), ("17", 1, false)] {
        let mut order = small_order();
        order["items"][index]["tax_percent"] = number(percent);
        order["extension_attributes"] = json!({});
        let booked = book(&order, &default_mapping());
        assert_eq!(booked.is_ok(), right, "{percent}: {booked:?}");
        if let Ok(booking) = booked {
            assert_eq!(
                page(&booking.invoice).1,
                rows(&[["3", "240.00", "60.00"], ["31", "100.00", "15.00"]]),
                "{percent}"
            );
        }
    }
    // Near a known rate, but not its tax: nobody knows what 24.98 % is.
    let mut order = small_order();
    (order["items"][0]["tax_percent"], order["items"][0]["tax_amount"]) = (number("24.98"), number("49.96"));
    order["extension_attributes"]["item_applied_taxes"][0]["applied_taxes"] = json!([]);
    (order["tax_amount"], order["grand_total"]) = (number("74.96"), number("414.96"));
    assert_eq!(book(&order, &default_mapping()).unwrap_err().code, Code::UnknownTaxRate);
}

const COMPOUND: &str = "[[vat]]\nwhen = { line = [\"item\", \"shipping\", \"gift_wrap\"], country = \"CA\", tax_rate = 15.5 }\ncode = \"CA155\"\nrate = 15.5\n\n[[vat]]\nwhen = { product_type";

#[test]
fn taxes_on_top_of_each_other_are_one_rate_that_can_be_mapped() {
    let order = case("compound_tax").0;
    // The shipping is not "15 %": like the item, it is taxed at 15.5 %.
    let refusal = book(&order, &default_mapping()).unwrap_err();
    assert!(refusal.code == Code::UnknownTaxRate && refusal.sentence.contains("15.5 %"), "{refusal}");
    let with = |pin: &[(&str, &str)]| changed(&[pin, &[("[[vat]]\nwhen = { product_type", COMPOUND)]].concat());
    expect(&order, with, &[["3030", "CA155", "100.00"], ["3060", "CA155", "20.00"]], &[["CA155", "120.00", "18.60"]]);
    // An item that shows no percentage is read in the same way.
    let mut silent = order;
    silent["items"][0].as_object_mut().unwrap().remove("tax_percent").unwrap();
    expect(&silent, with, &[["3030", "CA155", "100.00"], ["3060", "CA155", "20.00"]], &[["CA155", "120.00", "18.60"]]);
}

#[test]
fn taxes_beside_each_other_are_one_rate_too() {
    // 5 % and 10 % of the same base, as several authorities charge it.
    let mut order = case("compound_tax").0;
    (order["items"][0]["tax_percent"], order["items"][0]["tax_amount"]) = (json!(15), json!(15));
    let taxes = &mut order["extension_attributes"]["item_applied_taxes"];
    (taxes[0]["applied_taxes"][1]["amount"], taxes[1]["applied_taxes"][1]["amount"]) = (json!(10), json!(2));
    (order["shipping_tax_amount"], order["tax_amount"], order["grand_total"]) = (json!(3), json!(18), json!(138));
    let file = COMPOUND.replace("15.5", "15").replace("CA155", "CA15");
    let with = |pin: &[(&str, &str)]| changed(&[pin, &[("[[vat]]\nwhen = { product_type", file.as_str())]].concat());
    expect(&order, with, &[["3030", "CA15", "100.00"], ["3060", "CA15", "20.00"]], &[["CA15", "120.00", "18.00"]]);
}

#[test]
fn an_item_whose_rate_only_its_entry_says_is_taxed_at_it() {
    let mut order = small_order();
    order["items"][0]["tax_percent"] = Value::Null;
    expect(
        &order,
        changed,
        &[["3000", "3", "200.00"], ["3010", "31", "100.00"], ["3060", "3", "40.00"]],
        &[["3", "240.00", "60.00"], ["31", "100.00", "15.00"]],
    );
    // Its tax is missing: the entry knows what it should be.
    (order["items"][0]["tax_amount"], order["tax_amount"], order["grand_total"]) = (json!(0), json!(25), json!(365));
    refused(&order, &["item A (VAT code 3) is 200.00 NOK", "50.00 NOK", "charged 0.00 NOK"]);
}
