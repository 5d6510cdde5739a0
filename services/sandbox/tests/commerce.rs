//! The simulated Adobe Commerce over real HTTP: what it serves, what it refuses, and the orders that it draws.
//!
//! Requests are signed by a signer written for these tests alone, from RFC 5849, so that a mistake in the sandbox's own
//! verification cannot be repeated here.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

#[path = "commerce/attributes.rs"]
mod attributes;
#[path = "commerce/client.rs"]
mod client;
#[path = "commerce/comments.rs"]
mod comments;
#[path = "commerce/control.rs"]
mod control;
#[path = "commerce/customers.rs"]
mod customers;
#[path = "commerce/day.rs"]
mod day;
#[path = "commerce/documents.rs"]
mod documents;
#[path = "commerce/doors.rs"]
mod doors;
#[path = "commerce/fulfilled.rs"]
mod fulfilled;
#[path = "commerce/generator.rs"]
mod generator;
#[path = "commerce/habits.rs"]
mod habits;
#[path = "commerce/oauth.rs"]
mod oauth;
#[path = "commerce/paging.rs"]
mod paging;
#[path = "commerce/recorded.rs"]
mod recorded;
#[path = "commerce/replayed.rs"]
mod replayed;
#[path = "commerce/search.rs"]
mod search;
#[path = "commerce/signer.rs"]
mod signer;
#[path = "commerce/webhooks.rs"]
mod webhooks;
