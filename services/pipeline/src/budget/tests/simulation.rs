//! Several processes, a bucket, a network and a vendor who counts by a clock of its own: whatever is drawn, the vendor
//! refuses nobody.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::Duration;

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::super::entry::Entry;
use super::super::share::{After, Answered, Share, Ticket};
use super::super::{Class, FRESH, MARGIN, Shares, Window};

/// Parameters that are drawn at random.
#[derive(Debug, Clone)]
struct World {
    seed: u64,
    processes: usize,
    limit: u64,
    length: u64,
    /// Milliseconds that a request, or an answer, takes at most.
    latency: u64,
    /// Milliseconds that the broker takes at most.
    broker: u64,
    /// The window begins with its first call, or by the vendor's clock.
    anchored: bool,
    /// How the vendor rounds to whole seconds: up, down, to the nearest.
    rounding: u8,
    /// Calls in a thousand that get no answer, and calls in a thousand after which the process dies.
    lost: u32,
    dying: u32,
}

/// When a call that gets no answer is given up, milliseconds.
const PATIENCE: u64 = 4_000;
const SHARES: Shares = Shares { documents: 20, polls: 5 };
/// Windows that are played.
const WINDOWS: u64 = 6;

#[derive(Debug)]
enum Event {
    /// A process wants to call.
    Want(usize),
    /// The broker has answered what a process asked it.
    Broker(usize),
    Arrive(usize, Ticket, u64, u64),
    Answer(usize, u64, Ticket, Option<Window>, u64),
}

/// Work for which a process waits for the broker; it does one thing at a time, as its lock makes it.
enum Job {
    Take(Class),
    Account(Ticket, Answered),
}

enum Asked {
    Read,
    Write(Box<(Share, Entry, u64, Option<Ticket>)>),
}

struct Process {
    share: Share,
    /// Its clock is this much ahead of the bucket's, and behind when it is below zero.
    skew: i64,
    life: u64,
    jobs: VecDeque<Job>,
    asked: Option<Asked>,
}

struct Sim {
    world: World,
    dice: StdRng,
    now: u64,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    bodies: BTreeMap<u64, Event>,
    number: u64,
    entry: Entry,
    revision: u64,
    processes: Vec<Process>,
    window: Option<(u64, u64)>,
    known: bool,
    refused: u64,
    called: u64,
}

impl Sim {
    fn new(world: World) -> Self {
        let dice = StdRng::seed_from_u64(world.seed);
        let mut sim = Self {
            dice,
            now: 10_000_000,
            events: BinaryHeap::new(),
            bodies: BTreeMap::new(),
            number: 0,
            entry: Entry::default(),
            revision: 0,
            processes: Vec::new(),
            window: None,
            known: false,
            refused: 0,
            called: 0,
            world,
        };
        for index in 0..sim.world.processes {
            let skew = sim.dice.random_range(0..=MARGIN) as i64 - (MARGIN / 2) as i64;
            let (jobs, share) = (VecDeque::new(), Share::new(format!("{index}.0"), PATIENCE));
            sim.processes.push(Process { share, skew, life: 0, jobs, asked: None });
            // Each has several tasks that want to call.
            for _ in 0..4 {
                sim.after(index as u64, Event::Want(index));
            }
        }
        sim
    }

    fn after(&mut self, wait: u64, event: Event) {
        self.number += 1;
        self.events.push(Reverse((self.now + wait, self.number)));
        self.bodies.insert(self.number, event);
    }

    fn draw(&mut self, most: u64) -> u64 {
        self.dice.random_range(0..=most)
    }

    fn clock(&self, process: usize) -> u64 {
        self.now.checked_add_signed(self.processes[process].skew).unwrap()
    }

    fn run(&mut self) {
        let end = self.now + WINDOWS * self.world.length;
        while let Some(Reverse((at, number))) = self.events.pop() {
            if at > end {
                return;
            }
            self.now = at;
            match self.bodies.remove(&number).unwrap() {
                Event::Want(process) => {
                    let class = if self.draw(3) == 0 { Class::Poll } else { Class::Document };
                    self.processes[process].jobs.push_back(Job::Take(class));
                    self.work(process);
                }
                Event::Broker(process) => self.broker_answered(process),
                Event::Arrive(process, ticket, life, sent_at) => self.arrive(process, ticket, life, sent_at),
                Event::Answer(process, life, ticket, told, sent_at) => {
                    if self.processes[process].life == life {
                        let (now, good) = (self.clock(process), told.is_some());
                        let answered = Answered { told, good, sent_at, now };
                        self.processes[process].jobs.push_back(Job::Account(ticket, answered));
                        self.work(process);
                        self.after(0, Event::Want(process));
                    }
                }
            }
        }
    }

    /// Does the work that a process can do without the broker; then it asks it.
    fn work(&mut self, process: usize) {
        while self.processes[process].asked.is_none() && !self.processes[process].jobs.is_empty() {
            let now = self.clock(process);
            let one = &mut self.processes[process];
            match one.jobs.front().unwrap() {
                Job::Take(class) if now.saturating_sub(one.share.seen_at) <= FRESH => {
                    match one.share.take(*class, now) {
                        Ok(ticket) => {
                            one.jobs.pop_front();
                            self.send(process, ticket);
                        }
                        Err(0) => self.ask(process, Asked::Read),
                        Err(wait) => {
                            one.jobs.pop_front();
                            self.after(wait, Event::Want(process));
                        }
                    }
                }
                Job::Take(_) => self.ask(process, Asked::Read),
                Job::Account(ticket, answered) => {
                    if one.share.answered(*ticket, *answered) == After::Nothing {
                        one.jobs.pop_front();
                    } else {
                        self.ask(process, Asked::Read);
                    }
                }
            }
        }
    }

    fn ask(&mut self, process: usize, asked: Asked) {
        self.processes[process].asked = Some(asked);
        let wait = self.world.broker;
        let wait = self.draw(wait);
        self.after(wait, Event::Broker(process));
    }

    fn broker_answered(&mut self, process: usize) {
        let now = self.clock(process);
        let (mut entry, revision) = (self.entry.clone(), self.revision);
        let one = &mut self.processes[process];
        match one.asked.take() {
            None => {} // It has died since.
            Some(Asked::Read) if now.saturating_sub(one.share.seen_at) > FRESH => one.share.see(entry, now),
            Some(Asked::Read) => {
                let mut next = one.share.clone();
                let (granted, changed) = match one.jobs.front().unwrap() {
                    Job::Take(class) => match next.refill(&mut entry, *class, SHARES, now) {
                        (Ok(ticket), changed) => (ticket, changed),
                        (Err(_), changed) => (None, changed),
                    },
                    Job::Account(ticket, answered) => (None, next.account(&mut entry, *ticket, *answered)),
                };
                if changed {
                    return self.ask(process, Asked::Write(Box::new((next, entry, revision, granted))));
                }
                self.seen(process, next, entry, granted);
            }
            Some(Asked::Write(write)) => {
                let (next, entry, expected, granted) = *write;
                if expected == self.revision {
                    self.revision += 1;
                    self.entry = entry.clone();
                    self.seen(process, next, entry, granted);
                } else {
                    self.ask(process, Asked::Read);
                }
            }
        }
        self.work(process);
    }

    /// The entry is what the process thinks; what it had to do with it is done.
    fn seen(&mut self, process: usize, next: Share, entry: Entry, granted: Option<Ticket>) {
        let now = self.clock(process);
        let one = &mut self.processes[process];
        one.share = next;
        one.share.see(entry, now);
        if let Some(ticket) = granted {
            one.jobs.pop_front();
            self.send(process, ticket);
        } else if matches!(one.jobs.front(), Some(Job::Account(..))) {
            one.jobs.pop_front();
        }
    }

    fn send(&mut self, process: usize, ticket: Ticket) {
        let (life, sent_at) = (self.processes[process].life, self.clock(process));
        // A permit is held for a while before it is used.
        let wait = self.world.latency;
        let wait = self.draw(wait);
        self.after(wait, Event::Arrive(process, ticket, life, sent_at));
    }

    /// The vendor counts.
    fn arrive(&mut self, process: usize, ticket: Ticket, life: u64, sent_at: u64) {
        let length = self.world.length;
        let opened = match self.window {
            Some((opened, _)) if self.now < opened + length => opened,
            _ if self.world.anchored => self.now,
            _ => self.now - self.now % length,
        };
        let used = self.window.filter(|(began, _)| *began == opened).map_or(0, |(_, used)| used) + 1;
        self.window = Some((opened, used));
        self.called += 1;
        self.refused += u64::from(self.known && used > self.world.limit);
        self.known = true;
        let left = opened + length - self.now;
        let reset = match self.world.rounding {
            0 => left.div_ceil(1_000),
            1 => left / 1_000,
            _ => (left + 500) / 1_000,
        };
        let remaining = self.world.limit.saturating_sub(used);
        let told = Window { limit: self.world.limit, remaining, reset: Some(Duration::from_secs(reset)) };
        if self.dice.random_ratio(self.world.dying, 1_000) {
            return self.die(process);
        }
        if self.dice.random_ratio(self.world.lost, 1_000) {
            return self.after(PATIENCE, Event::Answer(process, life, ticket, None, sent_at));
        }
        let wait = self.world.latency;
        let wait = self.draw(wait);
        self.after(wait, Event::Answer(process, life, ticket, Some(told), sent_at));
    }

    /// The process ends without a word and starts anew; what it has sent is under way all the same.
    fn die(&mut self, process: usize) {
        let one = &mut self.processes[process];
        one.life += 1;
        one.share = Share::new(format!("{process}.{}", one.life), PATIENCE);
        one.jobs.clear();
        one.asked = None;
        for _ in 0..4 {
            self.after(1, Event::Want(process));
        }
    }
}

fn worlds() -> impl Strategy<Value = World> {
    let counts = (any::<u64>(), 1..6_usize, 8..300_u64, 4_000..60_000_u64);
    let times = (1..700_u64, 0..60_u64, any::<bool>(), 0..3_u8);
    let troubles = (prop_oneof![Just(0), 0..50_u32], prop_oneof![Just(0), 0..20_u32]);
    (counts, times, troubles).prop_map(|(counts, times, troubles)| {
        let (seed, processes, limit, length) = counts;
        let (latency, broker, anchored, rounding) = times;
        let (lost, dying) = troubles;
        World { seed, processes, limit, length, latency, broker, anchored, rounding, lost, dying }
    })
}

proptest! {
    // A world takes a while; `PROPTEST_CASES` draws more of them.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn no_call_is_refused_in_any_window(world in worlds()) {
        let mut sim = Sim::new(world);
        sim.run();
        prop_assert_eq!(sim.refused, 0, "of {} calls, entry {:?}", sim.called, sim.entry);
    }

    /// It is easy to keep a limit by calling nobody.
    #[test]
    fn most_of_each_window_is_used(world in worlds()) {
        let quick = World { latency: 1 + world.latency / 20, lost: 0, dying: 0, ..world };
        let mut sim = Sim::new(quick.clone());
        sim.run();
        // Each window is followed by the time in which nobody can know whether it is over yet.
        let unknown = 2 * quick.latency + 2_000 + MARGIN + 100;
        let windows = (WINDOWS * quick.length) / (quick.length + unknown);
        let possible = windows * quick.limit;
        prop_assert!(sim.called * 10 >= possible * 7, "{} of {} calls in {} windows", sim.called, possible, windows);
    }
}

/// Drawn once: a process that had seen a new window before anything was told of it took its guess of the end for a
/// measurement.
#[test]
fn a_guess_of_a_windows_end_is_no_measurement() {
    let (processes, limit, length, latency, broker) = (3, 8, 55_545, 181, 14);
    let (anchored, rounding, lost, dying, seed) = (false, 1, 0, 0, 41_241_182_852_876_704);
    let world = World { seed, processes, limit, length, latency, broker, anchored, rounding, lost, dying };
    let mut sim = Sim::new(world);
    sim.run();
    assert_eq!(sim.refused, 0, "of {} calls", sim.called);
}
