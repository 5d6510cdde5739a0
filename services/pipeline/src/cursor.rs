//! How far a poll has read: one small JSON value for each poll, written after the changes are on disk, never before.

use async_nats::jetstream::kv::{self, CreateErrorKind};
use problem::{Code, Problem, chain};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::broker::token::key_token;
use crate::broker::{Broker, buckets};

/// The cursor of one poll.
#[derive(Debug, Clone)]
pub struct Cursor {
    broker: Broker,
    bucket: kv::Store,
    key: String,
}

impl Cursor {
    /// The cursor called `name` (`commerce.order`) of the broker's connection.
    ///
    /// # Errors
    /// `BROKER_NOT_PROVISIONED` when the bucket is not there.
    pub async fn open(broker: &Broker, connection: &str, name: &str) -> Result<Self, Problem> {
        let key = format!("{}.{name}", key_token(connection));
        Ok(Self { broker: broker.clone(), bucket: broker.bucket(buckets::CURSORS).await?, key })
    }

    /// Returns the value that was last written, or `None` before the first time.
    ///
    /// # Errors
    /// When the broker does not answer, or the value is of another kind.
    pub async fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, Problem> {
        let entry = self.bucket.get(self.key.as_str()).await.map_err(|e| self.failed("read", &chain(&e)))?;
        let parse = |bytes: bytes::Bytes| serde_json::from_slice(&bytes).map_err(|e| self.failed("read", &chain(&e)));
        entry.map(parse).transpose()
    }

    /// Moves the cursor.
    ///
    /// # Errors
    /// When the broker does not confirm it; the poll then reads the same again.
    pub async fn write<T: Serialize>(&self, value: &T) -> Result<(), Problem> {
        let bytes = serde_json::to_vec(value).map_err(|e| self.failed("written", &chain(&e)))?;
        // Of streams that were set back it would be ahead.
        let held = self.broker.continuity().hold(&self.broker.jetstream);
        let wait = self.broker.settings().publish_timeout.0;
        tokio::time::timeout(wait, held).await.map_err(|_| self.failed("written", "the broker is away"))?;
        self.bucket.put(self.key.as_str(), bytes.into()).await.map_err(|e| self.failed("written", &chain(&e)))?;
        Ok(())
    }

    /// Writes `value` where nothing stands yet, and returns what stands there then.
    ///
    /// # Errors
    /// As [`Cursor::read`] and [`Cursor::write`].
    pub async fn keep<T: Serialize + DeserializeOwned>(&self, value: T) -> Result<T, Problem> {
        let bytes = serde_json::to_vec(&value).map_err(|e| self.failed("written", &chain(&e)))?;
        match self.bucket.create(self.key.as_str(), bytes.into()).await {
            Ok(_) => Ok(value),
            Err(e) if e.kind() == CreateErrorKind::AlreadyExists => Ok(self.read().await?.unwrap_or(value)),
            Err(e) => Err(self.failed("written", &chain(&e))),
        }
    }

    /// Removes what was written, as if nothing ever was.
    ///
    /// # Errors
    /// When the broker does not confirm it.
    pub async fn forget(&self) -> Result<(), Problem> {
        self.bucket.delete(self.key.as_str()).await.map_err(|e| self.failed("removed", &chain(&e)))
    }

    fn failed(&self, what: &str, cause: &str) -> Problem {
        let remedy = "look at the broker; the poll reads on from where the cursor stands";
        Problem::new(Code::CursorFailed, format!("the cursor {} could not be {what}: {cause}", self.key), remedy)
    }
}
