//! The one binary's inside: settings, the services put together, the demo, and what tests and benchmarks stand on.

mod accounts;
mod archive;
mod backfill;
mod bench;
mod budgets;
mod capacity;
pub mod cli;
mod credentials;
pub mod demo;
pub mod ending;
mod erase;
mod health;
mod identity;
mod lists;
mod manual;
mod mapping_file;
mod master_keys;
mod ping;
mod polls;
mod provision;
pub mod rights;
pub mod run;
pub mod settings;
pub mod stand;
mod survey;
pub mod vendors;
mod works;
