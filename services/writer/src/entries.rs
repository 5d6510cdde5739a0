//! Entries of the log: what they say besides what `effect` decides, and the headers that views read.

use proto::Outcome;
use proto::matching::NUMBER;
use record::address::Entity;

use crate::create::Document;

/// A sentence that says which document it is about, by what an accountant knows it by. A customer has no such name that
/// may stand in clear.
pub(crate) fn named(what: Entity, entry: &Outcome, sentence: &str) -> String {
    let Outcome { external_reference: reference, predicted_total: total, currency, .. } = entry;
    let what = what.word();
    match (reference.as_str(), total.as_str()) {
        ("", _) => sentence.to_owned(),
        (_, "") => format!("{what} {reference}: {sentence}"),
        (_, _) => format!("{what} {reference} of {total} {currency}: {sentence}"),
    }
}

/// The headers by which views, and people with the `nats` tool, find a document that stands: its marks and its number.
/// A view that is rebuilt after a restart knows nothing else of a customer that no poll has read yet.
pub(crate) fn marks(entry: &Outcome, marks: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    if entry.number.is_empty() {
        return Vec::new();
    }
    marks.iter().cloned().chain([(NUMBER, entry.number.clone())]).collect()
}

/// Adds to an entry what is known besides: of our document what it says of itself, of another one what the entry before
/// says of it.
pub(crate) fn fill<K>(entry: Outcome, document: &Document<'_, K>, before: &Outcome) -> Outcome {
    let known = &document.entry;
    // An adopted document may come from an older command, whose version is not known here.
    let ours = entry.command_id == document.wanted.command;
    // What was withdrawn is another document than the one that is booked after it.
    let mut removed = before.removed.clone();
    if before.withdrawn && !entry.withdrawn && !before.number.is_empty() {
        removed.push(before.number.clone());
    }
    let new = Outcome::default();
    let before = if before.withdrawn && !entry.withdrawn { &new } else { before };
    let described =
        if entry.body_hash == document.wanted.body_hash || before.body_hash.is_empty() { known } else { before };
    // What was sent stays as it was sent, whoever comes with the same body later.
    let sent = before.booked.as_ref().filter(|_| entry.body_hash == before.body_hash);
    Outcome {
        change_version: if ours { known.change_version.clone() } else { String::new() },
        external_reference: described.external_reference.clone(),
        currency: described.currency.clone(),
        predicted_total: described.predicted_total.clone(),
        booked: sent.or(described.booked.as_ref()).cloned(),
        differences: before.differences.clone(),
        unseen: before.unseen.clone(),
        told_change: described.told_change.clone(),
        status: before.status.clone(),
        balance: before.balance.clone(),
        seen_sequence: before.seen_sequence,
        applied_at: if entry.kind() == proto::Kind::Applied { entry.written_at } else { applied_at(before) },
        references: before.references.clone(),
        removed,
        deleted: entry.deleted || before.deleted && !entry.number.is_empty(),
        ..entry
    }
}

/// When the target's record was last written to by us. Entries of earlier versions do not say so themselves.
pub(crate) fn applied_at(entry: &Outcome) -> u64 {
    match entry.kind() {
        proto::Kind::Applied => entry.applied_at.max(entry.written_at),
        _ => entry.applied_at,
    }
}
