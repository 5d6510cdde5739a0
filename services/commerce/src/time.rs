//! Time as Commerce writes it: `YYYY-MM-DD HH:MM:SS`, in UTC, without saying so, to the second.
//!
//! The shop's own time zone plays no part in REST. A second is coarse: several records share one, and a record that was
//! written twice in one second shows it nowhere, which is why the paging in [`crate::keyset`] reads ties again.

use std::fmt;

use jiff::civil::DateTime;
use jiff::{Span, Timestamp, tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

const SPELLING: &str = "%Y-%m-%d %H:%M:%S";

/// One second of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(DateTime);

/// A text that is not `YYYY-MM-DD HH:MM:SS`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time as Commerce writes it (YYYY-MM-DD HH:MM:SS, UTC)")]
pub struct MomentError(String);

impl Moment {
    /// Reads Commerce's spelling.
    ///
    /// # Errors
    /// When the text is anything else, or no day or time that exists.
    pub fn parse(text: &str) -> Result<Self, MomentError> {
        let parsed = DateTime::strptime(SPELLING, text).ok().map(Self);
        // The parser forgives missing zeros, which would not compare as text in Commerce's database.
        parsed.filter(|moment| moment.to_string() == text).ok_or_else(|| MomentError(text.chars().take(40).collect()))
    }

    /// The second in which an instant lies.
    pub fn of(instant: Timestamp) -> Self {
        let utc = tz::Offset::UTC.to_datetime(instant);
        Self(utc.with().subsec_nanosecond(0).build().unwrap_or(utc))
    }

    /// The instant at which this second begins.
    ///
    /// `None` at the far ends of the calendar, which no record bears.
    pub fn timestamp(self) -> Option<Timestamp> {
        tz::Offset::UTC.to_timestamp(self.0).ok()
    }

    /// This many seconds earlier; the beginning of the calendar stays where it is.
    pub fn earlier(self, seconds: u32) -> Self {
        Self(self.0.saturating_sub(Span::new().seconds(i64::from(seconds))))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0.strftime(SPELLING))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// Reads the date of an HTTP header (`Date`, `Retry-After`: RFC 9110 section 5.6.7).
pub fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::{Moment, http_date};

    fn moment(text: &str) -> Moment {
        Moment::parse(text).expect("a time of the test")
    }

    #[test]
    fn reads_and_writes_one_spelling() {
        assert_eq!(moment("2026-01-31 08:04:55").to_string(), "2026-01-31 08:04:55");
        for text in
            ["", "2026-01-31", "2026-01-31T08:04:55", "2026-1-31 08:04:55", "2026-02-30 00:00:00", "2026-01-31 8:04:55"]
        {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn goes_back_over_midnight_and_leap_days() {
        assert_eq!(moment("2028-03-01 00:00:10").earlier(20).to_string(), "2028-02-29 23:59:50");
        assert_eq!(moment("2027-01-01 00:00:00").earlier(1).to_string(), "2026-12-31 23:59:59");
        assert_eq!(moment("2026-01-01 00:00:00").earlier(0).to_string(), "2026-01-01 00:00:00");
        assert!(moment("2026-01-01 00:00:00").earlier(u32::MAX) < moment("1900-01-01 00:00:00"));
    }

    #[test]
    fn is_utc_and_drops_fractions() {
        let instant: jiff::Timestamp = "2026-01-31T08:04:55.999Z".parse().expect("an instant");
        assert_eq!(Moment::of(instant), moment("2026-01-31 08:04:55"));
        assert_eq!(Moment::of(instant).timestamp(), "2026-01-31T08:04:55Z".parse().ok());
    }

    #[test]
    fn reads_dates_of_http() {
        assert_eq!(http_date("Sun, 22 Nov 2026 11:58:38 GMT"), "2026-11-22T11:58:38Z".parse().ok());
        assert_eq!(http_date("tomorrow"), None);
    }
}
