//! JetStream as the house uses it: connect, publish, follow, look at the last entry of a subject.

pub mod answer;
pub mod buckets;
pub mod connect;
pub mod continuity;
pub mod follow;
pub mod last;
pub mod publish;
pub(crate) mod time;
pub mod token;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::jetstream::context::{KeyValueError, KeyValueErrorKind};
use async_nats::jetstream::{self, kv};
use futures::TryStreamExt as _;
use tokio_util::sync::CancellationToken;

pub use connect::{Settings, connect};
pub use publish::{Publisher, Put, PutError, Stored};

use continuity::Continuity;
use problem::{Code, Problem, chain};

use crate::health::Health;

/// A connection to the broker, as one connection of the house uses it.
#[derive(Clone)]
pub struct Broker {
    /// The JetStream context; its time-out covers a slow disk.
    pub jetstream: jetstream::Context,
    settings: Arc<Settings>,
    publishers: Arc<Publishers>,
    health: Health,
    stop: CancellationToken,
    continuity: Continuity,
}

/// The publishers of a connection to the broker, which all share that use it.
struct Publishers {
    by_stream: Mutex<HashMap<&'static str, Publisher>>,
    /// Health of the process: a message that a stream does not confirm, it confirms to nobody.
    health: Health,
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").finish_non_exhaustive()
    }
}

impl Broker {
    /// The broker behind a connection that is there already.
    pub fn new(jetstream: jetstream::Context, settings: Settings, health: Health) -> Self {
        let publishers = Arc::new(Publishers { by_stream: Mutex::default(), health: health.clone() });
        let (settings, continuity) = (Arc::new(settings), Continuity::default());
        Self { jetstream, settings, publishers, health, stop: CancellationToken::new(), continuity }
    }

    /// The same broker for a process that ends with `stop`: it is waited for no longer than that, and the process
    /// begins anew when the broker is set back.
    pub(crate) fn until(self, stop: CancellationToken) -> Self {
        self.continuity.watch(&self.jetstream, stop.clone());
        Self { stop, ..self }
    }

    /// The same broker for one connection's work, with settings and a health of its own.
    pub(crate) fn for_work(&self, settings: &Settings, health: &Health, stop: &CancellationToken) -> Self {
        let (settings, health, stop) = (Arc::new(settings.clone()), health.clone(), stop.clone());
        Self { settings, health, stop, ..self.clone() }
    }

    /// The settings this broker was connected with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the record of what was seen of the streams.
    pub fn continuity(&self) -> &Continuity {
        &self.continuity
    }

    /// The health of the work that it is used for.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The publisher of a stream; all users of a process share it, so that they share its batches.
    pub fn publisher(&self, stream: &'static str) -> Publisher {
        let mut publishers = self.publishers.by_stream.lock().unwrap_or_else(PoisonError::into_inner);
        publishers
            .entry(stream)
            .or_insert_with(|| {
                let (seen, health) = (self.continuity.clone(), self.publishers.health.clone());
                Publisher::start(self.jetstream.clone(), stream, self.settings.batch_from, health, seen)
            })
            .clone()
    }

    /// Opens a bucket that `provision` made.
    ///
    /// # Errors
    /// `BROKER_NOT_PROVISIONED` when the broker says that it is not there, `BROKER_AWAY` when it says nothing for too
    /// long.
    pub async fn bucket(&self, name: &str) -> Result<kv::Store, Problem> {
        let what = format!("the bucket {name}");
        let is_answer = |e: &KeyValueError| answer::says_missing(e) || e.kind() == KeyValueErrorKind::InvalidStoreName;
        let answer = self.until_answered(&what, || self.jetstream.get_key_value(name), is_answer).await?;
        answer.map_err(|e| not_provisioned(&what, &chain(&e)))
    }
}

/// The keys of a bucket's entries, also of those that were deleted and left a mark. It takes no consumer, as what the
/// client calls keys does.
///
/// # Errors
/// When the broker does not answer.
pub(crate) async fn names(bucket: &kv::Store) -> Result<Vec<String>, async_nats::Error> {
    let subjects = bucket.stream.info_with_subjects(format!("{}>", bucket.prefix)).await?;
    let subjects: Vec<(String, usize)> = subjects.try_collect().await?;
    Ok(subjects.iter().filter_map(|(subject, _)| Some(subject.strip_prefix(&bucket.prefix)?.to_owned())).collect())
}

/// Returns the problem that something is not there, though `provision` makes it.
pub fn not_provisioned(what: &str, cause: &str) -> Problem {
    let sentence = format!("{what} could not be opened: {cause}");
    Problem::new(Code::BrokerNotProvisioned, sentence, "run `ml-connector provision` against this broker")
}
