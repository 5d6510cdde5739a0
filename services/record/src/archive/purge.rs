//! Purging what was archived, one subject at a time and never what came after.

use pipeline::broker::Put;
use problem::{Code, Problem, chain};
use serde::Deserialize;
use serde_json::json;

use super::ARCHIVED;
use crate::{Log, Message};

/// One subject of a stream, up to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purge {
    /// The stream.
    pub stream: String,
    /// The subject.
    pub subject: String,
    /// The last entry that was archived.
    pub last: u64,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    success: bool,
    #[serde(default)]
    purged: u64,
    error: Option<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    description: String,
}

impl Purge {
    /// Purges it; what came after its last entry stays. Returns the number of entries that went.
    ///
    /// # Errors
    /// When the broker does not answer, or refuses.
    pub async fn carry_out(&self, log: &Log) -> Result<u64, Problem> {
        let Self { stream, subject, last } = self;
        // Up to this sequence, and not it.
        let request = json!({ "filter": subject, "seq": last + 1 }).to_string();
        let client = log.broker().jetstream.client();
        let answer = client.request(format!("$JS.API.STREAM.PURGE.{stream}"), request.into()).await;
        let away = |cause: String| {
            let sentence = format!("{subject} of {stream} could not be purged: {cause}");
            Problem::new(Code::BrokerAway, sentence, "look at the broker, then run the same command again: it goes on")
        };
        let answer = answer.map_err(|e| away(chain(&e)))?;
        let answer: Answer = serde_json::from_slice(&answer.payload).map_err(|e| away(chain(&e)))?;
        match answer {
            Answer { success: true, purged, .. } => Ok(purged),
            Answer { error, .. } => Err(away(error.map_or_else(String::new, |error| error.description))),
        }
    }
}

impl Log {
    /// Publishes an archived entry again, into an empty log.
    ///
    /// # Errors
    /// When the broker does not confirm it.
    pub async fn republish(&self, stream: &str, subject: &str, message: Message) -> Result<(), Problem> {
        let Some(stream) = ARCHIVED.into_iter().find(|known| *known == stream) else {
            let sentence = format!("there is no stream {stream} that is archived");
            return Err(Problem::new(Code::ArchiveDamaged, sentence, "look at the manifest of the run"));
        };
        let Message { headers, payload } = message;
        let put = Put { subject: subject.to_owned(), headers, payload, expect_last: None, gives_way: false };
        self.broker().publisher(stream).put(put).await?;
        Ok(())
    }
}

/// Says whether the streams let entries be purged.
///
/// # Errors
/// `ARCHIVE_FORBIDDEN` where one does not: it was made by a version that forbade it for ever.
pub async fn may_be_purged(log: &Log) -> Result<(), Problem> {
    let mut forbidden = Vec::new();
    for stream in ARCHIVED {
        let found = log.broker().jetstream.get_stream(stream).await.map_err(|e| {
            let sentence = format!("the stream {stream} could not be looked at: {}", chain(&e));
            Problem::new(Code::BrokerAway, sentence, "look at the broker, or run `ml-connector provision`")
        })?;
        if found.cached_info().config.deny_purge {
            forbidden.push(stream);
        }
    }
    if forbidden.is_empty() {
        return Ok(());
    }
    let sentence = format!(
        "{} forbid to purge, which the broker never lets an update take back: they were made by an earlier version",
        forbidden.join(", ")
    );
    let remedy = "back the streams up and restore them without deny_purge, as \"Archive and horizon\" says";
    Err(Problem::new(Code::ArchiveForbidden, sentence, remedy))
}
