//! Recorded orders that an extension cancels bit by bit, and then the shop as a whole: the credit notes leave nothing
//! of the invoice, on no account and on no VAT code.

use std::collections::BTreeMap;

use mapping::{Before, InvoiceCommand};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use crate::shop::number;
use crate::support::{book, changed, decode, recorded};

/// How an extension keeps what it cancelled: as the shop's own code works it out, or each row rounded.
#[derive(Debug, Clone, Copy)]
enum Header {
    Unrounded,
    Rounded,
}

fn decimal(value: &Value) -> Decimal {
    value.as_number().map(|number| number.to_string().parse().unwrap()).unwrap_or_default()
}

/// The order with so many of each of its items cancelled, and not the whole of it; `None` when none can be told apart.
fn cancelled(order: &Value, of_each: u32, header: Header) -> Option<Value> {
    let mut order = order.clone();
    let (mut total, mut tax, mut all) = (Decimal::ZERO, Decimal::ZERO, true);
    for item in order["items"].as_array_mut().unwrap() {
        let (ordered, net) = (decimal(&item["qty_ordered"]), decimal(&item["row_total"]));
        // Parts of bundles and the like share their money; rows that are cut off at zero do not show theirs.
        let alone = item["product_type"] == "simple" && item["parent_item_id"].is_null() && net > Decimal::ZERO;
        let part = Decimal::from(of_each).min(ordered);
        if !alone || part.is_zero() {
            all = false;
            continue;
        }
        all &= part == ordered;
        item["qty_canceled"] = number(part);
        let share = |amount: Decimal| {
            let share = amount * part / ordered;
            let places = if matches!(header, Header::Rounded) { 2 } else { 4 };
            share.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
        };
        let of_row = share(decimal(&item["tax_amount"]));
        tax += of_row;
        total += share(net + decimal(&item["discount_tax_compensation_amount"])) + of_row;
    }
    (order["total_canceled"], order["tax_canceled"]) = (number(total), number(tax));
    (!all && total > Decimal::ZERO).then_some(order)
}

/// Sums up what a document puts on each account and each VAT code, and its total.
fn sums(command: &InvoiceCommand) -> BTreeMap<String, Decimal> {
    let mut sums = BTreeMap::from([("total".to_owned(), command.predicted.total)]);
    for line in &command.invoice.lines {
        *sums.entry(format!("account {}", line.account)).or_default() += line.amount;
        *sums.entry(format!("base {}", line.vat_code)).or_default() += line.amount;
    }
    for vat in &command.predicted.vat {
        *sums.entry(format!("VAT {}", vat.code)).or_default() += vat.vat;
    }
    sums
}

#[test]
fn what_is_cancelled_bit_by_bit_leaves_nothing_of_the_invoice() {
    let (mut several, mut rounded) = (0, 0);
    for discount in ["net", "line"] {
        let mapping = changed(&[("discount = \"net\"", &format!("discount = \"{discount}\""))]);
        for ((name, text), header) in recorded()
            .into_iter()
            .flat_map(|one| [Header::Unrounded, Header::Rounded].map(|header| (one.clone(), header)))
        {
            let mut order: Value = serde_json::from_str(&text).unwrap();
            for untouched in ["total_paid", "total_invoiced", "total_refunded", "tax_invoiced", "tax_refunded"] {
                order[untouched] = Value::Null;
            }
            order["state"] = json!("new");
            for item in order["items"].as_array_mut().unwrap() {
                for none in ["qty_canceled", "qty_invoiced", "qty_refunded"] {
                    item[none] = json!(0);
                }
            }
            let Ok(booking) = book(&order, &mapping) else { continue };
            let invoice = booking.invoice;
            if invoice.predicted.total.is_zero() {
                continue;
            }
            let mut versions: Vec<Value> =
                [1, 2, 4].into_iter().filter_map(|each| cancelled(&order, each, header)).collect();
            versions.dedup_by_key(|version| version["total_canceled"].to_string());
            several += usize::from(versions.len() > 1);
            order["state"] = json!("canceled");
            versions.push(order);
            let mut left = sums(&invoice);
            let (mut before, mut notes) = (None, 0);
            for version in versions.iter().map(decode) {
                let earlier = before.as_ref().map(|order| Before { order, notes });
                let part = mapping::cancelled_part(&version, earlier, &mapping);
                let note = part.unwrap_or_else(|refusal| panic!("{name} {header:?}: {refusal}"));
                if let Some(note) = note.map(|note| note.credit_note) {
                    rounded += usize::from(!note.predicted.rounding.is_zero());
                    for (place, amount) in sums(&note) {
                        *left.entry(place).or_default() -= amount;
                    }
                    (before, notes) = (Some(version), notes + 1);
                }
            }
            left.retain(|_, amount| !amount.is_zero());
            assert_eq!(left, BTreeMap::new(), "{name} {header:?} by {notes} notes, discount {discount}");
        }
    }
    assert!(several > 10, "only {several} are taken back by more than two notes");
    assert!(rounded < several, "{rounded} notes have a rounding line");
}
