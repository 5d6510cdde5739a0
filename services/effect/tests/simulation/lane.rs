//! One order: the commands that it gets, and what must be true of it in the end.

use effect::{Kind, Outcome, Record, Wanted};
use problem::Code;

use crate::broker::{Broker, Entry};
use crate::chance::Chance;
use crate::vendor::Vendor;

pub(crate) struct Command {
    pub(crate) wanted: Wanted,
    pub(crate) refused: bool,
    pub(crate) asks: Asks,
}

/// Demand of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// The document shall stand.
    Stand,
    /// The document shall not stand.
    Fall,
    /// Nothing: it was given up before the vendor was asked.
    GiveUp,
}

#[derive(Default)]
pub(crate) struct Lane {
    pub(crate) commands: Vec<Command>,
    /// The first command that was never worked on to its end: the lane's order.
    pub(crate) next: usize,
    /// Commands before that whose acknowledgement was lost: the broker delivers them again until one arrives.
    pub(crate) pending: Vec<usize>,
    /// Commands worked on to their end, each with the end of the log then.
    pub(crate) ended: Vec<(usize, u64)>,
    /// Commands that are lost with the log, and are never given again: a poll reads the newest version alone.
    pub(crate) lost: Vec<usize>,
}

impl Lane {
    /// The log was set back to `end`; `forgets` says whether only the newest version is read again.
    pub(crate) fn set_back(&mut self, end: u64, forgets: bool) {
        self.ended.retain(|(_, at)| *at <= end);
        self.pending.clear();
        let first = self.ended.iter().map(|(command, _)| command + 1).max().unwrap_or(0);
        let newest = self.commands.len() - 1;
        self.next = if forgets { first.max(newest.min(self.next)) } else { first };
        self.lost.retain(|command| *command < first);
        self.lost.extend(first..self.next);
    }
}

/// One to three commands: a first version, then newer ones with the same body or another, or replays of the same
/// change, with the same mapping or another; some of them cancellations, some given up before they are tried.
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
        let asks = match chance.between(0, 9) {
            0 | 1 if !replay => Asks::Fall,
            2 => Asks::GiveUp,
            _ => Asks::Stand,
        };
        let wanted = Wanted { command, command_seq: version + 1, body_hash, source_seq };
        commands.push(Command { wanted, refused, asks });
    }
    commands
}

/// Lane and command, and the code that it ended with, or the newer command.
type Ends<T> = [(usize, String, T)];

pub(crate) fn applies(outcome: &Outcome) -> bool {
    outcome.kind == Kind::Applied && !outcome.withdrawn
}

/// One document or none; a record that says which; an outcome or a dead letter for every command; versions in order.
pub(crate) fn verdict(
    index: usize,
    lane: &Lane,
    broker: &Broker,
    vendor: &Vendor,
    (dead, left): (&Ends<Code>, &Ends<String>),
) -> Result<(), String> {
    let fail = |what: String| Err(format!("lane {index}: {what}"));
    let documents = vendor.documents.iter().filter(|document| document.lane == index).count();
    let standing: Vec<_> = vendor.standing(index).collect();
    if standing.len() > 1 {
        let numbers: Vec<_> = standing.iter().map(|document| document.number.as_str()).collect();
        return fail(format!("{} documents: {}", standing.len(), numbers.join(", ")));
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
    // What was made and removed in a time that is lost has no entry, and what was adopted is held against Visma's own
    // figures by a verification.
    let was_set_back = !lane.lost.is_empty() || vendor.was_set_back;
    let record = broker.read(index).0;
    // Of what was given up in doubt nobody knows yet.
    let unknown = usize::from(matches!(record, Record::GivenUp(_)));
    if !was_set_back && (applied > documents || applied + unknown < documents) {
        return fail(format!("{documents} documents, {applied} times applied"));
    }
    match (record, standing.first()) {
        (Record::Linked(linked), Some(document)) if linked.number == document.number => {
            if !was_set_back && linked.body_hash != document.body {
                return fail(format!("the record says body {}, the vendor holds {}", linked.body_hash, document.body));
            }
        }
        (Record::Rejected(_) | Record::Withdrawn(_), None) | (Record::GivenUp(_), _) => {}
        // Deletes without an answer until nobody asked again: a person was told, and the last one was done.
        (Record::Linked(_), None)
            if dead.iter().any(|(at, _, code)| *at == index && *code == Code::ChangeUnanswered) => {}
        // Withdrawn in a time that is lost, by a command that is not given again: a sweep finds that it is gone, and a
        // poll what was booked in its place.
        (Record::Linked(_), _) if lane.lost.iter().any(|lost| lane.commands[*lost].asks == Asks::Fall) => {}
        (record, document) => {
            return fail(format!("the record says {record:?}, the vendor holds {:?}", document.map(|d| &d.number)));
        }
    }
    if !broker.log(index).is_sorted_by_key(Entry::order) {
        return fail("an older version or command was written over a newer one".to_owned());
    }
    for (at, id, _) in dead.iter().filter(|(at, _, code)| *at == index && *code == Code::CancelledAfterRelease) {
        if !standing.iter().any(|document| document.lane == *at && document.released) {
            return fail(format!("{id} was told that it stands released, and it does not"));
        }
    }
    let given = lane.commands.iter().enumerate().filter(|(place, _)| !lane.lost.contains(place));
    // A newer command's entry may be older than the copy that was put back.
    let newest = broker.log(index).last().map_or(0, |entry| entry.order().1);
    let ended = |command: &String| {
        let settled = outcomes.iter().any(|outcome| outcome.command == *command);
        settled || dead.iter().any(|(at, id, _)| *at == index && id == command)
    };
    for Wanted { command, command_seq, .. } in given.map(|(_, command)| &command.wanted) {
        if was_set_back && *command_seq < newest {
            continue;
        }
        let newer = left.iter().filter(|(at, id, _)| *at == index && id == command);
        if !ended(command) && !newer.map(|(_, _, by)| by).any(ended) {
            return fail(format!("command {command} has neither an outcome nor a dead letter"));
        }
    }
    if let Some((_, id, _)) = dead.iter().find(|(at, _, code)| *at == index && *code == Code::DuplicateDocument) {
        return fail(format!("{id} was called a duplicate and is none"));
    }
    Ok(())
}
