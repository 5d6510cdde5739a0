//! The send, what it came to, and the waits around it.

use crate::doubt::{Absence, Doubt, LookingUp};
use crate::life::Life;
use crate::step::{Pause, Reply, Step};
use crate::weighing::{Tried, Weighing};
use crate::withdrawing::{Deleting, Inspecting, Removal};
use crate::{Intent, Millis};

/// A create that is sent, or will be.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) intent: Intent,
    /// An earlier send of the same document was in doubt.
    pub(crate) doubted: bool,
}

/// The create is to be sent.
#[derive(Debug)]
pub struct Sending {
    life: Life,
    sent: Sent,
}

impl Sending {
    /// An intent is good for a send only while it is young: after that, another process may have settled it.
    pub(crate) fn begin(life: Life, sent: Sent, now: Millis) -> Step {
        let sending = Self { life, sent };
        if now <= sending.by() { Step::Send(sending) } else { sending.missed() }
    }

    /// The last moment at which the send may start. To be held against the clock after every wait for a permit or
    /// token.
    #[must_use]
    pub fn by(&self) -> Millis {
        self.sent.intent.written_at.after(self.life.policy.send_within)
    }

    /// The intent under which it is sent.
    #[must_use]
    pub fn intent(&self) -> &Intent {
        &self.sent.intent
    }

    /// It could not be started in time, and was not.
    pub fn missed(self) -> Step {
        self.life.intend(self.sent.intent.attempt, self.sent.doubted)
    }

    /// Takes the result of the send.
    pub fn answered(self, reply: Reply, now: Millis) -> Step {
        let Self { mut life, sent } = self;
        let look = |life: Life, intent: Intent, believe_after, absence| {
            LookingUp::begin(life, Doubt::new(intent, believe_after, absence), now)
        };
        match reply {
            Reply::Created { number, etag } => {
                life.created = Some(number.clone());
                let settled = (sent.intent.source_seq, sent.intent.command_seq);
                life.applied(sent.intent, number, etag, settled)
            }
            // The send before this one was taken for absent. That is a proof, and a look more costs little.
            Reply::Refused(refusal) if sent.doubted => look(life, sent.intent, now, Absence::Refused(refusal)),
            Reply::Refused(refusal) => life.refused(refusal),
            Reply::Faulted(refusal) => {
                let believe_after = now.after(life.policy.fault_wait);
                look(life, sent.intent, believe_after, Absence::Faulted(refusal))
            }
            Reply::Uncertain => {
                let believe_after = sent.intent.written_at.after(life.policy.doubt_wait);
                look(life, sent.intent, believe_after, Absence::SendAgain)
            }
            Reply::NotSent { retry_at } => life.pause(retry_at, Pause::Away, Next::Send(sent)),
            Reply::Busy { retry_at } => life.pause(retry_at, Pause::Busy, Next::Send(sent)),
            Reply::Unauthorised { retry_at } => life.pause(retry_at, Pause::Unauthorised, Next::Send(sent)),
        }
    }
}

#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing was done under this intent.
    Send(Sent),
    Look(Doubt),
    Delete(Removal),
    Inspect(Removal),
    /// A delete came to nothing at this time.
    Weigh(Removal, Millis),
}

/// Time has to pass.
#[derive(Debug)]
pub struct Waiting {
    life: Life,
    until: Millis,
    why: Pause,
    next: Next,
}

impl Waiting {
    pub(crate) fn new(life: Life, until: Millis, why: Pause, next: Next) -> Self {
        Self { life, until, why, next }
    }

    /// Until when.
    #[must_use]
    pub fn until(&self) -> Millis {
        self.until
    }

    /// Returns the reason for the wait.
    #[must_use]
    pub fn why(&self) -> Pause {
        self.why
    }

    /// Time has passed. Before [`Waiting::until`] this is the same wait again.
    pub fn over(self, now: Millis) -> Step {
        if now < self.until {
            return Step::Wait(self);
        }
        match self.next {
            Next::Send(sent) => Sending::begin(self.life, sent, now),
            Next::Look(doubt) => LookingUp::begin(self.life, doubt, now),
            Next::Delete(removal) => Step::Delete(Deleting::new(self.life, removal)),
            Next::Weigh(removal, since) => Weighing::begin(self.life, since, Tried::Delete(Box::new(removal))),
            Next::Inspect(removal) => Step::Inspect(Inspecting::new(self.life, removal)),
        }
    }
}
