//! Exactly once, whatever is killed: each service is ended with SIGKILL in every window of its work and started again,
//! and in the end both systems' own books must agree.
//!
//! The instant is exact, not probable: a tap on the wire to the broker, or a hold in the sandbox, stops the process
//! there and tells the test, which then kills it. `ML_KILLS` says how many kills the long variant makes, `ML_SEED`
//! which ones.

mod clock;
mod faults;
mod hints;
mod outage;
mod settled;
pub(crate) mod siege;
pub(crate) mod window;
mod wire;

use sandbox::generate::dice::Dice;
pub(crate) use settled::until_settled;
use siege::Siege;

/// Kills of the long variant when `ML_KILLS` does not say.
const FEW: u64 = 8;
/// Kills between two moments at which everything must be settled.
const ROUND: u64 = 20;
/// Kills in one installation; then a new one begins, with other data.
const KILLS_OF_AN_INSTALLATION: u64 = 60;

/// Every window of the create path, with orders few enough that each entry of the log goes out by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_writer_killed_in_every_window_with_single_entries() {
    every_window_of_the_writer(1, 32, 1).await;
}

/// The same for the second document there, with entries that go out in atomic batches wherever two wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_writer_killed_in_every_window_with_batches() {
    every_window_of_the_writer(2, 2, 2).await;
}

async fn every_window_of_the_writer(shop: u64, batch_from: u64, nth: u64) {
    let mut siege = Siege::start(shop, batch_from).await;
    for window in window::of_the_writer(batch_from) {
        siege.kill_in(window, nth).await;
    }
    println!("{}", siege.settle().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mapper_and_ingestor_killed_in_every_window() {
    let mut siege = Siege::start(3, 4).await;
    for nth in 1..=2 {
        for window in window::of_the_mapper().into_iter().chain(window::of_the_ingestor()) {
            siege.kill_in(window, nth).await;
        }
    }
    println!("{}", siege.settle().await);
}

/// Credit notes, invoices that fall with their order, and customers who change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_writer_killed_in_every_window_of_later_documents() {
    let mut siege = Siege::start(4, 4).await;
    for window in window::of_later_documents() {
        siege.kill_in(window, 1).await;
    }
    println!("{}", siege.settle().await);
}

/// Kills without a plan: the window, the document, the service and the moment are drawn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again() {
    let number = |name: &str, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse().unwrap());
    let (kills, seed) = (number("ML_KILLS", FEW), number("ML_SEED", 1));
    eprintln!("ML_SEED={seed} ML_KILLS={kills} makes the same kills again");
    let mut dice = Dice::new(seed);
    let mut done = 0;
    let mut sum = siege::Tally::default();
    while done < kills {
        let batch_from = dice.pick(&[2, 4, 32]);
        let mut siege = Siege::start(seed.wrapping_add(done), batch_from).await;
        for _ in 0..KILLS_OF_AN_INSTALLATION.min(kills - done) {
            let window = window::drawn(&mut dice, batch_from);
            siege.kill_in(window, 1 + dice.below(window.documents())).await;
            done += 1;
            if done % ROUND == 0 {
                siege.settle().await;
            }
        }
        sum.add(&siege.settle().await);
    }
    println!("seed {seed}: {sum}");
}
