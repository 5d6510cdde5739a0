//! Decides what a Commerce document shall become in Visma: a pure function of the change and the mapping file.
//!
//! [`order()`], [`invoice()`], [`credit_memo()`] and [`customer()`] turn a record into commands, or say why not;
//! [`cancellation()`] undoes an order that was booked. [`Mapping`] is the accountant's file (accounts, VAT codes,
//! dimensions, rounding), [`Scope`] the integrator's settings (from when on, which stores, which states, at what
//! event). No clock, no randomness, no socket: the same record and the same file give the same commands on every
//! machine, which is what makes a replay and a dry run worth something.
//!
//! The way of one document, a module each: in scope? (`judge`) → what is known about it (`facts`) → whose is it
//! (`customer`) → does its header add up, and which lines carry the money (`money`) → which account and VAT code
//! (`rules`) → what Visma will compute (`vat`), the gap that is left (`rounding`) → the document (`draft`).

mod account;
pub mod books;
mod cancellation;
mod cancelled;
mod credit_memo;
mod customer;
mod date;
mod decision;
mod document;
mod draft;
mod facts;
mod fee;
mod file;
mod first;
mod held;
mod invoice;
mod judge;
mod money;
mod order;
mod payment;
mod refusal;
mod remedy;
mod rounding;
mod rules;
mod scope;
mod seen;
pub mod survey;
mod vat;

pub use account::{Account, account};
pub use cancellation::{
    Before, cancellation, cancelled_part, has_cancelled, invoice_cancellation, is_cancelled, is_withdrawn, part_key,
    withdrawal,
};
pub use credit_memo::credit_memo;
pub use customer::customer;
pub use decision::{
    Booking, Cancellation, Credits, CustomerCommand, CustomerKey, CustomerUpdate, Decision, Field, InvoiceCommand,
    Invoiced, OrderPayment, PaymentCommand, Predicted, Reason, Refund, Refusal, ToDo, VatAmount, Withdrawal,
};
pub use file::{DEFAULT, Mapping, Problem, Problems};
pub use first::{additions, first};
pub use held::Finding;
pub use invoice::invoice;
pub use order::order;
pub use refusal::REFUSALS;
pub use scope::{Meaning, Scope, States, Trigger, ZeroTotals};
