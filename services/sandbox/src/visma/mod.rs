//! A strict simulated Visma.net ERP, as seen over REST.
//!
//! Facts are from the published OpenAPI files (2023 and 2026) and Visma's developer pages. Where those are silent,
//! both answers are playable by [`config`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::Gate;
use crate::hold::Points;

mod accountant;
mod audit;
mod auth;
mod books;
pub mod chart;
mod clock;
mod company;
pub mod config;
mod control;
mod customer;
mod customer_write;
mod document;
mod dto;
mod ledger;
mod list;
mod payment;
mod purchase;
mod query;
mod reference;
mod release;
mod reply;
mod route;
mod schemas;
mod seed;
mod serve;
mod text;
mod window;

pub use accountant::{BeforePut, Deed, Errand};
pub use audit::{BlindOverwrite, Entity, Findings, LostEdit};
pub use config::Config;
pub use control::control_router;
pub use ledger::{LedgerInvoice, LedgerPayment};
pub use purchase::{Generated, InvoiceLine, OrderLine, Place, PurchaseOrder, Purchases, SupplierInvoice};
pub use seed::Seed;

use auth::Tokens;
use books::Books;
use list::Shuffle;
use query::Query;
use reply::VismaRefusal;
use route::Route;

#[derive(Debug)]
struct Inner {
    books: Mutex<Books>,
    tokens: Tokens,
    window: window::RateWindow,
    shuffle: Shuffle,
}

/// The simulated company. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Company {
    inner: Arc<Inner>,
}

/// A financial period to close or to open.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodSwitch {
    /// The period, as `YYYYMM`.
    pub period: String,
    /// True when it shall be closed.
    pub closed: bool,
}

impl Company {
    /// A company without customers and documents; `seed` draws the order of its lists.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        let inner = Inner {
            books: Mutex::new(Books::new(Arc::new(config))),
            tokens: Tokens::default(),
            window: window::RateWindow::default(),
            shuffle: Shuffle::new(seed),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The settings that are in force.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.books().config)
    }

    /// Changes settings by a JSON merge patch (RFC 7386), and opens a new rate window.
    ///
    /// # Errors
    /// A sentence when a key is unknown or a value has the wrong type; then nothing is changed.
    pub fn patch_config(&self, patch: Value) -> Result<(), String> {
        let mut books = self.books();
        let mut config = serde_json::to_value(&*books.config).map_err(|error| error.to_string())?;
        config::merge(&mut config, patch);
        let config: Config = serde_json::from_value(config).map_err(|error| error.to_string())?;
        config.check()?;
        books.config = Arc::new(config);
        self.inner.window.reset();
        Ok(())
    }

    /// Closes or opens a financial period in the customer ledger.
    pub fn set_period(&self, switch: PeriodSwitch) {
        let mut books = self.books();
        let mut config = Config::clone(&books.config);
        if switch.closed {
            config.closed_periods.insert(switch.period);
        } else {
            config.closed_periods.remove(&switch.period);
        }
        books.config = Arc::new(config);
    }

    /// Sets the server's clock, which goes on from there; nothing sets it right again.
    pub fn set_clock(&self, at: Option<Timestamp>) {
        let mut books = self.books();
        let clock_ahead_ms = at.map_or(0, clock::ahead_ms);
        books.config = Arc::new(Config { clock_ahead_ms, ..Config::clone(&books.config) });
    }

    /// Writes customers and gives their numbers.
    ///
    /// # Errors
    /// Says what is wrong with the first customer that is refused.
    pub fn seed_customers(&self, seed: Seed) -> Result<Vec<String>, String> {
        seed::sow(&mut self.books(), seed)
    }

    /// Sends an accountant: now, and the numbers of the records are given; or before later `PUT`s.
    ///
    /// # Errors
    /// A sentence when the errand makes no sense, or Visma refuses it even to an accountant.
    pub fn send_accountant(&self, errand: Errand) -> Result<Vec<String>, String> {
        self.books().send_accountant(errand)
    }

    /// Sends the accountants home: what waits for a `PUT` is forgotten.
    pub fn dismiss_accountants(&self) {
        self.books().diary.clear();
    }

    /// Blind overwrites, lost edits and more.
    #[must_use]
    pub fn findings(&self) -> Findings {
        let window = self.inner.window.seen();
        Findings { calls_over_limit: window.over, busiest_window: window.busiest, ..self.books().audit.findings() }
    }

    /// Makes every token worthless.
    pub fn revoke_tokens(&self) {
        self.inner.tokens.revoke_all();
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        let mut books = self.inner.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.settle(Instant::now());
        books
    }
}

/// The name of a request's route, for the calls by kind.
#[must_use]
pub fn route_name(parts: &Parts) -> String {
    route::name_of(parts)
}

/// Visma's routes, behind the gate that counts calls and strikes with faults.
pub fn router(company: Company, gate: Gate) -> Router {
    gate.guard(Router::new().fallback(answer).with_state(company))
}

/// Content of a call.
struct Call {
    route: Route,
    query: Query,
    headers: HeaderMap,
    body: bytes::Bytes,
    points: Points,
}

impl Call {
    fn if_match(&self) -> Option<&str> {
        self.headers.get(header::IF_MATCH).map(|value| value.to_str().unwrap_or_default())
    }
}

async fn answer(State(company): State<Company>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let config = company.config();
    let (route, _) = route::of(&parts.method, parts.uri.path());
    if route == Route::Token {
        return company.inner.tokens.answer(&config, &parts.headers, &body);
    }
    if config.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(config.latency_ms)).await;
    }
    let standing = company.inner.window.count(&config);
    let points = parts.extensions.get::<Points>().cloned().unwrap_or_default();
    let mut response = match standing.refusal() {
        Some(refusal) => refusal,
        None => match company.inner.tokens.admit(&config, &parts.headers, &parts.method) {
            Err(refusal) => refusal.into_response(),
            Ok(sight) => {
                let permitted = config.permits(parts.method.as_str(), parts.uri.path());
                let query = Query::read(parts.uri.query().unwrap_or_default());
                let call = Call { route, query, headers: parts.headers, body, points };
                let served =
                    if permitted { company.serve(&config, call, sight).await } else { Err(VismaRefusal::Forbidden) };
                served.unwrap_or_else(IntoResponse::into_response)
            }
        },
    };
    standing.tell(response.headers_mut());
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        response.headers_mut().insert("ipp-request-id", id);
    }
    response
}
