//! `provision`: makes and updates what stands on the broker, for the shop and the company that the connection is of.

use pipeline::broker::{self, Broker};
use pipeline::health::Health;
use pipeline::identity::{self, Difference, Identity};
use pipeline::problem::{Problem, chain};
use pipeline::service;
use record::address::Connection;
use record::streams::{self, Durable};

use crate::identity::{Tenant, of};
use crate::run::say;
use crate::settings::Settings;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The connection is of what is kept; otherwise it is refused.
    AsKept,
    /// The connection is of what the settings say from now on; without `apply` it is only said what that changes.
    Moved {
        /// It is carried out.
        apply: bool,
    },
}

/// Makes and updates everything, or says what a move changes.
///
/// # Errors
/// What could not be made, and `CONNECTION_TAKEN`.
pub(crate) async fn run(settings: &Settings, asked: Asked, durables: &[Durable], json: bool) -> anyhow::Result<()> {
    service::crypto_provider();
    pipeline::vault::master_key(&settings.vault)?;
    let connected = broker::connect(&settings.nats, "provision", &Health::default()).await?;
    broker::connect::is_new_enough(&connected)?;
    let (identity, jetstream) = (of(settings), &connected.jetstream);
    let in_use = streams::in_use(jetstream, &Connection::new(&settings.connection), durables).await?;
    let standing = Standing::read(&connected, &identity, settings).await?;
    match asked {
        Asked::AsKept => standing.is_same(&identity)?,
        Asked::Moved { apply: false } => return standing.show(json),
        Asked::Moved { apply: true } => standing.may_move(&in_use)?,
    }
    let done = streams::provision(jetstream, &settings.nats, &identity, durables).await?;
    // Makes the keys that all services share, and shows that the master key fits.
    service::open_vault(&connected, &settings.vault).await?;
    if asked != Asked::AsKept {
        standing.show(json)?;
        standing.forget_tenant().await?;
    }
    done.iter().try_for_each(|line| say(line, json))
}

/// What the connection is of so far.
struct Standing {
    differences: Vec<Difference>,
    /// The tenant that `ingestor-visma` keeps, unless the settings are of it.
    tenant: Option<(Tenant, String)>,
}

impl Standing {
    async fn read(broker: &Broker, identity: &Identity, settings: &Settings) -> Result<Self, Problem> {
        let unread = |e| Problem::new("BROKER_AWAY", chain(&e), "look at the broker");
        let Some(metadata) = identity::metadata(&broker.jetstream).await.map_err(unread)? else {
            return Ok(Self { differences: Vec::new(), tenant: None });
        };
        let tenant = Tenant::open(broker, identity.connection()).await?;
        let kept = tenant.kept().await?;
        let mut differences = identity.differences(&identity.kept(&metadata));
        // The settings may have shown none when `provision` ran last.
        let by_ingestor = kept.as_ref().and_then(|kept| Tenant::difference(kept, &settings.visma.tenant_id));
        differences.extend(by_ingestor.filter(|own| !differences.iter().any(|one| one.part == own.part)));
        let kept = kept.filter(|kept| *kept != settings.visma.tenant_id);
        Ok(Self { differences, tenant: kept.map(|kept| (tenant, kept)) })
    }

    fn is_same(&self, identity: &Identity) -> Result<(), Problem> {
        if self.differences.is_empty() {
            Ok(())
        } else {
            Err(identity::taken(identity.connection(), &self.differences))
        }
    }

    fn may_move(&self, in_use: &[&str]) -> Result<(), Problem> {
        if in_use.is_empty() {
            return Ok(());
        }
        let sentence = format!("the connection cannot be moved while its services run: {}", in_use.join(", "));
        Err(Problem::new("CONNECTION_TAKEN", sentence, "stop them, also those of another installation; then move it"))
    }

    fn show(&self, json: bool) -> anyhow::Result<()> {
        self.differences.iter().try_for_each(|one| say(&one.to_string(), json))?;
        match &self.tenant {
            Some((_, kept)) => say(&format!("Visma tenant: that of the credentials in force instead of {kept}"), json),
            None if self.differences.is_empty() => say("nothing has moved", json),
            None => Ok(()),
        }
    }

    async fn forget_tenant(&self) -> Result<(), Problem> {
        match &self.tenant {
            Some((tenant, _)) => tenant.forget().await,
            None => Ok(()),
        }
    }
}
