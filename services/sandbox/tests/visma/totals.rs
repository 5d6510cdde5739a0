//! The server computes the totals, by a rule that can be set either way.

use serde_json::{Value, json};

use crate::support::{Client, invoice, line, n, start, v, with, with_line};

async fn totals(visma: &Client, body: &Value) -> (Value, Value) {
    let number = visma.post("/v2/customerinvoice", body).await.number();
    let read = visma.get(&format!("/v1/customerinvoice/{number}")).await.json();
    (read["vatTotalInCurrency"].clone(), read["amountInCurrency"].clone())
}

#[tokio::test]
async fn vat_is_rounded_per_code_or_per_line() {
    let visma = start(json!({})).await;
    // Three lines of 0.10 at 25 %: 0.025 each, half away from zero.
    let lines: Vec<Value> = (0..3).map(|_| line("1", "0.10")).collect();
    let body = with(invoice(&visma.customer().await, "WEB-1"), "invoiceLines", json!(lines));
    assert_eq!(totals(&visma, &body).await, (n("0.0800"), n("0.3800")));
    visma.sandbox.company.patch_config(json!({ "vat_rounding": "per_line" })).unwrap();
    assert_eq!(totals(&visma, &body).await, (n("0.0900"), n("0.3900")));
    let vat = visma.get("/v1/vat/3").await.json();
    assert_eq!(vat["calculateOn"], "ItemAmount");
}

#[tokio::test]
async fn line_amounts_have_two_decimals_and_round_half_away_from_zero() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    let untaxed = |quantity: &str, price: &str| {
        with_line(
            with(invoice(&customer, "WEB-1"), "invoiceLines", json!([line(quantity, price)])),
            "vatCodeId",
            v("6"),
        )
    };
    assert_eq!(totals(&visma, &untaxed("3", "333.335")).await, (n("0.0000"), n("1000.0100")));
    assert_eq!(totals(&visma, &untaxed("0.5", "0.01")).await.1, n("0.0100"));
    let manual = with_line(untaxed("3", "1"), "manualAmountInCurrency", v(n("99.995")));
    assert_eq!(totals(&visma, &manual).await.1, n("100.0000"));
    let discount = with_line(untaxed("1", "100"), "discountPercent", v(n("33.33")));
    assert_eq!(totals(&visma, &discount).await.1, n("66.6700"));
    let amount = with_line(untaxed("1", "100"), "discountAmountInCurrency", v(n("12.34")));
    assert_eq!(totals(&visma, &amount).await.1, n("87.6600"));
}

#[tokio::test]
async fn pinned_vat_is_honoured_or_ignored() {
    let visma = start(json!({})).await;
    let pinned = json!([{ "taxId": v("3"), "taxableAmount": v(n("1280.00")), "vatAmount": v(n("319.99")) }]);
    let body = with(invoice(&visma.customer().await, "WEB-1"), "taxDetailLines", pinned);
    assert_eq!(totals(&visma, &body).await, (n("319.9900"), n("1599.9900")));
    visma.sandbox.company.patch_config(json!({ "tax_detail_lines": "ignored" })).unwrap();
    assert_eq!(totals(&visma, &body).await, (n("320.0000"), n("1600.0000")));
}

#[tokio::test]
async fn a_foreign_currency_has_both_amounts() {
    let visma = start(json!({})).await;
    let body = with(invoice(&visma.customer().await, "WEB-1"), "currencyId", v("EUR"));
    let body = with(body, "exchangeRate", v(n("11.5")));
    let number = visma.post("/v2/customerinvoice", &body).await.number();
    let read = visma.get(&format!("/v1/customerinvoice/{number}")).await.json();
    assert_eq!((&read["amountInCurrency"], &read["amount"]), (&n("1600.0000"), &n("18400.0000")));
    assert_eq!(read["exchangeRate"], n("11.50000000"));
}

#[tokio::test]
async fn a_document_can_be_rounded_as_a_whole() {
    let visma = start(json!({ "document_rounding": "1" })).await;
    let body = with(invoice(&visma.customer().await, "WEB-1"), "invoiceLines", json!([line("1", "99.90")]));
    // 99.90 and 24.98 VAT are 124.88.
    assert_eq!(totals(&visma, &body).await, (n("24.9800"), n("125.0000")));
}
