//! Where webhooks and events go, and what becomes of them on the way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A webhook as a small signed HTTP POST. Commerce itself sends none in this form; a module or an App Builder action
/// does. In the URL, `{entity}` stands for `order`, `invoice`, `creditmemo` or `customer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// Key of the HMAC-SHA256 over the raw body.
    pub secret: String,
    /// Name of the header that carries the signature.
    #[serde(default = "default_header")]
    pub header: String,
    /// Text before the hexadecimal digest.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// Share of webhooks that are never sent, 0 to 1.
    #[serde(default)]
    pub loss: f64,
    /// Share of webhooks that are sent twice, 0 to 1.
    #[serde(default)]
    pub repeat: f64,
    /// The most that one is held back, in milliseconds; each by as much as is drawn, so that they overtake each other.
    #[serde(default)]
    pub delay_ms: u64,
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

impl Webhook {
    /// Losses, repeats and delays on the way.
    pub(crate) fn luck(&self) -> Luck {
        Luck { loss: self.loss, repeat: self.repeat, delay_ms: self.delay_ms }
    }
}

/// Losses, repeats and delays of messages on the way; drawn from the seed, so that a run can be repeated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Luck {
    /// Share of messages that are never sent, 0 to 1.
    pub loss: f64,
    /// Share of messages that are sent twice, 0 to 1.
    pub repeat: f64,
    /// The most that one is held back, in milliseconds; each by as much as is drawn, so that they overtake each other.
    pub delay_ms: u64,
}

/// A subscription of Adobe Commerce Webhooks. Whoever saves waits for the answer, and nothing is tried again. In the
/// URL, `{entity}` stands for the kind of document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommerceWebhook {
    /// Where to.
    pub url: String,
    /// Shape of the body.
    #[serde(default)]
    pub payload: Payload,
    /// True when `x-adobe-commerce-webhook-signature` is sent: off by default in Commerce, on here.
    #[serde(default = "yes")]
    pub signed: bool,
    /// How long the shopper waits, in milliseconds.
    #[serde(default = "default_timeout")]
    pub timeout_ms: u64,
    /// From when on an answer counts as slow (`softTimeout`), in milliseconds.
    #[serde(default = "default_soft_timeout")]
    pub soft_timeout_ms: u64,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Losses, repeats and delays on the way.
    #[serde(default)]
    pub luck: Luck,
}

/// The three shapes of a webhook's body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// The whole payload of an observer: `{"eventName":…,"data":{"order":{…}}}`.
    #[default]
    Observer,
    /// The named arguments of a plugin: `{"order":{…}}`.
    Plugin,
    /// The fields that were chosen: `{"entity_id":…,"increment_id":…,"updated_at":…}`.
    Fields,
}

/// A registration of Adobe I/O Events. In the URL, `{entity}` stands for the kind of document when events come alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IoEvents {
    /// Where to.
    pub url: String,
    /// The client that the events are for.
    pub client_id: String,
    /// The most events in one call. 1 means one object a call, more an array; Adobe sends up to 20.
    #[serde(default = "one")]
    pub batch: usize,
    /// How long events are gathered before they are sent, in milliseconds; a minute in a real shop.
    #[serde(default = "default_gather")]
    pub gather_ms: u64,
    /// Length of what stands for a minute in the pauses between tries (1, 2, 4, 8, 15, 15…), in milliseconds.
    #[serde(default = "default_minute")]
    pub minute_ms: u64,
    /// How often a call is tried again: about a hundred times in Adobe's 24 hours.
    #[serde(default = "default_tries")]
    pub retries: u32,
    /// How long an answer may take, in milliseconds: 10 seconds with Adobe.
    #[serde(default = "default_io_timeout")]
    pub timeout_ms: u64,
    /// Which of the two signatures is worthless, 1 or 2; a receiver takes either.
    #[serde(default)]
    pub spoilt_signature: Option<u8>,
    /// Losses, repeats and delays of events on the way.
    #[serde(default)]
    pub luck: Luck,
}

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

fn default_timeout() -> u64 {
    2_000
}

fn default_soft_timeout() -> u64 {
    1_000
}

fn default_gather() -> u64 {
    200
}

fn default_minute() -> u64 {
    1_000
}

fn default_tries() -> u32 {
    8
}

fn default_io_timeout() -> u64 {
    10_000
}
