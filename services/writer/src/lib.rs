//! Takes commands, makes a target hold them exactly once, writes outcomes.
//!
//! The pure crate `effect` decides what is to be done next; here its steps are carried out: `create` drives them, and
//! the log is read and written through `record`. Each target has a module of its own: how it is asked, how its
//! documents are found, what its answers mean.

mod amend;
pub mod commerce;
mod create;
mod entries;
mod silence;
pub mod visma;

use effect::Millis;
use problem::{Code, Problem};

/// The time now, as all services have it.
pub(crate) fn now() -> Millis {
    Millis(pipeline::clock::now_millis())
}

/// A command that cannot be applied for what it is.
pub(crate) fn unreadable(why: &str) -> Problem {
    let remedy = "run a version of ml-connector that is at least as new as the one that wrote it";
    Problem::new(Code::CommandUnreadable, format!("the command cannot be read: {why}"), remedy)
}

/// A hash of what a command asks for, hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    hex::encode(Sha256::digest(bytes))
}
