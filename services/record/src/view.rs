//! Views: what a service remembers of the log, as tables on disk with the position that they are at.
//!
//! A view is a fold of entries, the older versions of a record and then the newer ones. It is read from where it stands
//! to the end of its streams, in pages, and followed ever after; entries and position are written together. One that
//! does not fit is thrown away and built from the first entry: of another version, of another stream, or ahead of it.

mod follow;
mod position;
mod store;

use std::sync::Arc;

use async_nats::HeaderMap;
use bytes::Bytes;
use pipeline::broker::follow::Follow;
use rusqlite::{Connection, Result};
use tokio_util::sync::CancellationToken;

pub use follow::{Caught, Opened, until_up};
pub use position::{signed, unsigned};
pub use rusqlite as sql;
pub use store::Store;

pub(crate) use position::prepare;

use crate::Log;
use crate::address::Span;

/// A fold of entries into tables of its own.
pub trait View: Send + Sync + 'static {
    /// Its tables.
    fn schema(&self) -> Schema;

    /// Takes an entry in. It may come again, and one that it knows already changes nothing.
    ///
    /// # Errors
    /// When the tables cannot be changed: they are built anew then.
    fn see(&self, tables: &Connection, entry: &Seen<'_>) -> Result<()>;

    /// Says that entries were taken in.
    fn grown(&self) {}

    /// Says that its tables are empty.
    fn begun(&self) {}
}

/// The tables of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// Name of the view, with which the names of its tables begin.
    pub name: &'static str,
    /// Raised with every change of the tables or the fold: what an earlier one has made is thrown away.
    pub version: u32,
    /// The statements that make the tables.
    pub tables: &'static str,
}

/// One entry as a view sees it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Its subject.
    pub subject: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body; empty where the view follows headers only.
    pub body: &'a Bytes,
    /// Its sequence in the stream.
    pub sequence: u64,
}

impl Log {
    /// The tables of this service's views.
    pub fn tables(&self) -> &Arc<Store> {
        self.store.get_or_init(|| {
            let name = format!("{}-{}", self.connection.token(), self.name);
            Store::shared(self.views.as_deref(), &name, self.broker.health())
        })
    }

    /// Returns the part of a stream that a view reads for `span`.
    pub fn part(&self, span: &Span, headers_only: bool) -> Follow {
        Follow { stream: span.stream(), filter: span.filter(), headers_only }
    }

    /// Opens a view over the entries of `parts`, as it was left or empty; it is not followed yet. Waits for a broker
    /// that is away.
    pub async fn open_view(&self, view: Arc<dyn View>, parts: Vec<Follow>) -> Opened {
        follow::open(self, view, parts).await
    }

    /// Opens a view and follows it until `stop`.
    pub async fn follow(&self, view: Arc<dyn View>, parts: Vec<Follow>, stop: &CancellationToken) -> Caught {
        self.open_view(view, parts).await.follow(stop)
    }
}
