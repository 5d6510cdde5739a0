//! Nothing is killed here, but answers are lost, late, or lies: whether a write was done is what the caller cannot see.

use serde_json::{Value, json};

use super::settled::until_settled;
use crate::house::{House, Wishes};

const INVOICES: &str = "/v2/customerinvoice";
const CUSTOMERS: &str = "/v1/customer";
const LISTS: &str = "/v1/customerinvoice";

/// The client gives up after 2 s and a slow answer takes 3 s, before or after the work. A send begins up to 1 s after
/// its intent, so the slowest work is done 4 s after it: half of the 8 s after which absent is believed.
const SLOW_MS: u64 = 3_000;

fn wishes() -> Wishes {
    Wishes::default()
        .set("COMMERCE__POLL__INTERVAL", "300ms")
        // No poll reads the list that look-ups are counted on.
        .set("VISMA__POLL__ENTITIES", "customer, purchaseorder")
        .set("VISMA__TIMEOUT", "2s")
        .set("VISMA__CREATE__DOUBT_WAIT", "8s")
        .set("VISMA__CREATE__SEND_WITHIN", "1s")
        // One document may be struck more often here than on any bad day; asking a person is not what is tested.
        .set("VISMA__CREATE__ATTEMPTS", "20")
}

async fn arm(house: &House, fault: &Value, method: &str, path: &str, count: u64) {
    let mut fault = fault.clone();
    // The whole path: as a prefix, `/v1/customer` would be that of the invoices too.
    fault["on"] = json!({ "system": "visma", "method": method, "path": format!("*{path}"), "count": count });
    house.installation.tell("faults", &fault).await.unwrap();
}

async fn calls(house: &House, kind: &str) -> Value {
    house.installation.ask("calls").await.unwrap()["visma"]["by_kind"][kind].clone()
}

/// Every fault strikes creates of several orders and of a customer, and look-ups fail too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_whose_answers_are_lost_late_or_errors() {
    let house = House::prepare(wishes()).await;
    let unclear = [
        json!({ "kind": "lost_after" }),
        json!({ "kind": "lost_before" }),
        json!({ "kind": "html_5xx", "done": true }),
        json!({ "kind": "html_5xx", "done": false }),
        json!({ "kind": "json_500", "done": true }),
        json!({ "kind": "json_500", "done": false }),
        json!({ "kind": "slow", "delay_ms": SLOW_MS, "done": true }),
        json!({ "kind": "slow", "delay_ms": SLOW_MS, "done": false }),
        json!({ "kind": "reset", "done": true }),
        json!({ "kind": "reset", "done": false }),
        json!({ "kind": "conflict", "done": true }),
        json!({ "kind": "conflict", "done": false }),
    ];
    for fault in &unclear {
        arm(&house, fault, "POST", INVOICES, 3).await;
        arm(&house, fault, "POST", CUSTOMERS, 1).await;
    }
    for fault in &unclear[1..6] {
        arm(&house, fault, "GET", LISTS, 1).await;
    }
    let house = running(house);
    house.place(40, 24).await;
    until_settled(&house, 40).await;

    for (kind, each) in [("POST /v2/customerinvoice", 3), ("POST /v1/customer", 1)] {
        let calls = calls(&house, kind).await;
        assert_eq!(calls["statuses"]["502"], 2 * each, "{kind}: {calls}");
        assert_eq!(calls["statuses"]["500"], 2 * each, "{kind}: {calls}");
        assert_eq!(calls["statuses"]["409"], 2 * each, "{kind}: {calls}");
        let answered: u64 = calls["statuses"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        assert_eq!(calls["calls"].as_u64().unwrap() - answered, 4 * each, "lost and reset; {kind}: {calls}");
    }
}

/// 429 says that nothing was done: the documents are sent again without being in doubt, and nothing is looked up. Not
/// even those whose first call was put off for a moment and whose second one must wait for so long that a delivery of
/// which nothing is written yet would be handed back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_that_are_turned_away_with_429() {
    let house = House::prepare(wishes()).await;
    let asks = json!({ "kind": "429", "retry_after": 1 });
    arm(&house, &asks, "POST", CUSTOMERS, 1).await;
    arm(&house, &asks, "POST", INVOICES, 3).await;
    arm(&house, &json!({ "kind": "429", "retry_after": 8 }), "POST", INVOICES, 1).await;
    // Five seconds are taken for what this one leaves out.
    arm(&house, &json!({ "kind": "429" }), "POST", INVOICES, 1).await;
    let house = running(house);
    house.place(16, 8).await;
    until_settled(&house, 16).await;
    let creates = calls(&house, "POST /v2/customerinvoice").await;
    assert_eq!(creates["statuses"], json!({ "201": 16, "429": 5 }));
    // The list that is read at the start, and no look-up.
    assert_eq!(calls(&house, "GET /v1/customerinvoice").await["calls"], 1);
}

/// A redirect is about an address, and no refusal of any one document: nothing is given up on, followed, or looked up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_that_are_sent_elsewhere_wait_for_the_address() {
    let house = House::prepare(wishes().set("VISMA__CREATE__REFUSED_WAIT", "500ms")).await;
    let elsewhere = json!({ "kind": "redirect" });
    arm(&house, &elsewhere, "POST", CUSTOMERS, 1).await;
    arm(&house, &elsewhere, "POST", INVOICES, 3).await;
    let house = running(house);
    house.place(8, 4).await;
    until_settled(&house, 8).await;
    let creates = calls(&house, "POST /v2/customerinvoice").await;
    assert_eq!(creates["statuses"], json!({ "201": 8, "302": 3 }));
    // The list that is read at the start, and no look-up.
    assert_eq!(calls(&house, "GET /v1/customerinvoice").await["calls"], 1);
    assert_eq!(house.dead_letters().await, []);
    let log = std::fs::read_to_string(house.installation.folder().join("writer-visma.log")).unwrap();
    assert!(
        log.contains("VISMA_REDIRECTED") && log.contains("redirected to https://elsewhere.example.com/login "),
        "{log}"
    );
}

fn running(mut house: House) -> House {
    house.installation.start_services().unwrap();
    house
}
