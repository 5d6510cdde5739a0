//! Open ports, and the connections that have doors behind them.
//!
//! A port belongs to the process: connections with the same `listen` share it, and its bounds hold for all of them. The
//! first opens it, the last closes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use pipeline::health::Health;
use pipeline::{guard, task};
use problem::{Code, Problem};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::answer::Rare;
use super::crowd::{Crowd, Limits};
use super::keep::Keeper;
use super::sender::Sender;
use super::take::{Meant, receive};
use super::{DOOR, serve};

/// The open ports of a process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Doors(Arc<tokio::sync::Mutex<HashMap<String, Standing>>>);

/// An open port and the task that serves it.
#[derive(Debug)]
struct Standing {
    open: Arc<Open>,
    serving: JoinHandle<()>,
}

/// One open port.
#[derive(Debug)]
pub(super) struct Open {
    members: Mutex<Vec<Arc<Member>>>,
    stop: CancellationToken,
    pub(super) log: Rare,
}

/// One connection behind a port.
pub(super) struct Member {
    pub(super) connection: String,
    pub(super) span: Span,
    /// The stores whose records are read; empty means all.
    pub(super) stores: Vec<u64>,
    pub(super) keeper: Keeper,
    pub(super) health: Health,
    /// Its doors, by their paths.
    pub(super) doors: Vec<(String, Sender)>,
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").field("connection", &self.connection).finish_non_exhaustive()
    }
}

impl Member {
    /// True when a record of one of these stores may be this connection's, and when no store is given.
    pub(super) fn is_of(&self, stores: &[u64]) -> bool {
        stores.is_empty() || self.stores.is_empty() || stores.iter().any(|store| self.stores.contains(store))
    }
}

impl Open {
    /// The connections that a request to `path` may be for: those with a door there, or the one that the path names
    /// behind it.
    pub(super) fn meant(&self, path: &str) -> Vec<Meant> {
        let members = self.members();
        let of = |member: &Arc<Member>| {
            let is_named = |own: &str| {
                let behind = path.strip_prefix(own).and_then(|rest| rest.strip_prefix('/'));
                path == own || behind == Some(&member.connection)
            };
            member.doors.iter().find(|(own, _)| is_named(own)).map(|(_, sender)| (Arc::clone(member), sender.clone()))
        };
        members.iter().filter_map(of).collect()
    }

    fn members(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a door at a path where another connection has one for another kind of sender.
    fn refuse(&self, member: &Member) -> Result<(), Problem> {
        let members = self.members();
        let others = || members.iter().flat_map(|other| other.doors.iter().map(move |door| (other, door)));
        for (path, sender) in &member.doors {
            let differs = others().find(|(_, (other, its))| other == path && its.kind() != sender.kind());
            if let Some((other, _)) = differs {
                let sentence =
                    format!("`{path}` is the path for another kind of sender in the connection `{}`", other.connection);
                return Err(Problem::new(Code::WebhookDoor, sentence, "give each kind of sender a path of its own"));
            }
        }
        Ok(())
    }
}

impl Doors {
    /// Lets webhooks for a connection in, at the port `listen`, which is opened unless it is.
    pub(super) async fn join(&self, listen: &str, limits: Limits, member: Member) -> Result<Seat, Problem> {
        let mut standing = self.0.lock().await;
        // One that is closing is waited for.
        if let Some(closing) = standing.remove(listen) {
            if closing.open.stop.is_cancelled() {
                let _ = closing.serving.await; // It has logged what it had to say.
            } else {
                standing.insert(listen.to_owned(), closing);
            }
        }
        let open = match standing.get(listen) {
            Some(standing) => Arc::clone(&standing.open),
            None => {
                let made = Standing::open(listen, limits).await?;
                let open = Arc::clone(&made.open);
                standing.insert(listen.to_owned(), made);
                open
            }
        };
        open.refuse(&member)?;
        for (path, _) in &member.doors {
            member.span.in_scope(|| tracing::info!(listen, path, "the webhook door is open"));
        }
        member.health.ready(DOOR);
        let member = Arc::new(member);
        open.members().push(Arc::clone(&member));
        Ok(Seat { doors: self.clone(), listen: listen.to_owned(), open, member })
    }
}

impl Standing {
    async fn open(listen: &str, limits: Limits) -> Result<Self, Problem> {
        let listener = serve::listen(listen).await.map_err(|e| {
            Problem::new(Code::WebhookDoor, format!("{listen} could not be opened: {e}"), "choose a free address")
        })?;
        let open = Arc::new(Open { members: Mutex::default(), stop: CancellationToken::new(), log: Rare::default() });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&open));
        let router = router.layer(from_fn(async |request: Request, next: Next| {
            let answer = guard::guarded(next.run(request)).await;
            answer.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }));
        let (served, crowd) = (Arc::clone(&open), Crowd::new(limits));
        let serving = task::detached(async move {
            let ended = guard::guarded(serve::serve(listener, router, crowd, served.stop.clone())).await;
            let why = ended.err().map_or_else(|| "it is closed".to_owned(), |panicked| panicked.to_string());
            served.members().iter().for_each(|member| member.health.not_ready(DOOR, why.clone()));
        });
        Ok(Self { open, serving })
    }
}

/// A connection's place behind a port. The port closes with the last.
#[derive(Debug)]
pub(in crate::commerce) struct Seat {
    doors: Doors,
    listen: String,
    open: Arc<Open>,
    member: Arc<Member>,
}

impl Seat {
    /// Lets no more webhooks in for the connection. Where it was the last, returns when those in hand are answered.
    pub(in crate::commerce) async fn leave(self) {
        let (doors, listen, open) = (self.doors.clone(), self.listen.clone(), Arc::clone(&self.open));
        drop(self);
        let mut standing = doors.0.lock().await;
        if open.stop.is_cancelled()
            && standing.get(&listen).is_some_and(|known| Arc::ptr_eq(&known.open, &open))
            && let Some(closing) = standing.remove(&listen)
        {
            let _ = closing.serving.await; // It has logged what it had to say.
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut members = self.open.members();
        members.retain(|member| !Arc::ptr_eq(member, &self.member));
        if members.is_empty() {
            self.open.stop.cancel();
        }
    }
}
