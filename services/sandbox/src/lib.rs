//! A strict simulated Visma.net and Adobe Commerce, for the demo and the tests.
//!
//! It refuses what the real systems refuse and has their quirks, each from a published source. It uses none of the
//! crates that it tests, so that a misunderstanding of a vendor cannot hide on both sides of a test.
//!
//! Two loopback ports serve the two systems. On Visma's port, everything under `/_sandbox/` is the test's own door:
//! faults, holds, the ledger, calls (see [`control`]).

#![allow(clippy::disallowed_methods, reason = "its tasks are no connection's, and what it reads is its own")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub mod calls;
pub mod commerce;
pub mod control;
pub mod corpus;
pub mod fault;
pub mod gate;
pub mod generate;
pub mod hold;
pub mod ledger;
pub mod select;
pub mod visma;
pub mod wire;

pub use gate::Gate;

/// How a sandbox starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where Visma.net and the control API listen; port 0 takes a free one.
    pub visma: SocketAddr,
    /// Where Adobe Commerce listens; port 0 takes a free one.
    pub commerce: SocketAddr,
    /// How many orders are generated at start.
    pub orders: usize,
    /// The seed of everything that is drawn: orders, and the order of Visma's lists.
    pub seed: u64,
    /// A folder of recorded REST answers to serve instead of generated orders.
    pub corpus: Option<PathBuf>,
    /// How Visma.net behaves.
    pub visma_config: visma::Config,
    /// How Adobe Commerce behaves.
    pub commerce_config: commerce::Config,
}

/// A running sandbox; it ends when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    /// Where Visma.net and the control API answer.
    pub visma_addr: SocketAddr,
    /// Where Adobe Commerce answers.
    pub commerce_addr: SocketAddr,
    /// The simulated shop.
    pub shop: commerce::Shop,
    /// The simulated Visma.net company.
    pub company: visma::Company,
    _stop: DropGuard,
}

/// Binds both ports and serves them until the [`Sandbox`] is dropped.
///
/// # Errors
/// When a port cannot be bound, or the corpus cannot be read.
pub async fn start(options: Options) -> anyhow::Result<Sandbox> {
    options.visma_config.check().map_err(anyhow::Error::msg)?;
    let shared = Arc::new(gate::Shared::default());
    let stop = CancellationToken::new();

    let visma_listener = TcpListener::bind(options.visma).await.with_context(|| format!("bind {}", options.visma))?;
    let commerce_listener =
        TcpListener::bind(options.commerce).await.with_context(|| format!("bind {}", options.commerce))?;
    let (visma_addr, commerce_addr) = (visma_listener.local_addr()?, commerce_listener.local_addr()?);

    let shop = commerce::Shop::open(options.commerce_config, options.seed, options.orders, options.corpus.as_deref())?;
    let company = visma::Company::new(options.visma_config, options.seed);

    let visma_gate = Gate::new(select::System::Visma, Arc::clone(&shared), visma::route_name);
    let commerce_gate = Gate::new(select::System::Commerce, Arc::clone(&shared), gate::matched_route);
    let control = control::router(control::Control { shared, shop: shop.clone(), company: company.clone() });
    let control = control.merge(commerce::control_router(shop.clone()));
    let control = control.merge(visma::control_router(company.clone(), shop.clone()));
    let visma = control.fallback_service(visma::router(company.clone(), visma_gate));

    serve(visma_listener, visma, stop.clone());
    serve(commerce_listener, commerce::router(shop.clone(), commerce_gate), stop.clone());
    Ok(Sandbox { visma_addr, commerce_addr, shop, company, _stop: stop.drop_guard() })
}

fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<wire::Wire>();
    tokio::spawn(async move {
        let serving = axum::serve(wire::Wired(listener), service).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "the sandbox stopped serving");
        }
    });
}
