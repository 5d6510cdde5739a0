//! A poll's entry in the bucket, read and replaced as one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::kv;
use jiff::Timestamp;
use problem::{Code, Problem, chain};
use serde::{Deserialize, Serialize};

use crate::broker::publish::confirmed::Confirmed;
use crate::broker::{PutError, Stored};

/// State of a poll: the replica that runs it, and the result of its last run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The replica that runs it just now.
    pub holder: Option<String>,
    /// How long the holder may be silent before another takes over, where the disk is slow; zero is as set.
    pub silence: Duration,
    /// When the last run that read everything began.
    pub began: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// New versions that it recorded.
    pub found: u64,
    /// Problem that kept a later run from ending, if there was one.
    pub trouble: Option<Trouble>,
    /// The last request for a run that a run has followed.
    pub answered: Option<String>,
}

/// The holder of a lease in an entry that this version cannot read.
const UNKNOWN: &str = "another version";

impl State {
    /// An entry as it stands in the bucket. One that cannot be read may be the lease of another version's replica: the
    /// poll is taken over, as from any other holder, when the entry does not move any longer.
    fn read(key: &str, bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_else(|e| {
            tracing::warn!(poll = key, error = %e, "the poll's entry cannot be read; it is taken over when it rests");
            let sentence = format!("the entry of its last run cannot be read: {e}");
            let trouble = Trouble { sentence, person: false, spent: false, since: None };
            Self { holder: Some(UNKNOWN.to_owned()), trouble: Some(trouble), ..Self::default() }
        })
    }
}

/// Problem that kept a run from ending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Sentence that says what it was.
    pub sentence: String,
    /// A person must act.
    pub person: bool,
    /// The vendor's budget was spent, which passes by itself.
    #[serde(default)]
    pub spent: bool,
    /// When the first run failed since one has ended.
    #[serde(default)]
    pub since: Option<Timestamp>,
}

/// Where a poll's entry stands.
#[derive(Debug)]
pub(super) struct Slot {
    bucket: kv::Store,
    key: String,
    /// State of the bucket's confirmations: a poll that cannot write its entry does not run.
    confirmed: Option<Arc<Mutex<Confirmed>>>,
}

impl Slot {
    pub(super) fn new(bucket: kv::Store, key: String) -> Self {
        Self { bucket, key, confirmed: None }
    }

    /// The same entry, whose writes are noted in `confirmed`.
    pub(super) fn noted(self, confirmed: Arc<Mutex<Confirmed>>) -> Self {
        Self { confirmed: Some(confirmed), ..self }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The entry and its revision; the revision is 0 when there is none yet.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub(super) async fn read(&self) -> Result<(State, u64), Problem> {
        match self.bucket.entry(self.key.as_str()).await {
            Ok(Some(entry)) => Ok((State::read(&self.key, &entry.value), entry.revision)),
            Ok(None) => Ok((State::default(), 0)),
            Err(e) => {
                let sentence = format!("the state of the poll {} could not be read: {}", self.key, chain(&e));
                Err(Problem::new(Code::BrokerAway, sentence, "look at the broker; the poll goes on when it answers"))
            }
        }
    }

    /// Replaces the entry if nobody else has since `revision`; says whether that is known to have happened.
    pub(super) async fn write(&self, state: &State, revision: u64) -> bool {
        let Ok(bytes) = serde_json::to_vec(state) else { return false };
        let written = match self.bucket.update(self.key.as_str(), bytes.into(), revision).await {
            Ok(sequence) => Ok(Stored { sequence, duplicate: false }),
            Err(e) if e.kind() == kv::UpdateErrorKind::WrongLastRevision => Err(PutError::WrongLast),
            Err(e) => Err(PutError::Unconfirmed(chain(&e))),
        };
        if let Some(confirmed) = &self.confirmed {
            confirmed.lock().unwrap_or_else(PoisonError::into_inner).note(&written);
        }
        written.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_cannot_be_read_is_somebodys_lease() {
        let kept = State { holder: Some("a".to_owned()), found: 3, ..State::default() };
        assert_eq!(State::read("k", &serde_json::to_vec(&kept).expect("an entry")), kept);
        let strange = State::read("k", br#"{"holder":7}"#);
        assert_eq!(strange.holder.as_deref(), Some(UNKNOWN));
        assert!(strange.trouble.is_some_and(|trouble| trouble.sentence.contains("cannot be read")));
    }
}
