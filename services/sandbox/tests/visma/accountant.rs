//! The accountant works in Visma at the wrong moment, and the ledger tells who overwrote whom.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, n, start, v};

impl Client {
    pub(crate) async fn accountant(&self, errand: Value) -> Value {
        let answer = self.control(Method::POST, "visma/accountant", &errand).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()
    }

    async fn audit(&self) -> Value {
        self.control(Method::GET, "ledger", &json!(null)).await.json()["audit"].clone()
    }

    /// The path of a customer, and its version.
    async fn customer_with_etag(&self) -> (String, String) {
        let path = format!("/v1/customer/{}", self.customer().await);
        let etag = self.get(&path).await.header("etag").to_owned();
        (path, etag)
    }
}

#[tokio::test]
async fn an_edit_before_the_put_makes_it_stale_and_survives_one_that_leaves_it_alone() {
    let visma = start(json!({})).await;
    let (path, etag) = visma.customer_with_etag().await;
    let edit = json!({ "entity": "customer", "email": "KARI@example.com", "before_put": { "nth": 2 },
        "body": { "creditLimit": v(500), "mainContact": v(json!({ "phone1": v("+4700000000") })) } });
    visma.accountant(edit).await;

    let change = json!({ "name": v("Kari Nordmann Hansen") });
    let first = visma.put(&path, &etag, &change).await;
    assert_eq!(first.status, StatusCode::NO_CONTENT, "the accountant waits for the second one");
    let raced = visma.put(&path, first.header("etag"), &change).await;
    assert_eq!((raced.status, raced.body.as_str()), (StatusCode::PRECONDITION_FAILED, ""));

    let read = visma.get(&path).await;
    assert_eq!(read.json()["mainContact"]["phone1"], "+4700000000");
    assert_eq!(visma.put(&path, read.header("etag"), &change).await.status, StatusCode::NO_CONTENT);
    let audit = visma.audit().await;
    assert_eq!((&audit["stale_puts"], &audit["kept_edits"]), (&json!(1), &json!(2)));
    assert_eq!((&audit["lost_edits"], &audit["blind_overwrites"]), (&json!([]), &json!([])));
    assert_eq!(audit["accountant_deeds"], 1);
}

#[tokio::test]
async fn an_edit_is_lost_when_another_value_is_put_over_it() {
    let visma = start(json!({})).await;
    let (path, _) = visma.customer_with_etag().await;
    let body = json!({ "creditLimit": v(n("500.00")), "mainContact": v(json!({ "email": v("new@example.com") })) });
    let sent = visma.accountant(json!({ "entity": "customer", "number": "10000", "body": body })).await;
    assert_eq!(sent["numbers"], json!(["10000"]));

    let etag = visma.get(&path).await.header("etag").to_owned();
    let change = json!({ "creditLimit": v(500), "mainContact": v(json!({ "email": v("kari@example.com") })) });
    visma.put(&path, &etag, &change).await;
    let audit = visma.audit().await;
    let lost = json!([{ "entity": "customer", "number": "10000", "field": "mainContact.email",
        "edited": "new@example.com", "written": "kari@example.com", "blind": false }]);
    assert_eq!((&audit["lost_edits"], &audit["kept_edits"]), (&lost, &json!(0)), "500 is 500.00");
}

#[tokio::test]
async fn a_put_without_a_version_is_a_blind_overwrite() {
    let visma = start(json!({})).await;
    let (path, _) = visma.customer_with_etag().await;
    visma.accountant(json!({ "entity": "customer", "number": "10000", "body": { "name": v("Kari") } })).await;
    let blind = visma.send(Method::PUT, &path, &json!({ "name": v("Kåre") })).await;
    assert_eq!(blind.status, StatusCode::NO_CONTENT, "the last write wins");
    let audit = visma.audit().await;
    assert_eq!(audit["blind_overwrites"], json!([{ "entity": "customer", "number": "10000" }]));
    assert_eq!((&audit["lost_edits"][0]["blind"], &audit["lost_edits"][0]["field"]), (&json!(true), &json!("name")));
}

#[tokio::test]
async fn a_storm_strikes_the_first_puts_of_each_record_or_every_kth() {
    let visma = start(json!({})).await;
    let storm = json!({ "entity": "customer", "before_put": { "first": 2 }, "body": { "note": v("seen {n}") } });
    visma.accountant(storm).await;
    for _ in 0..2 {
        let (path, mut etag) = visma.customer_with_etag().await;
        for expected in [StatusCode::PRECONDITION_FAILED, StatusCode::PRECONDITION_FAILED, StatusCode::NO_CONTENT] {
            let answer = visma.put(&path, &etag, &json!({ "name": v("Kari") })).await;
            assert_eq!(answer.status, expected);
            etag = visma.get(&path).await.header("etag").to_owned();
        }
    }
    assert_eq!(visma.audit().await["accountant_deeds"], 4);

    visma.control(Method::DELETE, "visma/accountant", &json!(null)).await;
    visma.accountant(json!({ "entity": "customer", "before_put": { "every": 2 } })).await;
    for expected in [StatusCode::NO_CONTENT, StatusCode::PRECONDITION_FAILED] {
        let (path, etag) = visma.customer_with_etag().await;
        assert_eq!(visma.put(&path, &etag, &json!({ "name": v("Kari") })).await.status, expected);
    }
}

#[tokio::test]
async fn lines_of_an_invoice_are_watched_one_by_one() {
    let visma = start(json!({})).await;
    let path = format!("/v1/customerinvoice/{}", visma.invoice("WEB-1").await);
    let lines = json!([{ "operation": "Update", "lineNumber": v(1), "quantity": v(3), "uom": v("STK") }]);
    let body = json!({ "customerProject": v("P-1"), "invoiceLines": lines });
    visma.accountant(json!({ "entity": "invoice", "reference": "WEB-1", "body": body })).await;
    assert_eq!(visma.get(&path).await.json()["detailTotalInCurrency"], n("1920.0000"));

    let etag = visma.get(&path).await.header("etag").to_owned();
    let change = json!({ "invoiceLines": [{ "operation": "Update", "lineNumber": v(1), "quantity": v(2) }] });
    let changed = visma.put(&path, &etag, &change).await;
    let audit = visma.audit().await;
    assert_eq!(audit["lost_edits"][0]["field"], "invoiceLines[1].quantity");
    assert_eq!((audit["lost_edits"].as_array().unwrap().len(), &audit["kept_edits"]), (1, &json!(2)));

    let gone = json!({ "invoiceLines": [{ "operation": "Delete", "lineNumber": v(1) }] });
    visma.put(&path, changed.header("etag"), &gone).await;
    let audit = visma.audit().await;
    assert_eq!((&audit["lost_edits"][1]["field"], &audit["kept_edits"]), (&json!("invoiceLines[1].uom"), &json!(1)));
}

#[tokio::test]
async fn an_errand_that_makes_no_sense_is_refused() {
    let visma = start(json!({})).await;
    visma.customer().await;
    for errand in [
        json!({ "entity": "customer", "body": { "name": v("Kari") } }),
        json!({ "entity": "customer", "number": "99999" }),
        json!({ "entity": "customer", "number": "10000", "body": { "nmae": v("Kari") } }),
        json!({ "entity": "customer", "number": "10000", "body": { "name": v("") } }),
        json!({ "entity": "supplier", "number": "10000" }),
    ] {
        let answer = visma.control(Method::POST, "visma/accountant", &errand).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{errand}");
    }
}
