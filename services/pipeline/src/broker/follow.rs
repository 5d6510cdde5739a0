//! Views: what the last entries of many subjects say, read at start and followed ever after.
//!
//! A view is memory only. It is rebuilt from the stream, so nothing has to be kept in step with it.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
use bytes::Bytes;
use futures::StreamExt as _;
use problem::{Code, Problem, chain};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Broker;
use crate::guard;
use crate::task;

/// The part of a subject's last entries that a view needs.
#[derive(Debug, Clone)]
pub struct Follow {
    /// The stream.
    pub stream: &'static str,
    /// Its subjects.
    pub filter: String,
    /// Leave the bodies out.
    pub headers_only: bool,
}

/// Bytes that are asked for at once: a page of messages as large as the broker takes them would be more than a
/// gigabyte. The largest one fits in it.
pub const ROOM: usize = 24 * 1024 * 1024;

/// Messages asked for at once.
const PAGE: usize = 500;

/// One entry of a stream that is followed.
#[derive(Debug, Clone, Copy)]
pub struct Followed<'a> {
    /// Its subject.
    pub subject: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a Bytes,
    /// Its sequence in the stream.
    pub sequence: u64,
}

/// Says if a view has caught up with its stream once.
#[derive(Debug, Clone)]
pub struct Caught(watch::Receiver<bool>);

impl Caught {
    /// Returns when everything that was there at the start is in the view.
    pub async fn up(&self) {
        let mut caught = self.0.clone();
        let _ = caught.wait_for(|caught| *caught).await; // Err: the service is stopping.
    }

    /// Returns true when it has.
    pub fn is_up(&self) -> bool {
        *self.0.borrow()
    }
}

/// Follows in a task of its own until `stop`, giving every entry to `see` in the order of the stream.
pub fn follow(
    broker: &Broker,
    follow: Follow,
    stop: CancellationToken,
    mut see: impl FnMut(Followed<'_>) + Send + 'static,
) -> Caught {
    let (caught, watch) = watch::channel(false);
    let broker = broker.clone();
    task::spawn(async move {
        let mut next = None;
        while !stop.is_cancelled() {
            let reading = read(&broker, &follow, &mut next, &caught, &mut see);
            tokio::select! {
                ended = reading => if let Err(problem) = ended {
                    tracing::warn!(%problem, filter = follow.filter, "reading a stream was interrupted; it continues");
                },
                () = stop.cancelled() => return,
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    Caught(watch)
}

/// Makes a consumer over what `follow` names. It acknowledges nothing, and goes when nobody asks it any longer.
///
/// # Errors
/// `BROKER_AWAY` when it cannot be made.
pub async fn consumer(
    context: &Context,
    follow: &Follow,
    from: DeliverPolicy,
) -> Result<Consumer<pull::Config>, Problem> {
    let config = pull::Config {
        // With a name, the filter is part of what the broker holds the user's rights against.
        name: Some(format!("view-{}", uuid::Uuid::now_v7().simple())),
        filter_subject: follow.filter.clone(),
        headers_only: follow.headers_only,
        ack_policy: AckPolicy::None,
        memory_storage: true,
        inactive_threshold: Duration::from_secs(60),
        num_replicas: 1,
        deliver_policy: from,
        ..pull::Config::default()
    };
    context.create_consumer_on_stream(config, follow.stream).await.map_err(|e| away(&chain(&e)))
}

/// Asks a consumer for what there is and whatever comes, in batches of at most `page` messages.
///
/// # Errors
/// `BROKER_AWAY` when the broker does not answer.
pub async fn messages(
    consumer: &Consumer<pull::Config>,
    follow: &Follow,
    page: usize,
) -> Result<pull::Stream, Problem> {
    let stream = consumer.stream().max_messages_per_batch(page).expires(Duration::from_secs(30));
    let stream = if follow.headers_only { stream } else { stream.max_bytes_per_batch(ROOM) };
    stream.heartbeat(Duration::from_secs(10)).messages().await.map_err(|e| away(&chain(&e)))
}

/// Returns the problem of a stream that could not be read for `cause`.
pub fn away(cause: &str) -> Problem {
    Problem::new(Code::BrokerAway, cause, "look at the broker")
}

/// Reads from `next` on, or the last entry of each subject when there is no `next` yet.
async fn read(
    broker: &Broker,
    follow: &Follow,
    next: &mut Option<u64>,
    caught: &watch::Sender<bool>,
    see: &mut (impl FnMut(Followed<'_>) + Send),
) -> Result<(), Problem> {
    let from = match *next {
        Some(start_sequence) => DeliverPolicy::ByStartSequence { start_sequence },
        None => DeliverPolicy::LastPerSubject,
    };
    let consumer = consumer(&broker.jetstream, follow, from).await?;
    if consumer.cached_info().num_pending == 0 {
        caught.send_replace(true);
    }
    let mut messages = messages(&consumer, follow, PAGE).await?;
    let empty = HeaderMap::new();
    let mut delivered = 0;
    while let Some(message) = messages.next().await {
        let message = message.map_err(|e| away(&chain(&e)))?;
        let info = message.info().map_err(|e| away(&e.to_string()))?;
        // Nothing is acknowledged here, so what was on a connection that broke is not delivered again by itself.
        delivered += 1;
        if info.consumer_sequence != delivered {
            return Err(away("entries were lost on the way"));
        }
        // A view that ended with an entry that it cannot bear would be rebuilt up to that entry, again and again.
        let headers = message.headers.as_ref().unwrap_or(&empty);
        let (subject, body, sequence) = (message.subject.as_str(), &message.payload, info.stream_sequence);
        if let Err(panicked) = guard::caught(|| see(Followed { subject, headers, body, sequence })) {
            tracing::error!(subject = %message.subject, %panicked, "an entry is not in a view");
        }
        broker.continuity().saw(follow.stream, &message.subject, info.stream_sequence);
        *next = Some(info.stream_sequence + 1);
        if info.pending == 0 {
            caught.send_replace(true);
        }
    }
    Ok(())
}
