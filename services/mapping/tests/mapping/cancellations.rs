//! Tests of how an invoice is taken back whose order was taken back after it was booked.

use mapping::{Before, Credits, Decision, Scope};
use problem::Code;
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
        assert!(matches!(decision, Decision::Skip { reason } if reason.code == Code::StateSkipped));
    }
}

#[test]
fn the_credit_note_repeats_the_invoice_line_by_line() {
    let invoice = book(&small_order(), &default_mapping()).unwrap().invoice;
    let undo = mapping::cancellation(&small(cancelled), &default_mapping()).unwrap();
    assert_eq!(undo.invoice.key, invoice.key);
    assert_eq!(undo.invoice.reason, "Order 000001042 was cancelled");
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
    assert_eq!(undo.invoice.reason, "Order 000001042 was replaced by order 000001042-1");
}

#[test]
fn a_cancelled_invoice_is_undone_likewise() {
    let mut raw = small_invoice();
    let booked = book_invoice(&raw, &small_order(), &default_mapping()).unwrap().invoice;
    raw["state"] = json!(3);
    let invoice = decode_invoice(&raw);
    assert!(mapping::is_cancelled(&invoice));
    let undo = mapping::invoice_cancellation(&invoice, &decode(&small_order()), &default_mapping()).unwrap();
    assert_eq!((undo.invoice.key.as_str(), undo.credit_note.key.as_str()), ("invoice-877", "cancellation-invoice-877"));
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
        let part = mapping::cancelled_part(&decode(&case.order), None, &default_mapping()).unwrap().unwrap();
        assert_eq!(part.credits, Credits::Invoice(case.order["entity_id"].to_string()));
        let total = visma_total::of(&part.credit_note.invoice, VatRounding::PerCode);
        assert_eq!(total, hundredths(&case.order["total_canceled"].to_string()), "{name}");
        // What was invoiced and what was cancelled make up the order.
        let invoiced = hundredths(&case.invoices[0]["grand_total"].to_string());
        assert_eq!(invoiced + total, hundredths(&case.order["grand_total"].to_string()), "{name}");
    }
}

#[test]
fn nothing_is_credited_where_nothing_is_cancelled() {
    for order in [small(|_| ()), small(|order| order["total_canceled"] = json!(0))] {
        assert_eq!(mapping::cancelled_part(&order, None, &default_mapping()), Ok(None));
    }
    // A hundredth of a hundredth: nothing in the books.
    let whole = |order: &mut Value| {
        order["total_canceled"] = serde_json::from_str("0.0001").unwrap();
    };
    assert_eq!(mapping::cancelled_part(&small(whole), None, &default_mapping()), Ok(None));
    let unexplained = |order: &mut Value| order["total_canceled"] = json!(50);
    let refusal = mapping::cancelled_part(&small(unexplained), None, &default_mapping()).unwrap_err();
    assert_eq!(refusal.code, Code::LinesDoNotAddUp);
    assert!(refusal.sentence.contains("the cancelled part of order 000001042"), "{refusal}");
}

/// Commerce calls an order canceled when what was invoiced of it was refunded in full and the rest cancelled.
#[test]
fn an_order_that_was_refunded_in_part_and_then_cancelled_is_no_order_that_never_was() {
    let case = recorded_case("refunded-then-cancelled");
    let order = decode(&case.order);
    assert!(!mapping::is_withdrawn(&order));
    let Decision::Book(booking) = mapping::order(&order, &default_mapping(), &Scope::default()).unwrap() else {
        panic!("it was a sale in part");
    };
    let part = mapping::cancelled_part(&order, None, &default_mapping()).unwrap().unwrap().credit_note;
    assert_eq!((part.reference.as_str(), part.key.as_str()), ("WEB-X000000031", "cancellation-47"));
    let total = visma_total::of(&part.invoice, VatRounding::PerCode);
    assert_eq!((total, hundredths("2685.40")), (hundredths("2685.4"), total), "total_canceled");
    let vat = |command: &mapping::InvoiceCommand| {
        command.predicted.vat.iter().map(|one| one.vat).sum::<rust_decimal::Decimal>()
    };
    assert_eq!(vat(&part).to_string(), "523.75", "tax_canceled");
    let memo = crate::support::credit(&case.credit_memos[0], &case.order, &default_mapping()).unwrap().credit_note;
    let left = booking.invoice.predicted.total - part.predicted.total - memo.predicted.total;
    assert_eq!(left, rust_decimal::Decimal::ZERO);
    assert_eq!(vat(&booking.invoice), vat(&part) + vat(&memo));
}

/// Extensions cancel single units, and more of them later: what is credited is not changed, the next note is over the
/// difference.
#[test]
fn what_is_cancelled_later_is_a_credit_note_of_its_own() {
    let first = small(|order| {
        (order["total_canceled"], order["tax_canceled"]) = (json!(125), json!(25));
        order["items"][0]["qty_canceled"] = json!(1);
    });
    let then = small(|order| {
        (order["total_canceled"], order["tax_canceled"]) = (json!(240), json!(40));
        order["items"][0]["qty_canceled"] = json!(1);
        order["items"][1]["qty_canceled"] = json!(1);
    });
    let mapping = default_mapping();
    let before = |order, notes| Some(Before { order, notes });
    let second = mapping::cancelled_part(&then, before(&first, 1), &mapping).unwrap().unwrap().credit_note;
    assert_eq!((second.reference.as_str(), second.key.as_str()), ("WEB-X000001042.2", "cancellation-1042-2"));
    assert_eq!(second.invoice.external_reference, second.reference);
    assert_eq!(second.predicted.total.to_string(), "115.00");
    assert_eq!(
        second.predicted.vat.iter().map(|one| (one.code.as_str(), one.vat.to_string())).collect::<Vec<_>>(),
        [("31", "15.00".to_owned())]
    );
    // Now all of it: what is left, shipping too.
    let third = mapping::cancelled_part(&small(cancelled), before(&then, 2), &mapping).unwrap().unwrap().credit_note;
    assert_eq!(
        (third.reference.as_str(), third.predicted.total.to_string()),
        ("WEB-X000001042.3", "175.00".to_owned())
    );
    assert_eq!(mapping::cancelled_part(&then, before(&then, 2), &mapping), Ok(None), "nothing more");
    let refusal = mapping::cancelled_part(&first, before(&then, 2), &mapping).unwrap_err();
    assert_eq!(refusal.code, Code::CancelledLess);
    for part in ["000001042", "240 NOK credited", "125 NOK now", "115.00 NOK"] {
        assert!(refusal.sentence.contains(part), "{refusal}");
    }
}

/// An invoice that is still open is a claim of its own, whatever `total_canceled` says.
#[test]
fn an_open_invoice_is_no_part_of_what_was_cancelled() {
    let open = small(|order| {
        order["state"] = json!("complete");
        (order["total_invoiced"], order["tax_invoiced"]) = (json!(175), json!(35));
        (order["total_canceled"], order["tax_canceled"]) = (json!(415), json!(40));
        (order["items"][0]["qty_invoiced"], order["items"][0]["qty_canceled"]) = (json!(1), json!(1));
        (order["items"][0]["row_invoiced"], order["items"][0]["tax_invoiced"]) = (json!(100), json!(25));
        order["items"][1]["qty_canceled"] = json!(1);
    });
    let note = mapping::cancelled_part(&open, None, &default_mapping()).unwrap().unwrap().credit_note;
    assert_eq!(note.predicted.total.to_string(), "240.00");
}
