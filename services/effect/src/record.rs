//! The record that the broker holds of one document: the last entry on its subject. It is the only memory that survives
//! a crash.

use std::time::Duration;

use problem::Code;

/// Milliseconds since the Unix epoch, by the clock of the process that says so. An intent is read by other processes
/// than the one that wrote it: the difference between their clocks is part of the margin in
/// [`crate::Policy::doubt_wait`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub u64);

impl Millis {
    /// This moment and `duration` more; stops at the end of time instead of overflowing.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// Why a document is not there: a code to look up in the runbook, and a sentence, mostly the vendor's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The name of a runbook page.
    pub code: Code,
    /// Sentence with what the vendor said, for a person.
    pub sentence: String,
}

impl Refusal {
    /// Sent as often as allowed, never a usable answer, and proven not to be there: given up. It is written as an
    /// outcome like a refusal, so that another process which still holds an older view of the record cannot send once
    /// more.
    #[must_use]
    pub fn unresolved(attempts: u32) -> Self {
        Self {
            code: Code::InDoubtUnresolved,
            sentence: format!(
                "The document was sent {attempts} times, no answer came that says what became of it, and no document \
                 with our reference is to be found. Look whether the target works at all."
            ),
        }
    }
}

impl Refusal {
    /// No answer came to a change or a removal, as often as it was tried, while others got through.
    #[must_use]
    pub fn unanswered() -> Self {
        Self {
            code: Code::ChangeUnanswered,
            sentence:
                "It was to be changed or removed, and no answer came to any try, while others were answered. Look at \
                       it in the target: the last try may have been done."
                    .to_owned(),
        }
    }

    /// The target told no version of what is to be changed, so that to change it could be to write over others.
    #[must_use]
    pub fn unversioned() -> Self {
        Self {
            code: Code::NoVersion,
            sentence:
                "The target told no version (ETag) of the record that is to be changed, and without one a change \
                       could write over somebody else's."
                    .to_owned(),
        }
    }
}

/// The document may have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Counts the sends of one command, from 1; grows when a send whose fate was unknown has left nothing behind.
    pub attempt: u32,
    /// When the entry was about to be written.
    pub written_at: Millis,
    /// Hash of the body that was about to be sent.
    pub body_hash: String,
    /// Stream sequence of the change that the body came from.
    pub source_seq: u64,
    /// Id of the command that asked for it.
    pub command: String,
    /// Stream sequence of that command.
    pub command_seq: u64,
}

/// The document stands at the vendor under a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The vendor's number.
    pub number: String,
    /// Version at the vendor when we last heard of it.
    pub etag: Option<String>,
    /// Hash of the body that it was made from.
    pub body_hash: String,
    /// Stream sequence of the newest change that was held against it.
    pub source_seq: u64,
    /// Id of the last command that was settled.
    pub command: String,
    /// The largest stream sequence of the commands that were settled.
    pub command_seq: u64,
    /// Set when that command wanted something else of it, and was refused.
    pub refused: Option<Refusal>,
}

/// The vendor refused the document, or it was given up; the vendor holds none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Why.
    pub refusal: Refusal,
    /// Hash of the body that was refused.
    pub body_hash: String,
    /// Stream sequence of the newest change that was held against it.
    pub source_seq: u64,
    /// Id of the last command that was settled.
    pub command: String,
    /// The largest stream sequence of the commands that were settled.
    pub command_seq: u64,
}

/// The document shall not stand any longer, and the vendor holds none: it was removed, or what was to be booked was
/// withdrawn before it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// The number that the vendor held it under, if it ever did.
    pub number: Option<String>,
    /// Stream sequence of the newest change that was held against it.
    pub source_seq: u64,
    /// Id of the last command that was settled.
    pub command: String,
    /// The largest stream sequence of the commands that were settled.
    pub command_seq: u64,
}

/// A command was given up while an intent stood: nobody knows whether the vendor holds the document. Whatever waits for
/// it need not wait any longer; whoever wants to send it must settle the doubt first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// The send that may have been made.
    pub intent: Intent,
    /// Why it was given up.
    pub refusal: Refusal,
    /// Stream sequence of the newest change that was held against it.
    pub source_seq: u64,
    /// Id of the command that was given up.
    pub command: String,
    /// The largest stream sequence of the commands that were settled.
    pub command_seq: u64,
}

/// The last entry on a record's subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Nothing was ever written.
    Absent,
    /// It may have been sent, and no outcome is known.
    Intent(Intent),
    /// It stands at the vendor.
    Linked(Linked),
    /// The vendor refused it.
    Rejected(Rejected),
    /// It shall not stand any longer, and does not.
    Withdrawn(Withdrawn),
    /// It was given up in doubt.
    GivenUp(GivenUp),
}

/// Result of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The vendor holds it because of this command, or of an earlier send of it that was adopted.
    Applied,
    /// Nothing had to be done.
    Unchanged,
    /// The vendor refused it.
    Rejected,
}

/// The entry that settles a command. It carries forward all that is known, so that the last entry suffices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Result of the command.
    pub kind: Kind,
    /// The vendor's number; none as long as the vendor holds nothing.
    pub number: Option<String>,
    /// Version at the vendor, where it was told.
    pub etag: Option<String>,
    /// Hash of the body that the vendor holds or refused.
    pub body_hash: String,
    /// Stream sequence of the newest change that was held against the record.
    pub source_seq: u64,
    /// Id of the command.
    pub command: String,
    /// The largest stream sequence of the commands that were settled.
    pub command_seq: u64,
    /// Set as long as the vendor's last word was a refusal.
    pub refusal: Option<Refusal>,
    /// The document shall not stand any longer; `number` is what it was held under.
    pub withdrawn: bool,
    /// The send that may have been made, as long as its result is not known.
    pub doubt: Option<Intent>,
}

impl Outcome {
    /// Returns the record whose last entry is this outcome.
    #[must_use]
    pub fn record(&self) -> Record {
        let Self { kind: _, number, etag, body_hash, source_seq, command, command_seq, refusal, withdrawn, doubt } =
            self.clone();
        if withdrawn {
            return Record::Withdrawn(Withdrawn { number, source_seq, command, command_seq });
        }
        match (number, refusal, doubt) {
            (Some(number), refused, _) => {
                Record::Linked(Linked { number, etag, body_hash, source_seq, command, command_seq, refused })
            }
            (None, Some(refusal), Some(intent)) => {
                Record::GivenUp(GivenUp { intent, refusal, source_seq, command, command_seq })
            }
            (None, Some(refusal), None) => {
                Record::Rejected(Rejected { refusal, body_hash, source_seq, command, command_seq })
            }
            (None, None, _) => Record::Absent,
        }
    }
}
