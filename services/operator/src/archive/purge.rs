//! Taking out of the streams what a run holds: subject by subject, up to the last entry that was archived.

use std::time::{Duration, Instant};

use pipeline::clock;
use problem::Problem;
use record::Log;
use record::archive::{ARCHIVED, Purge, Purged, Run};
use rusqlite::{Connection, params};

use super::{Progress, list, unkept};

const TABLES: &str = "
    CREATE TABLE purge(subject TEXT PRIMARY KEY, stream INTEGER NOT NULL, lane TEXT NOT NULL, last INTEGER NOT NULL)
        WITHOUT ROWID;
    BEGIN;";
const ADD: &str = "INSERT INTO purge VALUES (?1, ?2, ?3, ?4) ON CONFLICT(subject) DO UPDATE SET last = excluded.last";
/// Subjects that are read from the list at once; between them it is looked whether there is room.
const PAGE: u32 = 64;

/// The purge of one run, page by page. A subject that is purged already costs a question and changes nothing, so that
/// one that was interrupted is begun again.
pub struct Purging<'a> {
    log: &'a Log,
    run: &'a mut Run,
    db: Connection,
    after: (String, i64, String),
    /// Subjects in all, and those that are done.
    pub subjects: u64,
    /// Subjects that are done.
    pub done: u64,
    purged: u64,
    spent: Duration,
}

impl std::fmt::Debug for Purging<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Purging").field("run", &self.run).field("done", &self.done).finish_non_exhaustive()
    }
}

impl<'a> Purging<'a> {
    /// Lists what a run holds, from its files, after they were verified.
    ///
    /// # Errors
    /// `ARCHIVE_DAMAGED` when they are not as they were written: nothing is purged then.
    pub fn open(log: &'a Log, run: &'a mut Run, progress: Progress<'_>) -> Result<Self, Problem> {
        run.verify()?;
        let db = list(&run.folder)?;
        db.execute_batch(TABLES).map_err(|e| unkept(&e))?;
        let mut read = 0;
        for file in &run.manifest.files {
            let order = ARCHIVED.iter().position(|stream| *stream == file.stream);
            let order = i64::try_from(order.unwrap_or(ARCHIVED.len())).unwrap_or(0);
            for entry in run.lines(file)? {
                let entry = entry?;
                let last = i64::try_from(entry.sequence).unwrap_or(0);
                let mut add = db.prepare_cached(ADD).map_err(|e| unkept(&e))?;
                add.execute(params![entry.subject, order, entry.order, last]).map_err(|e| unkept(&e))?;
                read += 1;
            }
            progress("entries read back", read);
        }
        db.execute_batch("COMMIT; CREATE INDEX in_order ON purge(lane, stream, subject);").map_err(|e| unkept(&e))?;
        let subjects = db.query_row("SELECT count(*) FROM purge", [], |row| row.get::<_, i64>(0));
        let subjects = u64::try_from(subjects.map_err(|e| unkept(&e))?).unwrap_or(0);
        let after = (String::new(), -1, String::new());
        Ok(Self { log, run, db, after, subjects, done: 0, purged: 0, spent: Duration::ZERO })
    }

    fn page(&self) -> rusqlite::Result<Vec<(String, i64, Purge)>> {
        let next = "SELECT lane, stream, subject, last FROM purge WHERE (lane, stream, subject) > (?1, ?2, ?3)
            ORDER BY lane, stream, subject LIMIT ?4";
        let mut next = self.db.prepare_cached(next)?;
        let (lane, stream, subject) = &self.after;
        let rows = next.query_map(params![lane, stream, subject, PAGE], |row| {
            let stream: i64 = row.get(1)?;
            let name = usize::try_from(stream).ok().and_then(|place| ARCHIVED.get(place)).copied().unwrap_or_default();
            let last = u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0);
            Ok((row.get(0)?, stream, Purge { stream: name.to_owned(), subject: row.get(2)?, last }))
        })?;
        rows.collect()
    }

    /// Purges some subjects; false when there are no more.
    ///
    /// # Errors
    /// When the broker does not answer, or refuses.
    pub async fn step(&mut self) -> Result<bool, Problem> {
        let began = Instant::now();
        let page = self.page().map_err(|e| unkept(&e))?;
        for (lane, stream, purge) in &page {
            self.purged += purge.carry_out(self.log).await?;
            self.done += 1;
            self.after = (lane.clone(), *stream, purge.subject.clone());
        }
        self.spent += began.elapsed();
        Ok(!page.is_empty())
    }

    /// Writes down that all of it is purged.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn finish(self) -> Result<Purged, Problem> {
        let millis = u64::try_from(self.spent.as_millis()).unwrap_or(u64::MAX);
        let purged = Purged { at: clock::now(), entries: self.purged, millis };
        self.run.finish(purged)?;
        Ok(purged)
    }
}
