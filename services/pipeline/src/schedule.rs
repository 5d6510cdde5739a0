//! When a poll runs: so often, or once a day at a time of the business's day.
//!
//! A day of the business is a civil day in its time zone. A time that does not exist on the day when clocks go forward
//! runs as much later as they go, one that exists twice runs the first time: once a day, whatever clocks do. Runs that
//! were missed while nothing ran are caught up by one. What time it is now is an argument.

use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::settings::Span;

/// How far clocks of two replicas may differ. A last run that lies further in the future was written by a clock that
/// was wrong, and shall not keep the poll from running until then.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// After what needs a person, a poll is tried again this soon at the latest.
const PATIENCE: Duration = Duration::from_secs(60);

/// When a poll runs.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// This long after the last run began.
    Every(Duration),
    /// Every day at a time of the business's day.
    Daily(Time, TimeZone),
}

impl Schedule {
    /// The schedule that the settings `interval` and `daily_at` mean in the business's time zone.
    pub fn new(interval: Interval, daily_at: Time, zone: &Zone) -> Self {
        match interval {
            Interval::Every(span) => Self::Every(span.0),
            Interval::Daily => Self::Daily(daily_at, zone.0.clone()),
        }
    }

    /// When the next run is due after one that began at `last`; a time that is past means now.
    pub fn due(&self, last: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let Some(last) = last else { return now };
        let last = last.min(now.saturating_add(SKEW).unwrap_or(Timestamp::MAX));
        match self {
            Self::Every(interval) => {
                let interval = SignedDuration::try_from(*interval).unwrap_or(SignedDuration::MAX);
                last.saturating_add(interval).unwrap_or(Timestamp::MAX)
            }
            Self::Daily(at, zone) => after(last, *at, zone).unwrap_or(Timestamp::MAX),
        }
    }

    /// How long it is from one run to the next, about.
    pub fn interval(&self) -> Duration {
        match self {
            Self::Every(interval) => *interval,
            Self::Daily(..) => Duration::from_secs(24 * 60 * 60),
        }
    }

    /// How long to wait after a run that only a person can mend, who shall not wait for long once it is mended.
    pub fn patience(&self) -> Duration {
        match self {
            Self::Every(interval) => (*interval).min(PATIENCE),
            Self::Daily(..) => PATIENCE,
        }
    }
}

/// The first run of a daily schedule after `last`; `None` at the end of the calendar.
fn after(last: Timestamp, at: Time, zone: &TimeZone) -> Option<Timestamp> {
    // A zone that drops a whole day puts the run of that day on the next one, so the search begins a day early.
    let mut date: Date = last.to_zoned(zone.clone()).date().saturating_sub(1.day());
    for _ in 0..4 {
        let run = zone.to_ambiguous_zoned(date.to_datetime(at)).compatible().ok()?.timestamp();
        if run > last {
            return Some(run);
        }
        date = date.tomorrow().ok()?;
    }
    None
}

/// The setting `interval` of a poll: a length of time, or `daily`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// A run begins this long after the last one.
    Every(Span),
    /// A run a day, at the time that `daily_at` says.
    Daily,
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "daily" {
            return Ok(Self::Daily);
        }
        let span = Span::deserialize(serde::de::value::StringDeserializer::new(text));
        span.map(Self::Every).map_err(|e: D::Error| D::Error::custom(format!("{e}; or write \"daily\"")))
    }
}

/// The setting of the business's time zone: an IANA name such as `Europe/Oslo`.
#[derive(Debug, Clone)]
pub struct Zone(pub TimeZone);

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let zone = TimeZone::get(&name);
        zone.map(Self).map_err(|_| D::Error::custom(format!("`{name}` is no IANA time zone, such as `Europe/Oslo`")))
    }
}

#[cfg(test)]
mod tests;
