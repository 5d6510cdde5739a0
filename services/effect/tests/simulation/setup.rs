//! Parameters of a world, and the mistakes that its workers make.

use effect::Policy;

use crate::vendor::Faults;

#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) policy: Policy,
    pub(crate) faults: Faults,
    pub(crate) lanes: usize,
    pub(crate) workers: usize,
    pub(crate) careless: Careless,
    /// How often the log is set back to an older copy, or emptied.
    pub(crate) set_backs: u64,
}

/// Mistakes of the shell that the protocol is meant to make impossible to overlook.
#[derive(Clone, Copy, Default)]
pub(crate) struct Careless {
    /// Sends without looking at the clock.
    pub(crate) deadline: bool,
    /// Writes without the expected sequence.
    pub(crate) expected: bool,
    /// Takes the silence of a log that was set back for a proof.
    pub(crate) silence: bool,
    /// Believes at once that what a log that was set back does not know is absent.
    pub(crate) hasty: bool,
}
