//! Lists: no order, pages cut in silence, the traps of the delta filter.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, invoice, start};

async fn with_customers(count: usize, patch: Value) -> Client {
    let visma = start(patch).await;
    visma.control(Method::POST, "visma/customers", &json!({ "count": count })).await;
    visma
}

fn numbers(list: &[Value]) -> Vec<String> {
    list.iter().map(|customer| customer["number"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_are_cut_to_the_maximum_and_carry_the_count() {
    let visma = with_customers(23, json!({ "max_page_size": 10 })).await;
    let first = visma.list("/v1/customer?pageNumber=1&pageSize=1000").await;
    assert_eq!(first.len(), 10);
    assert!(first.iter().all(|customer| customer["metadata"] == json!({ "totalCount": 23, "maxPageSize": 10 })));
    assert_eq!(visma.list("/v1/customer?pageNumber=3&pageSize=10").await.len(), 3);
    assert!(visma.list("/v1/customer?pageNumber=4&pageSize=10").await.is_empty());
    assert_eq!(visma.list("/v1/customer?numberToRead=2").await.len(), 10, "a deprecated parameter is ignored");
}

#[tokio::test]
async fn a_list_has_no_order_but_its_pages_fit_together() {
    let visma = with_customers(25, json!({ "max_page_size": 10 })).await;
    let mut seen = BTreeSet::new();
    for page in 1..=3 {
        seen.extend(numbers(&visma.list(&format!("/v1/customer?pageNumber={page}")).await));
    }
    assert_eq!(seen.len(), 25);
    let (once, twice) = (visma.list("/v1/customer").await, visma.list("/v1/customer").await);
    assert_ne!(numbers(&once), numbers(&twice), "two requests, two orders");
    let sorted: BTreeSet<String> = numbers(&once).into_iter().collect();
    assert_eq!(sorted, numbers(&twice).into_iter().collect(), "and the same rows");

    visma.sandbox.company.patch_config(json!({ "list_order": "every_request" })).unwrap();
    let (once, twice) = (visma.list("/v1/customer").await, visma.list("/v1/customer").await);
    let other: BTreeSet<String> = numbers(&once).into_iter().collect();
    assert_ne!(other, numbers(&twice).into_iter().collect(), "pages of another draw");
}

#[tokio::test]
async fn the_delta_filter_needs_its_condition_and_a_format_that_it_knows() {
    let visma = with_customers(1, json!({})).await;
    let stamp = visma.list("/v1/customer").await[0]["lastModifiedDateTime"].as_str().unwrap().to_owned();
    assert!(!stamp.contains(['Z', '+']), "{stamp}");
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    visma.control(Method::POST, "visma/customers", &json!({ "count": 1 })).await;
    let path = |condition: &str| {
        format!("/v1/customer?lastModifiedDateTime={stamp}&lastModifiedDateTimeCondition={condition}")
    };
    for (condition, found) in [("%3E", 1), ("%3E%3D", 2), ("%3C%3D", 1), ("%3C", 0)] {
        assert_eq!(visma.list(&path(condition)).await.len(), found, "{condition}");
    }
    let alone = format!("/v1/customer?lastModifiedDateTime={stamp}");
    assert_eq!(visma.list(&alone).await.len(), 2, "no condition, no filter");
    assert_eq!(visma.get(&path("%3D")).await.status, StatusCode::BAD_REQUEST);
    for (value, status) in [
        ("2026-11-22", 200),
        ("2026-11-22%2009:00:00", 200),
        ("2026-11-22%2009:00:00.123", 200),
        ("2026-11-22T09:00:00", 200),
        ("2026-11-22T09:00:00.5", 200),
        ("2026-11-22T09:00:00Z", 400),
        ("2026-11-22T09:00:00%2B01:00", 400),
        ("22.11.2026", 400),
    ] {
        let path = format!("/v1/customer?createdDateTime={value}&createdDateTimeCondition=%3E");
        assert_eq!(visma.get(&path).await.status.as_u16(), status, "{value}");
    }
}

#[tokio::test]
async fn the_clock_is_the_servers_own() {
    let visma = with_customers(1, json!({ "clock_zone": "<+10>-10" })).await;
    let ahead = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(9)).unwrap();
    let floor = jiff::tz::Offset::UTC.to_datetime(ahead).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let path = format!("/v1/customer?lastModifiedDateTime={floor}&lastModifiedDateTimeCondition=%3E");
    assert_eq!(visma.list(&path).await.len(), 1);
}

#[tokio::test]
async fn a_new_record_is_in_lists_after_the_lag_and_by_number_at_once() {
    let visma = start(json!({ "list_lag_ms": 300 })).await;
    let number = visma.invoice("WEB-1").await;
    assert!(visma.list("/v1/customerinvoice?externalReference=WEB-1").await.is_empty());
    assert_eq!(visma.get(&format!("/v1/customerinvoice/{number}")).await.status, StatusCode::OK);
    tokio::time::sleep(std::time::Duration::from_millis(350)).await;
    assert_eq!(visma.list("/v1/customerinvoice?externalReference=WEB-1").await.len(), 1);
}

#[tokio::test]
async fn invoices_are_found_by_reference_and_more_and_shown_in_parts() {
    let visma = start(json!({})).await;
    let number = visma.invoice("WEB-1").await;
    let customer = visma.customer().await;
    visma.post("/v2/customerinvoice", &invoice(&customer, "WEB-2")).await.number();
    for (query, found) in [
        ("externalReference=WEB-1", 1),
        ("externalReference=WEB-", 0),
        ("status=Balanced", 2),
        ("status=Open", 0),
        ("released=1", 0),
        ("financialPeriod=202611", 2),
        ("documentDate=2026-11-22&documentDateCondition=%3C", 0),
        ("documentDate=2026-11-22", 2),
        ("reference=WEB-1", 2),
    ] {
        assert_eq!(visma.list(&format!("/v1/customerinvoice?{query}")).await.len(), found, "{query}");
    }
    assert_eq!(visma.list(&format!("/v1/customerinvoice?customer={customer}")).await.len(), 1);
    assert_eq!(visma.list(&format!("/v1/customer/{customer}/invoice")).await.len(), 1);

    let path = "/v1/customerinvoice?externalReference=WEB-1";
    let short = visma.list(path).await.remove(0);
    assert_eq!((&short["referenceNumber"], &short["taxDetails"]), (&json!(number), &json!(null)));
    assert!(visma.get(path).await.header("etag").is_empty());
    let long = visma.list(&format!("{path}&expandTaxDetails=true")).await.remove(0);
    assert_eq!((&long["taxDetails"][0]["taxId"], &long["timeStamp"]), (&json!("3"), &short["timeStamp"]));
}

#[tokio::test]
async fn an_hour_comes_twice_where_summer_ends() {
    let visma = start(json!({})).await;
    let written_at = async |at: &str| {
        visma.control(Method::POST, "visma/clock", &json!({ "at": at })).await;
        let number = visma.customer().await;
        let read = visma.get(&format!("/v1/customer/{number}")).await.json();
        (number, read["lastModifiedDateTime"].as_str().unwrap().to_owned())
    };
    let (_, summer) = written_at("2026-10-25T00:59:00Z").await;
    let (later, winter) = written_at("2026-10-25T01:01:00Z").await;
    assert!(summer.starts_with("2026-10-25T02:59:0") && winter.starts_with("2026-10-25T02:01:0"), "{summer} {winter}");
    let newer = format!("/v1/customer?lastModifiedDateTime={summer}&lastModifiedDateTimeCondition=%3E");
    assert!(visma.list(&newer).await.is_empty(), "what was written later looks older");
    let overlapping = "/v1/customer?lastModifiedDateTime=2026-10-25T02:00:00&lastModifiedDateTimeCondition=%3E%3D";
    assert!(numbers(&visma.list(overlapping).await).contains(&later));

    visma.control(Method::POST, "visma/clock", &json!({ "at": null })).await;
    assert_eq!(visma.sandbox.company.config().clock_ahead_ms, 0);
    let nonsense = visma.control(Method::POST, "visma/config", &json!({ "clock_zone": "Nowhere/Never" })).await;
    assert_eq!(nonsense.status, StatusCode::BAD_REQUEST);
}
