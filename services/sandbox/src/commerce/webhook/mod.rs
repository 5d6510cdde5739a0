//! Tells others when a document was saved: by webhooks of two kinds, and by events.
//!
//! A message can get lost, come twice, be late and overtake others, since that is what a receiver must live with. All
//! of it is drawn from the seed, so that a run can be repeated. What was sent and what became of it can be asked for
//! ([`log`]).

mod events;
mod hmac;
pub(crate) mod keys;
pub(crate) mod log;
mod signed;

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::config::Luck;
use super::search::columns::Entity;
use super::shop::Shop;
use super::table::Document;
use crate::generate::dice;
pub(crate) use events::{Handshake, Queue, handshake};

/// The ways in which the shop tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The small POST with an HMAC.
    Hmac,
    /// Adobe Commerce Webhooks.
    Commerce,
    /// Adobe I/O Events.
    Events,
}

/// A document that was saved.
#[derive(Debug, Clone)]
pub(crate) struct Saved {
    entity: Entity,
    id: u64,
    document: Document,
}

/// The task that the saver of a document must wait for.
pub(crate) type Waiting = Option<JoinHandle<()>>;

/// Waits until that task is over.
pub(crate) async fn wait(waiting: Waiting) {
    let Some(waiting) = waiting else { return };
    if let Err(error) = waiting.await {
        tracing::warn!(%error, "a webhook ended badly");
    }
}

/// Tells of a document that was saved, in every way that is configured. Only Adobe Commerce Webhooks are waited for.
pub(crate) fn announce_saved(shop: &Shop, entity: Entity, id: u64) -> Waiting {
    let tell = |kind: Channel| announce(shop, kind, entity, id);
    drop((tell(Channel::Hmac), tell(Channel::Events)));
    tell(Channel::Commerce)
}

/// Tells of a document in one way, if that is configured.
pub(crate) fn announce(shop: &Shop, kind: Channel, entity: Entity, id: u64) -> Waiting {
    let config = shop.config();
    let luck = match kind {
        Channel::Hmac => config.webhook.as_ref()?.luck(),
        Channel::Commerce => config.commerce_webhook.as_ref()?.luck,
        Channel::Events => config.io_events.as_ref()?.luck,
    };
    let name = entity.spoken()?;
    let document = shop.books().table(entity).get(&id).cloned()?;
    // By how often the document was told of, not by its time, so that the same run has the same luck again.
    let tag = format!("{name} {} {kind:?}", shop.deliveries().turn(kind, name, id));
    let Some(fate) = Fate::draw(luck, dice::mix_text(dice::mix(shop.seed(), id), &tag)) else {
        shop.deliveries().lost(kind, name, id);
        return None;
    };
    let saved = Saved { entity, id, document };
    let shop = shop.clone();
    Some(tokio::spawn(async move {
        tokio::time::sleep(fate.delay).await;
        match kind {
            Channel::Hmac => hmac::send(&shop, &saved, fate.times).await,
            Channel::Commerce => signed::send(&shop, &saved, fate.times).await,
            Channel::Events => events::queue(&shop, &saved, fate.times),
        }
    }))
}

/// Fate of one message that is not lost, as the dice decide it.
#[derive(Debug, Clone, Copy)]
struct Fate {
    times: u32,
    delay: Duration,
}

impl Fate {
    fn draw(luck: Luck, seed: u64) -> Option<Self> {
        let mut draw = StdRng::seed_from_u64(seed);
        if draw.random_bool(luck.loss.clamp(0.0, 1.0)) {
            return None;
        }
        let times = if draw.random_bool(luck.repeat.clamp(0.0, 1.0)) { 2 } else { 1 };
        Some(Self { times, delay: Duration::from_millis(draw.random_range(0..=luck.delay_ms)) })
    }
}

impl Saved {
    /// The column as Commerce's models have it: a string, whatever it is in the database.
    fn column(&self, name: &str) -> Option<String> {
        let text = self.document.string(name).map(std::borrow::Cow::into_owned);
        text.or_else(|| self.document.member(name).map(str::to_owned))
    }

    /// The entity's id, which customers show as `id`.
    fn entity_id(&self) -> String {
        self.id.to_string()
    }

    fn name(&self) -> &'static str {
        self.entity.spoken().unwrap_or_default()
    }

    fn event(&self) -> &'static str {
        self.entity.told().map_or("", |(_, event)| event)
    }

    /// Where to: with the kind of document put in.
    fn address(&self, url: &str) -> String {
        url.replace("{entity}", self.name())
    }
}

impl Entity {
    /// How payloads name it, and the event that says that one was saved. Only orders and customers have an event that
    /// comes after the commit; of the rest of the shop nobody is told.
    fn told(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Order => Some(("order", "sales_order_save_commit_after")),
            Self::Invoice => Some(("invoice", "sales_order_invoice_save_after")),
            Self::CreditMemo => Some(("creditmemo", "sales_order_creditmemo_save_after")),
            Self::Customer => Some(("customer", "customer_save_commit_after")),
            Self::Shipment | Self::TaxRate | Self::TaxRule | Self::CustomerGroup => None,
        }
    }

    fn spoken(self) -> Option<&'static str> {
        self.told().map(|(name, _)| name)
    }

    /// The kind that payloads name so.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Order, Self::Invoice, Self::CreditMemo, Self::Customer]
            .into_iter()
            .find(|one| one.spoken() == Some(name))
    }
}
