//! What the streams say of the morning: how far it is, how long an order took, what was given up on.

use std::collections::{BTreeMap, HashMap};

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{self, Context};
use futures::StreamExt as _;
use pipeline::broker::streams::{CHANGES, DEAD, OUTCOMES};
use pipeline::envelope::{CODE, KIND, SENTENCE, decode, header};
use pipeline::subject::key_of;

use crate::stand::Installation;

/// Orders read, and orders that have come to an end: an invoice, nothing to be done, or a dead letter.
pub(super) async fn progress(installation: &Installation) -> anyhow::Result<(u64, u64)> {
    let jetstream = connect(installation).await?;
    let mut ended = std::collections::HashSet::new();
    each(&jetstream, OUTCOMES, &["outcome.*.visma.invoice.>", "outcome.*.mapping.order.>"], |message| {
        if message.headers.as_ref().and_then(|h| header(h, KIND)) != Some("intent") {
            ended.extend(key_of(&message.subject).map(str::to_owned));
        }
    })
    .await?;
    each(&jetstream, DEAD, &["dead.*.*.*.order.>", "dead.*.*.*.invoice.>"], |message| {
        ended.extend(message.subject.split('.').nth(5).map(str::to_owned));
    })
    .await?;
    let mut orders = 0;
    each(&jetstream, CHANGES, &["change.*.commerce.order.>"], |_| orders += 1).await?;
    Ok((orders, ended.len() as u64))
}

/// A dead letter's code, how many there are, and the sentence of one.
pub(super) type Dead = BTreeMap<String, (u64, String)>;

/// The dead letters by code.
pub(super) async fn dead(installation: &Installation) -> anyhow::Result<Dead> {
    let jetstream = connect(installation).await?;
    let mut dead = Dead::new();
    each(&jetstream, DEAD, &["dead.>"], |message| {
        let text = |name| message.headers.as_ref().and_then(|h| header(h, name)).map(decode).unwrap_or_default();
        dead.entry(text(CODE)).or_insert_with(|| (0, text(SENTENCE))).0 += 1;
    })
    .await?;
    Ok(dead)
}

/// From an order's change on disk to its invoice's outcome on disk, in milliseconds, sorted.
pub(super) async fn latencies(installation: &Installation) -> anyhow::Result<Vec<u64>> {
    let jetstream = connect(installation).await?;
    let mut read = HashMap::new();
    each(&jetstream, CHANGES, &["change.*.commerce.order.>"], |message| {
        if let (Some(key), Ok(info)) = (key_of(&message.subject), message.info()) {
            read.entry(key.to_owned()).or_insert(info.published);
        }
    })
    .await?;
    let mut latencies = Vec::new();
    each(&jetstream, OUTCOMES, &["outcome.*.visma.invoice.>"], |message| {
        let applied = message.headers.as_ref().and_then(|h| header(h, KIND)) == Some("applied");
        let begun = key_of(&message.subject).and_then(|key| read.get(key));
        if let (true, Some(begun), Ok(info)) = (applied, begun, message.info()) {
            latencies.push(u64::try_from((info.published - *begun).whole_milliseconds()).unwrap_or(0));
        }
    })
    .await?;
    latencies.sort_unstable();
    Ok(latencies)
}

async fn connect(installation: &Installation) -> anyhow::Result<Context> {
    Ok(jetstream::new(async_nats::connect(installation.broker.url()).await?))
}

/// Reads what a stream holds of some subjects, once.
async fn each(
    jetstream: &Context,
    stream: &str,
    subjects: &[&str],
    mut see: impl FnMut(&jetstream::Message),
) -> anyhow::Result<()> {
    let config = pull::Config {
        filter_subjects: subjects.iter().map(|s| (*s).to_owned()).collect(),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::None,
        headers_only: true,
        memory_storage: true,
        ..pull::Config::default()
    };
    let consumer = jetstream.create_consumer_on_stream(config, stream).await?;
    let mut left = consumer.cached_info().num_pending;
    while left > 0 {
        let mut messages = consumer.fetch().max_messages(500).messages().await?;
        let mut got = 0;
        while let Some(message) = messages.next().await {
            see(&message.map_err(|e| anyhow::anyhow!(e))?);
            got += 1;
        }
        left = if got == 0 { 0 } else { left.saturating_sub(got) };
    }
    Ok(())
}
