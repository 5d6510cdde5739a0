//! Invoices and credit memos that a real shop made, and what they become.

use std::fmt::Write as _;

use mapping::{Credits, Decision, Scope};
use problem::Code;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{
    PINS, Recorded, book_invoice, by_invoices, changed, credit, decode, decode_invoice, decode_memo, default_mapping,
    every_order, page, recorded_documents, small_invoice, small_memo, small_order,
};
use crate::visma_total::{self, VatRounding, hundredths};

#[test]
fn every_recorded_document_becomes_this() {
    let mapping = default_mapping();
    for Recorded { name, order, invoices, credit_memos } in recorded_documents() {
        let mut text = String::new();
        for invoice in &invoices {
            match book_invoice(invoice, &order, &mapping) {
                Ok(booking) => writeln!(text, "invoice {}", page(&booking.invoice)).unwrap(),
                Err(refusal) => writeln!(text, "invoice refused: {refusal}\n").unwrap(),
            }
        }
        for memo in &credit_memos {
            match credit(memo, &order, &mapping) {
                Ok(refund) => {
                    writeln!(text, "credit note {}credits {:?}\n", page(&refund.credit_note), refund.credits).unwrap();
                }
                Err(refusal) => writeln!(text, "credit memo refused: {refusal}\n").unwrap(),
            }
        }
        match mapping::cancelled_part(&decode(&order), None, &mapping) {
            Ok(Some(part)) => writeln!(text, "credit note {}", page(&part.credit_note)).unwrap(),
            Ok(None) => {}
            Err(refusal) => writeln!(text, "cancelled part refused: {refusal}\n").unwrap(),
        }
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn the_total_is_the_documents_whatever_the_company_rounds_on() {
    let settings = [("document", VatRounding::PerCode), ("line", VatRounding::PerLine)];
    for (pin, (vat_on, rounding)) in PINS.iter().flat_map(|pin| settings.map(|setting| (*pin, setting))) {
        let mapping = changed(&[
            ("pin_vat = true", &format!("pin_vat = {pin}")),
            ("vat_on = \"document\"", &format!("vat_on = \"{vat_on}\"")),
        ]);
        for Recorded { name, order, invoices, credit_memos } in recorded_documents() {
            let invoices = invoices.iter().map(|raw| (raw, book_invoice(raw, &order, &mapping).map(|one| one.invoice)));
            let memos = credit_memos.iter().map(|raw| (raw, credit(raw, &order, &mapping).map(|one| one.credit_note)));
            for (raw, command) in invoices.chain(memos) {
                match command {
                    Ok(command) => {
                        let total = visma_total::of(&command.invoice, rounding);
                        assert_eq!(total, hundredths(&raw["grand_total"].to_string()), "{name}");
                    }
                    Err(refusal) if refusal.code == Code::NegativeTotal => {
                        assert!(raw["grand_total"].to_string().starts_with('-'), "{name}: {refusal}");
                    }
                    // Tax before discount, or on a net amount below zero: net × rate is not what the shop charged.
                    Err(refusal) => {
                        assert!(pin != "true" && refusal.code == Code::VatDiffers, "{name}: {refusal}");
                        assert!(name.starts_with("in_befdisc") || name.starts_with("ex_discinc"), "{name}: {refusal}");
                    }
                }
            }
        }
    }
}

#[test]
fn invoices_of_an_order_add_up_to_it() {
    let mapping = default_mapping();
    for case in recorded_documents().into_iter().filter(|case| case.invoices.len() > 1) {
        let total = |raw: &Value| book_invoice(raw, &case.order, &mapping).unwrap().invoice.predicted.total;
        let sum: Decimal = case.invoices.iter().map(total).sum();
        let order = hundredths(&case.order["grand_total"].to_string());
        assert!((hundredths(&sum.to_string()) - order).abs() <= 1, "{}: {sum}", case.name);
    }
}

/// Account, VAT code and amount of each line of the small credit memo after a change; the total must be the memo's.
fn credited(change: impl Fn(&mut Value)) -> Vec<(String, String, String)> {
    let mut memo = small_memo();
    change(&mut memo);
    let refund = credit(&memo, &small_order(), &default_mapping()).unwrap_or_else(|refusal| panic!("{refusal}"));
    let note = &refund.credit_note.invoice;
    assert_eq!(visma_total::of(note, VatRounding::PerCode), hundredths(&memo["grand_total"].to_string()));
    let line =
        |line: &visma::invoice::InvoiceLine| (line.account.clone(), line.vat_code.clone(), line.amount.to_string());
    note.lines.iter().map(line).collect()
}

fn expected(account: &str, code: &str, amount: &str) -> (String, String, String) {
    (account.to_owned(), code.to_owned(), amount.to_owned())
}

#[test]
fn adjustments_have_lines_of_their_own_without_vat() {
    let lines = credited(|memo| {
        memo["adjustment_positive"] = json!(20);
        memo["adjustment_negative"] = json!(5);
        memo["grand_total"] = json!(430);
    });
    assert_eq!(lines[3..], [expected("3050", "6", "20.00"), expected("3900", "6", "-5.00")]);
    let alone = credited(|memo| {
        for key in ["subtotal", "shipping_amount", "shipping_tax_amount", "tax_amount"] {
            memo[key] = json!(0);
        }
        (memo["items"], memo["adjustment_positive"], memo["grand_total"]) = (json!([]), json!(12), json!(12));
    });
    assert_eq!(alone, [expected("3050", "6", "12.00")]);
}

#[test]
fn what_commerce_refunds_beyond_the_lines_is_no_revenue() {
    // Shipping is not refunded, and yet 6 of the discount on it is: as a discount of the wrong sign.
    let lines = credited(|memo| {
        (memo["shipping_amount"], memo["shipping_tax_amount"], memo["tax_amount"]) = (json!(0), json!(0), json!(65));
        (memo["discount_amount"], memo["grand_total"]) = (json!(6), json!(371));
    });
    assert_eq!(lines[2], expected("3050", "6", "6.00"));
}

#[test]
fn refunds_to_credit_are_liabilities() {
    for (key, account) in [("gift_cards_amount", "2910"), ("customer_balance_amount", "2915")] {
        let lines = credited(|memo| {
            memo["extension_attributes"] = json!({ key: 15 });
            memo["grand_total"] = json!(400);
        });
        assert_eq!(lines[3], expected(account, "6", "-15.00"), "{key}");
    }
}

#[test]
fn reward_points_and_fees_are_found_where_only_the_order_shows_them() {
    let mut order = small_order();
    order["extension_attributes"]["reward_currency_amount"] = json!(30);
    order["extension_attributes"]["custom_fees"] = json!([{ "custom_fee_code": "pant", "custom_fee_amount": 9 }]);
    order["grand_total"] = json!(394);
    let last = |total: u32, count: usize| -> Vec<(String, String)> {
        let mut invoice = small_invoice();
        invoice["grand_total"] = json!(total);
        let booking = book_invoice(&invoice, &order, &default_mapping()).unwrap();
        let lines = booking.invoice.invoice.lines;
        lines[lines.len() - count..].iter().map(|line| (line.account.clone(), line.amount.to_string())).collect()
    };
    let line = |account: &str, amount: &str| (account.to_owned(), amount.to_owned());
    assert_eq!(last(424, 1), [line("3900", "9.00")]);
    assert_eq!(last(405, 1), [line("2920", "-10.00")]);
    assert_eq!(last(394, 2), [line("3900", "9.00"), line("2920", "-30.00")]);
    let mut invoice = small_invoice();
    invoice["grand_total"] = json!(384);
    let refusal = book_invoice(&invoice, &order, &default_mapping()).unwrap_err();
    assert_eq!(refusal.code, Code::TotalDoesNotAddUp, "40 of points, but the order has 30");
}

#[test]
fn fixed_product_tax_of_an_invoice_is_the_orders_by_quantity() {
    let mut order = small_order();
    order["items"][0]["weee_tax_applied"] =
        json!("[{\"title\":\"EE-avgift\",\"row_amount\":\"10.0000\",\"row_amount_incl_tax\":12.5}]");
    order["items"][0]["weee_tax_applied_row_amount"] = json!(10);
    // One of the two pieces, with half of the fee.
    let mut invoice = small_invoice();
    invoice["items"] = json!([{ "order_item_id": 1, "qty": 1, "row_total": 100, "tax_amount": 25 }]);
    (invoice["subtotal"], invoice["tax_amount"]) = (json!(100), serde_json::from_str("36.25").unwrap());
    invoice["grand_total"] = serde_json::from_str("181.25").unwrap();
    let booking = book_invoice(&invoice, &order, &default_mapping()).unwrap();
    let fee = booking.invoice.invoice.lines.iter().find(|line| line.account == "3990").unwrap();
    assert_eq!((fee.vat_code.as_str(), fee.amount.to_string().as_str()), ("3", "5.00"));
    assert_eq!(booking.invoice.predicted.rounding, Decimal::ZERO);
}

#[test]
fn a_line_of_no_item_is_refused() {
    let mut memo = small_memo();
    memo["items"][0]["order_item_id"] = json!(99);
    let refusal = credit(&memo, &small_order(), &default_mapping()).unwrap_err();
    assert_eq!(refusal.code, Code::LineNotOnOrder);
    for word in ["Credit memo 000000009", "line for A", "order 000001042"] {
        assert!(refusal.sentence.contains(word), "{refusal}");
    }
}

#[test]
fn what_is_broken_in_a_document_is_refused() {
    let broken = |change: fn(&mut Value)| {
        let mut memo = small_memo();
        change(&mut memo);
        credit(&memo, &small_order(), &default_mapping()).unwrap_err().code
    };
    let largest: Value = serde_json::from_str("999999999999999999").unwrap();
    for key in ["grand_total", "adjustment_positive", "discount_amount"] {
        let mut memo = small_memo();
        memo[key] = largest.clone();
        let refusal = credit(&memo, &small_order(), &default_mapping()).unwrap_err();
        assert_eq!(refusal.code, Code::AmountOutOfRange, "{key}");
    }
    assert_eq!(broken(|memo| memo["grand_total"] = json!(-1)), Code::NegativeTotal);
    assert_eq!(broken(|memo| memo["grand_total"] = json!(420)), Code::TotalDoesNotAddUp);
    assert_eq!(broken(|memo| memo["items"][0]["row_total"] = json!(190)), Code::LinesDoNotAddUp);
    assert_eq!(broken(|memo| memo["items"][0]["tax_amount"] = json!(45)), Code::TaxDoesNotAddUp);
    assert_eq!(broken(|memo| memo["increment_id"] = json!(" ")), Code::NoNumber);
    assert_eq!(broken(|memo| memo["created_at"] = json!("soon")), Code::NoDate);
}

#[test]
fn states_of_documents_count() {
    let mapping = default_mapping();
    let order = decode(&small_order());
    let judged = |state: Value| {
        let (mut invoice, mut memo) = (small_invoice(), small_memo());
        (invoice["state"], memo["state"]) = (state.clone(), state);
        let reading = |code: Result<Option<Code>, Code>| code;
        (
            reading(why(mapping::invoice(&decode_invoice(&invoice), &order, &mapping, &by_invoices()))),
            reading(why(mapping::credit_memo(&decode_memo(&memo), &order, &mapping, &every_order()))),
        )
    };
    assert_eq!(judged(json!(1)), (Ok(None), Ok(Some(Code::StateWaits))), "open");
    assert_eq!(judged(json!(2)), (Ok(None), Ok(None)), "paid, refunded");
    assert_eq!(judged(json!(3)), (Ok(Some(Code::StateSkipped)), Ok(Some(Code::StateSkipped))), "cancelled");
    assert_eq!(judged(json!(9)), (Err(Code::UnknownState), Err(Code::UnknownState)));
    assert_eq!(judged(Value::Null), (Ok(None), Ok(None)));
}

/// Why something is not booked, or refused; `Ok(None)` when it is booked.
fn why<T>(decision: Result<Decision<T>, mapping::Refusal>) -> Result<Option<Code>, Code> {
    match decision {
        Ok(Decision::Book(_)) => Ok(None),
        Ok(Decision::Wait { reason } | Decision::Skip { reason }) => Ok(Some(reason.code)),
        Err(refusal) => Err(refusal.code),
    }
}

#[test]
fn a_refund_after_go_live_of_an_order_before_it_credits_nothing_of_ours() {
    let (order, memo) = (decode(&small_order()), decode_memo(&small_memo()));
    let credits = |go_live: Option<&str>, trigger: mapping::Trigger, invoice_id: Option<u64>| {
        let go_live = go_live.map(|date| date.parse().unwrap());
        let memo = commerce::creditmemo::CreditMemo { invoice_id, ..memo.clone() };
        let scope = Scope { go_live, trigger, ..every_order() };
        match mapping::credit_memo(&memo, &order, &default_mapping(), &scope).unwrap() {
            Decision::Book(refund) => Some(refund.credits),
            _ => None,
        }
    };
    let (placed, invoiced) = (mapping::Trigger::Placed, mapping::Trigger::Invoiced);
    let own = Credits::Invoice("1042".to_owned());
    // The order is of January 31st, the credit memo of February 3rd.
    assert_eq!(credits(None, placed, None), Some(own.clone()));
    assert_eq!(credits(Some("2026-01-31T00:00:00"), placed, None), Some(own));
    assert_eq!(credits(Some("2026-02-01T00:00:00"), placed, None), Some(Credits::Nothing));
    assert_eq!(credits(Some("2026-02-04T00:00:00"), placed, None), None);
    assert_eq!(credits(None, invoiced, Some(877)), Some(Credits::Invoice("invoice-877".to_owned())));
    assert_eq!(credits(None, invoiced, None), Some(Credits::InvoicesOfOrder { wait: true }));
    let before = credits(Some("2026-02-01T00:00:00"), invoiced, Some(877));
    assert_eq!(before, Some(Credits::InvoicesOfOrder { wait: false }), "the invoice may be older than go-live");
}
