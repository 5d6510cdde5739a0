//! Which orders are final: nothing of them will move by itself, and nobody is waited for.

use commerce::order::{Order, OrderState};
use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use problem::Problem;
use proto::Kind as Said;
use record::address::{Address, Entity, Kind, System};
use record::envelope::{ORIGIN, ORIGIN_SEQUENCE, header};
use record::streams::DEAD;
use record::{Entry, Log, body, entry, horizon};
use rust_decimal::Decimal;
use visma::read::is_draft;

use super::Progress;
use super::catalog::Catalog;
use crate::drift::{self, Booked, Held};

/// Orders that are looked at at once.
const AT_ONCE: usize = 16;

/// One subject of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) stream: String,
    pub(super) subject: String,
    /// Sequence of its last entry, and when that was stored, milliseconds since the epoch.
    pub(super) last: u64,
    pub(super) time: u64,
}

/// Why an order stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stay {
    /// Something of it is not older than the moment.
    Newer,
    /// A service is not past all of it.
    InWork,
    /// Something of it waits.
    Waits,
    /// The order itself is not in the log, or not to be read.
    NoOrder,
    /// The shop may still do something with it.
    OpenInShop,
    /// It is not known what became of a document.
    InDoubt,
    /// No poll has seen a document of it in Visma.
    Unseen,
    /// A document of it is open in Visma.
    OpenInVisma,
    /// A document is not as it was booked.
    Differs,
    /// Its account does not balance.
    Unbalanced,
    /// A dead letter of it is open.
    DeadLetter,
    /// An entry of it cannot be read.
    Unreadable,
}

impl Stay {
    /// All reasons.
    pub const ALL: [Self; 12] = [
        Self::Newer,
        Self::InWork,
        Self::Waits,
        Self::NoOrder,
        Self::OpenInShop,
        Self::InDoubt,
        Self::Unseen,
        Self::OpenInVisma,
        Self::Differs,
        Self::Unbalanced,
        Self::DeadLetter,
        Self::Unreadable,
    ];

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Newer => "newer",
            Self::InWork => "in work",
            Self::Waits => "waiting",
            Self::NoOrder => "without their order",
            Self::OpenInShop => "open in the shop",
            Self::InDoubt => "in doubt",
            Self::Unseen => "not seen in Visma",
            Self::OpenInVisma => "open in Visma",
            Self::Differs => "differing",
            Self::Unbalanced => "not balanced",
            Self::DeadLetter => "with a dead letter",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Judges every order that nothing keeps yet.
pub(super) async fn judge(
    log: &Log,
    catalog: &Catalog,
    before: Timestamp,
    progress: Progress<'_>,
) -> Result<(), Problem> {
    let (mut after, mut judged) = (String::new(), 0);
    loop {
        let lanes = catalog.undecided(&after)?;
        let Some((last, _)) = lanes.last() else { return Ok(()) };
        after.clone_from(last);
        let looks = lanes.iter().map(async |(lane, subjects)| (lane, one(log, (lane, subjects), before).await));
        let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
        while let Some((lane, stay)) = looks.next().await {
            catalog.decide(lane, stay?)?;
            judged += 1;
        }
        progress("orders judged", judged);
    }
}

/// Why one order stays; none when it is final.
async fn one(log: &Log, (lane, subjects): (&str, &[Subject]), before: Timestamp) -> Result<Option<Stay>, Problem> {
    let addresses: Vec<_> = subjects.iter().filter_map(|one| Address::parse(&one.subject).ok()).collect();
    let order = log.change(System::Commerce, Entity::Order, lane);
    let Some(order) = log.last(&order).await? else { return Ok(Some(Stay::NoOrder)) };
    if let Some(stay) = of_shop(&order, before) {
        return Ok(Some(stay));
    }
    for letter in subjects.iter().filter(|one| one.stream == DEAD) {
        if is_open(log, letter, subjects).await? {
            return Ok(Some(Stay::DeadLetter));
        }
    }
    let (mut booked, mut held) = (Vec::new(), Vec::new());
    for address in &addresses {
        let is_document = matches!(address.entity(), Entity::Invoice | Entity::CreditNote);
        match (address.kind(), address.system()) {
            (Kind::Outcome, System::Visma | System::Commerce) => {
                let Some(last) = log.last(address).await? else { return Ok(Some(Stay::Newer)) };
                if let Some(stay) = of_outcome(&last, is_document) {
                    return Ok(Some(stay));
                }
                if is_document {
                    booked.push(drift::record(address, &last));
                }
            }
            (Kind::Change, System::Visma) if is_document => {
                let Some(last) = log.last(address).await? else { return Ok(Some(Stay::Newer)) };
                held.extend(drift::version(address, &last));
            }
            _ => {}
        }
    }
    Ok(of_books((lane, &order), &addresses, &booked, &held))
}

/// The shop's own word on an order.
fn of_shop(order: &Entry, before: Timestamp) -> Option<Stay> {
    let read = body::unpack(&order.headers, &order.payload).ok().and_then(|bytes| Order::decode(&bytes).ok());
    let Some(order) = read else { return Some(Stay::NoOrder) };
    // By this the services tell what may be archived: it must hold of all that is.
    if order.created_at.as_deref().and_then(horizon::moment).is_none_or(|placed| placed >= before) {
        return Some(Stay::Newer);
    }
    match order.state {
        Some(OrderState::Complete | OrderState::Closed | OrderState::Canceled) => None,
        _ => Some(Stay::OpenInShop),
    }
}

/// Judges one record by itself: returns why its order stays, or `None`.
fn of_outcome(last: &Entry, is_document: bool) -> Option<Stay> {
    let Ok(outcome) = entry::read_outcome(&last.payload) else { return Some(Stay::Unreadable) };
    if outcome.kind() == Said::Intent || outcome.doubt.is_some() {
        return Some(Stay::InDoubt);
    }
    if !outcome.differences.is_empty() {
        return Some(Stay::Differs);
    }
    if !is_document || outcome.number.is_empty() || outcome.withdrawn || outcome.deleted {
        return None;
    }
    let nothing_open = outcome.balance.parse::<Decimal>().is_ok_and(|open| open.is_zero());
    match outcome.status.as_str() {
        "" => Some(Stay::Unseen),
        "Closed" => None,
        status if !is_draft(status) && nothing_open => None,
        _ => Some(Stay::OpenInVisma),
    }
}

/// Judges the documents of an order against the shop: returns why the order stays, or `None`.
fn of_books(order: (&str, &Entry), addresses: &[Address], booked: &[Booked], held: &[Held]) -> Option<Stay> {
    let report = drift::compare(booked, held);
    if !report.drifts.is_empty() {
        return Some(Stay::Differs);
    }
    drift::unbalanced(order, addresses, booked, held).map(|_| Stay::Unbalanced)
}

/// True of a dead letter that nothing has followed: its record has not moved since, and nothing was decided anew.
async fn is_open(log: &Log, letter: &Subject, subjects: &[Subject]) -> Result<bool, Problem> {
    let Some(last) = log.letter(&letter.subject).await? else { return Ok(false) };
    let Some(origin) = header(&last.headers, ORIGIN) else { return Ok(true) };
    let sequence: u64 = header(&last.headers, ORIGIN_SEQUENCE).and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    Ok(!subjects.iter().any(|one| one.subject == origin && one.last > sequence))
}
