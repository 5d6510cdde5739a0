//! The broker: a log a subject, whose last entry is the record, written with the expected last sequence.

use effect::{Intent, Outcome, Record};

#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Intent(Intent),
    Outcome(Outcome),
}

impl Entry {
    /// Returns the two numbers that only ever grow along a subject: the version, then the command.
    pub(crate) fn order(&self) -> (u64, u64) {
        match self {
            Self::Intent(intent) => (intent.source_seq, intent.command_seq),
            Self::Outcome(outcome) => (outcome.source_seq, outcome.command_seq),
        }
    }
}

#[derive(Default)]
pub(crate) struct Broker {
    /// Entries with their places in the whole log.
    subjects: Vec<Vec<Entry>>,
    places: Vec<Vec<u64>>,
    written: u64,
}

impl Broker {
    pub(crate) fn new(lanes: usize) -> Self {
        Self { subjects: vec![Vec::new(); lanes], places: vec![Vec::new(); lanes], written: 0 }
    }

    /// Entries in the whole log.
    pub(crate) fn end(&self) -> u64 {
        self.written
    }

    /// Puts an older copy in its place, which ends at `end`.
    pub(crate) fn set_back(&mut self, end: u64) {
        for (log, places) in self.subjects.iter_mut().zip(&mut self.places) {
            places.retain(|place| *place <= end);
            log.truncate(places.len());
        }
        self.written = end;
    }

    /// Returns the record, and the sequence of its last entry.
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
        self.written += 1;
        self.places[lane].push(self.written);
        Some(log.len())
    }

    pub(crate) fn log(&self, lane: usize) -> &[Entry] {
        &self.subjects[lane]
    }
}
