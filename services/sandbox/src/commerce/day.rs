//! A day of a shop in one call: orders by known and by new customers, edits of customers, invoices, shipments, refunds
//! and cancellations of earlier orders, all mixed as the seed says.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fulfil::{Action, Done};
use super::shop::{Shop, now};
use super::table::{Document, Table};
use super::{text, webhook};
use crate::generate::dice::{Dice, mix};

/// Events of a day. Without anything said, the day that the figures are about.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Day {
    /// Decides who orders what, and in which order things happen.
    seed: u64,
    /// Orders, those of new customers among them.
    orders: u64,
    /// Orders by customers who never ordered before, each by another.
    new_customers: u64,
    /// Registered customers who change their street and telephone.
    customer_edits: usize,
    /// Credit memos on earlier orders, which are invoiced first where they were not.
    credit_memos: usize,
    /// Earlier orders that are invoiced.
    invoices: usize,
    /// Earlier orders that are shipped.
    shipments: usize,
    /// Earlier orders that are cancelled.
    cancellations: usize,
    /// Earlier orders of which a part is invoiced and refunded, and the rest cancelled, in that order or another.
    part_cancellations: usize,
    /// True when others are told of the new orders.
    webhook: bool,
}

impl Default for Day {
    fn default() -> Self {
        Self {
            seed: 0,
            orders: 150,
            new_customers: 30,
            customer_edits: 20,
            credit_memos: 10,
            invoices: 0,
            shipments: 0,
            cancellations: 0,
            part_cancellations: 0,
            webhook: true,
        }
    }
}

/// Result of a day, by the ids of the documents.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Happened {
    orders: Vec<u64>,
    /// The orders of customers who never ordered before.
    first_orders: Vec<u64>,
    edited_customers: Vec<u64>,
    invoices: Vec<u64>,
    shipments: Vec<u64>,
    credit_memos: Vec<u64>,
    canceled_orders: Vec<u64>,
    /// Orders of which the rest was cancelled.
    partly_canceled_orders: Vec<u64>,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Event {
    Order { customer: u64, first: bool },
    Edit(u64),
    Invoice(u64),
    Ship(u64),
    Refund(u64),
    Cancel(u64),
    CancelRest(u64),
}

impl Shop {
    /// Lets a day happen, one thing after the other without a pause, and tells what happened.
    ///
    /// # Errors
    /// A sentence when there are too few earlier orders or customers for it.
    pub(crate) async fn day(&self, day: &Day) -> Result<Happened, String> {
        let mut dice = Dice::new(mix(mix(self.seed(), 0x0DA7), day.seed));
        let mut happened = Happened::default();
        for event in self.plan(day, &mut dice)? {
            self.happen(event, day, &mut dice, &mut happened).await;
        }
        Ok(happened)
    }

    fn plan(&self, day: &Day, dice: &mut Dice) -> Result<Vec<Event>, String> {
        let books = self.books();
        let known: BTreeSet<u64> = books.drawn.values().copied().collect();
        let next = known.last().map_or(0, |last| last + 1).max(self.config().customers);
        let known: Vec<u64> = known.into_iter().collect();
        let mut events: Vec<Event> =
            (next..next + day.new_customers).map(|customer| Event::Order { customer, first: true }).collect();
        let again = day.orders.saturating_sub(day.new_customers);
        if again > 0 && known.is_empty() {
            return Err("nobody has ordered yet: place some orders before the day".to_owned());
        }
        events.extend((0..again).map(|_| Event::Order { customer: dice.pick(&known), first: false }));

        let registered: Vec<u64> = books.customers.keys().copied().collect();
        events.extend(some(dice, registered, day.customer_edits, "customers")?.into_iter().map(Event::Edit));
        let (new, going) = earlier(&books.orders);
        let mut canceled = some(dice, new, day.cancellations + day.invoices, "orders that nothing was done to")?;
        let invoiced = canceled.split_off(day.cancellations);
        let free = |id: &u64| !canceled.contains(id) && !invoiced.contains(id);
        let (new, _) = earlier(&books.orders);
        // Refunds and shipments are of what is on its way already, and of anything else only when that is not enough.
        let mut pool = shuffled(dice, going);
        pool.extend(shuffled(dice, new.into_iter().filter(free).collect()));
        if pool.len() < day.credit_memos + day.shipments {
            return Err(format!("{} earlier orders are too few to be shipped and refunded", pool.len()));
        }
        let shipped = pool.split_off(day.credit_memos);
        if day.part_cancellations > 0 {
            let shipping = shipped.iter().take(day.shipments);
            let taken: BTreeSet<u64> = canceled.iter().chain(&invoiced).chain(&pool).chain(shipping).copied().collect();
            let parts = earlier(&books.orders).0.into_iter().filter(|id| !taken.contains(id));
            let parts = parts.filter(|id| books.orders.get(id).is_some_and(is_of_several_units)).collect();
            let parts = some(dice, parts, day.part_cancellations, "orders of several units")?;
            events.extend(parts.into_iter().map(Event::CancelRest));
        }
        events.extend(canceled.into_iter().map(Event::Cancel));
        events.extend(invoiced.into_iter().map(Event::Invoice));
        events.extend(pool.into_iter().map(Event::Refund));
        events.extend(shipped.into_iter().take(day.shipments).map(Event::Ship));
        Ok(shuffled(dice, events))
    }

    async fn happen(&self, event: Event, day: &Day, dice: &mut Dice, happened: &mut Happened) {
        match event {
            Event::Order { customer, first } => {
                let order = self.draw_for(customer, &now());
                happened.orders.push(order.entity_id);
                happened.first_orders.extend(first.then_some(order.entity_id));
                webhook::wait(self.commit(order.entity_id, Document::new(&order.text), day.webhook)).await;
            }
            Event::Edit(customer) => {
                if self.move_house(customer, dice).await {
                    happened.edited_customers.push(customer);
                }
            }
            Event::Invoice(order) => happened.invoices.extend(self.made(order, Action::Invoice(body("{}"))).await),
            Event::Ship(order) => happened.shipments.extend(self.made(order, Action::Ship(body("{}"))).await),
            Event::Cancel(order) => {
                if matches!(self.act(order, Action::Cancel).await, Ok(Done::Changed(true))) {
                    happened.canceled_orders.push(order);
                }
            }
            Event::CancelRest(order) => self.cancel_rest(order, dice, happened).await,
            Event::Refund(order) => {
                let invoiced =
                    self.books().orders.get(&order).is_some_and(|order| order.member("total_paid").is_some());
                if !invoiced {
                    happened.invoices.extend(self.made(order, Action::Invoice(body("{}"))).await);
                }
                let refund = Action::Refund(body(&self.refund(order, dice).to_string()));
                let mut made = self.made(order, refund).await;
                if made.is_none() {
                    made = self.made(order, Action::Refund(body("{}"))).await;
                }
                happened.credit_memos.extend(made);
            }
        }
    }

    async fn made(&self, order: u64, action: Action) -> Option<u64> {
        match self.act(order, action).await {
            Ok(Done::Document(_, id)) => Some(id),
            Ok(Done::Changed(_)) => None,
            Err(refused) => {
                tracing::debug!(order, ?refused, "the shop did not do it");
                None
            }
        }
    }

    /// Invoices one unit, and refunds of that what the dice say, before the rest is cancelled or after. What the shop
    /// refuses does not happen.
    async fn cancel_rest(&self, order: u64, dice: &mut Dice, happened: &mut Happened) {
        let one = self.one_unit(order);
        happened.invoices.extend(self.made(order, Action::Invoice(body(&json!({ "items": one }).to_string()))).await);
        let no_items = |arguments: Value| json!({ "items": [], "arguments": arguments });
        let refunds = match dice.below(10) {
            0..5 => vec![json!({})],
            5 => vec![json!({ "arguments": { "adjustment_negative": 1 } })],
            6 => vec![json!({ "items": one, "arguments": { "shipping_amount": 0 } })],
            7 => vec![no_items(json!({ "shipping_amount": 10 })), json!({})],
            8 => vec![no_items(json!({ "shipping_amount": 0, "adjustment_positive": 1 })), json!({})],
            _ => Vec::new(),
        };
        let after = dice.below(refunds.len() as u64 + 1);
        for turn in 0..=refunds.len() as u64 {
            if turn == after && matches!(self.act(order, Action::Cancel).await, Ok(Done::Changed(true))) {
                happened.partly_canceled_orders.push(order);
            }
            let refund = usize::try_from(turn).ok().and_then(|turn| refunds.get(turn));
            if let Some(refund) = refund {
                happened.credit_memos.extend(self.made(order, Action::Refund(body(&refund.to_string()))).await);
            }
        }
    }

    /// One unit of an order's first item, as the body of an action names it.
    fn one_unit(&self, order: u64) -> Value {
        let books = self.books();
        let items = books.orders.get(&order).and_then(|order| order.member("items")).unwrap_or("[]");
        let parent = |item: &&str| text::whole_number(item, "parent_item_id").is_none();
        let first = text::elements(items).into_iter().find(parent).and_then(|item| text::whole_number(item, "item_id"));
        json!([{ "order_item_id": first, "qty": 1 }])
    }

    /// Draws a refund: of ten, four are of everything, four of one unit without shipping, two of a part and some more.
    fn refund(&self, order: u64, dice: &mut Dice) -> Value {
        let one = self.one_unit(order);
        match dice.below(10) {
            0..4 => json!({}),
            4..8 => json!({ "items": one, "arguments": { "shipping_amount": 0 } }),
            _ => json!({ "items": one, "arguments": { "shipping_amount": 0, "adjustment_positive": 5 } }),
        }
    }

    /// Gives a customer another street and telephone in the first address.
    async fn move_house(&self, customer: u64, dice: &mut Dice) -> bool {
        let addresses = {
            let books = self.books();
            let Some(document) = books.customers.get(&customer) else { return false };
            let addresses = text::elements(document.member("addresses").unwrap_or("[]"));
            let Some((first, others)) = addresses.split_first() else { return false };
            let number = dice.below(90_000) + 10_000;
            let moved = text::with(first, "street", &json!([format!("Flyttegata {}", number % 400 + 1)]).to_string());
            let moved = text::with(&moved, "telephone", &json!(format!("+47 999{number}")).to_string());
            let all: Vec<&str> = std::iter::once(moved.as_str()).chain(others.iter().copied()).collect();
            format!("{{\"addresses\":[{}]}}", all.join(","))
        };
        self.edit_customer(customer, &addresses).await.is_ok()
    }
}

/// Earlier orders that are shipped: those that nothing was done to, and those that are paid and
/// of which nothing was refunded.
fn earlier(orders: &Table) -> (Vec<u64>, Vec<u64>) {
    let in_state = |state: &str| -> Vec<u64> {
        let fits = |order: &Document| {
            order.string("state").as_deref() == Some(state)
                && order.member("is_virtual") == Some("0")
                && order.member("total_refunded").is_none()
                && (state == "new" || order.member("total_paid").is_some())
        };
        orders.iter().filter(|(_, order)| fits(order)).map(|(id, _)| *id).collect()
    };
    (in_state("new"), in_state("processing"))
}

/// True when something is left after one unit of the first item is taken, and that item is counted in units.
fn is_of_several_units(order: &Document) -> bool {
    let items = text::elements(order.member("items").unwrap_or("[]")).into_iter().map(Document::new);
    let mut items = items.filter(|item| item.member("parent_item_id").is_none());
    let Some(first) = items.next() else { return false };
    let of = first.number("qty_ordered").unwrap_or_default();
    first.string("product_type").as_deref() != Some("bundle")
        && of.fract().is_zero()
        && (of > rust_decimal::Decimal::ONE || items.next().is_some())
}

/// The body of an action, of which it is known that it can be read.
fn body<B: Default + serde::de::DeserializeOwned>(text: &str) -> B {
    serde_json::from_str(text).unwrap_or_default()
}

fn some(dice: &mut Dice, from: Vec<u64>, count: usize, what: &str) -> Result<Vec<u64>, String> {
    if from.len() < count {
        return Err(format!("{count} {what} are asked for, and there are {}", from.len()));
    }
    Ok(shuffled(dice, from).into_iter().take(count).collect())
}

/// In an order that the dice decide.
fn shuffled<T>(dice: &mut Dice, all: Vec<T>) -> Vec<T> {
    let mut drawn: Vec<(u64, T)> = all.into_iter().map(|one| (dice.below(u64::MAX), one)).collect();
    drawn.sort_by_key(|(at, _)| *at);
    drawn.into_iter().map(|(_, one)| one).collect()
}
