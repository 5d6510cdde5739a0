//! Tests of the events that make an order an invoice.

use mapping::{Decision, Invoiced, Scope, Trigger};
use problem::Code;
use serde_json::{Value, json};

use crate::support::{decode, decode_invoice, default_mapping, small_invoice, small_order};

/// Checks that the small order is booked after a change; the error is the code with which it is not.
fn booked(trigger: Trigger, change: impl Fn(&mut Value)) -> Result<(), Code> {
    let mut order = small_order();
    change(&mut order);
    let scope = Scope { trigger, ..Scope::default() };
    match mapping::order(&decode(&order), &default_mapping(), &scope).unwrap() {
        Decision::Book(_) => Ok(()),
        Decision::Wait { reason } | Decision::Skip { reason } => Err(reason.code),
    }
}

#[test]
fn placed_is_the_default_and_asks_for_nothing() {
    assert_eq!(Scope::default().trigger, Trigger::Placed);
    assert_eq!(booked(Trigger::Placed, |_| ()), Ok(()));
}

#[test]
fn paid_is_when_nothing_is_due() {
    let paid = |total_paid: &str| {
        let total_paid: Value = serde_json::from_str(total_paid).unwrap();
        booked(Trigger::Paid, |order| order["total_paid"] = total_paid.clone())
    };
    let waits = Err(Code::TriggerWaits);
    assert_eq!(booked(Trigger::Paid, |_| ()), waits);
    assert_eq!(paid("414.99"), waits);
    assert_eq!(paid("415"), Ok(()));
    assert_eq!(paid("414.9951"), Ok(()), "what was paid is rounded");
    let the_rest_is_cancelled = |order: &mut Value| {
        (order["total_paid"], order["total_canceled"]) = (json!(400), json!(15));
    };
    assert_eq!(booked(Trigger::Paid, the_rest_is_cancelled), Ok(()));
}

#[test]
fn shipped_is_when_all_that_can_be_is() {
    let shipped = |quantities: [u32; 2]| {
        booked(Trigger::Shipped, |order| {
            for (index, quantity) in quantities.iter().enumerate() {
                order["items"][index]["qty_shipped"] = json!(quantity);
            }
        })
    };
    let waits = Err(Code::TriggerWaits);
    assert_eq!(shipped([0, 0]), waits);
    assert_eq!(shipped([2, 0]), waits);
    assert_eq!(shipped([1, 1]), waits);
    assert_eq!(shipped([2, 1]), Ok(()));
    let rest_is_cancelled = |order: &mut Value| {
        (order["items"][0]["qty_shipped"], order["items"][0]["qty_canceled"]) = (json!(1), json!(1));
        order["items"][1]["is_virtual"] = json!(1);
    };
    assert_eq!(booked(Trigger::Shipped, rest_is_cancelled), Ok(()), "and the other one is a service");
}

#[test]
fn a_bundle_is_shipped_as_itself_or_part_by_part() {
    let bundle = |parent: u32, part: u32| {
        booked(Trigger::Shipped, |order| {
            order["items"][0]["product_type"] = json!("bundle");
            order["items"][0]["qty_shipped"] = json!(parent);
            order["items"][1]["qty_shipped"] = json!(1);
            let part = json!({ "item_id": 9, "parent_item_id": 1, "product_type": "simple", "sku": "P",
                "qty_ordered": 4, "qty_shipped": part, "price": 0 });
            order["items"].as_array_mut().unwrap().push(part);
        })
    };
    assert_eq!(bundle(2, 0), Ok(()));
    assert_eq!(bundle(0, 4), Ok(()));
    assert_eq!(bundle(0, 3), Err(Code::TriggerWaits));
}

#[test]
fn what_cannot_be_shipped_is_due_when_it_is_paid() {
    let virtual_order = |paid: u32| {
        booked(Trigger::Shipped, |order| {
            for index in 0..2 {
                order["items"][index]["is_virtual"] = json!(1);
            }
            order["total_paid"] = json!(paid);
        })
    };
    assert_eq!(virtual_order(0), Err(Code::TriggerWaits));
    assert_eq!(virtual_order(415), Ok(()));
}

#[test]
fn an_order_of_which_money_went_back_is_due() {
    for trigger in [Trigger::Paid, Trigger::Shipped] {
        assert_eq!(booked(trigger, |order| order["total_refunded"] = json!(10)), Ok(()));
        for state in ["complete", "closed"] {
            assert_eq!(booked(trigger, |order| order["state"] = json!(state)), Ok(()), "{state}");
        }
    }
}

/// More was kept back than refunded: no money went back, and nothing was shipped by that.
#[test]
fn a_refund_below_zero_makes_no_order_due() {
    for trigger in [Trigger::Paid, Trigger::Shipped] {
        assert_eq!(booked(trigger, |order| order["total_refunded"] = json!(-10)), Err(Code::TriggerWaits));
    }
}

#[test]
fn where_invoices_are_booked_orders_are_not() {
    assert_eq!(booked(Trigger::Invoiced, |_| ()), Err(Code::BookedByInvoices));
    let scope = Scope { trigger: Trigger::Invoiced, ..Scope::default() };
    let (order, invoice) = (decode(&small_order()), decode_invoice(&small_invoice()));
    let Decision::Book(booked) = mapping::invoice(&invoice, &order, &default_mapping(), &scope).unwrap() else {
        panic!("the invoice is not booked");
    };
    let Invoiced::Booking(booking) = *booked else { panic!("no booking") };
    assert_eq!((booking.invoice.key.as_str(), booking.invoice.reference.as_str()), ("invoice-877", "WEB-I000000012"));
    assert_eq!(booking.invoice.invoice.document_date, "2026-02-01");
}

#[test]
fn elsewhere_an_invoice_is_noted_on_its_order_when_that_is_wished() {
    let (order, invoice) = (decode(&small_order()), decode_invoice(&small_invoice()));
    let decide = |order: &commerce::order::Order, references: bool| {
        let scope = Scope { references, ..Scope::default() };
        mapping::invoice(&invoice, order, &default_mapping(), &scope).unwrap()
    };
    let reference = Some("000000012".to_owned());
    let noted = Invoiced::OfOrder { invoice_key: "1042".to_owned(), reference, payment: None };
    let noted = Decision::Book(Box::new(noted));
    assert_eq!(decide(&order, true), noted);
    assert!(matches!(decide(&order, false), Decision::Skip { reason } if reason.code == Code::NotNoted));
    let mut held = small_order();
    held["state"] = json!("holded");
    assert_eq!(decide(&decode(&held), true), noted, "its order is not booked yet, and the writer waits for that");
    held["state"] = json!("canceled");
    assert!(matches!(decide(&decode(&held), true), Decision::Skip { .. }), "its order is never booked");
}

#[test]
fn settings_spell_triggers_like_this() {
    for (text, trigger) in [("placed", Trigger::Placed), ("paid", Trigger::Paid), ("invoiced", Trigger::Invoiced)] {
        let scope: Scope = serde_json::from_value(json!({ "trigger": text, "references": true })).unwrap();
        assert_eq!((scope.trigger, scope.references), (trigger, true));
    }
    assert!(serde_json::from_value::<Scope>(json!({ "trigger": "delivered" })).is_err());
}
