//! Virtual time, and everything that happens in it.

mod ending;

use std::collections::BTreeMap;

use effect::{Kind, Millis, Record, Reply, Step};
use problem::Code;

use crate::broker::{Broker, Entry};
use crate::chance::Chance;
use crate::due::{Due, hopeless};
use crate::lane::{self, Asks, Lane, applies, commands};
use crate::setup::Setup;
use crate::tally::Tally;
use crate::vendor::{Faults, Vendor};
use crate::worker::{Task, Told};

/// When faults end: from then on everything must come to rest.
const CALM_AT: u64 = 2 * 3_600_000;
/// When a world that has not come to rest is stuck.
const HORIZON: u64 = 48 * 3_600_000;
/// Clocks differ by up to this from true time.
pub(crate) const SKEW: u64 = 3000;
/// Virtual time begins here, so that slow clocks do not run below zero.
const BEGIN: u64 = 1_000_000;

pub(crate) struct Worker {
    alive: bool,
    skew: u64,
}

pub(crate) struct World {
    pub(crate) setup: Setup,
    pub(crate) chance: Chance,
    pub(crate) now: u64,
    agenda: BTreeMap<(u64, u64), Due>,
    count: u64,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) workers: Vec<Worker>,
    tasks: BTreeMap<u64, Task>,
    pub(crate) broker: Broker,
    pub(crate) vendor: Vendor,
    /// The number that a request of this task was given.
    committed: BTreeMap<u64, String>,
    pub(crate) dead: Vec<(usize, String, Code)>,
    /// Commands that were left to newer ones.
    left: Vec<(usize, String, String)>,
    pub(crate) tally: Tally,
    mistake: Option<String>,
    tell: bool,
    /// When the log was set back last.
    pub(crate) set_back_at: Option<u64>,
}

impl World {
    pub(crate) fn new(seed: u64, setup: Setup, tell: bool) -> Self {
        let mut chance = Chance::new(seed);
        let lanes =
            (0..setup.lanes).map(|lane| Lane { commands: commands(lane, &mut chance), ..Lane::default() }).collect();
        let worker = |_| Worker { alive: true, skew: chance.between(0, 2 * SKEW) };
        let workers = (0..setup.workers).map(worker).collect();
        Self {
            setup,
            chance,
            now: BEGIN,
            agenda: BTreeMap::new(),
            count: 0,
            lanes,
            workers,
            tasks: BTreeMap::new(),
            broker: Broker::new(setup.lanes),
            vendor: Vendor::default(),
            committed: BTreeMap::new(),
            dead: Vec::new(),
            left: Vec::new(),
            tally: Tally::default(),
            mistake: None,
            tell,
            set_back_at: None,
        }
    }

    /// A world without versions and refusals.
    pub(crate) fn one_command_each(&mut self) {
        for lane in &mut self.lanes {
            lane.commands.truncate(1);
            lane.commands[0].refused = false;
            lane.commands[0].asks = Asks::Stand;
        }
    }

    pub(crate) fn run(&mut self) {
        for lane in 0..self.lanes.len() {
            let at = self.now + self.chance.between(0, 600_000);
            self.plan(at, Due::Deliver { lane });
        }
        for _ in 0..self.setup.set_backs {
            let at = self.now + self.chance.between(60_000, CALM_AT);
            self.plan(at, Due::SetBack);
        }
        while let Some(((at, _), due)) = self.agenda.pop_first() {
            if at > BEGIN + HORIZON || self.mistake.is_some() {
                return;
            }
            self.now = at;
            self.happen(due);
        }
    }

    fn faults(&self) -> Faults {
        if self.now < BEGIN + CALM_AT { self.setup.faults } else { Faults::none() }
    }

    pub(crate) fn plan(&mut self, at: u64, due: Due) {
        self.count += 1;
        self.agenda.insert((at, self.count), due);
    }

    pub(crate) fn story(&self, what: impl FnOnce() -> String) {
        if self.tell {
            println!("{:>12} {}", self.now - BEGIN, what());
        }
    }

    fn local(&self, worker: usize) -> Millis {
        Millis(self.now + self.workers[worker].skew - SKEW)
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Deliver { lane } => self.deliver(lane),
            Due::SetBack => self.set_back(),
            Due::Restart { worker } => self.workers[worker].alive = true,
            Due::Write { task, entry } => self.write(task, entry),
            Due::Permit { task } => self.permit(task),
            Due::Arrive { task, lane, body, refused } => self.arrive(task, lane, body, refused),
            Due::Commit { task, lane, body } => {
                let lagging = self.setup.faults.slow > 0;
                let number = self.vendor.commit(lane, body, self.now, lagging, &mut self.chance);
                self.story(|| format!("lane {lane}: document {number} made by request of task {task}"));
                self.committed.insert(task, number);
            }
            Due::Listing { task } => {
                let failed = self.chance.in_thousand(self.faults().look_failed);
                if let Some(lane) = self.tasks.get(&task).map(|task| task.lane) {
                    let numbers = self.vendor.list(lane, self.now);
                    self.answer(task, Told::Listed((!failed).then_some(numbers)));
                }
            }
            Due::Delete { task, number } => {
                let (at, removed, done_at) = self.vendor.delete(&number, self.faults(), self.now, &mut self.chance);
                self.story(|| format!("delete of {number} by task {task} gets {removed:?}, done {done_at:?}"));
                if let Some(at) = done_at {
                    self.plan(at, Due::Remove { number });
                }
                self.plan(at, Due::Tell { task, told: Told::Removed(removed) });
            }
            Due::Remove { number } => self.vendor.remove(&number, self.now),
            Due::Inspect { task, number } => {
                let failed = self.chance.in_thousand(self.faults().look_failed);
                let removable = self.vendor.removable(&number, self.now);
                self.answer(task, Told::Inspected((!failed).then_some(removable)));
            }
            Due::Reading { task } => {
                if let Some(lane) = self.tasks.get(&task).map(|task| task.lane) {
                    let (record, sequence) = self.broker.read(lane);
                    self.answer(task, Told::Read(record, sequence));
                }
            }
            Due::Tell { task, told } => self.tell(task, told),
        }
    }

    fn answer(&mut self, task: u64, told: Told) {
        let at = self.now + self.chance.between(1, 200);
        self.plan(at, Due::Tell { task, told });
    }

    fn deliver(&mut self, lane: usize) {
        let Lane { commands, next, pending, .. } = &self.lanes[lane];
        let again = !pending.is_empty() && (*next == commands.len() || self.chance.in_thousand(500));
        let command = if again { pending[self.chance.index(pending.len())] } else { *next };
        if command == commands.len() {
            return;
        }
        let alive: Vec<_> = (0..self.workers.len()).filter(|worker| self.workers[*worker].alive).collect();
        if alive.is_empty() || self.tasks.values().filter(|task| task.lane == lane).count() > 2 {
            return self.plan(self.now + 5000, Due::Deliver { lane });
        }
        let worker = alive[self.chance.index(alive.len())];
        self.count += 1;
        let task = self.count;
        self.story(|| format!("lane {lane}: command {command} delivered to worker {worker} as task {task}"));
        self.tasks.insert(task, Task { worker, lane, command, expected: 0, step: None, gives_up: false, intent: None });
        let at = self.now + self.chance.between(1, 100);
        self.plan(at, Due::Reading { task });
        if self.setup.faults.crash > 0 {
            // The broker delivers again what is not acknowledged in time, to whoever has the pin by then.
            let at = self.now + self.chance.between(30_000, 900_000);
            self.plan(at, Due::Deliver { lane });
        }
    }

    fn write(&mut self, id: u64, entry: Entry) {
        let Some(task) = self.tasks.get(&id) else { return };
        let (lane, mut expected) = (task.lane, task.expected);
        if self.setup.careless.expected {
            expected = self.broker.read(lane).1;
        }
        self.story(|| format!("lane {lane}: task {id} writes {entry:?}"));
        let written = self.broker.write(lane, expected, entry);
        self.tally.writes += u64::from(written.is_some());
        self.tally.lost_writes += u64::from(written.is_none());
        let unknown = self.chance.in_thousand(self.faults().write_unknown);
        self.answer(id, Told::Written(written.filter(|_| !unknown)));
    }

    /// The permit to call has come, soon or late: the shell looks at the clock and sends.
    fn permit(&mut self, id: u64) {
        let Some(task) = self.tasks.get(&id) else { return };
        let Some(Step::Send(sending)) = &task.step else { return };
        if self.local(task.worker) > sending.by() && !self.setup.careless.deadline {
            self.tally.late += 1;
            return self.answer(id, Told::Missed);
        }
        let (lane, body) = (task.lane, sending.intent().body_hash.clone());
        let refused = self.lanes[lane].commands[task.command].refused;
        let at = self.now + self.chance.between(1, 5000);
        self.plan(at, Due::Arrive { task: id, lane, body, refused });
    }

    fn arrive(&mut self, task: u64, lane: usize, body: String, refused: bool) {
        let faults = self.faults();
        let answer = self.vendor.take(refused, faults, self.now, &mut self.chance);
        self.story(|| {
            format!("lane {lane}: request of task {task} gets {:?}, done {:?}", answer.reply, answer.commit_at)
        });
        if let Some(at) = answer.commit_at {
            self.plan(at, Due::Commit { task, lane, body });
        }
        self.plan(answer.at, Due::Tell { task, told: Told::Answered(answer.reply) });
    }

    fn tell(&mut self, id: u64, told: Told) {
        let Some(worker) = self.tasks.get(&id).map(|task| task.worker) else { return };
        if self.chance.in_thousand(self.faults().crash) {
            return self.crash(worker);
        }
        let now = self.local(worker);
        let told = match told {
            Told::Answered(Reply::Created { etag, .. }) => {
                let number = self.committed.get(&id).cloned().unwrap_or_default();
                Told::Answered(Reply::Created { number, etag })
            }
            other => other,
        };
        let Some(mut task) = self.tasks.remove(&id) else { return };
        let step = match told {
            Told::Read(record, sequence) if task.step.is_none() => {
                task.expected = sequence;
                let command = &self.lanes[task.lane].commands[task.command];
                let (wanted, policy) = (command.wanted.clone(), self.setup.policy);
                let silence = self.silence();
                // What was possible when the intent was written need not be when it is found.
                let hindered = matches!(record, Record::Intent(_)) && self.chance.in_thousand(self.faults().hindered);
                task.gives_up = command.asks == Asks::GiveUp || command.asks == Asks::Stand && hindered;
                Some(match command.asks {
                    _ if task.gives_up => effect::give_up(record, wanted, policy, silence, hopeless()),
                    Asks::Fall => effect::withdraw(record, wanted, policy, silence, false, now),
                    Asks::Stand | Asks::GiveUp => effect::open(record, wanted, policy, silence, now),
                })
            }
            told => {
                let looked = matches!(task.step, Some(Step::LookUp(_)));
                let step = task.told(told, now);
                self.tally.adopted +=
                    u64::from(looked && matches!(&step, Some(Step::PutOutcome(put)) if applies(put.outcome())));
                step
            }
        };
        match step {
            Some(step) => self.go(id, task, step),
            None => self.mistake = Some("an answer came to a step that had not asked".to_owned()),
        }
    }

    pub(crate) fn crash(&mut self, worker: usize) {
        self.tally.crashes += 1;
        self.story(|| format!("worker {worker} crashes"));
        self.tasks.retain(|_, task| task.worker != worker);
        self.workers[worker].alive = false;
        let at = self.now + self.chance.between(500, 60_000);
        self.plan(at, Due::Restart { worker });
    }

    /// Sets about a step.
    fn go(&mut self, id: u64, mut task: Task, step: Step) {
        let now = self.now;
        let soon = now + self.chance.between(1, 100);
        match &step {
            Step::WriteIntent(writing) => {
                let intent = writing.intent(self.local(task.worker));
                task.intent = Some(intent.clone());
                self.tally.sent_again += u64::from(intent.attempt > 1);
                self.plan(soon, Due::Write { task: id, entry: Entry::Intent(intent) });
            }
            Step::Delete(deleting) => {
                let number = deleting.number().to_owned();
                self.plan(soon, Due::Delete { task: id, number });
            }
            Step::Inspect(inspecting) => {
                let number = inspecting.number().to_owned();
                self.plan(soon, Due::Inspect { task: id, number });
            }
            Step::PutOutcome(put) => {
                let outcome = put.outcome();
                self.tally.withdrawn += u64::from(outcome.withdrawn && outcome.kind == Kind::Applied);
                self.tally.given_up += u64::from(outcome.doubt.is_some());
                let entry = Entry::Outcome(put.outcome().clone());
                self.plan(soon, Due::Write { task: id, entry });
            }
            Step::Send(_) => {
                let delayed = self.chance.in_thousand(self.faults().delayed);
                let at = if delayed { now + self.chance.between(0, 400_000) } else { soon };
                self.plan(at, Due::Permit { task: id });
            }
            Step::LookUp(looking) => {
                self.tally.unheard += u64::from(looking.is_unheard());
                self.plan(soon, Due::Listing { task: id });
            }
            Step::Reopen(_) => self.plan(soon, Due::Reading { task: id }),
            Step::Wait(wait) => {
                let until = (wait.until().0 + SKEW).saturating_sub(self.workers[task.worker].skew).max(now);
                if wait.why().may_hand_back() && self.chance.in_thousand(300) {
                    let at = now + self.chance.between(1000, 120_000);
                    return self.plan(at, Due::Deliver { lane: task.lane });
                }
                self.plan(until, Due::Tell { task: id, told: Told::Elapsed });
            }
            Step::Weigh(_) => {
                let passed = self.chance.in_thousand(700);
                self.answer(id, Told::Weighed(passed));
            }
            Step::End(end) => return self.end(&task, end),
        }
        task.step = Some(step);
        self.tasks.insert(id, task);
    }

    /// Checks all that must be true at the end of every world. Documents are counted as the accountant left them.
    pub(crate) fn verdict(mut self) -> Result<Tally, String> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        for (index, lane) in self.lanes.iter().enumerate() {
            lane::verdict(index, lane, &self.broker, &self.vendor, (&self.dead, &self.left))?;
        }
        self.tally.documents = self.vendor.documents.len() as u64;
        self.tally.sends = self.vendor.sends;
        self.tally.looks = self.vendor.looks;
        self.tally.rejected = self.dead.iter().filter(|(_, _, code)| *code == Code::VismaRefused).count() as u64;
        Ok(self.tally)
    }
}
