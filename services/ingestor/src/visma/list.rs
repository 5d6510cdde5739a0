//! Asking Visma for a page or a record, and what becomes of it when there is none.

use std::time::Duration;

use ::visma::list::{Page, Row};
use ::visma::reply::{Failure, read_record, read_rows};
use ::visma::requests::{List, RequestError, Rows};
use bytes::Bytes;
use http::{Request, Response};
use pipeline::budget::Class;
use pipeline::clock;
use pipeline::poll::Stopped;
use pipeline::problem::{Problem, chain};
use pipeline::vendor::CallError;

use super::Source;

/// Something of ours did not do its part.
pub(super) fn ours(problem: Problem) -> Stopped {
    Stopped::Later(Duration::from_secs(1), problem.to_string())
}

/// Visma's answer makes no sense.
pub(super) fn nonsense(error: &dyn std::error::Error) -> Stopped {
    Stopped::Person(Problem::new("VISMA_UNREADABLE", chain(error), "check the base URL and Visma's status page"))
}

/// One page of a list.
pub(super) async fn page(source: &Source, list: List, rows: Rows, number: u32) -> Result<Page<Row>, Stopped> {
    let request = source.company.list(list, rows, number, source.poll.page_size);
    read_rows(&call(source, request).await?, clock::now().into()).map_err(stopped)
}

/// Whether a record is still there.
pub(super) async fn exists(source: &Source, list: List, number: &str) -> Result<bool, Stopped> {
    match read_record(&call(source, source.company.record(list, number)).await?, clock::now().into()) {
        Ok(_) => Ok(true),
        Err(Failure::NotFound { .. }) => Ok(false),
        Err(failure) => Err(stopped(failure)),
    }
}

async fn call(source: &Source, request: Result<Request<Bytes>, RequestError>) -> Result<Response<Bytes>, Stopped> {
    let request = request.map_err(|e| nonsense(&e))?;
    source.vendor.call(Class::Poll, &request).await.map_err(|error| match error {
        CallError::Busy(wait) => Stopped::Spent(wait),
        CallError::Credentials(problem) => Stopped::Person(problem),
        CallError::NotSent(why) | CallError::NoAnswer(why) => Stopped::Later(Duration::ZERO, why),
        CallError::TooLate => Stopped::Later(Duration::ZERO, CallError::TooLate.to_string()),
    })
}

fn stopped(failure: Failure) -> Stopped {
    match failure {
        Failure::Busy { retry_after, said } => Stopped::Later(retry_after, said.to_string()),
        Failure::Broken { .. } | Failure::Unknown { .. } => Stopped::Later(Duration::ZERO, failure.to_string()),
        Failure::Stale { .. }
        | Failure::Unauthorised { .. }
        | Failure::Forbidden { .. }
        | Failure::NotFound { .. }
        | Failure::Refused { .. } => {
            Stopped::Person(Problem::new(failure.code(), failure.to_string(), failure.what_to_do()))
        }
    }
}
