//! The archive: what was taken out of the log, in files that other programs read too.
//!
//! A run of `ml-connector archive` is a folder with one file a stream and a manifest. A file is zstd over lines of
//! JSON, one an entry, in the order of the stream: sequence, time, subject, headers and body as they were stored.
//! `zstd -dc` and `jq` read it in ten years. The manifest holds counts and digests; it is complete before anything is
//! purged.

mod entry;
mod file;
mod manifest;
mod purge;
mod scan;

use std::path::PathBuf;

use problem::{Code, Problem};

pub use entry::{Archived, Mark};
pub use file::{Lines, Out};
pub use manifest::{File, Manifest, Purged, Run, runs};
pub use purge::{Purge, may_be_purged};
pub use scan::scan;

use crate::streams::{CHANGES, COMMANDS, DEAD, OUTCOMES};

/// The streams that are archived, in the order in which a record's entries are purged: its changes last, since they
/// say which order it is.
pub const ARCHIVED: [&str; 4] = [DEAD, OUTCOMES, COMMANDS, CHANGES];

/// Something is wrong with files of an archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The operating system refuses.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file is not as it was written.
    #[error("{path}: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Sentence that says what is wrong with it.
        why: String,
    },
}

impl ArchiveError {
    fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |error| Self::Io { path, error }
    }

    fn damaged(path: impl Into<PathBuf>, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.into(), why: why.into() }
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        let sentence = error.to_string();
        match error {
            ArchiveError::Io { .. } => Self::new(
                Code::ArchiveUnwritable,
                format!("an archive file could not be read or written: {sentence}"),
                "see that the folder is there, is yours and has room, then run the same command again",
            ),
            ArchiveError::Damaged { .. } => Self::new(
                Code::ArchiveDamaged,
                format!("an archive file is not as it was written: {sentence}"),
                "take the copy of it that you keep elsewhere; nothing is purged on the word of a damaged file",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
