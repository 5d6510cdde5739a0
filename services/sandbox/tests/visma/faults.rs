//! Faults: what the caller sees, and what was done.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, invoice, read, start};

async fn try_invoice(visma: &Client, customer: &str) -> Result<StatusCode, reqwest::Error> {
    visma.try_send(Method::POST, "/v2/customerinvoice", &invoice(customer, "WEB-1")).await.map(|answer| answer.status())
}

fn on_post() -> Value {
    json!({ "system": "visma", "method": "POST", "path": "/v2/customerinvoice" })
}

#[tokio::test]
async fn a_lost_answer_says_nothing_about_the_work() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    for (fault, done) in [
        (json!({ "kind": "lost_before" }), 0),
        (json!({ "kind": "lost_after" }), 1),
        (json!({ "kind": "reset" }), 0),
        (json!({ "kind": "reset", "done": true }), 1),
    ] {
        let before = visma.sandbox.company.ledger().len();
        let mut fault = fault;
        fault["on"] = on_post();
        visma.arm(fault.clone()).await;
        let error = format!("{:?}", try_invoice(&visma, &customer).await.unwrap_err());
        let reset = fault["kind"] == "reset";
        assert_eq!(error.contains("ConnectionReset"), reset, "{fault}: {error}");
        assert_eq!(visma.sandbox.company.ledger().len() - before, done, "{fault}");
        assert_eq!(try_invoice(&visma, &customer).await.unwrap(), StatusCode::CREATED, "the fault is spent");
    }
}

#[tokio::test]
async fn a_bad_answer_says_nothing_about_the_work_either() {
    let visma = start(json!({})).await;
    let customer = visma.customer().await;
    for (fault, status, done) in [
        (json!({ "kind": "html_5xx" }), 502, 0),
        (json!({ "kind": "html_5xx", "status": 504, "done": true }), 504, 1),
        (json!({ "kind": "json_500" }), 500, 0),
        (json!({ "kind": "json_500", "done": true }), 500, 1),
        (json!({ "kind": "conflict", "done": true }), 409, 1),
        (json!({ "kind": "429" }), 429, 0),
    ] {
        let before = visma.sandbox.company.ledger().len();
        let mut fault = fault;
        fault["on"] = on_post();
        visma.arm(fault.clone()).await;
        assert_eq!(try_invoice(&visma, &customer).await.unwrap().as_u16(), status, "{fault}");
        assert_eq!(visma.sandbox.company.ledger().len() - before, done, "{fault}");
    }
    visma.arm(json!({ "kind": "html_5xx" })).await;
    let page = visma.get("/v1/branch").await;
    assert_eq!((page.header("content-type"), page.body.contains("<html>")), ("text/html", true));
    visma.arm(json!({ "kind": "429", "retry_after": 3 })).await;
    assert_eq!(visma.get("/v1/branch").await.header("retry-after"), "3");
    visma.arm(json!({ "kind": "json_500" })).await;
    assert!(visma.get("/v1/branch").await.json()["message"].as_str().unwrap().starts_with("VismaId: "));
}

#[tokio::test]
async fn a_slow_answer_is_slow() {
    let visma = start(json!({})).await;
    visma.arm(json!({ "kind": "slow", "delay_ms": 200, "on": { "path": "/v1/branch" } })).await;
    let started = Instant::now();
    assert_eq!(visma.get("/v1/branch").await.status, StatusCode::OK);
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_fault_strikes_the_requests_that_it_is_meant_for() {
    let visma = start(json!({})).await;
    let struck = |on: Value| json!({ "kind": "429", "on": on });
    visma.arm(struck(json!({ "path": "/v1/*/internal/*" }))).await;
    visma.arm(struck(json!({ "contains": "status=Open" }))).await;
    visma.arm(struck(json!({ "path": "/v1/vat", "nth": 2, "count": 2 }))).await;
    visma.arm(struck(json!({ "path": "/v1/account", "probability": 0.5, "seed": 1 }))).await;
    let statuses = async |paths: &[&str]| {
        let mut statuses = Vec::new();
        for path in paths {
            statuses.push(visma.get(path).await.status.as_u16());
        }
        statuses
    };
    assert_eq!(statuses(&["/v1/customer/1", "/V1/customer/internal/1"]).await, [404, 429]);
    assert_eq!(statuses(&["/v1/customer", "/v1/customer?status=Open"]).await, [200, 429]);
    assert_eq!(statuses(&["/v1/vat"; 4]).await, [200, 429, 429, 200]);
    let drawn = statuses(&["/v1/account"; 40]).await;
    let hit = drawn.iter().filter(|status| **status == 429).count();
    assert!((8..=32).contains(&hit), "{drawn:?}");
    visma.control(Method::DELETE, "faults", &json!(null)).await;
    assert_eq!(statuses(&["/v1/account"; 5]).await, [200; 5]);

    let nonsense = json!({ "kind": "429", "on": { "probability": 2 } });
    assert_eq!(visma.control(Method::POST, "faults", &nonsense).await.status, StatusCode::BAD_REQUEST);
    let misspelt = json!({ "kind": "429", "on": { "pth": "/" } });
    assert_eq!(visma.control(Method::POST, "faults", &misspelt).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn commerce_fails_in_its_own_words() {
    let visma = start(json!({})).await;
    let ask = async || {
        let url = format!("http://{}/rest/V1/orders", visma.sandbox.commerce_addr);
        let answer = read(visma.http.get(url).send().await.unwrap()).await;
        (answer.status.as_u16(), answer.header("retry-after").to_owned(), answer.body)
    };
    let arm = async |fault: Value| visma.control(Method::POST, "faults", &fault).await;
    arm(json!({ "kind": "429", "on": { "system": "commerce" } })).await;
    assert_eq!(ask().await, (429, String::new(), r#"{"message":"Too Many Requests"}"#.to_owned()));
    arm(json!({ "kind": "429", "on": { "system": "commerce" }, "retry_after": 30, "as_date": true })).await;
    let after = ask().await.1;
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&after).unwrap();
    assert!((25..=30).contains(&(at.as_second() - jiff::Timestamp::now().as_second())), "{after}");
    arm(json!({ "kind": "json_500", "on": { "system": "commerce" } })).await;
    let (status, _, body) = ask().await;
    assert!(status == 500 && body.contains("Report ID: webapi-"), "{body}");
}
