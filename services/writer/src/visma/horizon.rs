//! The horizon: the moment before which the log's silence proves nothing.
//!
//! A broker that was restored from an older copy, or a new one, does not know what was made since. So at each
//! connection to the broker, Visma is asked which documents it created lately under our references, and the end of the
//! log is held against them. Where Visma holds one that the log does not explain, the log was set back, or lost: a
//! document is looked up among those before it is created. All of it comes from Visma and the log: there is no memory
//! here that could be set back too.
//!
//! A send whose entry is lost may still be under way at Visma. A second reading, begun when that is over, is the one
//! by which an absence is believed.

mod archive;
mod behind;
mod books;
mod log;
mod mark;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::visma::stamp::Stamp;
use effect::{Millis, Policy, Silence};
use pipeline::broker::connect;
use pipeline::service::Context;
use pipeline::task;
use problem::Problem;
use record::Log;
use record::address::Entity;
use record::horizon;
use tokio::sync::{Mutex, Notify, watch};

use super::Target;
use super::customers::Customers;
use super::lookups::Key;
use behind::Behind;
use books::Books;
use log::Tail;

/// How much earlier than the log's end the lists are read from, for the difference between clocks and for documents on
/// their way.
const MARGIN: Duration = Duration::from_secs(10 * 60);
/// Visma's clock may show 12 hours behind UTC or 14 ahead of it: so much earlier may a document be that a list shows.
const ZONES: Duration = Duration::from_secs(26 * 60 * 60);
/// A life waits so long for an answer before its delivery is handed back.
const PATIENCE: Duration = Duration::from_secs(5);
/// After a question that got no answer.
const AGAIN: Duration = Duration::from_secs(2);
/// Name in the service's health while Visma does not answer the question.
const HORIZON: &str = Entity::Horizon.name();

/// Documents whose absence the log's silence is to prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Invoice,
    CreditNote,
    Payment,
    Customer,
}

/// Customers first: a document may be a customer's who was created meanwhile.
const ALL: [Kind; 4] = [Kind::Customer, Kind::Invoice, Kind::CreditNote, Kind::Payment];

impl Kind {
    /// As the log names it.
    fn entity(self) -> Entity {
        match self {
            Self::Invoice => Entity::Invoice,
            Self::CreditNote => Entity::CreditNote,
            Self::Payment => Entity::Payment,
            Self::Customer => Entity::Customer,
        }
    }

    fn of(entity: Entity) -> Option<Self> {
        [Self::Invoice, Self::CreditNote, Self::Payment].into_iter().find(|kind| kind.entity() == entity)
    }
}

/// The state of the log, as far as it is known.
#[derive(Debug, Default)]
struct View {
    /// The connection to the broker on which the log was held against Visma.
    connects: u64,
    /// The log was set back.
    behind: Option<Behind>,
}

/// Says what the log's silence proves. Cheap to clone.
#[derive(Clone)]
pub(super) struct Horizon(Arc<Inner>);

struct Inner {
    context: Context,
    log: Log,
    books: Books,
    customers: Arc<Customers>,
    policy: Policy,
    /// No document of ours is older.
    from: Stamp,
    view: watch::Sender<View>,
    /// The end that the log had when this connection was made: what is written since makes it look fresh.
    tail: Mutex<Option<(u64, Tail)>>,
    /// The horizon of the archive, as it was last read.
    archived: std::sync::Mutex<Option<horizon::Horizon>>,
    news: Notify,
}

impl Horizon {
    /// Begins to look.
    pub(super) fn start(
        (context, log): (&Context, &Log),
        target: &Target,
        policy: Policy,
        customers: &Arc<Customers>,
    ) -> Self {
        let books =
            Books { vendor: target.vendor.clone(), company: target.company.clone(), prefix: target.prefix.clone() };
        let horizon = Self(Arc::new(Inner {
            context: context.clone(),
            log: log.clone(),
            books,
            customers: Arc::clone(customers),
            policy,
            from: target.from,
            view: watch::Sender::default(),
            tail: Mutex::default(),
            archived: std::sync::Mutex::default(),
            news: Notify::new(),
        }));
        let (inner, stop) = (Arc::clone(&horizon.0), context.stop.clone());
        task::spawn(async move { stop.run_until_cancelled(inner.run()).await });
        horizon
    }

    /// Says what the silence of the log proves of the document with this key, as far as it was set back; else when to
    /// ask again.
    pub(super) async fn unless_set_back(&self, key: &Key) -> Result<Silence, Duration> {
        self.known().await?;
        let (kind, reference) = named(key);
        let view = self.0.view.borrow();
        let Some(behind) = &view.behind else { return Ok(Silence::Proves) };
        match kind {
            // Customers are matched, not looked up: whoever was created meanwhile is in the view by then.
            Kind::Customer => behind.left().map_or(Ok(Silence::Proves), Err),
            Kind::Invoice | Kind::CreditNote | Kind::Payment => Ok(behind.silence(kind, reference)),
        }
    }

    /// Returns when the log was held against Visma on the present connection; else when to ask again.
    pub(super) async fn known(&self) -> Result<(), Duration> {
        let mut view = self.0.view.subscribe();
        let is_known = |view: &View| view.connects == self.0.connects();
        match tokio::time::timeout(PATIENCE, view.wait_for(is_known)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(AGAIN),
        }
    }

    /// Numbers that Visma holds under a key and the log does not know, and when they were read; none when it is to be
    /// looked up.
    pub(super) fn held(&self, key: &Key, placed: &str) -> Option<(Vec<String>, Millis)> {
        // Those lists begin at the end of the log.
        if self.is_behind(placed) {
            return None;
        }
        let (kind, reference) = named(key);
        self.0.view.borrow().behind.as_ref()?.held(kind, reference)
    }

    /// The log knows now that a document stands under a key.
    pub(super) fn logged(&self, key: &Key, number: &str) {
        let (kind, reference) = named(key);
        if self.0.view.borrow().behind.is_none() {
            return;
        }
        self.0
            .view
            .send_if_modified(|view| view.behind.as_mut().is_some_and(|behind| behind.logged(kind, reference, number)));
        self.0.news.notify_one();
    }
}

/// The kind of document under a key, and its reference.
fn named(key: &Key) -> (Kind, &str) {
    match key {
        Key::Reference(reference) => (Kind::Invoice, reference),
        Key::CreditNote(reference) => (Kind::CreditNote, reference),
        Key::Payment { reference, .. } => (Kind::Payment, reference),
        Key::Email(email) => (Kind::Customer, email),
    }
}

impl Inner {
    /// Connections to the broker so far: on each, the log may be another one.
    fn connects(&self) -> u64 {
        self.context.broker.jetstream.client().statistics().connects.load(Ordering::Relaxed)
    }

    async fn run(&self) {
        let mut connections = connect::connections();
        loop {
            let health = &self.context.health;
            match self.ask().await {
                Ok(()) => health.ready(HORIZON),
                Err(problem) => {
                    tracing::warn!(%problem, "the log could not be held against Visma; no document is created yet");
                    health.not_ready(HORIZON, problem.sentence);
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            }
            let due = self.view.borrow().behind.as_ref().and_then(Behind::due).unwrap_or(Duration::from_secs(3600));
            tokio::select! {
                () = self.news.notified() => {}
                _ = connections.changed() => {}
                () = tokio::time::sleep(due) => {}
            }
        }
    }

    /// Holds the log against Visma where that was not done on this connection, and reads once more when the time has
    /// come.
    async fn ask(&self) -> Result<(), Problem> {
        let connects = self.connects();
        if self.view.borrow().connects != connects {
            self.compare(connects).await?;
        }
        let is_due = self.view.borrow().behind.as_ref().is_some_and(Behind::is_due);
        if is_due {
            self.read_again().await?;
        }
        self.tell().await
    }

    async fn compare(&self, connects: u64) -> Result<(), Problem> {
        let mut known = self.tail.lock().await;
        let marked = mark::read(&self.log).await?;
        let tail = match (marked, *known) {
            (Some(tail), _) => tail,
            (None, Some((at, tail))) if at == connects => tail,
            (None, _) => log::tail(&self.log, ZONES + 2 * MARGIN).await?,
        };
        *known = Some((connects, tail));
        let mut behind = Behind::new(tail, &self.policy);
        self.read(&mut behind).await?;
        let is_behind = !behind.is_empty();
        if is_behind {
            behind.tell_found();
            if marked.is_none() {
                mark::write((&self.log, self.context.name), tail, true, behind.sentence()).await?;
            }
        } else if marked.is_some() {
            mark::write((&self.log, self.context.name), tail, false, String::new()).await?;
        }
        self.view.send_modify(|view| {
            view.connects = connects;
            view.behind = is_behind.then_some(behind).or(view.behind.take());
        });
        Ok(())
    }

    /// The second reading: nothing is under way any longer that the log does not know.
    async fn read_again(&self) -> Result<(), Problem> {
        let Some(tail) = self.view.borrow().behind.as_ref().map(|behind| behind.tail) else { return Ok(()) };
        let mut again = Behind::new(tail, &self.policy);
        self.read(&mut again).await?;
        self.view.send_modify(|view| {
            if let Some(behind) = &mut view.behind {
                behind.proven_by(again);
            }
        });
        Ok(())
    }

    /// Reads what Visma holds of ours since the end of the log, and leaves out what the log explains.
    async fn read(&self, behind: &mut Behind) -> Result<(), Problem> {
        let mut since = behind.tail.end.map_or(self.from, |end| Stamp::surely_before(end, MARGIN));
        // What the archive took out of the log is no sign that it was set back.
        if let Some(horizon) = self.log.horizon().await? {
            since = since.max(Stamp::surely_after(horizon.millis(), Duration::ZERO));
        }
        for kind in ALL {
            if kind == Kind::Customer {
                self.books.customers(since, &self.context.vault, &self.customers).await?;
                continue;
            }
            let held = self.books.held(kind, since).await?;
            behind.settled &= held.settled;
            let mut rows = held.rows;
            // After the list: what is written down in between explains more, not less.
            if !rows.is_empty() {
                let known = log::since(&self.log, behind.tail).await?;
                rows.retain(|(reference, number)| !known.explains(kind, reference, number));
            }
            if !rows.is_empty() {
                let every = log::of(&self.log, kind, &rows).await?;
                rows.retain(|(reference, number)| !every.explains(kind, reference, number));
            }
            behind.add(kind, rows);
        }
        Ok(())
    }

    /// Says how it stands, and forgets what the log has caught up with.
    async fn tell(&self) -> Result<(), Problem> {
        let health = &self.context.health;
        self.view.send_if_modified(|view| view.behind.as_mut().is_some_and(Behind::tell_rest));
        let said = self.view.borrow().behind.as_ref().map(|behind| (behind.tail, behind.count(), behind.sentence()));
        let Some((tail, count, sentence)) = said else { return Ok(()) };
        metrics::gauge!("ml_set_back_documents").set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        let is_over = self.view.borrow().behind.as_ref().is_some_and(Behind::is_over);
        if !is_over {
            health.say(behind::CODE.as_str(), sentence);
            return Ok(());
        }
        mark::write((&self.log, self.context.name), tail, false, sentence).await?;
        self.view.send_modify(|view| view.behind = None);
        health.unsay(behind::CODE.as_str());
        tracing::info!("the log has caught up with Visma");
        Ok(())
    }
}
