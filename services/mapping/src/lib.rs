//! What a Commerce document shall become in Visma: a pure function of the change and the mapping file.
//!
//! [`order()`] turns a Commerce order into a customer command and an invoice command, or says why not. [`Mapping`] is
//! the accountant's file (accounts, VAT codes, dimensions, rounding), [`Scope`] the integrator's settings (from when
//! on, which stores, which order states). No clock, no randomness, no socket: the same order and the same file give
//! the same commands on every machine, which is what makes a replay and a dry run worth something.
//!
//! The way of one order, a module each: in scope? (`scope`) → does its header add up, and which lines carry the
//! money (`lines`) → which account and VAT code (`rules`) → what Visma will compute (`vat`) → the line
//! that closes the gap (`rounding`) → the invoice (`order`).

mod decision;
mod scope;

pub use decision::{
    Booking, CustomerCommand, CustomerKey, Decision, InvoiceCommand, Predicted, Reason, Refusal, VatAmount,
};
pub use scope::{Meaning, Scope, States, ZeroTotals};
