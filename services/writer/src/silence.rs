//! Silence of a record about a document: how far it is a proof, and what is asked where it is none.

use effect::{LookingUp, Record, Silence, Step};
use proto::Outcome;
use record::envelope::{self, header};
use record::take::Delivery;
use record::{Current, Verdict};

use crate::create::{Document, Driver, Run, System};
use crate::now;

/// The record of a document whose first command this is, at its first delivery: nothing is read and nothing is taken to
/// stand there. Where that is wrong the intent loses against the entry that does, and the record is read then.
pub(crate) fn unread(delivery: &Delivery) -> Option<Current> {
    let is_first = delivery.delivered == 1 && header(&delivery.headers, envelope::FIRST) == Some("true");
    is_first.then(Current::nothing)
}

impl<S: System> Driver<S> {
    /// Says what the silence of `record` proves, or the verdict of waiting until that is known.
    pub(crate) async fn silence(&self, document: &Document<'_, S::Key>, record: &Record) -> Result<Silence, Verdict> {
        if matches!(record, Record::Linked(_)) {
            return Ok(Silence::Proves);
        }
        self.system
            .silence(&document.key, document.placed)
            .await
            .map_err(|wait| Verdict::RetryAfter(wait, "it is not known yet whether the log was set back".to_owned()))
    }
}

impl<S: System> Run<'_, S> {
    /// Adds to the entry of a document that no poll has shown yet what the look-up that found it has.
    pub(crate) fn shown(&self, entry: Outcome) -> Outcome {
        if entry.number.is_empty() || !entry.status.is_empty() {
            return entry;
        }
        match self.driver.system.shown(&self.document.key) {
            Some((status, balance)) => Outcome { status, balance, ..entry },
            None => entry,
        }
    }

    /// Asks the target which documents stand, or what was read of it already.
    pub(crate) async fn look_up(&self, looking: LookingUp) -> Step {
        let (system, key, placed) = (&self.driver.system, &self.document.key, self.document.placed);
        if let Some((numbers, began)) = looking.is_unheard().then(|| system.held(key, placed)).flatten() {
            return looking.listed(numbers, began, now());
        }
        let since = looking.intent().written_at;
        match system.find(key, since).await {
            Ok(numbers) => looking.found(numbers, now()),
            Err(wait) => looking.failed(wait.map(|wait| now().after(wait)), now()),
        }
    }
}
