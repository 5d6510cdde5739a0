//! The archive: what is final is taken out of the broker, whatever interrupts that; what comes back is booked once.

mod killed;
mod streams;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ml_connector::stand::nats::PASSWORD;
use serde_json::{Value, json};

use crate::day::both;
use crate::flows::{act, orders};
use crate::house::{House, Wishes, assert_agrees};
use killed::{Reached, killed};

const LONG: Duration = Duration::from_secs(120);
const AS_ARCHIVE: [(&str, &str); 1] = [("ML__NATS__USER", "archive")];

/// Everything is booked, released and settled; nothing is read again that is older than a second.
fn wishes() -> Wishes {
    let payments = "\n[[payments]]\nmethod = \"10\"\ncash_account = \"1920\"\n";
    let mut wishes = Wishes { rights: true, ..Wishes::default() };
    for (key, value) in [
        ("TIME_ZONE", "UTC"),
        ("COMMERCE__POLL__INTERVAL", "300ms"),
        ("COMMERCE__POLL__OVERLAP", "1s"),
        ("COMMERCE__POLL__SAFETY_LAG", "0s"),
        ("COMMERCE__SWEEP__ENABLED", "false"),
        ("VISMA__POLL__INTERVAL", "400ms"),
        ("VISMA__POLL__OVERLAP", "1s"),
        ("VISMA__SWEEP__ENABLED", "false"),
        ("VISMA__CREATE__DOUBT_WAIT", "4s"),
        ("VISMA__CREATE__SEND_WITHIN", "1s"),
        ("VISMA__CREATE__LOOK_SPACING", "500ms"),
        ("VISMA__DOCUMENTS__RELEASE_INVOICES", "true"),
        ("VISMA__DOCUMENTS__RELEASE_CREDIT_NOTES", "true"),
        ("SCOPE__REFERENCES", "true"),
        ("COMMENTS__INVOICE_STATUS", "true"),
    ] {
        wishes = wishes.set(key, value);
    }
    wishes.mapping = Some(mapping::DEFAULT.to_owned() + payments);
    wishes
}

/// Steps that are done to each order before they are archived, in turn; the last order stays open.
const LIVES: [&[&str]; 5] =
    [&["invoice", "ship"], &["invoice", "creditmemo part", "ship"], &["invoice", "creditmemo"], &["cancel"], &[]];

/// Does a step of a life.
async fn step(house: &House, order: u64, step: &str) {
    let (verb, how) = step.split_once(' ').unwrap_or((step, ""));
    let body = match how {
        "part" => json!({ "items": [], "arguments": { "shipping_amount": 0, "adjustment_positive": 1 } }),
        _ => json!({}),
    };
    act(house, order, verb, &body).await;
}

/// The number of documents of each kind that Visma holds.
fn books(ledger: &Value) -> [u64; 3] {
    let count = |list: &str| ledger[list]["count"].as_u64().unwrap();
    [count("invoices"), count("credit_notes"), ledger["payments"].as_array().unwrap().len() as u64]
}

/// Pays what is open of every document of ours in Visma: the sandbox numbers those of a kind one after the other.
async fn settle(house: &House) {
    let [invoices, notes, _] = books(&house.ledger().await);
    for (entity, first, count) in [("invoice", 100_001, invoices), ("creditnote", 200_001, notes)] {
        for number in first..first + count {
            let errand = json!({ "entity": entity, "number": number.to_string(), "do": "pay" });
            let _draft_or_paid = house.installation.tell("visma/accountant", &errand).await;
        }
    }
}

fn folder(house: &House) -> PathBuf {
    house.installation.folder().join("archive")
}

/// This moment, as `--before` takes it.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

/// Returns the plan that `archive --before` prints now.
async fn plan(house: &House) -> Value {
    // Nothing is newer than what polls read again.
    let before = (Timestamp::now() - Duration::from_millis(1_100)).strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let (code, said, talk) = house.verb(&["archive", "--before", &before, "--json"], &AS_ARCHIVE).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    serde_json::from_str(said.lines().next().unwrap()).unwrap()
}

/// Waits until so many orders are final; their documents are paid meanwhile.
async fn until_final(house: &House, count: u64) -> Value {
    let started = Instant::now();
    loop {
        settle(house).await;
        let plan = plan(house).await;
        if plan["orders"] == count && plan["stay"]["newer"].is_null() {
            return plan;
        }
        assert!(started.elapsed() < LONG, "{plan:#}\n{:#}\n{}", house.ledger().await["documents"], house.logs());
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Subjects of a stream that hold entries.
async fn subjects(house: &House, stream: &str, filter: &str) -> usize {
    use futures::StreamExt as _;
    let stream = house.jetstream().await.get_stream(stream).await.unwrap();
    stream.info_with_subjects(filter).await.unwrap().count().await
}

async fn assert_nothing_twice(house: &House) -> Value {
    let ledger = house.ledger().await;
    assert_agrees(&ledger);
    assert_eq!(ledger["unbalanced"], json!([]), "{ledger:#}");
    assert_eq!(ledger["duplicate_credit_notes"], json!({}), "{ledger:#}");
    assert_eq!(ledger["unexpected_credit_notes"], json!([]), "{ledger:#}");
    let mut comments = both::comments(house).await;
    let all = comments.len();
    comments.sort();
    comments.dedup();
    assert_eq!(comments.len(), all, "a comment twice");
    ledger
}

/// The broker forgets message ids within a second: what comes back here comes back months later elsewhere.
async fn forget_ids(house: &House) {
    let options = async_nats::ConnectOptions::new()
        .user_and_password("provision".to_owned(), PASSWORD.to_owned())
        .custom_inbox_prefix("_INBOX.provision");
    let jetstream = async_nats::jetstream::new(options.connect(house.installation.broker.url()).await.unwrap());
    let mut config = jetstream.get_stream("CHANGES").await.unwrap().cached_info().config.clone();
    config.duplicate_window = Duration::from_secs(1);
    jetstream.update_stream(config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_final_is_archived_whatever_interrupts_it_and_comes_back_once() {
    let mut house = House::start(wishes()).await;
    forget_ids(&house).await;
    let count = 2 * LIVES.len();
    house.place(count, count).await;
    house.until_booked(count as u64, LONG).await;
    both::until_quiet(&house).await;
    let ids = orders(&house).await;
    for (at, order) in ids.iter().enumerate() {
        for one in LIVES[at % LIVES.len()] {
            step(&house, *order, one).await;
        }
    }
    // One that nobody could book.
    let mut broken = house.installation.ask_shop(&format!("orders/{}", ids[0])).await.unwrap();
    broken["increment_id"] = json!("909000001");
    broken["order_currency_code"] = json!("XXX");
    broken.as_object_mut().unwrap().remove("entity_id");
    let broken = house.store(&broken).await;
    both::until_quiet(&house).await;
    // The clearing account takes kroner alone: payments of other orders are refused, which stays a dead letter.
    let mut open = vec![broken];
    for (at, order) in ids.iter().enumerate() {
        let shown = house.installation.ask_shop(&format!("orders/{order}")).await.unwrap();
        let is_refused = shown["order_currency_code"] != "NOK" && LIVES[at % LIVES.len()].contains(&"invoice");
        if is_refused || LIVES[at % LIVES.len()].is_empty() {
            open.push(*order);
        }
    }
    let plan = until_final(&house, count as u64 + 1 - open.len() as u64).await;
    assert_eq!(plan["stay"]["open in the shop"], 2, "{plan:#}");
    assert_eq!(plan["stay"]["with a dead letter"], open.len() - 2, "{plan:#}");
    let (before_books, letters) = (books(&house.ledger().await), house.dead_letters().await);

    // Killed at every point, and run to its end after that.
    let before = plan["before"].as_str().unwrap().trim_end_matches('Z').to_owned();
    for reached in Reached::ALL {
        let (code, said, _) = house.verb(&["archive", "--before", &now()], &AS_ARCHIVE).await;
        assert_eq!(code, Some(78), "too recent: {said}");
        killed(&house, &before, reached).await;
    }
    let to = folder(&house);
    let to = to.to_str().unwrap();
    let apply = ["archive", "--before", &before, "--to", to, "--apply", "--json"];
    let (code, said, talk) = house.verb(&apply, &AS_ARCHIVE).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    let (code, said, talk) = house.verb(&["archive", "verify", to], &[]).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    for order in &ids {
        let left = subjects(&house, "CHANGES", &format!("change.main.commerce.order.{order}")).await;
        assert_eq!(left, usize::from(open.contains(order)), "order {order}");
        let left = subjects(&house, "OUTCOMES", &format!("outcome.main.visma.invoice.{order}")).await;
        assert_eq!(left, usize::from(open.contains(order)), "the invoice of order {order}");
    }
    assert_eq!(subjects(&house, "CHANGES", &format!("change.main.commerce.order.{broken}")).await, 1);

    // The services begin anew: what they remember is what the log holds.
    house.installation.services.drain(..).for_each(|mut service| service.kill());
    house.installation.start_services().unwrap();
    house.until_ready("writer-visma").await;
    let said = house.readiness("writer-visma").await.unwrap();
    assert!(!said.contains("BROKER_SET_BACK"), "{said}");

    // What comes back: a refund of all, a refund of the rest, and records that are only saved.
    let archived = |life: usize| {
        let mut of_life =
            ids.iter().enumerate().filter(|(at, order)| at % LIVES.len() == life && !open.contains(order));
        *of_life.next().expect("one of two is in kroner").1
    };
    step(&house, archived(0), "creditmemo").await;
    step(&house, archived(1), "creditmemo part").await;
    for life in [2, 3] {
        house.installation.tell_shop(&format!("orders/{}/touch", archived(life)), &json!({})).await.unwrap();
    }
    let [invoices, notes, _] = before_books;
    let more = |ledger: &Value| books(ledger)[1] == notes + 2;
    house.until("two more credit notes", LONG, more).await;
    both::until_quiet(&house).await;
    let ledger = assert_nothing_twice(&house).await;
    assert_eq!(books(&ledger)[..2], [invoices, notes + 2], "{ledger:#}\n{}", house.logs());
    assert_eq!(house.dead_letters().await, letters, "{}", house.logs());
    let (code, said, talk) = house.verb(&["drift"], &[]).await;
    assert_eq!(code, Some(0), "{said}{talk}");
}
