//! `ml-connector provision`: makes what the connections stand in, and removes nothing.

use pipeline::broker;
use pipeline::health::Health;
use pipeline::service;
use record::address::Connection;
use record::streams;

use crate::run::say;
use crate::settings::{Connections, Settings};
use crate::works::DURABLES;

/// Makes and updates streams, buckets and the consumers of the connections that are named, or of all, on the broker of
/// each.
///
/// # Errors
/// What a person must know of it.
pub(crate) async fn run(connections: &Connections, names: &[String], json: bool) -> anyhow::Result<()> {
    service::crypto_provider();
    pipeline::vault::master_key(&connections.common.vault)?;
    let mut left = connections.some(names)?;
    while let Some(first) = left.first().cloned() {
        let (here, elsewhere) = left.into_iter().partition::<Vec<_>, _>(|own| own.nats.is_same_broker(&first.nats));
        left = elsewhere;
        on_one(&first, &here, json).await?;
    }
    Ok(())
}

/// Provisions the broker of `first`, which all of `here` are on.
async fn on_one(first: &Settings, here: &[Settings], json: bool) -> anyhow::Result<()> {
    let connected = broker::connect(&first.nats, "provision", &Health::default()).await?;
    broker::connect::is_new_enough(&connected)?;
    let connections: Vec<_> = here.iter().map(|own| Connection::new(&own.connection)).collect();
    let done = streams::provision(&connected.jetstream, &first.nats, &connections, &DURABLES).await?;
    // Makes the keys that all services share, and shows that the master key fits.
    service::open_vault(&connected, &first.vault).await?;
    done.iter().try_for_each(|line| say(line, json))
}
