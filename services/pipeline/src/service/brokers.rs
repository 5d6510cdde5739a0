//! The brokers that a process is connected with: the one that connections share, and those of connections that have an
//! account of their own.

use std::time::Duration;

use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{Shell, open_vault};
use crate::broker::{self, Broker};
use crate::health::Health;
use crate::settings::Span;
use crate::vault::{self, Vault};
use problem::Problem;

/// A connected broker and the vault on it.
pub(super) type Opened = (Broker, Vault);

/// Opens brokers for a service.
pub(super) struct Brokers {
    name: &'static str,
    nats: broker::Settings,
    vault: vault::Settings,
    health: Health,
    stop: CancellationToken,
    shared: OnceCell<Opened>,
}

impl Brokers {
    pub(super) fn new(name: &'static str, shell: &Shell, health: Health, stop: CancellationToken) -> Self {
        let (nats, vault) = (shell.nats.clone(), shell.vault.clone());
        Self { name, nats, vault, health, stop, shared: OnceCell::new() }
    }

    /// The health of the process.
    pub(super) fn health(&self) -> &Health {
        &self.health
    }

    /// The broker that connections share.
    pub(super) async fn shared(&self) -> Result<Opened, Problem> {
        let open = || self.open(&self.nats, &self.health, &self.stop);
        self.shared.get_or_try_init(open).await.cloned()
    }

    /// The broker for one connection's work, which ends with `stop`.
    pub(super) async fn open_for(
        &self,
        nats: &broker::Settings,
        health: &Health,
        stop: &CancellationToken,
    ) -> Result<Opened, Problem> {
        if nats.is_same_broker(&self.nats) {
            let (broker, vault) = self.shared().await?;
            return Ok((broker.for_work(nats, health, stop), vault));
        }
        health.not_ready("broker", "not connected yet");
        self.open(nats, health, stop).await
    }

    /// Connects and opens the vault.
    async fn open(
        &self,
        nats: &broker::Settings,
        health: &Health,
        stop: &CancellationToken,
    ) -> Result<Opened, Problem> {
        // A broker that is away is no reason to end: nobody would be there to start the service again.
        let nats = broker::Settings { start_timeout: Span(Duration::MAX), ..nats.clone() };
        let broker = broker::connect(&nats, self.name, health).await?.until(stop.clone());
        let vault = open_vault(&broker, &self.vault).await?;
        broker::time::agree(&broker, health, stop).await;
        Ok((broker, vault))
    }
}
