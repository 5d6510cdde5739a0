//! The last entry of a subject: for a change the version last read, for an outcome the cross-reference.

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{DirectGetErrorKind, Stream};
use bytes::Bytes;
use problem::{Code, Problem, chain};

use super::not_provisioned;

/// A stored message, as a direct get returns it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its sequence in the stream: what `Nats-Expected-Last-Subject-Sequence` is held against.
    pub sequence: u64,
    /// When the broker stored it, milliseconds since the epoch.
    pub stored_at: u64,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub payload: Bytes,
}

/// Reads last entries of one stream's subjects.
#[derive(Clone, Debug)]
pub struct Last {
    stream: Stream<()>,
}

impl Last {
    /// A reader of `stream`. Nothing is asked of the broker yet.
    ///
    /// # Errors
    /// `BROKER_NOT_PROVISIONED` when the name is not a stream's.
    pub async fn of(context: &Context, stream: &str) -> Result<Self, Problem> {
        let stream = context.get_stream_no_info(stream).await.map_err(|e| {
            let what = format!("the stream {stream}");
            not_provisioned(&what, &chain(&e))
        })?;
        Ok(Self { stream })
    }

    /// The entry with this sequence, or `None` when there is none.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn at(&self, sequence: u64) -> Result<Option<Entry>, Problem> {
        Ok(self.named(sequence).await?.map(|(_, entry)| entry))
    }

    /// The entry with this sequence and its subject, or `None` when there is none.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn named(&self, sequence: u64) -> Result<Option<(String, Entry)>, Problem> {
        match self.stream.direct_get(sequence).await {
            Ok(message) => Ok(Some((message.subject.to_string(), entry(message)))),
            Err(e) if e.kind() == DirectGetErrorKind::NotFound => Ok(None),
            Err(e) => Err(away(&format!("the entry {sequence}"), &chain(&e))),
        }
    }

    /// The last entry of `subject`, or `None` when it has none.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn get(&self, subject: &str) -> Result<Option<Entry>, Problem> {
        match self.stream.direct_get_last_for_subject(subject.to_owned()).await {
            Ok(message) => Ok(Some(entry(message))),
            Err(e) if e.kind() == DirectGetErrorKind::NotFound => Ok(None),
            Err(e) => Err(away(&format!("the last entry of {subject}"), &chain(&e))),
        }
    }
}

fn entry(message: StreamMessage) -> Entry {
    Entry {
        sequence: message.sequence,
        stored_at: u64::try_from(message.time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0),
        headers: message.headers,
        payload: message.payload,
    }
}

fn away(what: &str, cause: &str) -> Problem {
    let sentence = format!("{what} could not be read: {cause}");
    Problem::new(Code::BrokerAway, sentence, "look at the broker; the delivery is tried again")
}
