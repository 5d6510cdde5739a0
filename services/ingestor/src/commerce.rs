//! Reading Adobe Commerce: a door for webhooks, which leave hints; hints, which make records be read; and polls, which
//! read every record that changed whether or not a webhook came. What changes without a trace, an address book, is
//! found by a sweep and read with each order.

mod accounts;
mod aside;
mod backfill;
mod door;
mod hints;
mod ids;
mod losses;
mod poll;
mod reader;
mod recorder;
mod returned;
mod stamps;
mod sweep;
mod walk;

use std::sync::Arc;

use ::commerce::entity::Entity;
use ::commerce::requests::Base;
use jiff::{Timestamp, civil};
use pipeline::schedule::{Interval, Zone};
use pipeline::secret::Secret;
use pipeline::service::Context;
use pipeline::settings::Span;
use pipeline::vendor::Vendor;
use problem::Problem;
use record::Log;
use record::address::{self, System};
use record::streams::Durable;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::changes::Changes;
use accounts::Accounts;
pub use backfill::{Amount, Backfill, Range, Stepped};
pub use door::{AdobeWebhooks, Doors, IoEvents, Secrets};
use losses::Losses;
use reader::Reader;
use recorder::Recorder;
pub use sweep::Sweep;

/// The service's name.
pub const NAME: &str = "ingestor-commerce";
/// Its consumer of hints.
pub const DURABLE: Durable = Durable { name: NAME, kind: address::Kind::Hint, system: Some(System::Commerce) };
/// Records read at once because of hints.
const WIDTH: usize = 8;

/// How records are polled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// The kinds of records that are polled.
    pub entities: Vec<Kind>,
    /// Time between polls, or `daily`.
    pub interval: Interval,
    /// When a daily poll runs.
    pub daily_at: civil::Time,
    /// Records a page.
    pub page_size: u32,
    /// How much each poll reads again.
    pub overlap: Span,
    /// How far the cursor stays behind the shop's clock.
    pub safety_lag: Span,
}

/// A kind of record, by its name in subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind(pub Entity);

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = Entity::ALL.map(Entity::name).join("\", \"");
        let wrong = || D::Error::custom(format!("`{name}` is none of \"{known}\""));
        Entity::named(&name).map(Self).ok_or_else(wrong)
    }
}

/// A kind of record of the shop, as the log names it.
pub(crate) fn entity(entity: Entity) -> address::Entity {
    match entity {
        Entity::Order => address::Entity::Order,
        Entity::Invoice => address::Entity::Invoice,
        Entity::CreditMemo => address::Entity::CreditMemo,
        Entity::Customer => address::Entity::Customer,
    }
}

/// A kind of record of the log that is read at the shop.
fn read_here(entity: address::Entity) -> Option<Entity> {
    Entity::ALL.into_iter().find(|one| self::entity(*one) == entity)
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
    pub secret: Secret,
    /// Header of the signature.
    pub header: String,
    /// How the signature is encoded.
    pub encoding: Encoding,
    /// Text that stands before the signature.
    pub prefix: String,
    /// JSON pointer to the order's id; empty looks at the usual places.
    pub entity_id_pointer: String,
    /// Larger bodies are refused.
    pub max_body_bytes: usize,
    /// How long an answer may take.
    pub patience: Span,
    /// Connections at once, for all paths together.
    pub connections: usize,
    /// Connections at once from one address, for all paths together.
    pub connections_per_peer: usize,
    /// Memory of all bodies together, for all paths.
    pub bodies_bytes: usize,
    /// The kinds of records of whose changes webhooks tell.
    pub expected: Vec<Kind>,
    /// How long after the poll has found a change its webhook may still come.
    pub grace: Span,
    /// Adobe Commerce's own webhooks.
    pub adobe: AdobeWebhooks,
    /// Adobe I/O's events.
    pub io_events: IoEvents,
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

/// Parts that the service works with, besides its context.
#[derive(Debug)]
pub struct Source {
    /// Commerce's API.
    pub vendor: Vendor,
    /// Its REST base.
    pub base: Base,
    /// Polling.
    pub poll: Poll,
    /// Sweeping accounts, and ids and stamps of documents.
    pub sweep: Sweep,
    /// The business's time zone.
    pub zone: Zone,
    /// The webhook door.
    pub webhook: Webhook,
    /// Secrets that webhooks of a module are signed with.
    pub secrets: Secrets,
    /// The ports for webhooks that the process has open.
    pub doors: Doors,
    /// Records that were last changed before this moment are not read: the go-live date, with a day for time zones.
    pub from: Timestamp,
    /// Store views whose documents are read; empty means all.
    pub stores: Vec<u64>,
    /// Websites whose customers are read; empty means all.
    pub websites: Vec<u64>,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// When the door cannot open, or the streams are not there.
pub async fn run(context: Context, source: Source) -> Result<(), Problem> {
    let log = Log::open(&context);
    let changes = Changes::new(&log, &context.vault, NAME);
    log.watch(&context, &log.change(System::Commerce, address::Entity::Order, ""));
    let reader = Reader::new(source.vendor.clone(), source.base.clone());
    let losses = Losses::new(&context, &log, &source.webhook).map(Arc::new);
    let reads_accounts = source.poll.entities.iter().any(|kind| kind.0 == Entity::Customer);
    let returned = returned::Returned::new(source.poll.entities.iter().map(|kind| kind.0));
    let recorder = Recorder::new(reader, changes, losses.clone(), reads_accounts.then(Accounts::default), returned);
    let (ports, believed) = ((&source.doors, &source.webhook), (&source.secrets, source.stores.as_slice()));
    let seat = door::open((&context, &log), ports, believed, losses.clone()).await?;
    let hints = hints::run((&context, &log), (&recorder, &source.stores), WIDTH);
    let polls = poll::run(&context, &recorder, &source);
    let counting = async {
        if let Some(losses) = &losses {
            losses.run().await;
        }
        Ok(())
    };
    let leaving = async {
        context.stop.cancelled().await;
        if let Some(seat) = seat {
            seat.leave().await;
        }
        Ok(())
    };
    futures::try_join!(hints, polls, counting, leaving).map(|_| ())
}
