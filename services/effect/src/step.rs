//! The vocabulary of a life: what can be next, what a send can come to, how it can end.

use problem::Code;

use crate::doubt::LookingUp;
use crate::sending::{Sending, Waiting};
use crate::weighing::Weighing;
use crate::withdrawing::{Deleting, Inspecting};
use crate::writing::{PuttingOutcome, Reopening, WritingIntent};
use crate::{Linked, Millis, Refusal};

/// The command to carry out: its id, its place in the stream, the hash of its body and the version that it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Id of the command.
    pub command: String,
    /// Stream sequence of the command. A redelivery has the same one, a replay has a larger one: the first finds its
    /// work done and says nothing, the second leaves an outcome of its own. Commands of one record are settled in this
    /// order, so a smaller one than the record's has been settled before, and never sends again.
    pub command_seq: u64,
    /// Hash of the body that would be sent.
    pub body_hash: String,
    /// Stream sequence of the change that it came from: a larger one is a newer version of the record.
    pub source_seq: u64,
}

/// The next thing to do.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// Write the intent to the record, if it has not moved since it was read.
    WriteIntent(WritingIntent),
    /// Send the create.
    Send(Sending),
    /// Ask the vendor which documents carry our reference.
    LookUp(LookingUp),
    /// Delete the document.
    Delete(Deleting),
    /// Read the document that is to be deleted, or could not be.
    Inspect(Inspecting),
    /// Let time pass.
    Wait(Waiting),
    /// Say whether others got through since it was tried: a try that came to nothing counts against the document only
    /// then.
    Weigh(Weighing),
    /// Write the outcome to the record, if it has not moved since it was read or since our intent.
    PutOutcome(PuttingOutcome),
    /// Read the record again: somebody else has written to it, or may have.
    Reopen(Reopening),
    /// Nothing more to do.
    End(End),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Settled; acknowledge.
    Done,
    /// The document stands with another body. What follows (an update, a question) is the caller's decision.
    Differs(Linked),
    /// It was to be withdrawn, and the vendor does not let go of it. What follows (a credit note) is the caller's
    /// decision.
    Stands(Linked),
    /// Nothing was done: a newer command of the record is under way, or was given up, and its end is the end of this
    /// one too. Where that command is lost, this is the caller's to tell a person.
    Superseded {
        /// Id of the newer command.
        by: String,
        /// Stream sequence of the newer command.
        by_seq: u64,
    },
    /// A person is needed; the dead letter, then acknowledge.
    Dead(Death),
}

/// Why a person is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Death {
    /// More than one document carries our reference.
    Duplicate {
        /// The vendor's numbers.
        numbers: Vec<String>,
    },
    /// The vendor refused, or we gave up ([`Refusal::unresolved`]); the outcome says so too.
    Refused(Refusal),
    /// A change of what stands was tried as often as allowed, and others changed it meanwhile each time.
    Contended {
        /// How often.
        attempts: u32,
    },
    /// The document that was to be changed is not there any longer.
    Gone {
        /// The number that it was held under.
        number: String,
    },
}

impl Death {
    /// The code of the runbook page.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Duplicate { .. } => Code::DuplicateDocument,
            Self::Refused(refusal) => refusal.code,
            Self::Contended { .. } => Code::UpdateContended,
            Self::Gone { .. } => Code::DocumentGone,
        }
    }

    /// Returns what happened and what to do, for a person.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Duplicate { numbers } => format!(
                "Documents {} have the same reference of ours. Keep one, and delete or credit the others.",
                numbers.join(", ")
            ),
            Self::Refused(refusal) => refusal.sentence.clone(),
            Self::Contended { attempts } => format!(
                "It was to be changed {attempts} times, and each time somebody else had changed it meanwhile. Look \
                 whether another program writes to it all the time."
            ),
            Self::Gone { number } => format!(
                "It stood in the target as {number}, and is not there any longer: it was removed or given another number."
            ),
        }
    }
}

/// Result of a send, the same for every vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Created under this number.
    Created {
        /// The vendor's number.
        number: String,
        /// Its version, where told.
        etag: Option<String>,
    },
    /// Read and refused: nothing was done, and sending it again will not help.
    Refused(Refusal),
    /// The vendor failed while it worked on it, and says so: done or not done.
    Faulted(Refusal),
    /// It never left, or reached nobody: nothing was done.
    NotSent {
        /// When to try again.
        retry_at: Millis,
    },
    /// Turned away at the door for the number of calls: nothing was done.
    Busy {
        /// When the vendor takes calls again.
        retry_at: Millis,
    },
    /// Turned away at the door for the credentials: nothing was done.
    Unauthorised {
        /// When to try again.
        retry_at: Millis,
    },
    /// No answer, or one that does not say what became of it.
    Uncertain,
}

/// Why time has to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// The vendor counts calls.
    Busy,
    /// Nobody answers.
    Away,
    /// The credentials are not taken.
    Unauthorised,
    /// The vendor may still be working on what was sent.
    Doubt,
    /// The vendor failed over it a moment ago, and what it did may not show yet.
    Fault,
    /// Between two looks that count.
    BetweenLooks,
    /// The look-up itself failed.
    LookFailed,
}

impl Pause {
    /// Returns true when the delivery may be handed back to the broker instead of being held: the record remembers as
    /// much as this life does. Handing back a pause before a send is safe, but the next life finds an intent and cannot
    /// know that nothing was done: it looks up and waits as for any other.
    #[must_use]
    pub fn may_hand_back(self) -> bool {
        match self {
            Self::Busy | Self::Away | Self::Unauthorised | Self::Doubt | Self::LookFailed => true,
            // Another life would take it for any other doubt, and wait for as long.
            Self::Fault | Self::BetweenLooks => false,
        }
    }
}
