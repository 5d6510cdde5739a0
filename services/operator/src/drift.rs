//! What of our documents in Visma is not as it was booked, as the streams say: no vendor is asked.
//!
//! A dead letter tells of a difference once, when it is found, and stays when it is mended. Here the last entry of each
//! record is held against the last version of its document that was read, so that what is listed is what stands.

mod accounts;
mod compare;
mod pins;

use std::collections::HashMap;

use std::time::Duration;

use async_nats::jetstream::{Context, Message};
use pipeline::body;
use pipeline::broker::streams::{CHANGES, DEAD, OUTCOMES};
use pipeline::envelope::{CODE, SENTENCE, decode, header, text};
use pipeline::problem::Problem;
use pipeline::subject::{Subjects, key_of, untoken};
use proto::matching::{INTERNAL, NUMBER};
use proto::{Kind, Message as _, Outcome, seen};
use serde::Serialize;
use visma::compare::Shown;
use visma::read::InvoiceRead;

use crate::read::{Which, each, entries};
use crate::table::headed;
use accounts::Accounts;
use compare::{Booked, Held};
pub use pins::{Pinning, Proof};

/// A posted document was changed: only two versions of it show that, so the letter is what is left of it.
const CHANGED: &str = "RELEASED_DOCUMENT_CHANGED";

/// What stands for an order is not what the shop says is left of it.
const ACCOUNT_UNBALANCED: &str = "ACCOUNT_UNBALANCED";

/// One document that is not as it was booked, or one order whose account does not balance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Drift {
    /// `invoice`, `creditnote`, or `order` for an account.
    pub entity: &'static str,
    /// Visma's number; of an order the shop's.
    pub number: String,
    /// Our reference, where the document has or had one.
    pub reference: String,
    /// The code; its page is `deploy/runbook/<code>.md`.
    pub code: &'static str,
    /// What differs.
    pub sentence: String,
}

/// Our documents, held against what was last read of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Documents that stand in Visma, as our records say.
    pub booked: usize,
    /// Those among them that no poll has read yet.
    pub unread: usize,
    /// What is not as it was booked.
    pub drifts: Vec<Drift>,
    /// What the documents tell of VAT that is pinned.
    pub pinning: Pinning,
}

impl Report {
    /// How many orders' accounts do not balance.
    #[must_use]
    pub fn unbalanced(&self) -> usize {
        self.drifts.iter().filter(|drift| drift.code == ACCOUNT_UNBALANCED).count()
    }
}

/// Holds a connection's documents against what was last read of them, and the orders' accounts against the shop. An
/// account is judged when the shop has not written its order for `settles`.
///
/// # Errors
/// `BROKER_AWAY` when the streams cannot be read.
pub async fn report(jetstream: &Context, subjects: &Subjects, settles: Duration) -> Result<Report, Problem> {
    let accounts = Accounts::read(jetstream, subjects, settles).await?;
    let (mut report, booked, held) = documents(jetstream, subjects).await?;
    report.drifts.extend(accounts.unbalanced(&booked, &held));
    report.drifts.sort();
    Ok(report)
}

/// Holds the documents against what was last read of them.
async fn documents(jetstream: &Context, subjects: &Subjects) -> Result<(Report, Vec<Booked>, Vec<Held>), Problem> {
    let (mut booked, mut held, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for entity in ["invoice", "creditnote"] {
        let records = [subjects.all("outcome", "visma", entity)];
        entries(jetstream, OUTCOMES, &records, Which::Last, |message| booked.extend(record(entity, message))).await?;
        let versions = [subjects.all("change", "visma", entity)];
        entries(jetstream, CHANGES, &versions, Which::Last, |message| held.extend(version(entity, message))).await?;
        let letters = format!("dead.*.*.{CHANGED}.{entity}.>");
        each(jetstream, DEAD, &[letters.as_str()], |message| changed.extend(letter(entity, message))).await?;
    }
    if booked.iter().any(|record| record.prediction.as_ref().is_ok_and(|one| one.is_some())) {
        renumber(jetstream, subjects, &mut booked).await?;
    }
    let mut report = compare::compare(&booked, &held);
    // The last letter of a document says what all of them say.
    changed.reverse();
    changed.sort_by(|one: &Drift, other| (one.entity, &one.number).cmp(&(other.entity, &other.number)));
    changed.dedup_by(|one, other| (one.entity, &one.number) == (other.entity, &other.number));
    report.drifts.extend(changed);
    Ok((report, booked, held))
}

/// Whether Visma lets VAT that is pinned stand, as the documents of a connection tell that were read there.
///
/// # Errors
/// As [`report`].
pub async fn pinning(jetstream: &Context, subjects: &Subjects) -> Result<Pinning, Problem> {
    Ok(documents(jetstream, subjects).await?.0.pinning)
}

/// Adds the numbers that customers have now to those that they were booked under.
async fn renumber(jetstream: &Context, subjects: &Subjects, booked: &mut [Booked]) -> Result<(), Problem> {
    let mut internal: HashMap<String, String> = HashMap::new();
    let mut current: HashMap<String, String> = HashMap::new();
    let versions = subjects.all("change", "visma", "customer");
    each(jetstream, CHANGES, &[versions.as_str()], |message| {
        let Some(headers) = message.headers.as_ref() else { return };
        if let (Some(number), Some(id)) = (header(headers, NUMBER), header(headers, INTERNAL)) {
            internal.insert(number.to_owned(), id.to_owned());
            current.insert(id.to_owned(), number.to_owned());
        }
    })
    .await?;
    for record in booked {
        if let Ok(Some(prediction)) = &mut record.prediction {
            let now = prediction.customers.iter().filter_map(|number| current.get(internal.get(number)?));
            let now: Vec<String> = now.cloned().collect();
            prediction.customers.extend(now);
        }
    }
    Ok(())
}

/// A record that cannot be read is one that nobody can call right.
fn record(entity: &'static str, message: &Message) -> Option<Booked> {
    let Ok(outcome) = Outcome::decode(message.payload.clone()) else {
        let number = key_of(&message.subject).map(untoken)?;
        let prediction = Err("its record cannot be read".to_owned());
        return Some(Booked { entity, key: number.clone(), number, stands: true, prediction, ..Booked::default() });
    };
    Some(Booked {
        entity,
        key: untoken(key_of(&message.subject)?),
        prediction: outcome.predicted().map_err(|e| format!("what was booked of it cannot be read: {e}")),
        stands: !outcome.withdrawn && !outcome.number.is_empty(),
        is_settled: outcome.kind() != Kind::Intent && outcome.doubt.is_none(),
        reference: outcome.external_reference,
        // A document that was withdrawn is one that we removed.
        removed: match outcome.withdrawn {
            true => outcome.removed.into_iter().chain([outcome.number.clone()]).collect(),
            false => outcome.removed,
        },
        number: outcome.number,
    })
}

fn version(entity: &'static str, message: &Message) -> Option<Held> {
    let headers = message.headers.as_ref()?;
    let body = body::unpack(headers, &message.payload).ok()?;
    let read = std::str::from_utf8(&body).ok().and_then(|text| InvoiceRead::decode(text).ok());
    Some(Held {
        entity,
        number: untoken(key_of(&message.subject)?),
        reference: text(headers, seen::REFERENCE)?.into_owned(),
        is_gone: header(headers, seen::DELETED).is_some(),
        is_detached: header(headers, seen::DETACHED).is_some(),
        shown: read.as_ref().map(Shown::of),
    })
}

fn letter(entity: &'static str, message: &Message) -> Option<Drift> {
    let headers = message.headers.as_ref()?;
    let sentence = header(headers, SENTENCE).map(decode).unwrap_or_default();
    let is_ours = header(headers, CODE) == Some(CHANGED);
    let number = untoken(message.subject.split('.').nth(5)?);
    is_ours.then_some(Drift { entity, number, reference: String::new(), code: CHANGED, sentence })
}

/// What a person is told.
pub fn told(report: &Report) -> String {
    let Report { booked, unread, drifts, pinning } = report;
    let counts = format!("{booked} documents are booked, {unread} of them were not read in Visma yet; {pinning}");
    if drifts.is_empty() {
        return format!("{counts}; all others are as they were booked, and every account balances\n");
    }
    let mut table = headed(["document", "our reference", "code", "what differs"]);
    for drift in drifts {
        let document = format!("{} {}", drift.entity, drift.number);
        table.add_row([document.as_str(), &drift.reference, drift.code, &drift.sentence]);
    }
    format!("{table}\n{counts}; {} differences\n", drifts.len())
}
