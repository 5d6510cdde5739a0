//! The horizon of the archive: the moment before which the log's silence proves nothing, because what was final then
//! was taken out of it.
//!
//! It is written before the first entry is purged, and read anew whenever silence is to prove something: a value that a
//! process remembers could be older than the purge.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use pipeline::broker::buckets::CURSORS;
use pipeline::broker::last::Last;
use pipeline::broker::token::key_token;
use pipeline::cursor::Cursor;
use problem::{Code, Problem, chain};
use serde::{Deserialize, Serialize};

use crate::Log;

/// Name of its entry among the cursors of a connection.
const NAME: &str = "horizon";

/// How far back the log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Horizon {
    /// Records that were final before this moment may be in the archive.
    pub before: Timestamp,
    /// When it was written.
    pub at: Timestamp,
}

impl Horizon {
    /// True when the documents of an order that was placed at `placed`, as Commerce writes it, may be in the archive.
    /// An order of which that is not known may be.
    #[must_use]
    pub fn hides(&self, placed: &str) -> bool {
        moment(placed).is_none_or(|placed| placed < self.before)
    }

    /// The moment in milliseconds since the epoch.
    #[must_use]
    pub fn millis(&self) -> u64 {
        u64::try_from(self.before.as_millisecond()).unwrap_or(0)
    }
}

/// A time as Commerce writes it: `2026-12-01 10:00:00`, in UTC.
#[must_use]
pub fn moment(placed: &str) -> Option<Timestamp> {
    let civil: DateTime = placed.parse().ok()?;
    Offset::UTC.to_timestamp(civil).ok()
}

impl Log {
    /// The horizon of the connection as it stands now; none when nothing was ever archived.
    ///
    /// # Errors
    /// When the broker does not answer, or a later version has written what cannot be read.
    pub async fn horizon(&self) -> Result<Option<Horizon>, Problem> {
        let subject = format!("$KV.{CURSORS}.{}.{NAME}", key_token(self.connection().name()));
        let last = Last::of(&self.broker().jetstream, &format!("KV_{CURSORS}")).await?.get(&subject).await?;
        let Some(last) = last else { return Ok(None) };
        serde_json::from_slice(&last.payload).map(Some).map_err(|e| {
            let sentence = format!("the horizon of the archive cannot be read: {}", chain(&e));
            let remedy = "run a version of ml-connector that is at least as new as the one that archived";
            Problem::new(Code::HorizonUnreadable, sentence, remedy)
        })
    }

    /// Moves the horizon to `before`. It never moves back.
    ///
    /// # Errors
    /// When the broker does not confirm it: nothing may be purged then.
    pub async fn move_horizon(&self, before: Timestamp) -> Result<Horizon, Problem> {
        let known = self.horizon().await?;
        let before = known.map_or(before, |known| known.before.max(before));
        let horizon = Horizon { before, at: pipeline::clock::now() };
        Cursor::open(self.broker(), self.connection().name(), NAME).await?.write(&horizon).await?;
        Ok(horizon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_archived_is_older_or_unknown() {
        let before: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        let horizon = Horizon { before, at: before };
        assert!(horizon.hides("2026-12-31 23:59:59"));
        assert!(!horizon.hides("2027-01-01 00:00:00"));
        for unknown in ["", "yesterday"] {
            assert!(horizon.hides(unknown), "{unknown:?} is looked up");
        }
        let text = serde_json::to_string(&horizon).unwrap();
        assert_eq!(text, r#"{"before":"2027-01-01T00:00:00Z","at":"2027-01-01T00:00:00Z"}"#);
        assert_eq!(serde_json::from_str::<Horizon>(&text).unwrap(), horizon);
    }
}
