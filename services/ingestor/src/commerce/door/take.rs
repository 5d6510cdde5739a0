//! Taking a webhook: whose door believes it, which connections it is for, and the answer.
//!
//! Connections may share a path. A body is for those that believe it; where several do, because they have one shop, the
//! store that it names decides, and without one each reads the record and keeps what is in its scope.

use std::sync::Arc;
use std::time::Duration;

use ::commerce::webhook::SUCCESS;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures::future::try_join_all;
use pipeline::task;
use problem::{Code, Problem};
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::answer::{Refusal, count, count_unkept};
use super::crowd::Held;
use super::io_events::challenged;
use super::open::{Member, Open};
use super::receive::{Received, peer, receive as body_of};
use super::sender::{Kind, Read, Sender};

/// A connection that a webhook may be for, and its door at the path.
pub(super) type Meant = (Arc<Member>, Sender);

/// Answers a request.
pub(super) async fn receive(State(open): State<Arc<Open>>, request: Request) -> Response {
    let meant = open.meant(request.uri().path());
    let Some((_, first)) = meant.first() else { return StatusCode::NOT_FOUND.into_response() };
    let kind = first.kind();
    if kind == Kind::IoEvents && request.method() == Method::GET {
        return challenged(request.uri().query());
    }
    if request.method() != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let patience = meant.iter().map(|(_, sender)| sender.patience()).min().unwrap_or_default();
    let from = peer(&request);
    // Whose webhook it would have been, if that can be said.
    let span = if let [(only, _)] = meant.as_slice() { only.span.clone() } else { Span::none() };
    let taken = match kind {
        Kind::Adobe => while_a_shopper_waits(meant, request, patience).await,
        Kind::SharedSecret | Kind::IoEvents => {
            let late = || Err(Refusal::not_kept(format!("it was not on disk within {patience:?}")));
            tokio::time::timeout(patience, take(kind, meant, request, patience)).await.unwrap_or_else(|_| late())
        }
    };
    match taken {
        Ok(kept) if kept.is_empty() => count(kind.name(), StatusCode::OK),
        Ok(kept) => kept.iter().for_each(|span| span.in_scope(|| count(kind.name(), StatusCode::OK))),
        // Ours, or a body that says nothing to us: no reason to stop a checkout.
        Err(Refusal { code: code @ (Code::WebhookNotKept | Code::WebhookUnreadable), sentence, .. })
            if kind == Kind::Adobe =>
        {
            span.in_scope(|| {
                count_unkept(kind.name());
                tracing::warn!(%code, sentence, "a webhook is answered with success, and its hint is not on disk");
                count(kind.name(), StatusCode::OK);
            });
        }
        Err(refusal) => return span.in_scope(|| refusal.answer(kind.name(), from, &open.log)),
    }
    match kind {
        Kind::Adobe => (StatusCode::OK, [("content-type", "application/json")], SUCCESS).into_response(),
        Kind::SharedSecret | Kind::IoEvents => StatusCode::OK.into_response(),
    }
}

/// The spans of the connections that have a hint on disk now.
type Kept = Vec<Span>;

/// Takes what its sender sends again when it is not taken.
async fn take(kind: Kind, meant: Vec<Meant>, request: Request, patience: Duration) -> Result<Kept, Refusal> {
    let until = Instant::now() + patience.mul_f32(0.8);
    let received = match (body_of(request, largest(&meant), until).await, kind) {
        (Ok(received), _) => received,
        // A limit of ours, or a connection that we may have cut: 4xx would be the event's end.
        (Err(refusal), Kind::IoEvents) => {
            return Err(Refusal { status: StatusCode::SERVICE_UNAVAILABLE, ..refusal });
        }
        (Err(refusal), _) => return Err(refusal),
    };
    let read = read(meant, &received).await?;
    keep(read).await.map_err(|problem| {
        tracing::warn!(%problem, "a webhook could not be kept; its sender is asked to try again");
        Refusal::not_kept("try again")
    })
}

/// Takes what is sent once, and what a shopper waits for.
async fn while_a_shopper_waits(meant: Vec<Meant>, request: Request, patience: Duration) -> Result<Kept, Refusal> {
    let until = Instant::now() + patience;
    let received = body_of(request, largest(&meant), until).await?;
    let read = read(meant, &received).await?;
    // It goes on when the shopper is let go: a broker that is late may still have it on disk. Its place is taken until
    // then.
    let held: Held = received.held;
    let keeping = task::detached(async move {
        let kept = keep(read).await;
        drop(held);
        kept
    });
    match tokio::time::timeout_at(until, keeping).await {
        Ok(Ok(Ok(kept))) => Ok(kept),
        Ok(Ok(Err(problem))) => Err(Refusal::not_kept(problem.to_string())),
        Ok(Err(e)) => Err(Refusal::not_kept(e.to_string())),
        Err(_) => Err(Refusal::not_kept(format!("the broker has not answered within {patience:?}"))),
    }
}

fn largest(meant: &[Meant]) -> usize {
    meant.iter().map(|(_, sender)| sender.max_body_bytes()).max().unwrap_or_default()
}

/// Reads what a body says to each connection that it is for.
async fn read(meant: Vec<Meant>, received: &Received) -> Result<Vec<(Arc<Member>, Read)>, Refusal> {
    let (mut believed, mut refused): (Vec<(Arc<Member>, Read)>, Option<Refusal>) = (Vec::new(), None);
    for (member, sender) in meant {
        let reading = sender.read(&received.headers, &received.body).instrument(member.span.clone());
        match reading.await {
            Ok(read) => believed.push((member, read)),
            // Another connection's door may have nothing to do with it.
            Err(refusal) if refused.as_ref().is_none_or(|known| known.code == Code::WebhookSignature) => {
                refused = Some(refusal);
            }
            Err(_) => {}
        }
    }
    match refused {
        Some(refusal) if believed.is_empty() => return Err(refusal),
        _ => {}
    }
    if believed.len() > 1 {
        believed.retain(|(member, read)| member.is_of(&read.verified.stores()));
    }
    Ok(believed)
}

/// Puts the hints of each connection on disk.
async fn keep(read: Vec<(Arc<Member>, Read)>) -> Result<Kept, Problem> {
    let keeping = read.into_iter().map(|(member, Read { hints, verified })| async move {
        let keeping = member.keeper.keep(&hints, verified.body()).instrument(member.span.clone());
        keeping.await.map(|()| member.span.clone())
    });
    try_join_all(keeping).await
}
