//! A later version of a document that stands in Visma: whether an accountant must hear of it.
//!
//! A document that stands is never changed by this program. A person is told when money, VAT, currency or the debtor
//! differs from what was booked, once for each such version. Nobody is told when the mapping file would choose other
//! accounts now, or when a guest makes an account.

use std::str::FromStr as _;

use effect::{Linked, Wanted};
use problem::{Code, Problem};
use proto::{Booked, Outcome, TaxDetail};
use record::Verdict;
use record::take::Delivery;
use rust_decimal::Decimal;

use super::lookups::Key;
use super::{Api, Writer};
use crate::create::{Document, Ended, System};
use crate::sha256;
use record::Current;

/// Source of a document's later version, and the kind of document that stands.
pub(super) type Names<'a> = (&'a str, &'a str);

impl Writer {
    /// Settles a command whose document stands with another body. `silent` says that it was told under another
    /// document of the same order.
    pub(super) async fn later_version(
        &self,
        delivery: &Delivery,
        document: Document<'_, Key>,
        request: &<Api as System>::Request,
        (linked, held): (Linked, Current),
        (source, silent): (&str, bool),
    ) -> Result<(), Verdict> {
        let differs = differences(&held.entry, &document.entry);
        let digest = digest(&differs);
        let is_told = silent || held.entry.told_change == digest;
        let told = changed((source, document.what.word()), &held.entry, &linked.number, &differs);
        // What stands is what was sent; that its source says something else now is noted beside it.
        let entry = Outcome {
            change_version: document.entry.change_version.clone(),
            external_reference: held.entry.external_reference.clone(),
            currency: held.entry.currency.clone(),
            predicted_total: held.entry.predicted_total.clone(),
            booked: held.entry.booked.clone(),
            told_change: digest,
            ..Outcome::default()
        };
        let wanted = Wanted { body_hash: linked.body_hash, ..document.wanted.clone() };
        let settled = Document { wanted, entry, ..document };
        match self.driver.create(delivery, &settled, request, Some(held)).await? {
            Ended::Done(_) if differs.is_empty() || is_told => Ok(()),
            Ended::Done(_) => Err(told),
            Ended::Differs(..) => Err(Verdict::moved(delivery.delivered, "the record")),
        }
    }
}

/// The dead letter of a delivery that was cut off after the record says that it was told, and before it was.
pub(super) fn cut_off(
    delivery: &Delivery,
    held: &Current,
    document: &Document<'_, Key>,
    source: &str,
) -> Option<Verdict> {
    let entry = &held.entry;
    let is_ours = delivery.delivered > 1 && entry.command_sequence == delivery.sequence;
    let differs = differences(entry, &document.entry);
    let is_noted = !differs.is_empty() && entry.told_change == digest(&differs);
    (is_ours && is_noted).then(|| changed((source, document.what.word()), entry, &entry.number, &differs))
}

/// In what a later version of a document differs from what was booked, as far as both say it.
fn differences(was: &Outcome, is: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    if !was.predicted_total.is_empty()
        && (!same(&was.predicted_total, &is.predicted_total) || was.currency != is.currency)
    {
        let (total, currency) = (&was.predicted_total, &was.currency);
        let sentence = format!("{total} {currency} was booked, and it is {} {} now", is.predicted_total, is.currency);
        found.push(sentence);
    }
    if let (Some(was), Some(is)) = (&was.booked, &is.booked) {
        found.extend(vat(was, is));
        found.extend(debtor(was, is));
    }
    found
}

/// The VAT by code where the same mapping file has chosen both, else what the shop charged, which no mapping file
/// changes.
fn vat(was: &Booked, is: &Booked) -> Vec<String> {
    let amounts = |booked: &Booked, code: &str| -> (String, String) {
        let one = booked.vat.iter().find(|one| one.vat_code == code);
        one.map_or_else(|| ("0".to_owned(), "0".to_owned()), |one| (one.taxable.clone(), one.vat.clone()))
    };
    let code = |one: &TaxDetail| one.vat_code.clone();
    let mut codes: Vec<String> = was.vat.iter().chain(&is.vat).map(code).collect();
    codes.sort_unstable();
    codes.dedup();
    let by_code = codes.iter().filter_map(|code| {
        let (was, is) = (amounts(was, code), amounts(is, code));
        let differs = !same(&was.0, &is.0) || !same(&was.1, &is.1);
        differs.then(|| {
            format!(
                "VAT code {code} was booked with {} and VAT {}, and has {} and VAT {} now",
                was.0, was.1, is.0, is.1
            )
        })
    });
    if was.mapping_version == is.mapping_version {
        let by_code: Vec<_> = by_code.collect();
        if !by_code.is_empty() {
            return by_code;
        }
    }
    let (was, is) = (&was.charged_vat, &is.charged_vat);
    if was.is_empty() || is.is_empty() || same(was, is) {
        return Vec::new();
    }
    vec![format!("the shop had charged {was} of VAT, and has charged {is} now")]
}

/// Returns a sentence when the debtor has changed: another customer in Visma, and another buyer in the shop.
fn debtor(was: &Booked, is: &Booked) -> Option<String> {
    let known = !was.debtor.is_empty() && !is.debtor.is_empty();
    let differs = known && was.debtor != is.debtor && was.customer_number != is.customer_number;
    differs.then(|| {
        let (was, is) = (&was.customer_number, &is.customer_number);
        format!("customer {was} was booked, and it is another buyer's now, who is customer {is}")
    })
}

/// The same amount, whatever it is written as. What is no amount is compared as a text.
fn same(one: &str, other: &str) -> bool {
    match (Decimal::from_str(one), Decimal::from_str(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

fn digest(differences: &[String]) -> String {
    if differences.is_empty() { String::new() } else { sha256(differences.join("\n").as_bytes()) }
}

fn changed((source, what): Names<'_>, entry: &Outcome, number: &str, differences: &[String]) -> Verdict {
    let sentence = format!(
        "the {source} of {} stands in Visma as {what} {number}, and was changed in Commerce after that: {}",
        entry.external_reference,
        differences.join("; ")
    );
    let remedy =
        format!("compare both, and correct or credit the {what} in Visma by hand; this program does not change it");
    Verdict::Dead(Problem::new(Code::ChangedAfterBooking, sentence, remedy))
}

#[cfg(test)]
mod tests;
