//! Holds: a request stands still at a point, whatever its client does meanwhile.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, invoice, start};

async fn status(visma: &Client, id: u64, query: &str) -> Value {
    visma.control(Method::GET, &format!("holds/{id}?{query}"), &json!(null)).await.json()
}

async fn end(visma: &Client, id: u64, how: &str) -> Value {
    visma.control(Method::POST, &format!("holds/{id}/{how}"), &json!(null)).await.json()
}

/// Sends an invoice from a client of its own, whose connection ends when the task is aborted.
fn send(visma: &Client, customer: &str) -> tokio::task::JoinHandle<reqwest::Result<StatusCode>> {
    let request = visma.request(Method::POST, "/v2/customerinvoice").body(invoice(customer, "WEB-1").to_string());
    tokio::spawn(async move { request.send().await.map(|answer| answer.status()) })
}

async fn documents_within_a_second(visma: &Client, wanted: usize) -> usize {
    for _ in 0..100 {
        if visma.sandbox.company.ledger().len() == wanted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    visma.sandbox.company.ledger().len()
}

#[tokio::test]
async fn a_request_whose_client_died_before_the_commit_still_commits() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    for point in ["received", "before_commit"] {
        let before = visma.sandbox.company.ledger().len();
        let id = visma.hold(json!({ "point": point, "on": { "path": "/v2/customerinvoice" } })).await;
        assert_eq!(status(&visma, id, "wait_ms=20").await["state"], "armed");
        let sent = send(&visma, &customer);
        assert_eq!(status(&visma, id, "wait_ms=5000").await["state"], "reached");
        sent.abort();
        assert_eq!(status(&visma, id, "wait_ms=5000&client_gone=true").await["client_gone"], true);
        assert_eq!(visma.sandbox.company.ledger().len(), before, "nothing is written while it is held");
        assert_eq!(end(&visma, id, "release").await["state"], "released");
        assert_eq!(documents_within_a_second(&visma, before + 1).await, before + 1);
    }
}

#[tokio::test]
async fn after_the_commit_the_document_is_there_and_the_answer_is_not() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    let id = visma.hold(json!({ "point": "after_commit", "on": { "method": "post", "nth": 2 } })).await;
    assert_eq!(send(&visma, &customer).await.unwrap().unwrap(), StatusCode::CREATED, "the first goes through");
    let second = send(&visma, &customer);
    assert_eq!(status(&visma, id, "wait_ms=5000").await["state"], "reached");
    assert_eq!(visma.sandbox.company.ledger().len(), 2);
    assert!(!second.is_finished());
    end(&visma, id, "release").await;
    assert_eq!(second.await.unwrap().unwrap(), StatusCode::CREATED);
}

#[tokio::test]
async fn an_aborted_request_ends_where_it_stands() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    for (point, documents) in [("before_commit", 0), ("after_commit", 1)] {
        let id = visma.hold(json!({ "point": point, "on": { "path": "/v2/" } })).await;
        let sent = send(&visma, &customer);
        status(&visma, id, "wait_ms=5000").await;
        end(&visma, id, "abort").await;
        assert!(sent.await.unwrap().is_err(), "{point}");
        assert_eq!(visma.sandbox.company.ledger().len(), documents, "{point}");
    }
}

#[tokio::test]
async fn a_hold_tells_when_the_answer_is_out() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    let id = visma.hold(json!({ "point": "answered", "on": { "path": "/v2/" } })).await;
    assert_eq!(status(&visma, id, "").await["state"], "armed");
    assert_eq!(send(&visma, &customer).await.unwrap().unwrap(), StatusCode::CREATED);
    assert_eq!(status(&visma, id, "wait_ms=5000").await["state"], "reached");
}

#[tokio::test]
async fn a_bad_request_is_refused_before_the_commit_point() {
    let visma = start(json!({})).await;
    let id = visma.hold(json!({ "point": "before_commit", "on": { "path": "/v2/" } })).await;
    assert_eq!(send(&visma, "99999").await.unwrap().unwrap(), StatusCode::BAD_REQUEST);
    assert_eq!(status(&visma, id, "").await["state"], "armed");
    let unknown = visma.control(Method::GET, "holds/99", &json!(null)).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn reads_can_be_held_too_and_all_holds_let_go() {
    let visma = start(json!({})).await;
    let id = visma.hold(json!({ "point": "after_commit", "on": { "method": "GET", "path": "/v1/branch" } })).await;
    let request = visma.request(Method::GET, "/v1/branch");
    let held = tokio::spawn(async move { request.send().await.map(|answer| answer.status()) });
    assert_eq!(status(&visma, id, "wait_ms=5000").await["state"], "reached");
    visma.control(Method::DELETE, "holds", &json!(null)).await;
    assert_eq!(held.await.unwrap().unwrap(), StatusCode::OK);
}
