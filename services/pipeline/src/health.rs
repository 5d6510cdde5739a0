//! The admin port: `/livez`, `/readyz`, `/metrics`.
//!
//! Ready is a list of reasons not to be; it is empty when the service takes work. Alive is more than an open port: the
//! loops that do the work say here that they turn, and one that has stopped turning is a service that only a restart
//! helps.

pub mod address;
pub mod ask;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use address::Address;
use problem::{Code, Problem};

/// What keeps a service from being ready, and which of its loops turn. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Health {
    reasons: Arc<Mutex<BTreeMap<&'static str, String>>>,
    /// Whatever has ever been a reason, for the metric that says so.
    known: Arc<Mutex<BTreeSet<&'static str>>>,
    turns: Arc<Mutex<BTreeMap<&'static str, Turn>>>,
    /// Notes on a service that is ready all the same.
    said: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

/// When a loop turned last, and how long the next turn may take.
#[derive(Debug, Clone, Copy)]
struct Turn {
    at: Instant,
    within: Duration,
}

impl Health {
    /// Not ready, because of `what`.
    pub fn not_ready(&self, what: &'static str, why: impl Into<String>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(what);
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).insert(what, why.into());
    }

    /// Whether nobody has said yet that the service is not ready because of `what`, for the reason `why`.
    pub(crate) fn is_new(&self, what: &'static str, why: &str) -> bool {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.get(what).is_none_or(|known| known != why)
    }

    /// Whether `what` keeps the service from being ready.
    pub fn is_ill(&self, what: &str) -> bool {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).contains_key(what)
    }

    /// `what` no longer keeps the service from being ready.
    pub fn ready(&self, what: &'static str) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }

    /// The service is ready, and `what` is to be known of it.
    pub fn say(&self, what: &'static str, why: impl Into<String>) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(what, why.into());
    }

    /// `what` is over.
    pub fn unsay(&self, what: &'static str) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }

    /// The notes on it, line by line.
    fn said(&self) -> Vec<String> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().map(|(what, why)| format!("{what}: {why}")).collect()
    }

    /// The loop `what` turns now, and will again within `within`; if it does not, the service is not alive.
    pub fn turned(&self, what: &'static str, within: Duration) {
        let turn = Turn { at: Instant::now(), within };
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).insert(what, turn);
    }

    /// The loops that have stopped turning.
    fn stalled(&self, now: Instant) -> Vec<String> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let late = turns.iter().filter(|(_, turn)| now.duration_since(turn.at) > turn.within);
        late.map(|(what, turn)| format!("{what}: has not turned for {} s", (now - turn.at).as_secs())).collect()
    }

    /// Whether the service is ready.
    pub fn is_well(&self) -> bool {
        self.reasons().is_empty()
    }

    /// Why it is not, line by line.
    pub fn told(&self) -> String {
        self.reasons().join("\n")
    }

    /// Puts into the metrics what keeps the service from being ready.
    fn measure(&self) {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        metrics::gauge!("ml_ready").set(if reasons.is_empty() { 1.0 } else { 0.0 });
        for what in self.known.lock().unwrap_or_else(PoisonError::into_inner).iter().copied() {
            let is_reason = if reasons.contains_key(what) { 1.0 } else { 0.0 };
            metrics::gauge!("ml_not_ready", "what" => what).set(is_reason);
        }
    }

    fn reasons(&self) -> Vec<String> {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.iter().map(|(what, why)| format!("{what}: {why}")).collect()
    }
}

/// Binds the admin port and serves it until `stop`. Returns the address it has.
///
/// # Errors
/// `ADMIN_PORT` when the address is taken.
pub async fn serve(listen: &Address, health: Health, stop: CancellationToken) -> Result<SocketAddr, Problem> {
    let failed = |e: &dyn std::fmt::Display| {
        Problem::new(
            Code::AdminPort,
            format!("the admin port {listen} could not be opened: {e}"),
            "choose a free one in [admin]",
        )
    };
    let metrics = PrometheusBuilder::new().install_recorder().map_err(|e| failed(&e))?;
    let listener = TcpListener::bind(listen.as_str()).await.map_err(|e| failed(&e))?;
    let address = listener.local_addr().map_err(|e| failed(&e))?;
    let router = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route(
            "/metrics",
            get(|State((health, metrics)): State<(Health, PrometheusHandle)>| async move {
                health.measure();
                metrics.render()
            }),
        )
        .with_state((health, metrics));
    tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
        if let Err(e) = served.await {
            tracing::error!(error = %e, "the admin port stopped");
        }
    });
    Ok(address)
}

async fn livez(State((health, _)): State<(Health, PrometheusHandle)>) -> (StatusCode, String) {
    told("alive", "stalled", &health.stalled(Instant::now()), &[])
}

async fn readyz(State((health, _)): State<(Health, PrometheusHandle)>) -> (StatusCode, String) {
    told("ready", "not ready", &health.reasons(), &health.said())
}

fn told(well: &str, ill: &str, why: &[String], said: &[String]) -> (StatusCode, String) {
    let (status, word) = if why.is_empty() { (StatusCode::OK, well) } else { (StatusCode::SERVICE_UNAVAILABLE, ill) };
    let lines = [word].into_iter().chain(why.iter().chain(said).map(String::as_str));
    (status, lines.map(|line| format!("{line}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_stops_turning_is_told_and_one_that_turns_again_is_not() {
        let health = Health::default();
        assert!(health.stalled(Instant::now()).is_empty(), "what has not begun is not late");
        health.turned("consumer", Duration::from_secs(90));
        health.turned("poll", Duration::from_secs(300));
        let in_time = |seconds| health.stalled(Instant::now() + Duration::from_secs(seconds));
        assert!(in_time(60).is_empty());
        assert_eq!(in_time(100).len(), 1);
        assert!(in_time(100)[0].starts_with("consumer: has not turned for "), "{:?}", in_time(100));
        assert_eq!(in_time(400).len(), 2);
        health.turned("consumer", Duration::from_secs(900));
        assert_eq!(in_time(400).len(), 1, "{:?}", in_time(400));
    }

    #[test]
    fn both_pages_say_why_not() {
        let (status, text) = told("ready", "not ready", &["broker: the connection is lost".to_owned()], &[]);
        assert_eq!((status.as_u16(), text.as_str()), (503, "not ready\nbroker: the connection is lost\n"));
        assert_eq!(told("alive", "stalled", &[], &[]), (StatusCode::OK, "alive\n".to_owned()));
        let said = ["BROKER_SET_BACK: the log ends early".to_owned()];
        let ready = "ready\nBROKER_SET_BACK: the log ends early\n".to_owned();
        assert_eq!(told("ready", "not ready", &[], &said), (StatusCode::OK, ready));
    }
}
