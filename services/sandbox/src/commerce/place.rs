//! Orders being placed and changed: at once or over time, committed at once or late, announced by webhook.
//!
//! A late commit is played as it happens: the row gets its id and its `updated_at` now, and readers see it only when
//! the transaction commits. Until then they see the row as it was, or none.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::habits;
use super::search::columns::Entity;
use super::shop::{Shop, moment, now};
use super::table::Document;
use super::webhook::{self, Waiting};
use crate::generate::dice::{self, Dice};
use crate::generate::{Order, Placement};

/// Orders to be placed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Placing {
    /// How many.
    pub(crate) count: u64,
    /// How many in a second; all at once when this is not set.
    pub(crate) rate_per_second: Option<u32>,
    /// By how many different customers; the configured number when this is not set.
    pub(crate) customers: Option<u64>,
    /// True when webhooks are sent for them. They are when this is not set, provided that one is configured.
    pub(crate) webhook: Option<bool>,
}

impl Shop {
    /// The orders that are there at start: placed one after the other up to now, committed, not announced.
    pub(crate) fn stock(&self, placing: &Placing) {
        let mut at = Timestamp::now();
        let mut times: Vec<Timestamp> = Vec::new();
        let mut dice = Dice::new(self.seed());
        for _ in 0..placing.count {
            times.push(at);
            let gap = i64::try_from(dice.below(4)).unwrap_or_default();
            at = at.checked_sub(SignedDuration::from_secs(gap)).unwrap_or(at);
        }
        for (turn, at) in times.into_iter().rev().enumerate() {
            let order = self.draw(placing, turn as u64, &moment(at));
            self.books().orders.insert(order.entity_id, Document::new(&order.text));
        }
    }

    /// Places orders now, one after the other without a pause or at the given rate. Must run inside a Tokio runtime.
    pub(crate) async fn place(self, placing: Placing) {
        let pause = placing.rate_per_second.map(|rate| Duration::from_secs(1) / rate.max(1));
        let mut ticks = pause.map(tokio::time::interval);
        for turn in 0..placing.count {
            if let Some(ticks) = &mut ticks {
                ticks.tick().await;
            }
            let order = self.draw(&placing, turn, &now());
            let told = placing.webhook.unwrap_or(true);
            // The shopper waits for the webhooks that are waited for, as at a real checkout.
            webhook::wait(self.commit(order.entity_id, Document::new(&order.text), told)).await;
        }
    }

    /// Draws an order by whoever's turn it is.
    fn draw(&self, placing: &Placing, turn: u64, created_at: &str) -> Order {
        let customers = placing.customers.unwrap_or(self.config().customers).max(1);
        self.draw_for(self.generator().customer_of(turn, placing.count, customers), created_at)
    }

    /// Draws an order by this customer, and puts the customer into the books if registered.
    pub(crate) fn draw_for(&self, customer: u64, created_at: &str) -> Order {
        let serial = self.books().next_serial();
        let quote = self.generator().with_habits(self.config().tax).quote(serial, customer);
        let (entity_id, increment_id) = {
            let mut books = self.books();
            let id = books.next_id(Entity::Order);
            books.drawn.insert(id, customer);
            (id, books.next_number(Entity::Order, quote.store_id()))
        };
        let placement = Placement { entity_id, increment_id, created_at: created_at.to_owned() };
        if let Some((id, text)) = quote.customer_document(created_at) {
            self.books().customers.entry(id).or_insert_with(|| Document::new(&text));
        }
        let order = quote.order(&placement);
        Order { text: habits::dressed(order.text, &self.config().habits), ..order }
    }

    /// Makes a new order visible, late if the dice say so, and announces it.
    pub(crate) fn commit(&self, id: u64, order: Document, announce: bool) -> Waiting {
        let delay = self.commit_delay(id, &order.string("updated_at").unwrap_or_default());
        self.at_commit(delay, move |shop| {
            shop.books().orders.insert(id, order);
            if announce { webhook::announce_saved(shop, Entity::Order, id) } else { None }
        })
    }

    /// Writes members of an order, as JSON texts, and moves its `updated_at` to now. `false` when there is no such
    /// order.
    pub(crate) fn update(&self, id: u64, members: Vec<(&'static str, String)>) -> bool {
        if !self.books().orders.contains_key(&id) {
            return false;
        }
        let written_at = now();
        let delay = self.commit_delay(id, &written_at);
        let _told = self.at_commit(delay, move |shop| {
            // Applied to the row as it is by then: what was committed meanwhile stays, and time does not run backwards.
            let mut books = shop.books();
            let order = books.orders.get(&id)?;
            let updated_at = order.string("updated_at").unwrap_or_default().into_owned().max(written_at);
            let moved = order.with("updated_at", &serde_json::Value::from(updated_at).to_string());
            let changed = members.iter().fold(moved, |order, (name, value)| order.with(name, value));
            books.orders.insert(id, changed);
            drop(books);
            webhook::announce_saved(shop, Entity::Order, id)
        });
        true
    }

    /// Finishes a write, now or after this delay. A late one is not waited for: orders placed after it overtake it.
    fn at_commit(&self, delay: Option<Duration>, finish: impl FnOnce(&Self) -> Waiting + Send + 'static) -> Waiting {
        let Some(delay) = delay else { return finish(self) };
        let shop = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            webhook::wait(finish(&shop)).await;
        });
        None
    }

    /// Waits as long as a late transaction takes, if the dice say that this one is late.
    pub(crate) async fn late(&self, id: u64, written_at: &str) {
        if let Some(delay) = self.commit_delay(id, written_at) {
            tokio::time::sleep(delay).await;
        }
    }

    fn commit_delay(&self, id: u64, updated_at: &str) -> Option<Duration> {
        let late = self.config().late_commit;
        let mut dice = Dice::new(dice::mix_text(dice::mix(self.seed(), id), updated_at));
        let is_late = dice.chance(late.percent) && late.max_ms > 0;
        is_late.then(|| Duration::from_millis(late.max_ms / 2 + dice.below(late.max_ms / 2 + 1)))
    }
}
