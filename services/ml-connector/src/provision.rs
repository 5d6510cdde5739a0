//! `ml-connector provision`: makes what the connections stand in, for the shops and companies that they are of, and
//! removes nothing.

use pipeline::broker::{self, Broker};
use pipeline::identity::{self, Difference, Identity};
use pipeline::service;
use problem::{Code, Problem, chain};
use record::address::Connection;
use record::streams;

use crate::bench;
use crate::identity::{Tenant, of};
use crate::run::say;
use crate::settings::{Connections, Settings};
use crate::works::DURABLES;

/// Request to keep each connection as it is, or to move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Each connection is of what is kept; otherwise it is refused.
    AsKept,
    /// Each connection is of what the settings say from now on; without `apply` it is only said what that changes.
    Moved {
        /// It is carried out.
        apply: bool,
    },
}

/// Makes and updates streams, buckets and the consumers of the connections that are named, or of all, on the broker of
/// each; or says what a move changes.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) async fn run(connections: &Connections, names: &[String], asked: Asked, json: bool) -> anyhow::Result<()> {
    pipeline::vault::master_key(&connections.common.vault)?;
    let mut left = connections.some(names)?;
    while let Some(first) = left.first().cloned() {
        let (here, elsewhere) = left.into_iter().partition::<Vec<_>, _>(|own| own.nats.is_same_broker(&first.nats));
        left = elsewhere;
        on_one(&first, &here, asked, json).await?;
    }
    Ok(())
}

/// Provisions the broker of `first`, which all of `here` are on.
async fn on_one(first: &Settings, here: &[Settings], asked: Asked, json: bool) -> anyhow::Result<()> {
    let connected = bench::connect(first, "provision").await?;
    broker::connect::is_new_enough(&connected)?;
    let mut standing = Vec::new();
    for settings in here {
        standing.push(Standing::read(&connected, settings).await?);
    }
    for one in &standing {
        match asked {
            Asked::AsKept => one.is_same()?,
            Asked::Moved { apply: false } => one.show(json)?,
            Asked::Moved { apply: true } => one.may_move(&connected).await?,
        }
    }
    if asked == (Asked::Moved { apply: false }) {
        return Ok(());
    }
    let identities: Vec<_> = standing.iter().map(|one| one.identity.clone()).collect();
    let done = streams::provision(&connected.jetstream, &first.nats, &identities, &DURABLES).await?;
    // Makes the keys that all services share, and shows that the master key fits.
    service::open_vault(&connected, &first.vault).await?;
    for one in standing.iter().filter(|_| asked != Asked::AsKept) {
        one.show(json)?;
        one.forget_tenant().await?;
    }
    done.iter().try_for_each(|line| say(line, json))
}

/// Identity of a connection in the settings, and how the one that is kept differs from it.
struct Standing {
    identity: Identity,
    differences: Vec<Difference>,
    /// The tenant that `ingestor-visma` keeps, unless the settings are of it.
    tenant: Option<(Tenant, String)>,
}

impl Standing {
    async fn read(broker: &Broker, settings: &Settings) -> Result<Self, Problem> {
        let identity = of(settings);
        let unread = |e| Problem::new(Code::BrokerAway, chain(&e), "look at the broker");
        let Some(metadata) = identity::metadata(&broker.jetstream).await.map_err(unread)? else {
            return Ok(Self { identity, differences: Vec::new(), tenant: None });
        };
        let tenant = Tenant::open(broker, identity.connection()).await?;
        let kept = tenant.kept().await?;
        let mut differences = identity.differences(&identity.kept(&metadata));
        // The settings may have shown none when `provision` ran last.
        let by_ingestor = kept.as_ref().and_then(|kept| Tenant::difference(kept, &settings.visma.tenant_id));
        differences.extend(by_ingestor.filter(|own| !differences.iter().any(|one| one.part == own.part)));
        let kept = kept.filter(|kept| *kept != settings.visma.tenant_id);
        Ok(Self { identity, differences, tenant: kept.map(|kept| (tenant, kept)) })
    }

    fn is_same(&self) -> Result<(), Problem> {
        match self.differences.is_empty() {
            true => Ok(()),
            false => Err(identity::taken(self.identity.connection(), &self.differences)),
        }
    }

    fn is_moved(&self) -> bool {
        !self.differences.is_empty() || self.tenant.is_some()
    }

    /// Refuses to move a connection whose services run: they would go on as if it had not moved.
    async fn may_move(&self, broker: &Broker) -> Result<(), Problem> {
        if !self.is_moved() {
            return Ok(());
        }
        let connection = Connection::new(self.identity.connection());
        let in_use = streams::in_use(&broker.jetstream, &connection, &DURABLES).await?;
        if in_use.is_empty() {
            return Ok(());
        }
        let (name, services) = (connection.name(), in_use.join(", "));
        let sentence = format!("the connection {name} cannot be moved while its services run: {services}");
        let remedy = "stop them, also those of another installation; then move it";
        Err(Problem::new(Code::ConnectionTaken, sentence, remedy))
    }

    fn show(&self, json: bool) -> anyhow::Result<()> {
        let name = self.identity.connection();
        if !self.is_moved() {
            return say(&format!("{name}: nothing has moved"), json);
        }
        self.differences.iter().try_for_each(|one| say(&format!("{name}: {one}"), json))?;
        let Some((_, kept)) = &self.tenant else { return Ok(()) };
        say(&format!("{name}: the next tenant under which Visma shows the company, instead of {kept}"), json)
    }

    async fn forget_tenant(&self) -> Result<(), Problem> {
        match &self.tenant {
            Some((tenant, _)) => tenant.forget().await,
            None => Ok(()),
        }
    }
}
