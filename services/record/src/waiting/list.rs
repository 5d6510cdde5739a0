//! Entries of what waits, from headers and to them, and the list of all.

use async_nats::HeaderMap;
use problem::Problem;

use crate::address::{Address, Connection};
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
    /// What it waits for, in words.
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
pub(super) fn read(subject: &str, headers: &HeaderMap) -> Option<Waiting> {
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
    /// `BROKER_AWAY` when the stream cannot be read.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, Problem> {
        let filter = format!("waiting.{}.>", self.connection().token());
        let mut all = Vec::new();
        let look = |subject: &str, entry: &crate::Entry| all.extend(read(subject, &entry.headers));
        messages(&self.broker().jetstream, WAITING, &[filter], Which::All, look).await?;
        Ok(all)
    }
}
