//! A command that is left to a newer one of the same record.

use pipeline::problem::{Problem, then_again};
use record::Verdict;

use super::{Run, System};
use crate::entries::named;

impl<S: System> Run<'_, S> {
    /// Looks whether the newer command stands in the log: its delivery, or its dead letter, is the end of this one.
    /// Where a restored log has lost it, nobody else would settle the record.
    pub(super) async fn superseded(&self, by: &str, by_seq: u64) -> Result<(), Verdict> {
        let (delivery, document) = (self.delivery, self.document);
        let newest = self.driver.log.last(&delivery.address).await;
        let newest = newest.map_err(|problem| Verdict::retry(delivery.delivered, problem.to_string()))?;
        // That command, or one after it: whichever comes last settles what the record says.
        if newest.is_some_and(|newest| newest.sequence > delivery.sequence && newest.sequence >= by_seq) {
            tracing::info!(address = %document.address, by, "left to a newer command of the same record");
            return Ok(());
        }
        let sentence = format!("a newer command, {by}, may have sent it, and is not to be found in the log");
        let sentence = named(document.what, &document.entry, &sentence);
        let remedy = then_again("look whether the document stands in the target system");
        Err(Verdict::Dead(Problem::new("SUPERSEDED_IN_DOUBT", sentence, remedy)))
    }
}
