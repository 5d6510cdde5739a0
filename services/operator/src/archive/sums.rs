//! Counts in the catalog what would be archived.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use problem::Problem;
use rusqlite::params;

use super::catalog::{Catalog, FINAL};
use super::{Part, Plan, STREAMS, Stay, unkept};

impl Catalog {
    /// Counts what would be archived; reading and judging took `took`.
    pub(super) fn plan(&self, connection: &str, before: Timestamp, took: Duration) -> Result<Plan, Problem> {
        self.sums(connection, before, took).map_err(|e| unkept(&e))
    }

    fn sums(&self, connection: &str, before: Timestamp, took: Duration) -> rusqlite::Result<Plan> {
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        let count = |sql: &str| self.db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(number);
        let mut parts = Vec::new();
        for stream in STREAMS {
            let sum = "SELECT coalesce(sum(entries), 0), coalesce(sum(bytes), 0), count(*) FROM subject
                JOIN lane ON lane.lane = subject.lane WHERE lane.stays = ?1 AND subject.stream = ?2";
            parts.push(self.db.query_row(sum, params![FINAL, stream], |row| {
                let at = |column| row.get::<_, i64>(column).map(number);
                Ok(Part { stream, entries: at(0)?, bytes: at(1)?, subjects: at(2)? })
            })?);
        }
        let mut stay = BTreeMap::new();
        for reason in Stay::ALL {
            let mut orders = self.db.prepare_cached("SELECT count(*) FROM lane WHERE stays = ?1")?;
            let orders = orders.query_row([reason.name()], |row| row.get::<_, i64>(0)).map(number)?;
            if orders > 0 {
                stay.insert(reason.name(), orders);
            }
        }
        let subjects: u64 = parts.iter().map(|part| part.subjects).sum();
        Ok(Plan {
            connection: connection.to_owned(),
            before,
            orders: count(&format!("SELECT count(*) FROM lane WHERE stays = '{FINAL}'"))?,
            parts,
            stay,
            of_no_order: count("SELECT coalesce(sum(entries), 0) FROM subject WHERE lane IS NULL")?,
            // It is read twice more, and a subject is purged in a millisecond or two.
            seconds: took.as_secs().saturating_mul(2) + subjects / 500 + 1,
        })
    }
}
