//! Documents that wait: for which record or release, since when, and until when.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use problem::Problem;
use record::Log;
use serde::Serialize;

use crate::table::{headed, told};

/// One document that waits for another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The service at which it waits.
    pub service: String,
    /// Kind of the document that waits: `payment`, `invoice`, ….
    pub entity: &'static str,
    /// Key of its record.
    pub key: String,
    /// Reason in words: what it waits for.
    pub why: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// When it is given up, or looked at again, RFC 3339.
    pub until: String,
    /// Subject of the record that it waits for.
    pub waits_for: String,
}

/// All that waits on a connection, the oldest first.
///
/// # Errors
/// `BROKER_AWAY` when the stream cannot be read.
pub async fn list(log: &Log) -> Result<Vec<Waiting>, Problem> {
    let mut all = log.waiting().await?;
    all.sort_by_key(|one| one.since);
    let shown = |one: record::waiting::Waiting| Waiting {
        service: one.stage,
        entity: one.delivery.entity().word(),
        key: one.delivery.key().to_owned(),
        why: one.why,
        since: stamp(one.since),
        until: stamp(one.until),
        waits_for: one.on.subject(),
    };
    Ok(all.into_iter().map(shown).collect())
}

fn stamp(millis: u64) -> String {
    let at = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    at.map_or_else(String::new, |at| at.to_string())
}

/// As a table for a person, with times in `zone`.
pub fn table(all: &[Waiting], zone: &TimeZone) -> String {
    if all.is_empty() {
        return "nothing waits\n".to_owned();
    }
    let time = |at: &str| at.parse().map_or_else(|_| at.to_owned(), |at| told(at, zone));
    let mut table = headed(["waits", "for what", "since", "at the latest until"]);
    for one in all {
        table.add_row([format!("{} {}", one.entity, one.key), one.why.clone(), time(&one.since), time(&one.until)]);
    }
    format!("{table}\n{} wait\n", all.len())
}
