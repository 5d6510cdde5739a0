//! List of what is in the log, by subject and by order. It is in a file of its own, as there may be millions of them.

use std::path::Path;

use jiff::Timestamp;
use problem::Problem;
use proto::seen::REFERENCE;
use record::address::{Address, Entity, Kind, System, note_over};
use record::archive::{Archived, scan};
use record::envelope::{LANE, ORIGIN};
use record::streams::{CHANGES, COMMANDS, DEAD, Durable, OUTCOMES};
use record::{Log, Which, backlog};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::finals::Subject;
use super::{Progress, Stay, list, unkept};
use crate::orders::order_of_paper;

const TABLES: &str = "
    CREATE TABLE subject(subject TEXT PRIMARY KEY, stream TEXT NOT NULL, lane TEXT, entries INTEGER NOT NULL,
        bytes INTEGER NOT NULL, last INTEGER NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE owner(record TEXT PRIMARY KEY, lane TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE lane(lane TEXT PRIMARY KEY, time INTEGER NOT NULL, stays TEXT) WITHOUT ROWID;
    BEGIN;";
const ADD: &str = "
    INSERT INTO subject VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6) ON CONFLICT(subject) DO UPDATE SET
        lane = coalesce(lane, excluded.lane), entries = entries + 1, bytes = bytes + excluded.bytes,
        last = excluded.last, time = excluded.time";
/// Entries between two words about how far it is.
const TOLD: u64 = 10_000;
/// Header in which the broker gives the size of a body that it leaves out.
const SIZE: &str = "Nats-Msg-Size";
/// Lanes that are judged in one go.
const LANES: u32 = 500;
/// A final order.
pub(super) const FINAL: &str = "final";

/// The list.
pub(super) struct Catalog {
    pub(super) db: Connection,
}

impl Catalog {
    /// Reads the whole log of a connection, without bodies but those that say whose they are.
    pub(super) async fn read(log: &Log, folder: &Path, progress: Progress<'_>) -> Result<Self, Problem> {
        let catalog = Self { db: list(folder)? };
        catalog.db.execute_batch(TABLES).map_err(|e| unkept(&e))?;
        catalog.papers(log).await?;
        let mut read = 0;
        // Commands say whose a record is, and changes whose a delivery was.
        for stream in [COMMANDS, CHANGES, OUTCOMES, DEAD] {
            let add = |entry: Archived| {
                read += 1;
                if read % TOLD == 0 {
                    progress("entries read", read);
                }
                catalog.add(stream, &entry).map_err(|e| unkept(&e))
            };
            scan(log, stream, true, add).await?;
        }
        catalog.db.execute_batch("COMMIT; CREATE INDEX of_lane ON subject(lane); BEGIN;").map_err(|e| unkept(&e))?;
        Ok(catalog)
    }

    /// Notes of which order each invoice and credit memo of the shop is: their bodies say it.
    async fn papers(&self, log: &Log) -> Result<(), Problem> {
        let mut failed = None;
        for entity in [Entity::Invoice, Entity::CreditMemo] {
            let span = log.entity(Kind::Change, System::Commerce, entity);
            log.read(&span, Which::From(1), |address, entry| {
                let Some(order) = order_of_paper(entry) else { return };
                failed = self.own(System::Commerce, entity, address.key(), &order).err().or(failed.take());
            })
            .await?;
        }
        failed.map_or(Ok(()), |error| Err(unkept(&error)))
    }

    fn own(&self, system: System, entity: Entity, key: &str, lane: &str) -> rusqlite::Result<()> {
        self.own_text(&place(system, entity, key), lane)
    }

    fn own_text(&self, record: &str, lane: &str) -> rusqlite::Result<()> {
        let mut insert = self.db.prepare_cached("INSERT OR IGNORE INTO owner VALUES (?1, ?2)")?;
        insert.execute(params![record, lane]).map(drop)
    }

    fn owner(&self, record: &str) -> rusqlite::Result<Option<String>> {
        let mut find = self.db.prepare_cached("SELECT lane FROM owner WHERE record = ?1")?;
        find.query_row([record], |row| row.get(0)).optional()
    }

    fn add(&self, stream: &str, entry: &Archived) -> rusqlite::Result<()> {
        let lane = match Address::parse(&entry.subject) {
            Ok(address) => self.lane(&address, entry)?,
            Err(_) if stream == DEAD => self.lane_of_letter(entry)?,
            Err(_) => None,
        };
        let header_bytes: usize = entry.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let body = header(entry, SIZE).and_then(|size| size.parse::<i64>().ok()).unwrap_or(0);
        let bytes = i64::try_from(entry.subject.len() + header_bytes).unwrap_or(i64::MAX).saturating_add(body);
        let (last, time) = (i64::try_from(entry.sequence).unwrap_or(i64::MAX), entry.time.as_millisecond());
        let mut add = self.db.prepare_cached(ADD)?;
        add.execute(params![entry.subject, stream, lane, bytes, last, time]).map(drop)
    }

    /// The order that an entry is of; none for what is of no order, and stays.
    fn lane(&self, address: &Address, entry: &Archived) -> rusqlite::Result<Option<String>> {
        let (system, entity, key) = (address.system(), address.entity(), address.key());
        if entity == Entity::Customer {
            return Ok(None);
        }
        match (address.kind(), system, entity) {
            (Kind::Command, ..) => {
                let Some(lane) = header(entry, LANE) else { return Ok(None) };
                self.own(system, entity, key, lane)?;
                if entity == Entity::Cancellation {
                    self.own(system, Entity::CreditNote, &note_over(key), lane)?;
                }
                if let Some(reference) = header(entry, REFERENCE) {
                    self.own_text(&format!("reference {reference}"), lane)?;
                }
                Ok(Some(lane.to_owned()))
            }
            (Kind::Change, System::Commerce, Entity::Order) | (_, System::Mapping, Entity::Order) => {
                Ok(Some(key.to_owned()))
            }
            (Kind::Change, System::Visma, _) => {
                let lane = match header(entry, REFERENCE) {
                    Some(reference) => self.owner(&format!("reference {reference}"))?,
                    None => None,
                };
                if let Some(lane) = &lane {
                    self.own_text(&format!("number {} {key}", entity.name()), lane)?;
                }
                Ok(lane)
            }
            (_, System::Mapping, Entity::SeenInvoice) => {
                self.owner(&format!("number {} {key}", Entity::Invoice.name()))
            }
            (_, System::Mapping, Entity::SeenCreditNote) => {
                self.owner(&format!("number {} {key}", Entity::CreditNote.name()))
            }
            (_, System::Mapping, _) => self.owner(&place(System::Commerce, entity, key)),
            _ => self.owner(&place(system, entity, key)),
        }
    }

    /// The order of what was given up on.
    fn lane_of_letter(&self, entry: &Archived) -> rusqlite::Result<Option<String>> {
        let Some(origin) = header(entry, ORIGIN) else { return Ok(None) };
        let mut find = self.db.prepare_cached("SELECT lane FROM subject WHERE subject = ?1")?;
        Ok(find.query_row([origin], |row| row.get(0)).optional()?.flatten())
    }

    /// Puts the subjects together to orders, and says which of them stay at first sight.
    pub(super) async fn group(&self, log: &Log, before: Timestamp, workers: &[Durable]) -> Result<(), Problem> {
        let run =
            |sql: &str, values: &[&dyn rusqlite::ToSql]| self.db.execute(sql, values).map(drop).map_err(|e| unkept(&e));
        run("INSERT INTO lane SELECT lane, max(time), NULL FROM subject WHERE lane IS NOT NULL GROUP BY lane", &[])?;
        let newer = "UPDATE lane SET stays = ?1 WHERE time >= ?2";
        run(newer, &[&Stay::Newer.name(), &before.as_millisecond()])?;
        for Durable { name, kind, system } in workers {
            if !matches!(kind, Kind::Change | Kind::Command) {
                continue;
            }
            let past = i64::try_from(backlog::past(log, (*kind, name)).await?).unwrap_or(0);
            let connection = log.connection().token();
            let prefix = match system {
                Some(system) => format!("{}.{connection}.{}.", kind.name(), system.name()),
                None => format!("{}.{connection}.", kind.name()),
            };
            let in_work = "UPDATE lane SET stays = ?1 WHERE stays IS NULL AND lane IN (SELECT lane FROM subject WHERE
                last > ?2 AND substr(subject, 1, ?3) = ?4)";
            let length = i64::try_from(prefix.len()).unwrap_or(0);
            run(in_work, &[&Stay::InWork.name(), &past, &length, &prefix])?;
        }
        for waiting in log.waiting().await? {
            let waits = "UPDATE lane SET stays = ?1 WHERE stays IS NULL AND lane IN (SELECT lane FROM subject WHERE
                subject = ?2)";
            run(waits, &[&Stay::Waits.name(), &waiting.subject])?;
        }
        Ok(())
    }

    /// The next orders behind `after` that nothing keeps yet, each with its subjects.
    pub(super) fn undecided(&self, after: &str) -> Result<Vec<(String, Vec<Subject>)>, Problem> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let next = "SELECT lane FROM lane WHERE stays IS NULL AND lane > ?1 ORDER BY lane LIMIT ?2";
            let mut next = self.db.prepare_cached(next)?;
            let lanes: Vec<String> =
                next.query_map(params![after, LANES], |row| row.get(0))?.collect::<Result<_, _>>()?;
            let of_lane = "SELECT stream, subject, last, time FROM subject WHERE lane = ?1";
            let mut of_lane = self.db.prepare_cached(of_lane)?;
            let mut all = Vec::new();
            for lane in lanes {
                let subjects = of_lane.query_map([&lane], |row| {
                    let number = |column| row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0));
                    Ok(Subject { stream: row.get(0)?, subject: row.get(1)?, last: number(2)?, time: number(3)? })
                })?;
                let subjects = subjects.collect::<Result<_, _>>()?;
                all.push((lane, subjects));
            }
            Ok(all)
        };
        read().map_err(|e| unkept(&e))
    }

    /// Says what keeps an order, or that nothing does.
    pub(super) fn decide(&self, lane: &str, stay: Option<Stay>) -> Result<(), Problem> {
        let decide = || {
            let mut update = self.db.prepare_cached("UPDATE lane SET stays = ?1 WHERE lane = ?2")?;
            update.execute(params![stay.map_or(FINAL, Stay::name), lane])
        };
        decide().map(drop).map_err(|e| unkept(&e))
    }

    /// The order that an entry is archived with; none when it stays.
    pub(super) fn archives(&self, entry: &Archived) -> Result<Option<String>, Problem> {
        let find = || {
            let find = "SELECT lane.lane FROM subject JOIN lane ON lane.lane = subject.lane
                WHERE subject.subject = ?1 AND lane.stays = ?2 AND subject.last >= ?3";
            let mut find = self.db.prepare_cached(find)?;
            let sequence = i64::try_from(entry.sequence).unwrap_or(i64::MAX);
            find.query_row(params![entry.subject, FINAL, sequence], |row| row.get(0)).optional()
        };
        find().map_err(|e| unkept(&e))
    }
}

fn place(system: System, entity: Entity, key: &str) -> String {
    format!("{} {} {key}", system.name(), entity.name())
}

fn header<'a>(entry: &'a Archived, name: &str) -> Option<&'a str> {
    entry.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
