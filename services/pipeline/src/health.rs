//! The admin port: `/livez`, `/readyz`, `/metrics`.
//!
//! Ready is a list of reasons not to be; it is empty when the service takes work.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::problem::Problem;

/// What keeps a service from being ready. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Health {
    reasons: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

impl Health {
    /// Not ready, because of `what`.
    pub fn not_ready(&self, what: &'static str, why: impl Into<String>) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).insert(what, why.into());
    }

    /// `what` no longer keeps the service from being ready.
    pub fn ready(&self, what: &'static str) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
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
pub async fn serve(listen: SocketAddr, health: Health, stop: CancellationToken) -> Result<SocketAddr, Problem> {
    let failed = |e: &dyn std::fmt::Display| {
        Problem::new(
            "ADMIN_PORT",
            format!("the admin port {listen} could not be opened: {e}"),
            "choose a free one in [admin]",
        )
    };
    let metrics = PrometheusBuilder::new().install_recorder().map_err(|e| failed(&e))?;
    let listener = TcpListener::bind(listen).await.map_err(|e| failed(&e))?;
    let address = listener.local_addr().map_err(|e| failed(&e))?;
    let router = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .route(
            "/metrics",
            get(|State((_, metrics)): State<(Health, PrometheusHandle)>| async move { metrics.render() }),
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

async fn readyz(State((health, _)): State<(Health, PrometheusHandle)>) -> (StatusCode, String) {
    let reasons = health.reasons();
    if reasons.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("not ready\n{}\n", reasons.join("\n")))
    }
}
