//! Finds our documents in Visma that are not as they were booked. It reads only the streams and asks no vendor.
//!
//! A dead letter tells of a difference once, when it is found, and stays when it is mended. Here the last entry of each
//! record is compared with the last version of its document that was read, so the list shows what differs now.

mod accounts;
mod compare;
mod pins;

use std::collections::{HashMap, HashSet};

use std::time::Duration;

use problem::{Code, Problem};
use proto::matching::{INTERNAL, NUMBER};
use proto::seen;
use record::address::{Address, Entity, Kind, System};
use record::dead::{About, Letters};
use record::envelope::{CODE, SENTENCE, decode, header, text};
use record::horizon::Horizon;
use record::{Entry, Log, Which, body, entry};
use serde::{Serialize, Serializer};
use visma::compare::Shown;
use visma::read::InvoiceRead;
use visma::stamp::Stamp;

use crate::table::headed;
use accounts::Accounts;
pub(crate) use accounts::unbalanced;
pub(crate) use compare::{Booked, Held, compare};
pub use pins::{Pinning, Proof};

/// A posted document was changed: only two versions of it show that, so the letter is what is left of it.
const CHANGED: Code = Code::ReleasedDocumentChanged;

/// Code of an order whose documents in Visma do not add up to what the shop says is left of it.
const ACCOUNT_UNBALANCED: Code = Code::AccountUnbalanced;

/// One document that is not as it was booked, or one order whose account does not balance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Drift {
    /// An invoice or a credit note, or the order of an account.
    #[serde(serialize_with = "by_name")]
    pub entity: Entity,
    /// Visma's number; of an order the shop's.
    pub number: String,
    /// Our reference, where the document has or had one.
    pub reference: String,
    /// The code; its page is `deploy/runbook/<code>.md`.
    pub code: Code,
    /// Sentence that says what differs.
    pub sentence: String,
}

/// Our documents, held against what was last read of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Documents that stand in Visma, as our records say.
    pub booked: usize,
    /// Those among them that no poll has read yet.
    pub unread: usize,
    /// Documents that are not as they were booked, and orders whose accounts do not balance.
    pub drifts: Vec<Drift>,
    /// Documents that show whether Visma keeps pinned VAT, counted.
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
pub async fn report(log: &Log, settles: Duration) -> Result<Report, Problem> {
    let accounts = Accounts::read(log, settles).await?;
    let (mut report, booked, held) = documents(log).await?;
    report.drifts.extend(accounts.unbalanced(&booked, &held));
    report.drifts.sort();
    Ok(report)
}

/// Holds the documents against what was last read of them.
async fn documents(log: &Log) -> Result<(Report, Vec<Booked>, Vec<Held>), Problem> {
    let (mut booked, mut held, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    let horizon = log.horizon().await?;
    for entity in [Entity::Invoice, Entity::CreditNote] {
        let records = log.entity(Kind::Outcome, System::Visma, entity);
        log.read(&records, Which::Last, |address, entry| booked.push(record(address, entry))).await?;
        let versions = log.entity(Kind::Change, System::Visma, entity);
        // What the archive took out of the log is no stranger's.
        let of_kind = booked.iter().filter(|one: &&Booked| one.entity == entity);
        let known: HashSet<_> = of_kind.map(|one| one.reference.clone()).collect();
        let is_archived = |entry: &Entry| horizon.is_some_and(|horizon| is_behind(&horizon, entry));
        log.read(&versions, Which::Last, |address, entry| {
            held.extend(version(address, entry).filter(|one| known.contains(&one.reference) || !is_archived(entry)));
        })
        .await?;
        let letters = Letters { code: Some(CHANGED), entity: Some(entity), connection: Some(log.connection()) };
        log.dead_letters(letters, |about, entry| changed.extend(letter(about, entry))).await?;
    }
    if booked.iter().any(|record| record.prediction.as_ref().is_ok_and(|one| one.is_some())) {
        renumber(log, &mut booked).await?;
    }
    let mut report = compare(&booked, &held);
    // The last letter of a document says what all of them say.
    changed.reverse();
    changed.sort_by(|one: &Drift, other| (one.entity, &one.number).cmp(&(other.entity, &other.number)));
    changed.dedup_by(|one, other| (one.entity, &one.number) == (other.entity, &other.number));
    report.drifts.extend(changed);
    Ok((report, booked, held))
}

/// Reads whether Visma keeps pinned VAT, as the documents of a connection show that were read in Visma.
///
/// # Errors
/// As [`report`].
pub async fn pinning(log: &Log) -> Result<Pinning, Problem> {
    Ok(documents(log).await?.0.pinning)
}

/// Adds the numbers that customers have now to those that they were booked under.
async fn renumber(log: &Log, booked: &mut [Booked]) -> Result<(), Problem> {
    let mut internal: HashMap<String, String> = HashMap::new();
    let mut current: HashMap<String, String> = HashMap::new();
    log.read(&log.entity(Kind::Change, System::Visma, Entity::Customer), Which::All, |_, entry| {
        if let (Some(number), Some(id)) = (header(&entry.headers, NUMBER), header(&entry.headers, INTERNAL)) {
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
pub(crate) fn record(address: &Address, entry: &Entry) -> Booked {
    let (entity, key) = (address.entity(), address.key().to_owned());
    let Ok(outcome) = entry::read_outcome(&entry.payload) else {
        let prediction = Err("its record cannot be read".to_owned());
        return Booked { number: key.clone(), stands: true, prediction, ..Booked::new(entity, key) };
    };
    Booked {
        prediction: outcome.predicted().map_err(|e| format!("what was booked of it cannot be read: {e}")),
        stands: !outcome.withdrawn && !outcome.number.is_empty(),
        is_settled: outcome.kind() != proto::Kind::Intent && outcome.doubt.is_none(),
        reference: outcome.external_reference,
        // A document that was withdrawn is one that we removed.
        removed: match outcome.withdrawn {
            true => outcome.removed.into_iter().chain([outcome.number.clone()]).collect(),
            false => outcome.removed,
        },
        number: outcome.number,
        ..Booked::new(entity, key)
    }
}

pub(crate) fn version(address: &Address, entry: &Entry) -> Option<Held> {
    let headers = &entry.headers;
    let body = body::unpack(headers, &entry.payload).ok()?;
    let read = std::str::from_utf8(&body).ok().and_then(|text| InvoiceRead::decode(text).ok());
    Some(Held {
        entity: address.entity(),
        number: address.key().to_owned(),
        reference: text(headers, seen::REFERENCE)?.into_owned(),
        is_gone: header(headers, seen::DELETED).is_some(),
        is_detached: header(headers, seen::DETACHED).is_some(),
        shown: read.as_ref().map(Shown::of),
    })
}

/// True of a document in Visma that was created before the horizon.
fn is_behind(horizon: &Horizon, entry: &Entry) -> bool {
    let created: Option<Stamp> = header(&entry.headers, seen::CREATED).and_then(|created| created.parse().ok());
    created.is_some_and(|created| created < Stamp::surely_after(horizon.millis(), Duration::ZERO))
}

fn letter(about: &About, entry: &Entry) -> Option<Drift> {
    let sentence = header(&entry.headers, SENTENCE).map(decode).unwrap_or_default();
    let is_ours = header(&entry.headers, CODE) == Some(CHANGED.as_str());
    let (entity, number) = (about.entity?, about.key.clone());
    is_ours.then_some(Drift { entity, number, reference: String::new(), code: CHANGED, sentence })
}

/// Writes a kind of record as it stands in subjects.
fn by_name<S: Serializer>(entity: &Entity, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(entity.name())
}

/// Writes the report as text for a person.
pub fn told(report: &Report) -> String {
    let Report { booked, unread, drifts, pinning } = report;
    let counts = format!("{booked} documents are booked, {unread} of them were not read in Visma yet; {pinning}");
    if drifts.is_empty() {
        return format!("{counts}; all others are as they were booked, and every account balances\n");
    }
    let mut table = headed(["document", "our reference", "code", "what differs"]);
    for drift in drifts {
        let document = format!("{} {}", drift.entity.name(), drift.number);
        table.add_row([document.as_str(), &drift.reference, drift.code.as_str(), &drift.sentence]);
    }
    format!("{table}\n{counts}; {} differences\n", drifts.len())
}
