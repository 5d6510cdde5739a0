//! Reading records of Commerce over REST.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::commerce::entity::Entity;
use ::commerce::page::{Page, Row};
use ::commerce::reply::{Answer, server_time};
use ::commerce::requests::{self, Base, RequestError};
use ::commerce::search::Search;
use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use pipeline::budget::Class;
use pipeline::clock;
use pipeline::problem::{Problem, chain};
use pipeline::retry::Schedule;
use pipeline::vendor::{CallError, Vendor};
use tokio::time::Instant;

/// Attempts at one reading before it is left for the next poll, or the next delivery of its hint.
const ATTEMPTS: u32 = 4;

/// Why nothing was read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// Try again after this time.
    Later(Duration, String),
    /// The record does not exist, or not yet.
    NotFound,
    /// A person must act: credentials, rights, a wrong base URL, a shop that answers nonsense.
    Stop(Problem),
}

impl From<Problem> for ReadError {
    /// The broker did not do its part.
    fn from(problem: Problem) -> Self {
        Self::Later(Duration::from_secs(1), problem.to_string())
    }
}

/// How long an answer's time stands for the shop's clock. It may be old: a cursor is then moved less far than it could.
const CLOCK: Duration = Duration::from_secs(5);

/// Reads one shop.
#[derive(Debug)]
pub(super) struct Reader {
    vendor: Vendor,
    base: Base,
    /// The shop's clock as the last answer said, and when that was.
    clock: Mutex<Option<(Timestamp, Instant)>>,
}

impl Reader {
    /// Reads the shop behind a REST base.
    pub(super) fn new(vendor: Vendor, base: Base) -> Self {
        Self { vendor, base, clock: Mutex::default() }
    }

    /// The shop's clock, not later than it is.
    pub(super) async fn server_time(&self) -> Result<Timestamp, ReadError> {
        if let Some(time) = self.clock(|(_, seen)| seen.elapsed() < CLOCK) {
            return Ok(time);
        }
        self.get(requests::store_views(&self.base), Class::Poll).await?;
        Ok(self.last_time())
    }

    /// The shop's clock as its last answer said: not later than it is.
    pub(super) fn last_time(&self) -> Timestamp {
        self.clock(|_| true).unwrap_or_else(clock::now)
    }

    /// One page of a scan.
    pub(super) async fn page(&self, entity: Entity, search: &Search) -> Result<Page, ReadError> {
        let body = self.get(requests::records(&self.base, entity, search), Class::Poll).await?;
        Page::decode(entity, &body).map_err(|e| nonsense(&e))
    }

    /// One record by its database id.
    pub(super) async fn by_id(&self, entity: Entity, entity_id: u64) -> Result<Row, ReadError> {
        let body = self.get(requests::record(&self.base, entity, entity_id), Class::Document).await?;
        let text = std::str::from_utf8(&body).map_err(|e| nonsense(&e))?;
        Row::decode(entity, text).map_err(|e| nonsense(&e))
    }

    /// One record by the number that people see; several of one number are none.
    pub(super) async fn by_increment_id(&self, entity: Entity, increment_id: &str) -> Result<Row, ReadError> {
        let request = requests::record_by_increment_id(&self.base, entity, increment_id);
        let body = self.get(request, Class::Document).await?;
        let mut page = Page::decode(entity, &body).map_err(|e| nonsense(&e))?;
        match (page.items.pop(), page.items.is_empty()) {
            (Some(row), true) => Ok(row),
            _ => Err(ReadError::NotFound),
        }
    }

    fn clock(&self, fresh: impl FnOnce(&(Timestamp, Instant)) -> bool) -> Option<Timestamp> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner).filter(fresh).map(|(time, _)| time)
    }

    fn note_clock(&self, time: Timestamp) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some((time, Instant::now()));
    }

    /// A GET, tried again where that may help. Returns the body.
    async fn get(&self, request: Result<Request<Bytes>, RequestError>, class: Class) -> Result<Bytes, ReadError> {
        let request = request.map_err(|e| nonsense(&e))?;
        let mut schedule = Schedule::new(Duration::from_millis(300), Duration::from_secs(10));
        let mut why = String::new();
        for _ in 0..ATTEMPTS {
            let wait = match self.vendor.call(class, &request).await {
                Ok(response) => match Answer::read(&response, clock::now()) {
                    Answer::Ok(body) => {
                        self.note_clock(server_time(response.headers()).unwrap_or_else(clock::now));
                        return Ok(body);
                    }
                    Answer::NotFound { .. } => return Err(ReadError::NotFound),
                    Answer::Unauthorised { message } => return Err(ReadError::Stop(unauthorised(&message))),
                    Answer::Refused { status, message } => {
                        return Err(ReadError::Stop(refused(status.as_u16(), &message)));
                    }
                    Answer::NonceRefused { message, ahead: Some(ahead) } => {
                        return Err(ReadError::Stop(clock_ahead(&message, ahead)));
                    }
                    Answer::NonceRefused { message, ahead: None } => {
                        why = message;
                        Duration::ZERO
                    }
                    Answer::BusyUntil { retry_after, message } => {
                        let wait = retry_after.unwrap_or_else(|| schedule.next_wait());
                        return Err(ReadError::Later(wait, format!("the shop asks for patience: {message}")));
                    }
                    Answer::Broken { status, message } => {
                        why = format!("{status}: {message}");
                        schedule.next_wait()
                    }
                },
                Err(CallError::Busy(wait)) => return Err(ReadError::Later(wait, "the budget is spent".to_owned())),
                Err(CallError::Credentials(problem)) => return Err(ReadError::Stop(problem)),
                Err(e @ (CallError::NotSent(_) | CallError::NoAnswer(_) | CallError::TooLate)) => {
                    why = e.to_string();
                    schedule.next_wait()
                }
            };
            tokio::time::sleep(wait).await;
        }
        Err(ReadError::Later(schedule.next_wait(), why))
    }
}

fn nonsense(error: &dyn std::error::Error) -> ReadError {
    let remedy = "look at the shop's answer; a module or an edge in front of it may have changed it";
    ReadError::Stop(Problem::new("COMMERCE_UNREADABLE", chain(error), remedy))
}

fn unauthorised(message: &str) -> Problem {
    Problem::new(
        "COMMERCE_UNAUTHORISED",
        format!("Commerce does not accept who calls: {message}"),
        "check the credentials of commerce.auth, that the integration or account is active, and that it may read Sales > \
         Orders, Invoices and Credit Memos, and Customers; Commerce tells none of these apart",
    )
}

fn clock_ahead(message: &str, ahead: Duration) -> Problem {
    let seconds = ahead.as_secs();
    Problem::new(
        "COMMERCE_CLOCK",
        format!("this machine's clock is {seconds} s ahead of the shop's, which takes no signature then: {message}"),
        "set the clocks of both by NTP; Commerce takes a signature from ten minutes ahead at most",
    )
}

fn refused(status: u16, message: &str) -> Problem {
    let remedy = "check commerce.base_url: scheme, host and store code as the shop itself has them";
    Problem::new("COMMERCE_REFUSED", format!("Commerce refuses the request ({status}): {message}"), remedy)
}
