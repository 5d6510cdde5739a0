//! The wire format: that messages of every past version are read for ever, and that documents come through it digit for
//! digit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod golden;
mod matching;
mod samples;
mod translation;
