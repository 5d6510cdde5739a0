//! One row that stands in the way of a list of Visma's.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PATIENCE, always, booked, heal};
use crate::doors::subjects;
use crate::house::{House, Wishes};

const SERVICE: &str = "ingestor-visma";

fn polled() -> Wishes {
    Wishes::default().set("VISMA__POLL__INTERVAL", "500ms").set("COMMERCE__POLL__INTERVAL", "500ms")
}

async fn seed(house: &House, count: usize) -> Vec<String> {
    let body = house.installation.tell("visma/customers", &json!({ "count": count })).await.unwrap();
    serde_json::from_value(body["numbers"].clone()).unwrap()
}

/// Waits until so many records of a kind were read at Visma.
async fn until_read(house: &House, kind: &str, count: usize) {
    let (started, filter) = (Instant::now(), format!("change.main.visma.{kind}.>"));
    loop {
        let read = subjects(house, "CHANGES", &filter).await.len();
        if read == count {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{read} of {count} {kind}s\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn restart(house: &mut House) {
    house.installation.take_service(SERVICE).unwrap().kill();
    house.installation.start_service(SERVICE).unwrap();
}

/// Twelve customers of which Visma cannot list the eighth; a thirteenth comes when that was told.
async fn one_of_twelve(house: &mut House, mut fault: Value) {
    let numbers = seed(house, 12).await;
    // The list, and not a record of it.
    fault["on"] = json!({ "system": "visma", "method": "GET", "path": "*/v1/customer" });
    fault["shows"] = json!(format!("\"number\":\"{}\"", numbers[7]));
    always(house, fault).await;
    house.installation.start_service(SERVICE).unwrap();
    let sentence = house.until_dead("RECORD_BROKEN", PATIENCE).await;
    assert!(sentence.contains("1 of the rows (customer)") && sentence.contains("last modified at"), "{sentence}");
    until_read(house, "customer", 11).await;
    seed(house, 1).await;
    until_read(house, "customer", 12).await;
    restart(house).await;
    seed(house, 1).await;
    until_read(house, "customer", 13).await;
    assert_eq!(house.dead_letters().await.len(), 1, "{:?}", house.dead_letters().await);
    // A process that begins asks at once, and one that runs once an hour.
    heal(house).await;
    restart(house).await;
    until_read(house, "customer", 14).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_over_which_its_list_fails_is_told_and_the_others_are_read() {
    let mut house = House::prepare(polled()).await;
    one_of_twelve(&mut house, json!({ "kind": "json_500" })).await;
}

/// Visma gives smaller pages than are asked for, so the row is on another page than it seems.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_over_which_a_page_is_no_list_is_told_and_the_others_are_read() {
    let mut house = House::prepare(polled().set("VISMA__POLL__PAGE_SIZE", "18")).await;
    house.installation.tell("visma/config", &json!({ "max_page_size": 5 })).await.unwrap();
    one_of_twelve(&mut house, json!({ "kind": "html_5xx", "status": 200 })).await;
}

/// A number that is none, in the list and in the record itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_cannot_be_read_is_set_aside_by_number_and_the_others_are_read() {
    let mut house = House::prepare(polled()).await;
    let numbers = seed(&house, 4).await;
    let on = json!({ "system": "visma", "method": "GET", "path": "*/v1/customer*" });
    let body = r#""internalId":"seven","name":"Kunde 2""#;
    always(&house, json!({ "kind": "edits", "shows": r#""name":"Kunde 2""#, "body": body, "on": on })).await;
    house.installation.start_service(SERVICE).unwrap();
    let sentence = house.until_dead("VISMA_UNREADABLE", PATIENCE).await;
    assert!(
        sentence.contains(&format!("the customer {}", numbers[1])) && sentence.contains("internalId"),
        "{sentence}"
    );
    until_read(&house, "customer", 3).await;
    seed(&house, 1).await;
    until_read(&house, "customer", 4).await;
    restart(&mut house).await;
    house.until_ready(SERVICE).await;
    assert_eq!(house.dead_letters().await.len(), 1, "{:?}", house.dead_letters().await);
    // Each poll asks for it again by its number.
    heal(&house).await;
    until_read(&house, "customer", 5).await;
}

/// The sweep lists all documents of some months: it goes around a row, too, and finds what is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_that_cannot_be_shown_does_not_hide_that_another_is_gone() {
    let mut house = House::prepare(polled().set("VISMA__SWEEP__INTERVAL", "2s")).await;
    house.place(4, 2).await;
    house.installation.start_services().unwrap();
    let ledger = house.until("booked", PATIENCE, |ledger| booked(ledger) == 4).await;
    until_read(&house, "invoice", 4).await;
    let number = |place: usize| ledger["documents"][place]["invoices"][0]["number"].as_str().unwrap();
    let on = json!({ "system": "visma", "method": "GET", "path": "*/v1/customerinvoice*" });
    let shows = format!("\"referenceNumber\":\"{}\"", number(0));
    always(&house, json!({ "kind": "json_500", "shows": shows, "on": on })).await;
    let errand = json!({ "entity": "invoice", "number": number(1), "do": "delete" });
    house.installation.tell("visma/accountant", &errand).await.unwrap();
    let sentence = house.until_dead("DOCUMENT_GONE", PATIENCE).await;
    assert!(sentence.contains(number(1)), "{sentence}");
    let started = Instant::now();
    let named = |letters: Vec<(String, String)>| letters.iter().any(|(_, said)| said.contains(number(0)));
    while !named(house.dead_letters().await) {
        assert!(started.elapsed() < PATIENCE, "{:?}\n{}", house.dead_letters().await, house.logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A shop whose Visma fails at everything: no record is to blame.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visma_that_lists_nothing_sets_nothing_aside() {
    let mut house = House::prepare(polled()).await;
    seed(&house, 3).await;
    always(
        &house,
        json!({ "kind": "json_500", "on": { "system": "visma", "method": "GET", "path": "*/v1/customer" } }),
    )
    .await;
    house.installation.start_service(SERVICE).unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await; // Time for a wrong conclusion.
    assert_eq!(house.dead_letters().await, [], "{}", house.logs());
    heal(&house).await;
    until_read(&house, "customer", 3).await;
}
