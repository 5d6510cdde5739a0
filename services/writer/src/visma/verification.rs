//! What a poll saw of one of our documents, held against what was predicted of it. No call is made for it, except for a
//! release where that is wanted.

use std::str::FromStr as _;

use ::visma::etag::Etag;
use ::visma::read::is_draft;
use effect::Record;
use pipeline::broker::take::Delivery;
use pipeline::envelope::Cause;
use pipeline::problem::Problem;
use pipeline::verdict::Verdict;
use proto::{Command, Kind, Outcome, Verification};
use rust_decimal::Decimal;

use super::Writer;
use super::release::Draft;
use crate::entries::named;
use crate::now;
use crate::records::Held;

/// What the comparison says.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    /// As predicted, or nothing was predicted.
    Right,
    /// Wrong, with the code and the sentence of it.
    Wrong(&'static str, String),
}

impl Writer {
    /// Applies a verification.
    pub(super) async fn verification(
        &self,
        delivery: &Delivery,
        command: &Command,
        seen: Verification,
    ) -> Result<(), Verdict> {
        let subject = self.record(&seen.entity, &seen.key);
        let what = if seen.entity == "creditnote" { "credit note" } else { "invoice" };
        let held = self.driver.read(delivery, &subject).await?;
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
                return Err(self.wait_for(delivery, "DOCUMENT_UNKNOWN", self.documents.patience.0, dependent, why));
            }
            // Seen before it was removed, or removed as it should be.
            Record::Withdrawn(withdrawn)
                if seen.deleted || withdrawn.number.as_deref() == Some(seen.number.as_str()) =>
            {
                return Ok(());
            }
            Record::Absent | Record::Rejected(_) | Record::Withdrawn(_) if seen.deleted => return Ok(()),
            Record::Absent | Record::Rejected(_) | Record::Withdrawn(_) => {
                let sentence = format!(
                    "Visma holds {what} {} with our reference {}, and our record says that there is none",
                    seen.number, seen.external_reference
                );
                let remedy = "look who booked it; delete or credit it, or correct its external reference in Visma";
                return Err(Verdict::Dead(Problem::new("DOCUMENT_UNKNOWN", sentence, remedy)));
            }
        }
        if command.change_sequence < held.entry.seen_sequence {
            return Ok(()); // Overtaken by what a later poll saw.
        }
        let finding = compared(&held.entry, &seen);
        self.note_seen(delivery, command, &subject, &held, &seen, &finding).await?;
        match finding {
            Finding::Wrong(code, sentence) => {
                metrics::counter!("ml_drift_total", "kind" => drift(code)).increment(1);
                let remedy =
                    "see the runbook page of the code; correct it in Visma, and the next poll compares it again";
                Err(Verdict::Dead(Problem::new(code, named(what, &held.entry, &sentence), remedy)))
            }
            Finding::Right => self.release_verified(delivery, &seen).await,
        }
    }

    /// Writes what was seen into the record. What it says of commands stays as it is: a poll settles none.
    async fn note_seen(
        &self,
        delivery: &Delivery,
        command: &Command,
        subject: &str,
        held: &Held,
        seen: &Verification,
        finding: &Finding,
    ) -> Result<(), Verdict> {
        let kind = if *finding == Finding::Right { Kind::Verified } else { Kind::Unchanged };
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
            ..held.entry.clone()
        };
        let cause = Cause::of(&delivery.headers);
        match self.driver.records.write(subject, &entry, &[], held.sequence, &cause).await {
            Some(_) => Ok(()),
            None => Err(Verdict::retry(delivery.delivered, "the record has moved")),
        }
    }

    /// Releases what was found right, where that is wanted.
    async fn release_verified(&self, delivery: &Delivery, seen: &Verification) -> Result<(), Verdict> {
        let is_credit_note = seen.entity == "creditnote";
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

/// Holds what was seen against what the record predicts.
fn compared(entry: &Outcome, seen: &Verification) -> Finding {
    let mut numbers = seen.duplicates.clone();
    if !seen.deleted && !seen.number.is_empty() && seen.number != entry.number {
        numbers.extend([entry.number.clone(), seen.number.clone()]);
    }
    // The view of numbers by reference learns from the sweep alone that one is gone.
    numbers.retain(|number| *number == entry.number || !entry.removed.contains(number));
    numbers.sort();
    numbers.dedup();
    if numbers.len() > 1 {
        let sentence = format!("documents {} carry the same reference of ours", numbers.join(", "));
        return Finding::Wrong("DUPLICATE_DOCUMENT", sentence);
    }
    if seen.deleted {
        let sentence = format!("document {} is not in Visma any longer: somebody deleted it", entry.number);
        return Finding::Wrong("DOCUMENT_GONE", sentence);
    }
    // Entries of earlier versions, and credit notes by another sign.
    let (Ok(predicted), Ok(total)) = (Decimal::from_str(&entry.predicted_total), Decimal::from_str(&seen.total)) else {
        return Finding::Right;
    };
    let same_currency = seen.currency.is_empty() || entry.currency.is_empty() || seen.currency == entry.currency;
    // Which of a document's two amounts is in its currency is told in two ways; at home both are one.
    let other = Decimal::from_str(&seen.other_total).unwrap_or(total);
    if same_currency && [total, other].iter().any(|total| predicted.abs() == total.abs()) {
        return Finding::Right;
    }
    let sentence = format!(
        "Visma's {} has a total of {total} {}, and {predicted} {} was predicted",
        entry.number, seen.currency, entry.currency
    );
    Finding::Wrong("TOTAL_DIFFERS", sentence)
}

/// What a finding is counted as.
fn drift(code: &str) -> &'static str {
    match code {
        "DUPLICATE_DOCUMENT" => "doubled",
        "DOCUMENT_GONE" => "deleted",
        _ => "total",
    }
}

#[cfg(test)]
mod tests;
