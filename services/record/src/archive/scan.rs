//! Every entry of a stream, once, in order, as it was stored.

use async_nats::jetstream::Message;
use jiff::Timestamp;
use problem::{Problem, chain};

use super::entry::{Archived, Mark};
use crate::address::Kind;
use crate::reader::{each, look};
use crate::{Log, Which};

/// Gives every entry of the connection in `stream` to `see`, up to what was there at the start; without bodies where
/// `headers_only` says so.
///
/// # Errors
/// `BROKER_AWAY` when the stream cannot be read to its end; what `see` refuses.
pub async fn scan(
    log: &Log,
    stream: &str,
    headers_only: bool,
    mut see: impl FnMut(Archived) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.stream() == stream).map_or("dead", Kind::name);
    let filter = format!("{kind}.{}.>", log.connection().token());
    let config = look(&[filter], if headers_only { Which::All } else { Which::From(1) });
    let mut refused = None;
    let read = each(&log.broker().jetstream, stream, (config, u64::MAX), |message| {
        see(archived(&message)?).map_err(|problem| {
            let why = problem.to_string();
            refused = Some(problem);
            why
        })
    })
    .await;
    match refused {
        Some(problem) => Err(problem),
        None => read,
    }
}

fn archived(message: &Message) -> Result<Archived, String> {
    let info = message.info().map_err(|e| e.to_string())?;
    let time = Timestamp::from_nanosecond(info.published.unix_timestamp_nanos()).map_err(|e| chain(&e))?;
    let mark = Mark { sequence: info.stream_sequence, time };
    let headers = message.headers.clone().unwrap_or_default();
    Ok(Archived::new(mark, &message.subject, &headers, &message.payload))
}
