//! Asking Visma for a page or a record, and what becomes of it when there is none.
//!
//! A list fails as a whole when one row of it cannot be made up, and does not say which. So a page that fails is read
//! again in smaller pieces until the row fails alone; the others are read. Which record it is nobody tells: a row that
//! fails shows no number. Its time of modification is found, by asking for what was modified since later and later.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::visma::list::{Page, Row};
use ::visma::reply::{Failure, read_row, read_rows};
use ::visma::requests::{RequestError, Rows};
use ::visma::stamp::Stamp;
use bytes::Bytes;
use http::{Request, Response};
use pipeline::budget::Class;
use pipeline::clock;
use pipeline::retry::Schedule;
use pipeline::vendor::CallError;
use problem::{Code, Problem, Stopped, chain};

use super::Source;
use super::entity::Entity;

/// Rows one after the other that cannot be shown: from here on it is Visma, and not a record.
const IN_A_ROW: u32 = 5;

/// Nothing is modified so far ahead.
const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Why nothing was read.
#[derive(Debug)]
pub(super) enum Unread {
    /// Nothing can be read now.
    Stopped(Stopped),
    /// Visma fails over this, does not answer in time, or answers nonsense. It may show other things.
    Broken(Problem),
    /// There is no such record.
    Gone,
}

/// Something of ours did not do its part.
pub(super) fn ours(problem: Problem) -> Stopped {
    Stopped::Later(Duration::from_secs(1), problem)
}

/// Visma's answer makes no sense.
pub(super) fn nonsense(error: &dyn std::error::Error) -> Stopped {
    Stopped::Person(unreadable(chain(error)))
}

/// The problem of an answer that makes no sense.
pub(super) fn unreadable(sentence: String) -> Problem {
    Problem::new(Code::VismaUnreadable, sentence, "check the base URL and Visma's status page")
}

/// Nobody answers, or the call could not be made.
fn away(sentence: impl Into<String>) -> Problem {
    Problem::new(Code::VismaAway, sentence, "look at the network, and at Visma's status page; it goes on by itself")
}

/// The list is not what it was when its reading began; it is read again.
pub(super) fn again(sentence: &str) -> Stopped {
    let problem = unreadable(sentence.to_owned());
    Stopped::Later(Duration::ZERO, Problem { remedy: "nothing, unless it goes on".to_owned(), ..problem })
}

/// Reads one list.
pub(super) struct Lister<'a> {
    source: &'a Source,
    entity: Entity,
    /// Rows of a page: as many as are wanted, and not more than Visma gives.
    size: AtomicU32,
    /// Why the last row was not shown.
    why: Mutex<Option<Problem>>,
}

impl<'a> Lister<'a> {
    /// A reader of the list of `entity`.
    pub(super) fn new(source: &'a Source, entity: Entity) -> Self {
        let size = AtomicU32::new(source.poll.page_size.max(1));
        Self { source, entity, size, why: Mutex::default() }
    }

    /// One page of the list; rows that cannot be shown are counted in it.
    pub(super) async fn page(&self, rows: Rows, number: u32) -> Result<Page<Row>, Stopped> {
        let size = self.size.load(Ordering::Relaxed);
        match self.ask(rows, number, size).await {
            Ok(page) => {
                self.is_cut(&page);
                Ok(page)
            }
            Err(Unread::Broken(why)) => self.around(rows, (number, size), why).await,
            Err(other) => Err(later(other)),
        }
    }

    /// A record by its number.
    pub(super) async fn record(&self, number: &str) -> Result<Row, Unread> {
        let answer = call(self.source, self.source.company.record(self.entity.list(), number)).await?;
        read_row(&answer, clock::now().into()).map_err(|failure| match failure {
            Failure::NotFound { .. } => Unread::Gone,
            other => unread(other),
        })
    }

    /// Why the last row was not shown, in words; empty when all were.
    pub(super) fn why(&self) -> String {
        let why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        why.as_ref().map_or_else(String::new, |problem| problem.sentence.clone())
    }

    /// When the newest row that cannot be shown was last modified; nothing when all modified
    /// after `since` can be shown now.
    pub(super) async fn newest_unshown(&self, since: Option<Stamp>, until: Stamp) -> Result<Option<Stamp>, Stopped> {
        let (mut low, mut high) = (since.unwrap_or_else(|| Stamp::surely_before(0, Duration::ZERO)), until);
        while let Some(middle) = low.midway(high) {
            if self.shows(middle).await? {
                high = middle;
            } else {
                low = middle;
            }
        }
        Ok(if self.shows(low).await? { None } else { Some(low) })
    }

    /// True when Visma can show every row that was modified since `since`.
    async fn shows(&self, since: Stamp) -> Result<bool, Stopped> {
        let size = self.size.load(Ordering::Relaxed);
        let mut seen = 0;
        for number in 1..=super::poll::PAGES {
            let page = match self.ask(Rows::ModifiedSince(since), number, size).await {
                Ok(page) => page,
                Err(Unread::Broken(_)) => return Ok(false),
                Err(other) => return Err(later(other)),
            };
            seen += u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
            if page.rows.is_empty() || page.total.is_some_and(|total| seen >= total) {
                break;
            }
        }
        Ok(true)
    }

    /// A page that failed, read in pieces.
    async fn around(&self, rows: Rows, page: (u32, u32), why: Problem) -> Result<Page<Row>, Stopped> {
        let name = self.entity.name();
        tracing::warn!(
            entity = name,
            page = page.0,
            rows = page.1,
            why = why.line(),
            "a page cannot be read; smaller ones are tried"
        );
        // One that lists nothing at all is not kept from it by a record.
        let nothing = Rows::ModifiedSince(Stamp::surely_after(clock::now_millis(), YEAR));
        match self.ask(nothing, 1, 1).await {
            Ok(_) => {}
            Err(Unread::Broken(_)) => return Err(later(Unread::Broken(why))),
            Err(other) => return Err(later(other)),
        }
        let mut whole = Page { rows: Vec::new(), total: None, max_page_size: None, unshown: 0 };
        let (mut pieces, mut in_a_row) = (pieces(page), 0);
        let mut pause = Schedule::new(Duration::from_millis(200), Duration::from_secs(5));
        while let Some((number, size)) = pieces.pop() {
            match self.ask(rows, number, size).await {
                Ok(piece) if self.is_cut(&piece) => {
                    // The page was never as large as it was asked for: it is another one.
                    whole = Page { rows: Vec::new(), unshown: 0, ..whole };
                    pieces = vec![(page.0, self.size.load(Ordering::Relaxed))];
                }
                // The list has ended.
                Ok(piece) if piece.rows.is_empty() => break,
                Ok(piece) => {
                    whole.total = piece.total.or(whole.total);
                    whole.rows.extend(piece.rows);
                    in_a_row = 0;
                    pause.reset();
                }
                Err(Unread::Broken(why)) if size == 1 => {
                    self.why.lock().unwrap_or_else(PoisonError::into_inner).replace(why.clone());
                    whole.unshown = whole.unshown.saturating_add(1);
                    in_a_row += 1;
                    if in_a_row > IN_A_ROW {
                        return Err(later(Unread::Broken(why)));
                    }
                }
                Err(Unread::Broken(_)) => {
                    pieces.extend(self::pieces((number, size)));
                    // It may be at work on it still.
                    tokio::time::sleep(pause.next_wait()).await;
                }
                Err(other) => return Err(later(other)),
            }
        }
        Ok(whole)
    }

    /// True when Visma gives smaller pages than were asked for; from now on pages of that size are asked for.
    fn is_cut(&self, page: &Page<Row>) -> bool {
        let size = self.size.load(Ordering::Relaxed);
        let given = page.max_page_size.filter(|max| (1..size).contains(max));
        given.inspect(|max| self.size.store(*max, Ordering::Relaxed)).is_some()
    }

    async fn ask(&self, rows: Rows, number: u32, size: u32) -> Result<Page<Row>, Unread> {
        let answer = call(self.source, self.source.company.list(self.entity.list(), rows, number, size)).await?;
        read_rows(&answer, clock::now().into()).map_err(unread)
    }
}

/// The pages of the next smaller size that are one page, the last of them first. A size divides into its smallest
/// factor, so that pages neither overlap nor leave a row out.
fn pieces((number, size): (u32, u32)) -> Vec<(u32, u32)> {
    let parts = (2..=size).find(|factor| size.is_multiple_of(*factor)).unwrap_or(1);
    let last = number.saturating_mul(parts);
    (0..parts).map(|back| (last.saturating_sub(back), size / parts)).collect()
}

async fn call(source: &Source, request: Result<Request<Bytes>, RequestError>) -> Result<Response<Bytes>, Unread> {
    let request = request.map_err(|e| Unread::Stopped(nonsense(&e)))?;
    source.vendor.call(Class::Poll, &request).await.map_err(|error| match error {
        CallError::Busy(wait) => Unread::Stopped(Stopped::Spent(wait)),
        CallError::Credentials(problem) => Unread::Stopped(Stopped::Person(problem)),
        CallError::NoAnswer(why) => Unread::Broken(away(why)),
        CallError::NotSent(why) => Unread::Stopped(Stopped::Later(Duration::ZERO, away(why))),
        CallError::TooLate => Unread::Stopped(Stopped::Later(Duration::ZERO, away(CallError::TooLate.to_string()))),
    })
}

/// How a poll stops over something that was not read.
pub(super) fn later(unread: Unread) -> Stopped {
    match unread {
        Unread::Stopped(stopped) => stopped,
        Unread::Broken(problem) => Stopped::Later(Duration::ZERO, problem),
        Unread::Gone => {
            let problem = Problem::new(Code::RecordNotFound, "Visma has no such record", "nothing if it was removed");
            Stopped::Later(Duration::ZERO, problem)
        }
    }
}

fn unread(failure: Failure) -> Unread {
    let problem = Problem::new(failure.code(), failure.to_string(), failure.what_to_do());
    match failure {
        Failure::Busy { retry_after, .. } => Unread::Stopped(Stopped::Later(retry_after, problem)),
        Failure::Broken { .. } | Failure::Unknown { .. } => Unread::Broken(problem),
        Failure::Stale { .. }
        | Failure::Unauthorised { .. }
        | Failure::Forbidden { .. }
        | Failure::NotFound { .. }
        | Failure::Refused { .. } => Unread::Stopped(Stopped::Person(problem)),
    }
}
