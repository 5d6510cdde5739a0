//! Dead letters: the whole delivery as it was, with a code, a sentence, what to do, and the attempts.

use std::fmt;

use async_nats::HeaderMap;
use bytes::Bytes;
use pipeline::broker::last::Last;
use pipeline::broker::token::untoken;
use pipeline::broker::{Put, PutError};
use pipeline::clock;
use pipeline::id::derived_id;
use problem::{Code, Problem};

use crate::address::{Address, Connection, Entity};
use crate::envelope::{self, Cause, Envelope, header, text};
use crate::reader::messages;
use crate::streams::DEAD;
use crate::take::Delivery;
use crate::{Entry, Log, Which};

/// Headers of the delivery that its dead letter keeps.
const KEPT: [&str; 8] = [
    "Content-Type",
    "Content-Encoding",
    "traceparent",
    envelope::VERSION,
    envelope::SOURCE_UPDATED,
    envelope::KIND,
    envelope::LANE,
    "ce-type",
];

/// Characters of a sentence at most: it may quote what a vendor wrote.
const LONGEST: usize = 4_000;

/// The subjects of dead letters: `dead.<connection>.<stage>.<code>.<entity>.<key>`, entity and key as in the delivery's
/// own subject.
#[derive(Debug)]
struct Place<'a> {
    connection: &'a Connection,
    stage: &'a str,
    code: &'a str,
    /// Subject of the delivery.
    origin: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tokens = self.origin.split('.').skip(3);
        let (entity, key) = (tokens.next().unwrap_or("unknown"), tokens.next().unwrap_or("unknown"));
        write!(out, "dead.{}.{}.{}.{entity}.{key}", self.connection.token(), self.stage, self.code)
    }
}

/// The subject of no dead letter, of a stage that may write some.
pub(crate) fn none(connection: &Connection, stage: &str) -> String {
    Place { connection, stage, code: "NONE", origin: "" }.to_string()
}

/// Which record a dead letter is about, by its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Kind of the record; none in a letter that another version wrote.
    pub entity: Option<Entity>,
    /// The record's key.
    pub key: String,
}

impl About {
    fn read(subject: &str) -> Option<Self> {
        let mut tokens = subject.split('.').skip(4);
        let (entity, key) = (Entity::named(tokens.next()?), untoken(tokens.next()?));
        Some(Self { entity, key })
    }
}

/// Which dead letters are meant; none of the fields narrows nothing down.
#[derive(Debug, Clone, Copy, Default)]
pub struct Letters<'a> {
    /// Those of this connection.
    pub connection: Option<&'a Connection>,
    /// Those with this code.
    pub code: Option<Code>,
    /// Those about such records.
    pub entity: Option<Entity>,
}

impl Letters<'_> {
    fn filter(&self) -> String {
        let connection = self.connection.map_or_else(|| "*".to_owned(), Connection::token);
        let (code, entity) = (self.code.map_or("*", Code::as_str), self.entity.map_or("*", Entity::name));
        format!("dead.{connection}.*.{code}.{entity}.>")
    }
}

impl Log {
    /// Gives the dead letters meant to `see`, oldest first, headers only.
    ///
    /// # Errors
    /// `BROKER_AWAY` when the stream cannot be read.
    pub async fn dead_letters(&self, which: Letters<'_>, mut see: impl FnMut(&About, &Entry)) -> Result<(), Problem> {
        messages(&self.broker().jetstream, DEAD, &[which.filter()], Which::All, |subject, entry| {
            if let Some(about) = About::read(subject) {
                see(&about, entry);
            }
        })
        .await
    }

    /// The last dead letter at a subject of theirs.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn letter(&self, subject: &str) -> Result<Option<Entry>, Problem> {
        Last::of(&self.broker().jetstream, DEAD).await?.get(subject).await
    }

    /// Writes the dead letter of a record that could not be read at its source, so that there is no delivery of it.
    /// `address` is the one of its changes.
    ///
    /// # Errors
    /// When the broker does not answer, or does not confirm it.
    pub async fn give_up_unread(&self, stage: &str, address: &Address, problem: &Problem) -> Result<(), Problem> {
        let (headers, payload, stored_at) = (HeaderMap::new(), Bytes::new(), clock::now_millis());
        let (address, subject) = (address.clone(), address.subject());
        let delivery = Delivery { address, subject, headers, payload, sequence: 0, delivered: 1, stored_at };
        put(self, stage, Letter::of(&delivery), problem).await?;
        metrics::counter!("ml_dead_total", "consumer" => stage.to_owned(), "code" => problem.code.as_str())
            .increment(1);
        tracing::error!(subject = delivery.subject, code = %problem.code, sentence = problem.sentence, "dead letter");
        Ok(())
    }
}

/// Parts of a delivery that a dead letter keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Letter<'a> {
    /// Subject of the delivery.
    pub(crate) subject: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) payload: &'a Bytes,
    pub(crate) sequence: u64,
    pub(crate) delivered: u64,
}

impl<'a> Letter<'a> {
    pub(crate) fn of(delivery: &'a Delivery) -> Self {
        let Delivery { subject, headers, payload, sequence, delivered, .. } = delivery;
        Self { subject, headers, payload, sequence: *sequence, delivered: *delivered }
    }
}

/// Writes the dead letter of a delivery, unless it is the last one of its subject already.
///
/// # Errors
/// When the broker does not answer, or does not confirm it.
pub(crate) async fn put(log: &Log, stage: &str, letter: Letter<'_>, problem: &Problem) -> Result<(), Problem> {
    let sequence = letter.sequence.to_string();
    let place = Place { connection: log.connection(), stage, code: problem.code.as_str(), origin: letter.subject };
    let subject = place.to_string();
    let last = Last::of(&log.broker().jetstream, DEAD).await?.get(&subject).await?;
    if last.is_some_and(|entry| header(&entry.headers, envelope::ORIGIN_SEQUENCE) == Some(sequence.as_str())) {
        return Ok(());
    }
    let id = derived_id(&["dead", stage, letter.subject, &sequence, problem.code.as_str()]);
    let envelope = Envelope { id: &id, source: stage, kind: "ml.dead", content_type: envelope::PROTOBUF };
    let mut headers = envelope.headers(&Cause::of(letter.headers));
    for name in KEPT {
        if let Some(value) = text(letter.headers, name) {
            envelope::set(&mut headers, name, &value);
        }
    }
    envelope::set(&mut headers, envelope::CODE, problem.code.as_str());
    envelope::set(&mut headers, envelope::SENTENCE, &envelope::encode(cut(&problem.sentence)));
    envelope::set(&mut headers, envelope::REMEDY, &envelope::encode(&problem.remedy));
    envelope::set(&mut headers, envelope::ATTEMPTS, &letter.delivered.to_string());
    envelope::set(&mut headers, envelope::ORIGIN, letter.subject);
    envelope::set(&mut headers, envelope::ORIGIN_SEQUENCE, &sequence);
    let put = Put { subject, headers, payload: letter.payload.clone(), expect_last: None, gives_way: false };
    let publisher = log.broker().publisher(DEAD);
    match publisher.put(put.clone()).await {
        // The body just fitted without what a dead letter adds; it still stands where it came from.
        Err(PutError::TooLarge) => publisher.put(Put { payload: Bytes::new(), ..put }).await?,
        stored => stored?,
    };
    Ok(())
}

/// The beginning of a long text.
fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use problem::Code;

    use super::{About, Letters, Place};
    use crate::address::{Connection, Entity};

    #[test]
    fn a_letter_stands_by_its_stage_code_and_record() {
        let connection = &Connection::new("main");
        let place = |origin| Place { connection, stage: "mapper", code: Code::NoEmail.as_str(), origin }.to_string();
        let subject = place("change.main.commerce.order.7=2E1");
        assert_eq!(subject, "dead.main.mapper.NO_EMAIL.order.7=2E1");
        assert_eq!(About::read(&subject), Some(About { entity: Some(Entity::Order), key: "7.1".to_owned() }));
        assert_eq!(place("nonsense"), "dead.main.mapper.NO_EMAIL.unknown.unknown");
    }

    #[test]
    fn letters_are_found_by_what_is_said_of_them() {
        assert_eq!(Letters::default().filter(), "dead.*.*.*.*.>");
        let one = Letters { code: Some(Code::NoEmail), entity: Some(Entity::Order), ..Letters::default() };
        assert_eq!(one.filter(), "dead.*.*.NO_EMAIL.order.>");
    }
}
