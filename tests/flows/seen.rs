//! Tests of what is read in Visma, what follows from it, and what nobody may miss.

mod books;
mod supply;

use std::time::Duration;

use proto::{Command, Message as _, command};
use record::envelope::{KIND, header};
use serde_json::{Value, json};

use crate::house::{House, Wishes};
use crate::regressions::{entries, until_entries};

const PATIENCE: Duration = Duration::from_secs(60);

/// Quick polls on both sides.
pub(super) fn quick() -> Wishes {
    Wishes::default().set("COMMERCE__POLL__INTERVAL", "300ms").set("VISMA__POLL__INTERVAL", "300ms")
}

/// Sends the accountant, who works in Visma itself.
async fn accountant(house: &House, errand: Value) {
    house.installation.tell("visma/accountant", &errand).await.unwrap();
}

/// The document of a command.
fn document(payload: bytes::Bytes) -> command::Document {
    Command::decode(payload).unwrap().document.unwrap()
}

/// The comments that were asked for under one key, in their order; waits for so many.
pub(super) async fn asked_comments(house: &House, key: &str, count: usize) -> Vec<proto::Comment> {
    let entries = until_entries(house, "COMMANDS", &format!("command.main.commerce.comment.{key}"), count).await;
    let comment = |entry: async_nats::jetstream::message::StreamMessage| match document(entry.payload) {
        command::Document::Comment(comment) => comment,
        other => panic!("{other:?}"),
    };
    entries.into_iter().map(comment).collect()
}

/// Waits for an outcome of this kind on a subject, and returns it.
pub(super) async fn until_outcome(house: &House, subject: &str, kind: &str) -> proto::Outcome {
    let started = std::time::Instant::now();
    loop {
        let entries = entries(house, "OUTCOMES", subject).await;
        if let Some(entry) = entries.iter().rev().find(|entry| header(&entry.headers, KIND) == Some(kind)) {
            return proto::Outcome::decode(entry.payload.clone()).unwrap();
        }
        assert!(started.elapsed() < PATIENCE, "{subject} has no {kind}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The number of the only invoice in Visma, and its order's increment id.
async fn only_invoice(house: &House) -> (String, String) {
    let ledger = house.until("an invoice", PATIENCE, |l| l["invoices"]["count"] == json!(1)).await;
    let document = &ledger["documents"][0];
    let number = document["invoices"][0]["number"].as_str().unwrap_or_else(|| panic!("{document:#}"));
    (number.to_owned(), document["increment_id"].as_str().unwrap().to_owned())
}
