//! Reading Adobe Commerce: a door for webhooks, which leave hints; hints, which make orders be read; and the poll,
//! which reads every order that changed whether or not a webhook came.

mod door;
mod hints;
mod orders;
mod poll;

use ::commerce::requests::Base;
use jiff::{Timestamp, civil};
use pipeline::broker::streams::{Durable, HINTS};
use pipeline::problem::Problem;
use pipeline::schedule::{Interval, Zone};
use pipeline::service::Context;
use pipeline::settings::Span;
use pipeline::vendor::Vendor;
use secrecy::SecretString;
use serde::Deserialize;

use crate::changes::Changes;
use orders::Orders;

/// The service's name.
pub const NAME: &str = "ingestor-commerce";
/// Its consumer of hints.
pub const DURABLE: Durable = Durable { name: NAME, stream: HINTS, filter: "hint.{}.commerce.order.>" };
/// Orders read at once because of hints.
const WIDTH: usize = 8;

/// How orders are polled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// Time between polls, or `daily`.
    pub interval: Interval,
    /// When a daily poll runs.
    pub daily_at: civil::Time,
    /// Orders a page.
    pub page_size: u32,
    /// How much each poll reads again.
    pub overlap: Span,
    /// How far the cursor stays behind the shop's clock.
    pub safety_lag: Span,
}

/// The webhook door.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where to listen; empty keeps the door shut.
    pub listen: String,
    /// Path that webhooks are posted to.
    pub path: String,
    /// Secret of the signature.
    pub secret: SecretString,
    /// Header of the signature.
    pub header: String,
    /// How the signature is encoded.
    pub encoding: Encoding,
    /// What stands before the signature.
    pub prefix: String,
    /// JSON pointer to the order's id; empty looks at the usual places.
    pub entity_id_pointer: String,
    /// Larger bodies are refused.
    pub max_body_bytes: usize,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hexadecimal digits.
    Hex,
    /// Base64 with padding.
    Base64,
}

/// What the service works with besides its context.
#[derive(Debug)]
pub struct Source {
    /// Commerce's API.
    pub vendor: Vendor,
    /// Its REST base.
    pub base: Base,
    /// Polling.
    pub poll: Poll,
    /// The business's time zone.
    pub zone: Zone,
    /// The webhook door.
    pub webhook: Webhook,
    /// Orders that were last changed before this moment are not read: the go-live date, with a day for time zones.
    pub from: Timestamp,
    /// Store views to be read; empty means all.
    pub stores: Vec<u64>,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// When the door cannot open, or the streams are not there.
pub async fn run(context: Context, source: Source) -> Result<(), Problem> {
    let changes = Changes::open(&context.broker, &context.vault, NAME).await?;
    let orders = Orders::new(source.vendor.clone(), source.base.clone(), changes);
    let door = door::open(&context, &source.webhook).await?;
    let hints = hints::run(&context, &orders, WIDTH);
    let polls = poll::run(&context, &orders, &source);
    let (hints, polls) = futures::join!(hints, polls);
    if let Some(door) = door {
        let _ = door.await; // It ends with `stop`, and has logged what it had to say.
    }
    hints.and(polls)
}
