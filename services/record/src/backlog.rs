//! How long a service's backlog has waited and when it will be done: gauges, and a line in the log while it is long.
//!
//! The broker says how much waits. The cost is measured here. The budget says what the vendor still takes.

use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};
use jiff::Timestamp;
use pipeline::budget::Outlook;
use pipeline::clock::now_millis;
use pipeline::service::Context;
use pipeline::vendor::Vendor;
use problem::{Code, Problem, chain};
use tokio_util::sync::CancellationToken;

use crate::Log;
use crate::address::Kind;
use crate::streams::{Durable, consumer};
use crate::take::taken::Standing;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(15);
/// A backlog that takes longer than this is told in the log, milliseconds.
const LONG: u64 = 60_000;
/// How often it is told, milliseconds.
const TELL_EVERY: u64 = 5 * 60_000;

/// Totals that were counted at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    at: u64,
    /// Calls for documents that this process has made.
    calls: u64,
    /// Deliveries that it has settled.
    done: u64,
}

/// Cost of one delivery, and how quickly calls are made, as far as was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Measure {
    first: Count,
    last: Count,
    /// Calls a second while calls were made.
    pace: u64,
}

impl Measure {
    fn see(&mut self, count: Count) {
        if self.first.at == 0 {
            *self = Self { first: count, last: count, pace: 0 };
            return;
        }
        let time = count.at.saturating_sub(self.last.at).max(1);
        let pace = count.calls.saturating_sub(self.last.calls).saturating_mul(1_000) / time;
        // While a window is spent none are made; that says nothing of how quickly they are made when they may be.
        self.pace = if pace == 0 { self.pace } else { pace };
        self.last = count;
    }

    /// Calls that so many deliveries will take. A steady document costs one; look-ups and retries are in the measure.
    fn calls_for(&self, deliveries: u64) -> u64 {
        let (calls, done) = (self.last.calls - self.first.calls, self.last.done - self.first.done);
        if done < 10 {
            return deliveries; // Too few to measure by.
        }
        let measured = u128::from(deliveries) * u128::from(calls) / u128::from(done);
        u64::try_from(measured).unwrap_or(u64::MAX)
    }
}

/// Looks at what waits for `durable` until the service stops; `vendor` is whom its deliveries are calls to, if any.
pub fn watch(log: &Log, durable: Durable, vendor: Option<Vendor>, context: &Context) {
    context.spawn(look(log.clone(), durable, vendor, context.stop.clone()));
}

async fn look(log: Log, durable: Durable, vendor: Option<Vendor>, stop: CancellationToken) {
    let (mut measure, mut stall, mut told_at, mut was_long) = (Measure::default(), Stall::default(), 0, false);
    let taken = log.taken(durable.name);
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
        let waiting = match waiting(&log, durable).await {
            Ok(waiting) => waiting,
            Err(e) => {
                tracing::debug!(error = e, "the backlog could not be looked at");
                continue;
            }
        };
        let (now, standing) = (now_millis(), taken.standing());
        // What waits as it should, for a window of the vendor too, is still to be done; it has no age.
        let active = waiting.saturating_sub(standing.postponed);
        let calls_made = vendor.as_ref().map_or(standing.settled, Vendor::calls_for_documents);
        measure.see(Count { at: now, calls: calls_made, done: standing.settled });
        let (calls, oldest) = (measure.calls_for(waiting), stall.oldest(active, standing, now));
        let outlook = match &vendor {
            Some(vendor) => vendor.outlook().await,
            None => Outlook::default(),
        };
        let left = outlook.done_at(calls, measure.pace, now).saturating_sub(now);
        // While nothing is settled, nobody can say when; as long again as it has waited already is a lower bound.
        let left = if stall.is_standing { left.max(oldest) } else { left };
        note(durable.name, waiting, (left, oldest), outlook);
        #[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!("ml_waiting", "consumer" => durable.name).set(log.index(durable.name).count() as f64);
        let long = waiting > 0 && left > LONG;
        if long && now.saturating_sub(told_at) >= TELL_EVERY {
            told_at = now;
            let done_at = i64::try_from((now + left) / 1_000).ok().and_then(|at| Timestamp::from_second(at).ok());
            let done_at = done_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
            let oldest = oldest / 1_000;
            tracing::info!(waiting, calls, oldest, done_at, limit = outlook.limit, left = outlook.left, "a backlog");
        } else if was_long && waiting == 0 {
            tracing::info!("the backlog is done");
            told_at = 0;
        }
        was_long = long || was_long && waiting > 0;
    }
}

/// Since when something waits and nothing is settled.
#[derive(Debug, Default)]
struct Stall {
    /// Number settled at the last look, and the time since which it has not changed, milliseconds since the epoch.
    seen: Option<(u64, u64)>,
    is_standing: bool,
}

impl Stall {
    /// How long the oldest of `active` deliveries has waited, milliseconds; zero when none waits. One that nobody has
    /// taken yet has waited since nothing is settled, at least.
    fn oldest(&mut self, active: u64, standing: Standing, now: u64) -> u64 {
        if active == 0 {
            *self = Self::default();
            return 0;
        }
        let stood = self.seen.filter(|(settled, _)| *settled == standing.settled);
        let since = stood.map_or(now, |(_, since)| since);
        self.is_standing = stood.is_some();
        self.seen = Some((standing.settled, since));
        now.saturating_sub(standing.oldest.unwrap_or(now).min(since))
    }
}

/// Deliveries of a durable that are not settled yet.
///
/// # Errors
/// When the broker does not answer, in words.
pub async fn waiting(log: &Log, durable: Durable) -> Result<u64, String> {
    let (name, stream) = (durable.consumer(log.connection()), durable.stream());
    let consumer: Consumer<pull::Config> =
        log.broker().jetstream.get_consumer_from_stream(name.as_ref(), stream).await.map_err(|e| chain(&e))?;
    let info = consumer.cached_info();
    Ok(info.num_pending + u64::try_from(info.num_ack_pending).unwrap_or(0))
}

/// Sequence of the last entry that the connection's consumer of the service `name` is past, with all before it.
///
/// # Errors
/// `BROKER_AWAY` when the broker does not say.
pub async fn past(log: &Log, (kind, name): (Kind, &'static str)) -> Result<u64, Problem> {
    let name = consumer(name, log.connection());
    let consumer: Result<Consumer<pull::Config>, _> =
        log.broker().jetstream.get_consumer_from_stream(name.as_ref(), kind.stream()).await;
    let consumer = consumer.map_err(|e| {
        let sentence = format!("how far {name} is could not be asked: {}", chain(&e));
        Problem::new(Code::BrokerAway, sentence, "look at the broker, or run `ml-connector provision`")
    })?;
    let info = consumer.cached_info();
    Ok(if info.num_ack_pending == 0 { info.delivered.stream_sequence } else { info.ack_floor.stream_sequence })
}

#[allow(clippy::cast_precision_loss, reason = "a gauge is a float, and no such figure is beyond its precision")]
fn note(name: &'static str, waiting: u64, (left, oldest): (u64, u64), outlook: Outlook) {
    metrics::gauge!("ml_backlog", "consumer" => name).set(waiting as f64);
    metrics::gauge!("ml_backlog_seconds", "consumer" => name).set((left / 1_000) as f64);
    metrics::gauge!("ml_backlog_oldest_seconds", "consumer" => name).set((oldest / 1_000) as f64);
    if let Some(limit) = outlook.limit {
        metrics::gauge!("ml_budget_limit", "consumer" => name).set(limit as f64);
        metrics::gauge!("ml_budget_left", "consumer" => name).set(outlook.left as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(at: u64, calls: u64, done: u64) -> Count {
        Count { at, calls, done }
    }

    #[test]
    fn what_a_delivery_costs_is_measured() {
        let mut measure = Measure::default();
        measure.see(count(1_000, 500, 100));
        assert_eq!(measure.calls_for(40), 40, "nothing is known yet");
        measure.see(count(11_000, 650, 200));
        assert_eq!(measure.calls_for(40), 60, "three calls for two documents");
    }

    #[test]
    fn what_waits_while_nothing_is_settled_has_an_age() {
        let mut stall = Stall::default();
        let standing = |oldest, settled| Standing { oldest, postponed: 0, settled };
        assert_eq!((stall.oldest(8, standing(Some(4_000), 3), 10_000), stall.is_standing), (6_000, false));
        assert_eq!((stall.oldest(8, standing(Some(4_000), 3), 25_000), stall.is_standing), (21_000, true));
        assert_eq!((stall.oldest(8, standing(None, 3), 40_000), stall.is_standing), (30_000, true), "none is taken");
        assert_eq!((stall.oldest(7, standing(None, 4), 55_000), stall.is_standing), (0, false));
        assert_eq!((stall.oldest(0, standing(None, 4), 70_000), stall.is_standing), (0, false));
    }

    #[test]
    fn a_spent_window_does_not_make_the_pace_slower() {
        let mut measure = Measure::default();
        measure.see(count(1_000, 0, 0));
        measure.see(count(11_000, 200, 200));
        measure.see(count(21_000, 200, 200));
        assert_eq!(measure.pace, 20);
    }
}
