//! The drill of a broker that is restored from an older copy of its store, or lost: nothing is booked twice, nothing is
//! missing, and it is said until the log has caught up. `ML_SET_BACKS` makes the long variant restore so often.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::day::both;
use crate::flows::{act, bodies, orders};
use crate::house::{House, Wishes, assert_agrees};

const LONG: Duration = Duration::from_secs(150);
const WRITER: &str = "writer-visma";
const CODE: &str = "BROKER_SET_BACK";

/// Everything is booked: documents are released and settled, references and comments are written.
fn wishes() -> Wishes {
    let payments = "\n[[payments]]\nmethod = \"10\"\ncash_account = \"1920\"\n";
    let mut wishes = Wishes::default()
        .set("COMMERCE__POLL__INTERVAL", "300ms")
        .set("VISMA__POLL__INTERVAL", "500ms")
        .set("VISMA__CREATE__DOUBT_WAIT", "4s")
        .set("VISMA__CREATE__SEND_WITHIN", "1s")
        .set("VISMA__CREATE__LOOK_SPACING", "500ms")
        .set("VISMA__CREATE__FAULT_WAIT", "500ms")
        .set("VISMA__DOCUMENTS__RELEASE_INVOICES", "true")
        .set("VISMA__DOCUMENTS__RELEASE_CREDIT_NOTES", "true")
        .set("SCOPE__REFERENCES", "true")
        .set("COMMENTS__INVOICE_STATUS", "true")
        .set("NATS__ACK_WAIT", "2s")
        .set("NATS__PUBLISH_TIMEOUT", "2s");
    wishes.mapping = Some(mapping::DEFAULT.to_owned() + payments);
    wishes
}

/// Counts of what both sides hold, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Books {
    invoices: u64,
    credit_notes: u64,
    payments: u64,
    customers: u64,
}

impl Books {
    fn of(ledger: &Value) -> Self {
        let count = |list: &str| ledger[list]["count"].as_u64().unwrap();
        let payments = ledger["payments"].as_array().unwrap().len() as u64;
        let customers = ledger["customers"].as_u64().unwrap();
        Self { invoices: count("invoices"), credit_notes: count("credit_notes"), payments, customers }
    }
}

/// Orders come, and to some of them happens what happens to orders. Returns when all of it is booked.
async fn work(house: &House, count: usize) {
    let before = Books::of(&house.ledger().await);
    house.place(count, count).await;
    let booked = |ledger: &Value| Books::of(ledger).invoices >= before.invoices + count as u64;
    house.until("the orders are booked", LONG, booked).await;
    let is_released = |document: &Value| ["Open", "Closed"].map(|status| json!(status)).contains(&document["status"]);
    let released = |ledger: &Value| {
        let documents = ledger["documents"].as_array().unwrap();
        documents.iter().all(|document| is_released(&document["invoices"][0]))
    };
    house.until("they are released", LONG, released).await;
    let ids = orders(house).await;
    let new = &ids[ids.len() - count..];
    act(house, new[0], "pay", &json!({})).await;
    act(house, new[1], "invoice", &json!({})).await;
    act(house, new[1], "creditmemo", &json!({})).await;
    let all = |ledger: &Value| {
        let now = Books::of(ledger);
        now.credit_notes > before.credit_notes && now.payments > before.payments
    };
    house.until("a payment and a credit note", LONG, all).await;
    both::until_quiet(house).await;
}

/// Every comment on every order stands there once.
async fn assert_comments(house: &House) {
    let mut comments = both::comments(house).await;
    assert!(!comments.is_empty());
    comments.sort();
    let all = comments.len();
    comments.dedup();
    assert_eq!(comments.len(), all, "a comment twice");
}

fn copy_of(house: &House) -> PathBuf {
    house.installation.folder().join("backup")
}

/// Waits until the writer says, or says no longer, that the log was set back.
async fn until_said(house: &House, is_said: bool) {
    let started = Instant::now();
    loop {
        let said = house.readiness(WRITER).await.unwrap_or_default();
        if said.starts_with("ready\n") && said.contains(CODE) == is_said {
            return;
        }
        assert!(started.elapsed() < LONG, "{CODE} said: {is_said}? {said}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn assert_nothing_twice(house: &House, before: Books) {
    both::until_quiet(house).await;
    let ledger = house.ledger().await;
    assert_agrees(&ledger);
    assert_eq!(Books::of(&ledger), before, "{ledger:#}\n{}", house.logs());
    assert_eq!(ledger["missing"], json!([]), "{ledger:#}");
    assert_eq!(ledger["duplicate_credit_notes"], json!({}), "{ledger:#}");
    assert_eq!(ledger["unbalanced"], json!([]), "{ledger:#}");
    assert_eq!(ledger["audit"]["blind_overwrites"], json!([]), "{ledger:#}");
    assert_comments(house).await;
    let letters = house.dead_letters().await;
    assert_eq!(letters, [], "{}", house.logs());
}

/// The copy is put back while the services run: they find it out when they reconnect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_set_back_while_services_run_books_nothing_twice() {
    let mut house = House::start(wishes()).await;
    work(&house, 3).await;
    let backup = copy_of(&house);
    house.installation.broker.back_up(&backup).await.unwrap();
    work(&house, 5).await;
    let before = Books::of(&house.ledger().await);
    house.installation.broker.restore(Some(&backup)).await.unwrap();
    until_said(&house, true).await;
    until_said(&house, false).await;
    assert_nothing_twice(&house, before).await;
    // And all goes on.
    work(&house, 3).await;
}

/// The store is gone: everything begins with an empty one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_lost_books_nothing_twice() {
    let mut house = House::start(wishes()).await;
    work(&house, 4).await;
    let before = Books::of(&house.ledger().await);
    house.installation.services.drain(..).for_each(|mut service| service.kill());
    house.installation.broker.restore(None).await.unwrap();
    house.installation.provision().await.unwrap();
    house.installation.start_services().unwrap();
    until_said(&house, true).await;
    until_said(&house, false).await;
    assert_nothing_twice(&house, before).await;
    // A start of an installation whose log has caught up finds nothing to say.
    house.installation.take_service(WRITER).unwrap().kill();
    house.installation.start_service(WRITER).unwrap();
    house.until_ready(WRITER).await;
}

/// Orders are placed all the time, while the broker is set back again and again. `ML_SET_BACKS` says how often.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_keep_coming_while_the_broker_is_set_back() {
    const ORDERS: u64 = 60;
    let times = std::env::var("ML_SET_BACKS").map_or(1, |text| text.parse().unwrap());
    let mut house = House::start(wishes()).await;
    let mut all = 0;
    for time in 0..times {
        let placing = json!({ "count": ORDERS, "rate_per_second": 6, "customers": 20, "webhook": false });
        house.installation.tell_shop("orders", &placing).await.unwrap();
        all += ORDERS;
        let booked = |least: u64| move |ledger: &Value| Books::of(ledger).invoices >= least;
        house.until("a few invoices", LONG, booked(all - ORDERS + 8)).await;
        let backup = house.installation.folder().join(format!("backup-{time}"));
        house.installation.broker.back_up(&backup).await.unwrap();
        // Some that the copy does not know, however many it knows.
        let known = Books::of(&house.ledger().await).invoices;
        house.place(12, 6).await;
        all += 12;
        house.until("more invoices", LONG, booked(known + 6)).await;
        house.installation.broker.restore(Some(&backup)).await.unwrap();
        until_said(&house, true).await;
        house.until("every order", LONG, |ledger| ledger["orders"]["count"] == all).await;
        house.until("every order is booked", LONG, booked(all)).await;
        until_said(&house, false).await;
        both::until_quiet(&house).await;
        let ledger = house.ledger().await;
        assert_agrees(&ledger);
        assert_eq!(Books::of(&ledger).invoices, all, "{ledger:#}");
        assert_eq!(ledger["missing"], json!([]), "{ledger:#}");
        assert_eq!(house.dead_letters().await, [], "{}", house.logs());
    }
}

/// An order that is booked in a time that is lost, and cancelled after that: its draft does not stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cancelled_after_the_log_lost_it_does_not_stay() {
    // What is not released is not settled, so that no payment waits for it.
    let wishes = Wishes { mapping: None, ..wishes().set("VISMA__DOCUMENTS__RELEASE_INVOICES", "false") };
    let mut house = House::start(wishes).await;
    house.place(2, 2).await;
    house.until_booked(2, LONG).await;
    both::until_quiet(&house).await;
    let backup = copy_of(&house);
    house.installation.broker.back_up(&backup).await.unwrap();
    house.place(2, 2).await;
    house.until_booked(4, LONG).await;
    let ids = orders(&house).await;
    // The numbers of their invoices in the shop are written on those in Visma.
    let mut written = Vec::new();
    for id in [ids[1], ids[3]] {
        written.push(act(&house, id, "invoice", &json!({})).await["increment_id"].as_str().unwrap().to_owned());
    }
    both::until_quiet(&house).await;
    assert_eq!(noted(&house, &written).await, [1, 1]);
    // One that the copy knows, and one that it does not.
    house.installation.take_service("ingestor-commerce").unwrap().kill();
    for id in [ids[0], ids[2]] {
        act(&house, id, "cancel", &json!({})).await;
    }
    house.installation.broker.restore(Some(&backup)).await.unwrap();
    house.installation.start_service("ingestor-commerce").unwrap();
    until_said(&house, false).await;
    let ledger = house.until("two invoices", LONG, |ledger| ledger["invoices"]["count"] == 2).await;
    assert_eq!(ledger["uncancelled"], json!([]), "{ledger:#}");
    both::until_quiet(&house).await;
    assert_eq!(noted(&house, &written).await, [1, 1], "each is written once");
    assert_eq!(house.dead_letters().await, [], "{}", house.logs());
}

/// How often each of these numbers was written on an invoice in Visma.
async fn noted(house: &House, numbers: &[String]) -> Vec<usize> {
    let puts = bodies(house, "PUT", "/v1/customerinvoice/").await;
    let count = |number: &String| puts.iter().filter(|put| put.to_string().contains(number.as_str())).count();
    numbers.iter().map(count).collect()
}
