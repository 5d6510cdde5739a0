//! Records that Visma shows and that cannot be read, set aside by their number so that all others are read.
//!
//! Each becomes a dead letter once, and each run of the poll asks for some of them again by their number.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::visma::delta::Mark;
use ::visma::list::Row;
use ::visma::read::ReadError;
use pipeline::cursor::Cursor;
use pipeline::service::Context;
use problem::{Problem, chain};
use record::Log;
use record::address::System;

use super::NAME;
use super::entity::Entity;
use super::list::unreadable;

/// Records that one run asks for again.
const AGAIN: usize = 3;
/// How the key of a row without a number begins.
const UNNUMBERED: &str = "row-";

/// A row with what tells its version, or what is wrong with it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) row: Row,
    pub(super) mark: Mark,
    pub(super) wrong: Option<ReadError>,
}

/// Records of one kind that are set aside. The list outlives the process.
#[derive(Debug)]
pub(super) struct Aside {
    entity: Entity,
    log: Log,
    cursor: Cursor,
    numbers: Mutex<BTreeSet<String>>,
    /// The last one that was asked for again.
    last: Mutex<String>,
}

impl Aside {
    /// Opens the list of records that earlier runs have set aside.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub(super) async fn open(context: &Context, entity: Entity) -> Result<Self, Problem> {
        let name = format!("{}.aside", entity.poll_name());
        let cursor = Cursor::open(&context.broker, &context.connection, &name).await?;
        let numbers = Mutex::new(cursor.read().await?.unwrap_or_default());
        let log = Log::on(&context.broker, &context.connection);
        Ok(Self { entity, log, cursor, numbers, last: Mutex::default() })
    }

    /// Writes the dead letter of a record, unless it is set aside already; it is asked for again.
    ///
    /// # Errors
    /// When the broker does not do its part; the record is then met again.
    pub(super) async fn set(&self, number: &str, problem: Problem) -> Result<(), Problem> {
        if self.numbers().contains(number) {
            return Ok(());
        }
        let sentence = format!("the {} {number} of Visma: {}", self.entity.name(), problem.sentence);
        self.tell(number, &Problem { sentence, ..problem }).await?;
        self.change(|numbers| numbers.insert(number.to_owned())).await
    }

    /// Writes a dead letter about this kind of record.
    ///
    /// # Errors
    /// When the broker does not do its part.
    pub(super) async fn tell(&self, key: &str, problem: &Problem) -> Result<(), Problem> {
        let address = self.log.change(System::Visma, self.entity.record(), key);
        self.log.give_up_unread(NAME, &address, problem).await
    }

    /// Forgets a record that was read, or is gone.
    ///
    /// # Errors
    /// When the broker does not do its part.
    pub(super) async fn done(&self, number: &str) -> Result<(), Problem> {
        if !self.numbers().contains(number) {
            return Ok(());
        }
        tracing::info!(
            entity = self.entity.name(),
            number,
            "a record that was set aside can be read again, or is gone"
        );
        self.change(|numbers| numbers.remove(number)).await
    }

    /// The next few that can be asked for by their number, in turn.
    pub(super) fn next(&self) -> Vec<String> {
        if self.entity == Entity::SupplierInvoice {
            return Vec::new(); // Its key is no address.
        }
        let numbers = self.numbers();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = || numbers.iter().filter(|number| !number.starts_with(UNNUMBERED));
        let after = asked().filter(|number| **number > *last);
        let next: Vec<String> = after.chain(asked().filter(|number| **number <= *last)).take(AGAIN).cloned().collect();
        *last = next.last().cloned().unwrap_or_default();
        next
    }

    fn numbers(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn change(&self, change: impl FnOnce(&mut BTreeSet<String>) -> bool) -> Result<(), Problem> {
        let numbers = {
            let mut numbers = self.numbers();
            if !change(&mut numbers) {
                return Ok(());
            }
            numbers.clone()
        };
        metrics::gauge!("ml_records_aside", "entity" => self.entity.name())
            .set(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
        self.cursor.write(&numbers).await
    }
}

impl Seen {
    /// Looks at a row. One that cannot be read is known by its number, or by `hash` of its content.
    pub(super) fn new(entity: Entity, row: Row, hash: impl FnOnce(&str) -> String) -> Self {
        match entity.mark(&row) {
            Ok(mark) => Self { row, mark, wrong: None },
            Err(wrong) => {
                let key = entity.key_in(row.text()).unwrap_or_else(|| format!("{UNNUMBERED}{}", hash(row.text())));
                let mark = Mark { key, modified: None, version: None };
                Self { row, mark, wrong: Some(wrong) }
            }
        }
    }

    /// The problem of a row that cannot be read.
    pub(super) fn problem(wrong: &ReadError) -> Problem {
        unreadable(chain(wrong))
    }
}
