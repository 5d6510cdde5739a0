//! Writing the entries of final orders to files, and reading them back before anything is believed.

use std::collections::BTreeMap;
use std::path::Path;

use pipeline::clock;
use problem::{Code, Problem};
use record::Log;
use record::archive::{Archived, File, Manifest, Out, Run, scan};

use super::{Judged, Progress, STREAMS};

/// Entries between two words about how far it is.
const TOLD: u64 = 1_000;

/// Writes a run into a folder in `to`: complete, on disk, and held against the streams entry by entry.
///
/// # Errors
/// `ARCHIVE_DIFFERS` when a file does not hold what the stream does; when the broker or the disk does not do its part.
pub async fn export(log: &Log, judged: &Judged, to: &Path, progress: Progress<'_>) -> Result<Run, Problem> {
    let Judged { plan, catalog } = judged;
    let mut manifest = Manifest::new(&plan.connection, plan.before, clock::now());
    manifest.orders = plan.orders;
    manifest.stay =
        plan.stay.iter().map(|(reason, orders)| ((*reason).to_owned(), *orders)).collect::<BTreeMap<_, _>>();
    let part = Run::begin(to, &manifest)?;
    let mut written = 0;
    for stream in STREAMS {
        let mut out = Out::create(&part, stream)?;
        let keep = |entry: Archived| {
            if let Some(order) = catalog.archives(&entry)? {
                out.add(&Archived { order, ..entry })?;
                written += 1;
                if written % TOLD == 0 {
                    progress("entries written", written);
                }
            }
            Ok(())
        };
        scan(log, stream, false, keep).await?;
        manifest.files.push(out.finish()?);
    }
    for (file, stream) in manifest.files.iter().zip(STREAMS) {
        compare(log, stream, &part.join(&file.file), file).await?;
    }
    let run = Run::complete(to, &part, manifest)?;
    run.verify()?;
    Ok(run)
}

/// Holds a file against its stream: every entry in it stands there, and is the same.
async fn compare(log: &Log, stream: &str, path: &Path, file: &File) -> Result<(), Problem> {
    let mut lines = record::archive::Lines::open(path)?;
    let (mut next, mut same) = (lines.next().transpose()?, 0);
    let hold = |stands: Archived| {
        let Some(kept) = next.as_ref().filter(|kept| kept.sequence <= stands.sequence) else { return Ok(()) };
        if !kept.is_same(&stands) {
            return Err(differs(stream, kept.sequence));
        }
        (same, next) = (same + 1, lines.next().transpose()?);
        Ok(())
    };
    scan(log, stream, false, hold).await?;
    match next {
        None if same == file.entries => Ok(()),
        rest => Err(differs(stream, rest.map_or(0, |entry| entry.sequence))),
    }
}

fn differs(stream: &str, sequence: u64) -> Problem {
    let sentence = format!("entry {sequence} of {stream} was read back from the archive, and the stream holds another");
    let remedy = "nothing was purged. Look at the disk of the archive, then run the same command again";
    Problem::new(Code::ArchiveDiffers, sentence, remedy)
}
