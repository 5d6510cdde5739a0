//! Settings of the doors for Adobe's own senders.

use pipeline::settings::Span;
use serde::Deserialize;

/// Adobe Commerce Webhooks, for which a shopper waits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdobeWebhooks {
    /// Path that they are posted to.
    pub path: String,
    /// Public key of the shop, PEM; several while keys are exchanged.
    pub public_key: String,
    /// File that holds it instead.
    pub public_key_file: String,
    /// Header of the signature.
    pub header: String,
    /// JSON pointer to the order's id; empty looks at the usual places.
    pub entity_id_pointer: String,
    /// How long the shopper may be kept waiting for the broker.
    pub patience: Span,
    /// Larger bodies are refused.
    pub max_body_bytes: usize,
}

/// Adobe I/O Events.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IoEvents {
    /// Path that they are posted to.
    pub path: String,
    /// Client id of the registration: whom events must be for.
    pub client_id: String,
    /// Where Adobe publishes its keys.
    pub keys_url: String,
    /// How long a key is believed before it is fetched again.
    pub keys_kept: Span,
    /// How long a delivery may take; Adobe takes a later answer for none.
    pub patience: Span,
    /// Larger bodies are refused.
    pub max_body_bytes: usize,
}
