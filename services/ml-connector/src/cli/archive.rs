//! The command line of `ml-connector archive`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::DateTime;

/// Arguments of `archive`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Archive {
    /// Archive orders of which nothing is newer, in the company's time zone: "2027-01-01" or "2027-01-01T12:00:00".
    #[arg(long, value_name = "DATE")]
    pub before: Option<DateTime>,
    /// The folder for the files; it may hold archives already.
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
    /// Carry it out. An interrupted command goes on with the same folder.
    #[arg(long)]
    pub apply: bool,
    /// Verbs on archives.
    #[command(subcommand)]
    pub verb: Option<ArchiveVerb>,
}

/// Verbs on archives.
#[derive(Debug, Clone, Subcommand)]
pub enum ArchiveVerb {
    /// List the archives in a folder. Broker user: none.
    List {
        /// The folder that was given to --to.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Read archives to their end and compare digests and counts. Broker user: none.
    Verify {
        /// The folder that was given to --to.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Show all entries of one order, oldest first. Exit code 1: it is not there. Broker user: archive; none with
    /// --sealed.
    Show {
        /// The folder that was given to --to.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// The order, by its entity_id or its number in the shop.
        order: String,
        /// Leave personal texts sealed; no broker is needed then.
        #[arg(long)]
        sealed: bool,
    },
    /// Put archives into a second, empty broker, for an audit. Broker user: one of that broker.
    Restore {
        /// The folder that was given to --to.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}
