//! Adobe's public keys, fetched from one configured host and kept for a while.
//!
//! Strangers name keys too, so little can be made to happen by that: few fetches at once and in a minute, of a short
//! answer, from a path that was checked; none of a path that failed or was fetched just now. A key that has signed a
//! delivery is proven, and no other takes its place.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::commerce::webhook::PublicKey;
use axum::body::Bytes;
use http::{Request, StatusCode, Uri};
use pipeline::http::Http;
use problem::{Code, Problem};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How long a fetch may take: a delivery waits for it.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of a key at most.
const MAX_BODY: usize = 64 * 1024;
/// Fetches at once.
const FETCHES: usize = 4;
/// A path is not asked for again so soon after it was, or after it failed.
const PAUSE: Duration = Duration::from_secs(5);
/// Paths remembered.
const MOST: usize = 64;
/// Fetches of keys that have signed nothing yet, in one [`SPAN`].
const UNPROVEN: usize = 12;
/// The time in which they are counted.
const SPAN: Duration = Duration::from_secs(60);

/// Keys by their path.
pub(super) struct Keys {
    http: Http,
    host: String,
    kept_for: Duration,
    fetches: Semaphore,
    kept: Mutex<HashMap<String, Kept>>,
    unproven: Mutex<(Instant, usize)>,
}

#[derive(Clone)]
struct Kept {
    /// It has signed a delivery.
    is_proven: bool,
    /// Empty when the fetch failed.
    keys: Vec<PublicKey>,
    at: Instant,
}

impl Keys {
    /// Keys of the host at `url`, each believed for `kept_for`.
    pub(super) fn new(url: &str, kept_for: Duration) -> Result<Self, Problem> {
        let uri = url.parse::<Uri>().ok().filter(|uri| {
            matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some() && matches!(uri.path(), "" | "/")
        });
        if uri.is_none() {
            let sentence = format!("commerce.webhook.io_events.keys_url is no address of a host: `{url}`");
            return Err(Problem::new(Code::WebhookDoor, sentence, "write it as https://static.adobeioevents.com"));
        }
        Ok(Self {
            http: Http::new(PATIENCE, MAX_BODY)?,
            host: url.trim_end_matches('/').to_owned(),
            kept_for,
            fetches: Semaphore::new(FETCHES),
            kept: Mutex::default(),
            unproven: Mutex::new((Instant::now(), 0)),
        })
    }

    /// The keys at `path`, as far as they are known.
    pub(super) fn at_hand(&self, path: &str) -> Vec<PublicKey> {
        self.look(path, self.kept_for).map(|kept| kept.keys).unwrap_or_default()
    }

    /// Notes that a key at `path` has signed a delivery.
    pub(super) fn prove(&self, path: &str) {
        if let Some(kept) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get_mut(path) {
            kept.is_proven = true;
        }
    }

    /// The keys at `path`, fetched unless that was done just now.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn fetch(&self, path: &str) -> Result<Vec<PublicKey>, String> {
        match self.look(path, PAUSE) {
            Some(kept) if kept.keys.is_empty() => return Err("Adobe's key could not be fetched just now".to_owned()),
            Some(kept) => return Ok(kept.keys),
            None => {}
        }
        let is_proven = self.look(path, Duration::MAX).is_some_and(|kept| kept.is_proven);
        if !is_proven && !self.may_try() {
            return Err("too many keys that nobody knows are named: try again".to_owned());
        }
        let _fetch = self.fetches.try_acquire().map_err(|_| "too many keys are being fetched at once".to_owned())?;
        let fetched = self.ask(path).await;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match &fetched {
            Ok(keys) => drop(kept.insert(path.to_owned(), Kept { is_proven, keys: keys.clone(), at: Instant::now() })),
            // A key that is at hand stays: its host being away says nothing about it.
            Err(_) if kept.get(path).is_some_and(|kept| !kept.keys.is_empty()) => {}
            Err(_) => drop(kept.insert(path.to_owned(), Kept { is_proven, keys: Vec::new(), at: Instant::now() })),
        }
        if kept.len() > MOST
            && let Some(oldest) =
                kept.iter().min_by_key(|(_, kept)| (kept.is_proven, kept.at)).map(|(path, _)| path.clone())
        {
            kept.remove(&oldest);
        }
        fetched
    }

    /// Counts a fetch of a key that has signed nothing yet; true when it is still allowed in this minute.
    fn may_try(&self) -> bool {
        let mut unproven = self.unproven.lock().unwrap_or_else(PoisonError::into_inner);
        if unproven.0.elapsed() >= SPAN {
            *unproven = (Instant::now(), 0);
        }
        unproven.1 += 1;
        unproven.1 <= UNPROVEN
    }

    fn look(&self, path: &str, within: Duration) -> Option<Kept> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(path).filter(|kept| kept.at.elapsed() < within).cloned()
    }

    async fn ask(&self, path: &str) -> Result<Vec<PublicKey>, String> {
        let request = Request::get(format!("{}{path}", self.host)).body(Bytes::new()).map_err(|e| e.to_string())?;
        let answer = self.http.send(request).await.map_err(|e| format!("Adobe's key could not be fetched: {e}"))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("Adobe's key could not be fetched: the host answered {}", answer.status()));
        }
        let text = String::from_utf8_lossy(answer.body());
        PublicKey::all_of_pem(&text).map_err(|e| format!("what is published as Adobe's key is none: {e}"))
    }
}
