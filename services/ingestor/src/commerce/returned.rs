//! An order that comes back from the archive: it is read with all its documents.
//!
//! A refund a year later moves the order and brings the credit memo, and nothing else of it. What its account comes to,
//! and which invoices there are to credit, is known from all of its documents, which no poll shows again.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use ::commerce::entity::Entity;
use ::commerce::search::{Filter, PageSize, Search};
use problem::{Code, Problem, Stopped, chain};
use record::address::{self, System};
use record::envelope::Cause;
use serde::Deserialize;

use super::reader::ReadError;
use super::recorder::{By, Recorder};
use crate::changes::Recorded;

/// Documents of an order a page, and pages at most.
const ROWS: u32 = 50;
const PAGES: u32 = 100;
/// Orders that are remembered; beyond that the memory starts over.
const REMEMBERED: usize = 20_000;

/// Orders whose documents were read.
#[derive(Debug, Default)]
pub(super) struct Returned {
    /// Kinds of documents that are read here.
    pub(super) kinds: Vec<Entity>,
    done: Mutex<HashSet<u64>>,
}

impl Returned {
    /// Reads documents of these kinds.
    pub(super) fn new(polled: impl Iterator<Item = Entity>) -> Self {
        let kinds = polled.filter(|entity| matches!(entity, Entity::Invoice | Entity::CreditMemo)).collect();
        Self { kinds, done: Mutex::default() }
    }

    fn is_done(&self, order: u64) -> bool {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).contains(&order)
    }

    fn finish(&self, order: u64) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if done.len() >= REMEMBERED {
            done.clear();
        }
        done.insert(order);
    }
}

#[derive(Deserialize)]
struct Placed {
    created_at: Option<String>,
}

/// When an order was placed, as its record says.
pub(super) fn placed(text: &str) -> Option<String> {
    let order: Placed = serde_json::from_str(text).ok()?;
    order.created_at
}

impl Recorder {
    /// Reads the documents of an order that was just read, where its first version in the log is one that may follow
    /// others in the archive. One that fails is read again with the order.
    pub(super) async fn with_its_documents(
        &self,
        (order, placed): (u64, &str),
        cause: &Cause,
        (recorded, by): (Recorded, By),
    ) -> Result<(), ReadError> {
        if recorded == Recorded::Older || matches!(by, By::Backfill(_)) || self.returned.is_done(order) {
            return Ok(());
        }
        let horizon = self.changes.log().horizon().await?;
        if !horizon.is_some_and(|horizon| horizon.hides(placed)) {
            return Ok(());
        }
        if !self.changes.is_first(System::Commerce, address::Entity::Order, &order.to_string()).await? {
            return Ok(());
        }
        tracing::info!(order, "an order comes back from the archive: its documents are read with it");
        for kind in &self.returned.kinds {
            self.documents_of(order, *kind, cause).await?;
        }
        self.returned.finish(order);
        Ok(())
    }

    async fn documents_of(&self, order: u64, kind: Entity, cause: &Cause) -> Result<(), ReadError> {
        let size = PageSize::new(ROWS).map_err(|e| ReadError::Stopped(Stopped::Person(wrong(&e))))?;
        let owner = self.changes.recorded(System::Commerce, address::Entity::Order, &order.to_string()).await?;
        let owner = owner.and_then(|order| order.person);
        for page in (1..=PAGES).filter_map(NonZeroU32::new) {
            let search = Search::new(size).and(Filter::equal("order_id", order)).page(page);
            let found = self.reader.page(kind, &search).await?;
            let rows = found.items.len();
            // A shop that does not honour the filter shows other orders' documents.
            for row in found.items.into_iter().filter(|row| row.order_id == Some(order)) {
                self.put(kind, row, owner.clone(), cause.clone(), By::Order).await?;
            }
            if u64::try_from(rows).unwrap_or(0) < u64::from(ROWS) {
                break;
            }
        }
        Ok(())
    }
}

fn wrong(error: &dyn std::error::Error) -> Problem {
    Problem::new(
        Code::CommerceUnreadable,
        chain(error),
        "report it: the search for an order's documents cannot be built",
    )
}
