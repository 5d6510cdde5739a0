//! How full each stream is, how it grows, and the day on which it will be full.
//!
//! Nothing is scanned: the broker counts entries and bytes, and is asked for the first entry of the last days. What has
//! come since then says how a stream grows. Bytes are counted before compression, in limits too.

use std::collections::HashSet;
use std::time::Duration;

use async_nats::jetstream::stream::Info;
use jiff::Timestamp;
use pipeline::clock::now_millis;
use pipeline::service::Context;
use pipeline::task;
use problem::{Code, Problem, chain};

use crate::Log;
use crate::streams::{CHANGES, COMMANDS, DEAD, HINTS, OUTCOMES, STREAMS, WAITING};

/// How often a service looks.
const EVERY: Duration = Duration::from_secs(30);
/// Growth is measured over the last days, and over one at least: what the first hour brought is not every hour's.
const DAYS: u64 = 7;
const DAY: u64 = 24 * 60 * 60 * 1_000;
/// A stream that will be full within so many days is told of in a service's health.
const TOLD_WITHIN: u64 = 30;
/// No stream is smaller: a message may have 8 MB.
const SMALLEST: u64 = 16 * 1024 * 1024;

/// Bytes, as the broker counts them, that take one byte of disk: a block that is full is compressed.
pub(crate) const DISK_OF_BYTES: u64 = 4;

/// Bytes that a stream needs for `orders`. An order of the demo leaves 25 KB in `CHANGES`, 2.4 KB in `COMMANDS`, 3.4 KB
/// in `OUTCOMES`, 0.6 KB in `HINTS` (for a week); the others are for what waits and what is given up on.
pub(crate) fn size(stream: &str, orders: u64) -> i64 {
    let an_order = match stream {
        CHANGES => 32_000,
        COMMANDS => 4_000,
        OUTCOMES => 5_000,
        _ => 2_000,
    };
    i64::try_from(orders.saturating_mul(an_order).max(SMALLEST)).unwrap_or(i64::MAX)
}

/// How full a stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// Its name.
    pub stream: &'static str,
    /// Entries in it.
    pub entries: u64,
    /// Bytes of them, as the broker counts.
    pub bytes: u64,
    /// Bytes at which it refuses; none for a stream without a limit.
    pub limit: Option<u64>,
    /// Bytes that come a day, as in the last days.
    pub growth: u64,
    /// Days until it is full, if it goes on like this; none when it never will be.
    pub full_in: Option<u64>,
}

impl Fill {
    /// How full it is in percent.
    pub fn percent(&self) -> Option<u64> {
        let limit = self.limit?.max(1);
        u64::try_from(u128::from(self.bytes) * 100 / u128::from(limit)).ok()
    }

    /// The moment at which it will be full; none when that is never, or too far away to be a date.
    pub fn full_at(&self, now: Timestamp) -> Option<Timestamp> {
        let seconds = self.full_in?.checked_mul(DAY / 1_000)?;
        now.checked_add(Duration::from_secs(seconds)).ok()
    }

    /// How it fills, and what to do.
    pub fn warning(&self, now: Timestamp) -> String {
        let percent = self.percent().unwrap_or(0);
        let when = match self.full_at(now) {
            Some(at) if self.full_in > Some(0) => format!("full on {} as it grows now", at.strftime("%Y-%m-%d")),
            _ => "full within a day".to_owned(),
        };
        format!("{percent} % full, {when}: raise nats.room_for_orders and run `ml-connector provision` (STREAM_FILLS)")
    }
}

/// How long an entry stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stay {
    ForEver,
    For(u64),
    UntilReplaced,
}

/// Figures of a stream, as the broker says them.
#[derive(Debug, Clone, Copy)]
struct Reading {
    stream: &'static str,
    entries: u64,
    bytes: u64,
    limit: Option<u64>,
    stay: Stay,
    /// When its first entry was stored, milliseconds since the epoch.
    first_at: u64,
    /// Entries of the last days.
    lately: u64,
}

impl Reading {
    fn fill(self, now: u64) -> Fill {
        let Self { stream, entries, bytes, limit, .. } = self;
        let growth = match self.stay {
            Stay::UntilReplaced => 0,
            Stay::ForEver | Stay::For(_) => self.growth(now),
        };
        // What goes by its age does not add up.
        let ever = match self.stay {
            Stay::For(age) => Some(per(growth, age, DAY)),
            Stay::ForEver | Stay::UntilReplaced => None,
        };
        let full_in = limit.and_then(|limit| {
            let left = limit.saturating_sub(bytes);
            if left <= limit / 100 {
                return Some(0);
            }
            if ever.is_some_and(|ever| ever <= limit) {
                return None;
            }
            left.checked_div(growth)
        });
        Fill { stream, entries, bytes, limit, growth, full_in }
    }

    fn growth(&self, now: u64) -> u64 {
        let over = now.saturating_sub(self.first_at).clamp(DAY, DAYS * DAY);
        per(per(self.bytes, self.lately, self.entries), DAY, over)
    }
}

/// `amount` × `part` ÷ `of`.
fn per(amount: u64, part: u64, of: u64) -> u64 {
    let share = (u128::from(amount) * u128::from(part)).checked_div(u128::from(of)).unwrap_or(0);
    u64::try_from(share).unwrap_or(u64::MAX)
}

impl Log {
    /// How full each stream is.
    ///
    /// # Errors
    /// `BROKER_AWAY` when a stream cannot be looked at.
    pub async fn capacity(&self) -> Result<Vec<Fill>, Problem> {
        let (now, mut all) = (now_millis(), Vec::new());
        for stream in STREAMS {
            let reading = self.reading(stream, now).await.map_err(|cause| {
                let sentence = format!("the stream {stream} could not be looked at: {cause}");
                Problem::new(Code::BrokerAway, sentence, "look at the broker, or run `ml-connector provision`")
            })?;
            all.push(reading.fill(now));
        }
        Ok(all)
    }

    async fn reading(&self, stream: &'static str, now: u64) -> Result<Reading, String> {
        let found = self.broker().jetstream.get_stream(stream).await.map_err(|e| chain(&e))?;
        let Info { config, state, .. } = found.cached_info();
        let stay = match (u64::try_from(config.max_age.as_millis()), config.max_messages_per_subject) {
            (Ok(0), 1) => Stay::UntilReplaced,
            (Ok(age), _) if age > 0 => Stay::For(age),
            _ => Stay::ForEver,
        };
        let millis = state.first_timestamp.unix_timestamp_nanos() / 1_000_000;
        let mut reading = Reading {
            stream,
            entries: state.messages,
            bytes: state.bytes,
            limit: u64::try_from(config.max_bytes).ok().filter(|limit| *limit > 0),
            stay,
            first_at: u64::try_from(millis).unwrap_or(0),
            lately: state.messages,
        };
        let from = now.saturating_sub(DAYS * DAY);
        if stay == Stay::ForEver && reading.entries > 0 && reading.first_at < from {
            let first = self.first_since(stream, from).await?;
            reading.lately = first.map_or(0, |first| (state.last_sequence + 1).saturating_sub(first));
        }
        Ok(reading)
    }

    /// Sequence of the first entry that was stored at `from` or later.
    async fn first_since(&self, stream: &str, from: u64) -> Result<Option<u64>, String> {
        let from = i64::try_from(from).ok().and_then(|from| Timestamp::from_millisecond(from).ok()).unwrap_or_default();
        let request = format!("{{\"start_time\":\"{from}\"}}");
        // The client has no such request of its own.
        let client = self.broker().jetstream.client();
        let answer = client.request(format!("$JS.API.DIRECT.GET.{stream}"), request.into()).await;
        let headers = answer.map_err(|e| chain(&e))?.headers.unwrap_or_default();
        Ok(headers.get("Nats-Sequence").and_then(|sequence| sequence.as_str().parse().ok()))
    }
}

/// Shows how full the streams are in metrics, and says in the service's health which will be full soon, until it stops.
pub fn watch(log: &Log, context: &Context) {
    let (log, context) = (log.clone(), context.clone());
    task::spawn(async move {
        let mut told = HashSet::new();
        loop {
            match log.capacity().await {
                Ok(fills) => fills.iter().for_each(|fill| show(fill, &mut told, &context)),
                Err(problem) => tracing::debug!(%problem, "how full the streams are could not be asked"),
            }
            if context.stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
        }
    });
}

#[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn show(fill: &Fill, told: &mut HashSet<&'static str>, context: &Context) {
    let stream = fill.stream;
    metrics::gauge!("ml_stream_bytes", "stream" => stream).set(fill.bytes as f64);
    metrics::gauge!("ml_stream_limit_bytes", "stream" => stream).set(fill.limit.map_or(f64::INFINITY, |l| l as f64));
    metrics::gauge!("ml_stream_full_days", "stream" => stream).set(fill.full_in.map_or(f64::INFINITY, |d| d as f64));
    let what = known_as(stream);
    if fill.full_in.is_some_and(|days| days <= TOLD_WITHIN) {
        let warning = fill.warning(Timestamp::now());
        if told.insert(stream) {
            tracing::warn!(stream, warning, "a stream fills");
        }
        context.health.say(what, warning);
    } else {
        told.remove(stream);
        context.health.unsay(what);
    }
}

/// Returns the name of a stream's filling in a service's health.
fn known_as(stream: &str) -> &'static str {
    match stream {
        HINTS => "room in HINTS",
        CHANGES => "room in CHANGES",
        COMMANDS => "room in COMMANDS",
        OUTCOMES => "room in OUTCOMES",
        WAITING => "room in WAITING",
        DEAD => "room in DEAD",
        _ => "room",
    }
}

/// A number of bytes as people read it.
#[must_use]
pub fn told(bytes: u64) -> String {
    let (mut scaled, mut unit) = (bytes, "bytes");
    for larger in ["KB", "MB", "GB", "TB"] {
        if scaled < 10_000 {
            break;
        }
        (scaled, unit) = (scaled.saturating_add(500) / 1_000, larger);
    }
    format!("{scaled} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000 * DAY;

    fn reading(bytes: u64, first_at: u64, lately: u64) -> Reading {
        let (stream, stay, limit) = (CHANGES, Stay::ForEver, Some(1_000_000));
        Reading { stream, entries: 1_000, bytes, limit, stay, first_at, lately }
    }

    #[test]
    fn a_stream_is_full_on_the_day_that_its_last_week_says() {
        let fill = reading(500_000, NOW - 100 * DAY, 70).fill(NOW);
        assert_eq!((fill.growth, fill.full_in, fill.percent()), (5_000, Some(100), Some(50)));
        let young = reading(500_000, NOW - 2 * DAY, 1_000).fill(NOW);
        assert_eq!((young.growth, young.full_in), (250_000, Some(2)));
        let of_an_hour = reading(500_000, NOW - DAY / 24, 1_000).fill(NOW);
        assert_eq!((of_an_hour.growth, of_an_hour.full_in), (500_000, Some(1)), "a first hour is not every hour");
        assert_eq!(reading(500_000, NOW - 100 * DAY, 0).fill(NOW).full_in, None, "nothing comes");
        assert_eq!(reading(995_000, NOW - 100 * DAY, 0).fill(NOW).full_in, Some(0), "the next one may not fit");
        assert_eq!(Reading { limit: None, ..reading(995_000, NOW, 9) }.fill(NOW).full_in, None);
        assert_eq!(Reading { entries: 0, ..reading(0, 0, 0) }.fill(NOW).full_in, None);
    }

    #[test]
    fn what_goes_by_itself_does_not_add_up() {
        let week = Reading { stay: Stay::For(7 * DAY), ..reading(700_000, NOW - 7 * DAY, 1_000) }.fill(NOW);
        assert_eq!((week.growth, week.full_in), (100_000, None), "700 KB is what a week takes");
        let more = Reading { stay: Stay::For(7 * DAY), ..reading(400_000, NOW - 2 * DAY, 1_000) }.fill(NOW);
        assert_eq!((more.growth, more.full_in), (200_000, Some(3)), "a week would take 1.4 MB");
        let waiting = Reading { stay: Stay::UntilReplaced, ..reading(400_000, NOW - 2 * DAY, 1_000) };
        assert_eq!((waiting.fill(NOW).growth, waiting.fill(NOW).full_in), (0, None));
    }

    #[test]
    fn a_warning_says_when_and_what_to_do() {
        let now: Timestamp = "2026-12-01T10:00:00Z".parse().unwrap();
        let warning = reading(900_000, NOW - 10 * DAY, 70).fill(NOW).warning(now);
        assert!(warning.starts_with("90 % full, full on 2026-12-12 as it grows now: raise"), "{warning}");
        assert_eq!([told(9_999), told(87_600_000_000), told(16_777_216)], ["9999 bytes", "88 GB", "17 MB"]);
    }

    /// The one of a stream that hardly grows is beyond every calendar.
    #[test]
    fn a_day_that_is_too_far_away_is_none() {
        for days in [20_000_000, u64::MAX / 2, u64::MAX] {
            let fill = Fill { stream: CHANGES, entries: 1, bytes: 1, limit: Some(2), growth: 1, full_in: Some(days) };
            assert_eq!(fill.full_at(Timestamp::UNIX_EPOCH), None, "{days}");
        }
    }
}
