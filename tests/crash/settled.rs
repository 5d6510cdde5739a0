//! When all is over: every order booked, every delivery acknowledged, every record settled, both books in agreement.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::PullConsumer;
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::day::both;
use crate::house::{House, assert_agrees};

/// How long settling may take: a few times over the doubt about a document, and the waits between deliveries.
const PATIENCE: Duration = Duration::from_secs(90);

/// Events in the shop that the books must show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) orders: u64,
    /// Orders that were cancelled after they were booked.
    pub(crate) cancelled: u64,
    /// Credit memos.
    pub(crate) credited: u64,
    /// Orders of which a part was invoiced, and refunded or not, and the rest was cancelled.
    pub(crate) rests: u64,
    /// Customers who moved, by their ids in the shop.
    pub(crate) moved: BTreeSet<u64>,
}

impl Expected {
    pub(crate) fn add(&mut self, other: &Self) {
        self.orders += other.orders;
        self.cancelled += other.cancelled;
        self.credited += other.credited;
        self.rests += other.rests;
        self.moved.extend(&other.moved);
    }

    fn stands(&self, ledger: &Value) -> bool {
        let missing = ledger["missing"].as_array().unwrap();
        missing.iter().all(|order| order["state"] == "canceled")
            && missing.len() as u64 == self.cancelled
            && ledger["credit_memos"]["matched"] == self.credited
            && ledger["credit_notes"]["count"] == self.credited + self.rests
            // Invoices less credit notes are what is neither cancelled nor refunded.
            && ledger["unbalanced"] == json!([])
    }

    fn assert(&self, ledger: &Value) {
        assert_agrees(ledger);
        assert_eq!(ledger["orders"]["count"], self.orders, "{:#}", ledger["orders"]);
        assert_eq!(ledger["invoices"]["count"], self.orders - self.cancelled, "{:#}", ledger["invoices"]);
        assert_eq!(ledger["uncancelled"], json!([]), "{ledger:#}");
        assert_eq!(ledger["unbalanced"], json!([]), "{:#}", ledger["unbalanced"]);
        assert_eq!(
            ledger["credit_notes"]["count"],
            self.credited + self.rests,
            "{:#}",
            ledger["credit_note_documents"]
        );
        assert_eq!(ledger["credit_memos"]["totals_differ"], json!([]), "{ledger:#}");
        assert_eq!(ledger["audit"]["blind_overwrites"], json!([]), "{ledger:#}");
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { orders, cancelled, credited, rests, moved } = self;
        let moved = moved.len();
        write!(
            f,
            "orders {orders}, of them cancelled {cancelled}, in part {rests}, credit memos {credited}, customers who \
             moved {moved}"
        )
    }
}

/// Waits until `orders` orders are booked and nothing is in hand any more; asserts that each is booked once, to its
/// total, and that nothing was given up. Returns the ledger.
pub(crate) async fn until_settled(house: &House, orders: u64) -> Value {
    until_all_settled(house, &Expected { orders, ..Expected::default() }).await
}

/// As [`until_settled`], of all that happened.
pub(crate) async fn until_all_settled(house: &House, expected: &Expected) -> Value {
    house.until("every document is booked", PATIENCE, |ledger| expected.stands(ledger)).await;
    until_idle(house, "CHANGES", "mapper").await;
    until_idle(house, "COMMANDS", "writer-visma").await;
    let ledger = house.ledger().await;
    expected.assert(&ledger);
    if !expected.moved.is_empty() {
        let moved: Vec<u64> = expected.moved.iter().copied().collect();
        assert_eq!(both::arrived(house, &moved).await, moved.len() as u64, "customers who moved\n{}", house.logs());
    }
    assert_eq!(house.dead_letters().await, []);
    assert_outcomes(house, expected.orders).await;
    ledger
}

/// Waits until a consumer has nothing waiting and nothing out.
async fn until_idle(house: &House, stream: &str, durable: &str) {
    let stream = house.jetstream().await.get_stream(stream).await.unwrap();
    let started = Instant::now();
    loop {
        let mut consumer: PullConsumer = stream.get_consumer(durable).await.unwrap();
        let info = consumer.info().await.unwrap();
        let (waiting, out) = (info.num_pending, info.num_ack_pending);
        if (waiting, out) == (0, 0) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{durable}: {waiting} waiting, {out} out\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The last entry of every invoice's record says that it stands, and no intent is left open.
async fn assert_outcomes(house: &House, orders: u64) {
    let stream = house.jetstream().await.get_stream("OUTCOMES").await.unwrap();
    let mut subjects = stream.info_with_subjects("outcome.main.visma.>").await.unwrap();
    let mut invoices = 0;
    while let Some(subject) = subjects.next().await {
        let (subject, _) = subject.unwrap();
        let last = stream.direct_get_last_for_subject(subject.as_str()).await.unwrap();
        let kind = last.headers.get("Ml-Kind").map(ToString::to_string).unwrap_or_default();
        assert!(
            ["applied", "unchanged", "verified"].contains(&kind.as_str()),
            "{subject} ends with {kind}\n{}",
            house.logs()
        );
        invoices += u64::from(subject.starts_with("outcome.main.visma.invoice."));
    }
    assert_eq!(invoices, orders, "invoices with a record");
}
