//! `ml-connector ping` against a company and a shop that lack one thing after the other.

use serde_json::{Value, json};

use crate::house::{House, Wishes};

/// Runs a ping, with settings of its own; its exit code and its steps.
async fn ping(house: &House, side: &str, settings: &[(&str, &str)]) -> (Option<i32>, Vec<Value>) {
    let arguments: Vec<&str> = ["ping", side, "--json"].into_iter().filter(|word| !word.is_empty()).collect();
    let (code, said, talk) = house.verb(&arguments, settings).await;
    let steps = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_ne!(code, Some(101), "{talk}");
    (code, steps)
}

/// The step of this name.
fn step<'a>(steps: &'a [Value], name: &str) -> &'a Value {
    steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no step {name} in {steps:#?}"))
}

/// The codes of the steps that failed.
fn failed(steps: &[Value]) -> Vec<(&str, &str)> {
    let failed = steps.iter().filter(|step| step["state"] == "failed");
    failed.map(|step| (step["step"].as_str().unwrap(), step["code"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn all_is_fine_and_nothing_is_written() {
    let house = House::prepare(Wishes::default()).await;
    house.place(3, 3).await;
    let before = house.ledger().await;
    let (code, steps) = ping(&house, "", &[]).await;
    assert_eq!((code, failed(&steps)), (Some(0), vec![]), "{steps:#?}");
    for name in ["dns", "tcp", "tls", "clock", "token", "company", "customerinvoice", "purchaseorder", "rate window"] {
        step(&steps, name);
    }
    assert!(step(&steps, "company")["said"].as_str().unwrap().contains("Nordlys Handel AS (branch 1"));
    assert!(step(&steps, "stores")["said"].as_str().unwrap().contains("default (1), se (2), eu (3)"));
    assert!(step(&steps, "order")["said"].as_str().unwrap().contains("3 records"));
    assert!(step(&steps, "webhooks")["said"].as_str().unwrap().contains("Adobe I/O Events"));
    assert_eq!(step(&steps, "comment")["state"], "fine");
    let after = house.ledger().await;
    assert_eq!(before["invoices"], after["invoices"]);
    let log = house.installation.ask("log?since=0").await.unwrap();
    let wrote =
        |entry: &&Value| !entry["kind"].as_str().unwrap().starts_with("GET") && entry["status"].as_u64() < Some(300);
    let wrote: Vec<&Value> = log.as_array().unwrap().iter().filter(wrote).collect();
    assert!(wrote.iter().all(|entry| entry["target"] == "/connect/token"), "{wrote:#?}");
}

#[tokio::test]
async fn each_thing_that_visma_lacks_is_named() {
    let house = House::prepare(Wishes::default()).await;
    let with = |key, value| [(key, value)];
    for (settings, wanted) in [
        (with("ML__VISMA__CLIENT_SECRET", "wrong"), ("token", "VISMA_CLIENT_REFUSED")),
        (with("ML__VISMA__TENANT_ID", "somebody-else"), ("token", "VISMA_TENANT_REFUSED")),
        // The customer's tenant, which stands beside the company's.
        (with("ML__VISMA__TENANT_ID", "0b6f2a90-93f4-4f5c-8e0a-6a54b0a5c902"), ("tenant", "VISMA_UNAUTHORISED")),
        (with("ML__VISMA__COMPANY_ID", "7654321"), ("company", "VISMA_COMPANY_EMPTY")),
        (with("ML__VISMA__BASE_URL", "http://127.0.0.1:1"), ("tcp", "PING_CONNECT")),
        (with("ML__VISMA__BASE_URL", "http://there.is.no.such.host.invalid"), ("dns", "PING_DNS")),
    ] {
        let (code, steps) = ping(&house, "visma", &settings).await;
        assert_eq!((code, failed(&steps)), (Some(1), vec![wanted]), "{steps:#?}");
        let last = steps.last().unwrap();
        assert_eq!(last["step"], wanted.0, "nothing further is asked: {steps:#?}");
        assert!(!last["remedy"].as_str().unwrap().is_empty());
    }
    let forbidden = json!({ "forbidden": ["purchaseorder", "customerPayment"] });
    house.installation.tell("visma/config", &forbidden).await.unwrap();
    let (code, steps) = ping(&house, "visma", &with("ML__VISMA__POLL__ENTITIES", "customer,purchaseorder")).await;
    assert_eq!((code, failed(&steps)), (Some(1), vec![("purchaseorder", "VISMA_FORBIDDEN")]), "{steps:#?}");
    assert_eq!(step(&steps, "customerPayment")["state"], "notice");
    assert_eq!(step(&steps, "rate window")["state"], "fine");
    let (code, said, talk) = house.verb(&["ping"], &with("ML__VISMA__CLIENT_ID", "")).await;
    assert_eq!((code, said.as_str()), (Some(2), ""), "{talk}");
    assert!(talk.contains("SETTINGS_INCOMPLETE"), "{talk}");
}

#[tokio::test]
async fn each_thing_that_commerce_lacks_is_named() {
    let house = House::prepare(Wishes::default()).await;
    let (code, steps) = ping(&house, "commerce", &[("ML__COMMERCE__CONSUMER_SECRET", "wrong")]).await;
    assert_eq!((code, failed(&steps)), (Some(1), vec![("credentials", "COMMERCE_UNAUTHORISED")]), "{steps:#?}");
    let base = format!("http://{}/rest/no_such_store", house.installation.commerce);
    let (_, steps) = ping(&house, "commerce", &[("ML__COMMERCE__BASE_URL", &base)]).await;
    assert_eq!(failed(&steps), [("credentials", "COMMERCE_REFUSED")], "{steps:#?}");
    let usual = serde_json::to_value(sandbox::commerce::Integration::default()).unwrap();
    let with = |change: Value| {
        let mut integration = usual.clone();
        integration.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "integrations": [integration] })
    };
    let rights = |names: &[&str]| with(json!({ "resources": names }));
    let most = ["Magento_Sales::actions_view", "Magento_Sales::sales_invoice", "Magento_Sales::sales_creditmemo"];
    for (change, wanted) in [
        (with(json!({ "active": false })), vec![("credentials", "COMMERCE_UNAUTHORISED")]),
        (with(json!({ "revoked": true })), vec![("credentials", "COMMERCE_UNAUTHORISED")]),
        (rights(&most), vec![("customer", "COMMERCE_FORBIDDEN"), ("comment", "COMMERCE_FORBIDDEN")]),
        (json!({ "clock_ahead_seconds": -700 }), vec![("clock", "PING_CLOCK")]),
    ] {
        house.installation.tell_shop("commerce/config", &change).await.unwrap();
        let (code, steps) = ping(&house, "commerce", &[]).await;
        assert_eq!((code, failed(&steps)), (Some(1), wanted), "{steps:#?}");
    }
    house.installation.tell_shop("commerce/config", &json!({ "clock_ahead_seconds": 0 })).await.unwrap();
    // A right that is missing is named as the Admin names it; what the mapping verbs alone need is a notice.
    house.installation.tell_shop("commerce/config", &rights(&most)).await.unwrap();
    let (_, steps) = ping(&house, "commerce", &[]).await;
    for (name, state, place) in [
        ("comment", "failed", "\"Sales > Operations > Orders > Actions > Comment\""),
        ("customer", "failed", "\"Customers\""),
        ("stores", "notice", "\"Stores > Settings > All Stores\""),
        ("tax rates", "notice", "\"Stores > Taxes\""),
        ("customer groups", "notice", "\"Customers > Customer Groups\""),
    ] {
        let step = step(&steps, name);
        assert!(step["state"] == state && step["remedy"].as_str().unwrap().contains(place), "{step:#?}");
    }
    let short = [("ML__COMMERCE__WEBHOOK__SECRET", "too-short")];
    house
        .installation
        .tell_shop("commerce/config", &with(json!({ "resources": ["Magento_Backend::all"] })))
        .await
        .unwrap();
    let (code, steps) = ping(&house, "commerce", &short).await;
    assert_eq!((code, failed(&steps)), (Some(1), vec![("webhook secret", "WEBHOOK_DOOR")]), "{steps:#?}");
}
