//! Removing what stands. It is looked at first: a vendor that does not delete what is released need not be asked to,
//! and the delete goes under the version that stands. A delete may be repeated: whether it was done is the same
//! question as whether the document is there. What a vendor no longer deletes, it says in words that differ, so a
//! refused delete is followed by another look.

use crate::life::Life;
use crate::sending::Next;
use crate::step::{Death, End, Pause, Step};
use crate::{Linked, Millis, Refusal};

/// One removal, from the first try to the last.
#[derive(Debug)]
pub(crate) struct Removal {
    linked: Linked,
    etag: Option<String>,
    pub(crate) tries: u32,
    refusal: Option<Refusal>,
    /// Answer of the vendor when it last failed.
    pub(crate) fault: Option<Refusal>,
    /// The last try is counted, or is not to be.
    is_weighed: bool,
}

/// Result of a delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// It is gone, now or before.
    Gone,
    /// Read and refused: it stands.
    Refused(Refusal),
    /// The vendor failed while it worked on it, and says so: done or not done.
    Faulted(Refusal),
    /// It has another version than the one that was sent: it stands.
    Stale,
    /// Nothing was done, and something is to be waited for.
    NotNow {
        /// When to try again.
        retry_at: Millis,
        /// Reason for the wait.
        why: Pause,
    },
    /// No answer, or one that does not say what became of it.
    Uncertain,
}

/// The document is to be deleted.
#[derive(Debug)]
pub struct Deleting {
    life: Life,
    removal: Removal,
}

impl Deleting {
    pub(crate) fn new(life: Life, removal: Removal) -> Self {
        Self { life, removal }
    }

    /// The number that it is held under.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.removal.linked.number
    }

    /// The version that was last seen, where one was.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.removal.etag.as_deref()
    }

    /// Takes the result of the delete.
    pub fn answered(self, removed: Removed, now: Millis) -> Step {
        let Self { life, mut removal } = self;
        let refusal = match removed {
            Removed::Gone => return life.fall(Some(removal.linked.number)),
            Removed::NotNow { retry_at, why } => return life.pause(retry_at, why, Next::Delete(removal)),
            Removed::Uncertain => {
                removal.fault = Some(Refusal::unanswered());
                let until = now.after(life.policy.fault_wait);
                return life.pause(until, Pause::Fault, Next::Weigh(removal, now));
            }
            Removed::Faulted(fault) => {
                removal.fault = Some(fault);
                removal.refusal = None;
                removal.is_weighed = false;
                return Step::Inspect(Inspecting { life, removal });
            }
            Removed::Stale => None,
            Removed::Refused(refusal) => Some(refusal),
        };
        removal.tries = removal.tries.saturating_add(1);
        removal.refusal = refusal;
        removal.is_weighed = true;
        Step::Inspect(Inspecting { life, removal })
    }
}

/// Step: read the document that is to be deleted, or could not be.
#[derive(Debug)]
pub struct Inspecting {
    life: Life,
    removal: Removal,
}

impl Inspecting {
    pub(crate) fn begin(life: Life, linked: Linked) -> Step {
        let removal =
            Removal { etag: linked.etag.clone(), linked, tries: 0, refusal: None, fault: None, is_weighed: true };
        Step::Inspect(Self { life, removal })
    }

    pub(crate) fn new(life: Life, removal: Removal) -> Self {
        Self { life, removal }
    }

    /// The number that it is held under.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.removal.linked.number
    }

    /// It is not there.
    pub fn gone(self) -> Step {
        self.life.fall(Some(self.removal.linked.number))
    }

    /// It is there in this version. `removable` says whether the vendor deletes a document in such a state. One that
    /// was refused in such a state is tried again after a while: something may be under way with it that does not
    /// show yet, such as its release.
    pub fn found(self, etag: Option<String>, removable: bool, now: Millis) -> Step {
        let Self { life, mut removal } = self;
        if !removable {
            return Step::End(End::Stands(Linked { etag, ..removal.linked }));
        }
        if removal.tries >= life.policy.attempts {
            let contended = Death::Contended { attempts: removal.tries };
            return Step::End(End::Dead(removal.refusal.or(removal.fault).map_or(contended, Death::Refused)));
        }
        removal.etag = etag;
        if !removal.is_weighed {
            let until = now.after(life.policy.fault_wait);
            return life.pause(until, Pause::Fault, Next::Weigh(removal, now));
        }
        if removal.refusal.is_some() {
            let until = now.after(life.policy.fault_wait);
            return life.pause(until, Pause::BetweenLooks, Next::Delete(removal));
        }
        Step::Delete(Deleting { life, removal })
    }

    /// No answer that says anything of it.
    pub fn failed(self, retry_at: Option<Millis>, now: Millis) -> Step {
        let until = retry_at.unwrap_or_else(|| now.after(self.life.policy.look_spacing));
        self.life.pause(until, Pause::LookFailed, Next::Inspect(self.removal))
    }
}

#[cfg(test)]
mod tests;
