//! Compares what a poll saw of one of our documents with what was predicted of it. No call is made for it, except for a
//! release where that is wanted.

use record::address::{Address, Entity};
use std::sync::atomic::Ordering;

use ::visma::compare::{Comparison, Part, Pins, compare};
use ::visma::etag::Etag;
use ::visma::read::is_draft;
use effect::{Record, Silence};
use problem::{Code, Problem, chain};
use proto::{Command, Difference, Kind, Outcome, Verification};
use record::Verdict;
use record::envelope::Cause;
use record::take::Delivery;

use super::Writer;
use super::lookups::Key;
use super::release::Draft;
use super::standing::On;
use crate::entries::named;
use crate::now;
use record::Current;
use record::entry::UNREADABLE;

/// Code of a document that cannot be compared as far as it must.
const INCOMPLETE: Code = Code::VerificationIncomplete;
/// Values of `Writer::pins`: the last line that was logged about pinned VAT.
const KEPT: u8 = 1;
const NOT_KEPT: u8 = 2;

/// One thing that is not as it was booked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    code: Code,
    sentence: String,
}

impl Finding {
    /// Returns the findings that the record's last entry holds.
    fn noted(entry: &Outcome) -> Vec<Self> {
        let read = |one: &Difference| {
            let (code, sentence) = Code::read(&one.code, one.sentence.clone());
            Self { code, sentence }
        };
        entry.differences.iter().map(read).collect()
    }
}

impl From<&Finding> for Difference {
    fn from(one: &Finding) -> Self {
        Self { code: one.code.to_string(), sentence: one.sentence.clone() }
    }
}

/// Result of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    /// Things that are not as they were booked; none when the document is right.
    differences: Vec<Finding>,
    /// Parts that the list does not show.
    unseen: Vec<Part>,
    pins: Pins,
}

impl Found {
    fn one(code: Code, sentence: String) -> Self {
        Self { differences: vec![Finding { code, sentence }], unseen: Vec::new(), pins: Pins::Unknown }
    }

    fn is_right(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Writer {
    /// Applies a verification.
    pub(super) async fn verification(
        &self,
        delivery: &Delivery,
        command: &Command,
        seen: Verification,
    ) -> Result<(), Verdict> {
        let what = document(&seen.entity)?;
        let address = self.record(what, &seen.key);
        let held = self.driver.read(delivery, &address).await?;
        match &held.record {
            // A second document of the reference was removed, as its dead letter asked for: ours still stands. Or what
            // was seen is the one before it, which we removed.
            Record::Linked(linked)
                if seen.number != linked.number && (seen.deleted || held.entry.removed.contains(&seen.number)) =>
            {
                return Ok(());
            }
            Record::Linked(_) => {}
            // The poll was quicker than the answer to the create, or its settling: that says which number is ours.
            Record::Intent(_) | Record::GivenUp(_) => {
                let why = "its record is not settled yet";
                let dependent = (what, &held.entry);
                let on = On { address: &address, seen: held.sequence, is_soon: true };
                let patience = self.documents.patience.0;
                return Err(Self::wait_for(delivery, Code::DocumentUnknown, (patience, on), dependent, why));
            }
            // Seen before it was removed, or removed as it should be.
            Record::Withdrawn(withdrawn)
                if seen.deleted || withdrawn.number.as_deref() == Some(seen.number.as_str()) =>
            {
                return Ok(());
            }
            Record::Absent | Record::Rejected(_) | Record::Withdrawn(_) if seen.deleted => return Ok(()),
            Record::Absent | Record::Rejected(_) | Record::Withdrawn(_) if self.may_be_adopted(&seen).await? => {
                let dependent = (what, &held.entry);
                let why = "the log was set back, and does not know it again yet";
                let on = On { address: &address, seen: held.sequence, is_soon: false };
                let patience = self.documents.patience.0;
                return Err(Self::wait_for(delivery, Code::DocumentUnknown, (patience, on), dependent, why));
            }
            Record::Absent | Record::Rejected(_) | Record::Withdrawn(_) => {
                let sentence = format!(
                    "Visma holds {} {} with our reference {}, and our record says that there is none",
                    what.word(),
                    seen.number,
                    seen.external_reference
                );
                let remedy = "look who booked it; delete or credit it, or correct its external reference in Visma";
                return Err(Verdict::Dead(Problem::new(Code::DocumentUnknown, sentence, remedy)));
            }
        }
        if command.change_sequence < held.entry.seen_sequence {
            // Overtaken by what a later poll saw. What both saw may have been noted by this delivery and not told.
            let differences = Finding::noted(&held.entry);
            return match differences.first().filter(|_| delivery.delivered > 1) {
                Some(first) => Err(Verdict::Dead(letter(what, &held.entry, first, &differences))),
                None => Ok(()),
            };
        }
        let found = found(&held.entry, &seen, self.renumbered(&held.entry)).map_err(Verdict::Dead)?;
        self.learn(&held.entry, found.pins);
        let news = news(delivery, &held.entry, command.change_sequence, &found);
        self.note_seen(delivery, command, &address, &held, (&seen, &found)).await?;
        for difference in &news {
            metrics::counter!("ml_drift_total", "kind" => kind(difference.code)).increment(1);
        }
        if let Some(first) = news.first() {
            return Err(Verdict::Dead(letter(what, &held.entry, first, &found.differences)));
        }
        match found.is_right() {
            true => self.release_verified(delivery, &seen).await,
            false => Ok(()),
        }
    }

    /// True when the log may come to know a document that it knows nothing of.
    async fn may_be_adopted(&self, seen: &Verification) -> Result<bool, Verdict> {
        let reference = seen.external_reference.clone();
        let key = match document(&seen.entity)? {
            Entity::CreditNote => Key::CreditNote(reference),
            _ => Key::Reference(reference),
        };
        let silence = self.driver.system.horizon.unless_set_back(&key).await;
        let later = |wait| Verdict::RetryAfter(wait, "it is not known yet whether the log was set back".to_owned());
        silence.map(|silence| silence != Silence::Proves).map_err(later)
    }

    /// The number that the document's customer has now, where it was given another one.
    fn renumbered(&self, entry: &Outcome) -> Option<String> {
        entry.booked.as_ref().and_then(|booked| self.customers.renumbered(&booked.customer_number))
    }

    /// Says what a document tells of pinned VAT.
    fn learn(&self, entry: &Outcome, pins: Pins) {
        let kept = match pins {
            Pins::Kept => true,
            Pins::NotKept => false,
            Pins::Unknown => return,
        };
        metrics::counter!("ml_pins_total", "kept" => if kept { "true" } else { "false" }).increment(1);
        let said = self.pins.swap(if kept { KEPT } else { NOT_KEPT }, Ordering::Relaxed);
        match kept {
            true if said != KEPT => {
                tracing::info!(number = entry.number, "Visma keeps VAT that is pinned: pin_vat = true is right");
            }
            false if said != NOT_KEPT => {
                tracing::warn!(number = entry.number, "Visma does not keep VAT that is pinned: see PINS_NOT_KEPT");
            }
            _ => {}
        }
    }

    /// Writes what was seen into the record. What it says of commands stays as it is: a poll settles none.
    async fn note_seen(
        &self,
        delivery: &Delivery,
        command: &Command,
        address: &Address,
        held: &Current,
        (seen, found): (&Verification, &Found),
    ) -> Result<(), Verdict> {
        let kind = if found.is_right() { Kind::Verified } else { Kind::Unchanged };
        // What was seen of another document under the reference says nothing of ours.
        let ours = seen.number == held.entry.number;
        let kept = |new: &str, old: &str| if new.is_empty() || !ours { old.to_owned() } else { new.to_owned() };
        let entry = Outcome {
            kind: kind.into(),
            command_id: command.id.clone(),
            written_at: now().0,
            applied_at: crate::entries::applied_at(&held.entry),
            seen_sequence: command.change_sequence,
            status: kept(&seen.status, &held.entry.status),
            balance: kept(&seen.balance, &held.entry.balance),
            etag: kept(&seen.etag, &held.entry.etag),
            deleted: seen.deleted,
            differences: found.differences.iter().map(Difference::from).collect(),
            unseen: found.unseen.iter().map(|part| part.word().to_owned()).collect(),
            ..held.entry.clone()
        };
        let cause = Cause::of(&delivery.headers);
        match self.driver.appender.append(address, &entry, &[], held.sequence, &cause).await {
            Some(_) => Ok(()),
            None => Err(Verdict::moved(delivery.delivered, "the record")),
        }
    }

    /// Releases what was found right, where that is wanted.
    async fn release_verified(&self, delivery: &Delivery, seen: &Verification) -> Result<(), Verdict> {
        let is_credit_note = document(&seen.entity)? == Entity::CreditNote;
        let wanted = match is_credit_note {
            true => self.documents.release_credit_notes,
            false => self.documents.release_invoices,
        };
        if !wanted || !is_draft(&seen.status) {
            return Ok(());
        }
        let etag = Etag::parse(&seen.etag);
        let on_hold = seen.status.eq_ignore_ascii_case("hold");
        let draft = Draft { is_credit_note, number: &seen.number, etag: etag.as_ref(), on_hold };
        self.release(delivery, draft).await
    }
}

/// Holds what was seen against what the record predicts. `renumbered` is the number that the customer has now.
fn found(entry: &Outcome, seen: &Verification, renumbered: Option<String>) -> Result<Found, Problem> {
    let mut numbers = seen.duplicates.clone();
    if !seen.deleted && !seen.number.is_empty() && seen.number != entry.number {
        numbers.extend([entry.number.clone(), seen.number.clone()]);
    }
    // The view of numbers by reference learns from the sweep alone that one is gone.
    numbers.retain(|number| *number == entry.number || !entry.removed.contains(number));
    numbers.sort();
    numbers.dedup();
    if numbers.len() > 1 {
        let sentence = format!("documents {} have the same reference of ours", numbers.join(", "));
        return Ok(Found::one(Code::DuplicateDocument, sentence));
    }
    if seen.deleted {
        let sentence = format!("document {} is no longer in Visma: somebody deleted it", entry.number);
        return Ok(Found::one(Code::DocumentGone, sentence));
    }
    let unreadable = |e: proto::Malformed| {
        let sentence = format!("what was booked as {} cannot be compared: {}", entry.number, chain(&e));
        Problem::new(UNREADABLE, sentence, "look at the record's last entry, and compare the document by hand")
    };
    let Some(mut booked) = entry.predicted().map_err(unreadable)? else {
        return Ok(Found::one(INCOMPLETE, "our record does not say which total was booked".to_owned()));
    };
    booked.customers.extend(renumbered);
    let shown = seen.shown().map_err(|e| crate::unreadable(&chain(&e)))?;
    let Comparison { differences, unseen, pins } = compare(&booked, &shown);
    let is_incomplete = unseen.iter().any(|part| matches!(part, Part::Total | Part::Vat));
    let mut differences: Vec<Finding> =
        differences.into_iter().map(|one| Finding { code: one.part.code(), sentence: one.sentence }).collect();
    if is_incomplete {
        let parts: Vec<&str> = unseen.iter().map(|part| part.word()).collect();
        let sentence = format!("Visma's list does not show what it is compared by ({})", parts.join(", "));
        differences.push(Finding { code: INCOMPLETE, sentence });
    }
    Ok(Found { differences, unseen, pins })
}

/// Reads the kind of document of the customer's ledger that a message names; any other name is a dead letter.
pub(super) fn document(name: &str) -> Result<Entity, Verdict> {
    match Entity::named(name) {
        Some(entity @ (Entity::Invoice | Entity::CreditNote)) => Ok(entity),
        _ => Err(Verdict::Dead(crate::unreadable(&format!("`{name}` is no document of the customer's ledger")))),
    }
}

/// Returns the findings that a person is to be told: those not told before. A delivery that comes again tells all of
/// them again, since the first one may have been cut off between the record and the letter.
fn news(delivery: &Delivery, entry: &Outcome, change: u64, found: &Found) -> Vec<Finding> {
    let noted = Finding::noted(entry);
    let again = delivery.delivered > 1 && entry.seen_sequence == change;
    let is_news = |one: &&Finding| again || !noted.contains(one);
    found.differences.iter().filter(is_news).cloned().collect()
}

/// The dead letter of what differs, under the code of the difference that it is written for.
fn letter(what: Entity, entry: &Outcome, news: &Finding, all: &[Finding]) -> Problem {
    let said: Vec<&str> = all.iter().map(|one| one.sentence.as_str()).collect();
    let sentence = match part(news.code) {
        Some(_) => format!("it stands in Visma as {}: {}", entry.number, said.join("; ")),
        None => said.join("; "),
    };
    let remedy = part(news.code).map(Part::what_to_do);
    let remedy = remedy.unwrap_or("see the runbook page of the code; the next poll compares it again");
    Problem::new(news.code, named(what, entry, &sentence), remedy)
}

fn part(code: Code) -> Option<Part> {
    let parts = [Part::Currency, Part::Total, Part::Pins, Part::Vat, Part::Accounts, Part::Customer, Part::Date];
    parts.into_iter().find(|part| part.code() == code)
}

/// Returns the name under which a difference is counted.
fn kind(code: Code) -> &'static str {
    match code {
        Code::DuplicateDocument => "doubled",
        Code::DocumentGone => "deleted",
        INCOMPLETE => "incomplete",
        code => part(code).map_or("total", Part::word),
    }
}

#[cfg(test)]
mod tests;
