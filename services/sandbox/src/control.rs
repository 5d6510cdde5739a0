//! The test's own door, under `/_sandbox/` on Visma's port: plain JSON, no credentials, never struck by a fault.
//!
//! | call | what it does |
//! | --- | --- |
//! | `POST faults` `{"kind","on"?,"done"?,"status"?,"retry_after"?,"delay_ms"?}` | arms a [`Fault`] |
//! | `DELETE faults` | disarms all of them |
//! | `POST holds` `{"point","on"?}` | arms a hold ([`HoldSpec`]) and gives its id |
//! | `GET holds/{id}?wait_ms=` | waits until a request stands there; with `client_gone=true`, until its client has gone |
//! | `POST holds/{id}/release`, `POST holds/{id}/abort` | lets the request go on, or ends it without an answer |
//! | `DELETE holds` | releases all of them |
//! | `GET ledger` | what both sides hold ([`ledger::Ledger`]) |
//! | `GET calls`, `POST reset-calls` | calls by system and kind, token requests apart |
//! | `GET log?since=` | the last requests with their bodies |
//!
//! The two systems' own calls ([`commerce::control_router`], [`visma::control_router`]) are here too. `on` is a
//! [`crate::select::Selector`].

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, body::Bytes};
use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::fault::Fault;
use crate::gate::Shared;
use crate::hold::{HoldSpec, HoldState, HoldStatus};
use crate::{commerce, ledger, visma};

/// Everything that the control API reaches.
#[derive(Clone, Debug)]
pub struct Control {
    /// Faults, holds and calls of both systems.
    pub shared: Arc<Shared>,
    /// The simulated shop.
    pub shop: commerce::Shop,
    /// The simulated Visma.net company.
    pub company: visma::Company,
}

/// The routes under `/_sandbox/`.
pub fn router(control: Control) -> Router {
    Router::new()
        .route("/_sandbox/faults", post(arm_fault).delete(clear_faults))
        .route("/_sandbox/holds", post(arm_hold).delete(release_holds))
        .route("/_sandbox/holds/{id}", get(hold_status))
        .route("/_sandbox/holds/{id}/release", post(release_hold))
        .route("/_sandbox/holds/{id}/abort", post(abort_hold))
        .route("/_sandbox/ledger", get(show_ledger))
        .route("/_sandbox/calls", get(show_calls))
        .route("/_sandbox/reset-calls", post(reset_calls))
        .route("/_sandbox/log", get(show_log))
        .with_state(control)
}

/// A control request that makes no sense.
pub(crate) struct Refused(pub(crate) String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        shown(StatusCode::BAD_REQUEST, &json!({ "error": self.0 }))
    }
}

pub(crate) fn shown<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

pub(crate) fn ok<T: Serialize>(value: &T) -> Response {
    shown(StatusCode::OK, value)
}

pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused(error.to_string()))
}

async fn arm_fault(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    control.shared.faults.arm(read::<Fault>(&body)?).map_err(Refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn clear_faults(State(control): State<Control>) -> StatusCode {
    control.shared.faults.clear();
    StatusCode::NO_CONTENT
}

async fn arm_hold(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let id = control.shared.holds.arm(read::<HoldSpec>(&body)?).map_err(Refused)?;
    Ok(shown(StatusCode::CREATED, &json!({ "id": id })))
}

async fn release_holds(State(control): State<Control>) -> StatusCode {
    control.shared.holds.release_all();
    StatusCode::NO_CONTENT
}

/// How long to wait, in milliseconds, and for what.
#[derive(Debug, Default, Deserialize)]
struct Wait {
    #[serde(default)]
    wait_ms: u64,
    #[serde(default)]
    client_gone: bool,
}

async fn hold_status(State(control): State<Control>, Path(id): Path<u64>, Query(wait): Query<Wait>) -> Response {
    let patience = Duration::from_millis(wait.wait_ms);
    let holds = &control.shared.holds;
    known(if wait.client_gone { holds.client_gone(id, patience).await } else { holds.status(id, patience).await })
}

async fn release_hold(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    known(control.shared.holds.end(id, HoldState::Released))
}

async fn abort_hold(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    known(control.shared.holds.end(id, HoldState::Aborted))
}

fn known(status: Option<HoldStatus>) -> Response {
    match status {
        Some(status) => ok(&status),
        None => shown(StatusCode::NOT_FOUND, &json!({ "error": "no such hold" })),
    }
}

async fn show_ledger(State(control): State<Control>) -> Response {
    let prefix = control.company.config().reference_prefix.clone();
    ok(&ledger::compare(&control.shop, &control.company, &prefix, control.shared.calls.counted()))
}

async fn show_calls(State(control): State<Control>) -> Response {
    ok(&control.shared.calls.counted())
}

async fn reset_calls(State(control): State<Control>) -> StatusCode {
    control.shared.calls.reset();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Default, Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn show_log(State(control): State<Control>, Query(since): Query<Since>) -> Response {
    ok(&control.shared.calls.log(since.since))
}
