//! The shell that every stage shares: broker, life cycle, settings, telemetry, HTTP, budget, vault.
//!
//! It knows no vendor and no business word. What is written to the broker's streams, and how it is found there, is the
//! crate `record`'s.

pub mod broker;
pub mod budget;
pub mod clock;
pub mod content;
pub mod cursor;
pub mod guard;
pub mod health;
pub mod http;
pub mod id;
pub mod identity;
pub mod poll;
pub mod retry;
pub mod schedule;
pub mod secret;
pub mod service;
pub mod settings;
pub mod task;
pub mod telemetry;
pub mod token;
pub mod vault;
pub mod vendor;
