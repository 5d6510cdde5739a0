//! Calls to a vendor's API under its credentials and its budget: what every caller of one vendor shares.
//!
//! How a request is built and what an answer means is the pure crates' business; which vendor it is, the binary's.

mod breaker;
mod proofs;
mod trial;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, DATE, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use problem::{Code, Problem};
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::budget::{self, Budget, Class, Outlook, Spent, Window};
use crate::health::Health;
use crate::http::{Http, SendError};
use crate::retry::Schedule;
use breaker::{Breaker, Kind, Met, Pass};
pub use proofs::{Auth, Sign};
use proofs::{Proofs, is_refused};

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The vendor's window is spent, it asked for patience, or nothing gets through to it; nothing was sent.
    #[error("the vendor accepts no calls for another {0:?}")]
    Busy(Duration),
    /// Nothing was sent, for a passing reason.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have been carried out.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// The last moment to begin had passed; nothing was sent.
    #[error("the call could not begin in time")]
    TooLate,
    /// The credentials are refused; a person must act. Nothing was done.
    #[error("{0}")]
    Credentials(Problem),
}

/// Wait after a 429 without Retry-After, about; twice as much each time, up to the second figure.
const PATIENCE: Duration = Duration::from_secs(5);
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// No vendor's window is longer: what asks for more is a mistake, and believed for this long only. It is written where
/// all processes read it, and nothing would end it.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Longer than the windows that vendors document: somebody should look why.
const LONG: Duration = Duration::from_secs(60 * 60 + 60);

/// How far the vendor's clock and ours may be apart: half of what a look-up of documents in doubt goes back further.
const CLOCK_LIMIT: Duration = Duration::from_secs(5 * 60);
/// How often it is looked whether they agree again.
const CLOCK_LOOK: Duration = Duration::from_secs(30);

/// Reads a vendor's window from an answer's headers.
pub type ReadWindow = fn(&HeaderMap) -> Option<Window>;
/// Reads how long a 429 asks to wait; the second argument is the time now.
pub type ReadRetryAfter = fn(&HeaderMap, Timestamp) -> Option<Duration>;

/// The parts of a client that are particular to a vendor.
pub struct Api {
    /// How requests are authorized.
    pub auth: Auth,
    /// Reads the window.
    pub read_window: ReadWindow,
    /// Reads the patience that a 429 asks for.
    pub read_retry_after: ReadRetryAfter,
    /// While nothing gets through: the longest wait between two calls that try.
    pub probe_wait: Duration,
    /// A write that changes nothing. While writes fail it is sent before a create is: a create that fails is in doubt
    /// for minutes, and what depends on it waits as long.
    pub trial: Option<Request<Bytes>>,
}

/// One vendor's API. Cheap to clone.
#[derive(Clone)]
pub struct Vendor {
    http: Http,
    budget: Budget,
    read_window: ReadWindow,
    read_retry_after: ReadRetryAfter,
    proofs: Arc<Proofs>,
    breaker: Breaker,
    trial: Option<Arc<Request<Bytes>>>,
    unnamed: Arc<Mutex<Schedule>>,
    for_documents: Arc<AtomicU64>,
}

/// The right to make one write, reserved before the intent of it is written. It goes back when it is dropped.
#[derive(Debug)]
#[must_use = "a permit that is dropped goes back"]
pub struct Permit {
    budget: budget::Permit,
    pass: Pass,
}

impl std::fmt::Debug for Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vendor({})", self.budget.vendor())
    }
}

impl Vendor {
    /// Puts the parts together. That nothing gets through is said in `health`, under the vendor's name.
    pub fn new(http: Http, budget: Budget, api: Api, health: Health) -> Self {
        let breaker = Breaker::new(budget.vendor(), health, api.probe_wait);
        let unnamed = Arc::new(Mutex::new(Schedule::new(PATIENCE, MOST_PATIENCE)));
        let Api { auth, read_window, read_retry_after, probe_wait: _, trial } = api;
        let (proofs, for_documents, trial) = (Arc::new(Proofs::new(auth)), Arc::default(), trial.map(Arc::new));
        Self { http, budget, read_window, read_retry_after, proofs, breaker, trial, unnamed, for_documents }
    }

    /// Hears of what other processes learn of the vendor's patience, until `stop`.
    pub fn follow_budget(&self, broker: &Broker, stop: CancellationToken) {
        self.budget.follow(broker, stop);
    }

    /// Calls under `current` from now on. While `previous` is good (milliseconds since the epoch), a call that is
    /// refused under the new credentials is made under those.
    pub fn renew(&self, current: Auth, previous: Option<(Auth, u64)>) {
        self.proofs.change(current, previous);
        self.breaker.reset();
    }

    /// Reserves one write of a document: the budget has it, and writes get through as far as is known.
    ///
    /// # Errors
    /// How long to wait.
    pub async fn permit(&self) -> Result<Permit, Duration> {
        let mut pass = self.breaker.enter(Kind::Write)?;
        if let Some(trial) = self.trial.as_deref().filter(|_| pass.is_risky()) {
            pass = self.tried(pass, trial).await?;
        }
        let budget = self.budget.take(Class::Document).await?;
        Ok(Permit { budget, pass })
    }

    /// How long nothing is sent for documents, after nothing got through; none when calls are made.
    pub fn away_for(&self) -> Option<Duration> {
        self.breaker.wait(Kind::Read)
    }

    /// Returns true when writes are kept back because nothing gets through, and not because a window is spent.
    pub fn is_away(&self) -> bool {
        self.breaker.wait(Kind::Write).is_some()
    }

    /// Why nothing gets through, while that is so; `away` is the code where nothing but that is known.
    pub fn trouble(&self, away: Code) -> Option<Problem> {
        self.breaker.trouble(away)
    }

    /// Returns true when the vendor let in a write after `since`, milliseconds since the epoch. If another write fails
    /// then, the fault is its own.
    pub fn passed_since(&self, since: u64) -> bool {
        self.breaker.passed_since(since)
    }

    /// Keeps all calls for documents back until a person has acted, but for one every so often that tries.
    pub fn hold(&self, every: Duration, problem: &Problem) {
        self.breaker.hold(every, problem);
    }

    /// Calls once; a token that is refused is renewed and the call made once more, since a 401 did nothing.
    ///
    /// # Errors
    /// See [`CallError`]. A 429 is returned as the answer it is, and remembered by the budget of all processes.
    pub async fn call(&self, class: Class, request: &Request<Bytes>) -> Result<Response<Bytes>, CallError> {
        self.proven(None, class, request, u64::MAX).await
    }

    /// As [`Vendor::call`], of a call that was reserved by [`Vendor::permit`], if it can begin before `by`,
    /// milliseconds since the epoch: fetching a token takes time too.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call_by(
        &self,
        permit: Permit,
        request: &Request<Bytes>,
        by: u64,
    ) -> Result<Response<Bytes>, CallError> {
        self.proven(Some(permit), Class::Document, request, by).await
    }

    async fn proven(
        &self,
        permit: Option<Permit>,
        class: Class,
        request: &Request<Bytes>,
        by: u64,
    ) -> Result<Response<Bytes>, CallError> {
        let (current, previous) = self.proofs.get();
        let answer = self.under(&current, permit, class, request, by).await;
        match previous {
            Some(previous) if is_refused(&answer) => {
                tracing::warn!(
                    vendor = self.budget.vendor(),
                    "the new credentials are refused; trying those before them"
                );
                let before = self.under(&previous, None, class, request, by).await;
                proofs::told(answer, before)
            }
            _ => answer,
        }
    }

    /// One call under one proof; a token that is refused is renewed and the call made once more.
    async fn under(
        &self,
        auth: &Auth,
        permit: Option<Permit>,
        class: Class,
        request: &Request<Bytes>,
        by: u64,
    ) -> Result<Response<Bytes>, CallError> {
        // Where nothing gets through, no token is asked for either.
        let (pass, reserved) = match permit {
            Some(Permit { budget, pass }) => (pass, Some(budget)),
            None => (self.breaker.enter(kind(class, request)).map_err(CallError::Busy)?, None),
        };
        // The token before the call is reserved: one that is reserved meanwhile is one that nobody else can make.
        let (value, token) = match auth.header(request).await {
            Ok(proof) => proof,
            Err(CallError::NotSent(why)) => {
                pass.met(Met::Nobody, false, &why);
                return Err(CallError::NotSent(why));
            }
            Err(e) => return Err(e),
        };
        let budget = match reserved {
            Some(budget) => budget,
            None => self.budget.take(class).await.map_err(CallError::Busy)?,
        };
        let permit = Permit { budget, pass };
        let response = self.attempt(permit, value, request, by).await?;
        match auth {
            Auth::Bearer(tokens) if response.status() == StatusCode::UNAUTHORIZED => {
                tokens.drop_refused(&token).await;
                let (value, _) = auth.header(request).await?;
                let permit = self.reserve(class, request).await?;
                self.attempt(permit, value, request, by).await
            }
            Auth::Bearer(_) | Auth::Signed(_) | Auth::Missing(_) => Ok(response),
        }
    }

    async fn reserve(&self, class: Class, request: &Request<Bytes>) -> Result<Permit, CallError> {
        let pass = self.breaker.enter(kind(class, request)).map_err(CallError::Busy)?;
        let budget = self.budget.take(class).await.map_err(CallError::Busy)?;
        Ok(Permit { budget, pass })
    }

    async fn attempt(
        &self,
        permit: Permit,
        authorization: HeaderValue,
        request: &Request<Bytes>,
        by: u64,
    ) -> Result<Response<Bytes>, CallError> {
        if crate::clock::now_millis() > by {
            return Err(CallError::TooLate);
        }
        let Permit { budget, pass } = permit;
        let class = budget.class();
        let spent = budget.spend().map_err(CallError::Busy)?;
        if class == Class::Document {
            self.for_documents.fetch_add(1, Ordering::Relaxed);
        }
        let answer = self.sent(authorization, request).await;
        let (met, why) = met(&answer);
        pass.met(met, request.method() == Method::GET, &why);
        self.noted(spent, answer).await
    }

    /// Sends a request once, and counts it.
    async fn sent(&self, proof: HeaderValue, request: &Request<Bytes>) -> Result<Response<Bytes>, SendError> {
        let mut request = request.clone();
        request.headers_mut().insert(AUTHORIZATION, proof);
        let method = request.method().as_str().to_owned();
        let answer = self.http.send(request).await;
        let status = answer.as_ref().map_or_else(|_| "none".to_owned(), |a| a.status().as_str().to_owned());
        metrics::counter!("ml_calls_total", "vendor" => self.budget.vendor(), "method" => method, "status" => status)
            .increment(1);
        answer
    }

    /// Takes from an answer what it says of the vendor's clock and window.
    async fn noted(
        &self,
        spent: Spent,
        answer: Result<Response<Bytes>, SendError>,
    ) -> Result<Response<Bytes>, CallError> {
        if let Some(apart) = answer.as_ref().ok().and_then(skew) {
            self.note_skew(apart);
        }
        match answer {
            Ok(response) => {
                self.learn(spent, &response).await;
                Ok(response)
            }
            Err(SendError::NotSent(why)) => {
                self.budget.not_made(spent);
                Err(CallError::NotSent(why))
            }
            Err(SendError::NoAnswer(why)) => {
                self.budget.unanswered(spent).await;
                Err(CallError::NoAnswer(why))
            }
        }
    }

    /// Says how far the vendor's clock is from ours. When they are too far apart nothing is sent: a look-up of what is
    /// in doubt begins at a time of ours, and a document that the vendor made at another would be missed.
    fn note_skew(&self, apart: SignedDuration) {
        let vendor = self.budget.vendor();
        metrics::gauge!("ml_clock_skew_seconds", "against" => vendor).set(apart.as_secs_f64());
        if apart.unsigned_abs() > CLOCK_LIMIT {
            let why = format!("the broker's clock and {vendor}'s are {} s apart", apart.as_secs().abs());
            self.breaker.hold(CLOCK_LOOK, &Problem::new(Code::ClockSkew, why, "set the clocks by NTP"));
        }
    }

    async fn learn(&self, spent: Spent, answer: &Response<Bytes>) {
        self.budget.learn(spent, (self.read_window)(answer.headers()), answer.status().is_success()).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            let named = (self.read_retry_after)(answer.headers(), crate::clock::now());
            let wait = named.map_or_else(|| self.unnamed().next_wait(), |named| named.min(LONGEST));
            if wait > LONG {
                let (vendor, why) = (self.budget.vendor(), "longer than its window: ask the vendor");
                tracing::error!(vendor, ?wait, why, "nothing is sent to the vendor until then");
            }
            tracing::warn!(
                vendor = self.budget.vendor(),
                ?wait,
                named = named.is_some(),
                "the vendor asks for patience"
            );
            self.budget.block(wait).await;
        } else if answer.status().is_success() {
            self.unnamed().reset();
        }
    }

    fn unnamed(&self) -> MutexGuard<'_, Schedule> {
        self.unnamed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls for documents that this process has begun.
    pub fn calls_for_documents(&self) -> u64 {
        self.for_documents.load(Ordering::Relaxed)
    }

    /// Returns how many calls the vendor's windows still take.
    pub async fn outlook(&self) -> Outlook {
        self.budget.outlook().await
    }
}

/// How far our clock is ahead of the one that an answer was dated by (RFC 9110, section 6.6.1), where it says.
fn skew(answer: &Response<Bytes>) -> Option<SignedDuration> {
    let date = answer.headers().get(DATE)?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    Some(crate::clock::now().duration_since(theirs))
}

fn kind(class: Class, request: &Request<Bytes>) -> Kind {
    match class {
        Class::Poll => Kind::Poll,
        Class::Document if request.method() == Method::GET => Kind::Read,
        Class::Document => Kind::Write,
    }
}

/// Reads off an exchange how the vendor is, and says it in words.
fn met(answer: &Result<Response<Bytes>, SendError>) -> (Met, String) {
    match answer {
        Err(SendError::NotSent(why)) => (Met::Nobody, why.clone()),
        Err(SendError::NoAnswer(why)) => (Met::Fault, format!("no answer arrived ({why})")),
        Ok(response) => {
            let status = response.status();
            let met = match status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => Met::Door,
                _ if status.is_server_error() => Met::Fault,
                _ if status.is_redirection() && status != StatusCode::NOT_MODIFIED => Met::Door,
                _ if status.is_client_error() => Met::Refused,
                _ => Met::Done,
            };
            (met, format!("it answers {status}"))
        }
    }
}
