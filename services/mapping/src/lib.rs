//! What a Commerce document shall become in Visma: a pure function of the change and the mapping file.
//!
//! [`order()`] turns a Commerce order into a customer command and an invoice command, or says why not. [`Mapping`] is
//! the accountant's file (accounts, VAT codes, dimensions, rounding), [`Scope`] the integrator's settings (from when
//! on, which stores, which order states). No clock, no randomness, no socket: the same order and the same file give
//! the same commands on every machine, which is what makes a replay and a dry run worth something.
//!
//! The way of one order, a module each: in scope? (`scope`) → what is known about it (`facts`) → whose is it
//! (`customer`) → does its header add up, and which lines carry the money (`money`) → which account and VAT code
//! (`rules`) → what Visma will compute (`vat`), the gap that is left (`rounding`) → the invoice (`invoice`).

mod customer;
mod date;
mod decision;
mod facts;
mod file;
mod invoice;
mod money;
mod order;
mod refusal;
mod rounding;
mod rules;
mod scope;
mod vat;

pub use decision::{
    Booking, CustomerCommand, CustomerKey, Decision, InvoiceCommand, Predicted, Reason, Refusal, VatAmount,
};
pub use file::{DEFAULT, Mapping, Problem, Problems};
pub use order::order;
pub use refusal::code;
pub use scope::{Meaning, Scope, States, ZeroTotals};
