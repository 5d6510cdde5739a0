//! Which orders are booked at all.

use commerce::order::Order;
use mapping::{Decision, Mapping, Meaning, Refusal, Scope, States, ZeroTotals};
use problem::Code;
use serde_json::{Value, json};

use crate::support::{changed, decode, default_mapping, small_order};

fn scope(settings: Value) -> Scope {
    serde_json::from_value(settings).unwrap()
}

fn with(key: &str, value: Value) -> Order {
    let mut order = small_order();
    order[key] = value;
    decode(&order)
}

/// The code of a decision; `BOOK` when the order is booked.
fn judged(order: &Order, mapping: &Mapping, scope: &Scope) -> Result<(&'static str, Option<Code>), Refusal> {
    Ok(match mapping::order(order, mapping, scope)? {
        Decision::Book(_) => ("book", None),
        Decision::Wait { reason } => ("wait", Some(reason.code)),
        Decision::Skip { reason } => ("skip", Some(reason.code)),
    })
}

#[test]
fn states_mean_what_the_default_says() {
    for (state, expected) in [
        ("new", ("book", None)),
        ("processing", ("book", None)),
        ("complete", ("book", None)),
        ("closed", ("book", None)),
        ("pending_payment", ("wait", Some(Code::StateWaits))),
        ("payment_review", ("wait", Some(Code::StateWaits))),
        ("holded", ("wait", Some(Code::StateWaits))),
        ("canceled", ("skip", Some(Code::StateSkipped))),
    ] {
        let order = with("state", json!(state));
        assert_eq!(judged(&order, &default_mapping(), &Scope::default()).unwrap(), expected, "{state}");
    }
}

#[test]
fn states_mean_what_the_settings_say() {
    let scope = scope(json!({ "states": { "new": "wait", "canceled": "book" } }));
    assert_eq!((scope.states.new, scope.states.complete), (Meaning::Wait, Meaning::Book));
    let mapping = default_mapping();
    assert_eq!(judged(&with("state", json!("new")), &mapping, &scope).unwrap().0, "wait");
    assert_eq!(judged(&with("state", json!("canceled")), &mapping, &scope).unwrap().0, "book");
}

#[test]
fn an_unknown_or_missing_state_is_refused() {
    for state in [json!("quarantine"), Value::Null] {
        let refusal = judged(&with("state", state), &default_mapping(), &Scope::default()).unwrap_err();
        assert_eq!(refusal.code, Code::UnknownState);
    }
}

#[test]
fn go_live_is_a_moment_in_the_companys_time_zone() {
    // 23:30 UTC on the 31st is half past midnight on the 1st in Oslo, in winter.
    let order = with("created_at", json!("2025-12-31 23:30:00"));
    let mapping = default_mapping();
    let decide = |from: &str| judged(&order, &mapping, &scope(json!({ "go_live": from }))).unwrap();
    assert_eq!(decide("2026-01-01"), ("book", None));
    assert_eq!(decide("2026-01-01T00:30:00"), ("book", None));
    assert_eq!(decide("2026-01-01T00:30:01"), ("skip", Some(Code::BeforeGoLive)));
}

#[test]
fn only_the_stores_and_websites_in_scope_are_booked() {
    let order = with("store_id", json!(1));
    let mapping = changed(&[("# [[store]]", "[[store]]\nid = 1\ncode = \"no\"\nwebsite = 3\n#")]);
    for (settings, expected) in [
        (json!({ "stores": [1, 2] }), ("book", None)),
        (json!({ "stores": [2] }), ("skip", Some(Code::OutOfScope))),
        (json!({ "websites": [3] }), ("book", None)),
        (json!({ "websites": [4] }), ("skip", Some(Code::OutOfScope))),
    ] {
        assert_eq!(judged(&order, &mapping, &scope(settings.clone())).unwrap(), expected, "{settings}");
    }
    let refusal = judged(&order, &default_mapping(), &scope(json!({ "websites": [3] }))).unwrap_err();
    assert_eq!(refusal.code, Code::UnknownStore);
}

#[test]
fn a_broken_order_out_of_scope_is_nobodys_refusal() {
    let mut order = small_order();
    (order["state"], order["items"]) = (json!("canceled"), json!([]));
    let decision = judged(&decode(&order), &default_mapping(), &Scope::default()).unwrap();
    assert_eq!(decision, ("skip", Some(Code::StateSkipped)));
}

#[test]
fn orders_that_cost_nothing_are_a_choice() {
    let mut order = small_order();
    order["extension_attributes"]["gift_cards_amount"] = json!(415);
    order["grand_total"] = json!(0);
    let order = decode(&order);
    assert_eq!(Scope::default().zero_totals, ZeroTotals::Book);
    assert_eq!(judged(&order, &default_mapping(), &Scope::default()).unwrap(), ("book", None));
    let skip = scope(json!({ "zero_totals": "skip" }));
    assert_eq!(judged(&order, &default_mapping(), &skip).unwrap(), ("skip", Some(Code::ZeroTotal)));
}

#[test]
fn unknown_settings_are_refused() {
    for settings in [json!({ "go_life": "2026-01-01" }), json!({ "states": { "hold": "wait" } })] {
        assert!(serde_json::from_value::<Scope>(settings.clone()).is_err(), "{settings}");
    }
}

/// A state that an extension adds means what the settings say.
#[test]
fn a_state_of_an_extension_means_what_the_settings_say() {
    let mut order = small_order();
    order["state"] = json!("fraud_review");
    let decide = |meaning: Option<Meaning>| {
        let other = meaning.map(|meaning| ("fraud_review".to_owned(), meaning)).into_iter().collect();
        let states = States { other, ..States::default() };
        mapping::order(&decode(&order), &default_mapping(), &Scope { states, ..Scope::default() })
    };
    let refusal = decide(None).unwrap_err();
    assert_eq!(refusal.code, Code::UnknownState);
    assert!(refusal.sentence.contains("other = { fraud_review = \"wait\" }"), "{refusal}");
    assert!(matches!(decide(Some(Meaning::Book)), Ok(Decision::Book(_))));
    assert!(matches!(decide(Some(Meaning::Wait)), Ok(Decision::Wait { reason }) if reason.code == Code::StateWaits));
    assert!(matches!(decide(Some(Meaning::Skip)), Ok(Decision::Skip { reason }) if reason.code == Code::StateSkipped));
    let read: Scope = toml::from_str("[states]\nother = { fraud_review = \"skip\" }").unwrap();
    assert_eq!(read.states.other["fraud_review"], Meaning::Skip);
    assert!(toml::from_str::<Scope>("[states]\nfraud_review = \"skip\"").is_err(), "a slip is no state");
}
