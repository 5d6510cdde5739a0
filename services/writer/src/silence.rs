//! What a record says nothing of: how far that is a proof, and what is asked where it is none.

use effect::{LookingUp, Record, Silence, Step};
use record::Verdict;

use crate::create::{Document, Driver, Run, System};
use crate::now;

impl<S: System> Driver<S> {
    /// Says what the silence of `record` proves, or the verdict of waiting until that is known.
    pub(crate) async fn silence(&self, document: &Document<'_, S::Key>, record: &Record) -> Result<Silence, Verdict> {
        if matches!(record, Record::Linked(_)) {
            return Ok(Silence::Proves);
        }
        self.system
            .silence(&document.key)
            .await
            .map_err(|wait| Verdict::RetryAfter(wait, "it is not known yet whether the log was set back".to_owned()))
    }
}

impl<S: System> Run<'_, S> {
    /// Asks the target which documents stand, or what was read of it already.
    pub(crate) async fn look_up(&self, looking: LookingUp) -> Step {
        let (system, key) = (&self.driver.system, &self.document.key);
        if let Some((numbers, began)) = looking.is_unheard().then(|| system.held(key)).flatten() {
            return looking.listed(numbers, began, now());
        }
        let since = looking.intent().written_at;
        match system.find(key, since).await {
            Ok(numbers) => looking.found(numbers, now()),
            Err(wait) => looking.failed(wait.map(|wait| now().after(wait)), now()),
        }
    }
}
