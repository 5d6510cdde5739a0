//! Drives the life of one create: carries out each step that `effect` gives, until it ends or has to wait for long.

use std::time::Duration;

use bytes::Bytes;
use effect::{End, Linked, Pause, Step, Waiting, Wanted};
use http::Request;
use pipeline::broker::take::Delivery;
use pipeline::budget::Class;
use pipeline::envelope::Cause;
use pipeline::problem::Problem;
use pipeline::verdict::Verdict;
use proto::matching::NUMBER;
use proto::{Command, Outcome};

use crate::Writer;
use crate::lookups::Key;
use crate::records::{intent_entry, outcome_entry};
use crate::send::now;

/// A wait that is longer is handed back to the broker, where the record remembers as much as this process does.
const HOLD: Duration = Duration::from_secs(5);

/// One document to be created.
pub(crate) struct Document<'a> {
    /// Subject of its record.
    pub(crate) subject: String,
    /// What is asked for.
    pub(crate) wanted: Wanted,
    /// The request that creates it.
    pub(crate) request: Request<Bytes>,
    /// How it is found at Visma.
    pub(crate) key: Key,
    /// What its entries say besides.
    pub(crate) entry: Outcome,
    /// Headers of its outcomes by which views find it.
    pub(crate) marks: &'a [(&'static str, String)],
}

/// How a create ended, short of a verdict.
pub(crate) enum Ended {
    /// It stands, and the log says so.
    Done,
    /// It stands with another body.
    Differs(Linked, u64),
}

/// What a command asks of `effect`.
pub(crate) fn wanted(delivery: &Delivery, command: &Command, body_hash: String) -> Wanted {
    let (source_seq, command_seq) = (command.change_sequence, delivery.sequence);
    Wanted { command: command.id.clone(), command_seq, body_hash, source_seq }
}

impl Writer {
    /// Makes Visma hold `document`. `Err` is the verdict of everything but a good end.
    pub(crate) async fn create(&self, delivery: &Delivery, document: &Document<'_>) -> Result<Ended, Verdict> {
        let cause = Cause::of(&delivery.headers);
        let retry = |problem: Problem| Verdict::retry(delivery.delivered, problem.to_string());
        let subject = document.subject.as_str();
        let held = self.records.read(subject).await.map_err(retry)?;
        let mut sequence = held.sequence;
        let mut step = effect::open(held.record, document.wanted.clone(), self.policy, now());
        loop {
            step = match step {
                Step::WriteIntent(writing) => {
                    self.wait_for_visma().await?;
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
                Step::Send(sending) => self.send(sending, &document.request).await,
                Step::LookUp(looking) => {
                    let since = looking.intent().written_at;
                    match self.lookups.find(document.key.clone(), since).await {
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
                            putting.written(now())
                        }
                        None => putting.lost(),
                    }
                }
                Step::Reopen(reopening) => {
                    let held = self.records.read(subject).await.map_err(retry)?;
                    sequence = held.sequence;
                    reopening.with(held.record, now())
                }
                Step::End(End::Done) => return Ok(Ended::Done),
                Step::End(End::Differs(linked)) => return Ok(Ended::Differs(linked, sequence)),
                Step::End(End::Dead(death)) => {
                    let remedy = "see the runbook page of the code; then replay the dead letter";
                    let sentence = named(&document.entry, &death.sentence());
                    return Err(Verdict::Dead(Problem::new(death.code().to_owned(), sentence, remedy)));
                }
            };
        }
    }

    /// Waits until a call can be made: an intent that is written while the budget is spent is one more doubt after a
    /// crash.
    async fn wait_for_visma(&self) -> Result<(), Verdict> {
        while let Err(wait) = self.vendor.ready(Class::Document).await {
            if wait > HOLD {
                return Err(Verdict::RetryAfter(wait, "Visma takes no calls".to_owned()));
            }
            self.pass(wait).await?;
        }
        Ok(())
    }

    /// Lets time pass here, unless the service is told to stop.
    async fn pass(&self, time: Duration) -> Result<(), Verdict> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = self.context.stop.cancelled() => Err(Verdict::RetryAfter(Duration::ZERO, "stopping".to_owned())),
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
pub(crate) fn named(entry: &Outcome, sentence: &str) -> String {
    match entry.external_reference.as_str() {
        "" => sentence.to_owned(),
        reference => format!("invoice {reference} of {} {}: {sentence}", entry.predicted_total, entry.currency),
    }
}

/// The headers by which views, and people with the `nats` tool, find a document that stands: its marks and its number.
/// A view that is rebuilt after a restart knows nothing else of a customer that no poll has read yet.
fn marks(entry: &Outcome, document: &Document<'_>) -> Vec<(&'static str, String)> {
    if entry.number.is_empty() {
        return Vec::new();
    }
    document.marks.iter().cloned().chain([(NUMBER, entry.number.clone())]).collect()
}

/// Adds to an entry what the document says of itself.
fn fill(entry: Outcome, document: &Document<'_>) -> Outcome {
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
