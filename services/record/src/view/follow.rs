//! Reading views forward: to the end of the streams, and ever after.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::message::Info;
use futures::StreamExt as _;
use pipeline::broker::follow::{Follow, away, consumer, messages};
use pipeline::clock::now_millis;
use pipeline::guard;
use pipeline::health::Health;
use pipeline::task;
use problem::{Problem, chain};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::position::{self, Position};
use super::{Seen, Store, View};
use crate::Log;
use crate::streams::WAITING;

/// Entries that are taken in together.
const PAGE: usize = 250;
/// So many are taken in without a thread of their own.
const FEW: usize = 8;
/// Between two tries to reach a broker that does not answer.
const AGAIN: Duration = Duration::from_millis(500);
/// A mark of what waits no longer stands for an hour. A view that has not followed for half of that may miss some.
const FRESH: u64 = 30 * 60 * 1000;
/// How often it is told how far building has come.
const TELL: Duration = Duration::from_secs(1);

/// How far a view has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    is_up: bool,
    left: u64,
}

/// A view that is followed.
#[derive(Debug, Clone)]
pub struct Caught(Vec<watch::Receiver<Progress>>);

impl Caught {
    /// Returns when everything that was there at the start is in the view.
    pub async fn up(&self) {
        for part in &self.0 {
            let _ = part.clone().wait_for(|progress| progress.is_up).await; // Err: the service is stopping.
        }
    }

    /// True when it is.
    pub fn is_up(&self) -> bool {
        self.0.iter().all(|part| part.borrow().is_up)
    }

    /// Entries that are left to be read.
    pub fn left(&self) -> u64 {
        self.0.iter().map(|part| part.borrow().left).sum()
    }
}

/// Returns when all `views` are up. Until then the service is not ready because of `what`, and says how much is left.
pub async fn until_up(health: &Health, what: &'static str, sentence: &str, views: &[&Caught]) {
    let all = async {
        for view in views {
            view.up().await;
        }
    };
    tokio::pin!(all);
    loop {
        let left: u64 = views.iter().map(|view| view.left()).sum();
        health.not_ready(what, format!("{sentence}: {left} entries are left"));
        if tokio::time::timeout(TELL, &mut all).await.is_ok() {
            return health.ready(what);
        }
    }
}

/// A view that fits its streams, and is not followed yet.
pub struct Opened {
    log: Log,
    view: Arc<dyn View>,
    parts: Vec<(Follow, Option<Position>)>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Opened").field("view", &self.view.schema().name).finish_non_exhaustive()
    }
}

/// Holds a view against its streams, and throws away one that does not fit.
pub(super) async fn open(log: &Log, view: Arc<dyn View>, parts: Vec<Follow>) -> Opened {
    let store = log.tables();
    position::prepare(store, view.as_ref());
    let position = |part: &Follow| position::read(store, view.as_ref(), &part.filter);
    let mut parts: Vec<_> =
        parts.into_iter().map(|part| (position(&part), part)).map(|(at, part)| (part, at)).collect();
    for (part, at) in &parts {
        let Some(at) = at else { continue };
        if let Some(why) = misfit(log, part, at).await {
            tracing::info!(view = view.schema().name, part = part.filter, why, "a view is thrown away and built anew");
            position::begin(store, view.as_ref());
            parts.iter_mut().for_each(|(_, at)| *at = None);
            break;
        }
    }
    for (part, at) in &parts {
        if let Some(at) = at {
            tracing::info!(
                view = view.schema().name,
                part = part.filter,
                after = at.sequence,
                "a view goes on where it was"
            );
            log.broker().continuity().saw(part.stream, &at.subject, at.sequence);
        }
    }
    Opened { log: log.clone(), view, parts }
}

/// Why a view does not fit a part that it says to have read to `at`.
async fn misfit(log: &Log, part: &Follow, at: &Position) -> Option<&'static str> {
    let is_old = u64::try_from(at.stored / 1_000_000).is_ok_and(|stored| now_millis() > stored.saturating_add(FRESH));
    if part.stream == WAITING && is_old {
        return Some("what was over since may be forgotten");
    }
    loop {
        match entry_at(log, part, at.sequence).await {
            Ok(Some(found)) if found == *at => return None,
            Ok(Some(_)) if part.stream == WAITING => return Some("what it has read last is over"),
            Ok(Some(_)) => return Some("the stream is another one"),
            Ok(None) => return Some("it is ahead of the stream"),
            Err(problem) => {
                tracing::warn!(%problem, part = part.filter, "a view could not be held against its stream yet");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

/// The first entry of a part from this sequence on.
async fn entry_at(log: &Log, part: &Follow, sequence: u64) -> Result<Option<Position>, Problem> {
    let part = Follow { headers_only: true, ..part.clone() };
    let consumer = consumer(&log.broker().jetstream, &part, from(Some(sequence))).await?;
    if consumer.cached_info().num_pending == 0 {
        return Ok(None);
    }
    let page = consumer.fetch().max_messages(1).messages().await;
    let mut page = page.map_err(|e| away(&chain(&e)))?;
    match page.next().await {
        Some(Ok(message)) => place(&message, &told(&message)?).map(Some),
        Some(Err(e)) => Err(away(&e.to_string())),
        None => Err(away("no entry came")),
    }
}

/// Returns the broker's details of a message: its sequence, when it was stored and the like.
fn told(message: &Message) -> Result<Info<'_>, Problem> {
    message.info().map_err(|e| away(&e.to_string()))
}

fn place(message: &Message, info: &Info<'_>) -> Result<Position, Problem> {
    let stored = i64::try_from(info.published.unix_timestamp_nanos()).map_err(|e| away(&chain(&e)))?;
    Ok(Position { sequence: info.stream_sequence, subject: message.subject.to_string(), stored })
}

/// Returns where reading begins: at an entry, or at the first one. Never at the last entry of each subject, which takes
/// the broker half a minute where there are a million.
fn from(sequence: Option<u64>) -> DeliverPolicy {
    sequence.map_or(DeliverPolicy::All, |start_sequence| DeliverPolicy::ByStartSequence { start_sequence })
}

impl Opened {
    /// Follows the view in tasks of its own until `stop`.
    pub fn follow(self, stop: &CancellationToken) -> Caught {
        let Self { log, view, parts } = self;
        let parts = parts.into_iter().map(|(part, at)| {
            let (progress, watch) = watch::channel(Progress { is_up: false, left: 0 });
            let follower = Follower {
                next: at.map(|at| at.sequence + 1),
                log: log.clone(),
                view: Arc::clone(&view),
                part: Arc::new(part),
                progress,
            };
            task::spawn(stop.clone().run_until_cancelled_owned(follower.run()));
            watch
        });
        Caught(parts.collect())
    }
}

/// Reads one part of a view.
struct Follower {
    log: Log,
    view: Arc<dyn View>,
    part: Arc<Follow>,
    next: Option<u64>,
    progress: watch::Sender<Progress>,
}

impl Follower {
    async fn run(mut self) {
        loop {
            if let Err(problem) = self.read().await {
                let filter = &self.part.filter;
                tracing::warn!(%problem, filter, "reading a stream was interrupted; it continues");
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn read(&mut self) -> Result<(), Problem> {
        let consumer = consumer(&self.log.broker().jetstream, &self.part, from(self.next)).await?;
        self.tell(consumer.cached_info().num_pending);
        let messages = messages(&consumer, &self.part, PAGE).await?;
        let mut pages = messages.ready_chunks(PAGE);
        let mut delivered = 0;
        while let Some(page) = pages.next().await {
            let mut entries = Vec::with_capacity(page.len());
            let mut broken = None;
            for message in page {
                match message {
                    Ok(message) => match self.next_of(message, &mut delivered) {
                        Ok(entry) => entries.push(entry),
                        Err(problem) => broken = broken.or(Some(problem)),
                    },
                    Err(e) => broken = broken.or_else(|| Some(away(&chain(&e)))),
                }
                if broken.is_some() {
                    break;
                }
            }
            self.take_in(entries).await;
            if let Some(problem) = broken {
                return Err(problem);
            }
        }
        Ok(())
    }

    /// The next entry. Nothing is acknowledged here, so what was on a connection that broke does not come again by
    /// itself.
    fn next_of(&self, message: Message, delivered: &mut u64) -> Result<Entry, Problem> {
        let info = told(&message)?;
        let (place, pending, nth) = (place(&message, &info)?, info.pending, info.consumer_sequence);
        *delivered += 1;
        if nth != *delivered {
            return Err(away("entries were lost on the way"));
        }
        Ok(Entry { place, pending, message: message.message })
    }

    /// Takes entries in, and notes how far it has come.
    async fn take_in(&mut self, entries: Vec<Entry>) {
        let Some((last, pending)) = entries.last().map(|entry| (entry.place.clone(), entry.pending)) else { return };
        let (store, view, part) = (Arc::clone(self.log.tables()), Arc::clone(&self.view), Arc::clone(&self.part));
        if entries.len() <= FEW {
            fold(&store, view.as_ref(), &part, &entries);
        } else {
            let folding = move || fold(&store, view.as_ref(), &part, &entries);
            let _ = tokio::task::spawn_blocking(folding).await; // Err: the runtime is ending.
        }
        let store = self.log.tables();
        if store.is_due() {
            let store = Arc::clone(store);
            let _ = tokio::task::spawn_blocking(move || store.checkpoint()).await; // Err: as above.
        }
        self.view.grown();
        self.log.broker().continuity().saw(self.part.stream, &last.subject, last.sequence);
        self.next = Some(last.sequence + 1);
        self.tell(pending);
    }

    fn tell(&self, left: u64) {
        self.progress.send_if_modified(|progress| {
            let next = Progress { is_up: progress.is_up || left == 0, left };
            std::mem::replace(progress, next) != next
        });
    }
}

/// One entry on its way into a view.
struct Entry {
    place: Position,
    pending: u64,
    message: async_nats::Message,
}

/// Folds entries into a view, with the position that it is at then.
fn fold(store: &Store, view: &dyn View, part: &Follow, entries: &[Entry]) {
    let empty = HeaderMap::new();
    store.write(|tables| {
        for Entry { place, message, .. } in entries {
            let headers = message.headers.as_ref().unwrap_or(&empty);
            let entry = Seen { subject: &place.subject, headers, body: &message.payload, sequence: place.sequence };
            // A view that ended with an entry that it cannot bear would be rebuilt up to that entry, again and again.
            match guard::caught(|| view.see(tables, &entry)) {
                Ok(seen) => seen?,
                Err(panicked) => tracing::error!(subject = entry.subject, %panicked, "an entry is not in a view"),
            }
        }
        match entries.last() {
            Some(last) => position::write(tables, view, &part.filter, &last.place),
            None => Ok(()),
        }
    });
}
