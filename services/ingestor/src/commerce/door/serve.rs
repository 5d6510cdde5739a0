//! Serving connections: how long a request's head may take and how large it may be, and who has to give way.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use pipeline::task;
use problem::chain;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::answer::Rare;
use super::crowd::{Crowd, Full, Visit};

/// How long the head of a request may take to arrive, also of the next one on a connection.
const HEAD: Duration = Duration::from_secs(10);
/// Memory of what a connection has sent and nobody has looked at.
const BUFFER: usize = 16 * 1024;
/// Header fields of a request at most.
const FIELDS: usize = 100;
/// How long webhooks in hand may take when the service stops.
const GRACE: Duration = Duration::from_secs(5);
/// After a connection that could not be taken: the process has too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`.
pub(super) async fn serve(listener: TcpListener, router: Router, crowd: Crowd, stop: CancellationToken) {
    let (open, refused) = (GracefulShutdown::new(), Rare::default());
    loop {
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            () = stop.cancelled() => break,
        };
        match taken.map(|(stream, peer)| (stream, crowd.enter(peer), peer)) {
            Ok((stream, Ok(visit), _)) => drop(task::detached(attend(stream, visit, router.clone(), open.watcher()))),
            Ok((_, Err(Full), peer)) => {
                metrics::counter!("ml_webhook_connections_cut_total").increment(1);
                if let Some(more) = refused.tell("crowded") {
                    tracing::warn!(%peer, more, "a connection was closed: all places have webhooks in hand");
                }
            }
            Err(e) => {
                if let Some(more) = refused.tell("accept") {
                    tracing::warn!(error = %e, more, "a connection could not be taken");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, open.shutdown()).await.is_err() {
        tracing::warn!("webhooks that were still coming in were cut off");
    }
}

/// One connection, until it ends or gives way.
async fn attend(stream: TcpStream, visit: Arc<Visit>, router: Router, watcher: hyper_util::server::graceful::Watcher) {
    let of = Arc::clone(&visit);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&of));
        router.clone().oneshot(request.map(axum::body::Body::new) as Request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .max_headers(FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        served = watcher.watch(connection) => if let Err(e) = served {
            tracing::debug!(peer = %visit.peer, error = chain(&e), "a connection ended");
        },
        () = visit.leave.cancelled() => tracing::debug!(peer = %visit.peer, "a connection gave way to others"),
    }
}

/// Opens an address.
pub(super) async fn listen(address: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}
