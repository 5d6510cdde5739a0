//! One send, and what Visma's answer means for the life of the document.

use std::time::Duration;

use ::visma::refusal::Refusal as About;
use ::visma::reply::{Answer, Failure, read_create};
use bytes::Bytes;
use effect::{Millis, Refusal, Reply, Sending, Step};
use http::Request;
use pipeline::budget::{Class, Permit};
use pipeline::clock;
use pipeline::vendor::CallError;

use super::Api;
use super::lookups::Key;
use crate::create::{Looked, System};
use crate::now;

/// How long it waits when nobody could be reached.
const AWAY: Duration = Duration::from_secs(2);

impl System for Api {
    type Key = Key;

    async fn permit(&self) -> Result<Permit, Duration> {
        self.vendor.permit(Class::Document).await
    }

    async fn find(&self, key: &Key, since: Millis) -> Looked {
        self.lookups.find(key.clone(), since).await
    }

    async fn send(&self, sending: Sending, permit: Option<Permit>, request: &Request<Bytes>) -> Step {
        let permit = match permit {
            Some(permit) => Ok(permit),
            None => self.permit().await.map_err(CallError::Busy),
        };
        let answer = match permit {
            Ok(permit) => self.vendor.call_by(permit, request, sending.by().0).await,
            Err(busy) => Err(busy),
        };
        let reply = match answer {
            Err(CallError::TooLate) => return sending.missed(),
            Ok(response) => self.reply(read_create(&response, clock::now().into())),
            Err(CallError::Busy(wait)) => Reply::Busy { retry_at: now().after(wait) },
            Err(CallError::NotSent(why)) => {
                tracing::warn!(why, "Visma could not be reached");
                Reply::NotSent { retry_at: now().after(self.vendor.away_for().unwrap_or(AWAY)) }
            }
            Err(CallError::NoAnswer(why)) => {
                tracing::warn!(why, "a create got no answer; the document is in doubt");
                Reply::Uncertain
            }
            Err(CallError::Credentials(problem)) => {
                self.health.not_ready("visma", problem.to_string());
                tracing::error!(%problem, "Visma refuses our credentials");
                Reply::Unauthorised { retry_at: now().after(self.refused_wait) }
            }
        };
        sending.answered(reply, now())
    }
}

impl Api {
    fn reply(&self, answer: Answer) -> Reply {
        let failure = match answer {
            Answer::Accepted { number: Some(number), etag } => {
                self.health.ready("visma");
                return Reply::Created { number, etag: etag.map(|etag| etag.as_str().to_owned()) };
            }
            Answer::Accepted { number: None, .. } | Answer::Unchanged => return Reply::Uncertain,
            Answer::Failed(failure) => failure,
        };
        let refusal =
            Refusal { code: failure.code().to_owned(), sentence: format!("{failure} {}", failure.what_to_do()) };
        match failure {
            Failure::Busy { retry_after, .. } => Reply::Busy { retry_at: now().after(retry_after) },
            // Not this document's fault: rights or a wrong address or company keep every document out until a person
            // acts.
            Failure::Unauthorised { .. }
            | Failure::Forbidden { .. }
            | Failure::NotFound { .. }
            | Failure::Refused { refusal: About::Company, .. } => {
                self.health.not_ready("visma", format!("{}: {}", refusal.code, refusal.sentence));
                tracing::error!(code = refusal.code, sentence = refusal.sentence, "Visma lets nothing in");
                Reply::Unauthorised { retry_at: now().after(self.refused_wait) }
            }
            Failure::Refused { .. } | Failure::Stale { .. } => {
                self.health.ready("visma"); // It was let in, and read.
                Reply::Refused(refusal)
            }
            Failure::Broken { .. } => Reply::Faulted(refusal),
            Failure::Unknown { .. } => {
                tracing::warn!(answer = refusal.sentence, "a create got an answer that does not say what became of it");
                Reply::Uncertain
            }
        }
    }
}
