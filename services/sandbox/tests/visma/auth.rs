//! Tokens, the company header and the rate window.

use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{read, start, token_form};

#[tokio::test]
async fn a_token_is_refused_with_the_error_of_the_standard() {
    let visma = start(json!({})).await;
    let good = token_form(&visma.sandbox);
    let config = visma.sandbox.company.config();
    for (from, to, status, error) in [
        (config.client_secret.as_str(), "wrong", 401, "invalid_client"),
        (config.client_id.as_str(), "wrong", 401, "invalid_client"),
        ("_api%3Aread", "_api%3Aeverything", 400, "invalid_scope"),
        (config.tenant_id.as_str(), "00000000-0000-0000-0000-000000000000", 400, "invalid_tenant"),
        ("client_credentials", "password", 400, "unsupported_grant_type"),
    ] {
        assert!(good.contains(from), "{from}");
        let answer = visma.token_answer(&good.replace(from, to)).await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (status, Some(error)));
    }
}

#[tokio::test]
async fn credentials_may_come_as_basic() {
    let visma = start(json!({})).await;
    let config = visma.sandbox.company.config();
    let form =
        format!("grant_type=client_credentials&scope=vismanet_erp_service_api:read&tenant_id={}", config.tenant_id);
    let request = visma.http.post(visma.url("/connect/token"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = read(request.basic_auth(&config.client_id, Some(&config.client_secret)).send().await.unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["expires_in"], 3600);
}

#[tokio::test]
async fn the_customers_tenant_gets_a_token_that_the_api_refuses() {
    let mut visma = start(json!({})).await;
    let config = visma.sandbox.company.config();
    let form = token_form(&visma.sandbox).replace(&config.tenant_id, &config.customer_tenant_id);
    let answer = visma.token_answer(&form).await;
    assert_eq!(answer.status, StatusCode::OK);
    visma.token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(visma.get("/v1/branch").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_expires_and_can_be_revoked() {
    let mut visma = start(json!({ "token_seconds": 0 })).await;
    assert_eq!(visma.get("/v1/branch").await.status, StatusCode::UNAUTHORIZED);
    visma.sandbox.company.patch_config(json!({ "token_seconds": 3600 })).unwrap();
    visma.token = visma.new_token().await;
    assert_eq!(visma.get("/v1/branch").await.status, StatusCode::OK);
    visma.control(Method::POST, "visma/revoke-tokens", &json!(null)).await;
    assert_eq!(visma.get("/v1/branch").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_scope_covers_its_verbs_only() {
    let mut visma = start(json!({})).await;
    let form = token_form(&visma.sandbox).replace("vismanet_erp_service_api%3Acreate+", "");
    visma.token = visma.token_answer(&form).await.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(visma.get("/v1/customer").await.status, StatusCode::OK);
    assert_eq!(visma.post("/v1/customer", &json!({})).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_wrong_company_is_an_empty_list_or_a_refusal() {
    let mut visma = start(json!({})).await;
    let bare = visma.http.get(visma.url("/v1/branch")).bearer_auth(&visma.token);
    let missing = read(bare.send().await.unwrap()).await;
    assert_eq!((missing.status.as_u16(), missing.json()["ExceptionFaultCode"].as_str()), (400, Some("12002")));

    visma.company = "7654321".to_owned();
    assert_eq!(visma.list("/v1/branch").await.len(), 0);
    visma.sandbox.company.patch_config(json!({ "wrong_company": "refused" })).unwrap();
    assert_eq!(visma.get("/v1/branch").await.status, StatusCode::BAD_REQUEST);
    visma.sandbox.company.patch_config(json!({ "company_header": "ignored" })).unwrap();
    assert_eq!(visma.list("/v1/branch").await.len(), 1);
}

#[tokio::test]
async fn the_window_closes_after_its_limit_and_opens_again() {
    let visma = start(json!({ "rate_limit": 2, "rate_window_ms": 400 })).await;
    let first = visma.get("/v1/branch").await;
    assert_eq!((first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")), ("2", "1"));
    assert_eq!((first.header("x-ratelimit-reset"), first.header("x-ratelimit-policy")), ("1", "4-fixed-window"));
    assert_eq!(visma.get("/v1/branch").await.status, StatusCode::OK);
    let over = visma.get("/v1/branch").await;
    assert_eq!((over.status, over.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(over.header("x-ratelimit-remaining"), "0");
    assert!(!over.header("ipp-request-id").is_empty());

    tokio::time::sleep(std::time::Duration::from_millis(450)).await;
    assert_eq!(visma.get("/v1/branch").await.status, StatusCode::OK);
    let calls = visma.control(Method::GET, "calls", &json!(null)).await.json();
    assert_eq!(calls["visma"]["by_kind"]["GET /v1/branch"]["statuses"], json!({ "200": 3, "429": 1 }));
    assert_eq!((&calls["visma"]["total"], &calls["visma"]["tokens"]), (&json!(4), &json!(1)));
    let audit = visma.control(Method::GET, "ledger", &json!(null)).await.json()["audit"].clone();
    assert_eq!((&audit["calls_over_limit"], &audit["busiest_window"]), (&json!(1), &json!(3)));
}

#[tokio::test]
async fn a_right_can_be_missing_for_a_resource_or_for_one_method_of_it() {
    let visma = start(json!({ "forbidden": ["supplierinvoice", "POST customer"] })).await;
    for (method, path, status) in [
        (Method::GET, "/v1/supplierInvoice", StatusCode::FORBIDDEN),
        (Method::GET, "/v1/purchaseorder", StatusCode::OK),
        (Method::GET, "/v1/customer", StatusCode::OK),
        (Method::POST, "/v1/customer", StatusCode::FORBIDDEN),
        (Method::GET, "/v1/customer/1", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(visma.send(method, path, &json!(null)).await.status, status, "{path}");
    }
}
