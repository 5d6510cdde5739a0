//! A document whose period is closed, posted in the next one that is open, where the mapping file says so.
//!
//! It keeps its date, which is that of the sale and of its VAT; what moves is the period in which it is posted. Visma's
//! refusal is proof that nothing stands, so the second send goes out under the same intent, and as late as the first
//! one may. A document whose period is open costs no call more.

use std::sync::OnceLock;

use ::visma::read::PeriodRead;
use ::visma::refusal::Refusal as About;
use ::visma::reply::{Failure, read_page};
use ::visma::requests::RequestError;
use bytes::Bytes;
use effect::{Refusal, Reply};
use http::Request;
use pipeline::budget::Class;
use pipeline::clock;
use pipeline::vendor::CallError;
use proto::{Kind, Outcome};

use super::Api;
use super::send::reply;

/// The request that makes a document stand in a period.
pub(super) type InPeriod = Box<dyn Fn(&str) -> Result<Request<Bytes>, RequestError> + Send + Sync>;

/// Request that makes something stand, and what replaces it where the period is closed.
pub(super) struct Create {
    pub(super) request: Request<Bytes>,
    next_open: Option<NextOpen>,
}

/// Request that is sent instead where the period is closed.
struct NextOpen {
    /// The document's date, which says what the next period is.
    date: String,
    in_period: InPeriod,
    /// The period that it went to.
    period: OnceLock<String>,
}

impl From<Request<Bytes>> for Create {
    fn from(request: Request<Bytes>) -> Self {
        Self { request, next_open: None }
    }
}

impl Create {
    /// `request`, or what `in_period` makes of the next open period where that of `date` is closed.
    pub(super) fn or_in_next_open(request: Request<Bytes>, date: String, in_period: InPeriod) -> Self {
        Self { request, next_open: Some(NextOpen { date, in_period, period: OnceLock::new() }) }
    }

    /// Adds to an entry the period that the document went to.
    pub(super) fn told(&self, mut entry: Outcome) -> Outcome {
        let period = self.next_open.as_ref().and_then(|next| next.period.get());
        let period = period.filter(|_| entry.kind() == Kind::Applied);
        if let (Some(period), Some(booked)) = (period, entry.booked.as_mut()) {
            period.clone_into(&mut booked.financial_period);
        }
        entry
    }
}

/// Why no other period was found.
enum Nowhere {
    /// It is not known yet.
    Unasked(Reply),
    /// There is none, for the reason given.
    Never(String),
}

impl Api {
    /// The reply to a create; where its period is closed and another one may be taken, the reply to the send in that
    /// one. `None` when that would have been too late, and was not sent.
    pub(super) async fn moved(&self, create: &Create, refused: Reply, by: u64) -> Option<Reply> {
        let (next, refusal) = match (&create.next_open, refused) {
            (Some(next), Reply::Refused(refusal)) if refusal.code == About::PeriodClosed.code() => (next, refusal),
            (_, reply) => return Some(reply),
        };
        let period = match self.next_open(&next.date).await {
            Ok(period) => period,
            Err(Nowhere::Unasked(reply)) => return Some(reply),
            Err(Nowhere::Never(why)) => return Some(Reply::Refused(nowhere(refusal, &why))),
        };
        let request = match (next.in_period)(&period) {
            Ok(request) => request,
            Err(e) => return Some(Reply::Refused(nowhere(refusal, &problem::chain(&e)))),
        };
        let reply = self.sent(None, &request, by).await?;
        if let Reply::Created { number, .. } = &reply {
            tracing::info!(
                number,
                date = next.date,
                period,
                "the period of its date is closed: posted in the next open one"
            );
            metrics::counter!("ml_next_period_total").increment(1);
        }
        let _ = next.period.set(period); // Set by an earlier send of this very document, to the same period.
        Some(reply)
    }

    /// The next open period after that of `date`, as documents name it.
    async fn next_open(&self, date: &str) -> Result<String, Nowhere> {
        let request = self.company.financial_periods().map_err(|e| Nowhere::Never(problem::chain(&e)))?;
        let response = self.vendor.call(Class::Document, &request).await;
        let response = response.map_err(|e| Nowhere::Unasked(self.unread(e)))?;
        let page = read_page(&response, clock::now().into()).map_err(|failure| match failure {
            Failure::Forbidden { .. } | Failure::NotFound { .. } | Failure::Refused { .. } => {
                Nowhere::Never(format!("the list of periods cannot be read: {failure}"))
            }
            Failure::Busy { .. }
            | Failure::Unauthorised { .. }
            | Failure::Stale { .. }
            | Failure::Broken { .. }
            | Failure::Unknown { .. } => Nowhere::Unasked(not_sent(reply(self.meant(&failure)))),
        })?;
        let periods = page.each(PeriodRead::read).map_err(|e| Nowhere::Never(problem::chain(&e)))?;
        let next = PeriodRead::next_open(&periods.rows, date).and_then(PeriodRead::id);
        next.ok_or_else(|| Nowhere::Never("no later period is open".to_owned()))
    }

    fn unread(&self, error: CallError) -> Reply {
        not_sent(reply(self.unanswered(error)))
    }
}

/// A list that was not read leaves nothing in doubt: what was refused is refused.
fn not_sent(reply: Reply) -> Reply {
    match reply {
        Reply::Busy { .. } | Reply::NotSent { .. } | Reply::Unauthorised { .. } => reply,
        Reply::Created { .. } | Reply::Refused(_) | Reply::Faulted(_) | Reply::Uncertain => {
            Reply::NotSent { retry_at: crate::now().after(super::send::AWAY) }
        }
    }
}

fn nowhere(refusal: Refusal, why: &str) -> Refusal {
    let sentence = format!("{} It could not be posted in the next open period either: {why}.", refusal.sentence);
    Refusal { sentence, ..refusal }
}
