//! The command line. Data goes to stdout, talk to stderr.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::DateTime;
use operator::ping::Side;
use pipeline::settings::Span;

/// Keeps Visma.net ERP and Adobe Commerce in agreement.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110)]
pub struct Cli {
    /// The settings file; its keys win over the defaults, and `ML__SECTION__KEY` wins over it.
    #[arg(long, env = "ML_CONFIG", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run one service until it is told to stop.
    Run {
        /// Which one.
        service: Service,
    },
    /// Ask the services whether they do their work. Exit code 0: each does, 1: one does not, or does not run.
    Health {
        /// Which must run; all when none is named.
        services: Vec<Service>,
        /// Ask those that run on this machine or in this container, and leave out the others; one must.
        #[arg(long, conflicts_with = "services")]
        here: bool,
        /// Print JSON, one object a service.
        #[arg(long)]
        json: bool,
    },
    /// Make and update the streams, buckets and consumers on the broker. Nothing is ever deleted.
    Provision,
    /// Print the settings in force, secrets masked.
    Config,
    /// Try both sides step by step, and say for each failure what to do. Nothing is written to either. Exit code 0: all
    /// fine, 1: something failed, 2: nothing could be tried.
    Ping {
        /// One side only.
        side: Option<VendorName>,
        /// Print JSON, one object a step.
        #[arg(long)]
        json: bool,
    },
    /// Create and check the mapping file.
    Mapping {
        /// What to do with it.
        #[command(subcommand)]
        verb: MappingVerb,
    },
    /// List the dead letters: what was given up on, why, and what to do.
    DeadLetters {
        /// Print JSON, one object a letter.
        #[arg(long)]
        json: bool,
    },
    /// List our documents in Visma that are not as they were booked: gone, entered twice, of another total, without
    /// our reference. What was last read of them is held against our records; Visma is not asked. Exit code 0: none,
    /// 1: some.
    Drift {
        /// Print JSON, one object for each thing that differs.
        #[arg(long)]
        json: bool,
    },
    /// Book what was made before the go-live date after all. Prints the plan; --apply carries it out. It can be
    /// stopped, and the same command goes on where it was.
    Backfill(Backfill),
    /// When each poll ran last, and asking for one before it is due.
    Poll {
        /// What to do.
        #[command(subcommand)]
        verb: PollVerb,
    },
    /// The calls that the vendors still take, and how long they asked to be left alone.
    Budget {
        /// What to do.
        #[command(subcommand)]
        verb: BudgetVerb,
    },
    /// What the vendors know us by, kept sealed in the vault.
    Credentials {
        /// What to do.
        #[command(subcommand)]
        verb: CredentialsVerb,
    },
    /// Print a new random master key, or change the one in force.
    MasterKey {
        /// What to do; a new key is printed when nothing is named.
        #[command(subcommand)]
        verb: Option<MasterKeyVerb>,
    },
    /// Delete the key of one person, without which nothing that the streams hold of them can be read. Prints what it
    /// would do; --apply does it. Nothing brings the key back.
    Erase {
        /// The person's token: what stands between the colons in `sealed:1:…:` of a record of theirs.
        person: String,
        /// Do it.
        #[arg(long)]
        apply: bool,
    },
    /// Run a strict simulated Visma.net and Adobe Commerce on this machine.
    Sandbox(Sandbox),
    /// Show the main job: broker, sandbox and services on this machine, and a morning of orders.
    Demo(Demo),
}

/// The services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// Reads orders of Commerce, by webhook and by poll.
    IngestorCommerce,
    /// Reads customers of Visma.
    IngestorVisma,
    /// Decides what orders become.
    Mapper,
    /// Makes Visma hold it.
    WriterVisma,
    /// Makes Commerce's orders bear comments on what became of them.
    WriterCommerce,
}

/// A vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VendorName {
    /// Visma.net ERP.
    Visma,
    /// Adobe Commerce.
    Commerce,
}

impl From<VendorName> for Side {
    fn from(vendor: VendorName) -> Self {
        match vendor {
            VendorName::Visma => Self::Visma,
            VendorName::Commerce => Self::Commerce,
        }
    }
}

/// Whose credentials the vault keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Keeping {
    /// Of Visma.net ERP.
    Visma,
    /// Of Adobe Commerce.
    Commerce,
    /// The secret that webhooks are signed with.
    Webhook,
}

/// Verbs on credentials. None takes a secret as an argument: every user of a machine can read those.
#[derive(Debug, Clone, Subcommand)]
pub enum CredentialsVerb {
    /// Keep credentials: asked for one by one, or on standard input, one `name = value` a line.
    Set {
        /// Whose.
        whose: Keeping,
        /// Who keeps them; this user on this host when it is left out.
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// List what is kept, by whom and since when; never a secret.
    List {
        /// Print JSON, one object a line.
        #[arg(long)]
        json: bool,
    },
    /// Try what is in force: against a vendor with a token and one call, a webhook's secret against our own door.
    Test {
        /// Which; both vendors' when none is named.
        whose: Option<Keeping>,
    },
    /// Replace what is kept, after the new credentials were tried; those before stay good for a while.
    Rotate {
        /// Whose.
        whose: Keeping,
        /// How long a call that is refused under the new ones is made under those before.
        #[arg(long, default_value = "1h", value_parser = span, value_name = "TIME")]
        overlap: Span,
        /// Who replaces them; this user on this host when it is left out.
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Show what would be removed; remove it with --apply.
    Remove {
        /// Whose.
        whose: Keeping,
        /// Do it.
        #[arg(long)]
        apply: bool,
    },
}

/// Verbs on the master key.
#[derive(Debug, Clone, Subcommand)]
pub enum MasterKeyVerb {
    /// Show what sealing everything under another key would do; do it with --apply.
    Rotate {
        /// File of the new key, as `ml-connector master-key` prints one.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Do it.
        #[arg(long)]
        apply: bool,
    },
    /// When every service has the new key: take the old one out of force, with --apply.
    Retire {
        /// Do it.
        #[arg(long)]
        apply: bool,
    },
    /// Which key is in force, by its fingerprint.
    Status,
}

fn span(text: &str) -> Result<Span, String> {
    text.parse()
}

/// Verbs on budgets.
#[derive(Debug, Clone, Subcommand)]
pub enum BudgetVerb {
    /// List what each vendor's window still takes, and until when nobody calls.
    Show {
        /// Print JSON, one object a vendor.
        #[arg(long)]
        json: bool,
    },
    /// Forget what a vendor asked for and what was learned of its window; the next call tells it anew.
    Clear {
        /// Whose.
        vendor: VendorName,
    },
}

/// Verbs on polls.
#[derive(Debug, Clone, Subcommand)]
pub enum PollVerb {
    /// List the polls: when each ran last, what it found, what keeps it.
    List {
        /// Print JSON, one object a poll.
        #[arg(long)]
        json: bool,
    },
    /// Ask for a run now; the running services hear of it at once.
    Now {
        /// Which: `commerce`, `visma.customer`, `order`, …; all when none is named.
        poll: Option<String>,
        /// Wait until it has run, and print what it found.
        #[arg(long)]
        wait: bool,
        /// With --wait: print JSON, one object a poll.
        #[arg(long, requires = "wait")]
        json: bool,
    },
}

/// Verbs on the mapping file.
#[derive(Debug, Clone, Subcommand)]
pub enum MappingVerb {
    /// Write a first mapping file of what Visma and Commerce hold. What only the accountant knows stands there as a
    /// question.
    Init {
        /// Where to; one that is there is not written over. Standard output unless it is given.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Say what is new since the mapping file was written, as pieces to put into it, and what of it is gone. The file is
    /// not changed. Exit code 0: nothing, 1: something.
    Update,
    /// Read the mapping file, hold it against both systems and the shop's latest orders, and say everything that is wrong
    /// with it, with file and line. Exit code 0: nothing, 1: something.
    Check {
        /// Only read it; ask nobody.
        #[arg(long)]
        offline: bool,
        /// Print JSON, one object a line for each thing that is wrong: `code`, `file`, `line` (from 1; null where
        /// something is missing), `path` (key path, lists counted from 1), `list` and `sentence`.
        #[arg(long)]
        json: bool,
    },
    /// Print the commented file to start from.
    Default,
}

/// What is brought in.
#[derive(Debug, Clone, Args)]
pub struct Backfill {
    /// Orders made from this moment on, in the company's time zone: "2025-12-01" or "2025-12-01T12:00:00".
    #[arg(long, value_name = "DATE")]
    pub from: DateTime,
    /// And before this one; the go-live date unless it is given.
    #[arg(long, value_name = "DATE")]
    pub to: Option<DateTime>,
    /// Do it.
    #[arg(long)]
    pub apply: bool,
    /// Print JSON: the plan, and at the end what was done.
    #[arg(long)]
    pub json: bool,
}

/// How the sandbox starts.
#[derive(Debug, Clone, Args)]
pub struct Sandbox {
    /// Where Visma.net answers, and under `/_sandbox/` the control door.
    #[arg(long, default_value = "127.0.0.1:8101")]
    pub visma: SocketAddr,
    /// Where Adobe Commerce answers.
    #[arg(long, default_value = "127.0.0.1:8102")]
    pub commerce: SocketAddr,
    /// Orders that are there from the start.
    #[arg(long, default_value_t = 0)]
    pub orders: usize,
    /// Customers that they are spread over.
    #[arg(long, default_value_t = 300)]
    pub customers: u64,
    /// Seed of everything that is drawn.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Serve recorded REST responses from this folder instead of generated orders.
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
    /// Visma's settings, as JSON.
    #[arg(long, value_name = "JSON")]
    pub visma_config: Option<String>,
    /// Commerce's settings, as JSON.
    #[arg(long, value_name = "JSON")]
    pub commerce_config: Option<String>,
}

/// What the demo shows.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// Orders of the morning.
    #[arg(long, default_value_t = 150)]
    pub orders: usize,
    /// Leave everything running until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
    /// Serve recorded REST responses from this folder instead of generated orders.
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
}
