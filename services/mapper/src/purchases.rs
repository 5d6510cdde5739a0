//! Which supplier invoices are for which purchase order: a view over their changes, by a header. A purchase order may
//! be told which order of the shop it serves long after the supplier has billed it.

use std::sync::Arc;

use async_nats::HeaderMap;
use pipeline::broker::token::untoken;
use proto::seen::PURCHASE_ORDERS;
use record::Log;
use record::address::{Address, Entity, Kind, System};
use record::envelope::header;
use record::view::sql::{Connection, Result, params};
use record::view::{Caught, Schema, Seen, Store, View};
use tokio_util::sync::CancellationToken;

const TABLES: &str = "CREATE TABLE purchase_invoice (
    purchase_order TEXT NOT NULL, invoice TEXT NOT NULL, PRIMARY KEY (purchase_order, invoice)) WITHOUT ROWID;";

#[derive(Debug)]
pub(crate) struct Purchases(Arc<Store>);

impl Purchases {
    /// Keys of the supplier invoices that name this purchase order, or did once.
    pub(crate) fn invoices(&self, purchase_order: &str) -> Vec<String> {
        self.0.read(|tables| {
            let mut invoices =
                tables.prepare_cached("SELECT invoice FROM purchase_invoice WHERE purchase_order = ?1")?;
            invoices.query_map([purchase_order], |row| row.get(0))?.collect()
        })
    }

    /// Notes a version of a supplier invoice, which the view may not have come to yet.
    pub(crate) fn note(&self, key: &str, headers: &HeaderMap) {
        self.0.write(|tables| note(tables, key, headers));
    }
}

fn note(tables: &Connection, key: &str, headers: &HeaderMap) -> Result<()> {
    for number in header(headers, PURCHASE_ORDERS).unwrap_or_default().split(',').filter(|n| !n.is_empty()) {
        let mut insert = tables.prepare_cached("INSERT OR IGNORE INTO purchase_invoice VALUES (?1, ?2)")?;
        insert.execute(params![untoken(number).as_str(), key])?;
    }
    Ok(())
}

impl View for Purchases {
    fn schema(&self) -> Schema {
        Schema { name: "purchase", version: 1, tables: TABLES }
    }

    fn see(&self, tables: &Connection, entry: &Seen<'_>) -> Result<()> {
        let Ok(address) = Address::parse(entry.subject) else { return Ok(()) };
        note(tables, address.key(), entry.headers)
    }
}

/// Follows the changes of supplier invoices.
pub(crate) async fn follow(log: &Log, stop: &CancellationToken) -> (Arc<Purchases>, Caught) {
    let purchases = Arc::new(Purchases(Arc::clone(log.tables())));
    let versions = vec![log.part(&log.entity(Kind::Change, System::Visma, Entity::SupplierInvoice), true)];
    let caught = log.follow(Arc::clone(&purchases) as Arc<dyn View>, versions, stop).await;
    (purchases, caught)
}
