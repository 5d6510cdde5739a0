//! Bad input, piece by piece: what comes in wrong has a clear answer, and what is right goes on beside it.

mod credentials;
mod letters;
pub(crate) mod order;
mod orders;
mod privacy;
mod settings;
