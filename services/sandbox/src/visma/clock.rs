//! The server's wall clock: local time without a zone, to the millisecond.

use jiff::civil::{DateTime, DateTimeRound};
use jiff::tz::Offset;
use jiff::{RoundMode, SignedDuration, Timestamp, Unit};

use super::config::Config;

/// Now, as the server's clock shows it.
pub(super) fn now(config: &Config) -> DateTime {
    let ahead = SignedDuration::from_mins(i64::from(config.clock_offset_minutes));
    let shifted = Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX);
    let wall = Offset::UTC.to_datetime(shifted);
    wall.round(DateTimeRound::new().smallest(Unit::Millisecond).mode(RoundMode::Trunc)).unwrap_or(wall)
}

/// A point of time as the DTOs show it: up to three decimals, trailing zeros left out, as .NET writes it.
pub(super) fn shown(at: DateTime) -> String {
    let seconds = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    match at.millisecond() {
        0 => seconds,
        millis => format!("{seconds}.{millis:03}").trim_end_matches('0').to_owned(),
    }
}
