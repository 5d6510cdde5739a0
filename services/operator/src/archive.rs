//! `ml-connector archive`: takes what is final out of the hot streams into files, and leaves everything else untouched.
//!
//! An order is moved with all that belongs to it, or not at all. `catalog` lists what is in the log, by order;
//! `finals` judges which orders are final; `export` writes their entries, reads them back and holds them against the
//! streams; `purge` takes them out. `show` and `restore` read the files.

mod catalog;
mod export;
mod finals;
mod purge;
mod restore;
mod show;
mod sums;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use problem::{Code, Problem, chain};
use record::Log;
use record::archive::Run;
use record::capacity::told;
use record::streams::{CHANGES, COMMANDS, DEAD, Durable, OUTCOMES};
use serde::Serialize;

use crate::table::headed;
use catalog::Catalog;
pub use export::export;
pub use finals::Stay;
pub use purge::Purging;
pub use restore::restore;
pub use show::{Shown, show};

/// The streams, in the order in which they are told and written.
const STREAMS: [&str; 4] = [CHANGES, COMMANDS, OUTCOMES, DEAD];

/// Something that is told while it works: what is done, and how much of it.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64);

/// Entries of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The stream.
    pub stream: &'static str,
    /// Its entries that are archived.
    pub entries: u64,
    /// Bytes of them, as the broker counts.
    pub bytes: u64,
    /// Their subjects: what the broker holds in memory.
    pub subjects: u64,
}

/// Plan of an archive: what would be moved, and what stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The connection.
    pub connection: String,
    /// Moment of the archive: what was final before it is archived.
    pub before: Timestamp,
    /// Orders with all that is of them.
    pub orders: u64,
    /// By stream.
    pub parts: Vec<Part>,
    /// Orders that stay, by reason.
    pub stay: BTreeMap<&'static str, u64>,
    /// Entries that are of no order, and stay.
    pub of_no_order: u64,
    /// Seconds that it will take, about.
    pub seconds: u64,
}

/// The log, read and judged.
pub struct Judged {
    /// Plan of what would be archived.
    pub plan: Plan,
    catalog: Catalog,
}

impl std::fmt::Debug for Judged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judged").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Reads the log and judges which orders are final before a moment. `workers` are the services that must be past what
/// is archived; the list is kept in a file in `folder` as long as it is wanted.
///
/// # Errors
/// When the broker does not answer, or the list cannot be kept.
pub async fn judge(
    log: &Log,
    before: Timestamp,
    workers: &[Durable],
    folder: &Path,
    progress: Progress<'_>,
) -> Result<Judged, Problem> {
    let began = std::time::Instant::now();
    let catalog = Catalog::read(log, folder, progress).await?;
    catalog.group(log, before, workers).await?;
    finals::judge(log, &catalog, before, progress).await?;
    let plan = catalog.plan(log.connection().name(), before, began.elapsed())?;
    Ok(Judged { plan, catalog })
}

impl Plan {
    /// As a person reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut table = headed(["stream", "entries", "subjects", "bytes"]);
        for part in &self.parts {
            let Part { stream, entries, bytes, subjects } = part;
            table.add_row([*stream, &entries.to_string(), &subjects.to_string(), &told(*bytes)]);
        }
        let stay: Vec<_> = self.stay.iter().map(|(reason, orders)| format!("{orders} {reason}")).collect();
        let stay = if stay.is_empty() { "none".to_owned() } else { stay.join(", ") };
        format!(
            "{table}\n{} orders are final before {}. Orders that stay: {stay}. {} entries are of no order and stay. It \
             takes about {} s.\n",
            self.orders, self.before, self.of_no_order, self.seconds
        )
    }
}

/// The runs of a connection in a folder that were written and not purged, or not all of them.
///
/// # Errors
/// `ARCHIVE_DAMAGED` when a manifest is.
pub fn unfinished(folder: &Path, connection: &str) -> Result<Vec<Run>, Problem> {
    let runs = record::archive::runs(folder)?;
    Ok(runs.into_iter().filter(|run| run.purged.is_none() && run.manifest.connection == connection).collect())
}

/// A file for a list, in a folder that has room. It has no name there: it goes with the process, however that ends.
fn list(folder: &Path) -> Result<rusqlite::Connection, Problem> {
    let path = folder.join(format!(".archive-{}.sqlite", std::process::id()));
    let list = rusqlite::Connection::open(&path).and_then(|list| {
        // It is made when it is first written.
        list.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE first(one)")?;
        Ok(list)
    });
    let _ = std::fs::remove_file(&path); // It could not be made.
    list.map_err(|e| unkept(&e))
}

/// The list of what is in the log could not be kept.
fn unkept(error: &rusqlite::Error) -> Problem {
    let sentence = format!("the list of what is in the log could not be kept: {}", chain(error));
    Problem::new(Code::ArchiveUnwritable, sentence, "see that the folder is there, is yours and has room")
}
