//! Drives the life of one update: carries out each step that `effect::update` gives.

use bytes::Bytes;
use effect::update::{Reply, Step};
use effect::{End, Record};
use http::Request;
use problem::{Problem, then_again};
use record::Verdict;
use record::envelope::Cause;
use record::take::Delivery;
use serde_json::Value;

use crate::create::{Document, Driver, System};
use crate::entries::{fill, marks, named};
use crate::now;
use record::{Current, entry};

/// A record of the target's as it was read, and its version.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Its version, where it was told.
    pub(crate) etag: Option<String>,
    /// Content of the record; none when only the version is known, because nothing was written since we wrote.
    pub(crate) says: Option<Value>,
}

/// Result of a reading, or when to try again.
pub(crate) type Read = Result<Option<Seen>, Option<std::time::Duration>>;

/// A target system whose records can be updated.
pub(crate) trait Updating: System {
    /// Reads a record; none when it is not there.
    fn read(&self, request: &Request<Bytes>) -> impl Future<Output = Read> + Send;

    /// Sends an update.
    fn update(&self, request: &Request<Bytes>) -> impl Future<Output = Reply> + Send;
}

/// Change to be made to a record.
pub(crate) trait Change: Sync {
    /// The request that reads the record.
    ///
    /// # Errors
    /// When it cannot be built.
    fn reading(&self, number: &str) -> Result<Request<Bytes>, Problem>;

    /// True when what is written depends on what stands there, so that it is never written unread.
    fn adds(&self) -> bool;

    /// True when the record does not say what it shall.
    fn differs(&self, says: &Value) -> bool;

    /// The request that makes the record say what it shall, under `etag`. Without what it says now, all of ours is
    /// written.
    ///
    /// # Errors
    /// When it cannot be built.
    fn writing(&self, number: &str, etag: &str, says: Option<&Value>) -> Result<Request<Bytes>, Problem>;
}

/// How an update ended, short of a verdict.
pub(crate) enum Amended {
    /// Settled, and the log says so: this is the record now.
    Done(Box<Current>),
    /// There is nothing that could be updated.
    NotLinked,
}

impl<S: Updating> Driver<S> {
    /// Makes what stands under the record of `document` say what it shall. `seen` is what was last known of it at the
    /// target, read before `held` was.
    pub(crate) async fn amend(
        &self,
        delivery: &Delivery,
        document: &Document<'_, S::Key>,
        change: &dyn Change,
        held: Current,
        seen: Option<Seen>,
    ) -> Result<Amended, Verdict> {
        let cause = Cause::of(&delivery.headers);
        let mut held = held;
        let mut says = seen.as_ref().and_then(|seen| seen.says.clone());
        // What was seen counts as a reading: what of it differs is to be known before anything is sent.
        let mut reading = seen.filter(|seen| seen.says.is_some() && seen.etag.is_some());
        let known = match (&reading, held.record.clone()) {
            (None, Record::Linked(linked)) if !change.adds() => linked.etag,
            _ => None,
        };
        let mut step = effect::update::open(held.record.clone(), document.wanted.clone(), known, self.policy);
        loop {
            step = match step {
                Step::Read(read) => {
                    let number = read.number().to_owned();
                    let looked = match reading.take() {
                        Some(seen) => Ok(Some(seen)),
                        None => self.system.read(&change.reading(&number).map_err(Verdict::Dead)?).await,
                    };
                    match looked {
                        Ok(Some(seen)) => {
                            let differs = seen.says.as_ref().is_none_or(|says| change.differs(says));
                            says = seen.says;
                            read.found(seen.etag, differs)
                        }
                        Ok(None) => read.gone(),
                        Err(wait) => read.failed(wait.map(|wait| now().after(wait)), now()),
                    }
                }
                Step::Send(sending) => {
                    let request = change.writing(sending.number(), sending.etag(), says.as_ref());
                    let reply = self.system.update(&request.map_err(Verdict::Dead)?).await;
                    sending.answered(reply, now())
                }
                Step::Wait(wait) => {
                    self.wait(wait.until(), wait.why(), wait.why().may_hand_back()).await?;
                    wait.over(now())
                }
                Step::Weigh(weighing) => {
                    let passed = self.system.passed_since(weighing.since());
                    weighing.weighed(passed)
                }
                Step::PutOutcome(put) => {
                    let outcome = put.outcome();
                    let entry = fill(entry::outcome(outcome, now()), document, &held.entry);
                    let marks = marks(&entry, document.marks);
                    match self.appender.append(&document.address, &entry, &marks, held.sequence, &cause).await {
                        Some(sequence) => {
                            held = Current { record: outcome.record(), sequence, entry };
                            put.written()
                        }
                        None => put.lost(),
                    }
                }
                Step::Reopen(reopening) => {
                    held = self.read(delivery, &document.address).await?;
                    reopening.with(held.record.clone())
                }
                Step::NotLinked(_) => return Ok(Amended::NotLinked),
                Step::End(End::Dead(death)) => {
                    let remedy = then_again("do what the sentence and the runbook page of the code say");
                    let sentence = named(document.what, &document.entry, &death.sentence());
                    return Err(Verdict::Dead(Problem::new(death.code().to_owned(), sentence, remedy)));
                }
                Step::End(End::Done | End::Differs(_) | End::Stands(_) | End::Superseded { .. }) => {
                    return Ok(Amended::Done(Box::new(held)));
                }
            };
        }
    }
}
