//! Asking for a poll before it is due: a request stands in the bucket beside the poll's entry until a run has followed.
//!
//! So it is not lost when no replica runs just now, and whoever asked sees from the poll's entry what the run found.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use problem::{Code, Problem, chain};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::entry::{Slot, State};
use crate::broker::follow::{Follow, follow};
use crate::broker::token::key_token;
use crate::broker::{Broker, buckets, names};

/// Names of the bucket's stream and subjects.
const STREAM: &str = "KV_ML_POLLS";
const PREFIX: &str = "$KV.ML_POLLS.";
const SUFFIX: &str = ".asked";

/// The latest request for each poll of one system, as the broker tells of them.
#[derive(Debug, Clone)]
pub(super) struct Asks(watch::Receiver<Arc<BTreeMap<String, String>>>);

impl Asks {
    pub(super) fn follow(broker: &Broker, connection: &str, system: &str, stop: &CancellationToken) -> Self {
        let (latest, watch) = watch::channel(Arc::default());
        let filter = format!("{PREFIX}{connection}.{system}.*{SUFFIX}");
        let view = Follow { stream: STREAM, filter, headers_only: false };
        follow(broker, view, stop.clone(), move |entry| {
            let key = entry.subject.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
            if let (Some(key), Ok(id)) = (key, std::str::from_utf8(entry.body)) {
                let insert = |asks: &mut Arc<BTreeMap<String, String>>| {
                    Arc::make_mut(asks).insert(key.to_owned(), id.to_owned());
                };
                latest.send_modify(insert);
            }
        });
        Self(watch)
    }

    /// The id of the latest request for the poll at `key`.
    pub(super) fn latest(&self, key: &str) -> Option<String> {
        self.0.borrow().get(key).filter(|id| !id.is_empty()).cloned()
    }

    /// Returns when another request has come.
    pub(super) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await // The service is stopping.
        }
    }
}

/// Looks at polls and asks for them, from outside the services that run them.
#[derive(Debug)]
pub struct Desk {
    bucket: async_nats::jetstream::kv::Store,
    connection: String,
}

impl Desk {
    /// The polls of a connection.
    ///
    /// # Errors
    /// `BROKER_NOT_PROVISIONED` when the bucket is not there.
    pub async fn open(broker: &Broker, connection: &str) -> Result<Self, Problem> {
        Ok(Self { bucket: broker.bucket(buckets::POLLS).await?, connection: key_token(connection) })
    }

    /// Every poll that a service has begun at least once, by its name, such as `commerce.order`.
    ///
    /// # Errors
    /// `BROKER_AWAY` when the broker does not answer.
    pub async fn polls(&self) -> Result<BTreeMap<String, State>, Problem> {
        let keys = names(&self.bucket).await.map_err(|e| away(e.as_ref()))?;
        let prefix = format!("{}.", self.connection);
        let names = keys.iter().filter_map(|key| key.strip_prefix(&prefix)).filter(|name| !name.ends_with(SUFFIX));
        let mut polls = BTreeMap::new();
        for name in names {
            polls.insert(name.to_owned(), self.state(name).await?);
        }
        Ok(polls)
    }

    /// Asks for a run of the poll `name` now; returns the request's id.
    ///
    /// # Errors
    /// `BROKER_AWAY` when the broker does not confirm it.
    pub async fn ask(&self, name: &str) -> Result<String, Problem> {
        let id = uuid::Uuid::now_v7().to_string();
        let key = format!("{}.{name}{SUFFIX}", self.connection);
        self.bucket.put(key, id.clone().into()).await.map_err(|e| away(&e))?;
        Ok(id)
    }

    /// Returns the entry of the poll `name` once a run has followed the request `id`; `None` when none has in time.
    ///
    /// # Errors
    /// `BROKER_AWAY` when the broker does not answer.
    pub async fn answer(&self, name: &str, id: &str, patience: Duration) -> Result<Option<State>, Problem> {
        let until = Instant::now() + patience;
        loop {
            let state = self.state(name).await?;
            if state.answered.as_deref() == Some(id) {
                return Ok(Some(state));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn state(&self, name: &str) -> Result<State, Problem> {
        let slot = Slot::new(self.bucket.clone(), format!("{}.{name}", self.connection));
        Ok(slot.read().await?.0)
    }
}

fn away(error: &dyn std::error::Error) -> Problem {
    let sentence = format!("the polls could not be asked for: {}", chain(error));
    Problem::new(
        Code::BrokerAway,
        sentence,
        "look at the broker, and that this user may write $KV.ML_POLLS.*.*.*.asked",
    )
}
