//! Credentials, tenant and company that are wrong: the service that meets them is not ready and says why, nothing is
//! given up on, nothing is created, and all of it goes on once they are right.

use std::time::{Duration, Instant};

use ml_connector::stand::installation::SERVICES;
use serde_json::{Value, json};

use super::order::order;
use crate::house::{House, Wishes, assert_agrees};

const PATIENCE: Duration = Duration::from_secs(60);
/// The tenant id beside the right one in Visma's pages: tokens are given for it, and calls with them are refused.
const CUSTOMERS_TENANT: &str = "0b6f2a90-93f4-4f5c-8e0a-6a54b0a5c902";

/// Waits until `service` is not ready, and its answer and its log hold each of `says`.
async fn until_not_ready(house: &House, service: &str, says: &[&str]) {
    let started = Instant::now();
    loop {
        let readiness = house.readiness(service).await.unwrap_or_default();
        if readiness.starts_with("not ready") && says.iter().all(|words| readiness.contains(words)) {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{service} does not say {says:?}: {readiness}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let log = std::fs::read_to_string(house.installation.folder().join(format!("{service}.log"))).unwrap();
    assert!(log.contains(says[0]), "the log of {service} does not say {}: {log}", says[0]);
}

/// A house whose services run with the setting `key`, which is wrong, and one order.
async fn with_wrong(key: &str, value: &str) -> House {
    let mut house = House::prepare(Wishes::default()).await;
    house.store(&order(1)).await;
    start(&mut house, &[(key, value)]);
    house
}

/// Starts every service, instead of those that run, with `settings` over the right ones.
fn start(house: &mut House, settings: &[(&str, &str)]) {
    house.installation.services.clear();
    let settings: Vec<_> = settings.iter().map(|(key, value)| (format!("ML__{key}"), (*value).to_owned())).collect();
    for service in SERVICES {
        house.installation.start_service_with(service, &settings).unwrap();
    }
}

/// As [`start`], of settings that were wrong from the beginning on: the connection is kept as of what they say.
async fn start_moved(house: &mut House, settings: &[(&str, &str)]) {
    house.installation.services.clear();
    let variables: Vec<_> = settings.iter().map(|(key, value)| (format!("ML__{key}"), *value)).collect();
    let variables: Vec<_> = variables.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    let (code, _, talk) = house.verb(&["provision", "--moved", "--apply"], &variables).await;
    assert_eq!(code, Some(0), "{talk}");
    start(house, settings);
}

async fn assert_nothing_done(house: &House) {
    let ledger = house.ledger().await;
    assert_eq!((&ledger["customers"], &ledger["invoices"]["count"]), (&json!(0), &json!(0)), "{ledger:#}");
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn a_wrong_commerce_secret_is_told_and_orders_come_when_it_is_right() {
    let mut house = with_wrong("COMMERCE__CONSUMER_SECRET", "not-the-secret").await;
    until_not_ready(&house, "ingestor-commerce", &["COMMERCE_UNAUTHORISED", "check the credentials"]).await;
    assert_eq!(house.messages("CHANGES").await, 0);
    start(&mut house, &[]);
    house.until_booked(1, PATIENCE).await;
    house.until_ready("ingestor-commerce").await;
}

#[tokio::test]
async fn a_wrong_visma_secret_is_told_and_nothing_is_given_up_on() {
    let mut house = with_wrong("VISMA__CLIENT_SECRET", "not-the-secret").await;
    until_not_ready(&house, "ingestor-visma", &["VISMA_CLIENT_REFUSED", "Developer Portal"]).await;
    until_not_ready(&house, "writer-visma", &["VISMA_CLIENT_REFUSED"]).await;
    assert_nothing_done(&house).await;
    start(&mut house, &[]);
    house.until_booked(1, PATIENCE).await;
    // The same again on an installation that has run: customers are known, and an order comes.
    start(&mut house, &[("VISMA__CLIENT_SECRET", "not-the-secret")]);
    house.store(&order(2)).await;
    until_not_ready(&house, "writer-visma", &["VISMA_CLIENT_REFUSED"]).await;
    start(&mut house, &[]);
    house.until_booked(2, PATIENCE).await;
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn a_secret_that_is_changed_while_running_stops_documents_and_not_for_good() {
    let house = House::start(Wishes::default()).await;
    house.store(&order(1)).await;
    house.until_booked(1, PATIENCE).await;
    let secret = |text: &str| json!({ "client_secret": text });
    house.installation.tell("visma/config", &secret("another")).await.unwrap();
    house.installation.tell("visma/revoke-tokens", &Value::Null).await.unwrap();
    house.store(&order(2)).await;
    until_not_ready(&house, "writer-visma", &["VISMA_CLIENT_REFUSED"]).await;
    house.installation.tell("visma/config", &secret("sandbox-secret")).await.unwrap();
    house.until_booked(2, PATIENCE).await;
    house.until_ready("writer-visma").await;
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_or_is_the_customers_is_told() {
    let mut house = House::prepare(Wishes::default()).await;
    house.store(&order(1)).await;
    start_moved(&mut house, &[("VISMA__TENANT_ID", "00000000-0000-0000-0000-000000000000")]).await;
    until_not_ready(&house, "ingestor-visma", &["VISMA_TENANT_REFUSED", "tenant_id"]).await;
    start_moved(&mut house, &[("VISMA__TENANT_ID", CUSTOMERS_TENANT)]).await;
    until_not_ready(&house, "ingestor-visma", &["VISMA_UNAUTHORISED", "tenant_id", "customer's"]).await;
    assert_nothing_done(&house).await;
    start_moved(&mut house, &[]).await;
    house.until_booked(1, PATIENCE).await;
}

#[tokio::test]
async fn a_company_that_visma_refuses_is_told() {
    let mut house = House::prepare(Wishes::default()).await;
    house.installation.tell("visma/config", &json!({ "wrong_company": "refused" })).await.unwrap();
    house.store(&order(1)).await;
    start_moved(&mut house, &[("VISMA__COMPANY_ID", "7654321")]).await;
    until_not_ready(&house, "ingestor-visma", &["VISMA_COMPANY_REFUSED", "company id"]).await;
    until_not_ready(&house, "writer-visma", &["VISMA_COMPANY_REFUSED"]).await;
    assert_nothing_done(&house).await;
    start_moved(&mut house, &[]).await;
    house.until_booked(1, PATIENCE).await;
}

/// Lists that are empty with 200 look like a company without customers, and whoever believes them makes each anew.
#[tokio::test]
async fn a_wrong_company_whose_lists_are_empty_is_found_out() {
    let mut house = House::prepare(Wishes::default()).await;
    let known = json!({ "emails": ["gjest.1@example.no"] });
    house.installation.tell("visma/customers", &known).await.unwrap();
    house.store(&order(1)).await;
    start_moved(&mut house, &[("VISMA__COMPANY_ID", "7654321")]).await;
    until_not_ready(&house, "ingestor-visma", &["VISMA_COMPANY_EMPTY", "company_id"]).await;
    until_not_ready(&house, "writer-visma", &["VISMA_COMPANY_EMPTY"]).await;
    assert_eq!(house.dead_letters().await, []);
    start_moved(&mut house, &[]).await;
    let ledger = house.until_booked(1, PATIENCE).await;
    assert_eq!(ledger["customers"], 1, "the customer that was there is made again: {ledger:#}");
    // On an installation that has run, where customers are known already.
    start_moved(&mut house, &[("VISMA__COMPANY_ID", "7654321")]).await;
    house.store(&order(2)).await;
    until_not_ready(&house, "writer-visma", &["VISMA_COMPANY_EMPTY"]).await;
    start_moved(&mut house, &[]).await;
    assert_agrees(&house.until_booked(2, PATIENCE).await);
    assert_eq!(house.dead_letters().await, []);
}

/// Access that is taken away while documents are being made keeps all of them out: it is no refusal of any one.
#[tokio::test]
async fn a_company_that_is_taken_away_while_running_makes_no_dead_letters() {
    let house = House::start(Wishes::default()).await;
    house.store(&order(1)).await;
    house.until_booked(1, PATIENCE).await;
    let company = |id: &str| json!({ "company_id": id, "wrong_company": "refused" });
    house.installation.tell("visma/config", &company("7654321")).await.unwrap();
    house.store(&order(2)).await;
    until_not_ready(&house, "writer-visma", &["VISMA_COMPANY_REFUSED"]).await;
    house.installation.tell("visma/config", &company("1234567")).await.unwrap();
    house.until_booked(2, PATIENCE).await;
    house.until_ready("writer-visma").await;
    assert_eq!(house.dead_letters().await, []);
}
