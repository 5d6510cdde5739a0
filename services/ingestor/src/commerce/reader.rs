//! Reading records of Commerce over REST.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::commerce::entity::Entity;
use ::commerce::page::{Page, Row};
use ::commerce::reply::{Answer, server_time};
use ::commerce::requests::{self, Base, RequestError};
use ::commerce::search::{Filter, PageSize, Search};
use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use pipeline::budget::Class;
use pipeline::clock;
use pipeline::retry::Schedule;
use pipeline::vendor::{CallError, Vendor};
use problem::{Code, Problem, Stopped, chain};
use tokio::time::Instant;

/// Attempts at one reading before it is left for the next poll, or the next delivery of its hint.
const ATTEMPTS: u32 = 4;

/// Why nothing was read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// Nothing can be read now; a person must act over credentials, rights, a wrong base URL.
    Stopped(Stopped),
    /// The record does not exist, or not yet.
    NotFound,
    /// The shop cannot show this: it fails, does not answer in time, or answers nonsense. It may show other things.
    Broken(Broken),
}

/// Something that cannot be read just now, or ever.
#[derive(Debug)]
pub(super) struct Broken {
    /// Problem that a person is told of when it stays so.
    pub(super) problem: Problem,
    /// It may be another time: the shop failed, or did not answer.
    pub(super) passing: bool,
}

impl Broken {
    fn passing(why: &str) -> Self {
        let sentence = format!("Commerce cannot show it: {why}");
        let remedy = "look into the shop's var/log/exception.log and var/report for the time of this";
        Self { problem: Problem::new(Code::RecordBroken, sentence, remedy), passing: true }
    }
}

impl From<Problem> for ReadError {
    /// The broker did not do its part, or cannot for this record.
    fn from(problem: Problem) -> Self {
        match problem.code {
            Code::RecordUnreadable | Code::MessageTooLarge => Self::Broken(Broken { problem, passing: false }),
            _ => Self::Stopped(Stopped::Later(Duration::from_secs(1), problem)),
        }
    }
}

impl From<Stopped> for ReadError {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl ReadError {
    /// How the reading of a list of `entity` stops over it. One that finds no list at all has the wrong address.
    pub(super) fn stopped(self, entity: Entity) -> Stopped {
        match self {
            Self::Stopped(stopped) => stopped,
            Self::Broken(Broken { problem, passing: true }) => {
                Stopped::Later(Duration::ZERO, problem).over(&format!("a list of {}s", entity.name()))
            }
            Self::Broken(Broken { problem, passing: false }) => Stopped::Person(problem),
            Self::NotFound => Stopped::Person(Problem::new(
                Code::CommerceRefused,
                format!("Commerce has no list of {}s at commerce.base_url", entity.name()),
                "check commerce.base_url: scheme, host and store code as the shop itself has them",
            )),
        }
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
        self.get(requests::store_views(&self.base), Class::Poll, ATTEMPTS).await?;
        Ok(self.last_time())
    }

    /// The shop's clock as its last answer said: not later than it is.
    pub(super) fn last_time(&self) -> Timestamp {
        self.clock(|_| true).unwrap_or_else(clock::now)
    }

    /// One page of a scan. It is asked for once: a shop that fails over it fails again, and goes on working on what
    /// nobody waits for any more.
    pub(super) async fn page(&self, entity: Entity, search: &Search) -> Result<Page, ReadError> {
        let body = self.get(requests::records(&self.base, entity, search), Class::Poll, 1).await?;
        Page::decode(entity, &body).map_err(|e| nonsense(&e))
    }

    /// One record by its database id.
    pub(super) async fn by_id(&self, entity: Entity, entity_id: u64) -> Result<Row, ReadError> {
        let body = self.get(requests::record(&self.base, entity, entity_id), Class::Document, ATTEMPTS).await?;
        let text = std::str::from_utf8(&body).map_err(|e| nonsense(&e))?;
        Row::decode(entity, text).map_err(|e| nonsense(&e))
    }

    /// True when the shop lists records of a kind at all. It is asked by a search that finds none.
    pub(super) async fn lists(&self, entity: Entity) -> Result<bool, ReadError> {
        let none = PageSize::new(1).map(|size| Search::new(size).and(Filter::equal("entity_id", 0)));
        match self.page(entity, &none.map_err(|e| nonsense(&e))?).await {
            Ok(_) => Ok(true),
            Err(ReadError::Broken(_)) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// One record by the number that people see; several of one number are none.
    pub(super) async fn by_increment_id(&self, entity: Entity, increment_id: &str) -> Result<Row, ReadError> {
        let request = requests::record_by_increment_id(&self.base, entity, increment_id);
        let body = self.get(request, Class::Document, ATTEMPTS).await?;
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
    async fn get(
        &self,
        request: Result<Request<Bytes>, RequestError>,
        class: Class,
        attempts: u32,
    ) -> Result<Bytes, ReadError> {
        let request = request.map_err(|e| nonsense(&e))?;
        let mut schedule = Schedule::new(Duration::from_millis(300), Duration::from_secs(10));
        let mut why = String::new();
        for attempt in 1.. {
            let wait = match self.vendor.call(class, &request).await {
                Ok(response) => match Answer::read(&response, clock::now()) {
                    Answer::Ok(body) => {
                        self.note_clock(server_time(response.headers()).unwrap_or_else(clock::now));
                        return Ok(body);
                    }
                    Answer::NotFound { .. } => return Err(ReadError::NotFound),
                    Answer::Unauthorised { message } => return Err(Stopped::Person(unauthorised(&message)).into()),
                    Answer::Refused { status, message } => {
                        return Err(Stopped::Person(refused(status.as_u16(), &message)).into());
                    }
                    Answer::NonceRefused { message, ahead: Some(ahead) } => {
                        return Err(Stopped::Person(clock_ahead(&message, ahead)).into());
                    }
                    Answer::NonceRefused { message, ahead: None } => {
                        why = message;
                        Duration::ZERO
                    }
                    Answer::BusyUntil { retry_after, message } => {
                        let wait = retry_after.unwrap_or_else(|| schedule.next_wait());
                        return Err(Stopped::Later(wait, busy(&message)).into());
                    }
                    Answer::Broken { status, message } => {
                        why = format!("{status}: {message}");
                        schedule.next_wait()
                    }
                },
                Err(CallError::Busy(wait)) => return Err(Stopped::Spent(wait).into()),
                Err(CallError::Credentials(problem)) => return Err(Stopped::Person(problem).into()),
                // The shop is still at work on it.
                Err(e @ CallError::NoAnswer(_)) => return Err(ReadError::Broken(Broken::passing(&e.to_string()))),
                Err(e @ (CallError::NotSent(_) | CallError::TooLate)) => {
                    why = e.to_string();
                    schedule.next_wait()
                }
            };
            // A nonce is signed anew at once, whoever asks.
            if attempt >= attempts.max(u32::from(wait.is_zero()) * ATTEMPTS) {
                break;
            }
            tokio::time::sleep(wait).await;
        }
        Err(ReadError::Broken(Broken::passing(&why)))
    }
}

fn nonsense(error: &dyn std::error::Error) -> ReadError {
    let remedy = "look at the shop's answer; a module or an edge in front of it may have changed it";
    let problem = Problem::new(Code::CommerceUnreadable, chain(error), remedy);
    ReadError::Broken(Broken { problem, passing: false })
}

fn busy(message: &str) -> Problem {
    let remedy = "nothing: it goes on by itself; if it is often, look how busy the shop's server is";
    Problem::new(Code::CommerceAway, format!("the shop asks for patience: {message}"), remedy)
}

fn unauthorised(message: &str) -> Problem {
    Problem::new(
        Code::CommerceUnauthorised,
        format!("Commerce does not accept who calls: {message}"),
        "check the credentials of commerce.auth, that the integration or account is active, and that it may read Sales > \
         Orders, Invoices and Credit Memos, and Customers; Commerce tells none of these apart",
    )
}

fn clock_ahead(message: &str, ahead: Duration) -> Problem {
    let seconds = ahead.as_secs();
    Problem::new(
        Code::CommerceClock,
        format!("this machine's clock is {seconds} s ahead of the shop's, which takes no signature then: {message}"),
        "set the clocks of both by NTP; Commerce takes a signature from ten minutes ahead at most",
    )
}

fn refused(status: u16, message: &str) -> Problem {
    let remedy = "check commerce.base_url: scheme, host and store code as the shop itself has them";
    Problem::new(Code::CommerceRefused, format!("Commerce refuses the request ({status}): {message}"), remedy)
}
