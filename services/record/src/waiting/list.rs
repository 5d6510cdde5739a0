//! Entries of what waits, from headers and to them, and the list of all.

use async_nats::HeaderMap;
use problem::Problem;

use crate::address::{Address, Connection};
use crate::entry::UNREADABLE;
use crate::envelope::{self, decode, encode, header, text};
use crate::reader::messages;
use crate::streams::WAITING;
use crate::{Log, Which};

/// Subject of the record that is waited for.
const ON: &str = "Ml-Waits-For";
/// Sequence of that record's last entry when the wait began.
const SEEN: &str = "Ml-Waits-For-Sequence";
/// When it is taken up in any case, milliseconds since the epoch.
const UNTIL: &str = "Ml-Until";
/// When the delivery was stored, milliseconds since the epoch.
const SINCE: &str = "Ml-Since";

/// One delivery that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The stage at which it waits.
    pub stage: String,
    /// Where the delivery stands.
    pub delivery: Address,
    /// Its subject as it was delivered.
    pub subject: String,
    /// Its sequence in its stream.
    pub sequence: u64,
    /// How often it has been taken.
    pub delivered: u64,
    /// When it was stored, milliseconds since the epoch.
    pub since: u64,
    /// The record that it waits for.
    pub on: Address,
    /// Sequence of that record's last entry when the wait began.
    pub seen: u64,
    /// When it is taken up in any case, milliseconds since the epoch.
    pub until: u64,
    /// Reason for the wait, in words.
    pub why: String,
}

impl Waiting {
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        envelope::set(headers, envelope::ORIGIN, &self.subject);
        envelope::set(headers, envelope::ORIGIN_SEQUENCE, &self.sequence.to_string());
        envelope::set(headers, envelope::ATTEMPTS, &self.delivered.to_string());
        envelope::set(headers, SINCE, &self.since.to_string());
        envelope::set(headers, ON, &self.on.subject());
        envelope::set(headers, SEEN, &self.seen.to_string());
        envelope::set(headers, UNTIL, &self.until.to_string());
        envelope::set(headers, envelope::SENTENCE, &encode(&self.why));
    }
}

/// The entry that stands at `subject`; none where it says that the wait is over.
///
/// # Errors
/// `OUTCOME_UNREADABLE`: something waits there, and nobody can say for what.
pub(super) fn read(subject: &str, headers: &HeaderMap) -> Result<Option<Waiting>, Problem> {
    if header(headers, envelope::ORIGIN).is_none() {
        return Ok(None);
    }
    let read = written(subject, headers);
    read.map(Some).ok_or_else(|| {
        let remedy = "run a version of ml-connector that is at least as new as the one that wrote it";
        Problem::new(UNREADABLE, format!("what waits at {subject} cannot be read"), remedy)
    })
}

fn written(subject: &str, headers: &HeaderMap) -> Option<Waiting> {
    let number = |name| header(headers, name)?.parse::<u64>().ok();
    let address = |name| Address::parse(&text(headers, name)?).ok();
    let origin = text(headers, envelope::ORIGIN)?.into_owned();
    Some(Waiting {
        stage: subject.split('.').nth(2)?.to_owned(),
        delivery: Address::parse(&origin).ok()?,
        subject: origin,
        sequence: number(envelope::ORIGIN_SEQUENCE)?,
        delivered: number(envelope::ATTEMPTS)?,
        since: number(SINCE)?,
        on: address(ON)?,
        seen: number(SEEN)?,
        until: number(UNTIL)?,
        why: header(headers, envelope::SENTENCE).map(decode)?,
    })
}

/// Where stands what the record at `address` waits for at `stage`.
pub(super) fn place(connection: &Connection, stage: &str, address: &Address) -> String {
    let key = pipeline::broker::token::token(address.key());
    let (connection, system, entity) = (connection.token(), address.system().name(), address.entity().name());
    format!("waiting.{connection}.{stage}.{system}.{entity}.{key}")
}

impl Log {
    /// All that waits, in the order in which each began to.
    ///
    /// # Errors
    /// `BROKER_AWAY` when the stream cannot be read, `OUTCOME_UNREADABLE` when an entry of it cannot.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, Problem> {
        let filter = format!("waiting.{}.>", self.connection().token());
        let mut all = Vec::new();
        let mut unread = None;
        let look = |subject: &str, entry: &crate::Entry| match read(subject, &entry.headers) {
            Ok(waiting) => all.extend(waiting),
            Err(problem) => unread = Some(problem),
        };
        messages(&self.broker().jetstream, WAITING, &[filter], Which::All, look).await?;
        unread.map_or(Ok(all), Err)
    }
}
