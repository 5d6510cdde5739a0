//! The simulated Visma.net over real HTTP: each strictness and each quirk has a test that fails without it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails shall panic"
)]

mod accountant;
mod auth;
mod credit_notes;
mod customers;
mod faults;
mod holds;
mod invoices;
mod ledger;
mod lists;
mod payments;
mod purchases;
mod reference;
mod release;
mod support;
mod totals;
