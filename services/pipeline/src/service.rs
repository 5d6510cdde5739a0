//! The life of every service: settings → telemetry → admin port → broker → vault → identity → ready → work → stop.
//!
//! All of that is once a process; the work is once a connection. `supervise` starts and ends works as connections come
//! and go, `part` is the life of one, `watch` sees that settings or mapping files have changed.

mod brokers;
mod part;
mod supervise;
mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::broker::{self, Broker};
use crate::health::address::Address;
use crate::health::{self, Board, Health};
use crate::identity::Identity;
use crate::vault::{self, Vault, VaultError};
use crate::{task, telemetry};
use brokers::Brokers;
use problem::{Code, Problem};
use supervise::Supervisor;

/// The settings that a process needs, whatever connections it serves.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The broker.
    pub nats: broker::Settings,
    /// The master key.
    pub vault: vault::Settings,
    /// Logging.
    pub log: telemetry::Settings,
    /// Admin ports by service.
    pub admin: Admin,
    /// The folder of the local stores; none where they are not kept.
    pub views: Option<PathBuf>,
    /// How often it is looked whether settings or mapping files have changed.
    pub reload: Duration,
}

/// The admin port of each service, by its name; `127.0.0.1:0` takes any free one.
#[derive(Debug, Clone)]
pub struct Admin(pub BTreeMap<&'static str, Address>);

/// Work of a service for one connection, from the beginning until it is told to stop. It stays on the thread of the
/// service, which has only one.
pub type Work = Rc<dyn Fn(Context) -> LocalBoxFuture<'static, Result<(), Problem>>>;

/// A connection that a process serves.
#[derive(Clone)]
pub struct Part {
    /// Its name.
    pub connection: String,
    /// The shop and the company that it is of.
    pub identity: Identity,
    /// Its broker: the process's, or one of its own.
    pub nats: broker::Settings,
    /// A digest of all that its work is done by: another one begins the work anew.
    pub digest: u64,
    /// The work; or why there is none with these settings.
    pub work: Result<Work, Problem>,
}

/// The connections that a process is to serve.
pub struct Parts {
    /// Each of them.
    pub parts: Vec<Part>,
    /// The files and folders that this was read from.
    pub files: Vec<PathBuf>,
}

/// Reads the connections that a process is to serve.
pub type Read = Box<dyn Fn() -> Result<Parts, Problem>>;

/// Everything that the work of one connection is done with.
#[derive(Debug, Clone)]
pub struct Context {
    /// The service's name: its durable consumer, its `ce-source`, its metrics.
    pub name: &'static str,
    /// Name of the connection.
    pub connection: String,
    /// The broker.
    pub broker: Broker,
    /// Seals and opens personal data.
    pub vault: Vault,
    /// Reasons why the connection is not ready.
    pub health: Health,
    /// The folder of its local stores; none where they are not kept.
    pub views: Option<PathBuf>,
    /// Cancelled when the work is to stop.
    pub stop: CancellationToken,
    /// The span of the work, which says in each log line whose it is.
    pub span: Span,
}

impl Context {
    /// Starts a task of this connection's work.
    #[allow(clippy::disallowed_methods, reason = "this is what is to be used instead")]
    pub fn spawn<F>(&self, work: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        tokio::spawn(work.instrument(self.span.clone()))
    }
}

/// How long what is in hand may take when the service is told to stop: less than the 30 s after which Kubernetes kills.
const GRACE: Duration = Duration::from_secs(25);

/// Runs the service `name`: sets everything up, lets the work of each connection run until it ends or a signal comes,
/// and stops in order. With one connection the service ends when its work does; with several a work that ends with a
/// problem is tried again, and the others go on.
///
/// # Errors
/// The problem that kept the service from starting, or that ended the work of its only connection.
pub async fn run(name: &'static str, shell: Shell, read: Read) -> Result<(), Problem> {
    crypto_provider();
    let first = read()?;
    if let [Part { work: Err(problem), .. }] = first.parts.as_slice() {
        return Err(problem.clone());
    }
    let _telemetry = telemetry::start(name, &shell.log)?;
    // A broker may be waited for; a key that is none is told at once.
    vault::master_key(&shell.vault)?;
    let stop = CancellationToken::new();
    let health = Health::default();
    health.not_ready("broker", "not connected yet");
    health.not_ready("start", "the service has not begun yet");
    let board = Board::new(health.clone());
    first.parts.iter().for_each(|part| board.put(&part.connection, health.of_work()));
    let Some(listen) = shell.admin.0.get(name) else {
        return Err(Problem::new(Code::AdminPort, format!("{name} has no admin port"), "name one in [admin]"));
    };
    let admin = health::serve(listen, board.clone(), stop.clone()).await?;
    tracing::info!(service = name, %admin, version = env!("CARGO_PKG_VERSION"), "starting");
    task::detached(cancel_on_signal(stop.clone()));

    let brokers = Brokers::new(name, &shell, health.clone(), stop.clone());
    let shared = first.parts.iter().any(|part| part.nats.is_same_broker(&shell.nats));
    if shared {
        tokio::select! {
            opened = brokers.shared() => drop(opened?),
            () = stop.cancelled() => return Ok(()),
        }
    } else {
        health.ready("broker");
    }
    health.ready("start");
    tracing::info!(service = name, "ready");
    let works = Supervisor::new(name, brokers, board, read, stop.clone()).run(first, shell.reload);
    let ended = LocalSet::new().run_until(works).await;
    let was_stopped = stop.is_cancelled();
    stop.cancel();
    tracing::info!(service = name, "stopped");
    match ended {
        // It was told to stop while it waited for the broker.
        Err(problem) if was_stopped && problem.code == Code::BrokerAway => Ok(()),
        ended => ended,
    }
}

/// Opens the vault on a connected broker.
///
/// # Errors
/// When no master key is set, it does not fit, or the bucket is missing.
pub async fn open_vault(broker: &Broker, settings: &vault::Settings) -> Result<Vault, Problem> {
    let master = vault::master_key(settings)?;
    let bucket = broker.bucket(vault::BUCKET).await?;
    let open = || Vault::open(bucket.clone(), master.clone());
    broker.until_answered("the vault", open, |e| !e.passes()).await?.map_err(|e| {
        let (code, remedy) = match e {
            VaultError::Cipher(_) => {
                (Code::VaultBadMasterKey, "use the master key that this broker's data was sealed with")
            }
            VaultError::OldMasterKey => {
                (Code::VaultOldMasterKey, "give it the new one: vault.master_key_file, or vault.master_key")
            }
            VaultError::Read(_)
            | VaultError::Write(_)
            | VaultError::Erased
            | VaultError::Marked(_)
            | VaultError::UnderWay(_) => (Code::VaultUnusable, "look at the broker; then start again"),
        };
        Problem::new(code, problem::chain(&e), remedy)
    })
}

/// Makes aws-lc-rs the process's TLS provider: explicitly, so that a second one in the tree cannot make it ambiguous.
pub fn crypto_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default(); // Err: it is installed already.
}

/// Returns at the next SIGINT or SIGTERM.
pub async fn signal() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}

async fn cancel_on_signal(stop: CancellationToken) {
    tokio::select! {
        () = signal() => {}
        () = stop.cancelled() => return,
    }
    tracing::info!("stopping; a second signal ends at once");
    stop.cancel();
    signal().await;
    std::process::exit(130);
}
