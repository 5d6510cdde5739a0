//! What takes back an invoice whose order was taken back after it was booked.

use mapping::{Credits, Decision, Scope, code};
use serde_json::{Value, json};

use crate::support::{
    book, book_invoice, decode, decode_invoice, default_mapping, recorded_case, small_invoice, small_order,
};
use crate::visma_total::{self, VatRounding, hundredths};

fn small(change: impl Fn(&mut Value)) -> commerce::order::Order {
    let mut order = small_order();
    change(&mut order);
    decode(&order)
}

fn cancelled(order: &mut Value) {
    (order["state"], order["updated_at"]) = (json!("canceled"), json!("2026-02-28 23:30:00"));
}

#[test]
fn an_order_is_withdrawn_when_it_is_cancelled_or_replaced() {
    let replaced = |order: &mut Value| {
        (order["state"], order["relation_child_real_id"]) = (json!("closed"), json!("000001042-1"));
    };
    assert!(!mapping::is_withdrawn(&small(|_| ())));
    assert!(mapping::is_withdrawn(&small(cancelled)));
    assert!(mapping::is_withdrawn(&small(replaced)));
    assert!(!mapping::is_withdrawn(&small(|order| order["state"] = json!("closed"))), "refunded in full");
    let refunded = |order: &mut Value| {
        replaced(order);
        order["total_refunded"] = json!(415);
    };
    assert!(!mapping::is_withdrawn(&small(refunded)), "its credit memos take it back");
    for change in [cancelled, replaced] {
        let decision = mapping::order(&small(change), &default_mapping(), &Scope::default()).unwrap();
        assert!(matches!(decision, Decision::Skip { reason } if reason.code == code::STATE_SKIPPED));
    }
}

#[test]
fn the_credit_note_repeats_the_invoice_line_by_line() {
    let invoice = book(&small_order(), &default_mapping()).unwrap().invoice;
    let undo = mapping::cancellation(&small(cancelled), &default_mapping()).unwrap();
    assert_eq!(undo.invoice_key, invoice.key);
    assert_eq!(undo.reason, "Order 000001042 was cancelled");
    let note = undo.credit_note;
    assert_eq!((note.key.as_str(), note.reference.as_str()), ("cancellation-1042", "WEB-X000001042"));
    assert_eq!(note.invoice.lines, invoice.invoice.lines);
    assert_eq!(note.invoice.tax_details, invoice.invoice.tax_details);
    assert_eq!(note.predicted, invoice.predicted);
    assert_eq!(note.invoice.document_date, "2026-03-01", "the company's date of the last write");
}

#[test]
fn a_replaced_order_names_the_one_that_replaces_it() {
    let order = small(|order| {
        (order["state"], order["relation_child_real_id"]) = (json!("closed"), json!("000001042-1"));
    });
    let undo = mapping::cancellation(&order, &default_mapping()).unwrap();
    assert_eq!(undo.reason, "Order 000001042 was replaced by order 000001042-1");
}

#[test]
fn a_cancelled_invoice_is_undone_likewise() {
    let mut raw = small_invoice();
    let booked = book_invoice(&raw, &small_order(), &default_mapping()).unwrap().invoice;
    raw["state"] = json!(3);
    let invoice = decode_invoice(&raw);
    assert!(mapping::is_cancelled(&invoice));
    let undo = mapping::invoice_cancellation(&invoice, &decode(&small_order()), &default_mapping()).unwrap();
    assert_eq!((undo.invoice_key.as_str(), undo.credit_note.key.as_str()), ("invoice-877", "cancellation-invoice-877"));
    assert_eq!(undo.credit_note.reference, "WEB-XI000000012");
    assert_eq!(undo.credit_note.invoice.lines, booked.invoice.lines);
}

#[test]
fn the_cancelled_part_of_an_order_that_goes_on_is_credited() {
    for name in [
        "in_total-bundle_dynamic-eur-none-no-invoice_part_cancel",
        "in_befdisc-mixed_rates-eur-cart100s-no-invoice_part_cancel",
    ] {
        let case = recorded_case(name);
        let part = mapping::cancelled_part(&decode(&case.order), &default_mapping()).unwrap().unwrap();
        assert_eq!(part.credits, Credits::Invoice(case.order["entity_id"].to_string()));
        let total = visma_total::of(&part.credit_note.invoice, VatRounding::PerCode);
        assert_eq!(total, hundredths(&case.order["total_canceled"].to_string()), "{name}");
        // What was invoiced and what was cancelled make up the order.
        let invoiced = hundredths(&case.invoices[0]["grand_total"].to_string());
        assert_eq!(invoiced + total, hundredths(&case.order["grand_total"].to_string()), "{name}");
    }
}

#[test]
fn nothing_is_credited_where_nothing_or_everything_is_cancelled() {
    for order in [small(|_| ()), small(|order| order["total_canceled"] = json!(0)), small(cancelled)] {
        assert_eq!(mapping::cancelled_part(&order, &default_mapping()), Ok(None));
    }
    // A hundredth of a hundredth: nothing in the books.
    let whole = |order: &mut Value| {
        order["total_canceled"] = serde_json::from_str("0.0001").unwrap();
    };
    assert_eq!(mapping::cancelled_part(&small(whole), &default_mapping()), Ok(None));
    let unexplained = |order: &mut Value| order["total_canceled"] = json!(50);
    let refusal = mapping::cancelled_part(&small(unexplained), &default_mapping()).unwrap_err();
    assert_eq!(refusal.code, code::LINES_DO_NOT_ADD_UP);
    assert!(refusal.sentence.contains("the cancelled part of order 000001042"), "{refusal}");
}
