//! A strict simulated Adobe Commerce PaaS, as seen over REST.

use std::path::Path;

use axum::Router;
use rust_decimal::Decimal;

use crate::Gate;

/// How Adobe Commerce behaves.
#[derive(Clone, Debug, Default)]
pub struct Config {}

/// The simulated shop. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Shop {}

/// One order as the ledger shows it.
#[derive(Clone, Debug)]
pub struct LedgerOrder {
    /// The order's key.
    pub entity_id: u64,
    /// The order's number that people see.
    pub increment_id: String,
    /// The order's state.
    pub state: String,
    /// The order's currency.
    pub currency: String,
    /// The order's total.
    pub grand_total: Decimal,
    /// The customer's e-mail.
    pub customer_email: String,
    /// When it was created, as Commerce says it (UTC, seconds).
    pub created_at: String,
}

impl Shop {
    /// A shop with `orders` orders drawn from `seed`, or with the recorded answers in `corpus`.
    ///
    /// # Errors
    /// When the corpus cannot be read.
    pub fn open(_config: Config, _seed: u64, _orders: usize, _corpus: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self {})
    }

    /// Every order.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerOrder> {
        Vec::new()
    }
}

/// Commerce's routes, behind the gate that counts calls and strikes with faults.
#[must_use]
pub fn router(_shop: Shop, gate: Gate) -> Router {
    gate.guard(Router::new())
}
