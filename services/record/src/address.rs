//! Addresses: where an entry of the log stands, and the subjects that they are written as.
//!
//! `hint.<connection>.<system>.<entity>.<key>` and so on, as the streams' table in the README says. Subjects are made
//! and read here and nowhere else.

mod entity;
mod span;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use pipeline::broker::token::{token, untoken};
use problem::{Code, Problem};

pub use entity::{Entity, System};
pub use span::Span;

use crate::streams::{CHANGES, COMMANDS, HINTS, OUTCOMES};

/// Number of partitions of the commands. Fixed for ever: changing it would move lanes between partitions.
pub const PARTITIONS: u8 = 16;

/// Kind of an entry, which decides the stream it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Something may have changed at a source.
    Hint,
    /// A record was read at a source and differs from what was last read.
    Change,
    /// The state that a target shall be made to hold.
    Command,
    /// An intent or an outcome of a record at a target.
    Outcome,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Hint, Self::Change, Self::Command, Self::Outcome];

    /// The first token of its subjects.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Change => "change",
            Self::Command => "command",
            Self::Outcome => "outcome",
        }
    }

    /// The stream that it stands in.
    pub fn stream(self) -> &'static str {
        match self {
            Self::Hint => HINTS,
            Self::Change => CHANGES,
            Self::Command => COMMANDS,
            Self::Outcome => OUTCOMES,
        }
    }
}

/// The record of the document that a command for Visma creates: its kind and its key. A cancellation may create a
/// credit note.
pub fn created_by(entity: Entity, key: &str) -> Option<(Entity, Cow<'_, str>)> {
    match entity {
        Entity::Invoice | Entity::CreditNote => Some((entity, key.into())),
        Entity::Cancellation => Some((Entity::CreditNote, note_over(key).into())),
        _ => None,
    }
}

/// Key of the credit note over what the cancellation with this key takes back.
pub fn note_over(cancellation: &str) -> String {
    format!("{}-{cancellation}", Entity::Cancellation.name())
}

/// Key of the cancellation that the credit note with this key is over; `None` for a note over anything else.
pub fn cancelled_by(note: &str) -> Option<&str> {
    note.strip_prefix(Entity::Cancellation.name())?.strip_prefix('-')
}

/// The name of a connection: one Visma company paired with one Commerce instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection(Arc<str>);

impl Connection {
    /// The connection of this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// As one token of a subject.
    pub fn token(&self) -> String {
        token(&self.0)
    }
}

/// Where the entries of one record stand, of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    kind: Kind,
    connection: Connection,
    system: System,
    entity: Entity,
    key: Box<str>,
    /// The partition of the lane, of a command alone.
    partition: Option<u8>,
}

/// A subject that is none of ours: another program's, or one of a later version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the subject `{0}` is none that this version knows")]
pub struct Unknown(String);

impl From<Unknown> for Problem {
    fn from(unknown: Unknown) -> Self {
        let remedy = "see who writes it: another program, or a later version of this one; run that version then";
        Self::new(Code::SubjectUnknown, unknown.to_string(), remedy)
    }
}

impl Address {
    /// The hints of a record at a source.
    pub fn hint(connection: &Connection, system: System, entity: Entity, key: &str) -> Self {
        Self::of(Kind::Hint, connection, (system, entity, key))
    }

    /// The versions of a record at a source.
    pub fn change(connection: &Connection, system: System, entity: Entity, key: &str) -> Self {
        Self::of(Kind::Change, connection, (system, entity, key))
    }

    /// The commands for a record at a target; `lane` is the key whose commands stay in order.
    pub fn command(connection: &Connection, target: System, entity: Entity, key: &str, lane: &str) -> Self {
        let partition = Some(partition(lane));
        Self { partition, ..Self::of(Kind::Command, connection, (target, entity, key)) }
    }

    /// Intents and outcomes of a record at a target.
    pub fn outcome(connection: &Connection, target: System, entity: Entity, key: &str) -> Self {
        Self::of(Kind::Outcome, connection, (target, entity, key))
    }

    fn of(kind: Kind, connection: &Connection, (system, entity, key): (System, Entity, &str)) -> Self {
        Self { kind, connection: connection.clone(), system, entity, key: key.into(), partition: None }
    }

    /// The address that a subject is written for.
    ///
    /// # Errors
    /// [`Unknown`] when it is none.
    pub fn parse(subject: &str) -> Result<Self, Unknown> {
        Self::read(subject).ok_or_else(|| Unknown(subject.to_owned()))
    }

    fn read(subject: &str) -> Option<Self> {
        let mut tokens = subject.split('.');
        let mut next = || tokens.next();
        let kind = next()?;
        let kind = Kind::ALL.into_iter().find(|one| one.name() == kind)?;
        let connection = Connection::new(&untoken(next()?));
        let (system, entity) = (System::named(next()?)?, Entity::named(next()?)?);
        let key = untoken(next()?).into();
        let partition = match kind {
            Kind::Command => Some(next()?.parse().ok().filter(|partition| *partition < PARTITIONS)?),
            Kind::Hint | Kind::Change | Kind::Outcome => None,
        };
        next().is_none().then_some(Self { kind, connection, system, entity, key, partition })
    }

    /// Returns the kind of its entries.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The connection that it is of.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The source, or the target.
    pub fn system(&self) -> System {
        self.system
    }

    /// Returns the kind of the record.
    pub fn entity(&self) -> Entity {
        self.entity
    }

    /// The record's key: `entity_id` at Commerce, the number at Visma.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The stream that its entries stand in.
    pub fn stream(&self) -> &'static str {
        self.kind.stream()
    }

    /// True for what a poll saw in Visma, and what follows from that: orders go before it.
    pub fn gives_way(&self) -> bool {
        match self.kind {
            Kind::Change => self.system == System::Visma,
            Kind::Command => self.entity == Entity::Verification,
            Kind::Outcome => matches!(self.entity, Entity::SeenInvoice | Entity::SeenCreditNote),
            Kind::Hint => false,
        }
    }

    /// As a subject.
    pub fn subject(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, connection, key) = (self.kind.name(), self.connection.token(), token(&self.key));
        write!(out, "{kind}.{connection}.{}.{}.{key}", self.system.name(), self.entity.name())?;
        match self.partition {
            Some(partition) => write!(out, ".{partition:02}"),
            None => Ok(()),
        }
    }
}

/// Says whether entries at a subject prove that the log is the one before: hints and what waits go by themselves, and
/// outcomes of mapping may not be read by their writer.
pub(crate) fn is_marked(_: &str, subject: &str) -> bool {
    let is_kept = |address: Address| address.kind != Kind::Hint && address.system != System::Mapping;
    Address::parse(subject).is_ok_and(is_kept)
}

/// The partition of a lane: FNV-1a over its name, written out here because it may never change.
fn partition(lane: &str) -> u8 {
    let hash = lane.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    u8::try_from(hash % u64::from(PARTITIONS)).unwrap_or(0) // It is below sixteen.
}

#[cfg(test)]
mod tests;
