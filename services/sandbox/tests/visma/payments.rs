//! Customer payments and refunds: they settle what is released, once they are released themselves.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, line, n, start, v, with};

fn payment(customer: &str, document: &str, amount: &str) -> Value {
    json!({
        "type": v("Payment"), "customer": v(customer), "applicationDate": v("2026-11-22"), "paymentRef": v("WEB-1"),
        "paymentMethod": v("20"), "cashAccount": v("1570"), "currency": v("NOK"), "paymentAmount": v(n(amount)),
        "paymentLines": [{ "operation": "Insert", "documentType": v("Invoice"), "refNbr": v(document),
            "amountPaid": v(n(amount)) }],
    })
}

/// A released invoice of 1600.00 on customer 10000: its number.
async fn released(visma: &Client) -> String {
    let number = visma.invoice("WEB-1").await;
    visma.release(&format!("/v1/customerinvoice/{number}")).await;
    number
}

#[tokio::test]
async fn a_payment_settles_an_invoice_when_it_is_released() {
    let visma = start(json!({ "release_ms": 20 })).await;
    let invoice = released(&visma).await;
    let created = visma.post("/v1/customerPayment", &payment("10000", &invoice, "1600.00")).await;
    assert_eq!(created.header("location"), "https://api.finance.visma.net/v1/customerPayment/400001");
    let path = "/v1/customerPayment/400001";
    let read = visma.get(path).await.json();
    assert_eq!((&read["type"], &read["status"]), (&json!("Payment"), &json!("Balanced")));
    assert_eq!((&read["paymentAmount"], &read["availableBalance"]), (&n("1600.0000"), &n("0.0000")));
    assert_eq!(read["paymentLines"][0]["refNbr"], json!(invoice));
    let of_invoice = format!("/v1/customerinvoice/{invoice}");
    assert_eq!(visma.get(&of_invoice).await.json()["status"], "Open");

    assert_eq!(visma.release(path).await, "Closed");
    let read = visma.get(&of_invoice).await.json();
    assert_eq!((&read["status"], &read["balance"]), (&json!("Closed"), &n("0.0000")));
    let sentence = visma.post(&format!("{path}/action/release"), &json!({})).await.refused();
    assert!(sentence.contains("Payment can't be released because it is already released."), "{sentence}");
    let sentence = visma.send(Method::PUT, path, &json!({ "invoiceText": v("x") })).await.refused();
    assert!(sentence.contains("Payment can't be updated because it is already released."), "{sentence}");
    let ledger = visma.control(Method::GET, "ledger", &json!(null)).await.json();
    assert_eq!(ledger["payments"][0]["applications"], json!([invoice]));
    assert_eq!((&ledger["payments"][0]["amount"], &ledger["audit"]["releases"]), (&json!("1600.00"), &json!(2)));
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let visma = start(json!({ "release_ms": 0 })).await;
    let draft = visma.invoice("WEB-0").await;
    let good = payment("10001", &released(&visma).await, "1600.00");
    let of_draft = payment("10000", &draft, "1600.00");
    assert!(visma.post("/v1/customerPayment", &of_draft).await.refused().contains("AdjdRefNbr '100001'"));
    for (name, value, part) in [
        ("customer", v("99999"), "Error creating payment. Error: CustomerID '99999' cannot be found"),
        ("cashAccount", v("3000"), "CashAccountID '3000'"),
        ("paymentMethod", v("99"), "PaymentMethodID '99'"),
        ("paymentRef", v(""), "'Payment Ref.' cannot be empty."),
        ("paymentAmount", v(n("1599.99")), "out of balance"),
        ("type", v("VoidPayment"), "cannot be entered"),
        ("type", v("Gift"), "Path 'type'"),
        ("type", v("Refund"), "AdjdDocType 'Invoice'"),
        ("applicationPeriod", v("2026"), "FinPeriodID '2026'"),
        ("currency", v("SEK"), "AdjdRefNbr '100002'"),
        ("invoiceLines", json!([]), "Could not find member"),
    ] {
        let sentence = visma.post("/v1/customerPayment", &with(good.clone(), name, value)).await.refused();
        assert!(sentence.contains(part), "{name}: {sentence}");
    }
    let bank = with(with(good.clone(), "cashAccount", v("1920")), "currency", v("SEK"));
    assert!(visma.post("/v1/customerPayment", &bank).await.refused().contains("'1920' is 'NOK'"));
    let over = payment("10001", "100002", "1600.01");
    assert!(visma.post("/v1/customerPayment", &over).await.refused().contains("exceeds the balance '1600.00'"));
    visma.post("/v1/customerPayment", &good).await.number();
    let again = visma.post("/v1/customerPayment", &good).await.refused();
    assert!(again.contains("exceeds the balance '0.00'"), "the first one has taken it: {again}");
}

#[tokio::test]
async fn a_refund_pays_out_a_credit_note_in_full() {
    let visma = start(json!({ "release_ms": 0 })).await;
    let note = json!({ "customerNumber": v(visma.customer().await), "lines": [line("1", "640.00")] });
    let number = visma.post("/v2/customerCreditNote", &note).await.number();
    let path = format!("/v1/customerCreditNote/{number}");
    assert_eq!(visma.release(&path).await, "Open");
    let mut refund = with(payment("10000", &number, "800.00"), "type", v("Refund"));
    refund["paymentLines"][0]["documentType"] = v("Credit Memo");
    assert!(visma.post("/v1/customerPayment", &refund).await.refused().contains("documentType"));
    refund["paymentLines"][0]["documentType"] = v("CreditNote");
    let part = with(refund.clone(), "paymentAmount", v(n("900.00")));
    assert!(visma.post("/v1/customerPayment", &part).await.refused().contains("out of balance"));
    let number = visma.post("/v1/customerPayment", &refund).await.number();
    visma.release(&format!("/v1/customerPayment/{number}")).await;
    assert_eq!(visma.get(&path).await.json()["status"], "Closed");
}

#[tokio::test]
async fn a_draft_is_changed_with_a_version_and_payments_are_found() {
    let visma = start(json!({})).await;
    let invoice = released(&visma).await;
    let body = with(payment("10000", &invoice, "600.00"), "hold", v(true));
    let path = format!("/v1/customerPayment/{}", visma.post("/v1/customerPayment", &body).await.number());
    assert!(visma.post(&format!("{path}/action/release"), &json!({})).await.refused().contains("On Hold"));
    let etag = visma.get(&path).await.header("etag").to_owned();
    let line = json!({ "operation": "Update", "refNbr": v(invoice.as_str()), "amountPaid": v(n("500.00")) });
    let change = json!({ "hold": v(false), "paymentLines": [line] });
    assert_eq!(visma.put(&path, &etag, &change).await.status, StatusCode::NO_CONTENT);
    assert_eq!(visma.put(&path, &etag, &change).await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(visma.release(&path).await, "Open", "100 are not applied");
    for (query, found) in [
        (format!("invoiceRefNbr={invoice}"), 1),
        ("invoiceRefNbr=99".to_owned(), 0),
        ("customer=10000&paymentType=Payment&status=Open".to_owned(), 1),
        ("paymentType=Refund".to_owned(), 0),
        ("docDate=2026-11-22&docDateCondition=%3C".to_owned(), 0),
    ] {
        assert_eq!(visma.list(&format!("/v1/customerPayment?{query}")).await.len(), found, "{query}");
    }
}
