//! The log is set back to any earlier point, or emptied, while documents are in every state: a broker was restored from
//! an older copy, or is a new one. Every process begins anew then, as services do that find it out.

use effect::{Millis, Silence};

use crate::due::Due;
use crate::setup::{Careless, Setup};
use crate::tally::Tally;
use crate::world::{SKEW, World};
use crate::{SEEDS, caught, policy, run, stormy, variable};

impl World {
    /// Puts an older copy of the log in its place.
    pub(crate) fn set_back(&mut self) {
        let end = match self.chance.in_thousand(300) {
            true => 0,
            false => self.chance.between(0, self.broker.end()),
        };
        self.tally.set_backs += 1;
        self.story(|| format!("the log is set back to {end}"));
        self.broker.set_back(end);
        self.vendor.was_set_back = true;
        self.set_back_at = Some(self.now);
        for worker in 0..self.workers.len() {
            self.crash(worker);
        }
        for lane in 0..self.lanes.len() {
            let forgets = self.chance.in_thousand(500);
            self.lanes[lane].set_back(end, forgets);
            let next = self.lanes[lane].next;
            let given_again: Vec<_> =
                self.lanes[lane].commands.iter().skip(next).map(|command| command.wanted.command.clone()).collect();
            self.dead.retain(|(at, command, _)| *at != lane || !given_again.contains(command));
            let at = self.now + self.chance.between(0, 600_000);
            self.plan(at, Due::Deliver { lane });
        }
    }

    /// The proof that the record's silence is to a life which begins now. Clocks differ.
    pub(crate) fn silence(&self) -> Silence {
        match self.set_back_at {
            Some(_) if self.setup.careless.silence => Silence::Proves,
            Some(_) if self.setup.careless.hasty => Silence::ProvesNothing { until: Millis(0) },
            Some(at) => Silence::ProvesNothing { until: Millis(at + SKEW) },
            None => Silence::Proves,
        }
    }
}

fn set_back(careless: Careless) -> Setup {
    Setup { set_backs: 2, careless, ..stormy(policy()) }
}

#[test]
fn a_log_that_was_set_back_makes_no_second_document() {
    if let Some(seed) = variable("SIMULATION_SEED") {
        let tally = run(seed, set_back(Careless::default()), true);
        println!("seed {seed}: {:?}", tally.unwrap_or_else(|violation| panic!("seed {seed}: {violation}")));
        return;
    }
    let mut sum = Tally::default();
    for seed in 0..variable("SIMULATION_SEEDS").unwrap_or(SEEDS) {
        match run(seed, set_back(Careless::default()), false) {
            Ok(tally) => sum.add(tally),
            Err(violation) => panic!(
                "seed {seed}: {violation}\n\
                 its story: SIMULATION_SEED={seed} cargo test -p effect --test simulation set_back -- --nocapture"
            ),
        }
    }
    println!("{sum:?}");
    let rare = [sum.set_backs, sum.unheard, sum.adopted, sum.withdrawn, sum.stands, sum.given_up, sum.rejected];
    assert!(rare.iter().all(|count| *count > 0), "something never happened: {sum:?}");
}

#[test]
fn a_writer_that_believes_the_silence_of_a_log_that_was_set_back_is_caught() {
    assert!(caught(|| set_back(Careless { silence: true, ..Careless::default() }), 100) > 50);
    // One that asks, and believes at once what it is told, is caught too: the vendor may still be working on it.
    assert!(caught(|| set_back(Careless { hasty: true, ..Careless::default() }), 2000) > 0);
}
