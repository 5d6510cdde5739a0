//! Holds: a request stops at a named point until a test lets it go.
//!
//! A crash test must kill a process exactly between two instructions of the vendor. It arms a hold on the n-th
//! matching request, waits (long poll) until the request stands there, kills, and then releases: a vendor keeps
//! working on a request whose client has gone, and so does the sandbox.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::select::{Facts, Matcher, Selector};

/// Where a request can stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// The request has been read; nothing was looked at.
    Received,
    /// The request was found good; nothing was written.
    BeforeCommit,
    /// The write is done; no answer was made.
    AfterCommit,
    /// The answer has been handed to the kernel. A request cannot stand still here: the hold only tells.
    Answered,
}

/// How far a hold is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// No matching request has come to the point.
    Armed,
    /// A request stands at the point (or passed it, for [`Point::Answered`]).
    Reached,
    /// The request went on.
    Released,
    /// The request ended there, without an answer.
    Aborted,
}

/// A hold as it is asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldSpec {
    /// Where to stop.
    pub point: Point,
    /// The request to stop; a hold strikes one request, so `count` has no meaning here.
    #[serde(default)]
    pub on: Selector,
}

/// State of a hold, as the control API tells it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HoldStatus {
    /// The hold's id.
    pub id: u64,
    /// Where it stops a request.
    pub point: Point,
    /// How far it is.
    pub state: HoldState,
    /// True when the client of the held request has gone away meanwhile.
    pub client_gone: bool,
}

/// One armed hold.
#[derive(Debug)]
pub struct Hold {
    id: u64,
    point: Point,
    matcher: Mutex<Matcher>,
    state: watch::Sender<HoldState>,
    client_gone: watch::Sender<bool>,
}

/// The request was ended at a hold: it gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aborted;

impl Hold {
    fn status(&self) -> HoldStatus {
        HoldStatus {
            id: self.id,
            point: self.point,
            state: *self.state.borrow(),
            client_gone: *self.client_gone.borrow(),
        }
    }

    async fn stand(&self) -> Result<(), Aborted> {
        self.state.send_if_modified(|state| {
            let armed = *state == HoldState::Armed;
            if armed {
                *state = HoldState::Reached;
            }
            armed
        });
        let mut states = self.state.subscribe();
        match states.wait_for(|state| matches!(state, HoldState::Released | HoldState::Aborted)).await.as_deref() {
            Ok(HoldState::Aborted) | Err(_) => Err(Aborted),
            Ok(_) => Ok(()),
        }
    }
}

/// The holds that one request has to stop at; handlers find it in the request's extensions.
#[derive(Clone, Debug, Default)]
pub struct Points(Vec<Arc<Hold>>);

impl Points {
    /// Comes to `point`, and stands there for as long as a hold says.
    ///
    /// # Errors
    /// [`Aborted`] when the request is to end here without an answer.
    pub async fn reach(&self, point: Point) -> Result<(), Aborted> {
        for hold in self.0.iter().filter(|hold| hold.point == point) {
            hold.stand().await?;
        }
        Ok(())
    }

    /// Tells the holds at [`Point::Answered`].
    pub fn answered(&self) {
        for hold in self.0.iter().filter(|hold| hold.point == Point::Answered) {
            hold.state.send_replace(HoldState::Reached);
        }
    }

    /// Tells every hold of this request that its client has gone.
    pub fn client_gone(&self) {
        for hold in &self.0 {
            hold.client_gone.send_replace(true);
        }
    }

    /// True when there is nothing to stop at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Every hold of a sandbox.
#[derive(Debug, Default)]
pub struct Holds {
    all: Mutex<Vec<Arc<Hold>>>,
}

impl Holds {
    /// Arms a hold and gives its id, counted from 1.
    ///
    /// # Errors
    /// A sentence when the selector makes no sense.
    pub fn arm(&self, spec: HoldSpec) -> Result<u64, String> {
        let matcher = Matcher::new(Selector { count: Some(1), ..spec.on })?;
        let mut all = self.lock();
        let id = all.len() as u64 + 1;
        all.push(Arc::new(Hold {
            id,
            point: spec.point,
            matcher: Mutex::new(matcher),
            state: watch::Sender::new(HoldState::Armed),
            client_gone: watch::Sender::new(false),
        }));
        Ok(id)
    }

    /// The holds that this request has to stop at.
    #[must_use]
    pub fn meant_for(&self, facts: Facts<'_>) -> Points {
        let all = self.lock();
        let struck = |hold: &&Arc<Hold>| {
            *hold.state.borrow() == HoldState::Armed
                && hold.matcher.lock().unwrap_or_else(PoisonError::into_inner).strikes(facts)
        };
        Points(all.iter().filter(struck).map(Arc::clone).collect())
    }

    /// How far a hold is, after waiting up to `wait` for it to be reached.
    pub async fn status(&self, id: u64, wait: Duration) -> Option<HoldStatus> {
        let hold = self.find(id)?;
        let mut states = hold.state.subscribe();
        // A timeout is an answer too: the hold is still armed.
        let _ = tokio::time::timeout(wait, states.wait_for(|state| *state != HoldState::Armed)).await;
        Some(hold.status())
    }

    /// Waits up to `wait` until the client of the held request has gone.
    pub async fn client_gone(&self, id: u64, wait: Duration) -> Option<HoldStatus> {
        let hold = self.find(id)?;
        let mut gone = hold.client_gone.subscribe();
        let _ = tokio::time::timeout(wait, gone.wait_for(|gone| *gone)).await;
        Some(hold.status())
    }

    /// Ends a hold: the request goes on, or ends without an answer.
    pub fn end(&self, id: u64, how: HoldState) -> Option<HoldStatus> {
        let hold = self.find(id)?;
        hold.state.send_replace(how);
        Some(hold.status())
    }

    /// Releases every hold, so that nothing stands still for ever.
    pub fn release_all(&self) {
        for hold in self.lock().iter() {
            hold.state.send_if_modified(|state| {
                let standing = matches!(state, HoldState::Armed | HoldState::Reached);
                if standing {
                    *state = HoldState::Released;
                }
                standing
            });
        }
    }

    fn find(&self, id: u64) -> Option<Arc<Hold>> {
        self.lock().iter().find(|hold| hold.id == id).map(Arc::clone)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Hold>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
