//! Tests of logins at Commerce: of an administrator whose account is never locked by us, and with Adobe's identity
//! service.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::json;

use super::PATIENCE;
use super::stub::{Asked, Stub};
use crate::house::{House, Wishes};

const LOGIN: &str = "/V1/integration/admin/token";
const SERVICE: &str = "ingestor-commerce";

/// Answers as a shop without an order does to a caller that may read it.
fn empty_shop(asked: &Asked) -> (u16, String) {
    if asked.uri.path().ends_with("/V1/store/storeViews") {
        return (200, "[]".to_owned());
    }
    (200, json!({ "items": [], "search_criteria": {}, "total_count": 0 }).to_string())
}

fn unauthorised() -> (u16, String) {
    let parameters = json!({ "resources": "Magento_Sales::actions_view" });
    let message = "The consumer isn't authorized to access %resources.";
    (401, json!({ "message": message, "parameters": parameters }).to_string())
}

/// An installation whose shop is `stub`, and whose polls follow each other quickly.
async fn house_at(stub: &Stub, base: &str, auth: &str) -> House {
    let wishes = Wishes::default()
        .set("COMMERCE__AUTH", auth)
        .set("COMMERCE__BASE_URL", &stub.url(base))
        .set("COMMERCE__POLL__INTERVAL", "100ms")
        .set("COMMERCE__ADMIN_TOKEN__USERNAME", "connector")
        .set("COMMERCE__ADMIN_TOKEN__PASSWORD", "correct horse");
    House::prepare(wishes).await
}

async fn until(house: &House, what: &str, wanted: impl Fn() -> bool) {
    let started = Instant::now();
    while !wanted() {
        assert!(started.elapsed() < PATIENCE, "never came: {what}\n{}", house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// How often the service's log says that the login was refused.
fn told(house: &House) -> usize {
    let log = std::fs::read_to_string(house.installation.folder().join(format!("{SERVICE}.log"))).unwrap_or_default();
    log.matches("COMMERCE_LOGIN_REFUSED").count()
}

#[tokio::test]
async fn a_refused_password_is_tried_once_by_all_processes_and_over_restarts() {
    let sentence = "The account sign-in was incorrect or your account is disabled temporarily.";
    let stub = Stub::start(move |asked| match asked.uri.path().ends_with(LOGIN) {
        true => (401, json!({ "message": sentence }).to_string()),
        false => unauthorised(),
    })
    .await;
    let mut house = house_at(&stub, "/rest/default", "admin_token").await;
    for _ in 0..2 {
        let before = told(&house);
        house.installation.start_service(SERVICE).unwrap();
        until(&house, "several polls that go without a token", || told(&house) >= before + 5).await;
        let ready = house.readiness(SERVICE).await.unwrap();
        assert!(ready.contains("COMMERCE_LOGIN_REFUSED") && ready.contains("is not tried before"), "{ready}");
        house.installation.take_service(SERVICE).unwrap().kill();
    }
    let logins = stub.asked(LOGIN);
    assert_eq!(logins.len(), 1, "the account is on its way to be locked: {logins:?}");
    assert!(!house.logs().contains("correct horse"), "the password is in the logs");
    // A person acts: another password is tried at once, and again only once.
    let before = told(&house);
    let other = ("ML__COMMERCE__ADMIN_TOKEN__PASSWORD".to_owned(), "battery staple".to_owned());
    house.installation.start_service_with(SERVICE, &[other]).unwrap();
    until(&house, "several polls more", || told(&house) >= before + 5).await;
    assert_eq!(stub.asked(LOGIN).len(), 2);
}

#[tokio::test]
async fn an_administrators_token_is_renewed_before_it_ends_and_when_it_is_refused() {
    let valid = Arc::new(Mutex::new(BTreeMap::<String, Instant>::new()));
    let (tokens, logins, denied) = (valid.clone(), AtomicU32::new(0), Arc::new(AtomicU32::new(0)));
    let refused = denied.clone();
    let stub = Stub::start(move |asked| {
        let mut tokens = tokens.lock().unwrap();
        if asked.uri.path().ends_with(LOGIN) {
            let token = format!("token-{}", logins.fetch_add(1, Ordering::Relaxed));
            tokens.insert(format!("Bearer {token}"), Instant::now());
            return (200, format!("\"{token}\""));
        }
        // As the shop has it, a token lives for two seconds.
        let since = tokens.get(asked.header("authorization"));
        if since.is_some_and(|since| since.elapsed().as_millis() < 2000) {
            return empty_shop(asked);
        }
        refused.fetch_add(1, Ordering::Relaxed);
        unauthorised()
    })
    .await;
    let mut house = house_at(&stub, "/rest/default", "admin_token").await;
    let set = |key: &str, value: &str| (format!("ML__COMMERCE__{key}"), value.to_owned());
    // One call at a time: each that is on its way when a session is ended is refused.
    let settings = [set("ADMIN_TOKEN__LIFE", "2s"), set("POLL__ENTITIES", "order")];
    house.installation.start_service_with(SERVICE, &settings).unwrap();
    until(&house, "three logins", || stub.asked(LOGIN).len() >= 3).await;
    assert_eq!(denied.load(Ordering::Relaxed), 0, "a token was used after its end");
    let body: serde_json::Value = serde_json::from_slice(&stub.asked(LOGIN)[0].body).unwrap();
    assert_eq!(body, json!({ "username": "connector", "password": "correct horse" }));
    // A person ends every session: one refusal, one login, and on.
    let before = stub.asked(LOGIN).len();
    valid.lock().unwrap().clear();
    until(&house, "a login after the refusal", || stub.asked(LOGIN).len() > before).await;
    house.until_ready(SERVICE).await;
    assert_eq!(denied.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_right_that_is_missing_does_not_fetch_token_after_token() {
    let logins = AtomicU32::new(0);
    let stub = Stub::start(move |asked| match asked.uri.path().ends_with(LOGIN) {
        true => (200, format!("\"token-{}\"", logins.fetch_add(1, Ordering::Relaxed))),
        false => unauthorised(),
    })
    .await;
    let mut house = house_at(&stub, "/rest/default", "admin_token").await;
    house.installation.start_service(SERVICE).unwrap();
    until(&house, "many calls", || stub.asked("/V1/store/storeViews").len() >= 10).await;
    assert!(stub.asked(LOGIN).len() <= 2, "{} logins", stub.asked(LOGIN).len());
    let ready = house.readiness(SERVICE).await.unwrap();
    assert!(ready.contains("COMMERCE_UNAUTHORISED"), "{ready}");
}

#[tokio::test]
async fn adobes_identity_service_gives_one_token_for_a_day() {
    let stub = Stub::start(|asked| match asked.uri.path() {
        "/ims/token/v3" => {
            // A number as a text: some endpoints send that.
            (200, json!({ "access_token": "ims-token", "token_type": "bearer", "expires_in": "86399" }).to_string())
        }
        path if path.starts_with("/tenant-1/V1/") && asked.header("authorization") == "Bearer ims-token" => {
            empty_shop(asked)
        }
        _ => unauthorised(),
    })
    .await;
    let mut house = house_at(&stub, "/tenant-1", "ims").await;
    let set = |key: &str, value: &str| (format!("ML__COMMERCE__IMS__{key}"), value.to_owned());
    let settings = [
        set("TOKEN_URL", &stub.url("/ims/token/v3")),
        set("CLIENT_ID", "client-1"),
        set("CLIENT_SECRET", "a secret of Adobe's"),
        set("ORG_ID", "1234@AdobeOrg"),
    ];
    house.installation.start_service_with(SERVICE, &settings).unwrap();
    house.until_ready(SERVICE).await;
    until(&house, "several polls", || stub.asked("/V1/orders").len() >= 5).await;
    let tokens = stub.asked("/ims/token/v3");
    assert_eq!(tokens.len(), 1);
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&tokens[0].body).into_owned().collect();
    assert_eq!(tokens[0].method, "POST");
    let field = |name: &str| form[name].as_str();
    assert_eq!([field("grant_type"), field("client_id")], ["client_credentials", "client-1"]);
    assert_eq!(field("client_secret"), "a secret of Adobe's");
    assert!(field("scope").starts_with("openid,") && field("scope").ends_with(",commerce.accs"), "{form:?}");
    let order = &stub.asked("/V1/orders")[0];
    let sent = ["x-api-key", "x-gw-ims-org-id", "store"].map(|name| order.header(name).to_owned());
    assert_eq!(sent, ["client-1", "1234@AdobeOrg", "default"]);
    assert!(!house.logs().contains("ims-token") && !house.logs().contains("a secret of Adobe's"));
}

/// A gateway stands where the token endpoint should: the log says which status it answers, and what to look at.
#[tokio::test]
async fn a_token_endpoint_that_is_none_is_told_by_its_status() {
    let stub = Stub::start(|_| (404, "<html><title>Not Found</title></html>".to_owned())).await;
    let mut house = house_at(&stub, "/tenant-1", "ims").await;
    let set = |key: &str, value: &str| (format!("ML__COMMERCE__IMS__{key}"), value.to_owned());
    let settings = [
        set("TOKEN_URL", &stub.url("/nowhere")),
        set("CLIENT_ID", "client-1"),
        set("CLIENT_SECRET", "a secret of Adobe's"),
    ];
    house.installation.start_service_with(SERVICE, &settings).unwrap();
    until(&house, "a word about the address", || {
        let log =
            std::fs::read_to_string(house.installation.folder().join(format!("{SERVICE}.log"))).unwrap_or_default();
        log.contains(
            "the token endpoint answered 404 Not Found, neither a token nor why there is none; check its address",
        )
    })
    .await;
}
