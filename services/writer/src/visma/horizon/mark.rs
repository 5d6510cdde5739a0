//! The mark in the log that it was set back, until it has caught up: entries that follow make its end look fresh, and
//! the next start must read from where it had ended.

use pipeline::broker::Put;
use pipeline::broker::last::Last;
use pipeline::broker::streams::OUTCOMES;
use pipeline::envelope::{self, Cause, Envelope};
use pipeline::problem::{Problem, chain};
use pipeline::service::Context;
use proto::{Kind, Message as _, Outcome};

use super::behind::CODE;
use super::log::Tail;
use crate::now;
use crate::visma::TARGET;

/// State that it has while the log has not caught up, and after that.
const OPEN: &str = "open";
const OVER: &str = "over";

fn subject(context: &Context) -> String {
    context.broker.subjects.outcome(TARGET, "horizon", "log")
}

/// The end that the log had when it was found to be set back; none when it has caught up, or never was.
pub(super) async fn read(context: &Context) -> Result<Option<Tail>, Problem> {
    let last = Last::of(&context.broker.jetstream, OUTCOMES).await?.get(&subject(context)).await?;
    let Some(last) = last else { return Ok(None) };
    let said = Outcome::decode(last.payload).map_err(|e| {
        let remedy = "run a version of ml-connector that is at least as new as the one that wrote it";
        Problem::new("OUTCOME_UNREADABLE", format!("the mark of a set-back cannot be read: {}", chain(&e)), remedy)
    })?;
    let end = (said.applied_at > 0).then_some(said.applied_at);
    Ok((said.status == OPEN).then_some(Tail { end, first: said.seen_sequence }))
}

/// Says in the log that it was set back, or that it has caught up.
pub(super) async fn write(context: &Context, tail: Tail, is_open: bool, sentence: String) -> Result<(), Problem> {
    let subject = subject(context);
    let outcome = Outcome {
        kind: Kind::Unchanged.into(),
        written_at: now().0,
        status: if is_open { OPEN } else { OVER }.to_owned(),
        applied_at: tail.end.unwrap_or(0),
        seen_sequence: tail.first,
        refusal_code: CODE.to_owned(),
        refusal_sentence: sentence,
        ..Outcome::default()
    };
    let id = uuid::Uuid::now_v7().to_string();
    let content_type = envelope::PROTOBUF;
    let envelope = Envelope { id: &id, source: context.name, kind: "ml.outcome.visma", content_type };
    let mut headers = envelope.headers(&Cause::default());
    envelope::set(&mut headers, envelope::KIND, "unchanged");
    envelope::set(&mut headers, envelope::CODE, CODE);
    let put = Put { subject, headers, payload: outcome.encode_to_vec().into(), expect_last: None };
    context.broker.publisher(OUTCOMES).put(put).await?;
    Ok(())
}
