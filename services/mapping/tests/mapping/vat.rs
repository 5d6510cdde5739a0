//! Tax that a rate explains, that several rates explain together, and that none does.
//!
//! The recorded cases are of real shops and public reports; around each stand others of its kind.

mod country;
mod discount;
mod exceptions;
mod pins;
mod rates;
mod split;

use std::fs;
use std::path::PathBuf;

use mapping::{InvoiceCommand, Mapping, Refusal};
use problem::Code;
use serde_json::{Value, json};

use crate::support::{book, book_invoice, changed, credit, default_mapping, small_invoice, small_memo, small_order};
use crate::visma_total::{self, VatRounding, hundredths};

fn number(literal: &str) -> Value {
    serde_json::from_str(literal).unwrap()
}

/// A recorded case: an order and its credit memos.
fn case(name: &str) -> (Value, Vec<Value>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/vat").join(name).with_extension("json");
    let mut all: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let memos = all["credit_memos"].as_array_mut().map(std::mem::take).unwrap();
    (all["order"].take(), memos)
}

/// Account, VAT code and amount of each line, and VAT code, taxable and VAT of each code.
type Page = (Vec<[String; 3]>, Vec<[String; 3]>);

fn page(command: &InvoiceCommand) -> Page {
    let lines = command.invoice.lines.iter();
    let lines = lines.map(|line| [line.account.clone(), line.vat_code.clone(), line.amount.to_string()]).collect();
    let vat = command.predicted.vat.iter();
    (lines, vat.map(|one| [one.code.clone(), one.taxable.to_string(), one.vat.to_string()]).collect())
}

fn rows(rows: &[[&str; 3]]) -> Vec<[String; 3]> {
    rows.iter().map(|row| row.map(str::to_owned)).collect()
}

/// Books an order with VAT pinned and not: both give these lines, this VAT, and the total that the shop charged.
fn expect(order: &Value, file: impl Fn(&[(&str, &str)]) -> Mapping, lines: &[[&str; 3]], vat: &[[&str; 3]]) {
    for pin in ["pin_vat = true", "pin_vat = false"] {
        let booking =
            book(order, &file(&[("pin_vat = true", pin)])).unwrap_or_else(|refusal| panic!("{pin}: {refusal}"));
        assert_eq!(page(&booking.invoice), (rows(lines), rows(vat)), "{pin}");
        let total = visma_total::of(&booking.invoice.invoice, VatRounding::PerCode);
        assert_eq!(total, hundredths(&order["grand_total"].to_string()), "{pin}");
    }
}

/// Refused, pinned or not, with a sentence that has these words.
fn refused(order: &Value, words: &[&str]) {
    for pin in ["pin_vat = true", "pin_vat = false"] {
        told(book(order, &changed(&[("pin_vat = true", pin)])).err(), words);
    }
}

/// The small order, where the shop charged a hundredth more on its item than 25 % of it.
fn off_by_a_hundredth() -> Value {
    let mut order = small_order();
    order["items"][0]["tax_amount"] = number("50.01");
    (order["tax_amount"], order["grand_total"]) = (number("75.01"), number("415.01"));
    order
}

fn told(refusal: Option<Refusal>, words: &[&str]) {
    let refusal = refusal.expect("it should be refused");
    assert_eq!(refusal.code, Code::VatDiffers, "{refusal}");
    for word in words {
        assert!(refusal.sentence.contains(word), "nothing of \"{word}\": {refusal}");
    }
}

#[test]
fn an_exempt_item_on_a_taxed_rate_is_refused_with_code_base_rate_and_both_taxes() {
    refused(
        &case("exempt_item").0,
        &["order 000000006", "item A", "SE25", "2000.00 NOK", "25 %", "500.00 NOK", "0.00 NOK"],
    );
    let beside = case("exempt_item_beside_a_taxed_one").0;
    refused(&beside, &["item B (VAT code 3) is 500.00 NOK", "25 % of that is 125.00 NOK", "charged 0.00 NOK"]);
    // The margin of used goods is taxed: less than the rate, and not nothing.
    let mut margin = small_order();
    (margin["items"][0]["tax_amount"], margin["tax_amount"], margin["grand_total"]) =
        (json!(20), json!(45), json!(385));
    refused(&margin, &["item A (VAT code 3) is 200.00 NOK", "50.00 NOK", "charged 20.00 NOK"]);
}

#[test]
fn all_lines_that_are_not_explained_are_told_and_many_are_counted() {
    let mut order = small_order();
    let item = order["items"][1].take();
    let items = order["items"].as_array_mut().unwrap();
    items.pop();
    for id in 2..10 {
        let mut item = item.clone();
        (item["item_id"], item["sku"], item["tax_amount"]) = (json!(id), json!(format!("B{id}")), json!(0));
        items.push(item);
    }
    (order["subtotal"], order["tax_amount"], order["grand_total"]) = (json!(1000), json!(60), json!(1100));
    refused(&order, &["item B2", "item B6", "and 3 more"]);
}

#[test]
fn tax_that_is_missing_on_one_of_two_items_is_not_put_on_the_other() {
    for (index, words) in [(0, "item A (VAT code 3)"), (1, "item B (VAT code 31)")] {
        let mut order = small_order();
        let missing = order["items"][index]["tax_amount"].as_i64().unwrap();
        order["items"][index]["tax_amount"] = json!(0);
        (order["tax_amount"], order["grand_total"]) = (json!(75 - missing), json!(415 - missing));
        refused(&order, &[words]);
    }
}

#[test]
fn a_credit_memo_without_its_tax_is_refused() {
    for (name, words) in [
        ("memo_row_without_tax", ["item A (VAT code 3) is 100.00 NOK", "25.00 NOK", "charged 0.00 NOK"]),
        ("memo_shipping_without_tax", ["the shipping line (VAT code 3) is 50.00 NOK", "12.50 NOK", "charged 0.00 NOK"]),
    ] {
        let (order, memos) = case(name);
        assert!(book(&order, &default_mapping()).is_ok(), "the order itself is fine");
        told(credit(&memos[0], &order, &default_mapping()).err(), &words);
    }
}

#[test]
fn shipping_that_is_refunded_without_tax_has_the_rate_that_it_was_ordered_at() {
    // No entry says the rate of the shipping: on the order its tax does.
    let mut order = small_order();
    order["extension_attributes"] = json!({});
    let mut memo = small_memo();
    memo["items"] = json!([]);
    for key in ["subtotal", "tax_amount", "shipping_tax_amount"] {
        memo[key] = json!(0);
    }
    memo["grand_total"] = json!(40);
    told(credit(&memo, &order, &default_mapping()).err(), &["the shipping line (VAT code 3)", "charged 0.00 NOK"]);
}

#[test]
fn an_invoice_without_its_tax_is_refused() {
    let mut invoice = small_invoice();
    (invoice["items"][1]["tax_amount"], invoice["tax_amount"], invoice["grand_total"]) =
        (json!(0), json!(60), json!(400));
    told(book_invoice(&invoice, &small_order(), &default_mapping()).err(), &["invoice 000000012", "item B"]);
}

#[test]
fn parts_of_a_bundle_are_held_against_their_own_rates() {
    let mut order = small_order();
    let parent = json!({ "item_id": 9, "product_type": "bundle", "sku": "SET", "name": "Set", "qty_ordered": 1,
        "price": 300, "row_total": 300, "tax_amount": 65 });
    order["items"].as_array_mut().unwrap().insert(0, parent);
    for index in [1, 2] {
        order["items"][index]["parent_item_id"] = json!(9);
    }
    assert!(book(&order, &default_mapping()).is_ok());
    // The shop taxed the bundle at 25 %, and so its part of 15 % as well.
    (order["items"][2]["tax_amount"], order["tax_amount"], order["grand_total"]) = (json!(25), json!(85), json!(425));
    refused(&order, &["item B (VAT code 31)", "15.00 NOK", "charged 25.00 NOK"]);
}

#[test]
fn a_line_below_zero_has_a_tax_below_zero() {
    let mut order = small_order();
    let item = &mut order["items"][1];
    (item["price"], item["row_total"], item["tax_amount"]) = (json!(-100), json!(-100), json!(-15));
    (order["subtotal"], order["tax_amount"], order["grand_total"]) = (json!(100), json!(45), json!(185));
    expect(
        &order,
        changed,
        &[["3000", "3", "200.00"], ["3010", "31", "-100.00"], ["3060", "3", "40.00"]],
        &[["3", "240.00", "60.00"], ["31", "-100.00", "-15.00"]],
    );
    (order["items"][1]["tax_amount"], order["tax_amount"], order["grand_total"]) = (json!(0), json!(60), json!(200));
    refused(&order, &["item B (VAT code 31) is -100.00 NOK", "-15.00 NOK", "charged 0.00 NOK"]);
}
