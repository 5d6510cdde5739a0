//! The broker: a log a subject, whose last entry is the record, written with the expected last sequence.

use effect::{Intent, Outcome, Record};

#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Intent(Intent),
    Outcome(Outcome),
}

impl Entry {
    /// What only ever grows along a subject: the version, then the command.
    pub(crate) fn order(&self) -> (u64, u64) {
        match self {
            Self::Intent(intent) => (intent.source_seq, intent.command_seq),
            Self::Outcome(outcome) => (outcome.source_seq, outcome.command_seq),
        }
    }
}

#[derive(Default)]
pub(crate) struct Broker {
    subjects: Vec<Vec<Entry>>,
}

impl Broker {
    pub(crate) fn new(lanes: usize) -> Self {
        Self { subjects: vec![Vec::new(); lanes] }
    }

    /// What the record says, and the sequence of its last entry.
    pub(crate) fn read(&self, lane: usize) -> (Record, usize) {
        let log = &self.subjects[lane];
        let record = match log.last() {
            None => Record::Absent,
            Some(Entry::Intent(intent)) => Record::Intent(intent.clone()),
            Some(Entry::Outcome(outcome)) => outcome.record(),
        };
        (record, log.len())
    }

    /// Writes if the record has not moved; the new sequence.
    pub(crate) fn write(&mut self, lane: usize, expected: usize, entry: Entry) -> Option<usize> {
        let log = &mut self.subjects[lane];
        if log.len() != expected {
            return None;
        }
        log.push(entry);
        Some(log.len())
    }

    pub(crate) fn log(&self, lane: usize) -> &[Entry] {
        &self.subjects[lane]
    }
}
