//! The bare program: every durable write of a run once more, with the same bodies and headers, to streams of the same
//! settings on the same broker, through async-nats and nothing else.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{self, Context};
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;

use crate::house::House;

/// Chains of writes under way at once, as many as the writer works on.
const AT_ONCE: usize = 128;
/// Streams that orders are written to.
pub(crate) const STREAMS: [&str; 4] = ["CHANGES", "COMMANDS", "OUTCOMES", "KV_ML_KEYS"];

/// One durable write.
pub(crate) struct Write {
    stream: &'static str,
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    body: Bytes,
    /// When the broker stored it, nanoseconds since the epoch.
    pub(crate) at: i128,
}

/// Every durable write that a run made to these streams.
pub(crate) async fn recorded(house: &House, streams: &[&'static str]) -> Vec<Write> {
    let jetstream = house.jetstream().await;
    let mut writes = Vec::new();
    for name in streams {
        let stream = jetstream.get_stream(name).await.unwrap();
        let mut left = stream.cached_info().state.messages;
        let config =
            pull::Config { deliver_policy: DeliverPolicy::All, ack_policy: AckPolicy::None, ..pull::Config::default() };
        let consumer = stream.create_consumer(config).await.unwrap();
        let mut messages = consumer.messages().await.unwrap();
        while left > 0 {
            let message = messages.next().await.unwrap().unwrap();
            let at = message.info().unwrap().published.unix_timestamp_nanos();
            let (message, _) = message.split();
            let headers = message.headers.unwrap_or_default();
            writes.push(Write {
                stream: name,
                subject: message.subject.to_string(),
                headers,
                body: message.payload,
                at,
            });
            left -= 1;
        }
    }
    writes
}

/// From the first change of an order to the last outcome.
pub(crate) async fn span(house: &House) -> Duration {
    let writes = recorded(house, &STREAMS).await;
    let first = writes.iter().filter(|w| w.subject.starts_with("change.main.commerce.")).map(|w| w.at).min().unwrap();
    let last = writes.iter().filter(|w| w.subject.starts_with("outcome.")).map(|w| w.at).max().unwrap();
    Duration::from_nanos(u64::try_from(last - first).unwrap())
}

/// Writes everything again: the writes of one record one after the other, records side by side. In batches, 500 writes
/// of one stream at a time.
pub(crate) async fn replay(house: &House, writes: &[Write], in_batches: bool) -> Duration {
    let jetstream = house.jetstream().await;
    for name in STREAMS {
        let like = jetstream.get_stream(name).await.unwrap().cached_info().config.clone();
        let config = jetstream::stream::Config {
            name: format!("BARE_{name}"),
            subjects: vec![format!("bare.{name}.>")],
            deny_delete: false,
            deny_purge: false,
            ..like
        };
        jetstream.create_stream(config).await.unwrap();
    }
    let started = Instant::now();
    if in_batches {
        for name in STREAMS {
            let of_stream: Vec<&Write> = writes.iter().filter(|w| w.stream == name).collect();
            if name.starts_with("KV_") {
                // A bucket takes no batches.
                stream::iter(of_stream)
                    .map(|w| put(&jetstream, w))
                    .buffer_unordered(AT_ONCE)
                    .collect::<Vec<()>>()
                    .await;
                continue;
            }
            for batch in of_stream.chunks(500) {
                put_batch(&jetstream, batch).await;
            }
        }
    } else {
        let mut chains: BTreeMap<&str, Vec<&Write>> = BTreeMap::new();
        for write in writes {
            chains.entry(write.subject.split('.').nth(4).unwrap_or(&write.subject)).or_default().push(write);
        }
        let chains = chains.into_values().map(|chain| {
            let jetstream = jetstream.clone();
            async move {
                for write in chain {
                    put(&jetstream, write).await;
                }
            }
        });
        stream::iter(chains).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }
    started.elapsed()
}

fn subject(write: &Write) -> String {
    format!("bare.{}.{}", write.stream, write.subject.replace('$', "S"))
}

/// Without what would tie it to the original: its expectations.
fn headers(write: &Write) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for (name, values) in write.headers.iter() {
        let name = name.to_string();
        if !name.starts_with("Nats-Expected") && !name.starts_with("Nats-Batch") {
            values.iter().for_each(|value| kept.append(name.as_str(), value.clone()));
        }
    }
    kept
}

async fn put(jetstream: &Context, write: &Write) {
    let ack = jetstream.publish_with_headers(subject(write), headers(write), write.body.clone()).await.unwrap();
    ack.await.unwrap();
}

async fn put_batch(jetstream: &Context, batch: &[&Write]) {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let client = jetstream.client();
    for (place, write) in (1..).zip(batch) {
        let mut headers = headers(write);
        headers.insert("Nats-Batch-Id", id.as_str());
        headers.insert("Nats-Batch-Sequence", place.to_string().as_str());
        if place == batch.len() {
            headers.insert("Nats-Batch-Commit", "1");
            let ack = jetstream.publish_with_headers(subject(write), headers, write.body.clone()).await.unwrap();
            ack.await.unwrap();
        } else {
            client.publish_with_headers(subject(write), headers, write.body.clone()).await.unwrap();
        }
    }
}
