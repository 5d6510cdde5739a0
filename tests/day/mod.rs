//! A day between the two systems, for the figures and for the tests: what happens on it, and what came of it.
//!
//! Everything that is judged is asked of the two systems themselves: calls and overwrites of the simulated Visma's own
//! audit, documents of both systems' own books.

pub(crate) mod both;
pub(crate) mod seen;

use std::time::Duration;

use serde_json::{Value, json};

use crate::house::{House, Wishes};
use seen::Seen;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// Lists of Visma's that are polled; each costs a call a day, and one more for each further page.
const LISTS: [&str; 5] = ["customer", "purchaseorder", "invoice", "creditnote", "supplierinvoice"];

/// Numbers of a day: of what happens on it, and of what was there before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day {
    /// Orders of the days before.
    pub(crate) earlier: usize,
    /// Customers who placed them.
    pub(crate) customers: usize,
    /// Orders, those of new customers among them.
    pub(crate) orders: u64,
    /// Customers who order for the first time, once each.
    pub(crate) new_customers: u64,
    /// Customers who move.
    pub(crate) customer_edits: u64,
    /// Refunds of earlier orders.
    pub(crate) credit_memos: u64,
    /// Supplier invoices in Visma; two of three are for orders of the shop.
    pub(crate) supplier_invoices: u64,
}

impl Day {
    /// Calls to Visma without which the day cannot be had: one for each document, one for each list, and two of the
    /// sweep's, for our invoices and our credit notes.
    pub(crate) fn fewest_calls(&self) -> u64 {
        self.orders + self.new_customers + self.customer_edits + self.credit_memos + LISTS.len() as u64 + 2
    }
}

/// An installation on the morning of the day: the days before it are in the books, and nothing is on its way. Visma is
/// read once a day, and when somebody asks.
pub(crate) async fn morning(day: &Day, wishes: Wishes) -> House {
    let wishes = wishes
        .set("VISMA__POLL__ENTITIES", &LISTS.join(", "))
        .set("VISMA__POLL__INTERVAL", "daily")
        .set("COMMERCE__POLL__INTERVAL", "1s")
        // As shipped: a poll that is taken from a replica by a slow disk is read again, and what a day costs is asked.
        .set("NATS__TAKEOVER", "5s");
    let mut house = House::prepare(wishes).await;
    house.place(day.earlier, day.customers).await;
    // Whoever ordered before has been a customer in Visma for long.
    house.installation.tell("visma/customers", &json!({ "of_shop": day.customers })).await.unwrap();
    for service in ["ingestor-visma", "mapper", "writer-visma", "writer-commerce"] {
        house.installation.start_service(service).unwrap();
    }
    house.until_ready("ingestor-visma").await;
    both::poll(&house, "visma").await;
    house.installation.start_service("ingestor-commerce").unwrap();
    house.until_ready("ingestor-commerce").await;
    house.until_booked(day.earlier as u64, PATIENCE).await;
    both::until_quiet(&house).await;
    both::poll(&house, "visma").await;
    both::until_quiet(&house).await;
    house.installation.tell("reset-calls", &json!({})).await.unwrap();
    house
}

/// The day from its morning on, to its poll of Visma.
pub(crate) async fn play(house: &House, day: &Day) -> Seen {
    let before = house.ledger().await;
    let happened = happen(house, day, 0).await;
    let new = |list: &str| happened[list].as_array().map_or(0, Vec::len) as u64;
    assert_eq!((new("orders"), new("first_orders")), (day.orders, day.new_customers), "{happened}");
    assert_eq!((new("edited_customers"), new("credit_memos")), (day.customer_edits, day.credit_memos), "{happened}");
    let count = |ledger: &Value, what: &str| ledger[what]["count"].as_u64().unwrap();
    let invoices = count(&before, "invoices") + day.orders;
    let notes = count(&before, "credit_notes") + day.credit_memos;
    let booked = |ledger: &Value| count(ledger, "invoices") >= invoices && count(ledger, "credit_notes") >= notes;
    house.until("the day's documents in Visma", PATIENCE, booked).await;
    both::until_quiet(house).await;
    let purchases = json!({ "count": day.supplier_invoices, "of_shop": day.supplier_invoices * 2 / 3 });
    let supplied = house.installation.tell("visma/supplier-invoices", &purchases).await.unwrap();
    both::poll(house, "visma").await;
    both::until_quiet(house).await;
    let serving = supplied.as_array().unwrap().iter().filter(|invoice| invoice["order"].is_string());
    let serving: Vec<&str> = serving.map(|invoice| invoice["number"].as_str().unwrap()).collect();
    assert_eq!(serving.len() as u64, day.supplier_invoices * 2 / 3, "{supplied:#}");
    let noted = both::comments(house).await;
    let noted_once = |number: &&&str| noted.iter().filter(|text| text.contains(**number)).count() == 1;
    assert_eq!(serving.iter().filter(noted_once).count(), serving.len(), "{serving:?} in {noted:#?}");
    Seen::of(house, &ids(&happened["edited_customers"])).await
}

/// Customers change in the shop, and an accountant is faster with each of them, twice: as often as the shipped settings
/// put up with. Calls are counted from the start of it.
pub(crate) async fn storm(house: &House, day: &Day, rounds: u64) -> Seen {
    let quiet = Day { orders: 0, new_customers: 0, credit_memos: 0, ..*day };
    house.installation.tell("reset-calls", &json!({})).await.unwrap();
    let mut edited = Vec::new();
    for round in 1..=rounds {
        let value = |value: Value| json!({ "value": value });
        let limit = json!({ "creditLimit": value(json!(1_000 * round)) });
        let attention = json!({ "mainContact": value(json!({ "attention": value(json!("Regnskap {n}")) })) });
        for body in [limit, attention] {
            let errand = json!({ "entity": "customer", "before_put": { "first": 2 }, "body": body });
            house.installation.tell("visma/accountant", &errand).await.unwrap();
        }
        let stale = stale_puts(&house.ledger().await);
        edited.extend(ids(&happen(house, &quiet, round).await["edited_customers"]));
        let struck = |ledger: &Value| stale_puts(ledger) >= stale + 2 * day.customer_edits;
        house.until("the accountant's edits", PATIENCE, struck).await;
        both::until_quiet(house).await;
    }
    edited.sort_unstable();
    edited.dedup();
    Seen::of(house, &edited).await
}

fn stale_puts(ledger: &Value) -> u64 {
    ledger["audit"]["stale_puts"].as_u64().unwrap()
}

/// Lets it happen in the shop; which documents came of it.
async fn happen(house: &House, day: &Day, seed: u64) -> Value {
    let body = json!({
        "seed": seed, "orders": day.orders, "new_customers": day.new_customers, "customer_edits": day.customer_edits,
        "credit_memos": day.credit_memos,
    });
    house.installation.tell_shop("commerce/day", &body).await.unwrap()
}

fn ids(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().filter_map(Value::as_u64).collect()
}
