//! The gate in front of both systems: it counts, logs, strikes with faults and stops at holds.
//!
//! The work of a request runs in a task of its own. A client that dies does not undo what it asked for: as with the
//! real systems, a request held before its commit still commits when it is released.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode};

use crate::calls::{Calls, Finished};
use crate::fault::{Fault, FaultKind, Faults};
use crate::hold::{Aborted, Holds, Point, Points};
use crate::select::{Facts, System};
use crate::wire::{Cut, Wire};

/// The largest request body that is read, in bytes.
const BODY_BYTES: usize = 32 * 1024 * 1024;

/// State that the control API and both systems share.
#[derive(Debug, Default)]
pub struct Shared {
    /// The armed faults.
    pub faults: Faults,
    /// The armed holds.
    pub holds: Holds,
    /// The calls so far.
    pub calls: Calls,
}

/// Names the route of a request, for the calls by kind: `/v1/customer/{number}`.
pub type RouteName = fn(&Parts) -> String;

/// The gate of one system. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    system: System,
    route: RouteName,
    shared: Arc<Shared>,
}

impl Gate {
    /// A gate for `system`, whose routes are named by `route`.
    #[must_use]
    pub fn new(system: System, shared: Arc<Shared>, route: RouteName) -> Self {
        Self { system, route, shared }
    }

    /// Puts the gate in front of `router`. Handlers that write find their [`Points`] in the request's extensions
    /// and call [`Points::reach`] with [`Point::BeforeCommit`] and [`Point::AfterCommit`] around the write; on
    /// [`Aborted`] they return it as their answer. Reads need nothing: the gate stops them at all points itself.
    pub fn guard(self, router: Router) -> Router {
        router.layer(from_fn_with_state(self, pass))
    }
}

/// The route that axum matched: for systems whose routes are axum's.
#[must_use]
pub fn matched_route(parts: &Parts) -> String {
    parts.extensions.get::<MatchedPath>().map_or_else(|| "(unknown)".to_owned(), |path| path.as_str().to_owned())
}

/// An answer that is never given: the connection ends instead.
#[must_use]
pub fn no_answer(how: Cut) -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(how);
    response
}

impl IntoResponse for Aborted {
    fn into_response(self) -> Response {
        no_answer(Cut::Close)
    }
}

async fn pass(axum::extract::State(gate): axum::extract::State<Gate>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let wire = parts.extensions.get::<ConnectInfo<Wire>>().map(|info| info.0.clone());
    let facts = Facts {
        system: gate.system,
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        body: &body,
    };
    let points = gate.shared.holds.meant_for(facts);
    let fault = gate.shared.faults.meant_for(facts);

    let mut watch = ClientWatch { points: points.clone(), answered: false };
    let work = tokio::spawn(work(gate, parts, body, next, points.clone(), fault));
    let response = work.await.unwrap_or_else(|_| no_answer(Cut::Close));
    watch.answered = true;

    if let Some(wire) = wire {
        match response.extensions().get::<Cut>() {
            Some(how) => wire.cut(*how),
            None if !points.is_empty() => wire.tell_when_written(points),
            None => {}
        }
    }
    response
}

/// Dropped without an answer: the server noticed that the client has gone.
struct ClientWatch {
    points: Points,
    answered: bool,
}

impl Drop for ClientWatch {
    fn drop(&mut self) {
        if !self.answered {
            self.points.client_gone();
        }
    }
}

async fn work(gate: Gate, parts: Parts, body: Bytes, next: Next, points: Points, fault: Option<Fault>) -> Response {
    let kind = format!("{} {}", parts.method, (gate.route)(&parts));
    gate.shared.calls.came(gate.system, &kind);
    let target = parts.uri.path_and_query().map_or_else(String::new, |target| target.as_str().to_owned());
    let headers = parts.headers.clone();

    let response = answer(gate.system, parts, body.clone(), next, points, fault).await;

    let (head, content) = response.into_parts();
    let content = axum::body::to_bytes(content, usize::MAX).await.unwrap_or_default();
    let status = head.extensions.get::<Cut>().is_none().then(|| head.status.as_u16());
    let answer = content.clone();
    gate.shared.calls.ended(Finished { system: gate.system, kind, target, headers, body, status, answer });
    Response::from_parts(head, Body::from(content))
}

async fn answer(
    system: System,
    mut parts: Parts,
    body: Bytes,
    next: Next,
    points: Points,
    fault: Option<Fault>,
) -> Response {
    if points.reach(Point::Received).await.is_err() {
        return no_answer(Cut::Close);
    }
    match fault {
        Some(fault) if !fault.done() => {
            if let Some(struck) = strike(system, &fault).await {
                return struck;
            }
            serve(&mut parts, body, next, points).await
        }
        Some(fault) => {
            let (head, content) = serve(&mut parts, body, next, points).await.into_parts();
            let content = axum::body::to_bytes(content, usize::MAX).await.unwrap_or_default();
            let mut done = Response::from_parts(head, Body::from(content.clone()));
            if !fault.strikes(&content) {
                return done;
            }
            if fault.per_kilobyte {
                let kilobytes = u64::try_from(content.len() / 1024).unwrap_or(u64::MAX);
                tokio::time::sleep(Duration::from_millis(fault.delay_ms.saturating_mul(kilobytes))).await;
                return done;
            }
            match strike(system, &fault).await {
                Some(struck) => struck,
                None => {
                    done.headers_mut().remove(http::header::CONTENT_LENGTH);
                    *done.body_mut() = Body::from(fault.edited(content));
                    fault.dress(&mut done);
                    done
                }
            }
        }
        None => serve(&mut parts, body, next, points).await,
    }
}

/// Returns what a fault puts in place of the answer; nothing when it only takes time.
async fn strike(system: System, fault: &Fault) -> Option<Response> {
    match fault.kind {
        FaultKind::LostBefore | FaultKind::LostAfter => Some(no_answer(Cut::Close)),
        FaultKind::Reset => Some(no_answer(Cut::Reset)),
        FaultKind::Html5xx
        | FaultKind::Json500
        | FaultKind::TooManyRequests
        | FaultKind::Redirect
        | FaultKind::Conflict
        | FaultKind::Message
        | FaultKind::Says => fault.answer(system),
        FaultKind::Headers | FaultKind::Edits => None,
        FaultKind::Slow => {
            tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
            None
        }
    }
}

async fn serve(parts: &mut Parts, body: Bytes, next: Next, points: Points) -> Response {
    let reads = parts.method == Method::GET || parts.method == Method::HEAD;
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = std::mem::take(&mut parts.method);
    *request.uri_mut() = std::mem::take(&mut parts.uri);
    *request.headers_mut() = std::mem::take(&mut parts.headers);
    *request.extensions_mut() = std::mem::take(&mut parts.extensions);
    request.extensions_mut().insert(points.clone());
    if reads && points.reach(Point::BeforeCommit).await.is_err() {
        return no_answer(Cut::Close);
    }
    let response = next.run(request).await;
    if reads && points.reach(Point::AfterCommit).await.is_err() {
        return no_answer(Cut::Close);
    }
    response
}
