//! Visma.net ERP as data: what is sent, what comes back, and what it means.
//!
//! Pure: this crate builds requests and reads replies. It knows no clock, no socket and no other crate of ours.

pub mod customer;
pub mod invoice;
