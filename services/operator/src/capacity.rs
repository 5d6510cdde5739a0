//! How full the streams are, and the day on which each will be full.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pipeline::broker::Broker;
use problem::{Code, Problem, chain};
use record::Log;
use record::capacity::{Fill, told as size};
use serde::Serialize;

use crate::table::headed;

/// A stream that will be full within so many days is a finding.
const SOON: u64 = 90;
/// Code of such a stream.
const FILLS: Code = Code::StreamFills;

/// One stream.
#[derive(Debug, Clone, Serialize)]
pub struct Room {
    /// Its name.
    pub stream: &'static str,
    /// Entries in it.
    pub entries: u64,
    /// Bytes of them, as the broker counts: before compression.
    pub bytes: u64,
    /// Bytes at which it refuses; null without a limit.
    pub limit: Option<u64>,
    /// How full it is.
    pub percent: Option<u64>,
    /// Bytes that come a day, as in the last week.
    pub growth: u64,
    /// Days until it is full; null when it never will be.
    pub full_in_days: Option<u64>,
    /// Date of that day, RFC 3339; null when it never comes, or is too far away to be a date.
    pub full_at: Option<String>,
    /// `STREAM_FILLS` when that is soon.
    pub code: Option<Code>,
    /// Sentence that says how full it is, and what to do.
    #[serde(skip)]
    warning: String,
}

impl Room {
    fn of(fill: &Fill, now: Timestamp) -> Self {
        Self {
            stream: fill.stream,
            entries: fill.entries,
            bytes: fill.bytes,
            limit: fill.limit,
            percent: fill.percent(),
            growth: fill.growth,
            full_in_days: fill.full_in,
            full_at: fill.full_at(now).map(|at| at.to_string()),
            code: fill.full_in.filter(|days| *days <= SOON).map(|_| FILLS),
            warning: fill.warning(now),
        }
    }

    /// Returns true when it will be full soon.
    pub fn fills_soon(&self) -> bool {
        self.code.is_some()
    }
}

/// Counts of everything on the broker's disk.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Disk {
    /// Bytes of all streams and buckets, before compression.
    pub all_bytes: u64,
    /// Bytes that are reserved for them.
    pub all_reserved: u64,
    /// Bytes that the account may have; null without a limit.
    pub all_limit: Option<u64>,
}

/// How full each stream is.
///
/// # Errors
/// `BROKER_AWAY` when a stream cannot be looked at.
pub async fn list(log: &Log) -> Result<Vec<Room>, Problem> {
    let now = Timestamp::now();
    Ok(log.capacity().await?.iter().map(|fill| Room::of(fill, now)).collect())
}

/// Reads the broker's counts of its disk.
///
/// # Errors
/// `BROKER_AWAY` when it says nothing.
pub async fn disk(broker: &Broker) -> Result<Disk, Problem> {
    let account = broker.jetstream.query_account().await.map_err(|e| {
        let sentence = format!("the broker does not say how much it stores: {}", chain(&e));
        Problem::new(Code::BrokerAway, sentence, "look at the broker")
    })?;
    let all_limit = account.limits.max_storage.and_then(|limit| u64::try_from(limit).ok());
    Ok(Disk { all_bytes: account.storage, all_reserved: account.reserved_storage, all_limit })
}

/// As a table for a person, with days in `zone`, and a sentence about each stream that will be full soon.
pub fn table(rooms: &[Room], zone: &TimeZone) -> String {
    let mut table = headed(["stream", "entries", "bytes", "of", "full", "a day", "full on"]);
    for room in rooms {
        let day =
            |at: &String| at.parse::<Timestamp>().map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string());
        let full_on = match (&room.full_at, room.full_in_days) {
            (Some(at), _) => day(at).unwrap_or_else(|_| at.clone()),
            (None, Some(_)) => "in centuries".to_owned(),
            (None, None) => "never".to_owned(),
        };
        table.add_row([
            room.stream.to_owned(),
            room.entries.to_string(),
            size(room.bytes),
            room.limit.map_or_else(|| "no limit".to_owned(), size),
            room.percent.map_or_else(String::new, |percent| format!("{percent} %")),
            size(room.growth),
            full_on,
        ]);
    }
    let warnings =
        rooms.iter().filter(|room| room.fills_soon()).map(|room| format!("{}: {}\n", room.stream, room.warning));
    format!("{table}\n{}", warnings.collect::<String>())
}

/// The broker's disk, in words.
pub fn told(disk: Disk) -> String {
    let of = disk.all_limit.map_or_else(String::new, |limit| format!(" of {} that it may have", size(limit)));
    let (all, reserved) = (size(disk.all_bytes), size(disk.all_reserved));
    format!("all streams and buckets: {all}, {reserved} reserved{of}; counted before compression\n")
}
