//! Every reason to refuse an order, each with an order that is otherwise fine.

use std::collections::BTreeSet;

use mapping::{DEFAULT, Mapping, REFUSALS, Refusal};
use problem::Code;
use serde_json::{Value, json};

use crate::support::{book, changed, decode, default_mapping, every_order, small_order};

/// The refusal of the small order after one thing in it was broken.
fn refusal(mapping: &Mapping, breaking: impl Fn(&mut Value)) -> Refusal {
    let mut order = small_order();
    breaking(&mut order);
    mapping::order(&decode(&order), mapping, &every_order()).expect_err("the order should be refused")
}

fn remove(order: &mut Value, key: &str) {
    order.as_object_mut().unwrap().remove(key).unwrap();
}

fn number(literal: &str) -> Value {
    serde_json::from_str(literal).unwrap()
}

/// A broken order: the code that it is refused with, words that the sentence must have, and what breaks the order.
type Case = (Code, &'static [&'static str], fn(&mut Value));

const ORDERS: [Case; 28] = [
    (Code::OrderWithoutItems, &["000001042"], |order| order["items"] = json!([])),
    (Code::OrderWithoutItems, &["000001042"], |order| remove(order, "items")),
    (Code::NoEmail, &["e-mail"], |order| remove(order, "customer_email")),
    (Code::NoEmail, &["e-mail"], |order| order["customer_email"] = json!("  ")),
    (Code::NoNumber, &["1042"], |order| order["increment_id"] = json!(" ")),
    (Code::NoDate, &["yesterday"], |order| order["created_at"] = json!("yesterday")),
    (Code::NoDate, &["created_at"], |order| remove(order, "created_at")),
    (Code::NoCountry, &["country"], |order| remove(order, "billing_address")),
    (Code::NoCountry, &["country"], |order| order["billing_address"]["country_id"] = json!("  ")),
    (Code::NegativeTotal, &["-1 NOK"], |order| order["grand_total"] = json!(-1)),
    (Code::AmountOutOfRange, &["qty_ordered 10000000000"], |order| {
        order["items"][0]["qty_ordered"] = number("1E10");
    }),
    (Code::AmountOutOfRange, &["grand_total"], |order| {
        order["grand_total"] = number("999999999999999999");
    }),
    (Code::AmountOutOfRange, &["10001 lines"], |order| {
        order["items"] = Value::Array(vec![order["items"][0].clone(); 10_001]);
    }),
    (Code::AmountOutOfRange, &["has percent"], |order| {
        let tax = json!({ "percent": number("999999999999999999") });
        order["extension_attributes"]["item_applied_taxes"][0]["applied_taxes"] = json!([tax, tax]);
        remove(&mut order["items"][0], "tax_percent");
    }),
    (Code::AmountOutOfRange, &["has weee_tax_applied"], |order| {
        let text = "[{\"row_amount\":-999999999999999999,\"row_amount_incl_tax\":999999999999999999}]";
        order["items"][0]["weee_tax_applied"] = json!(text);
    }),
    (Code::UnknownCurrency, &["XAU"], |order| order["order_currency_code"] = json!("XAU")),
    (Code::UnknownPaymentMethod, &["`barter`"], |order| order["payment"]["method"] = json!("barter")),
    (Code::UnknownPaymentMethod, &["``"], |order| remove(order, "payment")),
    (Code::UnknownTaxRate, &["item A", "17 %", "country NO"], |order| {
        order["items"][0]["tax_percent"] = json!(17);
        order["extension_attributes"]["item_applied_taxes"][0]["applied_taxes"][0]["percent"] = json!(17);
    }),
    (Code::UnknownTaxRate, &["the shipping line", "17 %"], |order| {
        order["extension_attributes"]["item_applied_taxes"][2]["applied_taxes"][0]["percent"] = json!(17);
    }),
    (Code::UnknownTaxRate, &["on A", "not say at which rate"], |order| {
        remove(&mut order["items"][0], "tax_percent");
        remove(order, "extension_attributes");
    }),
    (Code::UnknownTaxRate, &["on the shipping", "not say at which rate"], |order| {
        // Neither 25 % nor 15 % of 40 is 9.
        remove(order, "extension_attributes");
        (order["shipping_tax_amount"], order["tax_amount"]) = (json!(9), json!(74));
        order["grand_total"] = json!(414);
    }),
    (Code::TotalDoesNotAddUp, &["make 415 NOK", "total is 420.5 NOK", "difference of 5.5"], |order| {
        order["grand_total"] = number("420.50");
    }),
    (Code::LinesDoNotAddUp, &["add up to 200 NOK", "subtotal is 300 NOK"], |order| {
        order["items"].as_array_mut().unwrap().pop().unwrap();
    }),
    (Code::LinesDoNotAddUp, &["add up to 340 NOK", "is 330 NOK"], |order| {
        // A discount that stands on no line.
        (order["discount_amount"], order["grand_total"]) = (json!(-10), json!(405));
    }),
    (Code::TaxDoesNotAddUp, &["add up to 65 NOK", "shows 75 NOK"], |order| {
        order["items"][0]["tax_amount"] = json!(40);
    }),
    (Code::FeeUnreadable, &["Order 000001042", "qliroone_fee"], |order| {
        order["extension_attributes"]["qliroone_fee"] = json!("29,00");
    }),
    (Code::FixedProductTaxUnreadable, &["fixed product tax of A"], |order| {
        order["items"][0]["weee_tax_applied_row_amount"] = json!(5);
        order["items"][0]["weee_tax_applied"] = json!("{");
        order["grand_total"] = json!(420);
    }),
];

/// A lack of the default mapping file, for an order that it otherwise books: the code of the refusal, words of its
/// sentence, changes of the file, and the change of the order.
type Lack = (Code, &'static [&'static str], &'static [(&'static str, &'static str)], fn(&mut Value));

const FILES: [Lack; 14] = [
    (
        Code::UnknownSku,
        &["item A", "country NO"],
        &[
            ("when = { country = \"NO\", tax_rate = 25 }\naccount", "when = { sku = \"KNOWN-*\" }\naccount"),
            ("[[account]]                                # elsewhere with", "[[account]]\nwhen = { sku = \"X\" } #"),
        ],
        |_| (),
    ),
    (
        Code::NoAccount,
        &["the gift_card line"],
        &[("when = { line = \"gift_card\" } ", "when = { line = \"gift_card\", sku = \"X\" } ")],
        |order| {
            order["extension_attributes"]["gift_cards_amount"] = json!(15);
            order["grand_total"] = json!(400);
        },
    ),
    (
        Code::NoAccount,
        &["the fpt line of A"],
        &[("when = { line = \"fpt\" }", "when = { line = \"fpt\", sku = \"X\" }")],
        |order| {
            order["items"][0]["weee_tax_applied_row_amount"] = json!(5);
            order["grand_total"] = json!(420);
        },
    ),
    (
        Code::NoVatCode,
        &["the store_credit line"],
        &[("line = \"outside_vat\"", "line = [\"gift_card\", \"rounding\"]")],
        |order| {
            order["extension_attributes"]["customer_balance_amount"] = json!(15);
            order["grand_total"] = json!(400);
        },
    ),
    (
        Code::VatRateDiffers,
        &["item B", "15 %", "VAT code 3", "25 %"],
        &[(
            "when = { product_type = \"giftcard\", tax_rate = 0 }\ncode = \"6\"\nrate = 0",
            "when = { country = \"NO\" }\ncode = \"3\"\nrate = 25",
        )],
        |_| (),
    ),
    (
        Code::NoDimension,
        &["segment 2", "item B"],
        &[("segment = 2\n", "segment = 2\nwhen = { sku = \"A\" }\n")],
        |_| (),
    ),
    (Code::NoBranch, &["branch", "country NO"], &[("# [[branch]]", LIST_BRANCH)], |_| ()),
    (Code::NoTerms, &["terms", "checkmo"], &[("# [[branch]]", LIST_TERMS)], |_| ()),
    (Code::NoCustomerClass, &["customer class", "group 0"], &[("# [[branch]]", LIST_CLASS)], |_| ()),
    (Code::NoVatZone, &["VAT zone", "country NO"], &[("# [[branch]]", LIST_ZONE)], |_| ()),
    (Code::UnknownStore, &["store 1"], &[("# [[store]]", "[[store]]\nid = 7\ncode = \"se\"\n#")], |_| ()),
    (
        Code::BaseCurrencyDiffers,
        &["books in NOK", "one SEK"],
        &[("[currency.EUR]", "[currency.EUR]\nexchange_rate = \"order\"")],
        |order| {
            (order["order_currency_code"], order["base_currency_code"]) = (json!("EUR"), json!("SEK"));
            order["base_to_order_rate"] = number("0.0877");
        },
    ),
    (
        Code::VatDiffers,
        &["charged 60.00 NOK of VAT", "VAT code 3", "computes 60.10 NOK from 240.40 NOK", "0.05 NOK"],
        &[("pin_vat = true", "pin_vat = false")],
        |order| {
            // A shop that rounds tax on each piece: 40 times 1.25.
            let item = &mut order["items"][0];
            (item["qty_ordered"], item["price"], item["row_total"]) = (json!(40), number("5.01"), number("200.40"));
            (order["subtotal"], order["grand_total"]) = (number("300.40"), number("415.40"));
        },
    ),
    (
        Code::RoundingAboveLimit,
        &["is 290.01 NOK", "come to 290.00 NOK", "0.01 NOK", "more than the 0 NOK"],
        &[("rounding_limit = 0.50", "rounding_limit = 0")],
        |order| {
            // Two rows and the total each show half a hundredth: rounded one by one they lose what the sum keeps.
            for item in order["items"].as_array_mut().unwrap() {
                (item["qty_ordered"], item["price"]) = (json!(1), number("100.0025"));
                item["row_total"] = number("100.0025");
            }
            order["items"][0]["tax_amount"] = json!(25);
            (order["subtotal"], order["tax_amount"]) = (number("200.005"), json!(50));
            order["grand_total"] = number("290.005");
        },
    ),
];

const LIST_BRANCH: &str = "[[branch]]\nwhen = { country = \"SE\" }\nbranch = \"2\"\n# [[branch]]";
const LIST_TERMS: &str = "[[terms]]\nwhen = { payment_method = \"purchaseorder\" }\nterms = \"30\"\n# [[branch]]";
const LIST_CLASS: &str = "[[customer_class]]\nwhen = { customer_group = 4 }\nclass = \"B2B\"\n# [[branch]]";
const LIST_ZONE: &str = "[[vat_zone]]\nwhen = { country = \"SE\" }\nzone = \"02\"\n# [[branch]]";

#[test]
fn the_order_is_fine_before_it_is_broken() {
    let booking = book(&small_order(), &default_mapping()).unwrap();
    assert_eq!(booking.invoice.predicted.total.to_string(), "415.00");
}

#[test]
fn what_is_broken_is_refused_with_its_code_and_a_sentence_that_says_what() {
    let mapping = default_mapping();
    for (number, (code, words, breaking)) in ORDERS.iter().enumerate() {
        expect(&format!("order {number}"), &refusal(&mapping, breaking), *code, words);
    }
}

#[test]
fn what_the_mapping_file_lacks_is_refused_with_its_code() {
    for (number, (code, words, replacements, order)) in FILES.iter().enumerate() {
        if *code != Code::RoundingAboveLimit {
            let mut fine = small_order();
            order(&mut fine);
            let default = book(&fine, &default_mapping());
            assert!(default.is_ok(), "file {number}: the default does not book it either: {default:?}");
        }
        expect(&format!("file {number}"), &refusal(&changed(replacements), order), *code, words);
    }
}

fn expect(case: &str, refusal: &Refusal, code: Code, words: &[&str]) {
    assert_eq!(refusal.code, code, "{case}: {refusal}");
    for word in words {
        assert!(refusal.sentence.contains(word), "{case} says nothing of \"{word}\": {refusal}");
    }
}

#[test]
fn every_code_has_a_test() {
    // The state's code is that of the scope, a line without an order item that of the documents, and what is cancelled
    // less that of the cancellations: see there.
    let mut tested: BTreeSet<Code> = BTreeSet::from([Code::CancelledLess, Code::LineNotOnOrder, Code::UnknownState]);
    tested.extend(ORDERS.iter().map(|(code, ..)| *code));
    tested.extend(FILES.iter().map(|(code, ..)| *code));
    assert_eq!(tested, BTreeSet::from(REFUSALS));
    assert!(Mapping::parse(DEFAULT).is_ok());
}
