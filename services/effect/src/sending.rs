//! The send, what it came to, and the waits around it.

use crate::doubt::{Absence, Doubt, LookingUp};
use crate::life::Life;
use crate::step::{Pause, Reply, Step};
use crate::writing::Reopening;
use crate::{Intent, Millis};

/// The create is to be sent.
#[derive(Debug)]
pub struct Sending {
    life: Life,
    intent: Intent,
}

impl Sending {
    /// An intent is good for a send only while it is young: after that, another process may have settled it.
    pub(crate) fn begin(life: Life, intent: Intent, now: Millis) -> Step {
        let sending = Self { life, intent };
        if now <= sending.by() { Step::Send(sending) } else { sending.missed() }
    }

    /// The last moment at which the send may start. To be held against the clock after every wait for a permit or token.
    #[must_use]
    pub fn by(&self) -> Millis {
        self.intent.written_at.after(self.life.policy.send_within)
    }

    /// The intent under which it is sent.
    #[must_use]
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// It could not be started in time, and was not.
    pub fn missed(self) -> Step {
        self.life.intend(self.intent.attempt)
    }

    /// What the send came to.
    pub fn answered(self, reply: Reply, now: Millis) -> Step {
        let Self { mut life, intent } = self;
        let look = |life: Life, intent: Intent, believe_after, absence| {
            LookingUp::begin(life, Doubt::new(intent, believe_after, absence), now)
        };
        match reply {
            Reply::Created { number, etag } => {
                life.created = Some(number.clone());
                life.applied(intent, number, etag)
            }
            // A first send that is refused has no earlier one behind it that could have been done.
            Reply::Refused(refusal) if intent.attempt == 1 => life.refused(refusal),
            Reply::Refused(refusal) => look(life, intent, now, Absence::Refused(refusal)),
            Reply::Faulted(refusal) => {
                let believe_after = now.after(life.policy.fault_wait);
                look(life, intent, believe_after, Absence::Faulted(refusal))
            }
            Reply::Uncertain => {
                let believe_after = intent.written_at.after(life.policy.doubt_wait);
                look(life, intent, believe_after, Absence::SendAgain)
            }
            Reply::NotSent { retry_at } => life.pause(retry_at, Pause::Away, Next::Send(intent)),
            Reply::Busy { retry_at } => life.pause(retry_at, Pause::Busy, Next::Send(intent)),
            Reply::Unauthorised { retry_at } => life.pause(retry_at, Pause::Unauthorised, Next::Send(intent)),
        }
    }
}

#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing was done under this intent.
    Send(Intent),
    Look(Doubt),
    Reopen,
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

    /// What for.
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
            Next::Send(intent) => Sending::begin(self.life, intent, now),
            Next::Look(doubt) => LookingUp::begin(self.life, doubt, now),
            Next::Reopen => Step::Reopen(Reopening::new(self.life)),
        }
    }
}
