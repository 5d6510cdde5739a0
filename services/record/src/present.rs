//! Says when a stream that a service writes to is gone, also while there is nothing to write.
//!
//! It is asked for the last message of a subject that has none, which each service has the right to do: a stream that
//! is there says that there is no such message, and of one that is not there nobody says anything.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::stream::DirectGetErrorKind;

use pipeline::broker::Broker;
use pipeline::task;
use problem::chain;
use tokio_util::sync::CancellationToken;

use crate::streams::{CHANGES, COMMANDS, DEAD, HINTS, OUTCOMES, WAITING};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(15);
/// Looks in a row that find nothing before it is told: one may be lost.
const LOOKS: u32 = 2;

/// Looks after `stream` until the service stops; `subject` is one of it that the service may read, and that has no
/// message.
pub(crate) fn watch(broker: &Broker, stop: &CancellationToken, stream: &'static str, subject: String) {
    let (broker, stop) = (broker.clone(), stop.clone());
    task::spawn(async move {
        let (mut gone, what) = (0, known_as(stream));
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            // A broker that is away is told of as that.
            if broker.jetstream.client().connection_state() != State::Connected {
                continue;
            }
            let Some(why) = absent(&broker, stream, &subject).await else {
                if gone >= LOOKS {
                    broker.health().ready(what);
                }
                gone = 0;
                continue;
            };
            gone += 1;
            if gone == LOOKS {
                let remedy = "run `ml-connector provision`; what it held is in the broker's backup";
                tracing::error!(stream, why, remedy, "a stream is gone, or cannot be read");
                broker.health().not_ready(what, format!("it is gone, or cannot be read ({why}): {remedy}"));
            }
        }
    });
}

/// Why the stream shows nothing; none when it answers.
async fn absent(broker: &Broker, stream: &str, subject: &str) -> Option<String> {
    let handle = match broker.jetstream.get_stream_no_info(stream).await {
        Ok(handle) => handle,
        Err(e) => return Some(chain(&e)),
    };
    match handle.direct_get_last_for_subject(subject).await {
        Ok(_) => None,
        Err(e) if e.kind() == DirectGetErrorKind::NotFound => None,
        Err(e) => Some(chain(&e)),
    }
}

/// Returns the name of a stream in the service's health. Its bare name says that it confirms nothing.
fn known_as(stream: &str) -> &'static str {
    match stream {
        HINTS => "stream HINTS",
        CHANGES => "stream CHANGES",
        COMMANDS => "stream COMMANDS",
        OUTCOMES => "stream OUTCOMES",
        DEAD => "stream DEAD",
        WAITING => "stream WAITING",
        _ => "stream",
    }
}
