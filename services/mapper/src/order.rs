//! An order: its customer and its invoice.

use ::commerce::order::Order;
use mapping::{Booking, Decision};
use pipeline::broker::take::Delivery;
use pipeline::problem::Problem;
use pipeline::verdict::Verdict;

use crate::{Mapper, refused};

/// A first delivery of a change that is younger than this, milliseconds, is taken to be the newest of its order.
const FRESH: u64 = 1_000;

impl Mapper {
    /// Decides on one version of an order. The inner error is the broker's: the change is tried again.
    pub(crate) async fn order(&self, delivery: &Delivery, key: &str) -> Result<Result<(), Problem>, Verdict> {
        let order: Order = self.read(delivery, "order", key).await?;
        match mapping::order(&order, &self.rules.mapping, &self.rules.scope).map_err(refused)? {
            Decision::Book(_) if self.is_superseded(delivery).await? => {
                let why = "a newer version of the order has been read, and is decided on instead";
                Ok(self.messages.nothing(delivery, "order", key, ("SUPERSEDED", why)).await)
            }
            Decision::Book(booking) => {
                self.claim(&booking.invoice.reference, "invoice", key)?;
                Ok(self.book(delivery, key, *booking).await)
            }
            Decision::Wait { reason } | Decision::Skip { reason } => {
                Ok(self.messages.nothing(delivery, "order", key, (reason.code, &reason.sentence)).await)
            }
        }
    }

    /// Publishes the commands of an order: its customer first, where that is news, then its invoice.
    async fn book(&self, delivery: &Delivery, order: &str, booking: Booking) -> Result<(), Problem> {
        let Booking { customer, invoice } = booking;
        let (owner, relies_on) = self.parties.settle(&self.messages, delivery, customer).await?;
        self.messages.invoice(delivery, (order, order), (owner, relies_on), invoice).await
    }

    /// Whether a newer version of the order stands in the stream. A delivery that comes late or again may have been
    /// overtaken by it, and to book what was cancelled since cannot be taken back by deciding on the cancellation
    /// later.
    async fn is_superseded(&self, delivery: &Delivery) -> Result<bool, Verdict> {
        let age = pipeline::clock::now_millis().saturating_sub(delivery.stored_at);
        if delivery.delivered == 1 && age < FRESH {
            return Ok(false);
        }
        let last = self.changes.get(&delivery.subject).await;
        let last = last.map_err(|problem| Verdict::retry(delivery.delivered, problem.to_string()))?;
        Ok(last.is_some_and(|entry| entry.sequence > delivery.sequence))
    }
}
