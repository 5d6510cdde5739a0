//! Payments: off by default, and by payment method.

use mapping::{Decision, Invoiced, Mapping, OrderPayment, Scope, Trigger};
use serde_json::{Value, json};

use crate::support::{
    book, book_invoice, changed, credit, decode, decode_invoice, default_mapping, small_invoice, small_memo,
    small_order,
};

const RULES: &str = "[[payments]]\nwhen = { payment_method = \"check*\" }\nmethod = \"10\"\ncash_account = \"1572\"\n#";

fn settled() -> Mapping {
    changed(&[("# [[payments]]", RULES)])
}

/// Returns the payment of the small order's invoice, after a change of both, where orders are booked.
fn of_part(mapping: &Mapping, trigger: Trigger, change: impl Fn(&mut Value, &mut Value)) -> Option<OrderPayment> {
    let (mut order, mut invoice) = (small_order(), small_invoice());
    change(&mut order, &mut invoice);
    let scope = Scope { trigger, references: true, ..Scope::default() };
    let decided = mapping::invoice(&decode_invoice(&invoice), &decode(&order), mapping, &scope).unwrap();
    let Decision::Book(booked) = decided else { return None };
    let Invoiced::OfOrder { invoice_key, payment, .. } = *booked else { panic!("{booked:?}") };
    assert_eq!(invoice_key, "1042");
    payment.map(|payment| *payment)
}

#[test]
fn nothing_is_settled_by_default() {
    assert_eq!(of_part(&default_mapping(), Trigger::Placed, |_, _| ()), None);
    assert_eq!(credit(&small_memo(), &small_order(), &default_mapping()).unwrap().payment, None);
}

#[test]
fn what_is_paid_is_settled_on_the_account_of_its_method_and_on_its_day() {
    let OrderPayment { part, payment, .. } = of_part(&settled(), Trigger::Placed, |_, _| ()).unwrap();
    assert_eq!((part, payment.reference.as_str()), (877, "WEB-PI000000012"));
    assert_eq!((payment.method.as_str(), payment.cash_account.as_str()), ("10", "1572"));
    assert_eq!((payment.amount.to_string().as_str(), payment.currency.as_str()), ("415.00", "NOK"));
    assert_eq!(payment.date, "2026-02-01", "the order is of the day before");
    assert_eq!(payment.text, "Invoice 000000012 of order 000001042, paid by checkmo");
    let late = |_: &mut Value, invoice: &mut Value| invoice["created_at"] = json!("2026-02-28 23:30:00");
    assert_eq!(of_part(&settled(), Trigger::Placed, late).unwrap().payment.date, "2026-03-01", "in Oslo");
    let on_account = |order: &mut Value, _: &mut Value| order["payment"]["method"] = json!("banktransfer");
    assert_eq!(of_part(&settled(), Trigger::Placed, on_account), None);
    // The order itself says nothing of payments, in whatever state it stands.
    let mut order = small_order();
    order["total_paid"] = json!(415);
    assert_eq!(book(&order, &settled()).unwrap().payment, None);
}

#[test]
fn an_order_may_be_paid_in_parts() {
    let amount = |total: &str| {
        let part = |_: &mut Value, invoice: &mut Value| invoice["grand_total"] = serde_json::from_str(total).unwrap();
        of_part(&settled(), Trigger::Placed, part).map(|paid| paid.payment.amount.to_string())
    };
    assert_eq!(amount("100"), Some("100.00".to_owned()));
    assert_eq!(amount("59.065"), Some("59.07".to_owned()));
    assert_eq!(amount("0"), None, "paid by gift card");
    let open = |_: &mut Value, invoice: &mut Value| invoice["state"] = json!(1);
    assert_eq!(of_part(&settled(), Trigger::Placed, open), None, "invoiced and not paid");
    // What is not booked yet is paid all the same: the payment waits in the writer.
    assert!(of_part(&settled(), Trigger::Shipped, |_, _| ()).is_some());
    let cancelled = |order: &mut Value, _: &mut Value| order["state"] = json!("canceled");
    assert_eq!(of_part(&settled(), Trigger::Placed, cancelled), None);
}

#[test]
fn what_was_captured_is_settled_where_it_is_not_the_total() {
    let amount = |captured: Value, invoiced: u32| {
        let part = |order: &mut Value, _: &mut Value| {
            order["total_invoiced"] = json!(invoiced);
            order["payment"]["amount_paid"] = captured.clone();
        };
        of_part(&settled(), Trigger::Placed, part).unwrap().payment.amount.to_string()
    };
    for (captured, invoiced, wanted) in [
        (json!(415), 415, "415.00"),
        (json!(400), 415, "400.00"),
        (json!("430.5000"), 415, "430.50"),
        (json!(null), 415, "415.00"),
        (json!(0), 415, "415.00"),
        // Another invoice is in it.
        (json!(700), 730, "415.00"),
    ] {
        assert_eq!(amount(captured.clone(), invoiced), wanted, "{captured} of {invoiced}");
    }
    let mut order = small_order();
    (order["total_invoiced"], order["payment"]["amount_paid"]) = (json!(415), json!(400));
    let booking = book_invoice(&small_invoice(), &order, &settled()).unwrap();
    assert_eq!(booking.payment.unwrap().amount.to_string(), "400.00");
    assert_eq!(booking.invoice.predicted.total.to_string(), "415.00", "the invoice is what was sold");
}

#[test]
fn a_commerce_invoice_is_settled_when_it_is_paid() {
    let payment = |state: u32| {
        let mut invoice = small_invoice();
        invoice["state"] = json!(state);
        book_invoice(&invoice, &small_order(), &settled()).unwrap().payment
    };
    assert_eq!(payment(1), None);
    assert_eq!(payment(2).unwrap().reference, "WEB-PI000000012");
}

#[test]
fn a_credit_memo_is_settled_by_a_refund() {
    let payment = credit(&small_memo(), &small_order(), &settled()).unwrap().payment.unwrap();
    assert_eq!((payment.reference.as_str(), payment.amount.to_string().as_str()), ("WEB-PC000000009", "415.00"));
    assert_eq!(payment.text, "Credit memo 000000009 of order 000001042, paid by checkmo");
    let mut nothing = small_memo();
    (nothing["adjustment_negative"], nothing["grand_total"]) = (json!(415), json!(0));
    assert_eq!(credit(&nothing, &small_order(), &settled()).unwrap().payment, None);
}
