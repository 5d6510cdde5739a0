//! The sweep: what no delta shows. A document that was deleted is in no list of what was modified, so from time to time
//! all documents of some months are listed and held against all that we know to be there.
//!
//! What is listed is recorded like any reading, which also finds what a delta has missed. What is known and not listed
//! is asked for by its number before it is believed to be gone; then it is recorded as gone, and the stages behind take
//! it from there. Two documents of one reference show there too, since both are recorded; and one whose reference was
//! taken away, since its number is known.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::visma::delta::{Delta, Mark};
use ::visma::requests::Rows;
use ::visma::stamp::Stamp;
use pipeline::clock;
use pipeline::service::Context;
use pipeline::settings::Span;
use problem::{Code, Problem, Stopped};
use proto::seen;
use record::address::{Kind, System};
use record::envelope::{Cause, header, text};
use record::{Log, entry};
use serde::Deserialize;
use serde_json::json;

use super::Source;
use super::entity::Entity;
use super::list::{Unread, ours};
use super::poll::{PAGES, Scan};
use crate::changes::{Reading, Recorded};
use crate::records;

/// Documents that are asked for by their number in one sweep; the next one asks for the rest.
const ASKED: usize = 200;
/// From this many on, a sweep that finds every known document gone is not believed.
const PLAUSIBLE: usize = 5;
/// How far Visma's clock may be behind ours.
const CLOCKS: Duration = Duration::from_secs(60 * 60);

/// How Visma is swept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Whether it is.
    pub enabled: bool,
    /// Time between sweeps.
    pub interval: Span,
    /// Documents created within this time are listed.
    pub reach: Span,
}

/// What we know to be in Visma: references by number.
pub(super) type Known = BTreeMap<String, String>;

/// Sweeps our documents of every kind that is polled; returns the number of new versions, of what is gone too.
pub(super) async fn sweep(context: &Context, log: &Log, scans: &[Scan<'_>]) -> Result<u64, Stopped> {
    let mut new = 0;
    for scan in scans.iter().filter(|scan| matches!(scan.entity, Entity::Invoice | Entity::CreditNote)) {
        new += sweep_kind(context, log, scan).await?;
    }
    Ok(new)
}

async fn sweep_kind(context: &Context, log: &Log, scan: &Scan<'_>) -> Result<u64, Stopped> {
    let Scan { entity, source, changes, .. } = scan;
    let entity = *entity;
    let since = Stamp::surely_before(clock::now_millis(), source.sweep.reach.0);
    let known = known(context, log, source, entity, since).await;
    let mut listed = BTreeSet::new();
    let mut delta = Delta::new(None, None, Stamp::surely_after(clock::now_millis(), CLOCKS), PAGES);
    let note = |mark: &Mark| {
        listed.insert(mark.key.clone());
    };
    let mut new = scan.read(&mut delta, Rows::CreatedSince(since), Some(&known), note).await?;
    let missing: Vec<_> = known.iter().filter(|(number, _)| !listed.contains(number.as_str())).collect();
    if missing.len() == known.len() && known.len() >= PLAUSIBLE {
        let sentence =
            format!("Visma lists none of the {} documents ({}) that we know there", known.len(), entity.name());
        let remedy = "see whether tenant_id and company_id are still those of the same company";
        return Err(Stopped::Person(Problem::new(Code::VismaCompanyEmpty, sentence, remedy)));
    }
    for (number, reference) in missing.into_iter().take(ASKED) {
        let is_gone = match scan.lister.record(number).await {
            Ok(_) => false,
            Err(Unread::Gone) => true,
            // It is there as far as anybody knows: it is asked for again with the next sweep.
            Err(Unread::Broken(why)) => {
                let remedy = "ask Visma why its API fails over this document";
                scan.aside.set(number, Problem::new(Code::RecordBroken, why.sentence, remedy)).await.map_err(ours)?;
                false
            }
            Err(Unread::Stopped(stopped)) => return Err(stopped),
        };
        if is_gone {
            tracing::warn!(entity = entity.name(), number, "one of our documents is no longer in Visma");
            let gone = changes.record(gone(entity, number, reference), Cause::default()).await.map_err(ours)?;
            new += u64::from(gone == Recorded::New);
        }
    }
    Ok(new)
}

/// What is known to be in Visma and was surely created after `since`: from what was read there, and from the outcomes
/// of what we created and no poll has read yet.
async fn known(context: &Context, log: &Log, source: &Source, entity: Entity, since: Stamp) -> Known {
    let read = Arc::new(Mutex::new(BTreeMap::<String, Option<String>>::new()));
    let written = Arc::new(Mutex::new(Known::new()));
    let stop = context.stop.child_token();
    let sink = Arc::clone(&read);
    let versions = log.entity(Kind::Change, System::Visma, entity.record());
    let changes = log.follow(&versions, true, &stop, move |address, headers, _| {
        let number = address.key().to_owned();
        let created: Option<Stamp> = header(headers, seen::CREATED).and_then(|created| created.parse().ok());
        let alive = header(headers, seen::DELETED).is_none() && created.is_some_and(|created| created >= since);
        let reference = text(headers, seen::REFERENCE).filter(|_| alive).map(Cow::into_owned);
        sink.lock().unwrap_or_else(PoisonError::into_inner).insert(number, reference);
    });
    let sink = Arc::clone(&written);
    let from = clock::now_millis().saturating_sub(u64::try_from(source.sweep.reach.0.as_millis()).unwrap_or(u64::MAX));
    let records = log.entity(Kind::Outcome, System::Visma, entity.record());
    let outcomes = log.follow(&records, false, &stop, move |_, _, body| {
        let Ok(outcome) = entry::read_outcome(body) else { return };
        let recent = !outcome.number.is_empty() && !outcome.deleted && outcome.written_at >= from;
        if recent {
            let mut written = sink.lock().unwrap_or_else(PoisonError::into_inner);
            written.insert(outcome.number, outcome.external_reference);
        }
    });
    futures::join!(changes.up(), outcomes.up());
    stop.cancel();
    let read = std::mem::take(&mut *read.lock().unwrap_or_else(PoisonError::into_inner));
    let mut known = std::mem::take(&mut *written.lock().unwrap_or_else(PoisonError::into_inner));
    for (number, reference) in read {
        match reference {
            Some(reference) => known.insert(number, reference),
            // It is gone already, or so old that it is not listed.
            None => known.remove(&number),
        };
    }
    known
}

/// The reading of a document that is not there.
fn gone(entity: Entity, number: &str, reference: &str) -> Reading {
    let record = json!({ "referenceNumber": number, "externalReference": reference, "status": "Deleted" });
    let headers = vec![(seen::REFERENCE, reference.to_owned()), (seen::DELETED, "true".to_owned())];
    entity.of(number.to_owned(), record.to_string(), &records::VISMA_DOCUMENT, headers)
}
