//! The broker's time, and how far this machine's clock is from it.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::response::Response;
use jiff::{SignedDuration, Timestamp};
use problem::Code;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::Broker;
use crate::clock;
use crate::health::Health;
use crate::task;

/// The stream whose state is asked for: every service may, and its answer carries the server's time (`ts`).
const ASKED: &str = "STREAM.INFO.KV_ML_KEYS";
/// The name of the clock in the service's health.
const CLOCK: &str = "clock";
/// From how far apart on it is said.
const TOLD: Duration = Duration::from_secs(2);
/// How often it is measured: while the service waits for a clock to be set, and later.
const SOON: Duration = Duration::from_secs(5);
const SELDOM: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Told {
    ts: Option<Timestamp>,
}

/// The broker's time now, to within half of the time that its answer took.
async fn ask(jetstream: &Context) -> Option<Timestamp> {
    let sent = clock::forward();
    let answer: Response<Told> = jetstream.request(ASKED, &()).await.ok()?;
    let Response::Ok(Told { ts: Some(time) }) = answer else { return None };
    time.checked_add(clock::forward().saturating_sub(sent) / 2).ok()
}

/// Takes over the broker's time; returns when this machine's clock is near enough to it, and goes on looking.
pub(crate) async fn agree(broker: &Broker, health: &Health, stop: &CancellationToken) {
    let limit = broker.settings().clock_limit.0;
    while !stop.is_cancelled() {
        if let Some(time) = ask(&broker.jetstream).await {
            clock::anchor(time);
            if compare(time, limit, health) {
                break;
            }
        }
        pass(SOON, stop).await;
    }
    let (broker, health, stop) = (broker.clone(), health.clone(), stop.clone());
    task::detached(async move {
        while !stop.is_cancelled() {
            pass(SELDOM, &stop).await;
            if let Some(time) = ask(&broker.jetstream).await {
                compare(time, limit, &health);
            }
        }
    });
}

/// Returns true when this machine's clock is near enough to the broker's; says how far they are apart.
fn compare(broker: Timestamp, limit: Duration, health: &Health) -> bool {
    let apart = clock::host().duration_since(broker);
    metrics::gauge!("ml_clock_skew_seconds", "against" => "broker").set(apart.as_secs_f64());
    if apart.unsigned_abs() <= limit {
        if apart.unsigned_abs() > TOLD {
            tracing::warn!(%apart, "this machine's clock differs from the broker's; the broker's is used");
        }
        health.ready(CLOCK);
        return true;
    }
    let sentence = sentence(apart, "the broker's");
    tracing::error!(code = Code::ClockSkew.as_str(), sentence, "no work is taken until the clock is set by NTP");
    health.not_ready(CLOCK, format!("CLOCK_SKEW: {sentence}; set the clock by NTP"));
    false
}

/// How far this machine's clock is from another's, in words.
fn sentence(apart: SignedDuration, whose: &str) -> String {
    let way = if apart.is_negative() { "behind" } else { "ahead of" };
    format!("this machine's clock is {} s {way} {whose}", apart.unsigned_abs().as_secs())
}

async fn pass(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
