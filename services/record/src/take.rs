//! Taking deliveries from a durable consumer: lane by lane in order, many lanes side by side.
//!
//! One client is active and others stand by (a pinned consumer). A delivery that is being worked on is reported to be
//! in progress, so that slow work is not delivered twice. One that waits for another record is kept in hand for moments
//! or written down (`waiting`); one that has to be tried later is handed back with a delay. Neither holds a place of
//! those that work.

mod asleep;
mod lanes;
mod settle;
pub(crate) mod taken;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::{self, AckKind};
use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use pipeline::broker::answer::says_missing;
use pipeline::broker::follow::ROOM;
use pipeline::broker::not_provisioned;
use pipeline::clock::now_millis;
use pipeline::guard;
use pipeline::telemetry;
use problem::{Problem, chain};

use crate::address::Address;
use crate::dead::Letter;
use crate::streams::{Durable, GROUP};
use crate::waiting::{Due, Parking, Taken as Up};
use crate::{Log, Verdict};
use asleep::Asleep;
use lanes::Lanes;
use settle::{Way, decided, give_up, settle};
use taken::Taken;

/// One message as a stage sees it.
#[derive(Debug)]
pub struct Delivery {
    /// Where it stands.
    pub address: Address,
    /// Its subject: its address as text.
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

/// Work of one service on its deliveries: take, **decide**, put.
pub trait Stage: Send + Sync {
    /// The key whose deliveries stay in order.
    fn lane(&self, delivery: &Delivery) -> String;

    /// Decides on one delivery; everything that follows from it must be on disk before it says [`Verdict::Done`].
    fn decide<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Verdict>;
}

/// Name of the loop, and of the consumer that it takes from, in the service's health.
const LOOP: &str = "consumer";

/// How long a delivery is kept in hand that waits for what is likely to come soon.
const HOLD: Duration = Duration::from_secs(5);
/// Divisor of a stage's width: one in so many works on deliveries that give way, beside the others.
const SHARE: usize = 8;
/// Deliveries in hand that give way: orders behind them in the stream are taken all the same.
const GIVING: usize = 2_000;
/// How often what could not be read is looked at again, milliseconds.
const LOOK_AGAIN: u64 = 5_000;

/// Runs `stage` on the deliveries of `durable`, up to `width` at once, until `stop`.
///
/// # Errors
/// `BROKER_NOT_PROVISIONED` when the consumer is not there at the start. Later losses are waited out.
pub async fn run(
    log: &Log,
    durable: &Durable,
    width: usize,
    stage: &dyn Stage,
    stop: &CancellationToken,
) -> Result<(), Problem> {
    let (lanes, ways) = (Lanes::default(), HashMap::new());
    let (broker, taken) = (log.broker(), log.taken(durable.name));
    let (parking, asleep) = (Parking::open(log, durable.name, stop), Arc::new(Asleep::of(durable.name)));
    let mut runner =
        Runner { log, durable, width, stage, stop, lanes, ways, taken, parking, asleep, counts: Counts::default() };
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
    log: &'a Log,
    durable: &'a Durable,
    width: usize,
    stage: &'a dyn Stage,
    stop: &'a CancellationToken,
    lanes: Lanes,
    ways: HashMap<u64, Arc<Way>>,
    taken: Arc<Taken>,
    parking: Arc<Parking>,
    asleep: Arc<Asleep>,
    counts: Counts,
}

/// Counts of the deliveries in hand.
#[derive(Default)]
struct Counts {
    /// Bytes of the deliveries that wait or are worked on.
    bytes: usize,
    /// How many had waited for another record.
    resumed: usize,
}

/// A delivery that was worked on.
struct Worked {
    lane: String,
    sequence: u64,
    bytes: usize,
}

type Working<'a> = FuturesUnordered<BoxFuture<'a, Worked>>;
type Fetching<'a> = FuturesUnordered<BoxFuture<'a, (Due, Result<Up, Problem>)>>;

impl<'a> Runner<'a> {
    /// Says that the loop turns. What it waits for at one place is an answer of the broker, or the next report of
    /// progress; `longer` is what it waits for besides.
    fn turned(&self, longer: Duration) {
        let settings = self.log.broker().settings();
        let within = settings.ack_wait.0.saturating_add(settings.publish_timeout.0.saturating_mul(2));
        // A service waits for its broker for ever, and is alive meanwhile.
        self.log.broker().health().turned(LOOP, within.saturating_add(longer));
    }

    async fn consumer(&self) -> Result<jetstream::consumer::Consumer<pull::Config>, Problem> {
        let (name, stream) = (self.durable.consumer(self.log.connection()), self.durable.stream());
        let what = format!("the consumer {name} on {stream}");
        let broker = self.log.broker();
        let ask = || broker.jetstream.get_consumer_from_stream(name.as_ref(), stream);
        let answer = broker.until_answered(&what, ask, |e| says_missing(e)).await?;
        answer.map_err(|e| not_provisioned(&what, &chain(&e)))
    }

    /// Takes until the message stream breaks or `stop`; then lets what is in hand finish and hands back the rest.
    async fn serve(&mut self, consumer: &jetstream::consumer::Consumer<pull::Config>, stop: &CancellationToken) {
        let settings = self.log.broker().settings();
        let expires = settings.takeover.0 / 2;
        let messages = consumer
            .stream()
            .group(GROUP)
            .max_messages_per_batch(self.width.max(1))
            .max_bytes_per_batch(ROOM)
            .expires(expires)
            .heartbeat(expires.mul_f32(0.45))
            .messages()
            .await;
        let mut messages = match messages {
            Ok(messages) => messages,
            Err(e) => return tracing::warn!(error = %chain(&e), "the consumer could not be pulled from"),
        };
        let mut progress = tokio::time::interval(settings.ack_wait.0 / 3);
        let (mut working, mut giving, mut fetching): (Working<'a>, Working<'a>, Fetching<'a>) = Default::default();
        let (parking, asleep) = (Arc::clone(&self.parking), Arc::clone(&self.asleep));
        let mut taking = true;
        while taking || !working.is_empty() || !giving.is_empty() || !fetching.is_empty() {
            self.turned(Duration::ZERO);
            self.begin(&mut working, &mut giving);
            // What gives way goes on when there is nothing else to do: an order may be among what was delivered.
            tokio::select! {
                biased;
                Some(worked) = working.next(), if !working.is_empty() => self.finished(&worked),
                Some((due, fetched)) = fetching.next(), if !fetching.is_empty() => self.resume(due, fetched),
                () = asleep.more() => {}
                () = stop.cancelled(), if taking => taking = false,
                _ = progress.tick() => {
                    self.report_progress().await;
                    self.taken.tell();
                }
                // A few at a time: what waited stays beside today's documents, and not before them.
                due = parking.due(), if taking && fetching.len() + self.counts.resumed < (self.width / 4).max(1) => {
                    let parking = Arc::clone(&parking);
                    fetching.push(Box::pin(async move { (due, parking.take(due).await) }));
                }
                next = messages.next(), if taking && self.has_room() => match next {
                    Some(Ok(message)) => self.accept(message, &mut working),
                    Some(Err(e)) => {
                        tracing::warn!(error = %chain(&e), "taking was interrupted");
                        taking = false;
                    }
                    None => taking = false,
                },
                Some(worked) = giving.next(), if !giving.is_empty() => self.finished(&worked),
            }
            if !taking {
                self.hand_back().await;
            }
        }
    }

    fn has_room(&self) -> bool {
        let is_waiting_room = self.lanes.waiting(false) < self.width && self.lanes.waiting(true) < GIVING;
        is_waiting_room && self.counts.bytes < ROOM
    }

    fn finished(&mut self, worked: &Worked) {
        self.forget(worked.sequence);
        self.lanes.finish(&worked.lane);
        self.counts.bytes = self.counts.bytes.saturating_sub(worked.bytes);
    }

    /// The way of a delivery that is no longer in hand.
    fn forget(&mut self, sequence: u64) -> Option<Arc<Way>> {
        let way = self.ways.remove(&sequence)?;
        self.counts.resumed -= usize::from(matches!(*way, Way::Parked(_)));
        Some(way)
    }

    fn accept(&mut self, message: jetstream::Message, working: &mut Working<'a>) {
        let Ok(info) = message.info() else {
            return tracing::error!(subject = %message.subject, "a message without JetStream's reply subject was ignored");
        };
        let (sequence, delivered) = (info.stream_sequence, u64::try_from(info.delivered).unwrap_or(1));
        let stored_at = u64::try_from(info.published.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
        let (message, acker) = message.split();
        let (subject, headers) = (message.subject.to_string(), message.headers.unwrap_or_default());
        let payload = message.payload;
        metrics::counter!("ml_taken_total", "consumer" => self.durable.name).increment(1);
        let address = match Address::parse(&subject) {
            Ok(address) => address,
            Err(unknown) => {
                let (log, name) = (self.log, self.durable.name);
                working.push(Box::pin(async move {
                    let letter =
                        Letter { subject: &subject, headers: &headers, payload: &payload, sequence, delivered };
                    give_up(log, name, letter, &acker, unknown.into()).await;
                    Worked { lane: subject, sequence, bytes: 0 }
                }));
                return;
            }
        };
        let delivery = Delivery { address, subject, headers, payload, sequence, delivered, stored_at };
        self.log.broker().continuity().saw(self.durable.stream(), &delivery.subject, sequence);
        // That it was taken says to whoever waits for this record that it has moved.
        self.log.moved(&delivery.address);
        // A redelivery of what is still in hand replaces the way to acknowledge it and is not worked on twice.
        match self.ways.insert(sequence, Arc::new(Way::Consumer(Box::new(acker)))).as_deref() {
            None => self.push(delivery, stored_at),
            Some(Way::Parked(own)) => {
                self.counts.resumed -= 1;
                self.parking.index().decided(*own, None);
            }
            Some(Way::Consumer(_)) => {}
        }
    }

    fn push(&mut self, delivery: Delivery, since: u64) {
        self.taken.begun(&delivery, since);
        self.counts.bytes = self.counts.bytes.saturating_add(delivery.payload.len());
        let lane = guard::caught(|| self.stage.lane(&delivery));
        self.lanes.push(lane.unwrap_or_else(|_| delivery.subject.clone()), delivery);
    }

    /// Takes up a delivery again that waited.
    fn resume(&mut self, due: Due, fetched: Result<Up, Problem>) {
        let (index, later) = (self.parking.index(), now_millis().saturating_add(LOOK_AGAIN));
        match fetched {
            // Its acknowledgement was lost, and it came by the consumer too.
            Ok(Up::Up(delivery)) if self.ways.contains_key(&delivery.sequence) => index.decided(due.own, Some(later)),
            Ok(Up::Up(delivery)) => {
                self.ways.insert(delivery.sequence, Arc::new(Way::Parked(due.own)));
                self.counts.resumed += 1;
                // Until now it waited as it should.
                self.push(*delivery, now_millis());
            }
            Ok(Up::Gone) => index.decided(due.own, None),
            Ok(Up::Missing) => index.missed(due.own, later),
            Err(problem) => {
                tracing::debug!(%problem, "what waits could not be read; it is looked at again");
                index.decided(due.own, Some(later));
            }
        }
    }

    /// The next delivery for which there is a place: orders first, and beside them some of what gives way.
    fn next(&mut self, working: usize, giving: usize) -> Option<(String, Delivery, bool)> {
        if working.saturating_sub(self.asleep.count(false)) < self.width
            && let Some((lane, delivery)) = self.lanes.next(false)
        {
            return Some((lane, delivery, false));
        }
        let has_place = giving.saturating_sub(self.asleep.count(true)) < (self.width / SHARE).max(1);
        let (lane, delivery) = has_place.then(|| self.lanes.next(true))??;
        Some((lane, delivery, true))
    }

    fn begin(&mut self, working: &mut Working<'a>, giving: &mut Working<'a>) {
        while let Some((lane, delivery, gives_way)) = self.next(working.len(), giving.len()) {
            let Some(way) = self.ways.get(&delivery.sequence).cloned() else {
                let (sequence, bytes) = (delivery.sequence, delivery.payload.len());
                self.finished(&Worked { lane, sequence, bytes });
                continue;
            };
            let set = if gives_way { &mut *giving } else { &mut *working };
            let (log, name, stage, stop) = (self.log, self.durable.name, self.stage, self.stop);
            let (taken, parking) = (Arc::clone(&self.taken), Arc::clone(&self.parking));
            let (asleep, most) = (Arc::clone(&self.asleep), self.width.saturating_mul(4));
            let span = telemetry::span_of(name, &delivery.subject, &delivery.headers);
            set.push(Box::pin(async move {
                let held = Instant::now() + HOLD;
                let deciding = async {
                    loop {
                        let verdict = decided(&delivery, stage.decide(&delivery)).await;
                        match verdict {
                            Verdict::Wait(wait) if wait.is_soon && asleep.has_room(most) => {
                                match asleep.until_moved(log, (&wait, gives_way), held, stop).await {
                                    true => {}
                                    false => break Verdict::Wait(wait),
                                }
                            }
                            verdict => break verdict,
                        }
                    }
                };
                let verdict = deciding.instrument(span).await;
                taken.decided(&delivery, &verdict);
                settle(log, &parking, &delivery, &way, verdict).await;
                Worked { lane, sequence: delivery.sequence, bytes: delivery.payload.len() }
            }));
        }
    }

    async fn report_progress(&self) {
        for way in self.ways.values() {
            let Way::Consumer(acker) = way.as_ref() else { continue };
            if let Err(e) = acker.ack_with(AckKind::Progress).await {
                tracing::debug!(error = %e, "progress could not be reported");
            }
        }
    }

    async fn hand_back(&mut self) {
        for delivery in self.lanes.drain() {
            self.counts.bytes = self.counts.bytes.saturating_sub(delivery.payload.len());
            let Some(way) = self.forget(delivery.sequence) else { continue };
            self.taken.handed_back(delivery.sequence);
            match way.as_ref() {
                // Lost: it comes again after the ack wait.
                Way::Consumer(acker) => drop(acker.ack_with(AckKind::Nak(None)).await),
                Way::Parked(own) => self.parking.index().decided(*own, Some(0)),
            }
        }
    }
}
