//! The log: what was read, decided and done, on the broker's streams.
//!
//! Nothing else in the house is the truth, and nowhere else is it put together or taken apart. `address` says where an
//! entry stands, `envelope` and `body` how it is wrapped, `entry` what it says of a record, and a record is its last
//! entry. [`Log`] is a connection's log on a broker: it is read (`reader`, `view`), written (`appender`, `dead`) and
//! taken from (`take`); what a delivery waits for is an entry too (`waiting`). `streams` makes what all of it stands
//! in.
//!
//! A stage has three beats: **take** (`take`), **decide** (a pure call of its own), **put** (`appender`, or a vendor).

pub mod address;
mod appender;
pub mod archive;
pub mod backlog;
pub mod body;
pub mod capacity;
pub mod dead;
pub mod entry;
pub mod envelope;
pub mod horizon;
mod present;
mod reader;
pub mod streams;
pub mod take;
mod verdict;
pub mod view;
pub mod waiting;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pipeline::broker::Broker;
use pipeline::service::Context;
use tokio::time::Instant;

use address::{Address, Connection, Entity, Kind, Span, System};
pub use appender::{Appender, Message};
pub use entry::Current;
pub use pipeline::broker::last::Entry;
pub use pipeline::broker::{PutError, Stored};
pub use reader::Which;
use streams::DEAD;
use take::taken::Taken;
pub use verdict::Verdict;
use view::Store;
pub use waiting::Wait;
use waiting::{Index, Movements};

/// The log of one connection. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    broker: Broker,
    connection: Connection,
    /// The service whose views are kept, and where.
    name: &'static str,
    views: Option<PathBuf>,
    store: Arc<OnceLock<Arc<Store>>>,
    taken: Arc<Mutex<HashMap<&'static str, Arc<Taken>>>>,
    indexes: Arc<Mutex<HashMap<&'static str, Arc<Index>>>>,
    movements: Arc<Movements>,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl Log {
    /// The log that a running service works on. Its health says when dead letters have no place to go.
    pub fn open(context: &Context) -> Self {
        let (name, views) = (context.name, context.views.clone());
        let log = Self { name, views, ..Self::on(&context.broker, &context.connection) };
        log.broker.continuity().mark(address::is_marked);
        present::watch(&log.broker, &context.stop, DEAD, dead::none(&log.connection, context.name));
        log
    }

    /// Says in the service's health when the stream of `address` is gone, also while there is nothing to write to it.
    /// The address is one that the service may read and that has no entry.
    pub fn watch(&self, context: &Context, address: &Address) {
        present::watch(&self.broker, &context.stop, address.stream(), address.subject());
    }

    /// The log of the connection with this name.
    pub fn on(broker: &Broker, connection: &str) -> Self {
        let (broker, connection) = (broker.clone(), Connection::new(connection));
        Self {
            broker,
            connection,
            name: "verb",
            views: None,
            store: Arc::default(),
            taken: Arc::default(),
            indexes: Arc::default(),
            movements: Arc::default(),
        }
    }

    /// The broker that it stands on.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// The connection that it is of.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Where the hints of a record stand.
    pub fn hint(&self, system: System, entity: Entity, key: &str) -> Address {
        Address::hint(&self.connection, system, entity, key)
    }

    /// Where the versions of a record at a source stand.
    pub fn change(&self, system: System, entity: Entity, key: &str) -> Address {
        Address::change(&self.connection, system, entity, key)
    }

    /// Where stands what a target shall be made to hold; `lane` is the key whose commands stay in order.
    pub fn command(&self, target: System, entity: Entity, key: &str, lane: &str) -> Address {
        Address::command(&self.connection, target, entity, key, lane)
    }

    /// Where intents and outcomes of a record at a target stand.
    pub fn outcome(&self, target: System, entity: Entity, key: &str) -> Address {
        Address::outcome(&self.connection, target, entity, key)
    }

    /// All entries of a kind.
    pub fn all(&self, kind: Kind) -> Span {
        Span::all(&self.connection, kind)
    }

    /// The entries of a kind of one system.
    pub fn system(&self, kind: Kind, system: System) -> Span {
        Span::system(&self.connection, kind, system)
    }

    /// The entries of a kind of one kind of record.
    pub fn entity(&self, kind: Kind, system: System, entity: Entity) -> Span {
        Span::entity(&self.connection, kind, system, entity)
    }

    /// A record has moved: what waits for it is taken up again.
    pub(crate) fn moved(&self, address: &Address) {
        self.movements.moved(address);
    }

    /// Returns when the last entry of `address` is a later one than `seen`, or at `end`; whether it is.
    pub(crate) async fn until_moved(&self, address: &Address, seen: u64, end: Instant) -> bool {
        let listening = self.movements.listen(address);
        let heard = listening.heard.notified();
        tokio::pin!(heard);
        heard.as_mut().enable();
        // It may have moved before anybody listened.
        if self.last(address).await.is_ok_and(|last| last.is_some_and(|last| last.sequence > seen)) {
            return true;
        }
        tokio::time::timeout_at(end, heard).await.is_ok()
    }

    /// Returns the index of the deliveries that wait at the stage `name`, as this process sees it.
    pub(crate) fn index(&self, name: &'static str) -> Arc<Index> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let index = Arc::new(Index::open(self.tables()));
            self.movements.tell(Arc::clone(&index));
            index
        };
        indexes.entry(name).or_insert_with(new).clone()
    }

    /// Returns the deliveries that this process has taken from the durable `name`.
    pub(crate) fn taken(&self, name: &'static str) -> Arc<Taken> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken
            .entry(name)
            .or_insert_with(|| {
                Arc::new(Taken::of(name, self.broker.health().clone(), self.broker.settings().stuck_after.0))
            })
            .clone()
    }
}
