//! Drives the life of one document: carries out each step that `effect` gives, until it ends or has to wait for long.
//! Differences between targets are behind [`System`], and behind [`Removing`] where documents can be removed.

mod ending;
mod waits;

use std::time::Duration;

use effect::{Deleting, End, Inspecting, Linked, Millis, Policy, Record, Refusal, Removed, Sending, Silence};
use effect::{Step, Waiting, Wanted};
use pipeline::vendor::Permit;
use problem::{Code, Problem};
use proto::{Command, Outcome};
use record::Verdict;
use record::envelope::Cause;
use record::take::Delivery;
use tokio_util::sync::CancellationToken;

use crate::entries::{fill, marks};
use crate::now;
use ending::dead;
use record::address::{Address, Entity};
use record::entry::{self, UNREADABLE};
use record::{Appender, Current, Log};
use waits::is_worth_handing_back;

/// The numbers that a look-up found, or when to ask again.
pub(crate) type Looked = Result<Vec<String>, Option<Duration>>;

/// A target system, as far as the driver needs it.
pub(crate) trait System: Sync {
    /// How a document is found there.
    type Key: Send + Sync;

    /// Request that makes a document there.
    type Request: Sync;

    /// Reserves a call; else how long to wait.
    fn permit(&self) -> impl Future<Output = Result<Permit, Duration>> + Send;

    /// Sends the create of `sending`, in time or not at all. `permit` was reserved before the intent was written; there
    /// is none when an answer has kept it from being carried out since.
    fn send(
        &self,
        sending: Sending,
        permit: Option<Permit>,
        request: &Self::Request,
    ) -> impl Future<Output = Step> + Send;

    /// The code of its not answering.
    const AWAY: Code;

    /// Why nothing gets through to it, while calls are kept back because of that.
    fn trouble(&self) -> Option<Problem>;

    /// True when it has let in a write after `since`.
    fn passed_since(&self, since: Millis) -> bool;

    /// Adds to an entry what sending `request` has told about it besides the answer.
    fn told(_request: &Self::Request, entry: Outcome) -> Outcome {
        entry
    }

    /// The numbers of all documents under `key`; `since` is when the intent in doubt was written.
    fn find(&self, key: &Self::Key, since: Millis) -> impl Future<Output = Looked> + Send;

    /// Says what the silence of the log proves of a document, whose order was placed at `_placed`; else when to ask
    /// again.
    fn silence(&self, _key: &Self::Key, _placed: &str) -> impl Future<Output = Result<Silence, Duration>> + Send {
        std::future::ready(Ok(Silence::Proves))
    }

    /// The numbers under `key` that the log does not know, and when they were read; none when they are to be looked up.
    fn held(&self, _key: &Self::Key, _placed: &str) -> Option<(Vec<String>, Millis)> {
        None
    }

    /// Returns the status and the open balance that the last look-up showed of the one document under `key`.
    fn shown(&self, _key: &Self::Key) -> Option<(String, String)> {
        None
    }

    /// The log says now that a document stands under `key`.
    fn logged(&self, _key: &Self::Key, _number: &str) {}
}

/// A target system that documents can be removed from.
pub(crate) trait Removing: System {
    /// Deletes the document of this number, under the version that was last seen where one was.
    fn delete(&self, number: &str, etag: Option<&str>) -> impl Future<Output = Removed> + Send;

    /// Reads the document of this number: none when it is not there, else its version, and whether it can be deleted in
    /// the state that it is in.
    fn inspect(&self, number: &str) -> impl Future<Output = Inspected> + Send;
}

/// Result of a look at a document that could not be deleted, or when to ask again.
pub(crate) type Inspected = Result<Option<(Option<String>, bool)>, Option<Duration>>;

/// One document to be created, or to be withdrawn.
pub(crate) struct Document<'a, K> {
    /// Where its record stands.
    pub(crate) address: Address,
    /// Kind of document, in an accountant's terms.
    pub(crate) what: Entity,
    /// Content that its command asks for.
    pub(crate) wanted: Wanted,
    /// How it is found at the target.
    pub(crate) key: K,
    /// Further content of its entries.
    pub(crate) entry: Outcome,
    /// When its order was placed, as the shop writes it; empty where that is not known.
    pub(crate) placed: &'a str,
    /// Headers of its outcomes by which views find it.
    pub(crate) marks: &'a [(&'static str, String)],
}

/// How a create ended, short of a verdict.
pub(crate) enum Ended {
    /// Settled, and the log says so: this is the record now.
    Done(Record),
    /// It stands with another body.
    Differs(Linked, Box<Current>),
}

/// How a withdrawal ended, short of a verdict.
pub(crate) enum Fallen {
    /// It does not stand, and the log says so.
    Done,
    /// The target does not let go of it.
    Stands(Linked),
}

/// Drives lives against one system.
pub(crate) struct Driver<S> {
    /// The log of what was done, read and written.
    pub(crate) log: Log,
    pub(crate) appender: Appender,
    /// How patient it is.
    pub(crate) policy: Policy,
    /// Ends every wait.
    pub(crate) stop: CancellationToken,
    /// The target.
    pub(crate) system: S,
}

/// Returns what a command asks of `effect`.
pub(crate) fn wanted(delivery: &Delivery, command: &Command, body_hash: String) -> Wanted {
    let (source_seq, command_seq) = (command.change_sequence, delivery.sequence);
    Wanted { command: command.id.clone(), command_seq, body_hash, source_seq }
}

/// Where a life leaves the steps that all lives share.
enum Left {
    End(End),
    Delete(Deleting),
    Inspect(Inspecting),
}

/// One life under way.
pub(crate) struct Run<'a, S: System> {
    pub(crate) driver: &'a Driver<S>,
    delivery: &'a Delivery,
    pub(crate) document: &'a Document<'a, S::Key>,
    request: Option<&'a S::Request>,
    cause: Cause,
    held: Current,
    permit: Option<Permit>,
}

impl<S: System> Driver<S> {
    /// Makes the target hold `document` by sending `request`; `held` is its record where it was just read. `Err` is the
    /// verdict of everything but a good end.
    pub(crate) async fn create(
        &self,
        delivery: &Delivery,
        document: &Document<'_, S::Key>,
        request: &S::Request,
        held: Option<Current>,
    ) -> Result<Ended, Verdict> {
        let mut run = self.run(delivery, document, Some(request), held).await?;
        let silence = self.silence(document, &run.held.record).await?;
        let step = effect::open(run.held.record.clone(), document.wanted.clone(), self.policy, silence, now());
        match run.go(step).await? {
            Left::End(End::Done) => Ok(Ended::Done(run.held.record)),
            Left::End(End::Differs(linked)) => Ok(Ended::Differs(linked, Box::new(run.held))),
            Left::End(End::Dead(death)) => Err(dead(document, &death)),
            Left::End(End::Superseded { by, by_seq }) => {
                run.superseded(&by, by_seq).await?;
                Ok(Ended::Done(run.held.record))
            }
            Left::End(End::Stands(_)) | Left::Delete(_) | Left::Inspect(_) => Err(run.astray()),
        }
    }

    /// Writes down that the command of `document` is given up before the target was asked, so that whatever waits for
    /// it need not wait for ever.
    pub(crate) async fn give_up(
        &self,
        delivery: &Delivery,
        document: &Document<'_, S::Key>,
        problem: &Problem,
    ) -> Result<Record, Verdict> {
        let mut run = self.run(delivery, document, None, None).await?;
        let refusal = Refusal { code: problem.code, sentence: problem.sentence.clone() };
        let silence = self.silence(document, &run.held.record).await?;
        let step = effect::give_up(run.held.record.clone(), document.wanted.clone(), self.policy, silence, refusal);
        match run.go(step).await? {
            Left::End(_) => Ok(run.held.record),
            Left::Delete(_) | Left::Inspect(_) => Err(run.astray()),
        }
    }

    async fn run<'a>(
        &'a self,
        delivery: &'a Delivery,
        document: &'a Document<'a, S::Key>,
        request: Option<&'a S::Request>,
        held: Option<Current>,
    ) -> Result<Run<'a, S>, Verdict> {
        let held = match held {
            Some(held) => held,
            None => self.read(delivery, &document.address).await?,
        };
        let cause = Cause::of(&delivery.headers);
        Ok(Run { driver: self, delivery, document, request, cause, held, permit: None })
    }

    /// The record at `address`, or the verdict of a broker that is away.
    pub(crate) async fn read(&self, delivery: &Delivery, address: &Address) -> Result<Current, Verdict> {
        let held = self.log.current(address).await;
        held.map_err(|problem| match problem.code {
            // No wait cures it, and whatever it says was done would be done again without it.
            UNREADABLE => Verdict::Dead(problem),
            _ => Verdict::retry(delivery.delivered, problem),
        })
    }
}

impl<S: Removing> Driver<S> {
    /// Makes the target hold `document` no longer; `is_fixed` says of its record that the target does not delete it any
    /// more. `Err` is the verdict of everything but a good end.
    pub(crate) async fn withdraw(
        &self,
        delivery: &Delivery,
        document: &Document<'_, S::Key>,
        is_fixed: impl Fn(&Outcome) -> bool,
    ) -> Result<Fallen, Verdict> {
        let mut run = self.run(delivery, document, None, None).await?;
        let (record, wanted) = (run.held.record.clone(), document.wanted.clone());
        let (silence, is_fixed) = (self.silence(document, &record).await?, is_fixed(&run.held.entry));
        let mut step = effect::withdraw(record, wanted, self.policy, silence, is_fixed, now());
        loop {
            step = match run.go(step).await? {
                Left::Delete(deleting) => {
                    let removed = self.system.delete(deleting.number(), deleting.etag()).await;
                    deleting.answered(removed, now())
                }
                Left::Inspect(inspecting) => match self.system.inspect(inspecting.number()).await {
                    Ok(Some((etag, removable))) => inspecting.found(etag, removable, now()),
                    Ok(None) => inspecting.gone(),
                    Err(wait) => inspecting.failed(wait.map(|wait| now().after(wait)), now()),
                },
                Left::End(End::Done) => return Ok(Fallen::Done),
                Left::End(End::Stands(linked)) => return Ok(Fallen::Stands(linked)),
                Left::End(End::Dead(death)) => return Err(dead(document, &death)),
                Left::End(End::Superseded { by, by_seq }) => {
                    run.superseded(&by, by_seq).await?;
                    return Ok(Fallen::Done);
                }
                Left::End(End::Differs(_)) => return Err(run.astray()),
            };
        }
    }
}

impl<S: System> Run<'_, S> {
    /// Carries out the steps that all lives share.
    async fn go(&mut self, mut step: Step) -> Result<Left, Verdict> {
        loop {
            step = match step {
                Step::WriteIntent(writing) => {
                    // Whoever finds an intent takes it for sent; this process knows that nothing was, or has looked.
                    let may_hand_back = !matches!(self.held.record, Record::Intent(_) | Record::GivenUp(_));
                    self.permit = Some(self.driver.permit(may_hand_back).await?);
                    let intent = writing.intent(now());
                    if self.write(entry::intent(&intent), Record::Intent(intent.clone())).await {
                        writing.written(intent, now())
                    } else {
                        writing.lost()
                    }
                }
                Step::Send(sending) => {
                    let Some(request) = self.request else { return Err(self.astray()) };
                    self.driver.system.send(sending, self.permit.take(), request).await
                }
                Step::LookUp(looking) => self.look_up(looking).await,
                Step::Wait(waiting) => self.wait(waiting).await?,
                Step::Weigh(weighing) => {
                    let passed = self.driver.system.passed_since(weighing.since());
                    weighing.weighed(passed)
                }
                Step::PutOutcome(putting) => {
                    let outcome = putting.outcome();
                    if self.write(entry::outcome(outcome, now()), outcome.record()).await {
                        putting.written(now())
                    } else {
                        putting.lost()
                    }
                }
                Step::Reopen(reopening) => {
                    self.held = self.driver.read(self.delivery, &self.document.address).await?;
                    reopening.with(self.held.record.clone(), now())
                }
                Step::Delete(deleting) => return Ok(Left::Delete(deleting)),
                Step::Inspect(inspecting) => return Ok(Left::Inspect(inspecting)),
                Step::End(end) => return Ok(Left::End(end)),
            };
        }
    }

    /// Writes the next entry of the record; false when the record has moved, or may have.
    async fn write(&mut self, entry: Outcome, record: Record) -> bool {
        let entry = fill(entry, self.document, &self.held.entry);
        let entry = match self.request {
            Some(request) => S::told(request, entry),
            None => entry,
        };
        let marks = match record {
            // For whoever rebuilds the view: who is being created.
            Record::Intent(_) => self.document.marks.to_vec(),
            _ => marks(&entry, self.document.marks),
        };
        let entry = self.shown(entry);
        let address = &self.document.address;
        match self.driver.appender.append(address, &entry, &marks, self.held.sequence, &self.cause).await {
            Some(sequence) => {
                if !entry.number.is_empty() {
                    self.driver.system.logged(&self.document.key, &entry.number);
                }
                self.held = Current { record, sequence, entry };
                true
            }
            None => false,
        }
    }

    /// Lets time pass here, or hands the delivery back when it is long and nothing is forgotten by it.
    async fn wait(&self, waiting: Waiting) -> Result<Step, Verdict> {
        // Before a send this process knows that nothing was done; another life would have to find that out anew.
        let may = self.request.is_none() || is_worth_handing_back(waiting.why());
        self.driver.wait(waiting.until(), waiting.why(), may && waiting.why().may_hand_back()).await?;
        Ok(waiting.over(now()))
    }

    /// A step that this life cannot come to.
    fn astray(&self) -> Verdict {
        tracing::error!(address = %self.document.address, "a document reached a step that does not exist");
        let sentence = format!("the document of {} reached a step that does not exist", self.document.address);
        let problem = Problem::new(Code::ProgramError, sentence, "report it with the record's entries");
        Verdict::retry(self.delivery.delivered, problem)
    }
}
