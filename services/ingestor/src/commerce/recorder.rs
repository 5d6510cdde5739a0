//! Recording what was read, and first what it cannot be understood without: the order of an invoice or a credit memo.
//! After an order its account is read, which may have changed without a trace.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::commerce::entity::Entity;
use ::commerce::page::Row;
use ::commerce::time::Moment;
use jiff::civil;
use record::address::{self, System};
use record::envelope::Cause;
use tokio::sync::Semaphore;

use super::accounts::Accounts;
use super::losses::Losses;
use super::reader::{ReadError, Reader};
use super::returned::{Returned, placed};
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
    /// The sweep of accounts did.
    Sweep,
    /// The sweep of ids and stamps did; the last change that was known before had this sequence, or there was none.
    Stamps(u64),
    /// It is the account of an order that was just recorded.
    Order,
    /// It is brought in from before the go-live date, and counts from this moment on.
    Backfill(civil::DateTime),
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Poll => "poll",
            Self::Sweep | Self::Stamps(_) => "sweep",
            Self::Order => address::Entity::Order.name(),
            Self::Backfill(_) => "backfill",
        }
    }
}

/// Records what a reader reads.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) reader: Reader,
    pub(super) changes: Changes,
    orders: Semaphore,
    losses: Option<Arc<Losses>>,
    /// Accounts that were read, where they are read with orders.
    accounts: Option<Accounts>,
    /// The largest id of an order that was recorded by this process.
    newest_order: AtomicU64,
    /// Orders that came back from the archive.
    pub(super) returned: Returned,
}

impl Recorder {
    pub(super) fn new(
        reader: Reader,
        changes: Changes,
        losses: Option<Arc<Losses>>,
        accounts: Option<Accounts>,
        returned: Returned,
    ) -> Self {
        let (orders, newest_order) = (Semaphore::new(ORDERS_AT_ONCE), AtomicU64::new(0));
        Self { reader, changes, orders, losses, accounts, newest_order, returned }
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
        let of_account = row.account.map(|account| ((row.entity_id, account), row.updated_at));
        let recorded = match entity {
            Entity::Order => self.order(row, &cause, by).await?,
            Entity::Invoice | Entity::CreditMemo | Entity::Customer => {
                self.put(entity, row, owner, cause.clone(), by).await?
            }
        };
        if let (Recorded::New, By::Hint | By::Poll, Some((ids, updated_at))) = (recorded, by, of_account) {
            self.read_account(ids, updated_at, cause).await;
        }
        Ok(recorded)
    }

    /// Sequence of a record's last change, and the time that it had then.
    pub(super) async fn stamp(&self, entity: Entity, id: u64) -> Result<Option<(u64, String)>, ReadError> {
        Ok(self.changes.stamp(System::Commerce, super::entity(entity), &id.to_string()).await?)
    }

    /// Reads the account of an order that was just recorded. The order does not depend on it: an account that cannot be
    /// read now is read by the sweep.
    async fn read_account(&self, (order, account): (u64, u64), updated_at: Moment, cause: Cause) {
        let Some(accounts) = &self.accounts else { return };
        let now = self.reader.last_time();
        if !accounts.wanted((order, account), updated_at, now) {
            return;
        }
        let _place = self.orders.acquire().await; // It is never closed.
        accounts.read(account, now);
        let recorded = match self.reader.by_id(Entity::Customer, account).await {
            Ok(row) => self.put(Entity::Customer, row, None, cause, By::Order).await.map(|_| ()),
            Err(e) => Err(e),
        };
        if let Err(e) = recorded {
            tracing::debug!(account, order, ?e, "the account of an order was not read; the sweep will");
        }
    }

    /// Whom a document is about: the person of its order, which is recorded first if it is not yet.
    async fn owner(&self, order_id: u64, cause: &Cause, by: By) -> Result<Option<String>, ReadError> {
        let key = order_id.to_string();
        if let Some(recorded) = self.changes.recorded(System::Commerce, address::Entity::Order, &key).await? {
            return Ok(recorded.person);
        }
        let _place = self.orders.acquire().await; // It is never closed.
        match self.reader.by_id(Entity::Order, order_id).await {
            Ok(order) => self.order(order, cause, by).await?,
            // The document is recorded all the same: what comes of it is seen where it is decided on.
            Err(ReadError::NotFound) => {
                tracing::warn!(order_id, "a document in Commerce names an order that does not exist there");
                return Ok(None);
            }
            Err(e) => return Err(e),
        };
        Ok(self.changes.recorded(System::Commerce, address::Entity::Order, &key).await?.and_then(|order| order.person))
    }

    /// Records an order, with its documents where it comes back from the archive.
    async fn order(&self, row: Row, cause: &Cause, by: By) -> Result<Recorded, ReadError> {
        let (id, placed) = (row.entity_id, placed(&row.text).unwrap_or_default());
        let recorded = self.put(Entity::Order, row, None, cause.clone(), by).await?;
        self.with_its_documents((id, &placed), cause, (recorded, by)).await?;
        Ok(recorded)
    }

    pub(super) async fn put(
        &self,
        entity: Entity,
        row: Row,
        owner: Option<String>,
        cause: Cause,
        by: By,
    ) -> Result<Recorded, ReadError> {
        let (key, updated_at) = (row.entity_id, row.updated_at);
        let reading = Reading {
            system: System::Commerce,
            entity: super::entity(entity),
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
                By::Hint | By::Poll | By::Sweep | By::Stamps(_) | By::Order => None,
            },
            read_after: match by {
                By::Stamps(sequence) => Some(sequence),
                By::Hint | By::Poll | By::Sweep | By::Order | By::Backfill(_) => None,
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
            (Some(_), By::Poll | By::Sweep | By::Stamps(_) | By::Order | By::Backfill(_)) | (None, _) => {}
        }
        Ok(recorded)
    }
}
