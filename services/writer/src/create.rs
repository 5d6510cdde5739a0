//! Drives the life of one create: carries out each step that `effect` gives, until it ends or has to wait for long.
//! What differs between targets is behind [`System`].

use std::time::Duration;

use bytes::Bytes;
use effect::{End, Linked, Millis, Pause, Policy, Record, Sending, Step, Waiting, Wanted};
use http::Request;
use pipeline::broker::take::Delivery;
use pipeline::budget::Permit;
use pipeline::envelope::Cause;
use pipeline::problem::Problem;
use pipeline::verdict::Verdict;
use proto::matching::NUMBER;
use proto::{Command, Outcome};
use tokio_util::sync::CancellationToken;

use crate::now;
use crate::records::{Held, Records, intent_entry, outcome_entry};

/// A wait that is longer is handed back to the broker, where the record remembers as much as this process does.
const HOLD: Duration = Duration::from_secs(5);

/// The numbers that a look-up found, or when to ask again.
pub(crate) type Looked = Result<Vec<String>, Option<Duration>>;

/// A target system, as far as the driver needs it.
pub(crate) trait System: Sync {
    /// How a document is found there.
    type Key: Send + Sync;

    /// Reserves a call; else how long to wait.
    fn permit(&self) -> impl Future<Output = Result<Permit, Duration>> + Send;

    /// Sends the create of `sending`, in time or not at all. `permit` was reserved before the intent was written; there
    /// is none when an answer has kept it from being carried out since.
    fn send(
        &self,
        sending: Sending,
        permit: Option<Permit>,
        request: &Request<Bytes>,
    ) -> impl Future<Output = Step> + Send;

    /// The numbers of all documents under `key`; `since` is when the intent in doubt was written.
    fn find(&self, key: &Self::Key, since: Millis) -> impl Future<Output = Looked> + Send;
}

/// One document to be created.
pub(crate) struct Document<'a, K> {
    /// Subject of its record.
    pub(crate) subject: String,
    /// What it is to an accountant: `invoice`, `credit note`, ….
    pub(crate) what: &'static str,
    /// What is asked for.
    pub(crate) wanted: Wanted,
    /// The request that creates it.
    pub(crate) request: Request<Bytes>,
    /// How it is found at the target.
    pub(crate) key: K,
    /// What its entries say besides.
    pub(crate) entry: Outcome,
    /// Headers of its outcomes by which views find it.
    pub(crate) marks: &'a [(&'static str, String)],
}

/// How a create ended, short of a verdict.
pub(crate) enum Ended {
    /// Settled, and the log says so: this is the record now.
    Done(Record),
    /// It stands with another body; the sequence is that of the record's last entry.
    Differs(Linked, u64),
}

/// Drives lives against one system.
pub(crate) struct Driver<S> {
    /// The log of what was done.
    pub(crate) records: Records,
    /// How patient it is.
    pub(crate) policy: Policy,
    /// Ends every wait.
    pub(crate) stop: CancellationToken,
    /// The target.
    pub(crate) system: S,
}

/// What a command asks of `effect`.
pub(crate) fn wanted(delivery: &Delivery, command: &Command, body_hash: String) -> Wanted {
    let (source_seq, command_seq) = (command.change_sequence, delivery.sequence);
    Wanted { command: command.id.clone(), command_seq, body_hash, source_seq }
}

impl<S: System> Driver<S> {
    /// Makes the target hold `document`; `held` is its record where it was just read. `Err` is the verdict of
    /// everything but a good end.
    pub(crate) async fn create(
        &self,
        delivery: &Delivery,
        document: &Document<'_, S::Key>,
        held: Option<Held>,
    ) -> Result<Ended, Verdict> {
        let cause = Cause::of(&delivery.headers);
        let retry = |problem: Problem| Verdict::retry(delivery.delivered, problem.to_string());
        let subject = document.subject.as_str();
        let Held { mut record, mut sequence } = match held {
            Some(held) => held,
            None => self.records.read(subject).await.map_err(retry)?,
        };
        let mut permit = None;
        let mut step = effect::open(record.clone(), document.wanted.clone(), self.policy, now());
        loop {
            step = match step {
                Step::WriteIntent(writing) => {
                    permit = Some(self.permit().await?);
                    let intent = writing.intent(now());
                    let entry = fill(intent_entry(&intent), document);
                    match self.records.write(subject, &entry, document.marks, sequence, &cause).await {
                        Some(written) => {
                            sequence = written;
                            writing.written(intent, now())
                        }
                        None => writing.lost(),
                    }
                }
                Step::Send(sending) => self.system.send(sending, permit.take(), &document.request).await,
                Step::LookUp(looking) => {
                    let since = looking.intent().written_at;
                    match self.system.find(&document.key, since).await {
                        Ok(numbers) => looking.found(numbers, now()),
                        Err(wait) => looking.failed(wait.map(|wait| now().after(wait)), now()),
                    }
                }
                Step::Wait(waiting) => self.wait(waiting).await?,
                Step::PutOutcome(putting) => {
                    let entry = fill(outcome_entry(putting.outcome(), now()), document);
                    match self.records.write(subject, &entry, &marks(&entry, document), sequence, &cause).await {
                        Some(written) => {
                            sequence = written;
                            record = putting.outcome().record();
                            putting.written(now())
                        }
                        None => putting.lost(),
                    }
                }
                Step::Reopen(reopening) => {
                    let held = self.records.read(subject).await.map_err(retry)?;
                    (record, sequence) = (held.record, held.sequence);
                    reopening.with(record.clone(), now())
                }
                Step::End(End::Done) => return Ok(Ended::Done(record)),
                Step::End(End::Differs(linked)) => return Ok(Ended::Differs(linked, sequence)),
                Step::End(End::Dead(death)) => {
                    let remedy = "see the runbook page of the code; then replay the dead letter";
                    let sentence = named(document.what, &document.entry, &death.sentence());
                    return Err(Verdict::Dead(Problem::new(death.code().to_owned(), sentence, remedy)));
                }
            };
        }
    }

    /// Waits until a call is reserved: an intent that is written while the budget is spent is one more doubt after a
    /// crash, and one that nobody can send under in time.
    async fn permit(&self) -> Result<Permit, Verdict> {
        loop {
            match self.system.permit().await {
                Ok(permit) => return Ok(permit),
                Err(wait) if wait > HOLD => {
                    return Err(Verdict::RetryAfter(wait, "the target takes no calls".to_owned()));
                }
                Err(wait) => self.pass(wait).await?,
            }
        }
    }

    /// Lets time pass here, unless the service is told to stop.
    async fn pass(&self, time: Duration) -> Result<(), Verdict> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = self.stop.cancelled() => Err(Verdict::RetryAfter(Duration::ZERO, "stopping".to_owned())),
        }
    }

    /// Lets time pass here, or hands the delivery back when it is long and nothing is forgotten by it.
    async fn wait(&self, waiting: Waiting) -> Result<Step, Verdict> {
        let left = Duration::from_millis(waiting.until().0.saturating_sub(now().0));
        let why = format!("{:?}", waiting.why());
        // Before a send this process knows that nothing was done; another life would have to find that out anew.
        if left > HOLD && is_worth_handing_back(waiting.why()) {
            return Err(Verdict::RetryAfter(left, why));
        }
        self.pass(left).await?;
        Ok(waiting.over(now()))
    }
}

/// Whether the next life, which finds an intent, is no worse off than this process is. `effect` allows more
/// (`Pause::may_hand_back`); what it allows beyond this costs look-ups.
fn is_worth_handing_back(pause: Pause) -> bool {
    match pause {
        Pause::Doubt | Pause::LookFailed => true,
        Pause::Busy | Pause::Away | Pause::Unauthorised | Pause::BetweenLooks => false,
    }
}

/// A sentence that says which document it is about, by what an accountant knows it by. A customer has no such name that
/// may stand in clear.
pub(crate) fn named(what: &str, entry: &Outcome, sentence: &str) -> String {
    match entry.external_reference.as_str() {
        "" => sentence.to_owned(),
        reference => format!("{what} {reference} of {} {}: {sentence}", entry.predicted_total, entry.currency),
    }
}

/// The headers by which views, and people with the `nats` tool, find a document that stands: its marks and its number.
/// A view that is rebuilt after a restart knows nothing else of a customer that no poll has read yet.
fn marks<K>(entry: &Outcome, document: &Document<'_, K>) -> Vec<(&'static str, String)> {
    if entry.number.is_empty() {
        return Vec::new();
    }
    document.marks.iter().cloned().chain([(NUMBER, entry.number.clone())]).collect()
}

/// Adds to an entry what the document says of itself.
fn fill<K>(entry: Outcome, document: &Document<'_, K>) -> Outcome {
    let known = &document.entry;
    // An adopted document may come from an older command, whose version is not known here.
    let ours = entry.command_id == document.wanted.command;
    Outcome {
        change_version: if ours { known.change_version.clone() } else { String::new() },
        external_reference: known.external_reference.clone(),
        currency: known.currency.clone(),
        predicted_total: known.predicted_total.clone(),
        ..entry
    }
}
