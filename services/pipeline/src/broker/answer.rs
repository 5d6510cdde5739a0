//! Questions to the broker before there is work, while it may go away at any moment.
//!
//! Only the broker's own answer that something is not there means that. No answer, nobody who answers for JetStream
//! just now, a cluster that elects a leader: all of that passes, and is waited for.

use std::error::Error;
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind, RequestError, RequestErrorKind};
use async_nats::jetstream::stream::{ConsumerError, ConsumerErrorKind};
use problem::{Code, Problem, chain};
use tokio::time::Instant;

use super::Broker;
use crate::retry::Schedule;

/// How long one question waits for its answer at most: one that went out on a connection that broke gets none, and to
/// ask again costs nothing.
const ANSWER: Duration = Duration::from_secs(5);
/// Name of the reason why a service is not ready meanwhile.
const OPENING: &str = "opening";

impl Broker {
    /// Asks for `what` until the broker answers, for `start_timeout` at most, or until the service stops. An error of
    /// which `is_answer` says so is an answer too: no waiting cures it.
    ///
    /// # Errors
    /// `BROKER_AWAY` when there was no answer in that time.
    pub async fn until_answered<T, E: Error + 'static, A: Future<Output = Result<T, E>>>(
        &self,
        what: &str,
        ask: impl Fn() -> A,
        is_answer: impl Fn(&E) -> bool,
    ) -> Result<Result<T, E>, Problem> {
        let started = Instant::now();
        let mut schedule = Schedule::new(Duration::from_millis(200), Duration::from_secs(5));
        loop {
            let cause = match tokio::time::timeout(ANSWER.min(self.settings.publish_timeout.0), ask()).await {
                Ok(Err(e)) if !is_answer(&e) => passing(&e),
                Ok(answer) => {
                    self.health.ready(OPENING);
                    return Ok(answer);
                }
                Err(_) => "it does not answer".to_owned(),
            };
            let problem = away(what, &cause);
            if started.elapsed() >= self.settings.start_timeout.0 || self.stop.is_cancelled() {
                return Err(problem);
            }
            tracing::warn!(%problem, "the broker is asked again");
            self.health.not_ready(OPENING, problem.sentence);
            tokio::select! {
                () = tokio::time::sleep(schedule.next_wait()) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }
}

fn away(what: &str, cause: &str) -> Problem {
    let remedy = "look at the broker: whether it runs, has JetStream switched on, and lets this user see its streams";
    Problem::new(Code::BrokerAway, format!("{what} could not be opened: {cause}"), remedy)
}

/// A cause as a person reads it.
fn passing(error: &(dyn Error + 'static)) -> String {
    match find::<RequestError>(error).map(RequestError::kind) {
        // The library calls this a resource that does not exist.
        Some(RequestErrorKind::NoResponders) => "nobody answers for JetStream there just now".to_owned(),
        Some(RequestErrorKind::TimedOut) => "it does not answer".to_owned(),
        Some(RequestErrorKind::InvalidSubject | RequestErrorKind::Other) | None => chain(error),
    }
}

/// Returns true when the broker says that the stream, bucket or consumer is not there.
pub fn says_missing(error: &(dyn Error + 'static)) -> bool {
    let code = match (find::<GetStreamError>(error), find::<ConsumerError>(error)) {
        (Some(e), _) => match e.kind() {
            GetStreamErrorKind::JetStream(said) => Some(said.error_code()),
            GetStreamErrorKind::EmptyName | GetStreamErrorKind::InvalidStreamName | GetStreamErrorKind::Request => None,
        },
        (None, Some(e)) => match e.kind() {
            ConsumerErrorKind::JetStream(said) => Some(said.error_code()),
            ConsumerErrorKind::TimedOut
            | ConsumerErrorKind::Request
            | ConsumerErrorKind::InvalidConsumerType
            | ConsumerErrorKind::InvalidName
            | ConsumerErrorKind::Other => None,
        },
        (None, None) => None,
    };
    matches!(code, Some(ErrorCode::STREAM_NOT_FOUND | ErrorCode::CONSUMER_NOT_FOUND))
}

/// The first error of this kind among `error` and its causes.
pub(super) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if let Some(found) = one.downcast_ref() {
            return Some(found);
        }
        cause = one.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind, KeyValueError, KeyValueErrorKind};
    use async_nats::jetstream::context::{RequestError, RequestErrorKind};
    use async_nats::jetstream::stream::{ConsumerError, ConsumerErrorKind};
    use serde_json::json;

    use super::{passing, says_missing};

    fn said(code: u64) -> async_nats::jetstream::Error {
        serde_json::from_value(json!({ "code": 404, "err_code": code, "description": "said" })).expect("an error")
    }

    fn bucket(error: GetStreamError) -> KeyValueError {
        KeyValueError::with_source(KeyValueErrorKind::GetBucket, error)
    }

    #[test]
    fn missing_is_what_the_broker_says_is_missing() {
        assert!(says_missing(&bucket(GetStreamError::new(GetStreamErrorKind::JetStream(said(10_059))))));
        assert!(says_missing(&ConsumerError::new(ConsumerErrorKind::JetStream(said(10_014)))));
        assert!(says_missing(&ConsumerError::new(ConsumerErrorKind::JetStream(said(10_059)))));
    }

    #[test]
    fn whoever_cannot_answer_just_now_has_not_said_that_anything_is_missing() {
        // A cluster without a leader, and JetStream that is not switched on for the account.
        for code in [10_008, 10_039] {
            assert!(!says_missing(&bucket(GetStreamError::new(GetStreamErrorKind::JetStream(said(code))))));
            assert!(!says_missing(&ConsumerError::new(ConsumerErrorKind::JetStream(said(code)))));
        }
        for kind in [RequestErrorKind::NoResponders, RequestErrorKind::TimedOut, RequestErrorKind::Other] {
            let request = || RequestError::new(kind);
            let stream = GetStreamError::with_source(GetStreamErrorKind::Request, request());
            assert!(!says_missing(&bucket(stream)), "{kind:?}");
            assert!(!says_missing(&ConsumerError::from(request())), "{kind:?}");
        }
    }

    #[test]
    fn nobody_who_answers_is_not_told_as_something_that_does_not_exist() {
        let request = RequestError::new(RequestErrorKind::NoResponders);
        let told = passing(&bucket(GetStreamError::with_source(GetStreamErrorKind::Request, request)));
        assert_eq!(told, "nobody answers for JetStream there just now");
    }
}
