//! Payments: off by default, and by payment method.

use mapping::{Mapping, PaymentCommand};
use serde_json::{Value, json};

use crate::support::{book, book_invoice, changed, credit, default_mapping, small_invoice, small_memo, small_order};

const RULES: &str = "[[payments]]\nwhen = { payment_method = \"check*\" }\nmethod = \"10\"\ncash_account = \"1572\"\n#";

fn settled() -> Mapping {
    changed(&[("# [[payments]]", RULES)])
}

fn of_order(mapping: &Mapping, change: impl Fn(&mut Value)) -> Option<PaymentCommand> {
    let mut order = small_order();
    order["total_paid"] = json!(415);
    change(&mut order);
    book(&order, mapping).unwrap().payment
}

#[test]
fn nothing_is_settled_by_default() {
    assert_eq!(of_order(&default_mapping(), |_| ()), None);
    assert_eq!(credit(&small_memo(), &small_order(), &default_mapping()).unwrap().payment, None);
}

#[test]
fn a_paid_order_is_settled_on_the_account_of_its_method() {
    let payment = of_order(&settled(), |_| ()).unwrap();
    assert_eq!(payment.reference, "WEB-P000001042");
    assert_eq!((payment.method.as_str(), payment.cash_account.as_str()), ("10", "1572"));
    assert_eq!((payment.amount.to_string().as_str(), payment.currency.as_str()), ("415.00", "NOK"));
    assert_eq!(payment.date, "2026-01-31");
    assert!(of_order(&settled(), |order| order["payment"]["method"] = json!("banktransfer")).is_none());
}

#[test]
fn what_is_not_paid_in_full_is_not_settled() {
    assert_eq!(of_order(&settled(), |order| order["total_paid"] = Value::Null), None);
    assert_eq!(of_order(&settled(), |order| order["total_paid"] = json!(400)), None);
    let part_is_cancelled = |order: &mut Value| {
        (order["total_paid"], order["total_canceled"]) = (json!(400), json!(15));
    };
    assert_eq!(of_order(&settled(), part_is_cancelled), None, "the customer has not paid what the invoice says");
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
