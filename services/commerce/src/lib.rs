//! Adobe Commerce as data: wire types, requests, replies, signatures and search grammar.
//!
//! Nothing here reads a clock, draws a random number or opens a socket: time, nonces and bytes are arguments, so that
//! everything that Commerce can do to us can be played in a test.

pub mod admin;
pub mod attribute;
pub mod comment;
pub mod creditmemo;
pub mod customer;
pub mod decimal;
mod decode;
pub mod document;
mod encoding;
pub mod entity;
mod field;
pub mod history;
pub mod ims;
pub mod invoice;
pub mod keyset;
pub mod modules;
pub mod oauth;
pub mod order;
pub mod page;
pub mod person;
pub mod reply;
pub mod requests;
pub mod search;
pub mod setup;
pub mod stores;
pub mod time;
pub mod totals;
pub mod version;
pub mod webhook;

#[cfg(test)]
pub(crate) mod fixtures;
