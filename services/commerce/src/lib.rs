//! Adobe Commerce as data: wire types, requests, replies, signatures and search grammar.
//!
//! Nothing here reads a clock, draws a random number or opens a socket: time, nonces and bytes are arguments, so that
//! everything that Commerce can do to us can be played in a test.

pub mod decimal;
pub mod order;

#[cfg(test)]
pub(crate) mod fixtures;
