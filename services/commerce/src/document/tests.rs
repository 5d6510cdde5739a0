use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::DocumentState;
use crate::creditmemo::CreditMemo;
use crate::fixtures::{self, INVOICES, MEMOS};
use crate::invoice::Invoice;

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal of the test")
}

fn invoice(text: &str) -> Invoice {
    Invoice::decode(text.as_bytes()).expect("an invoice")
}

fn memo(text: &str) -> CreditMemo {
    CreditMemo::decode(text.as_bytes()).expect("a credit memo")
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn the_header_identity_is_exact() {
    for (name, text) in INVOICES {
        let invoice = invoice(text);
        assert_eq!(invoice.totals().residual(), Decimal::ZERO, "{name}");
        assert_eq!(invoice.state, Some(DocumentState::Settled), "{name}");
        assert_eq!(Invoice::from_value(&parse(text)).expect("an invoice"), invoice, "{name}");
    }
    for (name, text) in MEMOS {
        let memo = memo(text);
        assert_eq!(memo.totals().residual(), Decimal::ZERO, "{name}");
        assert_eq!(CreditMemo::from_value(&parse(text)).expect("a credit memo"), memo, "{name}");
    }
}

#[test]
fn rows_are_before_discount_and_only_on_lines_that_carry_money() {
    for (name, text) in INVOICES {
        let invoice = invoice(text);
        let rows: Decimal = invoice.items.iter().filter_map(|line| line.row_total).sum();
        assert!((rows - invoice.subtotal).abs() <= decimal("0.0001"), "{name}: {rows}, {}", invoice.subtotal);
    }
    assert!(invoice(fixtures::INVOICE_BUNDLE).items.iter().any(|line| line.row_total.is_none()));
    for (name, text) in MEMOS {
        let memo = memo(text);
        assert_eq!(memo.items.iter().filter_map(|line| line.row_total).sum::<Decimal>(), memo.subtotal, "{name}");
    }
    assert!(memo(fixtures::MEMO_ADJUSTMENT_ONLY).items.is_empty());
}

#[test]
fn the_shipping_is_on_the_first_invoice_with_its_discount() {
    let second = invoice(fixtures::INVOICE_SECOND).totals();
    assert_eq!((second.shipping_net(), second.shipping_tax_amount), (Decimal::ZERO, Decimal::ZERO));
    assert_eq!(invoice(fixtures::INVOICE_FIRST).totals().shipping_net(), decimal("79.2"));
    let discounted = invoice(fixtures::INVOICE_SHIPPING_DISCOUNT).totals();
    assert!(discounted.shipping_discount_amount > Decimal::ZERO);
    assert!(discounted.shipping_discount_tax_compensation_amount > Decimal::ZERO);
}

#[test]
fn what_commerce_computed_wrongly_is_read_as_it_stands() {
    let memo = memo(fixtures::MEMO_ADJUSTMENT_ONLY);
    assert_eq!((memo.adjustment_positive, memo.grand_total), (decimal("12.01"), decimal("13.84")));
    assert_eq!(memo.totals().shipping_net(), decimal("1.83"), "a discount that is added");
}

#[test]
fn comments_are_read() {
    let mut memo = parse(fixtures::MEMO_UNROUNDED);
    memo["comments"] =
        json!([{ "comment": "Kari rang", "created_at": "2026-11-22 12:00:00", "is_visible_on_front": 1 }]);
    let comments = CreditMemo::from_value(&memo).expect("a credit memo").comments;
    assert_eq!(comments[0].comment, "Kari rang");
}

#[test]
fn modules_and_states_are_read() {
    let memo = CreditMemo::from_value(&json!({
        "entity_id": "9", "increment_id": "000000009", "order_id": "1042", "invoice_id": 877, "state": "1",
        "order_currency_code": "NOK", "grand_total": 10, "base_grand_total": 10,
        "extension_attributes": { "gift_cards_amount": 5, "customer_balance_amount": 2, "gw_items_price": "10.0000",
            "gw_items_tax_amount": "2.5000" },
        "items": [{ "order_item_id": 1, "weee_tax_applied": "[{\"row_amount\":1,\"row_amount_incl_tax\":1.25}]" }],
    }))
    .expect("a credit memo");
    assert_eq!((memo.entity_id, memo.order_id, memo.invoice_id), (9, 1042, Some(877)));
    assert_eq!(memo.state, Some(DocumentState::Open));
    let totals = memo.totals();
    assert_eq!((totals.gift_cards, totals.store_credit), (decimal("5"), decimal("2")));
    assert_eq!((totals.gift_wrap, totals.gift_wrap_tax), (decimal("10"), decimal("2.5")));
    assert_eq!(memo.items[0].fixed_product_taxes().expect("taxes")[0].tax(), decimal("0.25"));
}

#[test]
fn errors_name_the_place() {
    for (field, value, path) in [
        ("order_id", Value::Null, "order_id"),
        ("grand_total", Value::Null, "grand_total"),
        ("state", json!("paid"), "state"),
        ("items", json!([{ "qty": "x" }]), "items[0].qty"),
    ] {
        let mut record = parse(fixtures::INVOICE_FIRST);
        record[field] = value.clone();
        assert_eq!(Invoice::from_value(&record).expect_err("no invoice").path, path);
        let mut record = parse(fixtures::MEMO_UNROUNDED);
        record[field] = value;
        assert_eq!(CreditMemo::from_value(&record).expect_err("no credit memo").path, path);
    }
}
