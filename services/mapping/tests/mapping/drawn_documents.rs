//! Promises about every invoice and every credit memo that Commerce can make of an order.
//!
//! The documents are summed up from the rows of a drawn order on the way forward, as the measured identities say.

use commerce::order::Order;
use problem::Code;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::shop::{Basket, Fpt, basket, number};
use crate::support::{book_invoice, credit, decode, default_mapping, draws};
use crate::visma_total::{self, VatRounding, hundredths};

/// Parts of a refund besides rows.
#[derive(Debug, Clone, Copy)]
struct Extras {
    shipping: bool,
    positive: Decimal,
    negative: Decimal,
    /// Amount that Commerce counts wrongly of the discount on shipping that is not refunded.
    miscalculated: Decimal,
}

prop_compose! {
    fn extras()(
        shipping in any::<bool>(),
        positive in prop_oneof![Just(0i64), 1i64..10_000],
        negative in prop_oneof![Just(0i64), 1i64..10_000],
        miscalculated in prop_oneof![Just(0i64), -5_000i64..50_000],
    ) -> Extras {
        Extras {
            shipping,
            positive: Decimal::new(positive, 2),
            negative: Decimal::new(negative, 2),
            // Such refunds are not rounded.
            miscalculated: if shipping { Decimal::ZERO } else { Decimal::new(miscalculated, 4) },
        }
    }
}

/// Header amounts of an invoice or a credit memo, and its lines.
#[derive(Debug, Default)]
struct Sums {
    subtotal: Decimal,
    discount: Decimal,
    tax: Decimal,
    compensation: Decimal,
    fpt: Decimal,
    items: Vec<Value>,
}

/// The rows that `wanted` names, as lines; credit memos show the fixed product tax of theirs.
fn rows(basket: &Basket, order: &Order, wanted: impl Fn(usize) -> bool, with_fpt: bool) -> Sums {
    let mut sums = Sums::default();
    for (index, gross) in basket.grosses().into_iter().enumerate().filter(|(index, _)| wanted(*index)) {
        let id = 10 * (index as u64 + 1);
        let item = order.items.iter().find(|item| item.item_id == id).unwrap();
        sums.subtotal += gross;
        sums.discount += item.discount_amount;
        sums.tax += item.tax_amount;
        sums.compensation += item.discount_tax_compensation_amount;
        sums.fpt += item.weee_tax_applied_row_amount;
        let mut line = json!({
            "order_item_id": id, "sku": item.sku, "name": item.name, "qty": number(item.qty_ordered),
            "price": number(item.price), "row_total": number(gross), "discount_amount": number(item.discount_amount),
            "tax_amount": number(item.tax_amount),
            "discount_tax_compensation_amount": number(item.discount_tax_compensation_amount),
        });
        if with_fpt {
            line["weee_tax_applied_row_amount"] = number(item.weee_tax_applied_row_amount);
            line["weee_tax_applied"] = json!(item.weee_tax_applied);
        }
        sums.items.push(line);
        // Whatever belongs to it carries no money, and shows no row.
        let parts = order.items.iter().filter(|other| other.item_id == id + 1);
        sums.items.extend(parts.map(|part| json!({ "order_item_id": part.item_id, "qty": 1, "price": 1 })));
    }
    sums
}

fn document(order: &Order, sums: &Sums, total: Decimal) -> Value {
    json!({
        "entity_id": 5, "increment_id": "000000005", "order_id": order.entity_id, "store_id": 1, "state": 2,
        "created_at": "2026-04-01 10:00:00", "order_currency_code": order.order_currency_code,
        "base_currency_code": "NOK", "base_to_order_rate": 1, "grand_total": number(total), "base_grand_total": 0,
        "subtotal": number(sums.subtotal), "tax_amount": number(sums.tax), "items": sums.items,
    })
}

/// The invoice of a whole order.
fn invoice(basket: &Basket, order: &Order) -> Value {
    let mut sums = rows(basket, order, |_| true, false);
    sums.tax += order.shipping_tax_amount;
    if basket.fpt == Fpt::Inside {
        sums.subtotal += sums.fpt;
    }
    let mut invoice = document(order, &sums, order.grand_total);
    for (key, amount) in [
        ("discount_amount", order.discount_amount),
        ("shipping_amount", order.shipping_amount),
        ("shipping_tax_amount", order.shipping_tax_amount),
        ("discount_tax_compensation_amount", sums.compensation),
        ("shipping_discount_tax_compensation_amount", order.shipping_discount_tax_compensation_amount),
    ] {
        invoice[key] = number(amount);
    }
    let extension = &order.extension_attributes;
    invoice["extension_attributes"] = json!({ "gift_cards_amount": number(extension.gift_cards_amount),
        "customer_balance_amount": number(extension.customer_balance_amount) });
    invoice
}

/// A credit memo of some rows of an order.
fn memo(basket: &Basket, order: &Order, wanted: &[bool], extras: Extras) -> Value {
    let mut sums = rows(basket, order, |index| wanted.get(index).copied().unwrap_or_default(), true);
    if basket.fpt == Fpt::Inside {
        sums.subtotal += sums.fpt;
    }
    let shipping = |amount: Decimal| if extras.shipping { amount } else { Decimal::ZERO };
    let shipping_tax = shipping(order.shipping_tax_amount);
    sums.tax += shipping_tax;
    let discount = -sums.discount - shipping(order.shipping_discount_amount) + extras.miscalculated;
    let compensation = sums.compensation + shipping(order.shipping_discount_tax_compensation_amount);
    let outside = if basket.fpt == Fpt::Outside { sums.fpt } else { Decimal::ZERO };
    let total = sums.subtotal
        + discount
        + shipping(order.shipping_amount)
        + sums.tax
        + compensation
        + outside
        + extras.positive
        - extras.negative;
    let mut memo = document(order, &sums, total);
    for (key, amount) in [
        ("discount_amount", discount),
        ("shipping_amount", shipping(order.shipping_amount)),
        ("shipping_tax_amount", shipping_tax),
        ("discount_tax_compensation_amount", compensation),
        ("adjustment_positive", extras.positive),
        ("adjustment_negative", extras.negative),
    ] {
        memo[key] = number(amount);
    }
    memo
}

proptest! {
    #![proptest_config(draws(300))]

    #[test]
    fn an_invoice_of_all_is_booked_as_its_order(basket in basket()) {
        let order = basket.order();
        let invoice = invoice(&basket, &decode(&order));
        let booking = book_invoice(&invoice, &order, &default_mapping())
            .unwrap_or_else(|refusal| panic!("{refusal}\n{invoice}\n{order}"));
        let total = hundredths(&order["grand_total"].to_string());
        prop_assert_eq!(visma_total::of(&booking.invoice.invoice, VatRounding::PerLine), total);
        let vat: Decimal = booking.invoice.predicted.vat.iter().map(|amount| amount.vat).sum();
        prop_assert_eq!(hundredths(&vat.to_string()), hundredths(&order["tax_amount"].to_string()));
    }

    #[test]
    fn a_credit_memo_of_anything_is_booked_to_what_was_refunded(
        basket in basket(), wanted in prop::collection::vec(any::<bool>(), 8), extras in extras(),
    ) {
        let order = basket.order();
        let memo = memo(&basket, &decode(&order), &wanted, extras);
        let total = memo["grand_total"].to_string();
        match credit(&memo, &order, &default_mapping()) {
            Ok(refund) => {
                let note = &refund.credit_note;
                prop_assert_eq!(visma_total::of(&note.invoice, VatRounding::PerLine), hundredths(&total));
                prop_assert_eq!(hundredths(&note.predicted.total.to_string()), hundredths(&total));
                let vat: Decimal = note.predicted.vat.iter().map(|amount| amount.vat).sum();
                prop_assert_eq!(hundredths(&vat.to_string()), hundredths(&memo["tax_amount"].to_string()));
            }
            Err(refusal) => {
                prop_assert!(total.starts_with('-'), "{}\n{}", refusal, memo);
                prop_assert_eq!(refusal.code, Code::NegativeTotal);
            }
        }
    }
}
