//! The wire format between the stages: protobuf messages, and their translation from and to the documents they carry.
//!
//! Messages stay in the streams for ever. Fields are only added; `golden/` keeps encoded messages of every past
//! version, and a test decodes them.

mod booked;
mod customer;
mod invoice;
pub mod matching;
pub mod seen;

#[allow(missing_docs, unreachable_pub, reason = "generated; the .proto files carry the documentation")]
#[allow(clippy::all, reason = "generated")]
mod v1 {
    include!(concat!(env!("OUT_DIR"), "/ml.v1.rs"));
}

pub use prost::Message;
pub use v1::outcome::Kind;
pub use v1::{
    AccountSum, Attribute, Booked, Cancellation, Command, Comment, CreditNote, Customer, CustomerData, CustomerField,
    Difference, Doubt, Invoice, InvoiceLine, Outcome, Payment, Predicted, Reference, Segment, TaxDetail, Verification,
    command, invoice as owner, payment as payer,
};

/// A message of a stream that does not say what it must.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Malformed {
    /// A field holds no decimal number.
    #[error("the field {0} holds no decimal number")]
    Decimal(&'static str),
}
