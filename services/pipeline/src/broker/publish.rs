//! Publishing with group commit.
//!
//! With `sync_interval: always` a single-replica stream syncs its file once for each message, whatever the number in
//! flight, so the count of messages is the throughput. An atomic batch shares a few syncs among all its messages, but
//! costs as much as several singles (it is staged in a file of its own). So messages go out one by one while few wait,
//! and as one batch when so many do that a batch is quicker (`pace`). A batch is refused as a whole when one message in
//! it is; its messages then go out one by one, and each learns its own fate. What gives way goes when nothing else
//! waits.

pub(crate) mod confirmed;
mod pace;

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::{
    NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
};
use async_nats::jetstream::context::traits::TimeoutProvider as _;
use async_nats::jetstream::context::{PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, Context, ErrorCode};
use bytes::Bytes;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use problem::{Code, Problem, chain};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::answer::find;
use super::continuity::Continuity;
use crate::health::Health;
use crate::task;
use confirmed::Confirmed;
use pace::Pace;

/// Singles in flight at once. More gains nothing where each is synced, and a slow disk would run into the time-out.
const WINDOW: usize = 32;
/// Messages in one atomic batch at most; the server's own limit is 1,000.
const BATCH: usize = 500;
/// Bytes in one atomic batch at most.
const BATCH_BYTES: usize = 16 * 1024 * 1024;
/// Messages that give way in one batch at most: the next one that does not waits for it.
const GIVING: usize = 64;
/// Fewer of them are no batch.
const FEWEST: usize = 4;
/// After this they wait no longer behind others, which come without end.
const PATIENCE: Duration = Duration::from_millis(500);
/// Messages that may wait for the publisher before callers wait for it.
const QUEUE: usize = 4096;

/// One message to be stored.
#[derive(Debug, Clone)]
pub struct Put {
    /// Its subject.
    pub subject: String,
    /// Its headers, `Nats-Msg-Id` among them where the broker's window shall filter repeats.
    pub headers: HeaderMap,
    /// Its body.
    pub payload: Bytes,
    /// The sequence that the last entry of the subject must have, 0 for "no entry yet"; `None` for any.
    pub expect_last: Option<u64>,
    /// It goes behind those that do not, as many at once as wait.
    pub gives_way: bool,
}

/// Where a message came to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Sequence in the stream.
    pub sequence: u64,
    /// The broker had a message of this id already and stored nothing.
    pub duplicate: bool,
}

/// Why a message is not known to be stored.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// Somebody else wrote the subject first; nothing was stored. Read the last entry again.
    #[error("another entry was written first")]
    WrongLast,
    /// The broker still stores an earlier message of this subject or of this id, as a cluster does for a moment;
    /// nothing was stored.
    #[error("the broker is still storing an earlier message")]
    NotYet,
    /// Larger than the broker takes, even compressed.
    #[error("the message is larger than the broker takes")]
    TooLarge,
    /// No answer, or a refusal such as a full stream: it may be stored or not.
    #[error("the broker did not confirm the message: {0}")]
    Unconfirmed(String),
}

impl From<PutError> for Problem {
    fn from(error: PutError) -> Self {
        if matches!(error, PutError::TooLarge) {
            let remedy = "see why the record is so large; nats-server's max_payload may be 8 MB at most";
            return Problem::new(Code::MessageTooLarge, error.to_string(), remedy);
        }
        let remedy = "look at the broker (disk full, stream full, away); the delivery is tried again";
        Problem::new(Code::BrokerNotConfirmed, error.to_string(), remedy)
    }
}

struct Waiting {
    since: Instant,
    put: Put,
    reply: oneshot::Sender<Result<Stored, PutError>>,
}

/// Publishes to one stream. Cheap to clone; clones share the queue.
#[derive(Clone, Debug)]
pub struct Publisher {
    queue: mpsc::Sender<Waiting>,
}

impl Publisher {
    /// Starts the task that publishes; it ends when the last clone is dropped and the queue is empty.
    pub(crate) fn start(
        context: Context,
        stream: &'static str,
        batch_from: usize,
        health: Health,
        continuity: Continuity,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let line = Line { context, stream, continuity, confirmed: Mutex::new(Confirmed::of(stream, health)) };
        task::detached(async move { line.run(batch_from, waiting).await });
        Self { queue }
    }

    /// Stores one message, and returns when it is on disk.
    ///
    /// # Errors
    /// See [`PutError`]. After [`PutError::Unconfirmed`] the same put is safe where it carries a message id or an
    /// expected sequence.
    pub async fn put(&self, put: Put) -> Result<Stored, PutError> {
        let (reply, answer) = oneshot::channel();
        let gone = || PutError::Unconfirmed("the publisher has stopped".to_owned());
        let since = Instant::now();
        self.queue.send(Waiting { since, put, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// The line on which messages go out to one stream.
struct Line {
    context: Context,
    stream: &'static str,
    continuity: Continuity,
    confirmed: Mutex<Confirmed>,
}

impl Line {
    async fn run(self, batch_from: usize, mut waiting: mpsc::Receiver<Waiting>) {
        let (mut queue, mut giving) = (VecDeque::new(), VecDeque::new());
        let mut in_flight = FuturesUnordered::new();
        let mut pace = Pace::new(batch_from);
        let mut open = true;
        while open || !queue.is_empty() || !giving.is_empty() || !in_flight.is_empty() {
            while let Ok(more) = waiting.try_recv() {
                sort(more, &mut queue, &mut giving);
            }
            let is_idle = queue.is_empty() && in_flight.is_empty();
            if giving.front().is_some_and(|first| is_idle || first.since.elapsed() > PATIENCE) {
                self.send_giving(next_batch(&mut giving, GIVING)).await;
            } else if pace.is_batch(queue.len()) && self.continuity.is_held(&self.context) {
                let batch = next_batch(&mut queue, BATCH);
                if pace.is_batch(batch.len()) {
                    let began = Instant::now();
                    self.send_batch(batch).await;
                    pace.batch_took(began.elapsed());
                } else {
                    self.send_singles(batch).await;
                }
            } else if in_flight.len() < WINDOW
                && let Some(next) = queue.pop_front()
            {
                // The message is handed to the connection here, in order; its acknowledgement is awaited elsewhere.
                let begun = self.begin_single(next).await;
                let (began, others) = (Instant::now(), in_flight.len());
                in_flight.push(begun.map(move |()| (began.elapsed(), others + 1)));
            } else {
                tokio::select! {
                    more = waiting.recv(), if open => match more {
                        Some(more) => sort(more, &mut queue, &mut giving),
                        None => open = false,
                    },
                    Some((took, of)) = in_flight.next(), if !in_flight.is_empty() => pace.single_took(took, of),
                }
            }
        }
    }

    /// Sends what gives way. A batch shares its syncs, so that it takes little from the disk of those that wait for it.
    async fn send_giving(&self, batch: Vec<Waiting>) {
        match batch.len() >= FEWEST && self.continuity.is_held(&self.context) {
            true => self.send_batch(batch).await,
            false => self.send_singles(batch).await,
        }
    }

    fn answer(&self, reply: oneshot::Sender<Result<Stored, PutError>>, result: Result<Stored, PutError>) {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).note(&result);
        let _ = reply.send(result); // A caller that has gone away needs no answer.
    }

    async fn begin_single(&self, waiting: Waiting) -> impl Future<Output = ()> {
        let Waiting { put, reply, .. } = waiting;
        let sent = match self.continuity.is_held(&self.context) {
            true => Some(self.context.send_publish(put.subject.clone(), message(&put)).await),
            false => None,
        };
        async move {
            let sent = match sent {
                Some(sent) => sent,
                None => self.send_when_held(&put).await,
            };
            let result = match sent {
                Ok(ack) => {
                    ack.await.map(|a| Stored { sequence: a.sequence, duplicate: a.duplicate }).map_err(|e| failure(&e))
                }
                Err(e) => Err(failure(&e)),
            };
            if let Ok(stored) = &result {
                self.continuity.saw(self.stream, &put.subject, stored.sequence);
            }
            self.answer(reply, result);
        }
    }

    /// Sends on a connection whose streams are held to be those before; too late when that takes longer than an
    /// acknowledgement may.
    async fn send_when_held(&self, put: &Put) -> Result<PublishAckFuture, PublishError> {
        match tokio::time::timeout(self.context.timeout(), self.continuity.hold(&self.context)).await {
            Ok(()) => self.context.send_publish(put.subject.clone(), message(put)).await,
            Err(_) => Err(PublishError::new(PublishErrorKind::TimedOut)),
        }
    }

    async fn send_batch(&self, batch: Vec<Waiting>) {
        match commit(&self.context, &batch).await {
            Ok(last) => {
                let count = batch.len() as u64;
                for (place, waiting) in (1..).zip(batch) {
                    let sequence = last.saturating_sub(count.saturating_sub(place));
                    self.continuity.saw(self.stream, &waiting.put.subject, sequence);
                    self.answer(waiting.reply, Ok(Stored { sequence, duplicate: false }));
                }
            }
            Err(error) => {
                tracing::debug!(error = %chain(&error), messages = batch.len(), "batch refused; publishing one by one");
                self.send_singles(batch).await;
            }
        }
    }

    async fn send_singles(&self, messages: Vec<Waiting>) {
        let mut singles = FuturesUnordered::new();
        for waiting in messages {
            let begun = self.begin_single(waiting).await;
            singles.push(begun);
        }
        while singles.next().await.is_some() {}
    }
}

fn sort(waiting: Waiting, queue: &mut VecDeque<Waiting>, giving: &mut VecDeque<Waiting>) {
    if waiting.put.gives_way { giving.push_back(waiting) } else { queue.push_back(waiting) }
}

/// Takes what one batch of `most` may hold: no subject twice, since the second could not know the sequence to expect.
fn next_batch(queue: &mut VecDeque<Waiting>, most: usize) -> Vec<Waiting> {
    let mut batch = Vec::new();
    let mut subjects = HashSet::new();
    let mut bytes = 0;
    while batch.len() < most
        && let Some(next) = queue.front()
    {
        bytes += next.put.payload.len();
        if bytes > BATCH_BYTES && !batch.is_empty() || !subjects.insert(next.put.subject.clone()) {
            break;
        }
        batch.extend(queue.pop_front());
    }
    batch
}

/// Sends all but the last message without asking for an answer; the last one commits the batch (ADR-50 of NATS).
async fn commit(context: &Context, batch: &[Waiting]) -> Result<u64, PublishError> {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let client = context.client();
    let count = batch.len();
    for (place, waiting) in (1..).zip(batch) {
        let put = &waiting.put;
        let mut message =
            message(put).header(NATS_BATCH_ID, id.as_str()).header(NATS_BATCH_SEQUENCE, place.to_string().as_str());
        if place == count {
            message = message.header(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
            return Ok(context.send_publish(put.subject.clone(), message).await?.await?.sequence);
        }
        let out = message.outbound_message(put.subject.clone());
        client
            .publish_with_headers(out.subject, out.headers.unwrap_or_default(), out.payload)
            .await
            .map_err(|e| PublishError::with_source(PublishErrorKind::Other, e))?;
    }
    Err(PublishError::new(PublishErrorKind::Other))
}

fn message(put: &Put) -> PublishMessage {
    let message = PublishMessage::build().payload(put.payload.clone()).headers(put.headers.clone());
    match put.expect_last {
        Some(sequence) => message.header(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string().as_str()),
        None => message,
    }
}

fn failure(error: &PublishError) -> PutError {
    // The library gives a kind of its own to one of the codes alone.
    match find::<jetstream::Error>(error).map(jetstream::Error::error_code) {
        Some(ErrorCode::STREAM_WRONG_LAST_SEQUENCE | ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT) => {
            return PutError::WrongLast;
        }
        Some(
            ErrorCode::STREAM_DUPLICATE_MESSAGE_CONFLICT | ErrorCode::STREAM_EXPECTED_LAST_SEQ_PER_SUBJECT_NOT_READY,
        ) => return PutError::NotYet,
        _ => {}
    }
    match error.kind() {
        PublishErrorKind::WrongLastSequence => PutError::WrongLast,
        PublishErrorKind::MaxPayloadExceeded => PutError::TooLarge,
        _ => PutError::Unconfirmed(chain(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: u64, kind: PublishErrorKind) -> PutError {
        let error = serde_json::json!({ "code": 400, "err_code": code, "description": "said" });
        let error: jetstream::Error = serde_json::from_value(error).unwrap();
        failure(&PublishError::with_source(kind, error))
    }

    #[test]
    fn a_condition_that_does_not_hold_is_no_full_disk() {
        assert!(matches!(said(10_071, PublishErrorKind::WrongLastSequence), PutError::WrongLast));
        assert!(matches!(said(10_164, PublishErrorKind::Other), PutError::WrongLast));
        for code in [10_158, 10_163] {
            assert!(matches!(said(code, PublishErrorKind::Other), PutError::NotYet), "{code}");
        }
        // The stream has reached its limit, and storage that is used up.
        for code in [10_077, 10_047] {
            assert!(matches!(said(code, PublishErrorKind::Other), PutError::Unconfirmed(_)), "{code}");
        }
    }
}
