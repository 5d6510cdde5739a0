//! The ends of a life at which nothing stands that it wanted: left to a newer command, or a person's.

use problem::{Code, Problem, then_again};
use record::Verdict;

use super::{Document, Run, System};
use crate::entries::named;

impl<S: System> Run<'_, S> {
    /// Looks whether the newer command stands in the log: its delivery, or its dead letter, is the end of this one.
    /// Where a restored log has lost it, nobody else would settle the record.
    pub(super) async fn superseded(&self, by: &str, by_seq: u64) -> Result<(), Verdict> {
        let (delivery, document) = (self.delivery, self.document);
        let newest = self.driver.log.last(&delivery.address).await;
        let newest = newest.map_err(|problem| Verdict::retry(delivery.delivered, problem))?;
        // That command, or one after it: whichever comes last settles what the record says.
        if newest.is_some_and(|newest| newest.sequence > delivery.sequence && newest.sequence >= by_seq) {
            tracing::info!(address = %document.address, by, "left to a newer command of the same record");
            return Ok(());
        }
        let sentence = format!("a newer command, {by}, may have sent it, and is not to be found in the log");
        let sentence = named(document.what, &document.entry, &sentence);
        let remedy = then_again("look whether the document stands in the target system");
        Err(Verdict::Dead(Problem::new(Code::SupersededInDoubt, sentence, remedy)))
    }
}

/// A death as a dead letter.
pub(super) fn dead<K>(document: &Document<'_, K>, death: &effect::Death) -> Verdict {
    let remedy = then_again("do what the sentence and the runbook page of the code say");
    let sentence = named(document.what, &document.entry, &death.sentence());
    Verdict::Dead(Problem::new(death.code().to_owned(), sentence, remedy))
}
