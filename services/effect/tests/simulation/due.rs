//! Events that are still to happen in a world.

use effect::Refusal;
use problem::Code;

use crate::broker::Entry;
use crate::worker::Told;

pub(crate) enum Due {
    Deliver { lane: usize },
    Restart { worker: usize },
    SetBack,
    Write { task: u64, entry: Entry },
    Permit { task: u64 },
    Arrive { task: u64, lane: usize, body: String, refused: bool },
    Commit { task: u64, lane: usize, body: String },
    Listing { task: u64 },
    Delete { task: u64, number: String },
    Remove { number: String },
    Inspect { task: u64, number: String },
    Reading { task: u64 },
    Tell { task: u64, told: Told },
}

/// Why a command is given up before the vendor is asked.
pub(crate) fn hopeless() -> Refusal {
    Refusal { code: Code::CustomerAmbiguous, sentence: "Several customers carry this address.".to_owned() }
}
