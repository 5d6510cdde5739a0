//! Lines whose tax no rate explains, booked as the mapping file says by name.

use mapping::Mapping;
use serde_json::{Value, json};

use super::{case, expect, number, page, rows, told};
use crate::money::with_fpt;
use crate::support::{book, changed, changed_text, credit, default_mapping, small_memo, small_order};

const USED: &str = "[[vat_exception]]\nwhen = { sku = [\"A\", \"B\"], tax_rate = 25 }\nreason = \"used goods\"\n\
    book = \"untaxed\"\ncode = \"6\"\n# Dimension segments.";
const REFUNDS: &str = "[[vat_exception]]\ndocuments = \"credit_memo\"\nreason = \"refunds contain VAT\"\n\
    book = \"included\"\n# Dimension segments.";

/// The default file with an exception.
fn with(exception: &str, pin: &[(&str, &str)]) -> Mapping {
    changed(&[pin, &[("# Dimension segments.", exception)]].concat())
}

#[test]
fn what_was_not_taxed_stands_on_the_code_that_the_exception_names() {
    let order = case("exempt_item_beside_a_taxed_one").0;
    let lines = [["3000", "3", "1000.00"], ["3100", "6", "500.00"], ["3060", "3", "100.00"]];
    expect(&order, |pin| with(USED, pin), &lines, &[["3", "1100.00", "275.00"], ["6", "500.00", "0.00"]]);
    let booking = book(&order, &with(USED, &[])).unwrap();
    assert_eq!(booking.invoice.invoice.note.as_deref(), Some("VAT of item B: used goods"));
}

#[test]
fn what_was_taxed_in_part_keeps_its_code_in_that_part() {
    let mut order = small_order();
    (order["items"][0]["tax_amount"], order["tax_amount"], order["grand_total"]) = (json!(20), json!(45), json!(385));
    expect(
        &order,
        |pin| with(USED, pin),
        &[["3000", "3", "80.00"], ["3100", "6", "120.00"], ["3010", "31", "100.00"], ["3060", "3", "40.00"]],
        &[["3", "120.00", "30.00"], ["6", "120.00", "0.00"], ["31", "100.00", "15.00"]],
    );
    // More tax than the rate makes is no part of it.
    (order["items"][0]["tax_amount"], order["tax_amount"], order["grand_total"]) = (json!(70), json!(95), json!(435));
    told(book(&order, &with(USED, &[])).err(), &["item A", "charged 70.00 NOK"]);
}

#[test]
fn what_was_paid_back_may_contain_the_vat() {
    let (order, memos) = case("memo_row_without_tax");
    for pin in ["pin_vat = true", "pin_vat = false"] {
        let note = credit(&memos[0], &order, &with(REFUNDS, &[("pin_vat = true", pin)])).unwrap().credit_note;
        assert_eq!(page(&note), (rows(&[["3000", "3", "80.00"]]), rows(&[["3", "80.00", "20.00"]])), "{pin}");
        assert_eq!(note.predicted.total.to_string(), "100.00", "what the shop paid back");
    }
    let (order, memos) = case("memo_shipping_without_tax");
    let note = credit(&memos[0], &order, &with(REFUNDS, &[])).unwrap().credit_note;
    assert_eq!(page(&note), (rows(&[["3060", "3", "40.00"]]), rows(&[["3", "40.00", "10.00"]])));
    assert_eq!(note.predicted.total.to_string(), "50.00", "what the shop paid back");
}

#[test]
fn an_exception_holds_for_its_documents_and_conditions_only() {
    let order = case("exempt_item_beside_a_taxed_one").0;
    told(book(&order, &with(REFUNDS, &[])).err(), &["item B"]);
    let other = USED.replace("\"B\"", "\"C\"");
    told(book(&order, &with(&other, &[])).err(), &["item B"]);
    // A line whose tax is explained is not touched.
    let all = USED.replace("when = { sku = [\"A\", \"B\"], tax_rate = 25 }\n", "");
    assert_eq!(
        page(&book(&small_order(), &with(&all, &[])).unwrap().invoice),
        page(&book(&small_order(), &default_mapping()).unwrap().invoice)
    );
}

#[test]
fn an_exception_that_contradicts_itself_is_no_file() {
    for (exception, path, words) in [
        (USED.replace("code = \"6\"", "code = \"3\""), "vat_exception[1].code", "VAT code 3 has 25 %"),
        (USED.replace("code = \"6\"\n", ""), "vat_exception[1].code", "this key is missing"),
        (USED.replace("book = \"untaxed\"\n", ""), "vat_exception[1].book", "this key is missing"),
        (USED.replace("reason = \"used goods\"\n", ""), "vat_exception[1].reason", "this key is missing"),
        (USED.replace("\"untaxed\"", "\"included\""), "vat_exception[1].code", "only with book = \"untaxed\""),
        (
            REFUNDS.replace("\"credit_memo\"", "\"creditmemo\""),
            "vat_exception[1].documents",
            "did you mean `credit_memo`?",
        ),
        ("[[tax_code]]\ncodes = [\"[\"]\ncountry = \"NO\"\n#".to_owned(), "tax_code[5].codes", "`[` is no pattern"),
        ("[[tax_code]]\ncodes = [\"X\"]\ncountry = \"no\"\n#".to_owned(), "tax_code[5].country", "two capital letters"),
        ("[[tax_code]]\ncountry = \"NO\"\n#".to_owned(), "tax_code[5].codes", "this key is missing"),
    ] {
        let text = changed_text(&[("# Dimension segments.", &exception)]);
        let found = Mapping::parse(&text).expect_err("this file should not load").0;
        assert_eq!(found.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), [path], "{found:?}");
        assert!(found[0].to_string().contains(words), "`{words}` is not in: {}", found[0]);
    }
}

/// The small order and its credit memo with this in each item's or document's own fields, the order taxed and the memo
/// not: 10 of fixed product tax on A, or 20 of a fee.
fn refunded_without_tax(what: &str) -> (Value, Value) {
    let (mut order, mut memo) = (small_order(), small_memo());
    if what == "fpt" {
        with_fpt(&mut order, true);
        with_fpt(&mut memo, false);
        (order["grand_total"], memo["grand_total"]) = (number("427.5"), json!(425));
        return (order, memo);
    }
    order["extension_attributes"]["mollie_payment_fee"] = json!(20);
    order["extension_attributes"]["mollie_payment_fee_tax"] = json!(5);
    memo["extension_attributes"] = json!({ "mollie_payment_fee": 20, "mollie_payment_fee_tax": 0 });
    (order["tax_amount"], order["grand_total"], memo["grand_total"]) = (json!(80), json!(440), json!(435));
    (order, memo)
}

#[test]
fn what_the_order_taxed_and_the_refund_does_not_is_a_question_also_beside_the_rows() {
    for (what, words, line, vat) in [
        ("fpt", ["the fpt line of A (VAT code 3) is 10.00 NOK", "25 % of that is 2.50 NOK"], "8.00", "62.00"),
        ("fee", ["the fee line (VAT code 3) is 20.00 NOK", "25 % of that is 5.00 NOK"], "16.00", "64.00"),
    ] {
        let (order, memo) = refunded_without_tax(what);
        assert!(book(&order, &default_mapping()).is_ok(), "{what}");
        told(credit(&memo, &order, &default_mapping()).err(), &[words[0], words[1], "charged 0.00 NOK"]);
        let note = credit(&memo, &order, &with(REFUNDS, &[])).unwrap().credit_note;
        assert!(page(&note).0.iter().any(|[_, code, amount]| code == "3" && amount == line), "{:?}", page(&note));
        assert_eq!(note.predicted.vat[0].vat.to_string(), vat);
        assert_eq!(note.predicted.total.to_string(), format!("{}.00", memo["grand_total"]));
    }
    // Where the order has none on it either, there is none.
    let (mut order, memo) = refunded_without_tax("fpt");
    with_fpt(&mut order, false);
    (order["tax_amount"], order["grand_total"]) = (json!(75), json!(425));
    let note = credit(&memo, &order, &default_mapping()).unwrap().credit_note;
    assert!(page(&note).0.contains(&["3990", "5", "10.00"].map(str::to_owned)), "{:?}", page(&note));
}
