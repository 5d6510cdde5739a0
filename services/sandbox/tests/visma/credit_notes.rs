//! Customer credit notes: written like invoices, with other names, and applied to invoices.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, line, n, start, v, with};

/// One line of 640.00 and 25 % VAT: 800.00 in all.
fn note(customer: &str, reference: &str) -> Value {
    json!({
        "customerNumber": v(customer), "documentDate": v("2026-11-22"), "externalReference": v(reference),
        "lines": [line("1", "640.00")],
    })
}

fn applied(number: &str, amount: &str) -> Value {
    json!([{ "operation": "Insert", "documentType": v("Invoice"), "refNbr": v(number), "amountPaid": v(n(amount)) }])
}

/// A released invoice of 1600.00: its customer and its number.
async fn invoiced(visma: &Client) -> (String, String) {
    let number = visma.invoice("WEB-1").await;
    visma.release(&format!("/v1/customerinvoice/{number}")).await;
    let customer = visma.get(&format!("/v1/customerinvoice/{number}")).await.json()["customer"]["number"].clone();
    (customer.as_str().unwrap().to_owned(), number)
}

#[tokio::test]
async fn a_credit_note_is_created_found_changed_and_deleted() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    let created = visma.post("/v2/customerCreditNote", &note(&customer, "WEB-C1")).await;
    assert_eq!((created.status, created.body.as_str()), (StatusCode::CREATED, ""));
    assert_eq!(created.header("location"), "https://api.finance.visma.net/v1/customerCreditNote/200001");
    let path = "/v1/customerCreditNote/200001";
    let read = visma.get(path).await;
    assert_eq!(read.header("etag"), created.header("etag"));
    let read = read.json();
    assert_eq!((&read["documentType"], &read["status"]), (&json!("CreditNote"), &json!("Balanced")));
    assert_eq!((&read["amountInCurrency"], &read["vatTotalInCurrency"]), (&n("800.0000"), &n("160.0000")));
    assert_eq!((&read["lines"][0]["lineNumber"], &read["invoiceLines"]), (&json!(1), &json!(null)));

    let list = "/v1/customercreditnote?externalReference=WEB-C1&lastModifiedDateTime=2020-01-01\
                &lastModifiedDateTimeCondition=%3E";
    let found = visma.list(list).await;
    assert_eq!((found.len(), &found[0]["timeStamp"]), (1, &read["timeStamp"]));
    assert_eq!(found[0]["metadata"]["totalCount"], 1);
    assert!(visma.list("/v1/customerinvoice").await.is_empty(), "it is no invoice");

    let line = json!({ "operation": "Update", "lineNumber": v(1), "unitPriceInCurrency": v(n("320.00")) });
    let changed = visma.put(path, created.header("etag"), &json!({ "lines": [line] })).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    assert_eq!(visma.get(path).await.json()["amountInCurrency"], n("400.0000"));
    assert_eq!(visma.put(path, created.header("etag"), &json!({})).await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(visma.send(Method::DELETE, path, &json!(null)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(visma.get(path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(visma.sandbox.company.findings().deletes, 1);
}

#[tokio::test]
async fn an_invoices_names_and_what_it_alone_has_are_refused() {
    let visma = start(json!({})).await;
    let good = note(&visma.customer().await, "WEB-C1");
    for (name, value) in [
        ("invoiceLines", json!([line("1", "1")])),
        ("taxDetailLines", json!([])),
        ("billingAddress", v(json!({}))),
        ("documentDueDate", v("2026-11-22")),
        ("creditTermsId", v("14")),
        ("paymentReference", v("1")),
        ("lines", json!([with(line("1", "1"), "itemType", v("Service"))])),
    ] {
        let sentence = visma.post("/v2/customerCreditNote", &with(good.clone(), name, value)).await.refused();
        assert!(sentence.contains("Could not find member"), "{sentence}");
    }
    let pinned = json!([{ "taxId": v("3"), "vatAmount": v(n("160.01")) }]);
    let number = visma.post("/v2/customerCreditNote", &with(good, "taxDetails", pinned)).await.number();
    let read = visma.get(&format!("/v1/customerCreditNote/{number}")).await.json();
    assert_eq!(read["amountInCurrency"], n("800.0100"));
}

#[tokio::test]
async fn applied_to_an_invoice_it_takes_from_the_balance_when_it_is_released() {
    let visma = start(json!({ "release_ms": 20 })).await;
    let (customer, invoice) = invoiced(&visma).await;
    let body = with(note(&customer, "WEB-C1"), "applicationLines", applied(&invoice, "800.00"));
    let path = format!("/v1/customerCreditNote/{}", visma.post("/v2/customerCreditNote", &body).await.number());
    let of_invoice = format!("/v1/customerinvoice/{invoice}");
    let before = visma.get(&of_invoice).await.json();
    assert_eq!(before["balanceInCurrency"], n("1600.0000"));

    assert_eq!(visma.release(&path).await, "Closed", "all of it is applied");
    let after = visma.get(&of_invoice).await.json();
    assert_eq!((&after["balanceInCurrency"], &after["status"]), (&n("800.0000"), &json!("Open")));
    assert_ne!(after["timeStamp"], before["timeStamp"], "the invoice was modified");
    assert_eq!(after["applications"][0]["docType"], "CreditNote");

    let body = with(note(&customer, "WEB-C2"), "applicationLines", applied(&invoice, "800.00"));
    let second = format!("/v1/customerCreditNote/{}", visma.post("/v2/customerCreditNote", &body).await.number());
    visma.release(&second).await;
    assert_eq!(visma.get(&of_invoice).await.json()["status"], "Closed");
}

#[tokio::test]
async fn it_is_applied_to_what_is_released_and_up_to_the_balance() {
    let visma = start(json!({ "release_ms": 0 })).await;
    let (customer, released) = invoiced(&visma).await;
    let draft = visma.post("/v2/customerinvoice", &crate::support::invoice(&customer, "WEB-2")).await.number();
    let others = visma.invoice("WEB-3").await;
    visma.release(&format!("/v1/customerinvoice/{others}")).await;
    for (number, amount, part) in [
        (draft.as_str(), "1", "AdjdRefNbr '100002' cannot be found in the system."),
        (others.as_str(), "1", "AdjdRefNbr '100003' cannot be found in the system."),
        ("99", "1", "AdjdRefNbr '99' cannot be found in the system."),
        (released.as_str(), "1600.01", "exceeds the balance '1600.00'"),
        (released.as_str(), "1600.00", "exceeds the amount '800.00'"),
        (released.as_str(), "0", "exceeds the balance"),
    ] {
        let body = with(note(&customer, "WEB-C1"), "applicationLines", applied(number, amount));
        let sentence = visma.post("/v2/customerCreditNote", &body).await.refused();
        assert!(sentence.contains(part), "{sentence}");
    }
    assert!(visma.sandbox.company.credit_notes().is_empty());
}

#[tokio::test]
async fn a_release_fails_when_the_balance_went_elsewhere_meanwhile() {
    let visma = start(json!({ "release_ms": 0 })).await;
    let (customer, invoice) = invoiced(&visma).await;
    let body = with(note(&customer, "WEB-C1"), "applicationLines", applied(&invoice, "800.00"));
    let path = format!("/v1/customerCreditNote/{}", visma.post("/v2/customerCreditNote", &body).await.number());
    visma.accountant(json!({ "entity": "invoice", "number": invoice, "do": "pay" })).await;
    visma.post(&format!("{path}/action/release"), &json!({})).await;
    assert_eq!(visma.get(&path).await.json()["status"], "Balanced");
    let read = visma.get(&format!("/v1/customerinvoice/{invoice}")).await.json();
    assert_eq!((&read["status"], &read["balance"]), (&json!("Closed"), &n("0.0000")));
    assert_eq!(visma.sandbox.company.findings().failed_releases, 1);
}

#[tokio::test]
async fn the_ledger_counts_credit_notes_and_finds_doubled_ones() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    for reference in ["WEB-C1", "WEB-C1", "WEB-C2"] {
        visma.post("/v1/customerCreditNote", &note(&customer, reference)).await.number();
    }
    let ledger = visma.control(Method::GET, "ledger", &json!(null)).await.json();
    assert_eq!((&ledger["credit_notes"]["count"], &ledger["invoices"]["count"]), (&json!(3), &json!(0)));
    assert_eq!(ledger["credit_notes"]["amounts"], json!({ "NOK": "2400.00" }));
    assert_eq!(ledger["duplicate_credit_notes"], json!({ "WEB-C1": ["200001", "200002"] }));
    assert_eq!(ledger["credit_note_documents"][2]["external_reference"], "WEB-C2");
}
