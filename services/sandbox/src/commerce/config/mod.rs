//! Settings of the simulated shop: who may call, how late commits are, where webhooks go.

mod door;
mod habits;
mod webhook;

use serde::{Deserialize, Serialize};

pub use super::save::OrderAttributes;
use crate::generate::TaxHabits;
pub use door::{Admin, Admins, Flavour, Ims, Integration};
pub use habits::{Habits, ModuleFee, ProductTax};
pub use webhook::{CommerceWebhook, IoEvents, Luck, Payload, Webhook};

/// Everything that can be set about the simulated Commerce. The default has one integration that may do everything
/// ([`Integration::default`]), commits that are never late and no webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Which of the two kinds of Commerce this is.
    pub flavour: Flavour,
    /// Integrations that may call, in the order of their consumer ids (the first has id 1).
    pub integrations: Vec<Integration>,
    /// Administrators who may call, on PaaS.
    pub admins: Admins,
    /// Adobe's identity service, for SaaS.
    pub ims: Ims,
    /// By how many seconds the server's clock is ahead, as its `Date` header and its checks of time show.
    pub clock_ahead_seconds: i64,
    /// The most calls in a window; none by default, as in Commerce.
    pub rate_limit: Option<RateLimit>,
    /// How many different customers place the orders that are there at start, and those placed later without a number.
    pub customers: u64,
    /// How late a transaction may commit.
    pub late_commit: LateCommit,
    /// `webapi/validation/maximum_page_size`: a larger `pageSize` is refused with 400. Off by default, as in Commerce.
    pub maximum_page_size: Option<u32>,
    /// Changes that modules and settings of the shop make to the tax of orders that are placed.
    pub tax: TaxHabits,
    /// Changes that modules, version and country make to documents besides tax.
    pub habits: Habits,
    /// Says what becomes of custom attributes of orders; unless set, SaaS merges them and PaaS refuses them.
    pub order_attributes: Option<OrderAttributes>,
    /// The names of the installed modules, as `GET /V1/modules` lists them.
    pub modules: Vec<String>,
    /// Where to send a webhook with an HMAC when a document is saved.
    pub webhook: Option<Webhook>,
    /// Where to send an Adobe Commerce Webhook when a document is saved.
    pub commerce_webhook: Option<CommerceWebhook>,
    /// Where to send an Adobe I/O Event when a document is saved.
    pub io_events: Option<IoEvents>,
}

/// Modules that a shop with Adobe's webhooks and events has, among many others.
const MODULES: [&str; 7] = [
    "Magento_Store",
    "Magento_Customer",
    "Magento_Sales",
    "Magento_Tax",
    "Magento_Webapi",
    "Magento_AdobeCommerceEventsClient",
    "Magento_AdobeCommerceWebhooks",
];

impl Default for Config {
    fn default() -> Self {
        Self {
            flavour: Flavour::default(),
            integrations: vec![Integration::default()],
            admins: Admins::default(),
            ims: Ims::default(),
            clock_ahead_seconds: 0,
            rate_limit: None,
            customers: 300,
            late_commit: LateCommit::default(),
            maximum_page_size: None,
            tax: TaxHabits::default(),
            habits: Habits::default(),
            order_attributes: None,
            modules: MODULES.map(str::to_owned).into(),
            webhook: None,
            commerce_webhook: None,
            io_events: None,
        }
    }
}

/// A limit on calls, as a gateway in front of Commerce has it: 429 until the window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Calls in a window.
    pub calls: u32,
    /// How long a window is, in milliseconds.
    pub window_ms: u64,
    /// True when the refusal says when to come back. Commerce itself never does.
    #[serde(default)]
    pub retry_after: bool,
}

/// `updated_at` is taken when the statement runs and becomes visible when the transaction commits: a poll that has
/// already read beyond that second misses the row unless it looks back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LateCommit {
    /// How many of a hundred writes commit late.
    pub percent: u8,
    /// The most that a late one takes, in milliseconds; each takes between half of it and all of it.
    pub max_ms: u64,
}
