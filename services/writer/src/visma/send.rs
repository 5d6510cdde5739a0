//! One call to Visma, and what its answer means for the life of the document.

use std::time::Duration;

use ::visma::etag::Etag;
use ::visma::read::InvoiceRead;
use ::visma::refusal::Refusal as About;
use ::visma::reply::{Answer, Failure, read_create, read_delete, read_record, read_update};
use bytes::Bytes;
use effect::update::Reply as Updated;
use effect::{Millis, Pause, Refusal, Removed, Reply, Sending, Silence, Step};
use http::{Request, Response};
use pipeline::budget::Class;
use pipeline::clock;
use pipeline::vendor::{CallError, Permit};
use problem::{Code, Problem};
use proto::Outcome;

use super::Api;
use super::lookups::Key;
use super::period::Create;
use crate::amend::{Read, Seen, Updating};
use crate::create::{Inspected, Looked, Removing, System};
use crate::now;

/// How long it waits when nobody could be reached.
pub(super) const AWAY: Duration = Duration::from_secs(2);

impl System for Api {
    type Key = Key;
    type Request = Create;

    async fn permit(&self) -> Result<Permit, Duration> {
        self.vendor.permit().await
    }

    const AWAY: Code = Code::VismaAway;

    fn trouble(&self) -> Option<Problem> {
        self.vendor.trouble(Self::AWAY).filter(|_| self.vendor.is_away())
    }

    fn passed_since(&self, since: Millis) -> bool {
        self.vendor.passed_since(since.0)
    }

    async fn find(&self, key: &Key, since: Millis) -> Looked {
        self.lookups.find(key.clone(), since).await
    }

    async fn silence(&self, key: &Key, placed: &str) -> Result<Silence, Duration> {
        self.horizon.silence(key, placed).await
    }

    fn held(&self, key: &Key, placed: &str) -> Option<(Vec<String>, Millis)> {
        self.horizon.held(key, placed)
    }

    fn shown(&self, key: &Key) -> Option<(String, String)> {
        self.lookups.shown(key)
    }

    fn logged(&self, key: &Key, number: &str) {
        self.horizon.logged(key, number);
    }

    async fn send(&self, sending: Sending, permit: Option<Permit>, create: &Create) -> Step {
        let by = sending.by().0;
        let Some(reply) = self.sent(permit, &create.request, by).await else { return sending.missed() };
        // In a box: what is rarely needed is no part of every create.
        match Box::pin(self.moved(create, reply, by)).await {
            Some(reply) => sending.answered(reply, now()),
            None => sending.missed(),
        }
    }

    fn told(create: &Create, entry: Outcome) -> Outcome {
        create.told(entry)
    }
}

impl Api {
    /// Sends a create by `by`, milliseconds since the epoch; `None` when it was too late, and it was not sent.
    pub(super) async fn sent(&self, permit: Option<Permit>, request: &Request<Bytes>, by: u64) -> Option<Reply> {
        let permit = match permit {
            Some(permit) => Ok(permit),
            None => self.permit().await.map_err(CallError::Busy),
        };
        let answer = match permit {
            Ok(permit) => self.vendor.call_by(permit, request, by).await,
            Err(busy) => Err(busy),
        };
        Some(match answer {
            Err(CallError::TooLate) => return None,
            Ok(response) => match read_create(&response, request.uri(), clock::now().into()) {
                Answer::Accepted { number: Some(number), etag } => {
                    Reply::Created { number, etag: etag.map(|etag| etag.as_str().to_owned()) }
                }
                Answer::Accepted { number: None, .. } | Answer::Unchanged => Reply::Uncertain,
                Answer::Failed(failure) => self.reply(&failure),
            },
            Err(error) => reply(self.unanswered(error)),
        })
    }
}

impl Removing for Api {
    async fn delete(&self, number: &str, etag: Option<&str>) -> Removed {
        let request = match self.company.delete_invoice(number, etag.and_then(Etag::parse).as_ref()) {
            Ok(request) => request,
            Err(e) => return Removed::Refused(unbuildable(&e)),
        };
        let meaning = match self.vendor.call(Class::Document, &request).await {
            Ok(response) => match read_delete(&response, clock::now().into()) {
                Answer::Accepted { .. } | Answer::Unchanged => {
                    return Removed::Gone;
                }
                Answer::Failed(failure) => self.meant(&failure),
            },
            Err(error) => self.unanswered(error),
        };
        match meaning {
            Meaning::Stale => Removed::Stale,
            Meaning::Gone => Removed::Gone,
            Meaning::Refused(refusal) => Removed::Refused(refusal),
            Meaning::Faulted(refusal) => Removed::Faulted(refusal),
            Meaning::NotNow { retry_at, why } => Removed::NotNow { retry_at, why },
            Meaning::Uncertain => Removed::Uncertain,
        }
    }

    async fn inspect(&self, number: &str) -> Inspected {
        let request = self.company.invoice(number).map_err(|e| unread(&e))?;
        let Some(seen) = self.read(&request).await? else { return Ok(None) };
        let draft = seen.says.as_ref().and_then(|says| InvoiceRead::read(says).ok()).and_then(|read| read.is_draft());
        // Where no status is told, the refusal stands.
        Ok(Some((seen.etag, draft.unwrap_or(true))))
    }
}

impl Updating for Api {
    async fn read(&self, request: &Request<Bytes>) -> Read {
        let response = match self.vendor.call(Class::Document, request).await {
            Ok(response) => response,
            Err(CallError::Busy(wait)) => return Err(Some(wait)),
            Err(
                e @ (CallError::NotSent(_) | CallError::NoAnswer(_) | CallError::TooLate | CallError::Credentials(_)),
            ) => return Err(unread(&e)),
        };
        match read_record(&response, clock::now().into()) {
            Ok((says, etag)) => Ok(Some(Seen { etag: etag.map(|etag| etag.as_str().to_owned()), says: Some(says) })),
            Err(Failure::NotFound { .. }) => Ok(None),
            Err(Failure::Busy { retry_after, .. }) => Err(Some(retry_after)),
            Err(
                failure @ (Failure::Stale { .. }
                | Failure::Unauthorised { .. }
                | Failure::Forbidden { .. }
                | Failure::Refused { .. }
                | Failure::Broken { .. }
                | Failure::Unknown { .. }),
            ) => Err(unread(&failure)),
        }
    }

    async fn update(&self, request: &Request<Bytes>) -> Updated {
        let meaning = match self.answered(request).await {
            Ok(response) => match read_update(&response, clock::now().into()) {
                Answer::Accepted { etag, .. } => {
                    return Updated::Updated { etag: etag.map(|etag| etag.as_str().to_owned()) };
                }
                Answer::Unchanged => return Updated::Uncertain,
                Answer::Failed(failure) => self.meant(&failure),
            },
            Err(meaning) => meaning,
        };
        match meaning {
            Meaning::Stale => Updated::Stale,
            Meaning::Gone => Updated::Gone,
            Meaning::Refused(refusal) => Updated::Refused(refusal),
            Meaning::Faulted(refusal) => Updated::Faulted(refusal),
            Meaning::NotNow { retry_at, why } => Updated::NotNow { retry_at, why },
            Meaning::Uncertain => Updated::Uncertain,
        }
    }
}

/// Meaning for a write of an answer that is not the one hoped for.
#[derive(Debug)]
pub(crate) enum Meaning {
    /// Another version. Nothing was done.
    Stale,
    /// Not there. Nothing was done.
    Gone,
    /// Read and refused. Nothing was done.
    Refused(Refusal),
    /// Failed, and says so: done or not done.
    Faulted(Refusal),
    /// Nothing was done, and something is to be waited for.
    NotNow { retry_at: Millis, why: Pause },
    /// Done or not done.
    Uncertain,
}

/// Returns the reply to a create that has this meaning.
pub(super) fn reply(meaning: Meaning) -> Reply {
    match meaning {
        Meaning::Refused(refusal) => Reply::Refused(refusal),
        Meaning::Faulted(refusal) => Reply::Faulted(refusal),
        Meaning::NotNow { retry_at, why: Pause::Busy } => Reply::Busy { retry_at },
        Meaning::NotNow { retry_at, why: Pause::Away } => Reply::NotSent { retry_at },
        Meaning::NotNow { retry_at, .. } => Reply::Unauthorised { retry_at },
        Meaning::Stale | Meaning::Gone | Meaning::Uncertain => Reply::Uncertain,
    }
}

impl Api {
    /// Returns what a failure of a create means. A create has no version and no record that could be gone: if its
    /// address is not found, the base URL is wrong, and every document is kept out until a person acts.
    fn reply(&self, failure: &Failure) -> Reply {
        let refusal = refusal(failure);
        match self.meant(failure) {
            Meaning::Gone => Reply::Unauthorised { retry_at: self.shut(refusal.code, &refusal.sentence) },
            // A create sends no version. Whatever it is in conflict with may be an earlier one of its own: it is looked
            // up.
            Meaning::Stale => Reply::Faulted(conflict(failure)),
            meaning => reply(meaning),
        }
    }

    /// Calls once; `Err` is what it means that there is no answer.
    pub(crate) async fn answered(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, Meaning> {
        self.vendor.call(Class::Document, request).await.map_err(|error| self.unanswered(error))
    }

    /// Returns what a call without an answer means.
    pub(super) fn unanswered(&self, error: CallError) -> Meaning {
        match error {
            CallError::Busy(wait) => Meaning::NotNow { retry_at: now().after(wait), why: Pause::Busy },
            CallError::TooLate => Meaning::NotNow { retry_at: now(), why: Pause::Away },
            CallError::NotSent(why) => {
                tracing::warn!(why, "Visma could not be reached");
                let retry_at = now().after(self.vendor.away_for().unwrap_or(AWAY));
                Meaning::NotNow { retry_at, why: Pause::Away }
            }
            CallError::NoAnswer(why) => {
                tracing::warn!(why, "a write got no answer; its result is in doubt");
                Meaning::Uncertain
            }
            CallError::Credentials(problem) => {
                let retry_at = self.shut(problem.code, &problem.sentence);
                Meaning::NotNow { retry_at, why: Pause::Unauthorised }
            }
        }
    }

    /// Keeps every document out until a person acts; returns when to try again.
    fn shut(&self, code: Code, sentence: &str) -> Millis {
        tracing::error!(%code, sentence, "Visma accepts no writes");
        let remedy = "see the runbook page of the code; it is tried again by itself";
        self.vendor.hold(self.refused_wait, &Problem::new(code, sentence, remedy));
        now().after(self.refused_wait)
    }

    /// Returns what a failure means.
    pub(crate) fn meant(&self, failure: &Failure) -> Meaning {
        let refusal = refusal(failure);
        match failure {
            Failure::Busy { retry_after, .. } => {
                Meaning::NotNow { retry_at: now().after(*retry_after), why: Pause::Busy }
            }
            // Not this document's fault: rights, a licence, or a wrong address or company keep every document out until
            // a person acts.
            Failure::Unauthorised { .. }
            | Failure::Forbidden { .. }
            | Failure::Refused { refusal: About::Company | About::Licence | About::Redirected, .. } => {
                let retry_at = self.shut(refusal.code, &refusal.sentence);
                Meaning::NotNow { retry_at, why: Pause::Unauthorised }
            }
            Failure::NotFound { .. } => Meaning::Gone,
            Failure::Stale { .. } => Meaning::Stale,
            Failure::Refused { .. } => Meaning::Refused(refusal),
            Failure::Broken { .. } => Meaning::Faulted(refusal),
            Failure::Unknown { .. } => {
                tracing::warn!(answer = refusal.sentence, "an answer does not tell the result of a write");
                Meaning::Uncertain
            }
        }
    }
}

fn refusal(failure: &Failure) -> Refusal {
    Refusal { code: failure.code().to_owned(), sentence: format!("{failure} {}", failure.what_to_do()) }
}

/// A create that was answered as if it were an update.
fn conflict(failure: &Failure) -> Refusal {
    let remedy = "It does not stand there under our reference. Correct what Visma's sentence names.";
    Refusal { code: About::Other.code().to_owned(), sentence: format!("{failure}. {remedy}") }
}

/// A reading that failed proves nothing; when to try again is for `effect` to say.
fn unread(error: &dyn std::error::Error) -> Option<Duration> {
    tracing::warn!(error = %problem::chain(error), "a record could not be read from Visma");
    None
}

fn unbuildable(error: &dyn std::error::Error) -> Refusal {
    Refusal { code: Code::CommandUnreadable, sentence: problem::chain(error) }
}
