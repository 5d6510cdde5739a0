//! A Commerce invoice: an invoice of its own in Visma, or a reference on that of its order.

use ::commerce::invoice::Invoice;
use mapping::{Decision, Invoiced, OrderPayment};
use proto::{Reference, command};
use record::Verdict;
use record::address::Entity;
use record::take::Delivery;

use crate::messages::{Lane, payment};
use crate::{Mapper, Published, refused};

/// The Visma invoice that a Commerce invoice says something about.
struct About<'a> {
    /// Entity id of the Commerce invoice.
    key: &'a str,
    /// Lane of its order.
    lane: Lane<'a>,
    /// Key of the record of the Visma invoice.
    invoice_key: &'a str,
}

impl Mapper {
    /// Decides on one version of a Commerce invoice.
    pub(crate) async fn invoice(&self, delivery: &Delivery, key: &str) -> Result<Published, Verdict> {
        let invoice: Invoice = self.read(delivery, Entity::Invoice, key).await?;
        let (order, of_order) = self.order_of(delivery, invoice.order_id).await?;
        let scope = self.scope(delivery, of_order)?;
        let lane = order.entity_id.to_string();
        let lane = Lane::of(&lane, &order);
        let (rules, record) = (&self.rules, format!("invoice-{key}"));
        match mapping::invoice(&invoice, &order, &rules.mapping, &scope).map_err(refused)? {
            Decision::Book(_) if self.is_superseded(delivery).await? => {
                Ok(self.superseded(delivery, Entity::Invoice, key).await)
            }
            Decision::Book(booked) => match *booked {
                Invoiced::Booking(booking) => {
                    self.claim(&booking.invoice.reference, Entity::Invoice, &booking.invoice.key)?;
                    Ok(self.book(delivery, lane, *booking).await)
                }
                Invoiced::OfOrder { invoice_key, reference, payment } => {
                    let about = About { key, lane, invoice_key: &invoice_key };
                    Ok(self.about_order(delivery, about, reference, payment.map(|payment| *payment)).await)
                }
            },
            Decision::Skip { .. }
                if mapping::is_cancelled(&invoice)
                    && self.was_commanded(delivery, Entity::Invoice, &record, lane.key).await? =>
            {
                let undo = mapping::invoice_cancellation(&invoice, &order, &rules.mapping).map_err(refused)?;
                self.cancel(delivery, lane, undo).await
            }
            Decision::Wait { reason } | Decision::Skip { reason } => {
                Ok(self.messages.nothing(delivery, Entity::Invoice, key, (reason.code, &reason.sentence)).await)
            }
        }
    }

    /// Publishes what a Commerce invoice says of the Visma invoice that its order became.
    async fn about_order(
        &self,
        delivery: &Delivery,
        About { key, lane, invoice_key }: About<'_>,
        reference: Option<String>,
        paid: Option<OrderPayment>,
    ) -> Published {
        if let Some(increment_id) = reference {
            let document = Reference { invoice_key: invoice_key.to_owned(), increment_id };
            let document = command::Document::Reference(document);
            self.messages.publish_for_visma(delivery, Entity::Reference, (key, lane), (None, document)).await?;
        }
        let Some(OrderPayment { part, customer, payment: paid }) = paid else { return Ok(()) };
        let owner = self.parties.settle(&self.messages, delivery, customer).await?;
        let paid = payment(paid, (Entity::Invoice, invoice_key), &owner.0);
        self.pay(delivery, lane, Some(part), paid).await
    }
}
