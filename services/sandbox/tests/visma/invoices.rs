//! Invoices: created, refused, changed, deleted.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{invoice, line, n, start, v, with, with_line};

#[tokio::test]
async fn an_invoice_is_created_with_an_empty_answer_and_read_back() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    let created = visma.post("/v2/customerinvoice", &invoice(&customer, "WEB-000000001")).await;
    assert_eq!((created.status, created.body.as_str()), (StatusCode::CREATED, ""));
    assert_eq!(created.header("location"), "https://api.finance.visma.net/v1/customerinvoice/100001");

    let read = visma.get("/v1/customerinvoice/100001").await;
    assert_eq!(read.header("etag"), created.header("etag"));
    let read = read.json();
    for (name, value) in [
        ("status", json!("Balanced")),
        ("externalReference", json!("WEB-000000001")),
        ("amountInCurrency", n("1600.0000")),
        ("vatTotalInCurrency", n("320.0000")),
        ("detailTotalInCurrency", n("1280.0000")),
        ("financialPeriod", json!("202611")),
        ("documentDate", json!("2026-11-22T00:00:00")),
        ("documentDueDate", json!("2026-12-06T00:00:00")),
        ("currencyId", json!("NOK")),
    ] {
        assert_eq!(read[name], value, "{name}");
    }
    assert_eq!(read["invoiceLines"][0]["subaccount"]["subaccountNumber"], "10-100");
    assert_eq!(read["taxDetails"][0]["vatAmount"], n("320.0000"));
    assert_eq!(visma.post("/v1/CustomerInvoice", &invoice(&customer, "WEB-2")).await.number(), "100002");
}

#[tokio::test]
async fn what_the_company_does_not_know_is_refused() {
    let visma = start(json!({})).await;
    let good = invoice(&visma.customer().await, "WEB-1");
    let segments = |values: &[(i64, &str)]| -> Value {
        values.iter().map(|(id, value)| json!({ "segmentId": id, "segmentValue": value })).collect()
    };
    for (name, value, part) in [
        ("accountNumber", v("9999"), "AccountID '9999' cannot be found in the system."),
        ("accountNumber", v("3099"), "Account '3099' is inactive."),
        ("accountNumber", v("1500"), "Account '1500' is a control account for AR"),
        ("accountNumber", json!(null), "'Account' cannot be empty."),
        ("vatCodeId", v("99"), "TaxID '99' cannot be found in the system."),
        ("vatCodeId", v("FI24"), "TaxID 'FI24' is not valid on the document date."),
        ("branchNumber", v("2"), "BranchID '2' cannot be found in the system."),
        ("inventoryNumber", v("SKU-1"), "InventoryID 'SKU-1' cannot be found in the system."),
        ("subaccount", json!(null), "'Subaccount' cannot be empty."),
        ("subaccount", segments(&[(1, "10")]), "segment 'Kanal' must be given once."),
        ("subaccount", segments(&[(1, "10"), (1, "10"), (2, "100")]), "segment 'Avdeling' must be given once."),
        ("subaccount", segments(&[(1, "10"), (2, "100"), (3, "1")]), "SegmentID '3' cannot be found"),
        ("subaccount", segments(&[(1, "99"), (2, "100")]), "value '99' is not valid."),
        ("operation", json!("Update"), "The operation 'Update' is not valid"),
        ("operation", v("Insert"), "Path 'invoiceLines[0].operation'"),
        ("quantity", json!(2), "Path 'invoiceLines[0].quantity'"),
        ("unitPrice", v(640), "Could not find member 'unitPrice'"),
    ] {
        let sentence = visma.post("/v2/customerinvoice", &with_line(good.clone(), name, value)).await.refused();
        assert!(sentence.contains(part), "{sentence}");
    }
    for (name, value, part) in [
        ("customerNumber", v("99999"), "CustomerID '99999' cannot be found in the system."),
        ("currencyId", v("XXX"), "CuryID 'XXX' cannot be found in the system."),
        ("creditTermsId", v("99"), "TermsID '99' cannot be found in the system."),
        ("branchNumber", v("9"), "BranchID '9' cannot be found in the system."),
        ("locationId", v("Elsewhere"), "CustomerLocationID 'Elsewhere'"),
        ("financialPeriod", v("112026"), "FinPeriodID '112026' cannot be found in the system."),
        ("documentDate", v("2026-11-22T00:00:00Z"), "Path 'documentDate'"),
        ("exchangeRate", v(n("1.1")), "The exchange rate '1.1' is not valid."),
        ("taxDetailLines", json!([{ "taxId": v("31"), "vatAmount": v(1) }]), "TaxID '31' cannot be found"),
        ("invoiceLines", json!([line("-1", "10")]), "Document balance will be negative."),
        ("grandTotal", v(1600), "Could not find member 'grandTotal'"),
    ] {
        let sentence = visma.post("/v2/customerinvoice", &with(good.clone(), name, value)).await.refused();
        assert!(sentence.contains(part), "{sentence}");
    }
    let malformed = visma.request(Method::POST, "/v2/customerinvoice").body("{\"customerNumber\":").send().await;
    assert_eq!(malformed.unwrap().status(), StatusCode::BAD_REQUEST);
    assert!(visma.sandbox.company.ledger().is_empty());
}

#[tokio::test]
async fn a_customer_who_is_closed_gets_no_invoice() {
    let visma = start(json!({})).await;
    let number = visma.customer().await;
    visma.send(Method::PUT, &format!("/v1/customer/{number}"), &json!({ "status": v("Inactive") })).await;
    let sentence = visma.post("/v2/customerinvoice", &invoice(&number, "WEB-1")).await.refused();
    assert!(sentence.contains("The customer status is 'Inactive'."), "{sentence}");
}

#[tokio::test]
async fn a_closed_period_is_refused_by_its_name_or_by_the_date() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    visma.control(Method::POST, "visma/periods", &json!({ "period": "202611", "closed": true })).await;
    let by_date = invoice(&customer, "WEB-1");
    let sentence = visma.post("/v2/customerinvoice", &by_date).await.refused();
    assert!(sentence.contains("The 11-2026 financial period is closed in Customer ledger."), "{sentence}");
    let next = with(by_date.clone(), "financialPeriod", v("202612"));
    let number = visma.post("/v2/customerinvoice", &next).await.number();
    assert_eq!(visma.get(&format!("/v1/customerinvoice/{number}")).await.json()["postPeriod"], "202612");

    visma.control(Method::POST, "visma/periods", &json!({ "period": "202611", "closed": false })).await;
    visma.post("/v2/customerinvoice", &by_date).await.number();
}

#[tokio::test]
async fn a_line_without_operation_is_dropped_or_refused() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    let mut body = invoice(&customer, "WEB-1");
    body["invoiceLines"].as_array_mut().unwrap().push(line("1", "100"));
    let body = with_line(body, "operation", json!(null));
    let number = visma.post("/v2/customerinvoice", &body).await.number();
    let read = visma.get(&format!("/v1/customerinvoice/{number}")).await.json();
    assert_eq!((read["invoiceLines"].as_array().unwrap().len(), &read["amountInCurrency"]), (1, &n("125.0000")));

    visma.sandbox.company.patch_config(json!({ "line_without_operation": "refused" })).unwrap();
    visma.post("/v2/customerinvoice", &body).await.refused();
}

#[tokio::test]
async fn the_same_reference_makes_two_documents_unless_it_is_unique() {
    let visma = start(json!({})).await;
    let body = invoice(&visma.customer().await, "WEB-1");
    let first = visma.post("/v2/customerinvoice", &body).await.number();
    assert_ne!(visma.post("/v2/customerinvoice", &body).await.number(), first);
    visma.sandbox.company.patch_config(json!({ "unique_external_reference": true })).unwrap();
    assert!(visma.post("/v2/customerinvoice", &body).await.refused().contains("'WEB-1' is already used"));
}

#[tokio::test]
async fn an_invoice_changes_by_lines_and_heeds_the_version() {
    let visma = start(json!({})).await;
    let path = format!("/v1/customerinvoice/{}", visma.invoice("WEB-1").await);
    let first = visma.get(&path).await.header("etag").to_owned();
    let change = json!({ "invoiceText": v("Order 1"), "invoiceLines": [
        { "operation": "Update", "lineNumber": v(1), "quantity": v(3) }, line("1", "20"),
    ] });
    let changed = visma.put(&path, &first, &change).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    let read = visma.get(&path).await.json();
    assert_eq!((&read["detailTotalInCurrency"], &read["externalReference"]), (&n("1940.0000"), &json!("WEB-1")));
    assert_eq!(visma.put(&path, &first, &change).await.status, StatusCode::PRECONDITION_FAILED);

    let gone = json!({ "invoiceLines": [{ "operation": "Delete", "lineNumber": v(1) }] });
    visma.put(&path, changed.header("etag"), &gone).await;
    assert_eq!(visma.get(&path).await.json()["amountInCurrency"], n("25.0000"));
    let unknown = json!({ "invoiceLines": [{ "operation": "Update", "lineNumber": v(9) }] });
    assert!(visma.send(Method::PUT, &path, &unknown).await.refused().contains("LineNbr '9'"));
}

#[tokio::test]
async fn only_what_is_not_released_can_be_changed_or_deleted() {
    let visma = start(json!({ "release_ms": 0 })).await;
    let draft = format!("/v1/customerinvoice/{}", visma.invoice("WEB-1").await);
    visma.send(Method::PUT, &draft, &json!({ "hold": v(true) })).await;
    assert_eq!(visma.get(&draft).await.json()["status"], "Hold");
    visma.post(&format!("{draft}/action/release"), &json!({})).await.refused();
    assert_eq!(visma.send(Method::DELETE, &draft, &json!(null)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(visma.get(&draft).await.status, StatusCode::NOT_FOUND);

    let path = format!("/v1/customerinvoice/{}", visma.invoice("WEB-2").await);
    let released = visma.post(&format!("{path}/action/release"), &json!({})).await;
    assert_eq!(released.json()["actionResult"], "Done");
    assert_eq!(visma.get(&path).await.json()["status"], "Open");
    visma.send(Method::DELETE, &path, &json!(null)).await.refused();
    visma.send(Method::PUT, &path, &json!({ "invoiceText": v("x") })).await.refused();
    assert!(visma.list("/v1/customerinvoice?externalReference=WEB-1").await.is_empty());
}
