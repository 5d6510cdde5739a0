//! An order, its invoices and its credit memos as REST shows them.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Line, Money, RATES, Sale};
use crate::shop::number;

impl Sale {
    /// The order as REST shows it.
    pub(in super::super) fn json(&self) -> Value {
        let sum = |of: fn(&Line) -> Decimal| self.lines.iter().map(of).sum::<Decimal>();
        let optional = |amount: Option<Decimal>| amount.map_or(Value::Null, number);
        let shown = |on: bool, amount: Decimal| if on { number(amount) } else { Value::Null };
        let (billed, cancelled) = (self.invoiced.is_some(), self.canceled.is_some());
        let shipping_canceled = if billed { Decimal::ZERO } else { self.shipping.0 };
        let refunded: Decimal = self.tax_refunded.iter().map(|(_, tax)| *tax).sum();
        let applied = |kind: &str, id: Option<usize>, rate: i64, tax: Decimal| {
            json!({ "type": kind, "item_id": id,
                "applied_taxes": [{ "code": format!("NO-MVA-{rate}"), "percent": rate, "amount": number(tax) }] })
        };
        let taxed = self.lines.iter().enumerate().filter(|(_, line)| line.rate != 0);
        let mut taxes: Vec<Value> =
            taxed.map(|(at, line)| applied("product", Some(at + 1), line.rate, line.whole.tax)).collect();
        taxes.push(applied("shipping", None, RATES[0], self.shipping.1));
        let of_all = |tax: Decimal| (!tax.is_zero()).then_some(tax);
        let mut extension = self.extras_json();
        let wraps: Decimal = self.lines.iter().map(|line| line.wrap.1 * Decimal::from(line.ordered)).sum();
        taxes.extend(of_all(self.extras.wrap.1).map(|tax| applied("quote_gw", None, RATES[0], tax)));
        taxes.extend(of_all(wraps).map(|tax| applied("item_gw", None, RATES[0], tax)));
        taxes.extend(of_all(self.extras.fee.1).map(|tax| applied("mollie_payment_fee", None, RATES[0], tax)));
        extension["item_applied_taxes"] = json!(taxes);
        json!({
            "entity_id": 7, "increment_id": "000000007", "store_id": 1, "state": self.state, "status": self.state,
            "created_at": "2026-03-01 08:00:00", "updated_at": "2026-03-02 08:00:00", "customer_is_guest": 1,
            "customer_group_id": 0, "customer_email": "kari@example.no", "order_currency_code": "NOK",
            "base_currency_code": "NOK", "base_to_order_rate": 1, "grand_total": number(self.total),
            "base_grand_total": number(self.total), "subtotal": number(sum(|line| line.whole.row)),
            "discount_amount": number(-sum(|line| line.whole.discount)), "tax_amount": number(self.tax()),
            "shipping_amount": number(self.shipping.0), "shipping_tax_amount": number(self.shipping.1),
            "total_paid": shown(!self.paid.is_zero(), self.paid), "total_invoiced": optional(self.invoiced),
            "total_refunded": optional(self.refunded), "total_canceled": optional(self.canceled),
            "tax_invoiced": shown(billed, self.tax_invoiced()),
            "tax_refunded": shown(self.refunded.is_some(), refunded),
            "tax_canceled": shown(cancelled, self.tax_canceled),
            "shipping_canceled": shown(cancelled && !self.can_act(), shipping_canceled),
            "billing_address": { "firstname": "Kari", "lastname": "Nordmann", "street": ["Storgata 1"],
                "postcode": "0155", "city": "Oslo", "country_id": "NO" },
            "payment": { "method": "checkmo" },
            "items": self.lines.iter().enumerate().map(|(at, line)| line.json(at)).collect::<Vec<_>>(),
            "extension_attributes": extension,
        })
    }
}

impl Line {
    fn json(&self, at: usize) -> Value {
        let item = json!({
            "item_id": at + 1, "product_type": "simple", "sku": format!("SKU-{at}"), "name": "Product",
            "qty_ordered": self.ordered, "qty_invoiced": self.invoiced, "qty_refunded": self.refunded,
            "qty_canceled": self.canceled, "qty_shipped": self.shipped, "price": number(self.price),
            "row_total": number(self.whole.net().max(Decimal::ZERO)), "discount_amount": number(self.whole.discount),
            "tax_percent": self.rate, "tax_amount": number(self.whole.tax), "row_invoiced": number(self.billed.row),
            "discount_invoiced": number(self.billed.discount), "tax_invoiced": number(self.billed.tax),
        });
        of_memo(item, self, self.ordered)
    }
}

pub(super) fn item(at: usize, line: &Line, part: u32, money: Money) -> Value {
    json!({ "order_item_id": at + 1, "sku": format!("SKU-{at}"), "name": "Product", "qty": part,
        "price": number(line.price), "row_total": number(money.row), "discount_amount": number(money.discount),
        "tax_amount": number(money.tax) })
}

pub(super) fn paper(id: usize, sum: Money, tax: Decimal, total: Decimal, items: Vec<Value>) -> Value {
    json!({ "entity_id": id, "increment_id": format!("{id:09}"), "order_id": 7, "store_id": 1,
        "created_at": "2026-03-02 08:00:00", "updated_at": "2026-03-02 08:00:00", "order_currency_code": "NOK",
        "base_currency_code": "NOK", "base_to_order_rate": 1, "subtotal": number(sum.row),
        "discount_amount": number(-sum.discount), "tax_amount": number(sum.tax + tax),
        "grand_total": number(total), "base_grand_total": number(total), "items": items })
}

/// A line with the fixed product tax of so many pieces: those of orders and credit memos show it.
pub(super) fn of_memo(mut json: Value, line: &Line, pieces: u32) -> Value {
    let (net, tax) = (line.fpt.0 * Decimal::from(pieces), line.fpt.1 * Decimal::from(pieces));
    if !net.is_zero() {
        let entry =
            json!([{ "title": "EE-avgift", "row_amount": number(net), "row_amount_incl_tax": number(net + tax) }]);
        json["weee_tax_applied"] = json!(entry.to_string());
        json["weee_tax_applied_row_amount"] = number(net);
    }
    json
}
