//! Mapping as its users see it: real orders, drawn orders, broken orders and broken mapping files.
//!
//! One test program, so that there is one link step.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy spares functions marked as tests, but not what they share"
)]

mod broken_orders;
mod cancellations;
mod cancelled_rest;
mod customers;
mod documents;
mod drawn_documents;
mod drawn_orders;
mod first_file;
mod lives;
mod mapping_files;
mod money;
mod real_orders;
mod rules;
mod scope;
mod settlements;
mod shop;
mod support;
mod taken_back;
mod totals;
mod triggers;
mod vat;
mod visma_total;
