//! Updates against a vendor whose record an accountant edits at the wrong moment, with answers that are lost, requests
//! that arrive late, and processes that are killed and doubled.
//!
//! A request is taken for the worst that a vendor could make of one: the whole record as it was read, with our field in
//! it. Whoever sends it under a version that it has not read loses the accountant's edits, and is caught.

use effect::update::{self, Reply, Step};
use effect::{End, Linked, Millis, Outcome, Pause, Policy, Record, Refusal, Wanted};
use problem::Code;

use crate::chance::Chance;

/// The vendor's record: our field, the accountant's, and a version.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    ours: String,
    theirs: u64,
    version: u64,
}

/// A request on its way: under which version, and what it would make of the record.
struct Flying {
    worker: usize,
    etag: String,
    body: Held,
    /// The answer will not arrive.
    lost: bool,
}

struct Worker {
    step: Option<Step>,
    command: usize,
    expected: usize,
    /// The record as this worker last read it.
    read: Option<Held>,
    /// A request of it is on its way.
    waits: bool,
}

pub(crate) struct Office {
    chance: Chance,
    now: u64,
    vendor: Held,
    edits: u64,
    log: Vec<Outcome>,
    commands: Vec<Wanted>,
    next: usize,
    done: Vec<bool>,
    workers: Vec<Worker>,
    flying: Vec<Flying>,
    /// The last poll of the record: what a steady update is held against.
    polled: Option<Held>,
    careless: bool,
    storm: u64,
    pub(crate) calls: u64,
    pub(crate) stale: u64,
    pub(crate) lost: u64,
    pub(crate) contended: u64,
}

impl Office {
    pub(crate) fn new(seed: u64, storm: u64, careless: bool) -> Self {
        let mut chance = Chance::new(seed);
        let count = chance.between(1, 4) as usize;
        let commands = (0..count).map(|n| Wanted {
            command: format!("command-{n}"),
            command_seq: 2 + n as u64,
            body_hash: format!("body-{}", if n > 0 && chance.in_thousand(200) { n - 1 } else { n }),
            source_seq: 100 * (1 + n as u64),
        });
        let commands: Vec<_> = commands.collect();
        let vendor = Held { ours: "body-created".to_owned(), theirs: 0, version: 1 };
        let created = Outcome {
            kind: effect::Kind::Applied,
            number: Some("10000".to_owned()),
            etag: None,
            body_hash: vendor.ours.clone(),
            source_seq: 1,
            command: "create".to_owned(),
            command_seq: 1,
            refusal: None,
            withdrawn: false,
            doubt: None,
        };
        Self {
            chance,
            now: 1_000_000,
            polled: Some(vendor.clone()),
            vendor,
            edits: 0,
            log: vec![created],
            done: vec![false; commands.len()],
            commands,
            next: 0,
            workers: Vec::new(),
            flying: Vec::new(),
            careless,
            storm,
            calls: 0,
            stale: 0,
            lost: 0,
            contended: 0,
        }
    }

    /// Runs until every command has ended, or says what went wrong.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        for round in 0..20_000_u64 {
            self.now += self.chance.between(1, 3000);
            let calm = round > 400;
            if !calm && self.chance.in_thousand(self.storm) {
                self.edit();
            }
            if self.chance.in_thousand(50) {
                self.polled = Some(self.vendor.clone());
            }
            if !self.flying.is_empty() && self.chance.in_thousand(400) {
                self.arrive();
            }
            if self.workers.len() < 2 && self.chance.in_thousand(300) {
                self.deliver();
            }
            if !self.workers.is_empty() {
                let worker = self.chance.index(self.workers.len());
                if !calm && self.chance.in_thousand(15) {
                    self.kill(worker);
                } else {
                    self.work(worker, calm)?;
                }
            }
            if self.next == self.commands.len() && self.workers.is_empty() && self.flying.is_empty() {
                return self.verdict();
            }
        }
        Err(format!("stuck at command {}", self.next))
    }

    fn edit(&mut self) {
        self.edits += 1;
        self.vendor.theirs = self.edits;
        self.vendor.version += 1;
    }

    /// The first command that has not ended, in order; now and then one that has, again: its acknowledgement was lost.
    fn deliver(&mut self) {
        let again = self.next > 0 && self.chance.in_thousand(200);
        let command = if again { self.chance.index(self.next) } else { self.next };
        if command == self.commands.len() {
            return;
        }
        let (record, expected) = self.record();
        let seen = self.polled.clone().filter(|_| self.chance.in_thousand(700));
        let etag = seen.as_ref().map(|held| held.version.to_string());
        let step = update::open(record, self.commands[command].clone(), etag, policy());
        self.workers.push(Worker { step: Some(step), command, expected, read: seen, waits: false });
    }

    fn record(&self) -> (Record, usize) {
        (self.log[self.log.len() - 1].record(), self.log.len())
    }

    fn kill(&mut self, worker: usize) {
        self.workers.remove(worker);
        for flying in &mut self.flying {
            flying.lost |= flying.worker == worker;
            flying.worker -= usize::from(flying.worker > worker);
        }
    }

    /// A request arrives: the vendor holds its version against its own.
    fn arrive(&mut self) {
        let index = self.chance.index(self.flying.len());
        let flying = self.flying.remove(index);
        let current = self.careless || flying.etag == self.vendor.version.to_string();
        if current {
            self.vendor = Held { version: self.vendor.version + 1, ..flying.body };
        }
        self.stale += u64::from(!current);
        if flying.lost {
            return;
        }
        let reply = match current {
            true => Reply::Updated { etag: Some(self.vendor.version.to_string()) },
            false => Reply::Stale,
        };
        self.answer(flying.worker, reply);
    }

    fn answer(&mut self, worker: usize, reply: Reply) {
        let now = Millis(self.now);
        let worker = &mut self.workers[worker];
        worker.waits = false;
        worker.step = match worker.step.take() {
            Some(Step::Send(sending)) => Some(sending.answered(reply, now)),
            other => other,
        };
    }

    /// Carries out what one worker is at.
    fn work(&mut self, index: usize, calm: bool) -> Result<(), String> {
        if self.workers[index].waits {
            // Its answer is lost: the time-out.
            if self.chance.in_thousand(if calm { 5 } else { 60 }) {
                self.lost += 1;
                for flying in self.flying.iter_mut().filter(|flying| flying.worker == index) {
                    flying.lost = true;
                }
                self.answer(index, Reply::Uncertain);
            }
            return Ok(());
        }
        let now = Millis(self.now);
        let (record, length) = self.record();
        let worker = &mut self.workers[index];
        let wanted = self.commands[worker.command].clone();
        let step = worker.step.take().ok_or("a worker without a step")?;
        let next = match step {
            Step::Read(reading) => {
                self.calls += 1;
                worker.read = Some(self.vendor.clone());
                reading.found(Some(self.vendor.version.to_string()), self.vendor.ours != wanted.body_hash)
            }
            Step::Send(sending) => {
                self.calls += 1;
                let read = worker.read.clone().ok_or("a blind send")?;
                if read.version.to_string() != sending.etag() {
                    return Err(format!("it read version {} and sends under {}", read.version, sending.etag()));
                }
                worker.waits = true;
                let body = Held { ours: wanted.body_hash, ..read };
                self.flying.push(Flying { worker: index, etag: sending.etag().to_owned(), body, lost: false });
                Step::Send(sending)
            }
            Step::Wait(wait) if wait.why() == Pause::Fault && self.chance.in_thousand(100) => {
                // Its process ends, and it is delivered anew.
                self.kill(index);
                return Ok(());
            }
            Step::Wait(wait) => wait.over(now),
            Step::Weigh(weighing) => weighing.weighed(self.chance.in_thousand(700)),
            Step::PutOutcome(put) if worker.expected == length => {
                self.log.push(put.outcome().clone());
                worker.expected = length + 1;
                if self.chance.in_thousand(50) { put.lost() } else { put.written() }
            }
            Step::PutOutcome(put) => put.lost(),
            Step::Reopen(reopening) => {
                worker.expected = length;
                reopening.with(record)
            }
            Step::NotLinked(record) => return Err(format!("not linked: {record:?}")),
            Step::End(end) => return self.end(index, &end),
        };
        self.workers[index].step = Some(next);
        Ok(())
    }

    fn end(&mut self, index: usize, end: &End) -> Result<(), String> {
        let command = self.workers[index].command;
        self.kill(index);
        match end {
            End::Done => self.done[command] = true,
            End::Dead(death) if [Code::UpdateContended, Code::ChangeUnanswered].contains(&death.code()) => {
                self.contended += 1;
                self.done[command] = false;
            }
            other => return Err(format!("{other:?}")),
        }
        self.next += usize::from(command == self.next);
        Ok(())
    }

    fn verdict(&self) -> Result<(), String> {
        if self.vendor.theirs != self.edits {
            return Err(format!("the accountant's edit {} is lost; there stands {}", self.edits, self.vendor.theirs));
        }
        let entries: Vec<_> = self.log.iter().map(|outcome| (outcome.source_seq, outcome.command_seq)).collect();
        if !entries.is_sorted() {
            return Err(format!("an older version was settled over a newer one: {entries:?}"));
        }
        let last = self.commands.len() - 1;
        if !self.done[last] {
            return Ok(()); // A person was told that the newest version could not be written.
        }
        let Record::Linked(Linked { body_hash, .. }) = self.record().0 else { return Err("not linked".to_owned()) };
        let newest = &self.commands[last].body_hash;
        if self.vendor.ours != *newest || body_hash != *newest {
            return Err(format!("wanted {newest}, there stands {}, the record says {body_hash}", self.vendor.ours));
        }
        Ok(())
    }
}

fn policy() -> Policy {
    Policy { attempts: 5, ..Policy::default() }
}

/// Runs so many seeds; the first that ends badly, if any, and what happened in the others: calls, stale answers, lost
/// answers, commands given up.
pub(crate) fn run(seeds: u64, storm: u64, careless: bool) -> Result<[u64; 4], String> {
    let mut sum = [0; 4];
    for seed in 0..seeds {
        let mut office = Office::new(seed, storm, careless);
        office.run().map_err(|mistake| format!("seed {seed}: {mistake}"))?;
        for (sum, one) in sum.iter_mut().zip([office.calls, office.stale, office.lost, office.contended]) {
            *sum += one;
        }
    }
    Ok(sum)
}

/// A steady update of a record that was polled: calls and entries.
pub(crate) fn steady() -> (u64, usize) {
    let mut office = Office::new(7, 0, false);
    office.commands.truncate(1);
    let (record, _) = office.record();
    let etag = office.vendor.version.to_string();
    let mut step = update::open(record, office.commands[0].clone(), Some(etag), policy());
    loop {
        step = match step {
            Step::Send(sending) => {
                office.calls += 1;
                sending.answered(Reply::Updated { etag: Some("2".to_owned()) }, Millis(1))
            }
            Step::PutOutcome(put) => {
                office.log.push(put.outcome().clone());
                put.written()
            }
            Step::End(End::Done) => return (office.calls, office.log.len() - 1),
            other => panic!("{other:?}: {:?}", Refusal::unversioned()),
        };
    }
}
