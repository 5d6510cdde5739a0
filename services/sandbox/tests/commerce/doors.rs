//! Administrators' tokens, Adobe's identity service and the paths of SaaS, limits on calls, a clock that is wrong.

use sandbox::commerce::{Admin, Admins, Config, Flavour, Ims, RateLimit};
use serde_json::{Value, json};

use crate::client::{Answer, Served, serve};
use crate::signer::Signer;

const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn sign_in(shop: &Served, username: &str, password: &str) -> Answer {
    let url = format!("{}/rest/default/V1/integration/admin/token", shop.base);
    let body = json!({ "username": username, "password": password }).to_string();
    shop.send("POST", &url, &[JSON], &body).await
}

async fn orders(shop: &Served, token: &str) -> Answer {
    let url = format!("{}/rest/V1/orders/1", shop.base);
    shop.send("GET", &url, &[("Authorization", &format!("Bearer {token}"))], "").await
}

fn admins(lock_seconds: i64) -> Config {
    Config { admins: Admins { lock_seconds, ..Admins::default() }, ..Config::default() }
}

#[tokio::test]
async fn an_administrators_token_opens_what_the_account_may() {
    let shop = serve(Config::default(), 1).await;
    let admin = Admin::default();
    let answer = sign_in(&shop, &admin.username, &admin.password).await;
    let token = answer.json.as_str().unwrap().to_owned();
    assert_eq!((answer.status.as_u16(), token.len()), (200, 32), "a JSON string: {}", answer.text);
    assert_eq!(orders(&shop, &token).await.status, 200);
    let refused = "{\"message\":\"The consumer isn't authorized to access %resources.\",\
         \"parameters\":{\"resources\":\"Magento_Sales::actions_view\"}}";
    orders(&shop, "nonsense").await.is(401, refused);
    let limited = json!({ "admins": { "accounts": [{ "resources": ["Magento_Customer::customer"] }] } });
    assert_eq!(shop.control("commerce/config", &limited.to_string()).await.status, 200);
    orders(&shop, &token).await.is(401, refused);
    let expired = json!({ "admins": { "accounts": [{}], "token_seconds": 0 } });
    shop.control("commerce/config", &expired.to_string()).await;
    assert_eq!(orders(&shop, &token).await.status, 200, "the life of a token is settled when it is given");
    let short = sign_in(&shop, &admin.username, &admin.password).await;
    orders(&shop, short.json.as_str().unwrap()).await.is(401, refused);
    shop.control("commerce/revoke-tokens", "").await;
    orders(&shop, &token).await.is(401, refused);
}

#[tokio::test]
async fn six_wrong_passwords_lock_an_account_for_the_right_one_too() {
    let shop = serve(admins(2), 1).await;
    let admin = Admin::default();
    let incorrect = "The account sign-in was incorrect or your account is disabled temporarily. Please wait and try \
                     again later.";
    for _ in 0..5 {
        assert_eq!(sign_in(&shop, &admin.username, "guess").await.message(), incorrect);
    }
    assert_eq!(sign_in(&shop, &admin.username, &admin.password).await.status, 200, "five are forgiven");
    for _ in 0..6 {
        assert_eq!(sign_in(&shop, &admin.username, "guess").await.status, 401);
    }
    let locked = sign_in(&shop, &admin.username, &admin.password).await;
    assert_eq!((locked.status.as_u16(), locked.message()), (401, incorrect));
    assert_eq!(sign_in(&shop, "someone", "else").await.status, 401);
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    assert_eq!(sign_in(&shop, &admin.username, &admin.password).await.status, 200, "the lock ends");
    assert_eq!(sign_in(&shop, "", "").await.json["errors"].as_array().unwrap().len(), 2);

    let second = Admin { two_factor: true, ..Admin::default() };
    let shop = serve(Config { admins: Admins { accounts: vec![second], ..Admins::default() }, ..Config::default() }, 0);
    let refused = sign_in(&shop.await, &admin.username, &admin.password).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json["parameters"]["active_providers"][0], "google");
}

fn saas() -> Config {
    Config { flavour: Flavour::Saas, ..Config::default() }
}

async fn token(shop: &Served, scope: &str) -> Answer {
    let ims = Ims::default();
    let form = format!(
        "client_id={}&client_secret={}&grant_type=client_credentials&scope={scope}",
        ims.client_id, ims.client_secret
    );
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    shop.send("POST", &format!("{}/ims/token/v3", shop.base), &[kind], &form).await
}

/// A call to `/{tenant}/V1/{path}` with these headers.
async fn call(shop: &Served, path: &str, headers: &[(&str, &str)]) -> Answer {
    let url = format!("{}/{}/V1/{path}", shop.base, Ims::default().tenant);
    shop.send("GET", &url, headers, "").await
}

#[tokio::test]
async fn saas_takes_a_token_of_the_identity_service_and_no_other_credential() {
    let shop = serve(saas(), 1).await;
    let given = token(&shop, "openid,AdobeID,commerce.accs").await.json;
    assert_eq!((&given["token_type"], &given["expires_in"]), (&json!("bearer"), &json!(86_399)));
    let bearer = format!("Bearer {}", given["access_token"].as_str().unwrap());
    let client = Ims::default().client_id;
    let good = [("Authorization", bearer.as_str()), ("x-api-key", client.as_str())];
    assert_eq!(call(&shop, "orders/1", &good).await.json["entity_id"], 1);
    assert_eq!(call(&shop, "orders/1", &[good[0], good[1], ("Store", "se")]).await.status, 200);
    assert_eq!(call(&shop, "orders/1", &[good[0], good[1], ("Store", "nosuch")]).await.status, 400);

    assert_eq!(call(&shop, "orders/1", &[good[0]]).await.status, 403, "the gateway wants the key");
    assert_eq!(call(&shop, "orders/1", &[good[1]]).await.status, 401);
    let old = call(&shop, "orders/1", &[("Authorization", "Bearer old"), good[1]]).await;
    assert_eq!((old.status.as_u16(), &old.json["error_code"]), (401, &json!("401013")));
    assert_eq!(call(&shop, "orders/1", &[good[0], good[1], ("x-gw-ims-org-id", "other@AdobeOrg")]).await.status, 403);
    let url = format!("{}/{}/V1/orders/1", shop.base, Ims::default().tenant);
    let signed = Signer::new(&shop.keys).header("GET", &url);
    assert_eq!(call(&shop, "orders/1", &[("Authorization", &signed), good[1]]).await.status, 401, "OAuth 1.0a");
    let paas = shop.send("GET", &format!("{}/rest/V1/orders/1", shop.base), &good, "").await;
    assert_eq!(paas.status, 404);
    let admin = format!("{}/{}/V1/integration/admin/token", shop.base, Ims::default().tenant);
    assert_eq!(shop.send("POST", &admin, &[good[0], good[1], JSON], "{}").await.status, 404);

    shop.control("commerce/config", &json!({ "ims": { "require_org_id": true } }).to_string()).await;
    assert_eq!(call(&shop, "orders/1", &good).await.status, 403);
    let org = Ims::default().org_id;
    assert_eq!(call(&shop, "orders/1", &[good[0], good[1], ("x-gw-ims-org-id", &org)]).await.status, 200);
    shop.control("commerce/revoke-tokens", "").await;
    assert_eq!(call(&shop, "orders/1", &[good[0], good[1], ("x-gw-ims-org-id", &org)]).await.status, 401);
}

#[tokio::test]
async fn the_identity_service_says_what_is_wrong() {
    let shop = serve(saas(), 0).await;
    assert_eq!(token(&shop, "openid").await.json["error"], "invalid_scope");
    let url = format!("{}/ims/token/v3", shop.base);
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let wrong = async |form: &str| shop.send("POST", &url, &[kind], form).await.json["error"].clone();
    assert_eq!(wrong("grant_type=client_credentials&client_id=x").await, "invalid_client");
    assert_eq!(wrong("grant_type=password").await, "unsupported_grant_type");
    shop.control("commerce/config", &json!({ "ims": { "token_seconds": 1 } }).to_string()).await;
    let given: Value = token(&shop, "commerce.accs").await.json;
    assert_eq!(given["expires_in"], 1);
    tokio::time::sleep(std::time::Duration::from_millis(2_000)).await;
    let bearer = format!("Bearer {}", given["access_token"].as_str().unwrap());
    let headers = [("Authorization", bearer.as_str()), ("x-api-key", &Ims::default().client_id)];
    assert_eq!(call(&shop, "orders", &headers).await.status, 401, "a token ends");
}

#[tokio::test]
async fn a_limit_on_calls_is_429_with_and_without_a_time() {
    let limit = RateLimit { calls: 2, window_ms: 700, retry_after: false };
    let shop = serve(Config { rate_limit: Some(limit), ..Config::default() }, 1).await;
    for _ in 0..2 {
        assert_eq!(shop.get("orders/1").await.status, 200);
    }
    let refused = shop.get("orders/1").await;
    refused.is(429, "{\"message\":\"Too Many Requests\"}");
    assert!(!refused.headers.contains_key("retry-after"));
    shop.control("commerce/config", "{\"rate_limit\":{\"retry_after\":true}}").await;
    assert_eq!(shop.get("orders/1").await.headers["retry-after"], "1");
    tokio::time::sleep(std::time::Duration::from_millis(800)).await;
    assert_eq!(shop.get("orders/1").await.status, 200);
}

#[tokio::test]
async fn a_clock_that_is_ahead_shows_in_the_date_and_refuses_old_signatures_of_none() {
    let shop = serve(Config { clock_ahead_seconds: -3_600, ..Config::default() }, 1).await;
    let refused = shop.get("orders/1").await;
    assert_eq!(refused.message(), "An error occurred validating the nonce", "an hour ahead of the server");
    let date = refused.headers["date"].to_str().unwrap().to_owned();
    let shown = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&date).unwrap();
    let behind = jiff::Timestamp::now().as_second() - shown.as_second();
    assert!((3_599..3_610).contains(&behind), "{date}");
}
