//! Taking deliveries from a durable consumer: lane by lane in order, many lanes side by side.
//!
//! One client is active and others stand by (a pinned consumer). A delivery that is being worked on is reported to be
//! in progress, so that slow work is not delivered twice; one that has to wait is handed back with a delay, so that it
//! holds neither its lane nor a place in this process.

mod lanes;
pub(crate) mod taken;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::message::Acker;
use async_nats::jetstream::{self, AckKind};
use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::answer::says_missing;
use super::streams::{Durable, GROUP};
use super::{Broker, dead, not_provisioned};
use crate::guard::{self, Panicked};
use crate::problem::{Problem, chain};
use crate::telemetry;
use crate::verdict::Verdict;
use lanes::Lanes;
use taken::Taken;

/// One message as a stage sees it.
#[derive(Debug)]
pub struct Delivery {
    /// Its subject.
    pub subject: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub payload: Bytes,
    /// Its sequence in the stream.
    pub sequence: u64,
    /// How often it has been delivered, this time included.
    pub delivered: u64,
    /// When the broker stored it, milliseconds since the epoch.
    pub stored_at: u64,
}

/// What one service does with its deliveries: take, **decide**, put.
pub trait Stage: Send + Sync {
    /// The key whose deliveries stay in order.
    fn lane(&self, delivery: &Delivery) -> String;

    /// Decides on one delivery; everything that follows from it must be on disk before it says [`Verdict::Done`].
    fn decide<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Verdict>;
}

/// What the loop, and the consumer that it takes from, are called in the service's health.
const LOOP: &str = "consumer";

/// No delivery waits longer before it is looked at again.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Deliveries of one message that may panic before it is given up.
const BEARINGS: u64 = 3;

/// Runs `stage` on the deliveries of `durable`, up to `width` at once, until `stop`.
///
/// # Errors
/// `BROKER_NOT_PROVISIONED` when the consumer is not there at the start. Later losses are waited out.
pub async fn run(
    broker: &Broker,
    durable: &Durable,
    width: usize,
    stage: &dyn Stage,
    stop: &CancellationToken,
) -> Result<(), Problem> {
    let (lanes, ackers) = (Lanes::default(), HashMap::new());
    let taken = broker.taken(durable.name);
    let mut runner = Runner { broker, durable, width, stage, lanes, ackers, taken };
    let mut first = true;
    while !stop.is_cancelled() {
        runner.turned(broker.settings().start_timeout.0);
        match runner.consumer().await {
            Ok(consumer) => {
                broker.health().ready(LOOP);
                runner.serve(&consumer, stop).await;
            }
            Err(problem) if first => return Err(problem),
            Err(_) if stop.is_cancelled() => {}
            Err(problem) => {
                tracing::error!(%problem, "the consumer is gone; trying again");
                broker.health().not_ready(LOOP, problem.sentence);
            }
        }
        first = false;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
            () = stop.cancelled() => {}
        }
    }
    Ok(())
}

struct Runner<'a> {
    broker: &'a Broker,
    durable: &'a Durable,
    width: usize,
    stage: &'a dyn Stage,
    lanes: Lanes,
    ackers: HashMap<u64, Arc<Acker>>,
    taken: Arc<Taken>,
}

type Working<'a> = FuturesUnordered<BoxFuture<'a, (String, u64)>>;

impl<'a> Runner<'a> {
    /// Says that the loop turns. What it waits for at one place is an answer of the broker, or the next report of
    /// progress; `longer` is what it waits for besides.
    fn turned(&self, longer: Duration) {
        let settings = self.broker.settings();
        let within = settings.ack_wait.0.saturating_add(settings.publish_timeout.0.saturating_mul(2));
        // A service waits for its broker for ever, and is alive meanwhile.
        self.broker.health().turned(LOOP, within.saturating_add(longer));
    }

    async fn consumer(&self) -> Result<jetstream::consumer::Consumer<pull::Config>, Problem> {
        let Durable { name, stream, .. } = self.durable;
        let what = format!("the consumer {name} on {stream}");
        let ask = || self.broker.jetstream.get_consumer_from_stream(*name, *stream);
        let answer = self.broker.until_answered(&what, ask, |e| says_missing(e)).await?;
        answer.map_err(|e| not_provisioned(&what, &chain(&e)))
    }

    /// Takes until the message stream breaks or `stop`; then lets what is in hand finish and hands back the rest.
    async fn serve(&mut self, consumer: &jetstream::consumer::Consumer<pull::Config>, stop: &CancellationToken) {
        let settings = self.broker.settings();
        let expires = settings.takeover.0 / 2;
        let messages = consumer
            .stream()
            .group(GROUP)
            .max_messages_per_batch(self.width.max(1))
            .expires(expires)
            .heartbeat(expires.mul_f32(0.45))
            .messages()
            .await;
        let mut messages = match messages {
            Ok(messages) => messages,
            Err(e) => return tracing::warn!(error = %chain(&e), "the consumer could not be pulled from"),
        };
        let mut progress = tokio::time::interval(settings.ack_wait.0 / 3);
        let mut working: Working<'a> = FuturesUnordered::new();
        let mut taking = true;
        while taking || !working.is_empty() {
            self.turned(Duration::ZERO);
            self.begin(&mut working);
            tokio::select! {
                biased;
                Some((lane, sequence)) = working.next(), if !working.is_empty() => {
                    self.ackers.remove(&sequence);
                    self.lanes.finish(&lane);
                }
                () = stop.cancelled(), if taking => taking = false,
                _ = progress.tick() => {
                    self.report_progress().await;
                    self.taken.tell();
                }
                next = messages.next(), if taking && self.lanes.waiting() < self.width => match next {
                    Some(Ok(message)) => self.accept(message),
                    Some(Err(e)) => {
                        tracing::warn!(error = %chain(&e), "taking was interrupted");
                        taking = false;
                    }
                    None => taking = false,
                },
            }
            if !taking {
                self.hand_back().await;
            }
        }
    }

    fn accept(&mut self, message: jetstream::Message) {
        let Ok(info) = message.info() else {
            return tracing::error!(subject = %message.subject, "a message without JetStream's reply subject was ignored");
        };
        let (sequence, delivered) = (info.stream_sequence, u64::try_from(info.delivered).unwrap_or(1));
        let stored_at = u64::try_from(info.published.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
        let (message, acker) = message.split();
        let delivery = Delivery {
            subject: message.subject.to_string(),
            headers: message.headers.unwrap_or_default(),
            payload: message.payload,
            sequence,
            delivered,
            stored_at,
        };
        self.broker.continuity().saw(self.durable.stream, &delivery.subject, sequence);
        metrics::counter!("ml_taken_total", "consumer" => self.durable.name).increment(1);
        // A redelivery of what is still in hand replaces the way to acknowledge it and is not worked on twice.
        if self.ackers.insert(sequence, Arc::new(acker)).is_none() {
            self.taken.begun(&delivery);
            let lane = guard::caught(|| self.stage.lane(&delivery));
            self.lanes.push(lane.unwrap_or_else(|_| delivery.subject.clone()), delivery);
        }
    }

    fn begin(&mut self, working: &mut Working<'a>) {
        while working.len() < self.width
            && let Some((lane, delivery)) = self.lanes.next()
        {
            let Some(acker) = self.ackers.get(&delivery.sequence).cloned() else {
                self.lanes.finish(&lane);
                continue;
            };
            let (broker, name, stage) = (self.broker, self.durable.name, self.stage);
            let taken = Arc::clone(&self.taken);
            let span = telemetry::span_of(name, &delivery.subject, &delivery.headers);
            working.push(Box::pin(async move {
                let decided = guard::guarded(async { stage.decide(&delivery).instrument(span).await }).await;
                let verdict = decided.unwrap_or_else(|panicked| given_up(&delivery, panicked));
                taken.decided(&delivery, &verdict);
                settle(broker, name, &delivery, &acker, verdict).await;
                (lane, delivery.sequence)
            }));
        }
    }

    async fn report_progress(&self) {
        for acker in self.ackers.values() {
            if let Err(e) = acker.ack_with(AckKind::Progress).await {
                tracing::debug!(error = %e, "progress could not be reported");
            }
        }
    }

    async fn hand_back(&mut self) {
        for delivery in self.lanes.drain() {
            if let Some(acker) = self.ackers.remove(&delivery.sequence) {
                self.taken.handed_back(delivery.sequence);
                let _ = acker.ack_with(AckKind::Nak(None)).await; // Lost: it comes again after the ack wait.
            }
        }
    }
}

/// What becomes of a delivery that the program cannot bear. It is tried again first: what it broke off may be half
/// done.
fn given_up(delivery: &Delivery, panicked: Panicked) -> Verdict {
    if delivery.delivered < BEARINGS {
        return Verdict::retry(delivery.delivered, panicked.to_string());
    }
    Verdict::Dead(panicked.into())
}

/// Carries out a verdict. A lost acknowledgement means another delivery, which every stage must bear anyway.
async fn settle(broker: &Broker, stage: &'static str, delivery: &Delivery, acker: &Acker, verdict: Verdict) {
    let kind = match verdict {
        Verdict::Done => {
            metrics::counter!("ml_done_total", "consumer" => stage).increment(1);
            broker.taken(stage).settled();
            AckKind::Ack
        }
        Verdict::RetryAfter(wait, why) | Verdict::Again(wait, why) => {
            metrics::counter!("ml_retried_total", "consumer" => stage).increment(1);
            tracing::debug!(subject = delivery.subject, delivered = delivery.delivered, ?wait, why, "later");
            AckKind::Nak(Some(wait.min(LONGEST)))
        }
        Verdict::Dead(problem) => match dead::put(broker, stage, delivery, &problem).await {
            Ok(()) => {
                metrics::counter!("ml_dead_total", "consumer" => stage, "code" => problem.code.clone()).increment(1);
                broker.taken(stage).settled();
                tracing::error!(
                    subject = delivery.subject,
                    code = %problem.code,
                    sentence = problem.sentence,
                    "dead letter"
                );
                AckKind::Ack
            }
            Err(e) => {
                tracing::warn!(error = %e, "a dead letter could not be written; trying again");
                AckKind::Nak(Some(Duration::from_secs(1)))
            }
        },
    };
    // Of streams that were set back, its sequence may be another message's.
    let held = broker.continuity().hold(&broker.jetstream);
    if tokio::time::timeout(broker.settings().publish_timeout.0, held).await.is_err() {
        return tracing::warn!(subject = delivery.subject, "the broker is away; it will be delivered again");
    }
    if let Err(e) = acker.ack_with(kind).await {
        tracing::warn!(error = %e, subject = delivery.subject, "an acknowledgement was lost; it will be delivered again");
    }
}
