//! Functions behind the verbs that people use: they put in words what the streams say.
//!
//! Everything here reads and nothing writes, but `archive`. Data is returned; who prints it decides on the form.

pub mod archive;
pub mod backfill;
pub mod capacity;
pub mod dead_letters;
pub mod drift;
pub mod orders;
pub mod ping;
pub mod polls;
pub mod survey;
pub mod table;
pub mod waiting;
