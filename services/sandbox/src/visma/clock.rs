//! The server's wall clock: local time without a zone, to the millisecond.

use jiff::civil::{DateTime, DateTimeRound};
use jiff::tz::TimeZone;
use jiff::{RoundMode, SignedDuration, Timestamp, Unit};

use super::config::Config;

/// The server's time zone: a POSIX string, or a name that this machine's time zone database knows.
///
/// # Errors
/// A sentence when it is neither.
pub(super) fn zone(config: &Config) -> Result<TimeZone, String> {
    let name = &config.clock_zone;
    let zone = TimeZone::posix(name).or_else(|_| TimeZone::get(name));
    zone.map_err(|_| format!("clock_zone: '{name}' is no POSIX time zone and no name that is known here"))
}

/// How far the clock must be set ahead to show this time now, in milliseconds.
pub(super) fn ahead_ms(at: Timestamp) -> i64 {
    at.as_millisecond() - Timestamp::now().as_millisecond()
}

/// Now, as the server's clock shows it. Where summer ends, an hour comes twice.
pub(super) fn now(config: &Config) -> DateTime {
    let ahead = SignedDuration::from_millis(config.clock_ahead_ms);
    let shifted = Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX);
    let wall = zone(config).unwrap_or(TimeZone::UTC).to_datetime(shifted);
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
