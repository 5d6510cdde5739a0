//! The protocol against a vendor, a broker and workers that fail in every way that is known of them, in virtual time.
//!
//! Each seed is one small world: orders in lanes, several versions of some, workers that crash, two of them at one
//! lane, deliveries twice, answers lost before and after the work, work that takes as long as the vendor allows, lists
//! that lag. At the end of each, [`lane::verdict`] counts the documents. The hasty policies and careless workers below
//! are there to show that this can fail: each of them must be caught.
//!
//! `SIMULATION_SEED=n` runs one world and tells its story; `SIMULATION_SEEDS=n` runs so many.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test, also outside of its test functions"
)]

mod broker;
mod chance;
mod due;
mod lane;
mod setback;
mod setup;
mod tally;
mod updates;
mod vendor;
mod worker;
mod world;

use std::time::Duration;

use effect::Policy;
use setup::Setup;
use tally::Tally;
use vendor::Faults;
use world::World;

const SEEDS: u64 = 3000;

/// The figures of a real vendor: four minutes for one request, lists that lag by up to 20 seconds.
fn policy() -> Policy {
    Policy::default()
}

fn stormy(policy: Policy) -> Setup {
    Setup { policy, faults: Faults::storm(), lanes: 6, workers: 3, careless: setup::Careless::default(), set_backs: 0 }
}

fn run(seed: u64, setup: Setup, tell: bool) -> Result<Tally, String> {
    let mut world = World::new(seed, setup, tell);
    world.run();
    world.verdict()
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// How many of these worlds end badly.
fn caught(setup: impl Fn() -> Setup, seeds: u64) -> u64 {
    (0..seeds).filter(|seed| run(*seed, setup(), false).is_err()).count() as u64
}

#[test]
fn one_document_stays_one_document() {
    if let Some(seed) = variable("SIMULATION_SEED") {
        let tally = run(seed, stormy(policy()), true).unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
        println!("seed {seed}: {tally:?}");
        return;
    }
    let mut sum = Tally::default();
    for seed in 0..variable("SIMULATION_SEEDS").unwrap_or(SEEDS) {
        match run(seed, stormy(policy()), false) {
            Ok(tally) => sum.add(tally),
            Err(violation) => panic!(
                "seed {seed}: {violation}\n\
                 its story: SIMULATION_SEED={seed} cargo test -p effect --test simulation one_document -- --nocapture"
            ),
        }
    }
    println!("{sum:?}");
    // A simulation in which nothing goes wrong proves nothing.
    let rare = [sum.crashes, sum.adopted, sum.sent_again, sum.lost_writes, sum.rejected, sum.unresolved, sum.late];
    assert!(rare.iter().all(|count| *count > 0), "something never happened: {sum:?}");
    let rare = [sum.withdrawn, sum.stands, sum.given_up, sum.superseded];
    assert!(rare.iter().all(|count| *count > 0), "something never happened: {sum:?}");
}

#[test]
fn a_steady_create_costs_one_call_and_two_writes() {
    let calm = || Setup { faults: Faults::none(), workers: 1, lanes: 50, ..stormy(policy()) };
    for seed in 0..20 {
        let mut world = World::new(seed, Setup { faults: Faults::none(), ..calm() }, false);
        world.one_command_each();
        world.run();
        let tally = world.verdict().unwrap();
        assert_eq!((tally.documents, tally.sends, tally.looks, tally.writes), (50, 50, 0, 100), "seed {seed}");
    }
}

#[test]
fn a_policy_that_does_not_wait_is_caught() {
    let hasty = Policy { doubt_wait: Duration::from_secs(25), ..policy() };
    assert!(caught(|| stormy(hasty), 300) > 0);
}

#[test]
fn a_policy_that_believes_a_lagging_list_is_caught() {
    let hasty = Policy { fault_wait: Duration::ZERO, looks: 1, ..policy() };
    assert!(caught(|| stormy(hasty), 300) > 0);
}

#[test]
fn an_intent_that_allows_late_sends_is_caught() {
    let lax = Policy { send_within: policy().doubt_wait - Duration::from_secs(1), ..policy() };
    assert!(caught(|| stormy(lax), 2000) > 0);
}

#[test]
fn a_worker_that_ignores_the_deadline_is_caught() {
    let late = || Setup { careless: setup::Careless { deadline: true, ..Default::default() }, ..stormy(policy()) };
    assert!(caught(late, 2000) > 0);
}

#[test]
fn a_worker_that_overwrites_the_record_is_caught() {
    let blind = || Setup { careless: setup::Careless { expected: true, ..Default::default() }, ..stormy(policy()) };
    assert!(caught(blind, 300) > 0);
}

#[test]
fn updates_converge_and_lose_no_edit_of_others() {
    let [calls, stale, lost, contended] = updates::run(SEEDS, 60, false).unwrap_or_else(|mistake| panic!("{mistake}"));
    println!("{calls} calls, {stale} stale, {lost} answers lost, {contended} given up");
    assert!(stale > 0 && lost > 0 && contended > 0, "{stale} stale, {lost} lost, {contended} given up");
    // A storm: the record is edited between almost every read and the write that follows.
    let [_, stale, _, contended] = updates::run(SEEDS, 700, false).unwrap_or_else(|mistake| panic!("{mistake}"));
    assert!(stale > SEEDS && contended > 0, "{stale} stale, {contended} given up");
    assert_eq!(updates::steady(), (1, 1), "calls and entries of a steady update");
}

#[test]
fn a_vendor_that_ignores_the_version_is_caught() {
    assert!(updates::run(300, 60, true).is_err());
}
