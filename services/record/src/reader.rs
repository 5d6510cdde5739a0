//! Reading: the last entry of a record, one by its sequence, and what a stream holds of some records, once.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, SystemTime};

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{self, Context};
use bytes::Bytes;
use futures::StreamExt as _;
use pipeline::broker::last::{Entry, Last};
use problem::{Code, Problem, chain};

use crate::Log;
use crate::address::{Address, Kind, Span};

/// Messages asked for at once.
const PAGE: usize = 500;

/// Pages that come empty one after the other before reading is given up: the broker is busy, or a page was lost.
const EMPTY: u32 = 3;

/// Which entries of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of them, headers only.
    All,
    /// The last one, with its body.
    Last,
    /// The last one, headers only.
    LastHeaders,
    /// All of them from this sequence of the stream on, with their bodies.
    From(u64),
    /// The first of all records since this moment, milliseconds since the epoch, headers only.
    FirstSince(u64),
    /// The newest of all records, headers only.
    Newest,
}

impl Log {
    /// The last entry of an address, or `None` when it has none.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn last(&self, address: &Address) -> Result<Option<Entry>, Problem> {
        Last::of(&self.broker().jetstream, address.stream()).await?.get(&address.subject()).await
    }

    /// The entry of a kind with this sequence, or `None` when there is none.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn at(&self, kind: Kind, sequence: u64) -> Result<Option<Entry>, Problem> {
        Last::of(&self.broker().jetstream, kind.stream()).await?.at(sequence).await
    }

    /// Gives the entries of `span` to `see`, in the order of the stream, up to what was there at the start. What stands
    /// at no address of ours is left out.
    ///
    /// # Errors
    /// `BROKER_AWAY` when the stream cannot be read to its end: a list that ends early would call right what it has not
    /// read.
    pub async fn read(&self, span: &Span, which: Which, mut see: impl FnMut(&Address, &Entry)) -> Result<(), Problem> {
        let filters = [span.filter()];
        messages(&self.broker().jetstream, span.stream(), &filters, which, |subject, entry| {
            if let Ok(address) = Address::parse(subject) {
                see(&address, entry);
            }
        })
        .await
    }
}

/// Gives the messages of `stream` on `subjects` to `see`.
///
/// The last ones are found by reading all: first by their headers, which of each subject is the last one, then those.
/// The broker is not asked for them, since that takes it half a minute where there are a million.
pub(crate) async fn messages(
    jetstream: &Context,
    stream: &str,
    subjects: &[String],
    which: Which,
    mut see: impl FnMut(&str, &Entry),
) -> Result<(), Problem> {
    if !matches!(which, Which::Last | Which::LastHeaders) {
        return pages(jetstream, stream, (subjects, which), see).await;
    }
    let mut last: HashMap<u64, u64> = HashMap::new();
    pages(jetstream, stream, (subjects, Which::All), |subject, entry| {
        last.insert(hash(subject), entry.sequence);
    })
    .await?;
    let is_last = |subject: &str, entry: &Entry| last.get(&hash(subject)) == Some(&entry.sequence);
    let which = if which == Which::Last { Which::From(1) } else { Which::All };
    pages(jetstream, stream, (subjects, which), |subject, entry| {
        if is_last(subject, entry) {
            see(subject, entry);
        }
    })
    .await
}

/// Hashes a subject. Another build may hash it otherwise, so the hash must not be stored.
fn hash(subject: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    subject.hash(&mut hasher);
    hasher.finish()
}

/// Reads page by page.
async fn pages(
    jetstream: &Context,
    stream: &str,
    (subjects, which): (&[String], Which),
    mut see: impl FnMut(&str, &Entry),
) -> Result<(), Problem> {
    let most = if matches!(which, Which::FirstSince(_)) { 1 } else { u64::MAX };
    each(jetstream, stream, (look(subjects, which), most), |message| {
        let (subject, entry) = (message.subject.to_string(), entry(message)?);
        see(&subject, &entry);
        Ok(())
    })
    .await
}

/// Gives what a consumer that is made for it finds in `stream` to `see`: up to what was there at the start, and `most`
/// messages at most.
pub(crate) async fn each(
    jetstream: &Context,
    stream: &str,
    (config, most): (pull::Config, u64),
    mut see: impl FnMut(jetstream::Message) -> Result<(), String>,
) -> Result<(), Problem> {
    let failed = |cause: String| {
        let sentence = format!("the stream {stream} could not be read: {cause}");
        Problem::new(Code::BrokerAway, sentence, "look at the broker, or run `ml-connector provision`")
    };
    let consumer = jetstream.create_consumer_on_stream(config, stream).await.map_err(|e| failed(chain(&e)))?;
    let all = consumer.cached_info().num_pending.min(most);
    let mut left = all;
    let mut empty = 0;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(PAGE).min(PAGE);
        let page = consumer.fetch().max_messages(most).messages().await;
        let mut page = page.map_err(|e| failed(chain(&e)))?;
        let mut got = 0;
        while let Some(message) = page.next().await {
            let message = message.map_err(|e| failed(e.to_string()))?;
            see(message).map_err(failed)?;
            got += 1;
        }
        left = left.saturating_sub(got);
        empty = if got == 0 { empty + 1 } else { 0 };
        if empty >= EMPTY {
            return Err(failed(format!("of {all} messages the last {left} did not come")));
        }
    }
    Ok(())
}

/// A consumer that looks once and is forgotten.
pub(crate) fn look(subjects: &[String], which: Which) -> pull::Config {
    // A filter that stands alone is part of the request's subject, and so of what a user of the broker may do.
    let (filter_subject, filter_subjects) = match subjects {
        [one] => (one.clone(), Vec::new()),
        several => (String::new(), several.to_vec()),
    };
    pull::Config {
        name: Some(format!("look-{}", uuid::Uuid::now_v7().simple())),
        filter_subject,
        filter_subjects,
        deliver_policy: match which {
            Which::All | Which::Last | Which::LastHeaders => DeliverPolicy::All,
            Which::From(start_sequence) => DeliverPolicy::ByStartSequence { start_sequence },
            Which::FirstSince(millis) => DeliverPolicy::ByStartTime {
                start_time: (SystemTime::UNIX_EPOCH + Duration::from_millis(millis)).into(),
            },
            Which::Newest => DeliverPolicy::Last,
        },
        ack_policy: AckPolicy::None,
        headers_only: !matches!(which, Which::Last | Which::From(_)),
        memory_storage: true,
        ..pull::Config::default()
    }
}

fn entry(message: jetstream::Message) -> Result<Entry, String> {
    let info = message.info().map_err(|e| e.to_string())?;
    let stored_at = u64::try_from(info.published.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    let sequence = info.stream_sequence;
    let (headers, payload): (Option<HeaderMap>, Bytes) = (message.message.headers, message.message.payload);
    Ok(Entry { sequence, stored_at, headers: headers.unwrap_or_default(), payload })
}
