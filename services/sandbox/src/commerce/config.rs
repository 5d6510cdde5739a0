//! Settings of the simulated shop: who may call, how late commits are, where webhooks go.

use serde::Deserialize;

/// Everything that can be set about the simulated Commerce. The default has one integration that may do everything
/// ([`Integration::default`]), commits that are never late and no webhook.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Integrations that may call, in the order of their consumer ids (the first has id 1).
    pub integrations: Vec<Integration>,
    /// How many different customers place the orders that are there at start, and those placed later without a number.
    pub customers: u64,
    /// How late a transaction may commit.
    pub late_commit: LateCommit,
    /// `webapi/validation/maximum_page_size`: a larger `pageSize` is refused with 400. Off by default, as in Commerce.
    pub maximum_page_size: Option<u32>,
    /// Where to send a webhook when an order is placed.
    pub webhook: Option<Webhook>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            integrations: vec![Integration::default()],
            customers: 300,
            late_commit: LateCommit::default(),
            maximum_page_size: None,
            webhook: None,
        }
    }
}

/// One integration: its four credentials and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Integration {
    /// 32 characters.
    pub consumer_key: String,
    /// The first half of the signing key.
    pub consumer_secret: String,
    /// 32 characters.
    pub access_token: String,
    /// The second half of the signing key.
    pub access_token_secret: String,
    /// An inactive integration is refused as if it had no permissions.
    pub active: bool,
    /// A revoked access token is refused with its own message.
    pub revoked: bool,
    /// ACL resources such as `Magento_Sales::actions_view`; `Magento_Backend::all` grants every one.
    pub resources: Vec<String>,
}

impl Default for Integration {
    /// The credentials that the demo uses. They open nothing but this sandbox.
    fn default() -> Self {
        Self {
            consumer_key: "sandbox0consumer0key000000000001".to_owned(),
            consumer_secret: "sandbox0consumer0secret000000001".to_owned(),
            access_token: "sandbox0access0token000000000001".to_owned(),
            access_token_secret: "sandbox0token0secret000000000001".to_owned(),
            active: true,
            revoked: false,
            resources: vec!["Magento_Backend::all".to_owned()],
        }
    }
}

/// `updated_at` is taken when the statement runs and becomes visible when the transaction commits: a poll that has
/// already read beyond that second misses the row unless it looks back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LateCommit {
    /// How many of a hundred writes commit late.
    pub percent: u8,
    /// The most that a late one takes, in milliseconds; each takes between half of it and all of it.
    pub max_ms: u64,
}

/// A webhook as a small signed HTTP POST. Commerce itself sends none in this form; a module or an App Builder action
/// does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// Key of the HMAC-SHA256 over the raw body.
    pub secret: String,
    /// Name of the header that carries the signature.
    #[serde(default = "default_header")]
    pub header: String,
    /// What stands before the hexadecimal digest.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// Share of webhooks that are never sent, 0 to 1.
    #[serde(default)]
    pub loss: f64,
    /// Share of webhooks that are sent twice, 0 to 1.
    #[serde(default)]
    pub repeat: f64,
    /// How often a webhook is tried again when it is not answered with 2xx. Commerce does not retry at all.
    #[serde(default)]
    pub retries: u8,
}

fn default_header() -> String {
    "X-Signature".to_owned()
}

fn default_prefix() -> String {
    "sha256=".to_owned()
}
