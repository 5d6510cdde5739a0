//! A try that came to nothing: was it the document, or does nothing get through to the vendor?
//!
//! Tries are counted so that a document on which the vendor always fails ends with a person. In an outage every
//! document fails, and none is to be given up for it. What tells them apart is whether any other write got through
//! meanwhile.

use crate::life::Life;
use crate::step::{Death, End, Step};
use crate::withdrawing::{Deleting, Removal};
use crate::{Millis, Refusal};

/// The kind of request whose tries are counted.
#[derive(Debug)]
pub(crate) enum Tried {
    /// Creates: the tries so far, and what the vendor said when it failed.
    Create {
        /// Tries that counted, this one included if it does.
        attempts: u32,
        /// The vendor's words, where it failed with any.
        fault: Option<Refusal>,
    },
    /// Deletes.
    Delete(Box<Removal>),
}

/// A try came to nothing.
#[derive(Debug)]
pub struct Weighing {
    life: Life,
    since: Millis,
    tried: Tried,
}

impl Weighing {
    pub(crate) fn begin(life: Life, since: Millis, tried: Tried) -> Step {
        Step::Weigh(Self { life, since, tried })
    }

    /// When it was tried.
    #[must_use]
    pub fn since(&self) -> Millis {
        self.since
    }

    /// `others_got_through` says whether the vendor has let in any write of another document since.
    pub fn weighed(self, others_got_through: bool) -> Step {
        let Self { life, since: _, tried } = self;
        let most = life.policy.attempts;
        match tried {
            Tried::Create { attempts, fault } if others_got_through && attempts >= most => {
                life.refused(fault.unwrap_or_else(|| Refusal::unresolved(attempts)))
            }
            Tried::Create { attempts, .. } => {
                let next = if others_got_through { attempts.saturating_add(1) } else { attempts.max(1) };
                life.intend(next, true)
            }
            Tried::Delete(mut removal) => {
                if others_got_through {
                    removal.tries = removal.tries.saturating_add(1);
                }
                if removal.tries >= most {
                    let contended = Death::Contended { attempts: removal.tries };
                    let said = removal.fault.take();
                    return Step::End(End::Dead(said.map_or(contended, Death::Refused)));
                }
                Step::Delete(Deleting::new(life, *removal))
            }
        }
    }
}
