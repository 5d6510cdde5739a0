//! Discounts that the shop did not take off what it taxed.

use problem::Code;
use serde_json::{Value, json};

use super::{expect, number, page, refused, rows};
use crate::support::{book, changed, default_mapping, small_order};

/// The small order with 30 off A, taxed before that.
fn taxed_before_discount() -> Value {
    let mut order = small_order();
    (order["items"][0]["discount_amount"], order["items"][0]["row_total"]) = (json!(30), json!(170));
    (order["discount_amount"], order["grand_total"]) = (json!(-30), json!(385));
    order
}

const OUTSIDE: ([[&str; 3]; 4], [[&str; 3]; 3]) = (
    [["3000", "3", "200.00"], ["3010", "31", "100.00"], ["3060", "3", "40.00"], ["3050", "6", "-30.00"]],
    [["3", "240.00", "60.00"], ["31", "100.00", "15.00"], ["6", "-30.00", "0.00"]],
);

#[test]
fn without_pins_they_stand_outside_of_vat() {
    for discount in ["net", "line", "outside_vat"] {
        let choice = format!("discount = \"{discount}\"");
        let file = changed(&[("pin_vat = true", "pin_vat = false"), ("discount = \"net\"", &choice)]);
        let booking = book(&taxed_before_discount(), &file).unwrap();
        assert_eq!(page(&booking.invoice), (rows(&OUTSIDE.0), rows(&OUTSIDE.1)), "{discount}");
    }
}

#[test]
fn with_pins_they_do_where_the_file_says_so() {
    let (_, vat) = page(&book(&taxed_before_discount(), &default_mapping()).unwrap().invoice);
    assert_eq!(vat, rows(&[["3", "210.00", "60.00"], ["31", "100.00", "15.00"]]));
    let choice = [("discount = \"net\"", "discount = \"outside_vat\"")];
    expect(&taxed_before_discount(), |pin| changed(&[pin, &choice].concat()), &OUTSIDE.0, &OUTSIDE.1);
    // A discount that lowered the tax is no such discount.
    let mut after = taxed_before_discount();
    (after["items"][0]["tax_amount"], after["tax_amount"]) = (number("42.5"), number("67.5"));
    after["grand_total"] = number("377.5");
    expect(
        &after,
        |pin| changed(&[pin, &choice].concat()),
        &[["3000", "3", "170.00"], ["3010", "31", "100.00"], ["3060", "3", "40.00"]],
        &[["3", "210.00", "52.50"], ["31", "100.00", "15.00"]],
    );
}

#[test]
fn a_discount_larger_than_its_row_is_outside_of_vat_by_what_it_is_larger() {
    let mut order = small_order();
    // 250 off a row of 200 without tax: the discount was worked out with tax, and nothing is taxed.
    let item = &mut order["items"][0];
    (item["discount_amount"], item["row_total"], item["tax_amount"]) = (json!(250), json!(0), json!(0));
    item["qty_ordered"] = json!(2);
    (order["discount_amount"], order["tax_amount"], order["grand_total"]) = (json!(-250), json!(25), json!(115));
    let file = changed(&[("pin_vat = true", "pin_vat = false")]);
    let (lines, vat) = page(&book(&order, &file).unwrap().invoice);
    assert_eq!(
        lines,
        rows(&[["3000", "3", "0.00"], ["3010", "31", "100.00"], ["3060", "3", "40.00"], ["3050", "6", "-50.00"]])
    );
    assert_eq!(vat, rows(&[["3", "40.00", "10.00"], ["31", "100.00", "15.00"], ["6", "-50.00", "0.00"]]));
}

#[test]
fn a_shop_taxes_all_of_a_document_before_discount_or_nothing() {
    let mut order = taxed_before_discount();
    let item = &mut order["items"][1];
    (item["discount_amount"], item["row_total"], item["tax_amount"]) = (json!(20), json!(80), json!(12));
    (order["discount_amount"], order["tax_amount"], order["grand_total"]) = (json!(-50), json!(72), json!(362));
    refused(&order, &["item A (VAT code 3) is 170.00 NOK", "42.50 NOK", "50.00 NOK on 200.00 NOK before discount"]);
}

#[test]
fn a_file_without_a_code_for_them_says_which_rule_is_missing() {
    let old = "line = [\"gift_card\", \"rounding\"]";
    let file = changed(&[("pin_vat = true", "pin_vat = false"), ("line = \"outside_vat\"", old)]);
    let refusal = book(&taxed_before_discount(), &file).unwrap_err();
    assert_eq!(refusal.code, Code::NoVatCode, "{refusal}");
    assert!(refusal.sentence.contains("the untaxed_discount line"), "{refusal}");
}
