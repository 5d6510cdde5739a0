//! Putting an archive into a second, empty broker, where the verbs and the `nats` tool read it.
//!
//! Sequences and times are the second broker's own there; each entry says what they were.

use problem::{Code, Problem};
use record::archive::{Archived, Run};
use record::envelope;
use record::{Log, archive};

use super::{Progress, STREAMS};

/// Sequence of an entry in the stream that it was archived from.
const SEQUENCE: &str = "Ml-Archived-Sequence";
/// When it was stored there.
const TIME: &str = "Ml-Archived-Time";
/// Entries between two words about how far it is.
const TOLD: u64 = 500;
/// Headers that tell the broker what to do.
const BROKERS: &str = "Nats-";

/// Publishes the entries of runs, oldest first. Returns their number.
///
/// # Errors
/// `ARCHIVE_NOT_EMPTY` when the broker holds anything of the connection; `ARCHIVE_DAMAGED`; when it does not answer.
pub async fn restore(log: &Log, runs: &[Run], progress: Progress<'_>) -> Result<u64, Problem> {
    for stream in STREAMS {
        let mut held = 0_u64;
        let count = |_| {
            held += 1;
            Ok(())
        };
        archive::scan(log, stream, true, count).await?;
        if held > 0 {
            let name = log.connection().name();
            let sentence = format!("{stream} holds {held} entries of the connection {name}: it is not empty");
            let remedy = "restore into a broker of its own, on which only `ml-connector provision` was run";
            return Err(Problem::new(Code::ArchiveNotEmpty, sentence, remedy));
        }
    }
    let mut restored = 0;
    for run in runs {
        run.verify()?;
        for file in &run.manifest.files {
            for entry in run.lines(file)? {
                publish(log, &file.stream, &entry?).await?;
                restored += 1;
                if restored % TOLD == 0 {
                    progress("entries restored", restored);
                }
            }
        }
    }
    Ok(restored)
}

async fn publish(log: &Log, stream: &str, entry: &Archived) -> Result<(), Problem> {
    let mut headers = Archived {
        headers: entry.headers.iter().filter(|(name, _)| !name.starts_with(BROKERS)).cloned().collect(),
        ..entry.clone()
    }
    .header_map();
    envelope::set(&mut headers, SEQUENCE, &entry.sequence.to_string());
    envelope::set(&mut headers, TIME, &entry.time.to_string());
    let body = entry.body().ok_or_else(|| {
        let sentence = format!("the body of entry {} of {stream} is spelled wrong", entry.sequence);
        Problem::new(Code::ArchiveDamaged, sentence, "take the copy of the archive that you keep elsewhere")
    })?;
    log.republish(stream, &entry.subject, record::Message { headers, payload: body }).await
}
