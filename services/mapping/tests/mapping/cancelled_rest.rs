//! Tests that everything beside the rows in the cancelled rest of an order is credited as it was booked: gift wraps,
//! fees of payment modules and apps, reward points, fixed product tax.

use serde_json::{Value, json};

use crate::money::with_fpt;
use crate::shop::number;
use crate::support::{book, decode, default_mapping, small_order};

/// The small order, of which one piece of A was invoiced with the shipping for 175.00, and the rest cancelled; then
/// changed. What else the invoice has, with its tax, is `also`.
fn rest(change: impl Fn(&mut Value), also: (&str, &str)) -> Value {
    let mut order = small_order();
    let item = &mut order["items"][0];
    (item["qty_invoiced"], item["qty_canceled"]) = (json!(1), json!(1));
    (item["row_invoiced"], item["tax_invoiced"]) = (json!(100), json!(25));
    order["items"][1]["qty_canceled"] = json!(1);
    order["state"] = json!("complete");
    change(&mut order);
    let decimal = |text: &str| text.parse::<rust_decimal::Decimal>().unwrap();
    let of = |name: &str| decimal(&order[name].to_string());
    let (total, tax) = (decimal("175") + decimal(also.0), decimal("35") + decimal(also.1));
    let cancelled = (number(of("grand_total") - total), number(of("tax_amount") - tax));
    (order["total_canceled"], order["tax_canceled"]) = cancelled;
    (order["total_invoiced"], order["tax_invoiced"]) = (number(total), number(tax));
    order
}

/// Account, VAT code and amount of each line of the credit note, besides the 100.00 of each item; the total is what the
/// shop cancelled, to the hundredth and without rounding.
fn credited(order: &Value) -> Vec<String> {
    book(order, &default_mapping()).unwrap_or_else(|refusal| panic!("{refusal}"));
    let part = mapping::cancelled_part(&decode(order), None, &default_mapping());
    let note = part.unwrap_or_else(|refusal| panic!("{refusal}")).unwrap().credit_note;
    let expected: rust_decimal::Decimal = order["total_canceled"].to_string().parse().unwrap();
    assert_eq!((note.predicted.total, note.predicted.rounding.is_zero()), (expected, true), "{note:#?}");
    let tax: rust_decimal::Decimal = note.predicted.vat.iter().map(|one| one.vat).sum();
    assert_eq!(tax.normalize().to_string(), order["tax_canceled"].to_string());
    let lines = note.invoice.lines.iter().map(|line| format!("{} {} {}", line.account, line.vat_code, line.amount));
    let lines: Vec<String> = lines.collect();
    assert_eq!(lines[..2], ["3000 3 100.00", "3010 31 100.00"]);
    lines[2..].to_vec()
}

fn set(order: &mut Value, total: &str, tax: &str) {
    (order["grand_total"], order["tax_amount"]) = (number(total.parse().unwrap()), number(tax.parse().unwrap()));
}

#[test]
fn gift_wraps_that_no_invoice_has_are_credited() {
    let wrapped = |order: &mut Value| {
        for (key, amount) in [
            ("gw_price", "16.0000"),
            ("gw_tax_amount", "4.0000"),
            ("gw_items_price", "20.0000"),
            ("gw_items_tax_amount", "5.0000"),
            // The first invoice has the order's wrap, and one of the two of A.
            ("gw_price_invoiced", "16.0000"),
            ("gw_tax_amount_invoiced", "4.0000"),
            ("gw_items_price_invoiced", "10.0000"),
            ("gw_items_tax_invoiced", "2.5000"),
        ] {
            order["extension_attributes"][key] = json!(amount);
        }
        set(order, "460", "84");
    };
    assert_eq!(credited(&rest(wrapped, ("32.5", "6.5"))), ["3950 3 10.00"]);
}

#[test]
fn a_modules_fee_is_credited_where_no_invoice_has_it() {
    let fee = |order: &mut Value, net: &str, tax: &str| {
        order["extension_attributes"]["mollie_payment_fee"] = json!(net);
        order["extension_attributes"]["mollie_payment_fee_tax"] = json!(tax);
    };
    let taxed = |order: &mut Value| {
        fee(order, "20.00", "5.00");
        set(order, "440", "80");
    };
    assert_eq!(credited(&rest(taxed, ("0", "0"))), ["3900 3 20.00"]);
    assert_eq!(credited(&rest(taxed, ("25", "5"))), [""; 0]);
    let untaxed = |order: &mut Value| {
        fee(order, "20.00", "0.00");
        set(order, "435", "75");
    };
    assert_eq!(credited(&rest(untaxed, ("0", "0"))), ["3900 5 20.00"]);
    assert_eq!(credited(&rest(untaxed, ("20", "0"))), [""; 0]);
    let of_app = |order: &mut Value| {
        order["extension_attributes"]["custom_fees"] = json!([{ "custom_fee_code": "pant", "custom_fee_amount": 9 }]);
        set(order, "424", "75");
    };
    assert_eq!(credited(&rest(of_app, ("0", "0"))), ["3900 5 9.00"]);
    assert_eq!(credited(&rest(of_app, ("9", "0"))), [""; 0]);
}

#[test]
fn reward_points_that_no_invoice_has_used_up_are_given_back() {
    let points = |points: u32| {
        move |order: &mut Value| {
            order["extension_attributes"]["reward_currency_amount"] = json!(points);
            set(order, &(415 - points).to_string(), "75");
        }
    };
    assert_eq!(credited(&rest(points(30), ("-30", "0"))), [""; 0], "the first invoice has used them");
    assert_eq!(credited(&rest(points(30), ("0", "0"))), ["2920 6 -30.00"]);
    // More points than the first invoice costs: it comes to nothing, and the rest has the others.
    assert_eq!(credited(&rest(points(300), ("-175", "0"))), ["2920 6 -125.00"]);
    let with_fee = |order: &mut Value| {
        points(300)(order);
        order["extension_attributes"]["mollie_payment_fee"] = json!("20.00");
        order["extension_attributes"]["mollie_payment_fee_tax"] = json!("5.00");
        set(order, "140", "80");
    };
    assert_eq!(credited(&rest(with_fee, ("-175", "0"))), ["3900 3 20.00", "2920 6 -125.00"]);
}

#[test]
fn fixed_product_tax_of_what_is_cancelled_is_credited() {
    let fpt = |order: &mut Value| {
        with_fpt(order, true);
        order["grand_total"] = number("427.5".parse().unwrap());
    };
    assert_eq!(credited(&rest(fpt, ("6.25", "1.25"))), ["3990 3 5.00"]);
}
