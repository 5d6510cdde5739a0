//! The life of one update: what stands at the vendor is made to say what is wanted, without writing over what others
//! wrote to it.
//!
//! A request carries the version that was read and only the fields that are ours, so it may be repeated: no intent is
//! needed. A steady update of a record whose version is known from a poll costs one call. Another version than expected
//! means: read the vendor's record again, see what of ours still differs, try again, for so many times. An answer that
//! never came is settled by reading too.
//!
//! An old process cannot write late. The vendor's version is read first and our record after it: if our record does not
//! say yet that the command has ended, no newer command has begun, and whatever a newer one writes later is written
//! after the version that was read. That is why every end, also a bad one, leaves an entry.

use crate::step::{Death, End, Pause};
use crate::{Kind, Linked, Millis, Outcome, Policy, Record, Refusal, Wanted};

/// The next thing to do.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// Read the vendor's record, and what of it differs from what is wanted.
    Read(Reading),
    /// Send what differs, under the version that it was held against.
    Send(Sending),
    /// Let time pass.
    Wait(Waiting),
    /// Say whether others got through since it was tried: a try that came to nothing counts only then.
    Weigh(Weighing),
    /// Write the outcome to our record, if it has not moved since it was read.
    PutOutcome(PuttingOutcome),
    /// Read our record again: somebody else may have settled a newer command.
    Reopen(Reopening),
    /// Nothing stands there, or nobody knows: this is the business of a create.
    NotLinked(Record),
    /// Nothing more to do.
    End(End),
}

/// Result of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done, and this is the version now, where told.
    Updated {
        /// The version.
        etag: Option<String>,
    },
    /// It has another version than the one that was sent. Nothing was done.
    Stale,
    /// Read and refused. Nothing was done.
    Refused(Refusal),
    /// It is not there. Nothing was done.
    Gone,
    /// Nothing was done, and something is to be waited for.
    NotNow {
        /// When to try again.
        retry_at: Millis,
        /// Reason for the wait.
        why: Pause,
    },
    /// The vendor failed while it worked on it, and says so: done or not done.
    Faulted(Refusal),
    /// No answer, or one that does not say what became of it.
    Uncertain,
}

/// Data that all steps share.
#[derive(Debug)]
struct Life {
    asked: Asked,
    linked: Linked,
}

/// Begins, or takes up again after a crash, the life of one update. `seen` is the version under which the caller has
/// read what it would write over, mostly from a poll, before it read `record`; without one the vendor's is read first.
pub fn open(record: Record, wanted: Wanted, seen: Option<String>, policy: Policy) -> Step {
    begin(record, Asked { wanted, policy, tries: 0, sent: false, fault: None }, |life| life.send_or_read(seen))
}

/// The part of a life that does not depend on our record.
#[derive(Debug)]
struct Asked {
    wanted: Wanted,
    policy: Policy,
    /// Sends so far that count: to a stale version, or without a usable answer while others got through.
    tries: u32,
    /// A send of this life may have been done.
    sent: bool,
    /// Answer of the vendor when it last failed.
    fault: Option<Refusal>,
}

/// The step that ends it where there is nothing to send, else what comes `then`.
fn begin(record: Record, asked: Asked, then: impl FnOnce(Life) -> Step) -> Step {
    let linked = match record {
        Record::Linked(linked) => linked,
        other @ (Record::Absent
        | Record::Intent(_)
        | Record::Rejected(_)
        | Record::Withdrawn(_)
        | Record::GivenUp(_)) => return Step::NotLinked(other),
    };
    let wanted = &asked.wanted;
    if wanted.command_seq == linked.command_seq {
        return Step::End(linked.refused.map_or(End::Done, |refusal| End::Dead(Death::Refused(refusal))));
    }
    let superseded = wanted.source_seq < linked.source_seq || wanted.command_seq < linked.command_seq;
    let same = linked.body_hash == wanted.body_hash;
    let life = Life { asked, linked };
    if superseded || same {
        let (body_hash, etag) = (life.linked.body_hash.clone(), life.linked.etag.clone());
        let refusal = life.linked.refused.clone().filter(|_| superseded);
        return life.put(Kind::Unchanged, body_hash, etag).saying(refusal, End::Done);
    }
    then(life)
}

impl Life {
    fn send_or_read(self, seen: Option<String>) -> Step {
        match seen {
            Some(etag) => Step::Send(Sending { life: self, etag }),
            None => Step::Read(Reading { life: self }),
        }
    }

    fn put(self, kind: Kind, body_hash: String, etag: Option<String>) -> PuttingOutcome {
        let Self { asked, linked } = self;
        let wanted = &asked.wanted;
        let outcome = Outcome {
            kind,
            number: Some(linked.number),
            etag,
            body_hash,
            source_seq: linked.source_seq.max(wanted.source_seq),
            command: wanted.command.clone(),
            command_seq: linked.command_seq.max(wanted.command_seq),
            refusal: None,
            withdrawn: false,
            doubt: None,
        };
        PuttingOutcome { asked, outcome: Box::new(outcome), end: End::Done }
    }

    /// A person is needed. The entry says so, and keeps what is known of what stands.
    fn dead(self, death: Death) -> Step {
        // After a send without an answer nobody knows what it says.
        let body_hash = if self.asked.sent { String::new() } else { self.linked.body_hash.clone() };
        let etag = self.linked.etag.clone();
        let refusal = Refusal { code: death.code(), sentence: death.sentence() };
        self.put(Kind::Rejected, body_hash, etag).saying(Some(refusal), End::Dead(death))
    }

    /// It says what is wanted.
    fn settled(self, kind: Kind, etag: Option<String>) -> Step {
        let body_hash = self.asked.wanted.body_hash.clone();
        Step::PutOutcome(self.put(kind, body_hash, etag))
    }

    /// One more try, unless they are spent.
    fn again(mut self, then: impl FnOnce(Self) -> Step) -> Step {
        self.asked.tries = self.asked.tries.saturating_add(1);
        if self.asked.tries >= self.asked.policy.attempts {
            let attempts = self.asked.tries;
            let fault = self.asked.fault.take();
            return self.dead(fault.map_or(Death::Contended { attempts }, Death::Refused));
        }
        then(self)
    }

    /// The send may have been done. Whatever is still on its way finds what it finds under its own version.
    fn faulted(mut self, fault: Refusal, now: Millis) -> Step {
        self.asked.sent = true;
        self.asked.fault = Some(fault);
        let until = now.after(self.asked.policy.fault_wait);
        Step::Wait(Waiting { life: self, until, why: Pause::Fault, next: Next::Weigh(now) })
    }

    fn gone(self) -> Step {
        let number = self.linked.number.clone();
        self.dead(Death::Gone { number })
    }
}

/// Step: send the parts that differ.
#[derive(Debug)]
pub struct Sending {
    life: Life,
    etag: String,
}

impl Sending {
    /// The number of what is updated.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.life.linked.number
    }

    /// The version that the request is to carry.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// Takes the result of the send.
    pub fn answered(self, reply: Reply, now: Millis) -> Step {
        let Self { life, etag } = self;
        match reply {
            Reply::Updated { etag } => life.settled(Kind::Applied, etag),
            Reply::Stale => life.again(|life| Step::Read(Reading { life })),
            Reply::Refused(refusal) => life.dead(Death::Refused(refusal)),
            Reply::Gone => life.gone(),
            Reply::NotNow { retry_at, why } => {
                Step::Wait(Waiting { life, until: retry_at, why, next: Next::Send(etag) })
            }
            Reply::Faulted(refusal) => life.faulted(refusal, now),
            Reply::Uncertain => life.faulted(Refusal::unanswered(), now),
        }
    }
}

/// The vendor's record is to be read.
#[derive(Debug)]
pub struct Reading {
    life: Life,
}

impl Reading {
    /// The number of what is read.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.life.linked.number
    }

    /// It stands in this version. `differs` says whether any field of ours is not as wanted; without a version nothing
    /// can be written without writing over others.
    pub fn found(self, etag: Option<String>, differs: bool) -> Step {
        let life = self.life;
        match (differs, etag) {
            (false, etag) => {
                let kind = if life.asked.sent { Kind::Applied } else { Kind::Unchanged };
                life.settled(kind, etag)
            }
            (true, Some(etag)) => Step::Reopen(Reopening { asked: life.asked, read: Some(etag) }),
            (true, None) => life.dead(Death::Refused(Refusal::unversioned())),
        }
    }

    /// It is not there.
    pub fn gone(self) -> Step {
        self.life.gone()
    }

    /// No answer that says anything of it.
    pub fn failed(self, retry_at: Option<Millis>, now: Millis) -> Step {
        let until = retry_at.unwrap_or_else(|| now.after(self.life.asked.policy.look_spacing));
        Step::Wait(Waiting { life: self.life, until, why: Pause::LookFailed, next: Next::Read })
    }
}

#[derive(Debug)]
enum Next {
    Send(String),
    Read,
    /// A try came to nothing at this time.
    Weigh(Millis),
}

/// A try came to nothing.
#[derive(Debug)]
pub struct Weighing {
    life: Life,
    since: Millis,
}

impl Weighing {
    /// When it was tried.
    #[must_use]
    pub fn since(&self) -> Millis {
        self.since
    }

    /// `others_got_through` says whether the vendor has let in any other write since.
    pub fn weighed(self, others_got_through: bool) -> Step {
        let read = |life| Step::Read(Reading { life });
        if others_got_through { self.life.again(read) } else { read(self.life) }
    }
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
    /// Until when.
    #[must_use]
    pub fn until(&self) -> Millis {
        self.until
    }

    /// Returns the reason for the wait. An update that begins anew loses nothing but its count of tries.
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
            Next::Send(etag) => Step::Send(Sending { life: self.life, etag }),
            Next::Read => Step::Read(Reading { life: self.life }),
            Next::Weigh(since) => Step::Weigh(Weighing { life: self.life, since }),
        }
    }
}

/// The outcome is to be written.
#[derive(Debug)]
pub struct PuttingOutcome {
    asked: Asked,
    outcome: Box<Outcome>,
    end: End,
}

impl PuttingOutcome {
    fn saying(self, refusal: Option<Refusal>, end: End) -> Step {
        let outcome = Box::new(Outcome { refusal, ..*self.outcome });
        Step::PutOutcome(Self { outcome, end, ..self })
    }

    /// The entry to write.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// It is on disk.
    pub fn written(self) -> Step {
        Step::End(self.end)
    }

    /// Our record has moved, or whether the outcome was written is unknown.
    pub fn lost(self) -> Step {
        let Self { mut asked, outcome, end: _ } = self;
        asked.sent |= outcome.kind == Kind::Applied;
        Step::Reopen(Reopening { asked, read: None })
    }
}

/// Our record is to be read again.
#[derive(Debug)]
pub struct Reopening {
    asked: Asked,
    /// The version that the vendor's was read in just before; without one it is to be read again.
    read: Option<String>,
}

impl Reopening {
    /// Takes our record as it is now, and decides anew.
    pub fn with(self, record: Record) -> Step {
        begin(record, self.asked, |life| life.send_or_read(self.read))
    }
}

#[cfg(test)]
mod tests;
