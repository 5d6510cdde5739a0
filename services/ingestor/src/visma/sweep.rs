//! The sweep: what no delta shows. A document that was deleted is in no list of what was modified, so from time to time
//! all documents of some months are listed and held against all that we know to be there.
//!
//! A document that is listed is recorded like any reading, so that changes which a delta has missed are found too. A
//! known document that is not listed is asked for by its number before it is believed to be gone; then it is recorded
//! as gone, and the stages behind take it from there. Two documents of one reference show up too, since both are
//! recorded. So does a document whose reference was taken away, since its number is known.

use std::collections::BTreeSet;
use std::time::Duration;

use ::visma::delta::{Delta, Mark};
use ::visma::requests::Rows;
use ::visma::stamp::Stamp;
use pipeline::clock;
use pipeline::service::Context;
use pipeline::settings::Span;
use problem::{Code, Problem, Stopped};
use proto::seen;
use record::Log;
use record::envelope::Cause;
use serde::Deserialize;
use serde_json::json;

use super::entity::Entity;
use super::known::Documents;
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
    /// True when it is swept.
    pub enabled: bool,
    /// Time between sweeps.
    pub interval: Span,
    /// Documents created within this time are listed.
    pub reach: Span,
}

/// Sweeps our documents of every kind that is polled; returns the number of new versions, of what is gone too.
pub(super) async fn sweep(context: &Context, log: &Log, scans: &[Scan<'_>]) -> Result<u64, Stopped> {
    let documents = Documents::now(log, &context.stop).await;
    let mut new = 0;
    for scan in scans.iter().filter(|scan| matches!(scan.entity, Entity::Invoice | Entity::CreditNote)) {
        new += sweep_kind(&documents, scan).await?;
    }
    Ok(new)
}

async fn sweep_kind(documents: &Documents, scan: &Scan<'_>) -> Result<u64, Stopped> {
    let Scan { entity, source, changes, .. } = scan;
    let entity = *entity;
    let (now, reach) = (clock::now_millis(), source.sweep.reach.0);
    let since = Stamp::surely_before(now, reach);
    let written = now.saturating_sub(u64::try_from(reach.as_millis()).unwrap_or(u64::MAX));
    let known = documents.since(entity.record(), since, written);
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

/// The reading of a document that is not there.
fn gone(entity: Entity, number: &str, reference: &str) -> Reading {
    let record = json!({ "referenceNumber": number, "externalReference": reference, "status": "Deleted" });
    let headers = vec![(seen::REFERENCE, reference.to_owned()), (seen::DELETED, "true".to_owned())];
    entity.of(number.to_owned(), record.to_string(), &records::VISMA_DOCUMENT, headers)
}
