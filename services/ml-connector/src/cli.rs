//! The command line. Data goes to stdout, talk to stderr.

mod archive;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::DateTime;
use operator::ping::Side;
use pipeline::settings::Span;

/// Exit codes that scripts can rely on; the README has the same table.
const EXIT_CODES: &str = "\
Exit codes:
  0    done, and nothing to see to
  1    something to see to, which is printed; or the verb failed in another way than those below
  2    the command line cannot be understood, and nothing was done; with `ping`: nothing could be tested
  69   the broker or a vendor is away: try again later
  78   settings, credentials or rights are wrong: a person must correct them first
  130  `backfill` was interrupted; the same command continues";

pub use archive::{Archive, ArchiveVerb};

/// Keeps Visma.net ERP and Adobe Commerce in agreement.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110, after_long_help = EXIT_CODES)]
pub struct Cli {
    /// Settings file. Its keys override the defaults; `ML__SECTION__KEY` in the environment overrides the file.
    #[arg(long, env = "ML_CONFIG", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON on standard output, one object a line. An error is an object, too: `code`, `class`,
    /// `sentence`, `remedy`.
    #[arg(long, global = true)]
    pub json: bool,
    /// The connection that the verb works on; not needed when the settings have one. `run`, `health`, `provision`,
    /// `rights`, `waiting`, `dead-letters` and `budget` take all, or those that are named: repeat it.
    #[arg(long, global = true, value_name = "NAME")]
    pub connection: Vec<String>,
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run one service until it is told to stop. Broker user: the name of the service.
    Run {
        /// The service.
        service: Service,
    },
    /// Ask the services whether they work. Exit code 0: all do; 1: one does not, or does not run. Broker user: none.
    Health {
        /// Services that must be running; default: all.
        services: Vec<Service>,
        /// Ask only the services that run on this machine or in this container; at least one must run.
        #[arg(long, conflicts_with = "services")]
        here: bool,
    },
    /// Create and update the streams, buckets and consumers on the broker. Deletes nothing. Refuses a connection that
    /// is of another shop or company there. Broker user: provision.
    Provision {
        /// The same shop and company are under another address or tenant now: show what changes. The services must not
        /// run.
        #[arg(long)]
        moved: bool,
        /// Carry it out.
        #[arg(long, requires = "moved")]
        apply: bool,
    },
    /// Print the broker's users and what each may do, for all connections: the file that nats.conf includes. Broker
    /// user: none.
    Rights,
    /// Print the settings in force; secrets are masked. Broker user: none.
    Config,
    /// Test the connection to Visma and Commerce step by step; each failure says what to do. Writes nothing to them.
    /// Exit code 0: all fine; 1: a step failed; 2: nothing could be tested. Broker user: operator.
    Ping {
        /// Test one side only.
        side: Option<VendorName>,
    },
    /// Create and check the mapping file. Broker user: operator.
    Mapping {
        /// The verb.
        #[command(subcommand)]
        verb: MappingVerb,
    },
    /// List the dead letters: what could not be processed, why, and what to do. Broker user: operator.
    DeadLetters,
    /// List what waits for another document, a release or a customer, since when and until when. Broker user:
    /// operator.
    Waiting,
    /// Show how full each stream is, how it grows, and the day on which it will be full. Exit code 0: none within 90
    /// days; 1: some. Broker user: operator.
    Capacity,
    /// List the documents in Visma that differ from what was booked: deleted, entered twice, another total, no
    /// reference. Compares what the polls read last; does not call Visma. Exit code 0: none; 1: some. Broker user:
    /// operator.
    Drift,
    /// Book documents from before the go-live date. Prints the plan; --apply carries it out. When it is interrupted,
    /// the same command continues. Broker user: operator.
    Backfill(Backfill),
    /// Take orders that are final out of the broker into files, and say so to the services: what may be archived is
    /// looked up before it is created. Prints the plan; --apply carries it out. Broker user: archive.
    Archive(Archive),
    /// Show the polls; run a poll now. Broker user: operator.
    Poll {
        /// The verb.
        #[command(subcommand)]
        verb: PollVerb,
    },
    /// Show the vendors' call limits; end a wait that a vendor asked for. Broker user: operator.
    Budget {
        /// The verb.
        #[command(subcommand)]
        verb: BudgetVerb,
    },
    /// Manage API credentials, which are stored encrypted on the broker. Broker user: vault.
    Credentials {
        /// The verb.
        #[command(subcommand)]
        verb: CredentialsVerb,
    },
    /// Print a new random master key (broker user: none), or change the key in force (broker user: vault).
    MasterKey {
        /// The verb; without one, a new key is printed.
        #[command(subcommand)]
        verb: Option<MasterKeyVerb>,
    },
    /// Delete the key of one person, so that nobody can read that person's data in the streams again. Prints what it
    /// would do; --apply does it. This cannot be undone. Broker user: erasure.
    Erase {
        /// The person's token: the part between the colons in `sealed:1:…:` of one of the person's records.
        person: String,
        /// Carry it out.
        #[arg(long)]
        apply: bool,
    },
    /// Run a simulated Visma.net and Adobe Commerce on this machine. Broker user: none.
    Sandbox(Sandbox),
    /// Show the program at work: broker, sandbox and services on this machine, and a morning of orders. Broker user:
    /// none.
    Demo(Demo),
    /// Print the completion script of a shell. Broker user: none.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page. Broker user: none.
    Man {
        /// Write one page for each verb into this folder instead.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
}

/// The services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// Reads orders from Commerce, by webhook and by poll.
    IngestorCommerce,
    /// Reads customers and documents from Visma.
    IngestorVisma,
    /// Turns orders into invoices by the rules of the mapping file.
    Mapper,
    /// Creates and updates customers and documents in Visma.
    WriterVisma,
    /// Adds comments to orders in Commerce.
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
    /// Visma.net ERP.
    Visma,
    /// Adobe Commerce.
    Commerce,
    /// The secret that signs webhooks.
    Webhook,
}

/// Verbs on credentials. None takes a secret as an argument, because every user of the machine can read arguments.
#[derive(Debug, Clone, Subcommand)]
pub enum CredentialsVerb {
    /// Store credentials: asks for them one by one, or reads standard input, one `name = value` a line.
    Set {
        /// The credentials.
        whose: Keeping,
        /// Your name, for the record. Default: your login name; without one you are asked.
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// List the stored credentials: names, who stored them and when; never a secret.
    List,
    /// Test the credentials in force: a token and one call to the vendor; for webhooks a signed call to our own port.
    Test {
        /// The credentials to test. Default: those of both vendors.
        whose: Option<Keeping>,
    },
    /// Test new credentials, then replace the stored ones. The old ones stay valid for the overlap.
    Rotate {
        /// The credentials.
        whose: Keeping,
        /// How long the old credentials are still used for a call that the new ones are refused for.
        #[arg(long, default_value = "1h", value_parser = span, value_name = "TIME")]
        overlap: Span,
        /// Your name, for the record. Default: your login name; without one you are asked.
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Show what would be removed; --apply removes it.
    Remove {
        /// The credentials.
        whose: Keeping,
        /// Carry it out.
        #[arg(long)]
        apply: bool,
    },
}

/// Verbs on the master key.
#[derive(Debug, Clone, Subcommand)]
pub enum MasterKeyVerb {
    /// Show what a change to another key would do; --apply changes it.
    Rotate {
        /// File with the new key, as `ml-connector master-key` prints one.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Carry it out.
        #[arg(long)]
        apply: bool,
    },
    /// End the use of the old key, once every service has the new one; --apply ends it.
    Retire {
        /// Carry it out.
        #[arg(long)]
        apply: bool,
    },
    /// Show the fingerprint of the key in force.
    Status,
}

fn span(text: &str) -> Result<Span, String> {
    text.parse()
}

/// Verbs on budgets.
#[derive(Debug, Clone, Subcommand)]
pub enum BudgetVerb {
    /// Show how many calls each vendor still allows, and a wait that it asked for.
    Show,
    /// Forget a vendor's wait and limit; its next answer tells them again.
    Clear {
        /// The vendor.
        vendor: VendorName,
    },
}

/// Verbs on polls.
#[derive(Debug, Clone, Subcommand)]
pub enum PollVerb {
    /// List the polls: the last run of each, what it found, and why it failed.
    List,
    /// Ask the running services to poll now.
    Now {
        /// The poll: `commerce`, `visma.customer`, `order`, … Default: all.
        poll: Option<String>,
        /// Wait until it has run, and print what it found.
        #[arg(long)]
        wait: bool,
    },
}

/// Verbs on the mapping file.
#[derive(Debug, Clone, Subcommand)]
pub enum MappingVerb {
    /// Write a first mapping file from what Visma and Commerce hold. It has questions that only the accountant can
    /// answer; the mapper does not start before all are answered.
    Init {
        /// The file to write; an existing one is not overwritten. Default: standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print what is new in Visma and Commerce, as rules to add, and what the file names that no longer exists. Does
    /// not change the file. Exit code 0: nothing; 1: something.
    Update,
    /// Compare the mapping file with both systems and with the shop's latest orders; print every fault with its line.
    /// Exit code 0: none; 1: some. With --json one object for each fault: `code`, `file`, `line` (from 1; null where
    /// something is missing), `path` (key path, lists counted from 1), `list` and `sentence`.
    Check {
        /// Check the file alone; call neither system.
        #[arg(long)]
        offline: bool,
    },
    /// Print the default mapping file, with every key explained.
    Default,
}

/// The range of a backfill.
#[derive(Debug, Clone, Args)]
pub struct Backfill {
    /// First moment, in the company's time zone: "2025-12-01" or "2025-12-01T12:00:00".
    #[arg(long, value_name = "DATE")]
    pub from: DateTime,
    /// End; documents of this moment are left out. Default: the go-live date.
    #[arg(long, value_name = "DATE")]
    pub to: Option<DateTime>,
    /// Carry it out.
    #[arg(long)]
    pub apply: bool,
}

/// How the sandbox starts.
#[derive(Debug, Clone, Args)]
pub struct Sandbox {
    /// Address of the simulated Visma.net; `/_sandbox/` controls the sandbox.
    #[arg(long, default_value = "127.0.0.1:8101")]
    pub visma: SocketAddr,
    /// Address of the simulated Adobe Commerce.
    #[arg(long, default_value = "127.0.0.1:8102")]
    pub commerce: SocketAddr,
    /// Number of orders at the start.
    #[arg(long, default_value_t = 0)]
    pub orders: usize,
    /// Number of customers of these orders.
    #[arg(long, default_value_t = 300)]
    pub customers: u64,
    /// Seed of the random generator.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Serve recorded REST responses from this folder instead of generated orders.
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
    /// Settings of the simulated Visma.net, as JSON.
    #[arg(long, value_name = "JSON")]
    pub visma_config: Option<String>,
    /// Settings of the simulated Adobe Commerce, as JSON.
    #[arg(long, value_name = "JSON")]
    pub commerce_config: Option<String>,
}

/// Options of the demo.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// Number of orders.
    #[arg(long, default_value_t = 150)]
    pub orders: usize,
    /// Keep everything running until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
    /// Serve recorded REST responses from this folder instead of generated orders.
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
}
