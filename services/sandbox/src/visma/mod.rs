//! A strict simulated Visma.net ERP, as seen over REST.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use http::request::Parts;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Gate;

/// How Visma.net behaves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What our references start with; the ledger matches by it.
    pub reference_prefix: String,
}

/// The simulated company. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Company {
    config: Arc<Config>,
}

/// One invoice as the ledger shows it.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerInvoice {
    /// Its number.
    pub number: String,
    /// Our reference.
    pub external_reference: String,
    /// The customer's number.
    pub customer: String,
    /// Its currency.
    pub currency: String,
    /// Its total in that currency.
    pub total: Decimal,
    /// Its VAT in that currency.
    pub vat: Decimal,
    /// Its status.
    pub status: String,
}

impl Company {
    /// A company without customers and documents.
    #[must_use]
    pub fn new(config: Config, _seed: u64) -> Self {
        Self { config: Arc::new(config) }
    }
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config)
    }
    pub(crate) fn patch_config(&self, _patch: Value) -> Result<(), String> {
        Ok(())
    }
    pub(crate) fn seed_customers(&self, _seed: Value) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
    pub(crate) fn set_period(&self, _period: &Value) -> Result<(), String> {
        Ok(())
    }
    pub(crate) fn ledger(&self) -> Vec<LedgerInvoice> {
        Vec::new()
    }
    pub(crate) fn customer_count(&self) -> usize {
        0
    }
    pub(crate) fn duplicate_customers(&self) -> BTreeMap<String, Vec<String>> {
        BTreeMap::new()
    }
}

/// The route's name, for the calls by kind.
pub fn route_name(parts: &Parts) -> String {
    parts.uri.path().to_ascii_lowercase()
}

/// Visma's routes, behind the gate.
#[must_use]
pub fn router(_company: Company, gate: Gate) -> Router {
    gate.guard(Router::new())
}
