//! One change for each version of a record, whoever reads it and however often.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp, civil};
use pipeline::clock;
use pipeline::content::{self, Rules};
use pipeline::id::derived_id;
use pipeline::vault::{self, Vault};
use problem::{Code, Problem};
use proto::seen;
use record::address::{Address, Entity, System};
use record::envelope::{self, Cause, Envelope, header};
use record::{Entry, Log, Message, PutError, body};

/// How far a source's clock may be ahead of ours.
const CLOCKS: SignedDuration = SignedDuration::from_hours(1);

/// Readings that lose to another reader of the same record before we give up for now.
const TRIES: usize = 5;

/// A record as it was just read at a source.
#[derive(Debug)]
pub struct Reading {
    /// The source.
    pub system: System,
    /// Kind of the record.
    pub entity: Entity,
    /// The source's key of the record.
    pub key: String,
    /// The record as the source sent it: JSON text.
    pub text: String,
    /// Rules for records of its kind: which fields are content, and which texts stay readable.
    pub rules: &'static Rules,
    /// Token of the person whom it is about, where the record itself does not name them.
    pub owner: Option<String>,
    /// When the source says that it was last changed, comparable as text.
    pub updated: String,
    /// The source's stamps go back: a wall clock repeats an hour in autumn. Then an older stamp proves no older
    /// reading, and whoever reads must be alone.
    pub clock_repeats: bool,
    /// Most likely it was never recorded: the last change is not read unless that turns out to be wrong.
    pub is_new: bool,
    /// Time from which the record counts, where it is brought in from before the go-live date. Once recorded, it stays
    /// with the record's later versions.
    pub counts_from: Option<civil::DateTime>,
    /// Sequence of the record's last change as it was before the record was read: while it is the last one, this
    /// reading is the newer, whatever its time says.
    pub read_after: Option<u64>,
    /// Further headers, by which views find the record without opening it.
    pub headers: Vec<(&'static str, String)>,
}

/// A record that a change tells of.
#[derive(Debug)]
pub struct Known {
    /// Token of the person whom it is about, if anything in it is about one.
    pub person: Option<String>,
}

/// Result of recording a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// A new version: a change was published.
    New,
    /// The version that was recorded last.
    Same,
    /// Older than the version that was recorded last: somebody read it later and was quicker.
    Older,
}

/// Publishes changes.
#[derive(Clone, Debug)]
pub struct Changes {
    log: Log,
    vault: Vault,
    source: &'static str,
}

impl Changes {
    /// Publishes as the service `source`.
    pub fn new(log: &Log, vault: &Vault, source: &'static str) -> Self {
        Self { log: log.clone(), vault: vault.clone(), source }
    }

    /// The log that they are published to.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The token of the person whom a source's customer is, when nothing says whose e-mail address it is.
    pub fn customer(&self, system: System, key: &str) -> String {
        self.vault.keyed_hash("record", &self.log.change(system, Entity::Customer, key).subject())
    }

    /// As [`Changes::customer`], of a supplier: all that it sends has one key.
    pub fn supplier(&self, number: &str) -> String {
        self.vault.keyed_hash("record", &self.log.change(System::Visma, Entity::Supplier, number).subject())
    }

    /// A keyed hash for a header.
    pub fn hash(&self, purpose: &str, text: &str) -> String {
        self.vault.keyed_hash(purpose, text)
    }

    /// Returns what the last change of a record tells, if one was recorded.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn recorded(&self, system: System, entity: Entity, key: &str) -> Result<Option<Known>, Problem> {
        let Some(last) = self.log.last(&self.log.change(system, entity, key)).await? else {
            return Ok(None);
        };
        let body = body::unpacked(&last.headers, &last.payload).await.ok(); // Unreadable is known all the same.
        let text = body.as_deref().and_then(|body| std::str::from_utf8(body).ok());
        Ok(Some(Known { person: text.and_then(vault::person_of).map(str::to_owned) }))
    }

    /// Sequence of a record's last change, and when its source said then that it was changed.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn stamp(&self, system: System, entity: Entity, key: &str) -> Result<Option<(u64, String)>, Problem> {
        let last = self.log.last(&self.log.change(system, entity, key)).await?;
        let updated = |last: &Entry| header(&last.headers, envelope::SOURCE_UPDATED).unwrap_or_default().to_owned();
        Ok(last.map(|last| (last.sequence, updated(&last))))
    }

    /// True when the last change of a record is the first that the log holds of it.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn is_first(&self, system: System, entity: Entity, key: &str) -> Result<bool, Problem> {
        let last = self.log.last(&self.log.change(system, entity, key)).await?;
        Ok(last.is_some_and(|last| header(&last.headers, envelope::PREVIOUS).is_none()))
    }

    /// Our reference in a document of Visma's, as its last change has it, if one was recorded and it is not gone.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn reference(&self, entity: Entity, number: &str) -> Result<Option<String>, Problem> {
        let last = self.log.last(&self.log.change(System::Visma, entity, number)).await?;
        let there = last.filter(|last| header(&last.headers, seen::DELETED).is_none());
        Ok(there.and_then(|last| envelope::text(&last.headers, seen::REFERENCE).map(Cow::into_owned)))
    }

    /// Records a reading; returns when it is on disk, or known to be there already.
    ///
    /// # Errors
    /// When the broker or the vault does not do its part; the reading can be recorded again.
    pub async fn record(&self, mut reading: Reading, cause: Cause) -> Result<Recorded, Problem> {
        let address = self.log.change(reading.system, reading.entity, &reading.key);
        let mut last = if reading.is_new { None } else { self.log.last(&address).await? };
        let Some((version, payload)) = self.seal(&address, &mut reading, last.as_ref()).await? else {
            return Ok(Recorded::Same);
        };
        for _ in 0..TRIES {
            if let Some(known) = already(last.as_ref(), &version, &reading) {
                return Ok(known);
            }
            let sequence = last.as_ref().map_or(0, |entry| entry.sequence);
            let counts_from = counts_from(last.as_ref(), &reading);
            let message = self.message(&address, &reading, &version, (sequence, counts_from), &payload, &cause);
            match self.log.append(&address, message, Some(sequence)).await {
                Ok(_) => return Ok(Recorded::New),
                Err(PutError::WrongLast) => last = self.log.last(&address).await?,
                Err(e) => return Err(e.into()),
            }
        }
        let sentence = format!("{address} is written by others faster than it can be read");
        Err(Problem::new(Code::ChangeContended, sentence, "it is read again with the next poll"))
    }

    /// The record's version and its sealed text, or nothing when it is the version that was recorded last.
    async fn seal(
        &self,
        address: &Address,
        reading: &mut Reading,
        last: Option<&Entry>,
    ) -> Result<Option<(String, Bytes)>, Problem> {
        let known = content::read(&reading.text, reading.rules).map_err(|e| {
            let remedy = "look at the source's answer; something in front of it may have changed it";
            Problem::new(Code::RecordUnreadable, format!("{address} was read and is no record: {e}"), remedy)
        })?;
        let version = self.vault.keyed_hash_bytes("version", known.content.as_bytes());
        if already(last, &version, reading) == Some(Recorded::Same) {
            return Ok(None);
        }
        let person = match (&known.person, &reading.owner) {
            (Some(email), _) => self.vault.person(email),
            (None, Some(owner)) => owner.clone(),
            (None, None) => self.vault.keyed_hash("record", &address.subject()),
        };
        let sealed = self.vault.seal_text(&person, std::mem::take(&mut reading.text), &known.personal).await;
        let sealed = sealed.map_err(|e| e.unusable())?;
        Ok(Some((version, Bytes::from(sealed))))
    }

    fn message(
        &self,
        address: &Address,
        reading: &Reading,
        version: &str,
        (after, counts_from): (u64, Option<civil::DateTime>),
        payload: &Bytes,
        cause: &Cause,
    ) -> Message {
        // The sequence is part of the id: content that comes back to what it was is a version of its own.
        let id = derived_id(&["change", &address.subject(), version, &after.to_string()]);
        let kind = format!("ml.change.{}.{}", reading.system.name(), reading.entity.name());
        let envelope = Envelope { id: &id, source: self.source, kind: &kind, content_type: envelope::JSON };
        let mut headers = envelope.headers(cause);
        envelope::set(&mut headers, envelope::VERSION, version);
        envelope::set(&mut headers, envelope::SOURCE_UPDATED, &reading.updated);
        if after > 0 {
            envelope::set(&mut headers, envelope::PREVIOUS, &after.to_string());
        }
        if let Some(moment) = counts_from {
            envelope::set(&mut headers, envelope::COUNTS_FROM, &moment.to_string());
        }
        for (name, value) in &reading.headers {
            envelope::set(&mut headers, *name, value);
        }
        let payload = body::pack(&mut headers, payload);
        Message { headers, payload }
    }
}

/// Returns how the last entry settles a reading; `None` when it does not.
fn already(last: Option<&Entry>, version: &str, reading: &Reading) -> Option<Recorded> {
    let last = last?;
    if header(&last.headers, envelope::VERSION) == Some(version) {
        // What was recorded without the mark, or with a later one, is recorded again with it.
        let marked = reading.counts_from.is_none_or(|wanted| mark(last).is_some_and(|mark| mark <= wanted));
        return marked.then_some(Recorded::Same);
    }
    // The source's stamp has a resolution of a second, so an equal stamp says nothing.
    let newer = reading.clock_repeats || reading.read_after == Some(last.sequence);
    let later = |recorded: &str| !newer && recorded > reading.updated.as_str() && !is_future(recorded);
    let later = header(&last.headers, envelope::SOURCE_UPDATED).is_some_and(later);
    later.then_some(Recorded::Older)
}

/// True when a source's stamp lies in the future by more than clocks differ. If such a stamp counted, every later
/// reading of its record would look older.
fn is_future(stamp: &str) -> bool {
    let soon = clock::now().saturating_add(CLOCKS).unwrap_or(Timestamp::MAX);
    stamp > soon.strftime("%Y-%m-%d %H:%M:%S").to_string().as_str()
}

/// From when on a record counts, as its last version says.
fn mark(last: &Entry) -> Option<civil::DateTime> {
    header(&last.headers, envelope::COUNTS_FROM)?.parse().ok()
}

/// From when on the next version counts.
fn counts_from(last: Option<&Entry>, reading: &Reading) -> Option<civil::DateTime> {
    last.and_then(mark).into_iter().chain(reading.counts_from).min()
}
