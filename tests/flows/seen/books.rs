//! Our invoices as they stand in Visma: verified, told to the shop, and drift shown.

use futures::StreamExt as _;
use serde_json::{Value, json};

use super::{PATIENCE, accountant, asked_comments, only_invoice, quick, until_outcome};
use crate::bad_input::order::spoilt;
use crate::house::{House, Wishes};
use crate::polls::verb;
use crate::regressions::{entries, until_entries};

/// The record of the order that every test here begins with.
const RECORD: &str = "outcome.main.visma.invoice.7";

/// An installation with one order that stands in Visma, its number there and its increment id.
async fn booked() -> (House, String, String) {
    let house = House::start(quick().set("VISMA__SWEEP__INTERVAL", "1s")).await;
    let (number, increment_id) = stands(&house).await;
    (house, number, increment_id)
}

/// Waits until an order stands in Visma and was read there; its number there and its increment id.
async fn stands(house: &House) -> (String, String) {
    house.store(&spoilt(7, &[])).await;
    let of_order = only_invoice(house).await;
    until_outcome(house, RECORD, "verified").await;
    of_order
}

#[tokio::test]
async fn an_invoice_is_verified_from_the_poll_and_its_order_is_told_when_it_is_posted_and_paid() {
    let (house, number, increment_id) = booked().await;
    let invoice = json!({ "entity": "invoice", "number": number });
    let errand = |deed: &str| {
        let mut errand = invoice.clone();
        errand["do"] = deed.into();
        errand
    };
    accountant(&house, json!({ "entity": "invoice", "number": number, "body": { "hold": { "value": false } } })).await;
    accountant(&house, errand("release")).await;
    let key = format!("invoice-{number}");
    let [posted] = &asked_comments(&house, &key, 1).await[..] else { panic!("more than one comment") };
    assert_eq!((posted.increment_id.as_str(), posted.entity_id), (increment_id.as_str(), Some(7)));
    assert_eq!(posted.mark, format!("[ml:main invoice {number} open]"));
    assert!(posted.text.contains("is posted") && posted.text.ends_with(&posted.mark), "{}", posted.text);
    assert!(!posted.visible);
    accountant(&house, errand("pay")).await;
    let told = asked_comments(&house, &key, 2).await;
    assert_eq!(told[1].mark, format!("[ml:main invoice {number} closed]"));
    let mut outcome = until_outcome(&house, RECORD, "verified").await;
    for _ in 0..200 {
        if outcome.status == "Closed" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        outcome = until_outcome(&house, RECORD, "verified").await;
    }
    assert_eq!((outcome.number.as_str(), outcome.status.as_str()), (number.as_str(), "Closed"));
    assert!(house.dead_letters().await.is_empty(), "{:?}", house.dead_letters().await);
    let calls = house.installation.ask("calls").await.unwrap();
    let reads = &calls["visma"]["by_kind"]["GET /v1/customerinvoice/{number}"];
    assert!(reads.is_null(), "a verification costs no call of its own: {reads}");
}

#[tokio::test]
async fn an_invoice_entered_twice_is_told_with_both_numbers() {
    let (house, number, _) = booked().await;
    accountant(&house, json!({ "entity": "invoice", "number": number, "do": "double" })).await;
    let sentence = house.until_dead("DUPLICATE_DOCUMENT", PATIENCE).await;
    let ledger = house.ledger().await;
    let numbers = ledger["duplicates"].as_object().unwrap().values().next().unwrap().as_array().unwrap().clone();
    assert_eq!(numbers.len(), 2);
    for number in numbers {
        assert!(sentence.contains(number.as_str().unwrap()), "{sentence} names not {number}");
    }
}

#[tokio::test]
async fn an_invoice_that_was_deleted_in_visma_is_found_by_the_sweep() {
    let (house, number, _) = booked().await;
    accountant(&house, json!({ "entity": "invoice", "number": number, "do": "delete" })).await;
    let sentence = house.until_dead("DOCUMENT_GONE", PATIENCE).await;
    assert!(sentence.contains(&number), "{sentence}");
    let gone = entries(&house, "CHANGES", &format!("change.main.visma.invoice.{number}")).await.pop().unwrap();
    assert_eq!(gone.headers.get("Ml-Deleted").map(|v| v.as_str()), Some("true"));
}

/// Somebody empties the external reference of a document of ours: that is told, once, and what becomes of it still is.
async fn taken_away(wishes: Wishes) {
    let house = House::start(wishes).await;
    let (number, _) = stands(&house).await;
    let edit = |body: Value| json!({ "entity": "invoice", "number": number, "body": body });
    accountant(&house, edit(json!({ "externalReference": { "value": "" } }))).await;
    let sentence = house.until_dead("REFERENCE_REMOVED", PATIENCE).await;
    assert!(sentence.contains(&number) && sentence.contains("WEB-000000007"), "{sentence}");
    accountant(&house, edit(json!({ "hold": { "value": false } }))).await;
    accountant(&house, json!({ "entity": "invoice", "number": number, "do": "release" })).await;
    let [posted] = &asked_comments(&house, &format!("invoice-{number}"), 1).await[..] else { panic!("more") };
    assert_eq!(posted.increment_id, "000000007");
    let (code, list, talk) = house.verb(&["drift", "--json"], &[]).await;
    assert_eq!(code, Some(1), "{list}{talk}");
    let drift: Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&drift["code"], &drift["number"]), (&json!("REFERENCE_REMOVED"), &json!(number)), "{list}");
    accountant(&house, edit(json!({ "externalReference": { "value": "WEB-000000007" } }))).await;
    let started = std::time::Instant::now();
    while house.verb(&["drift"], &[]).await.0 != Some(0) {
        assert!(started.elapsed() < PATIENCE, "it is never as it was booked\n{}", house.logs());
    }
    assert_eq!(house.dead_letters().await.len(), 1, "{:?}", house.dead_letters().await);
}

#[tokio::test]
async fn an_invoice_whose_reference_was_taken_away_is_found_by_the_poll() {
    taken_away(quick().set("VISMA__SWEEP__ENABLED", "false")).await;
}

#[tokio::test]
async fn an_invoice_whose_reference_was_taken_away_is_found_by_the_sweep() {
    taken_away(quick().set("VISMA__POLL__INTERVAL", "1h").set("VISMA__SWEEP__INTERVAL", "1s")).await;
}

/// No poll shows that the first invoice is gone, and both bear the order's reference.
#[tokio::test]
async fn an_order_that_is_booked_again_after_its_invoice_fell_is_no_duplicate() {
    let house = House::start(quick().set("VISMA__SWEEP__ENABLED", "false")).await;
    let (first, _) = stands(&house).await;
    let order = async |state: &str| {
        house.installation.tell_shop("orders/7/state", &json!({ "state": state })).await.unwrap();
    };
    order("canceled").await;
    house.until("no invoice", PATIENCE, |ledger| ledger["invoices"]["count"] == json!(0)).await;
    order("processing").await;
    let (second, _) = only_invoice(&house).await;
    assert_ne!(first, second);
    let started = std::time::Instant::now();
    while until_outcome(&house, RECORD, "verified").await.number != second {
        assert!(started.elapsed() < PATIENCE, "{second} is never verified\n{}", house.logs());
    }
    assert_eq!(house.dead_letters().await, []);
    assert_eq!(house.verb(&["drift"], &[]).await.0, Some(0));
    // Somebody enters the new one a second time: that is a duplicate, and the fallen one is none of them.
    accountant(&house, json!({ "entity": "invoice", "number": second, "do": "double" })).await;
    let sentence = house.until_dead("DUPLICATE_DOCUMENT", PATIENCE).await;
    assert!(sentence.contains(&second) && !sentence.contains(&first), "{sentence}");
    let (code, list, _) = house.verb(&["drift"], &[]).await;
    assert!(code == Some(1) && list.contains("DUPLICATE_DOCUMENT") && !list.contains(&first), "{list}");
}

#[tokio::test]
async fn a_released_invoice_that_somebody_changed_is_told() {
    let (house, number, _) = booked().await;
    let edit = |body| json!({ "entity": "invoice", "number": number, "body": body });
    accountant(&house, edit(json!({ "hold": { "value": false } }))).await;
    accountant(&house, json!({ "entity": "invoice", "number": number, "do": "release" })).await;
    asked_comments(&house, &format!("invoice-{number}"), 1).await;
    let line = json!([{ "operation": "Update", "lineNumber": { "value": 1 }, "accountNumber": { "value": "3100" } }]);
    accountant(&house, edit(json!({ "invoiceLines": line }))).await;
    let sentence = house.until_dead("RELEASED_DOCUMENT_CHANGED", PATIENCE).await;
    assert!(sentence.contains(&number), "{sentence}");
}

#[tokio::test]
async fn a_document_with_our_prefix_that_no_record_knows_is_shown() {
    let (house, number, _) = booked().await;
    accountant(
        &house,
        json!({ "entity": "invoice", "number": number,
        "body": { "externalReference": { "value": "WEB-999999999" } } }),
    )
    .await;
    let outcome = until_outcome(&house, &format!("outcome.main.mapping.visma-invoice.{number}"), "unchanged").await;
    assert_eq!(outcome.refusal_code, "UNKNOWN_REFERENCE");
    assert!(outcome.refusal_sentence.contains("WEB-999999999"), "{}", outcome.refusal_sentence);
}

/// Documents that are not ours are left alone: an accountant's own invoices are neither recorded nor told of.
#[tokio::test]
async fn a_poll_costs_one_call_and_records_what_is_ours_alone() {
    let house = House::start(quick().set("VISMA__POLL__INTERVAL", "1h").set("VISMA__SWEEP__ENABLED", "false")).await;
    house.until_ready("ingestor-visma").await;
    house.store(&spoilt(7, &[])).await;
    let (number, _) = only_invoice(&house).await;
    for entity in ["customer", "purchaseorder", "invoice", "creditnote", "supplierinvoice"] {
        let (code, said) = verb(&house, &["poll", "now", &format!("visma.{entity}"), "--wait"]).await;
        assert_eq!(code, Some(0), "{said}");
    }
    until_entries(&house, "CHANGES", &format!("change.main.visma.invoice.{number}"), 1).await;
    let calls = house.installation.ask("calls").await.unwrap();
    // One at the start and one when asked; and one of the writer's, which holds the log against what we made in Visma.
    let wanted = [("customer", 3), ("customerinvoice", 3), ("customerCreditNote", 3), ("purchaseorder", 2)];
    for (kind, wanted) in wanted.into_iter().chain([("supplierInvoice", 2)]) {
        let asked = &calls["visma"]["by_kind"][format!("GET /v1/{kind}")]["calls"];
        assert_eq!(asked, wanted, "{kind}\n{:#}", calls["visma"]);
    }
}

/// Where summer ends, the server's clock shows an hour twice: what is modified in the second one has an older stamp
/// than what was read in the first.
#[tokio::test]
async fn what_is_modified_in_the_hour_that_comes_twice_is_read() {
    let mut house =
        House::prepare(quick().sandbox("--visma-config", r#"{"clock_zone":"CET-1CEST,M3.5.0,M10.5.0/3"}"#)).await;
    let clock = async |house: &House, at: &str| {
        let _ = house.installation.tell("visma/clock", &json!({ "at": at })).await; // Its answer is empty.
    };
    clock(&house, "2026-10-25T00:58:00Z").await;
    house.installation.tell("visma/customers", &json!({ "count": 1 })).await.unwrap();
    house.installation.start_services().unwrap();
    let subject = "change.main.visma.customer.10000";
    let first = until_entries(&house, "CHANGES", subject, 1).await;
    assert!(first[0].headers.get("Ml-Source-Updated").unwrap().as_str().starts_with("2026-10-25T02:58"));
    clock(&house, "2026-10-25T01:05:00Z").await;
    accountant(
        &house,
        json!({ "entity": "customer", "number": "10000", "body": { "gln": { "value": "7080000000001" } } }),
    )
    .await;
    let both = until_entries(&house, "CHANGES", subject, 2).await;
    assert!(both[1].headers.get("Ml-Source-Updated").unwrap().as_str().starts_with("2026-10-25T02:05"));
}

/// Pages of a list without any order overlap and leave gaps behind a total that stands still.
#[tokio::test]
async fn every_record_of_a_list_without_an_order_is_read() {
    let wild = json!({ "list_order": "every_request", "max_page_size": 8 }).to_string();
    let mut house = House::prepare(quick().sandbox("--visma-config", &wild)).await;
    house.installation.tell("visma/customers", &json!({ "count": 24 })).await.unwrap();
    house.installation.start_services().unwrap();
    let stream = house.jetstream().await.get_stream("CHANGES").await.unwrap();
    let cursors = house.jetstream().await.get_key_value("ML_CURSORS").await.unwrap();
    let started = std::time::Instant::now();
    while cursors.get("main.visma.customer").await.unwrap().is_none() {
        assert!(started.elapsed() < PATIENCE, "the list is never read to its end\n{}", house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let read = stream.info_with_subjects("change.main.visma.customer.>").await.unwrap();
    assert_eq!(read.count().await, 24, "the cursor moved before every customer was read");
}
