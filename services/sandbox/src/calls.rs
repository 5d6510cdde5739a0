//! Counts calls by kind, and keeps the last requests with their bodies.
//!
//! "At most 1.2 calls an order" is measured here, at the vendor's side, where no retry can hide. Token requests are
//! counted apart, since vendors do not count them either.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;

use crate::select::System;

/// How many requests the log keeps.
const LOG_ENTRIES: usize = 2_000;

/// How much of a body the log keeps, in bytes.
const LOG_BODY_BYTES: usize = 16 * 1024;

/// Text that stands in the log in place of a credential.
const LEFT_OUT: &str = "(left out)";

/// The routes of token requests, as they end.
const TOKEN_ROUTES: [&str; 3] = ["/connect/token", "/integration/admin/token", "/ims/token/v3"];

/// The calls of one kind.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// Requests that came in.
    pub calls: u64,
    /// Answers by status. A request without an answer is in `calls` alone.
    pub statuses: BTreeMap<u16, u64>,
}

/// The calls to one system.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SystemCalls {
    /// Every call, token requests left out.
    pub total: u64,
    /// Token requests.
    pub tokens: u64,
    /// By kind: the method and the route, such as `POST /v2/customerinvoice`.
    pub by_kind: BTreeMap<String, Tally>,
}

/// One request as the log shows it.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// Counted from 1, never reused: the cursor of the log.
    pub seq: u64,
    /// When the request was answered, or given up on.
    pub at: Timestamp,
    /// The system that was asked.
    pub system: System,
    /// The method and the route.
    pub kind: String,
    /// The path with its query.
    pub target: String,
    /// The request's headers; credentials are left out.
    pub headers: BTreeMap<String, String>,
    /// The request's body, as text, cut at 16 KiB.
    pub body: String,
    /// The status, or nothing when no answer was given.
    pub status: Option<u16>,
    /// The answer's body, as text, cut at 16 KiB.
    pub answer: String,
}

#[derive(Debug)]
struct Record {
    seq: u64,
    at: Timestamp,
    system: System,
    kind: String,
    target: String,
    headers: HeaderMap,
    body: Bytes,
    status: Option<u16>,
    answer: Bytes,
}

/// A request that has been dealt with.
#[derive(Debug)]
pub struct Finished {
    /// The system that was asked.
    pub system: System,
    /// The method and the route.
    pub kind: String,
    /// The path with its query.
    pub target: String,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request's body.
    pub body: Bytes,
    /// The status, or nothing when no answer was given.
    pub status: Option<u16>,
    /// The answer's body.
    pub answer: Bytes,
}

#[derive(Debug, Default)]
struct Book {
    calls: BTreeMap<System, SystemCalls>,
    log: VecDeque<Record>,
    last_seq: u64,
}

/// The calls of a sandbox.
#[derive(Debug, Default)]
pub struct Calls {
    book: Mutex<Book>,
}

impl Calls {
    /// Counts a request as it comes in.
    pub fn came(&self, system: System, kind: &str) {
        let mut book = self.lock();
        let calls = book.calls.entry(system).or_default();
        if gives_tokens(kind) {
            calls.tokens += 1;
        } else {
            calls.total += 1;
        }
        match calls.by_kind.get_mut(kind) {
            Some(tally) => tally.calls += 1,
            None => {
                calls.by_kind.insert(kind.to_owned(), Tally { calls: 1, statuses: BTreeMap::new() });
            }
        }
    }

    /// Writes down how a request ended.
    pub fn ended(&self, finished: Finished) {
        let mut book = self.lock();
        if let Some(status) = finished.status
            && let Some(tally) =
                book.calls.get_mut(&finished.system).and_then(|calls| calls.by_kind.get_mut(&finished.kind))
        {
            *tally.statuses.entry(status).or_default() += 1;
        }
        book.last_seq += 1;
        let record = Record {
            seq: book.last_seq,
            at: Timestamp::now(),
            system: finished.system,
            kind: finished.kind,
            target: finished.target,
            headers: finished.headers,
            body: shortened(finished.body),
            status: finished.status,
            answer: shortened(finished.answer),
        };
        if book.log.len() >= LOG_ENTRIES {
            book.log.pop_front();
        }
        book.log.push_back(record);
    }

    /// The calls by system and kind.
    #[must_use]
    pub fn counted(&self) -> BTreeMap<System, SystemCalls> {
        self.lock().calls.clone()
    }

    /// Starts counting from nothing; the log stays.
    pub fn reset(&self) {
        self.lock().calls.clear();
    }

    /// The kept requests after `since`, oldest first.
    #[must_use]
    pub fn log(&self, since: u64) -> Vec<Entry> {
        self.lock().log.iter().filter(|record| record.seq > since).map(Record::shown).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn shown(&self) -> Entry {
        let mut headers = BTreeMap::new();
        for (name, value) in &self.headers {
            let secret = name == http::header::AUTHORIZATION;
            let value = if secret { LEFT_OUT.to_owned() } else { String::from_utf8_lossy(value.as_bytes()).into() };
            headers.insert(name.to_string(), value);
        }
        // A token request and its answer are nothing but credentials.
        let secret = gives_tokens(&self.kind);
        let text = |body: &Bytes| if secret { LEFT_OUT.to_owned() } else { String::from_utf8_lossy(body).into_owned() };
        Entry {
            seq: self.seq,
            at: self.at,
            system: self.system,
            kind: self.kind.clone(),
            target: self.target.clone(),
            headers,
            body: text(&self.body),
            status: self.status,
            answer: text(&self.answer),
        }
    }
}

fn gives_tokens(kind: &str) -> bool {
    TOKEN_ROUTES.iter().any(|route| kind.ends_with(route))
}

/// Copies the start of a long body, so that the rest of it can be freed.
fn shortened(body: Bytes) -> Bytes {
    match body.get(..LOG_BODY_BYTES) {
        Some(start) if body.len() > LOG_BODY_BYTES => Bytes::copy_from_slice(start),
        _ => body,
    }
}
