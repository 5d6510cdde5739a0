//! A moment on Visma's own clock.
//!
//! Visma stamps records with a wall clock and names no zone, in three shapes. What zone it is, is documented nowhere,
//! and there is evidence for the server's local time. So a stamp is opaque: it is compared with other stamps of
//! Visma's, moved back by an overlap, and never held against a clock of ours. Local time repeats an hour in autumn, so
//! an overlap of an hour or more is a cursor's.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{DateTime, DateTimeRound};
use jiff::{RoundMode, SignedDuration, Timestamp, Unit};
use serde::{Deserialize, Serialize};

/// A moment on Visma's clock, to the millisecond. Ordered as that clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Stamp(DateTime);

/// A text that is none of the shapes in which Visma writes a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a moment as Visma writes one (2026-11-22T09:00:00.000, with or without zone)")]
pub struct StampError {
    text: String,
}

impl Stamp {
    /// This moment less an overlap.
    #[must_use]
    pub fn rewound(self, overlap: Duration) -> Self {
        Self(self.0.saturating_sub(overlap))
    }

    /// The next moment that this clock can show.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(SignedDuration::from_millis(1)))
    }

    /// A moment between this one and a later one; nothing when the later one is the next, or is not later.
    #[must_use]
    pub fn midway(self, later: Self) -> Option<Self> {
        let half = later.0.duration_since(self.0).as_millis() / 2;
        let half = i64::try_from(half).ok().filter(|half| *half > 0)?;
        Some(Self(self.0.saturating_add(SignedDuration::from_millis(half))))
    }

    /// A stamp that Visma's clock cannot have reached at the given instant, whatever its zone: no clock on earth runs
    /// more than 14 hours ahead of UTC. `margin` is for the difference between the clocks.
    #[must_use]
    pub fn surely_after(unix_millis: u64, margin: Duration) -> Self {
        Self(utc(unix_millis).saturating_add(SignedDuration::from_hours(14)).saturating_add(margin))
    }

    /// A stamp that Visma's clock had passed at the given instant, whatever its zone: no clock on earth runs more than
    /// 12 hours behind UTC. `overlap` is for the difference between the clocks.
    #[must_use]
    pub fn surely_before(unix_millis: u64, overlap: Duration) -> Self {
        Self(utc(unix_millis).saturating_sub(SignedDuration::from_hours(12))).rewound(overlap)
    }

    /// The day of it: `2026-11-22`.
    #[must_use]
    pub fn date(self) -> String {
        self.0.date().to_string()
    }
}

/// Time that a clock in UTC shows at an instant; the end of time for an instant that cannot be.
fn utc(unix_millis: u64) -> DateTime {
    let instant = i64::try_from(unix_millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    instant.unwrap_or(Timestamp::MAX).to_zoned(jiff::tz::TimeZone::UTC).datetime()
}

impl From<DateTime> for Stamp {
    /// A wall clock's time.
    fn from(moment: DateTime) -> Self {
        Self(moment)
    }
}

impl FromStr for Stamp {
    type Err = StampError;

    fn from_str(text: &str) -> Result<Self, StampError> {
        let trimmed = text.trim();
        let (date, time) = trimmed.split_once(['T', ' ']).unwrap_or((trimmed, "00:00:00"));
        // The zone says where the clock hangs; the wall clock is what the filter compares.
        let time = time.find(['Z', 'z', '+', '-']).and_then(|zone| time.get(..zone)).unwrap_or(time);
        let moment = DateTime::from_str(&format!("{date}T{time}")).ok();
        // The filter takes milliseconds; a truncated cursor reads a row again, a rounded one could skip it.
        let moment =
            moment.and_then(|m| m.round(DateTimeRound::new().smallest(Unit::Millisecond).mode(RoundMode::Trunc)).ok());
        moment.map(Self).ok_or_else(|| StampError { text: text.to_owned() })
    }
}

impl TryFrom<String> for Stamp {
    type Error = StampError;

    fn try_from(text: String) -> Result<Self, StampError> {
        text.parse()
    }
}

impl From<Stamp> for String {
    fn from(stamp: Stamp) -> Self {
        stamp.to_string()
    }
}

/// In the shape that the filters take: milliseconds, no zone (Visma's page on date and time conditions).
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Stamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_shape_is_the_same_wall_clock() {
        for text in [
            "2020-08-05T15:13:15.643",
            "2020-08-05 15:13:15.643",
            "2020-08-05T15:13:15.643Z",
            "2020-08-05T15:13:15.643+02:00",
            "2020-08-05T15:13:15.6439999-05:00",
        ] {
            assert_eq!(stamp(text).to_string(), "2020-08-05T15:13:15.643", "{text}");
        }
        assert_eq!(stamp("2020-08-05T15:13:15").to_string(), "2020-08-05T15:13:15.000");
        assert_eq!(stamp("2020-08-05").to_string(), "2020-08-05T00:00:00.000");
        for text in ["", "yesterday", "2020-13-01", "2020-08-05T25:00:00"] {
            assert!(text.parse::<Stamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_overlap_crosses_days() {
        assert_eq!(
            stamp("2026-03-01T00:30:00").rewound(Duration::from_secs(3600)).to_string(),
            "2026-02-28T23:30:00.000"
        );
        assert!(stamp("2026-03-01") < stamp("2026-03-01T00:00:00.001"));
    }

    #[test]
    fn halving_ends_at_the_next_moment() {
        let (mut low, high) = (stamp("1970-01-01"), stamp("2026-11-22T09:00:00.643"));
        let mut steps = 0;
        while let Some(middle) = low.midway(high) {
            assert!(low < middle && middle < high);
            low = middle;
            steps += 1;
        }
        assert_eq!((low.next(), high.midway(low), high.midway(high)), (high, None, None));
        assert!(steps < 45, "{steps}");
    }

    #[test]
    fn surely_before_is_before_in_every_zone() {
        // 2026-11-22T09:00:00Z is 21:00 of the day before in the last zone on earth.
        assert_eq!(Stamp::surely_before(1_795_338_000_000, Duration::ZERO).to_string(), "2026-11-21T21:00:00.000");
    }

    #[test]
    fn surely_after_is_after_in_every_zone() {
        assert_eq!(Stamp::surely_after(1_795_338_000_000, Duration::ZERO).to_string(), "2026-11-22T23:00:00.000");
        assert!(Stamp::surely_after(u64::MAX, Duration::from_secs(1)) > stamp("9999-12-30"));
    }

    #[test]
    fn a_cursor_survives_its_bucket() {
        let kept = serde_json::to_string(&stamp("2026-11-22 09:00:00.5")).unwrap();
        assert_eq!(kept, "\"2026-11-22T09:00:00.500\"");
        assert_eq!(serde_json::from_str::<Stamp>(&kept).unwrap(), stamp("2026-11-22T09:00:00.500"));
    }
}
