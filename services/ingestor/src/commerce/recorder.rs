//! Recording what was read, and first what it cannot be understood without: the order of an invoice or a credit memo.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::commerce::entity::Entity;
use ::commerce::page::Row;
use jiff::civil;
use pipeline::envelope::Cause;
use tokio::sync::Semaphore;

use super::losses::Losses;
use super::reader::{ReadError, Reader};
use crate::changes::{Changes, Reading, Recorded};
use crate::records;

/// Orders that are read at once because a document of theirs was met first.
const ORDERS_AT_ONCE: usize = 4;

/// How a record was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A hint told of it.
    Hint,
    /// The poll found it.
    Poll,
    /// It is brought in from before the go-live date, and counts from this moment on.
    Backfill(civil::DateTime),
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Poll => "poll",
            Self::Backfill(_) => "backfill",
        }
    }
}

/// Records what a reader reads.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) reader: Reader,
    changes: Changes,
    orders: Semaphore,
    losses: Option<Arc<Losses>>,
    /// The largest id of an order that was recorded by this process.
    newest_order: AtomicU64,
}

impl Recorder {
    pub(super) fn new(reader: Reader, changes: Changes, losses: Option<Arc<Losses>>) -> Self {
        let (orders, newest_order) = (Semaphore::new(ORDERS_AT_ONCE), AtomicU64::new(0));
        Self { reader, changes, orders, losses, newest_order }
    }

    /// Records a row that was just read; `by` is how it was come by, for the figures.
    ///
    /// # Errors
    /// When the broker does not do its part, or the row's order could not be read.
    pub(super) async fn record(&self, entity: Entity, row: Row, cause: Cause, by: By) -> Result<Recorded, ReadError> {
        let owner = match row.order_id {
            Some(order_id) => self.owner(order_id, &cause, by).await?,
            None => None,
        };
        self.put(entity, row, owner, cause, by).await
    }

    /// Whom a document is about: the person of its order, which is recorded first if it is not yet.
    async fn owner(&self, order_id: u64, cause: &Cause, by: By) -> Result<Option<String>, ReadError> {
        let key = order_id.to_string();
        if let Some(recorded) = self.changes.recorded("commerce", Entity::Order.name(), &key).await? {
            return Ok(recorded.person);
        }
        let _place = self.orders.acquire().await; // It is never closed.
        match self.reader.by_id(Entity::Order, order_id).await {
            Ok(order) => self.put(Entity::Order, order, None, cause.clone(), by).await?,
            // The document is recorded all the same: what comes of it is seen where it is decided on.
            Err(ReadError::NotFound) => {
                tracing::warn!(order_id, "Commerce has a document whose order it does not have");
                return Ok(None);
            }
            Err(e) => return Err(e),
        };
        Ok(self.changes.recorded("commerce", Entity::Order.name(), &key).await?.and_then(|order| order.person))
    }

    async fn put(
        &self,
        entity: Entity,
        row: Row,
        owner: Option<String>,
        cause: Cause,
        by: By,
    ) -> Result<Recorded, ReadError> {
        let (key, updated_at) = (row.entity_id, row.updated_at);
        let reading = Reading {
            system: "commerce",
            entity: entity.name(),
            key: row.entity_id.to_string(),
            text: row.text,
            rules: &records::COMMERCE,
            owner,
            updated: row.updated_at.to_string(),
            clock_repeats: false,
            // Ids grow: what lies beyond those seen was placed since.
            is_new: matches!(by, By::Hint | By::Poll)
                && entity == Entity::Order
                && self.newest_order.fetch_max(row.entity_id, Ordering::Relaxed) < row.entity_id,
            counts_from: match by {
                By::Backfill(mark) => Some(mark),
                By::Hint | By::Poll => None,
            },
            headers: Vec::new(),
        };
        let recorded = self.changes.record(reading, cause).await?;
        if recorded == Recorded::New {
            metrics::counter!("ml_read_total", "entity" => entity.name(), "by" => by.name()).increment(1);
        }
        match (&self.losses, by) {
            (Some(losses), By::Hint) => losses.hinted(entity, key),
            (Some(losses), By::Poll) if recorded == Recorded::New => losses.found(entity, key, updated_at),
            (Some(_), By::Poll | By::Backfill(_)) | (None, _) => {}
        }
        Ok(recorded)
    }
}
