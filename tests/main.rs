//! The tests of the house: real processes, a real broker, the strict sandbox over real HTTP. One binary, one link.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::too_many_lines,
    clippy::disallowed_methods,
    reason = "a test that fails shall say where"
)]

mod archive;
mod arrows;
mod backfill;
mod bad_input;
mod broker;
mod companies;
mod crash;
mod day;
mod doors;
mod flows;
mod health;
mod hold;
mod hostile;
mod house;
mod identity;
mod mapping_file;
mod orders;
mod ping;
mod polls;
mod regressions;
mod setback;
mod telemetry;
mod tidy;
mod vault;
mod views;
