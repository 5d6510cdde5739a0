//! The life of every service: settings → telemetry → admin port → broker → vault → ready → work → stop.

use std::collections::BTreeMap;
use std::time::Duration;

use problem::{Code, Problem};
use tokio_util::sync::CancellationToken;

use crate::broker::{self, Broker};
use crate::health::address::Address;
use crate::health::{self, Health};
use crate::settings::Span;
use crate::telemetry;
use crate::vault::{self, Vault, VaultError};

/// The settings that every service needs.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Name of the connection: one Visma company paired with one Commerce instance.
    pub connection: String,
    /// The broker.
    pub nats: broker::Settings,
    /// The master key.
    pub vault: vault::Settings,
    /// Logging.
    pub log: telemetry::Settings,
    /// Admin ports by service.
    pub admin: Admin,
}

/// The admin port of each service, by its name; `127.0.0.1:0` takes any free one.
#[derive(Debug, Clone)]
pub struct Admin(pub BTreeMap<&'static str, Address>);

/// What a running service works with.
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
    /// What keeps the service from being ready.
    pub health: Health,
    /// Cancelled when the service is to stop.
    pub stop: CancellationToken,
}

/// How long what is in hand may take when the service is told to stop: less than the 30 s after which Kubernetes kills.
const GRACE: Duration = Duration::from_secs(25);

/// Runs the service `name`: sets everything up, lets `work` run until it ends or a signal comes, and stops in order.
///
/// # Errors
/// What kept the service from starting, or what ended its work.
pub async fn run<F, W>(name: &'static str, shell: Shell, work: W) -> Result<(), Problem>
where
    W: FnOnce(Context) -> F,
    F: Future<Output = Result<(), Problem>>,
{
    crypto_provider();
    let _telemetry = telemetry::start(name, &shell.log)?;
    // A broker may be waited for; a key that is none is told at once.
    vault::master_key(&shell.vault)?;
    let stop = CancellationToken::new();
    let health = Health::default();
    health.not_ready("broker", "not connected yet");
    health.not_ready("start", "the service has not begun yet");
    let Some(listen) = shell.admin.0.get(name) else {
        return Err(Problem::new(Code::AdminPort, format!("{name} has no admin port"), "name one in [admin]"));
    };
    let admin = health::serve(listen, health.clone(), stop.clone()).await?;
    tracing::info!(service = name, %admin, version = env!("CARGO_PKG_VERSION"), "starting");
    tokio::spawn(cancel_on_signal(stop.clone()));

    let context = tokio::select! {
        context = open(name, &shell, health, stop.clone()) => context?,
        () = stop.cancelled() => return Ok(()),
    };
    context.health.ready("start");
    tracing::info!(service = name, "ready");
    let ended = tokio::select! {
        ended = work(context) => ended,
        () = overdue(&stop) => {
            tracing::warn!("the work in progress takes too long; it is resumed at the next start, as after a crash");
            Ok(())
        }
    };
    let was_stopped = stop.is_cancelled();
    stop.cancel();
    tracing::info!(service = name, "stopped");
    match ended {
        // It was told to stop while it waited for the broker.
        Err(problem) if was_stopped && problem.code == Code::BrokerAway => Ok(()),
        ended => ended,
    }
}

/// Connects and opens the vault.
async fn open(name: &'static str, shell: &Shell, health: Health, stop: CancellationToken) -> Result<Context, Problem> {
    // A broker that is away is no reason to end: nobody would be there to start the service again.
    let nats = broker::Settings { start_timeout: Span(Duration::MAX), ..shell.nats.clone() };
    let broker = broker::connect(&nats, name, &health).await?.until(stop.clone());
    let vault = open_vault(&broker, &shell.vault).await?;
    broker::time::agree(&broker, &health, &stop).await;
    Ok(Context { name, connection: shell.connection.clone(), broker, vault, health, stop })
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

/// Returns when the service was told to stop and has not for too long.
async fn overdue(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
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
