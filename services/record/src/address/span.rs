//! A part of a stream: all entries of a kind, of one system or of one kind of record where that is said.

use std::fmt;

use super::{Connection, Entity, Kind, System};

/// Which entries are meant, of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    kind: Kind,
    connection: Connection,
    of: Option<(System, Option<Entity>)>,
}

impl Span {
    /// All entries of a kind.
    pub fn all(connection: &Connection, kind: Kind) -> Self {
        Self { kind, connection: connection.clone(), of: None }
    }

    /// Those of a system.
    pub fn system(connection: &Connection, kind: Kind, system: System) -> Self {
        Self { of: Some((system, None)), ..Self::all(connection, kind) }
    }

    /// Those of a kind of record at a system.
    pub fn entity(connection: &Connection, kind: Kind, system: System, entity: Entity) -> Self {
        Self { of: Some((system, Some(entity))), ..Self::all(connection, kind) }
    }

    /// The stream that they stand in.
    pub fn stream(&self) -> &'static str {
        self.kind.stream()
    }

    /// As a filter of subjects.
    pub fn filter(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.", self.kind.name(), self.connection.token())?;
        match self.of {
            None => write!(out, ">"),
            Some((system, None)) => write!(out, "{}.>", system.name()),
            Some((system, Some(entity))) => write!(out, "{}.{}.>", system.name(), entity.name()),
        }
    }
}
