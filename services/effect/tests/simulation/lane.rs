//! One order: the commands that it gets, and what must be true of it in the end.

use effect::{Kind, Outcome, Record, Wanted};

use crate::broker::{Broker, Entry};
use crate::chance::Chance;
use crate::vendor::Vendor;

pub(crate) struct Command {
    pub(crate) wanted: Wanted,
    pub(crate) refused: bool,
}

pub(crate) struct Lane {
    pub(crate) commands: Vec<Command>,
    /// The first command that was never worked on to its end: the lane's order.
    pub(crate) next: usize,
    /// Commands before that whose acknowledgement was lost: the broker delivers them again until one arrives.
    pub(crate) pending: Vec<usize>,
}

/// One to three commands: a first version, then newer ones with the same body or another, or replays of the same
/// change, with the same mapping or another.
pub(crate) fn commands(lane: usize, chance: &mut Chance) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    for version in 0..chance.between(1, 3) {
        let replay = version > 0 && chance.in_thousand(300);
        let same = version > 0 && chance.in_thousand(500);
        let (body_hash, source_seq, refused) = match commands.last() {
            Some(last) if replay && same => (last.wanted.body_hash.clone(), last.wanted.source_seq, last.refused),
            Some(last) if replay => (format!("body-{lane}-{version}"), last.wanted.source_seq, chance.in_thousand(300)),
            Some(last) if same => (last.wanted.body_hash.clone(), last.wanted.source_seq + 7, last.refused),
            _ => (format!("body-{lane}-{version}"), 100 * (version + 1), chance.in_thousand(120)),
        };
        let command = format!("command-{lane}-{version}");
        commands.push(Command { wanted: Wanted { command, command_seq: version, body_hash, source_seq }, refused });
    }
    commands
}

pub(crate) fn applies(outcome: &Outcome) -> bool {
    outcome.kind == Kind::Applied
}

/// One document or none; a record that says which; an outcome or a dead letter for every command; versions in order.
pub(crate) fn verdict(
    index: usize,
    lane: &Lane,
    broker: &Broker,
    vendor: &Vendor,
    dead: &[(usize, String, String)],
) -> Result<(), String> {
    let fail = |what: String| Err(format!("lane {index}: {what}"));
    let documents: Vec<_> = vendor.documents.iter().filter(|document| document.lane == index).collect();
    if documents.len() > 1 {
        let numbers: Vec<_> = documents.iter().map(|document| document.number.as_str()).collect();
        return fail(format!("{} documents: {}", documents.len(), numbers.join(", ")));
    }
    if lane.next < lane.commands.len() || !lane.pending.is_empty() {
        return fail(format!("stuck at command {}, with {:?} not acknowledged", lane.next, lane.pending));
    }
    let outcomes: Vec<_> = broker
        .log(index)
        .iter()
        .filter_map(|entry| match entry {
            Entry::Outcome(outcome) => Some(outcome),
            Entry::Intent(_) => None,
        })
        .collect();
    let applied = outcomes.iter().filter(|outcome| applies(outcome)).count();
    if applied != documents.len() {
        return fail(format!("{} documents, {applied} times applied", documents.len()));
    }
    match (broker.read(index).0, documents.first()) {
        (Record::Linked(linked), Some(document)) if linked.number == document.number => {
            if linked.body_hash != document.body {
                return fail(format!("the record says body {}, the vendor holds {}", linked.body_hash, document.body));
            }
        }
        (Record::Rejected(_), None) => {}
        (record, document) => {
            return fail(format!("the record says {record:?}, the vendor holds {:?}", document.map(|d| &d.number)));
        }
    }
    if !broker.log(index).is_sorted_by_key(Entry::order) {
        return fail("an older version or command was written over a newer one".to_owned());
    }
    for command in lane.commands.iter().map(|command| &command.wanted.command) {
        let settled = outcomes.iter().any(|outcome| outcome.command == *command);
        if !settled && !dead.iter().any(|(at, id, _)| *at == index && id == command) {
            return fail(format!("command {command} has neither an outcome nor a dead letter"));
        }
    }
    if let Some((_, id, _)) = dead.iter().find(|(at, _, code)| *at == index && code == "DUPLICATE_DOCUMENT") {
        return fail(format!("{id} was called a duplicate and is none"));
    }
    Ok(())
}
