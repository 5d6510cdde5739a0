//! Parts of a total that the recorded orders do not have, and shops that show their rows in another way.

use problem::Code;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{book, changed, default_mapping, small_order};
use crate::visma_total::{self, VatRounding, hundredths};

/// Account, VAT code and amount of each line of the small order after a change; the total must be the order's.
fn lines(change: impl Fn(&mut Value)) -> Vec<(String, String, String)> {
    let mut order = small_order();
    change(&mut order);
    let booking = book(&order, &default_mapping()).unwrap_or_else(|refusal| panic!("{refusal}"));
    let invoice = &booking.invoice.invoice;
    assert_eq!(visma_total::of(invoice, VatRounding::PerCode), hundredths(&order["grand_total"].to_string()));
    let line =
        |line: &visma::invoice::InvoiceLine| (line.account.clone(), line.vat_code.clone(), line.amount.to_string());
    invoice.lines.iter().map(line).collect()
}

fn last(change: impl Fn(&mut Value)) -> (String, String, String) {
    lines(change).pop().unwrap()
}

fn expected(account: &str, code: &str, amount: &str) -> (String, String, String) {
    (account.to_owned(), code.to_owned(), amount.to_owned())
}

fn number(literal: &str) -> Value {
    serde_json::from_str(literal).unwrap()
}

#[test]
fn payments_by_credit_are_liabilities_without_vat() {
    for (key, account) in
        [("gift_cards_amount", "2910"), ("customer_balance_amount", "2915"), ("reward_currency_amount", "2920")]
    {
        let line = last(|order| {
            order["extension_attributes"][key] = number("15.50");
            order["grand_total"] = number("399.50");
        });
        assert_eq!(line, expected(account, "6", "-15.50"), "{key}");
    }
}

#[test]
fn a_gift_card_that_is_sold_is_a_liability() {
    let lines = lines(|order| {
        let item = &mut order["items"][1];
        (item["product_type"], item["tax_percent"], item["tax_amount"]) = (json!("giftcard"), json!(0), json!(0));
        (order["tax_amount"], order["grand_total"]) = (json!(60), json!(400));
    });
    assert_eq!(lines[1], expected("2910", "6", "100.00"));
}

#[test]
fn gift_wrap_and_fees_have_lines_of_their_own() {
    let wrap = last(|order| {
        let extension = &mut order["extension_attributes"];
        extension["gw_items_price"] = json!("20.0000");
        extension["gw_card_price"] = json!("4.0000");
        extension["gw_items_tax_amount"] = json!("5.0000");
        extension["gw_card_tax_amount"] = json!("1.0000");
        (order["tax_amount"], order["grand_total"]) = (json!(81), json!(445));
    });
    assert_eq!(wrap, expected("3950", "3", "24.00"));
    let fee = last(|order| {
        order["extension_attributes"]["custom_fees"] = json!([{ "custom_fee_code": "pant", "custom_fee_amount": 9 }]);
        order["grand_total"] = json!(424);
    });
    assert_eq!(fee, expected("3900", "5", "9.00"));
}

/// The small order, or its credit memo, with a fixed product tax of 10 on A, taxed at 25 % or not.
pub(crate) fn with_fpt(order: &mut Value, taxed: bool) {
    let with_tax = if taxed { number("12.5") } else { json!(10) };
    let text = format!("[{{\"title\":\"EE-avgift\",\"row_amount\":\"10.0000\",\"row_amount_incl_tax\":{with_tax}}}]");
    order["items"][0]["weee_tax_applied"] = json!(text);
    order["items"][0]["weee_tax_applied_row_amount"] = json!(10);
    if taxed {
        order["tax_amount"] = number("77.5");
    }
}

#[test]
fn fixed_product_tax_is_found_wherever_the_shop_puts_it() {
    let outside = |order: &mut Value| {
        with_fpt(order, false);
        order["grand_total"] = json!(425);
    };
    assert_eq!(last(outside), expected("3990", "5", "10.00"));
    let taxed = |order: &mut Value| {
        with_fpt(order, true);
        order["grand_total"] = number("427.5");
    };
    assert_eq!(last(taxed), expected("3990", "3", "10.00"));
    let in_subtotal = |order: &mut Value| {
        with_fpt(order, true);
        (order["subtotal"], order["grand_total"]) = (json!(310), number("427.5"));
    };
    assert_eq!(last(in_subtotal), expected("3990", "3", "10.00"));
}

/// The small order with 30 off A, which lowers its tax by 7.50.
fn with_discount(order: &mut Value, row_total: u32) {
    let item = &mut order["items"][0];
    (item["discount_amount"], item["row_total"], item["tax_amount"]) = (json!(30), json!(row_total), number("42.5"));
    (order["discount_amount"], order["tax_amount"]) = (json!(-30), number("67.5"));
    order["grand_total"] = number("377.5");
}

#[test]
fn rows_are_read_net_or_gross_of_discount_whichever_agrees_with_the_subtotal() {
    for (row_total, shop) in [(170, "REST of 2.4.7"), (200, "the database, events"), (70, "a row without its quantity")]
    {
        let lines = lines(|order| with_discount(order, row_total));
        assert_eq!(lines[0], expected("3000", "3", "170.00"), "{shop}");
    }
}

#[test]
fn rows_that_are_shown_are_not_estimated() {
    // 3 × 66.67 is 200.01 and 3 × 83.33 is 249.99: a shop whose prices have tax shows 200 and 250.
    let lines = lines(|order| {
        with_discount(order, 200);
        let items = order["items"].as_array_mut().unwrap();
        for (item, price) in items.iter_mut().zip(["66.67", "83.33"]) {
            (item["qty_ordered"], item["price"]) = (json!(3), number(price));
        }
        (items[1]["row_total"], items[1]["tax_amount"]) = (json!(250), number("37.5"));
        (order["subtotal"], order["tax_amount"], order["grand_total"]) = (json!(450), json!(90), json!(550));
    });
    assert_eq!([&lines[0].2, &lines[1].2], ["170.00", "250.00"]);
}

#[test]
fn shipping_without_a_rate_of_its_own_has_the_one_rate_of_the_order() {
    // 12 is not 25 % of 40: it was taxed before its discount of 8.
    let shipping = lines(|order| {
        order["extension_attributes"] = json!({});
        (order["items"][1]["tax_percent"], order["items"][1]["tax_amount"]) = (json!(25), json!(25));
        (order["shipping_tax_amount"], order["tax_amount"]) = (json!(12), json!(87));
        (order["shipping_amount"], order["shipping_discount_amount"]) = (json!(48), json!(8));
        (order["discount_amount"], order["grand_total"]) = (json!(-8), json!(427));
    });
    assert_eq!(shipping[2], expected("3060", "3", "40.00"));
}

#[test]
fn the_part_of_a_configurable_may_repeat_the_price() {
    let lines = lines(|order| {
        order["items"][0]["product_type"] = json!("configurable");
        let mut part = order["items"][0].clone();
        (part["item_id"], part["parent_item_id"], part["product_type"]) = (json!(9), json!(1), json!("simple"));
        order["items"].as_array_mut().unwrap().push(part);
    });
    assert_eq!(lines.len(), 3);
}

#[test]
fn free_items_are_left_out() {
    let lines = lines(|order| {
        let mut free = order["items"][0].clone();
        for key in ["price", "row_total", "tax_amount"] {
            free[key] = json!(0);
        }
        free["item_id"] = json!(9);
        order["items"].as_array_mut().unwrap().push(free);
    });
    assert_eq!(lines.len(), 3);
}

#[test]
fn amounts_with_four_decimals_are_rounded_once_and_the_rest_is_booked() {
    let mut order = small_order();
    // Two rows of 100.004: together 200.008, but each of them 100.00.
    for item in order["items"].as_array_mut().unwrap() {
        (item["qty_ordered"], item["row_total"], item["price"]) = (json!(1), number("100.004"), number("100.004"));
    }
    order["items"][0]["tax_amount"] = json!(25);
    (order["subtotal"], order["tax_amount"], order["grand_total"]) = (number("200.008"), json!(50), number("290.008"));
    let booking = book(&order, &default_mapping()).unwrap();
    let rounding = booking.invoice.invoice.lines.last().unwrap();
    assert_eq!((rounding.account.as_str(), rounding.amount.to_string().as_str()), ("7740", "0.01"));
    assert_eq!(booking.invoice.predicted.rounding, Decimal::new(1, 2));
    assert_eq!(booking.invoice.predicted.total.to_string(), "290.01");
    assert_eq!(visma_total::of(&booking.invoice.invoice, VatRounding::PerLine), 29001);
}

#[test]
fn a_currency_has_its_own_decimals() {
    let yen = changed(&[("[currency.EUR]", "[currency.JPY]\ndecimals = 0\n[currency.EUR]")]);
    let mut order = small_order();
    order["order_currency_code"] = json!("JPY");
    (order["shipping_amount"], order["grand_total"]) = (number("40.4"), number("415.4"));
    let booking = book(&order, &yen).unwrap();
    assert_eq!(booking.invoice.predicted.total.to_string(), "415");
    assert!(booking.invoice.invoice.lines.iter().all(|line| line.amount.scale() == 0));
}

#[test]
fn the_rate_is_the_shops_only_when_asked_for() {
    let mut order = small_order();
    order["order_currency_code"] = json!("EUR");
    order["base_to_order_rate"] = number("0.0853");
    let rate = |mapping| book(&order, &mapping).unwrap().invoice.invoice.exchange_rate;
    assert_eq!(rate(default_mapping()), None);
    let shops = changed(&[("[currency.EUR]", "[currency.EUR]\nexchange_rate = \"order\"")]);
    assert_eq!(rate(shops), Some("11.72332943".parse().unwrap()));
}

#[test]
fn a_limit_holds_for_each_vat_code_and_is_the_files() {
    // A shop that rounds tax on each piece: 40 times 1.25, where Visma computes 50.10 from 200.40.
    let mut order = small_order();
    let item = &mut order["items"][0];
    (item["qty_ordered"], item["price"], item["row_total"]) = (json!(40), number("5.01"), number("200.40"));
    (order["subtotal"], order["grand_total"]) = (number("300.40"), number("415.40"));
    let with = |limit: &str| {
        let limit = format!("vat_limit = {limit}");
        book(&order, &changed(&[("pin_vat = true", "pin_vat = false"), ("vat_limit = 0.05", &limit)]))
    };
    assert_eq!(with("0.09").unwrap_err().code, Code::VatDiffers);
    let rounding = with("0.10").unwrap().invoice.predicted.rounding;
    assert_eq!(rounding.to_string(), "-0.10");
    // A file without the key has the limit 0.05.
    let old = changed(&[("pin_vat = true", "pin_vat = false"), ("vat_limit = 0.05\n", "")]);
    assert_eq!(book(&order, &old).unwrap_err().code, Code::VatDiffers);
}

#[test]
fn a_blank_country_of_the_delivery_is_none() {
    for blank in ["", " ", "\u{a0}"] {
        let lines = lines(|order| {
            let address = json!({ "country_id": blank, "city": "Oslo" });
            order["extension_attributes"]["shipping_assignments"] = json!([{ "shipping": { "address": address } }]);
        });
        assert_eq!(lines[0], expected("3000", "3", "200.00"), "{blank:?}");
    }
}

#[test]
fn the_document_date_is_the_companys() {
    let mut order = small_order();
    order["created_at"] = json!("2026-06-30 22:30:00");
    let date = |mapping| book(&order, &mapping).unwrap().invoice.invoice.document_date;
    assert_eq!(date(default_mapping()), "2026-07-01");
    assert_eq!(date(changed(&[("Europe/Oslo", "America/New_York")])), "2026-06-30");
}

#[test]
fn a_line_that_no_unit_price_gives_counts_one() {
    let mut order = small_order();
    let item = &mut order["items"][0];
    // 0.01 for 300 pieces: no price of four places gives that.
    (item["qty_ordered"], item["price"], item["row_total"]) = (json!(300), number("0.6667"), json!(200));
    item["discount_amount"] = number("199.99");
    item["row_total"] = number("0.01");
    item["tax_amount"] = json!(0);
    (order["discount_amount"], order["tax_amount"]) = (number("-199.99"), json!(25));
    order["grand_total"] = number("165.01");
    let booking = book(&order, &default_mapping()).unwrap();
    let line = &booking.invoice.invoice.lines[0];
    assert_eq!((line.quantity, line.unit_price.to_string().as_str()), (Decimal::ONE, "0.01"));
    assert_eq!(line.description, "300 × Product (A)");
}
