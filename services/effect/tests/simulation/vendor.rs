//! The vendor: makes a document of every request that it works on, tells or does not tell, and lists with a lag.

use effect::{Millis, Pause, Refusal, Removed, Reply};
use problem::Code;

use crate::chance::Chance;

/// The longest that it works on one request.
pub(crate) const LIMIT: u64 = 240_000;
/// The longest that a document is missing in its lists.
const LAG: u64 = 20_000;

/// How often what goes wrong, in a thousand.
#[derive(Clone, Copy)]
pub(crate) struct Faults {
    pub(crate) lost_before: u64,
    pub(crate) lost_after: u64,
    pub(crate) slow: u64,
    pub(crate) fault_done: u64,
    pub(crate) fault_undone: u64,
    pub(crate) turned_away: u64,
    pub(crate) look_failed: u64,
    pub(crate) crash: u64,
    pub(crate) write_unknown: u64,
    pub(crate) delayed: u64,
    pub(crate) ack_lost: u64,
    pub(crate) hindered: u64,
}

impl Faults {
    pub(crate) fn none() -> Self {
        Self {
            lost_before: 0,
            lost_after: 0,
            slow: 0,
            fault_done: 0,
            fault_undone: 0,
            turned_away: 0,
            look_failed: 0,
            crash: 0,
            write_unknown: 0,
            delayed: 0,
            ack_lost: 0,
            hindered: 0,
        }
    }

    pub(crate) fn storm() -> Self {
        Self {
            lost_before: 120,
            lost_after: 100,
            slow: 150,
            fault_done: 60,
            fault_undone: 60,
            turned_away: 100,
            look_failed: 100,
            crash: 25,
            write_unknown: 30,
            delayed: 120,
            ack_lost: 150,
            hindered: 50,
        }
    }
}

pub(crate) struct Document {
    pub(crate) lane: usize,
    pub(crate) number: String,
    pub(crate) body: String,
    visible_at: u64,
    /// The accountant releases it then; from then on it is not deleted any more.
    release_at: u64,
    pub(crate) released: bool,
    removed: bool,
}

#[derive(Default)]
pub(crate) struct Vendor {
    pub(crate) documents: Vec<Document>,
    pub(crate) sends: u64,
    pub(crate) looks: u64,
    pub(crate) deletes: u64,
    pub(crate) reads: u64,
    /// Our log of it was, not the vendor.
    pub(crate) was_set_back: bool,
}

/// When it answers, and what.
pub(crate) struct Answer {
    pub(crate) at: u64,
    pub(crate) reply: Reply,
    /// When it commits, if it does.
    pub(crate) commit_at: Option<u64>,
}

impl Vendor {
    /// Takes a request that arrives now.
    pub(crate) fn take(&mut self, refuses: bool, faults: Faults, now: u64, chance: &mut Chance) -> Answer {
        self.sends += 1;
        let work = now + chance.between(50, 3000);
        let told = work + chance.between(5, 500);
        let lost = now + chance.between(5, 30_000);
        let done = (!refuses).then_some(work);
        let refusal = || Refusal { code: Code::VismaRefused, sentence: "The account 9999 is unknown.".to_owned() };
        let mut dice = chance.between(0, 999);
        let mut falls = |share: u64| {
            let hit = dice < share;
            dice = dice.wrapping_sub(share);
            hit
        };
        if falls(faults.lost_before) {
            return Answer { at: lost, reply: Reply::Uncertain, commit_at: None };
        }
        if falls(faults.lost_after) {
            return Answer { at: lost, reply: Reply::Uncertain, commit_at: done };
        }
        if falls(faults.slow) {
            let commit_at = (!refuses).then(|| now + chance.between(0, LIMIT));
            return Answer { at: lost, reply: Reply::Uncertain, commit_at };
        }
        if falls(faults.fault_done) {
            return Answer { at: told, reply: Reply::Faulted(refusal()), commit_at: done };
        }
        if falls(faults.fault_undone) {
            return Answer { at: told, reply: Reply::Faulted(refusal()), commit_at: None };
        }
        if falls(faults.turned_away) {
            let long = if chance.in_thousand(100) { 3_600_000 } else { 60_000 };
            let retry_at = Millis(now + chance.between(1000, long));
            let reply = match chance.between(0, 2) {
                0 => Reply::NotSent { retry_at },
                1 => Reply::Busy { retry_at },
                _ => Reply::Unauthorised { retry_at },
            };
            return Answer { at: now + 5, reply, commit_at: None };
        }
        if refuses {
            return Answer { at: told, reply: Reply::Refused(refusal()), commit_at: None };
        }
        // The number is given when the request is committed.
        let reply = Reply::Created { number: String::new(), etag: None };
        Answer { at: told, reply, commit_at: Some(work) }
    }

    pub(crate) fn commit(&mut self, lane: usize, body: String, now: u64, lagging: bool, chance: &mut Chance) -> String {
        let number = format!("{}", 100_000 + self.documents.len());
        let lag = if lagging { chance.between(0, LAG) } else { 0 };
        let release_at = if chance.in_thousand(300) { now + chance.between(0, 1_200_000) } else { u64::MAX };
        let document = Document {
            lane,
            number: number.clone(),
            body,
            visible_at: now + lag,
            release_at,
            released: false,
            removed: false,
        };
        self.documents.push(document);
        number
    }

    /// The documents of a lane that stand.
    pub(crate) fn standing(&self, lane: usize) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(move |document| document.lane == lane && !document.removed)
    }

    /// Returns the document that stands under a number.
    fn document(&mut self, number: &str, now: u64) -> Option<&mut Document> {
        let document = self.documents.iter_mut().find(|document| document.number == number && !document.removed)?;
        document.released |= document.release_at <= now;
        Some(document)
    }

    /// Returns true when the document under a number can be deleted; `None` when nothing stands there.
    pub(crate) fn removable(&mut self, number: &str, now: u64) -> Option<bool> {
        self.reads += 1;
        self.document(number, now).map(|document| !document.released)
    }

    /// Takes a delete that arrives now: when it answers, what, and when it is done, if it is.
    pub(crate) fn delete(
        &mut self,
        number: &str,
        faults: Faults,
        now: u64,
        chance: &mut Chance,
    ) -> (u64, Removed, Option<u64>) {
        self.deletes += 1;
        let (told, lost) = (now + chance.between(50, 3500), now + chance.between(5, 30_000));
        let removable = self.document(number, now).map(|document| !document.released);
        let doing = (removable == Some(true)).then_some(now);
        let roll = |share: u64, chance: &mut Chance| chance.in_thousand(share);
        if roll(faults.lost_before, chance) {
            return (lost, Removed::Uncertain, None);
        }
        if roll(faults.lost_after + faults.fault_done, chance) {
            return (lost, Removed::Uncertain, doing);
        }
        if roll(faults.slow, chance) {
            return (lost, Removed::Uncertain, doing.map(|now| now + chance.between(0, LIMIT)));
        }
        if roll(faults.turned_away, chance) {
            let retry_at = Millis(now + chance.between(1000, 60_000));
            return (now + 5, Removed::NotNow { retry_at, why: Pause::Busy }, None);
        }
        match removable {
            None => (told, Removed::Gone, None),
            // An accountant has opened and saved it since.
            Some(_) if roll(faults.turned_away, chance) => (told, Removed::Stale, None),
            Some(true) => (told, Removed::Gone, doing),
            Some(false) => {
                let refusal = Refusal { code: Code::VismaAlreadyReleased, sentence: "It is released.".to_owned() };
                (told, Removed::Refused(refusal), None)
            }
        }
    }

    /// A delete is done, unless it is too late.
    pub(crate) fn remove(&mut self, number: &str, now: u64) {
        if let Some(document) = self.document(number, now) {
            document.removed = !document.released;
        }
    }

    /// The numbers that its list shows now.
    pub(crate) fn list(&mut self, lane: usize, now: u64) -> Vec<String> {
        self.looks += 1;
        let shown = self
            .documents
            .iter()
            .filter(|document| document.lane == lane && document.visible_at <= now && !document.removed);
        shown.map(|document| document.number.clone()).collect()
    }
}
