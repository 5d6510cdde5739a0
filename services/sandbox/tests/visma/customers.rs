//! Customers: created, changed, found.

use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{customer, n, start, v, with};

#[tokio::test]
async fn a_customer_is_created_with_an_empty_answer_and_read_back() {
    let visma = start(json!({})).await;
    let created = visma.post("/v1/customer", &customer("Kari Nordmann", "kari@example.com")).await;
    assert_eq!((created.status, created.body.as_str()), (StatusCode::CREATED, ""));
    assert_eq!(created.header("location"), "https://api.finance.visma.net/v1/customer/10000");

    let read = visma.get("/V1/Customer/10000").await;
    assert_eq!(read.header("etag"), created.header("etag"));
    let read = read.json();
    assert_eq!(read["mainContact"]["email"], "kari@example.com");
    assert_eq!(read["mainAddress"]["country"], json!({ "id": "NO", "name": "Norway" }));
    assert_eq!((&read["customerClass"]["id"], &read["creditTerms"]["id"]), (&json!("1"), &json!("14")));
    assert_eq!(read["creditLimit"], n("0"));
    assert_eq!(format!("\"{}\"", read["timeStamp"].as_str().unwrap()), created.header("etag"));

    let id = read["internalId"].as_u64().unwrap();
    assert_eq!(visma.get(&format!("/v1/customer/internal/{id}")).await.json()["number"], "10000");
    assert_eq!(visma.get("/v1/customer/b64(MTAwMDA)").await.json()["number"], "10000");
    assert_eq!(visma.get("/v1/customer/99999").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_unknown_or_wrapped_wrongly_is_refused() {
    let visma = start(json!({})).await;
    let good = customer("Kari Nordmann", "kari@example.com");
    for (name, value, part) in [
        ("nmae", v("x"), "Could not find member 'nmae'"),
        ("name", json!("Kari"), "Path 'name'"),
        ("name", json!({ "value": "Kari", "other": 1 }), "Path 'name'"),
        ("overrideWithClassValues", v(true), "Path 'overrideWithClassValues'"),
        ("mainContact", v(json!({ "email": "kari@example.com" })), "Path 'mainContact.email'"),
        ("creditLimit", v("100"), "Path 'creditLimit'"),
        ("status", v("Sleeping"), "Path 'status'"),
        ("creditTermsId", v("99"), "TermsID '99' cannot be found in the system."),
        ("currencyId", v("XXX"), "CuryID 'XXX' cannot be found in the system."),
        ("customerClassId", v("XXX"), "CustomerClassID 'XXX' cannot be found in the system."),
        ("vatZoneId", v("99"), "TaxZoneID '99' cannot be found in the system."),
        ("mainAddress", v(json!({ "countryId": v("Norge") })), "CountryID 'Norge'"),
        ("name", v(""), "'Customer name' cannot be empty."),
    ] {
        let sentence = visma.post("/v1/customer", &with(good.clone(), name, value)).await.refused();
        assert!(sentence.contains(part), "{sentence}");
        assert!(sentence.starts_with("VismaId: "), "{sentence}");
    }
    assert_eq!(visma.sandbox.company.customer_count(), 0);
}

#[tokio::test]
async fn a_class_can_demand_a_vat_zone() {
    let visma = start(json!({})).await;
    let body = with(customer("Anna", "anna@example.se"), "customerClassId", v("EU"));
    assert!(visma.post("/v1/customer", &body).await.refused().contains("'VAT zone' cannot be empty."));
    let number = visma.post("/v1/customer", &with(body, "vatZoneId", v("02"))).await.number();
    assert_eq!(visma.get(&format!("/v1/customer/{number}")).await.json()["vatZone"]["defaultVatCategory"], "52");
}

#[tokio::test]
async fn a_number_of_ones_own_needs_the_override() {
    let visma = start(json!({})).await;
    let body = with(customer("Kari", "kari@example.com"), "number", v("K-1"));
    assert_eq!(visma.post("/v1/customer", &body).await.number(), "10000");
    let body = with(body, "overrideNumberSeries", v(true));
    assert_eq!(visma.post("/v1/customer", &body).await.number(), "K-1");
    assert!(visma.post("/v1/customer", &body).await.refused().contains("already exists"));
}

#[tokio::test]
async fn a_change_touches_what_it_names_and_heeds_the_version() {
    let visma = start(json!({})).await;
    let number = visma.customer().await;
    let path = format!("/v1/customer/{number}");
    let first = visma.get(&path).await.header("etag").to_owned();
    let change = json!({ "corporateId": v("999888777"), "mainContact": v(json!({ "phone1": v("+4722334455") })) });
    let changed = visma.put(&path, &first, &change).await;
    assert_eq!((changed.status, changed.body.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_ne!(changed.header("etag"), first);

    let stale = visma.put(&path, &first, &change).await;
    assert_eq!((stale.status, stale.body.as_str()), (StatusCode::PRECONDITION_FAILED, ""));
    let unquoted = changed.header("etag").trim_matches('"');
    assert_eq!(visma.put(&path, unquoted, &change).await.status, StatusCode::PRECONDITION_FAILED);

    let read = visma.get(&path).await.json();
    assert_eq!((&read["corporateId"], &read["name"]), (&json!("999888777"), &json!("Kari Nordmann")));
    assert_eq!(read["mainContact"]["email"], "kari@example.com");
    let cleared = visma.send(Method::PUT, &path, &json!({ "corporateId": v(json!(null)) })).await;
    assert_eq!(cleared.status, StatusCode::NO_CONTENT);
    assert_eq!(visma.get(&path).await.json()["corporateId"], json!(null));
}

#[tokio::test]
async fn customers_are_found_by_what_they_are() {
    let visma = start(json!({})).await;
    let seed = json!({ "count": 3, "emails": ["Ola@Example.com"], "customers": [
        with(
            with(customer("Fjord Sport AS", "ap@example.no"), "corporateId", v("999888777")),
            "attributeLines",
            json!([{ "attributeId": v("MAGENTOID"), "attributeValue": v("4711") }]),
        ),
    ] });
    let seeded = visma.control(Method::POST, "visma/customers", &seed).await;
    assert_eq!(seeded.json()["numbers"], json!(["10000", "10001", "10002", "10003", "10004"]));
    for (query, number) in [
        ("email=ola@example.com", "10003"),
        ("corporateId=999888777", "10004"),
        ("name=Kunde%202", "10001"),
        ("status=Active&email=ap@example.no", "10004"),
        ("attributes=%7B%22MAGENTOID%22:%224710,4711%22%7D", "10004"),
    ] {
        let found = visma.list(&format!("/v1/customer?{query}")).await;
        let numbers: Vec<&str> = found.iter().map(|customer| customer["number"].as_str().unwrap()).collect();
        assert_eq!(numbers, [number], "{query}");
    }
    assert_eq!(visma.list("/v1/customer?emial=ola@example.com").await.len(), 5, "misspelt: no filter");
    assert_eq!(visma.list("/v1/customer?status=Inactive").await.len(), 0);
}
