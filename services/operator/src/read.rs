//! Reading what a stream holds of some subjects, once.

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{self, Context};
use futures::StreamExt as _;
use pipeline::problem::{Problem, chain};

/// Messages asked for at once.
const PAGE: usize = 500;

/// Pages that come empty one after the other before reading is given up: the broker is busy, or a page was lost.
const EMPTY: u32 = 3;

/// Which messages of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All of them, headers only.
    All,
    /// The last one, with its body.
    Last,
    /// The last one, headers only.
    LastHeaders,
}

/// Gives every message of `stream` on `subjects` to `see`, headers only, in the order of the stream, up to what was
/// there at the start.
pub(crate) async fn each(
    jetstream: &Context,
    stream: &str,
    subjects: &[&str],
    see: impl FnMut(&jetstream::Message),
) -> Result<(), Problem> {
    let subjects: Vec<String> = subjects.iter().map(|subject| (*subject).to_owned()).collect();
    entries(jetstream, stream, &subjects, Which::All, see).await
}

/// As [`each`], of one or of all messages of each subject.
pub(crate) async fn entries(
    jetstream: &Context,
    stream: &str,
    subjects: &[String],
    which: Which,
    mut see: impl FnMut(&jetstream::Message),
) -> Result<(), Problem> {
    let config = pull::Config {
        filter_subjects: subjects.to_vec(),
        deliver_policy: match which {
            Which::All => DeliverPolicy::All,
            Which::Last | Which::LastHeaders => DeliverPolicy::LastPerSubject,
        },
        ack_policy: AckPolicy::None,
        headers_only: which != Which::Last,
        memory_storage: true,
        ..pull::Config::default()
    };
    let failed = |cause: String| {
        let sentence = format!("the stream {stream} could not be read: {cause}");
        Problem::new("BROKER_AWAY", sentence, "look at the broker, or run `ml-connector provision`")
    };
    let consumer = jetstream.create_consumer_on_stream(config, stream).await.map_err(|e| failed(chain(&e)))?;
    let (all, mut left) = (consumer.cached_info().num_pending, consumer.cached_info().num_pending);
    let mut empty = 0;
    while left > 0 {
        let page = consumer.fetch().max_messages(PAGE).messages().await;
        let mut page = page.map_err(|e| failed(chain(&e)))?;
        let mut got = 0;
        while let Some(message) = page.next().await {
            see(&message.map_err(|e| failed(e.to_string()))?);
            got += 1;
        }
        left = left.saturating_sub(got);
        empty = if got == 0 { empty + 1 } else { 0 };
        if empty >= EMPTY {
            // A list that ends early would call right what it has not read.
            return Err(failed(format!("of {all} messages the last {left} did not come")));
        }
    }
    Ok(())
}
