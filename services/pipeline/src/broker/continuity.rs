//! Checks that the streams are still those that this process has worked on.
//!
//! A broker that comes back may have an older copy of its store, or a new one. What is in memory here is ahead of it
//! then: views, cursors of polls under way, deliveries whose sequence numbers are another message's now. None of that
//! may reach such streams. So on each connection, before anything is published or acknowledged, the newest entry that
//! was seen of each stream is asked for; where one is not there any longer, or the connection is of another shop or
//! company there, the process begins anew at once, which every service must bear anyway.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::Context;
use problem::{Code, Problem, chain};
use tokio_util::sync::CancellationToken;

use super::connect;
use super::last::Last;
use crate::identity::{self, Identity};
use crate::{anew, task};

/// Between two tries to ask a broker that does not answer.
const AGAIN: Duration = Duration::from_millis(200);

/// Says whether entries of a stream with this subject are noted: those that are kept, and that this user may read.
pub type Marked = fn(stream: &str, subject: &str) -> bool;

/// Holds the streams against what this process has seen of them. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Continuity(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// A service: it begins anew. A verb ends by itself.
    is_service: AtomicBool,
    /// Says of which subjects of a stream the newest entry is noted; none before it is set.
    marked: OnceLock<Marked>,
    /// The newest entry of each stream: its subject and its sequence.
    marks: Mutex<HashMap<&'static str, (String, u64)>>,
    /// The shop and the company of each of this process's connections, by their names.
    identities: Mutex<HashMap<String, Identity>>,
    /// The connection on which that was last found there.
    proven: AtomicU64,
}

impl Continuity {
    /// Looks at every connection from now on, until `stop`.
    pub(crate) fn watch(&self, context: &Context, stop: CancellationToken) {
        self.0.is_service.store(true, Ordering::Relaxed);
        self.0.proven.store(connects(context), Ordering::Relaxed);
        let (continuity, context) = (self.clone(), context.clone());
        task::detached(stop.run_until_cancelled_owned(async move {
            let mut connections = connect::connections();
            while connections.changed().await.is_ok() {
                continuity.hold(&context).await;
            }
        }));
    }

    /// From now on entries are noted of which `marked` says so.
    pub fn mark(&self, marked: Marked) {
        let _ = self.0.marked.set(marked); // It is set once.
    }

    /// From now on the broker is one on which the connection is of this shop and company.
    pub(crate) fn identify(&self, identity: Identity) {
        let name = identity.connection().to_owned();
        self.0.identities.lock().unwrap_or_else(PoisonError::into_inner).insert(name, identity);
    }

    /// Nothing is done for the connection any longer.
    pub(crate) fn forget(&self, connection: &str) {
        self.0.identities.lock().unwrap_or_else(PoisonError::into_inner).remove(connection);
    }

    /// Notes an entry that was read, written or taken.
    pub fn saw(&self, stream: &'static str, subject: &str, sequence: u64) {
        if !self.0.marked.get().is_some_and(|marked| marked(stream, subject)) {
            return;
        }
        let mut marks = self.0.marks.lock().unwrap_or_else(PoisonError::into_inner);
        match marks.get_mut(stream) {
            Some((_, newest)) if *newest >= sequence => {}
            Some((known, newest)) => {
                subject.clone_into(known);
                *newest = sequence;
            }
            None => drop(marks.insert(stream, (subject.to_owned(), sequence))),
        }
    }

    /// True when nothing is to be asked: the connection is the one that was last looked at.
    pub(crate) fn is_held(&self, context: &Context) -> bool {
        !self.0.is_service.load(Ordering::Relaxed)
            || self.0.proven.load(Ordering::Relaxed) == connects(context)
                && context.client().connection_state() == State::Connected
    }

    /// Returns when the streams hold what this process has seen of them; else the process begins anew.
    pub async fn hold(&self, context: &Context) {
        while !self.is_held(context) {
            let connects = connects(context);
            match self.other(context).await {
                Ok(None) if context.client().connection_state() == State::Connected => {
                    self.0.proven.store(connects, Ordering::Relaxed);
                }
                Ok(None) | Err(_) => tokio::time::sleep(AGAIN).await,
                Ok(Some(why)) => begin_anew(&why),
            }
        }
    }

    /// Why these are not the streams that this process has worked on.
    async fn other(&self, context: &Context) -> Result<Option<Problem>, Problem> {
        let marks = self.0.marks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (stream, (subject, sequence)) in marks {
            let last = Last::of(context, stream).await?.get(&subject).await?;
            if last.is_none_or(|last| last.sequence < sequence) {
                return Ok(Some(set_back(stream)));
            }
        }
        let identities = self.0.identities.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for identity in identities.into_values() {
            let differs = identity::differs(context, &identity).await;
            if let Some(taken) = differs.map_err(|e| Problem::new(Code::BrokerAway, chain(&e), "look at the broker"))? {
                return Ok(Some(taken));
            }
        }
        Ok(None)
    }
}

fn set_back(stream: &str) -> Problem {
    let sentence = format!("{stream} ends before what was seen of it: the broker was set back or is another one");
    Problem::new(Code::BrokerSetBack, sentence, "nothing, if that is on purpose")
}

fn connects(context: &Context) -> u64 {
    context.client().statistics().connects.load(Ordering::Relaxed)
}

/// Begins anew, since what is in memory is of other streams.
fn begin_anew(why: &Problem) -> ! {
    tracing::warn!(code = why.code.as_str(), why = why.sentence, "these are other streams; beginning anew");
    anew::begin(None)
}
