//! The mark in the log that it was set back, until it has caught up: entries that follow make its end look fresh, and
//! the next start must read from where it had ended.

use problem::Problem;
use proto::{Kind, Message as _, Outcome};
use record::address::{Address, Entity};
use record::envelope::{self, Cause, Envelope};
use record::{Log, Message, entry};

use super::behind::CODE;
use super::log::Tail;
use crate::now;
use crate::visma::TARGET;

/// State that it has while the log has not caught up, and after that.
const OPEN: &str = "open";
const OVER: &str = "over";

fn address(log: &Log) -> Address {
    log.outcome(TARGET, Entity::Horizon, "log")
}

/// The end that the log had when it was found to be set back; none when it has caught up, or never was.
pub(super) async fn read(log: &Log) -> Result<Option<Tail>, Problem> {
    let Some(last) = log.last(&address(log)).await? else { return Ok(None) };
    let said = entry::read_outcome(&last.payload).map_err(|cause| {
        let remedy = "run a version of ml-connector that is at least as new as the one that wrote it";
        Problem::new(entry::UNREADABLE, format!("the mark of a set-back cannot be read: {cause}"), remedy)
    })?;
    let end = (said.applied_at > 0).then_some(said.applied_at);
    Ok((said.status == OPEN).then_some(Tail { end, first: said.seen_sequence }))
}

/// Says in the log that it was set back, or that it has caught up.
pub(super) async fn write(
    (log, source): (&Log, &str),
    tail: Tail,
    is_open: bool,
    sentence: String,
) -> Result<(), Problem> {
    let outcome = Outcome {
        kind: Kind::Unchanged.into(),
        written_at: now().0,
        status: if is_open { OPEN } else { OVER }.to_owned(),
        applied_at: tail.end.unwrap_or(0),
        seen_sequence: tail.first,
        refusal_code: CODE.to_string(),
        refusal_sentence: sentence,
        ..Outcome::default()
    };
    let id = uuid::Uuid::now_v7().to_string();
    let content_type = envelope::PROTOBUF;
    let envelope = Envelope { id: &id, source, kind: "ml.outcome.visma", content_type };
    let mut headers = envelope.headers(&Cause::default());
    envelope::set(&mut headers, envelope::KIND, "unchanged");
    envelope::set(&mut headers, envelope::CODE, CODE.as_str());
    let message = Message { headers, payload: outcome.encode_to_vec().into() };
    log.append(&address(log), message, None).await?;
    Ok(())
}
