//! Visma.net ERP as data: what is sent, what comes back, and what it means.
//!
//! Pure: this crate builds requests and reads replies. It knows no clock, no socket and no other crate of ours. Facts
//! about the API are Visma's published OpenAPI file (version 9.66, and the service description of 2026 where that is
//! newer) and its developer pages; what neither says is a setting, or is told apart in [`reply`].

pub mod compare;
pub mod customer;
pub mod decimal;
pub mod delta;
pub mod etag;
pub mod invoice;
pub mod list;
pub mod payload;
pub mod payment;
pub mod rate;
pub mod read;
pub mod refusal;
pub mod registration;
pub mod reply;
pub mod requests;
pub mod search;
pub mod stamp;
pub mod token;
