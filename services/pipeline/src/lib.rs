//! The shell that every stage shares: broker, life cycle, settings, telemetry, HTTP, budget, vault.
//!
//! It knows no vendor and no business word. A stage has three beats: **take** (`broker::take`), **decide** (a pure call
//! of its own), **put** (`broker::publish`, or `vendor`), and is run by `service`.

pub mod backlog;
pub mod body;
pub mod broker;
pub mod budget;
pub mod clock;
pub mod cursor;
pub mod envelope;
pub mod guard;
pub mod health;
pub mod http;
pub mod poll;
pub mod problem;
pub mod record;
pub mod retry;
pub mod schedule;
pub mod secret;
pub mod service;
pub mod settings;
pub mod subject;
pub mod telemetry;
pub mod token;
pub mod vault;
pub mod vendor;
pub mod verdict;
