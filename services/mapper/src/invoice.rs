//! A Commerce invoice: an invoice of its own in Visma, or a reference on that of its order.

use ::commerce::invoice::Invoice;
use mapping::{Decision, Invoiced};
use pipeline::broker::take::Delivery;
use pipeline::verdict::Verdict;
use proto::{Reference, command};

use crate::{Mapper, Published, refused};

impl Mapper {
    /// Decides on one version of a Commerce invoice.
    pub(crate) async fn invoice(&self, delivery: &Delivery, key: &str) -> Result<Published, Verdict> {
        let invoice: Invoice = self.read(delivery, "invoice", key).await?;
        let (order, of_order) = self.order_of(delivery, invoice.order_id).await?;
        let scope = self.scope(delivery, of_order);
        let lane = order.entity_id.to_string();
        let (rules, record) = (&self.rules, format!("invoice-{key}"));
        match mapping::invoice(&invoice, &order, &rules.mapping, &scope).map_err(refused)? {
            Decision::Book(_) if self.is_superseded(delivery).await? => {
                Ok(self.superseded(delivery, "invoice", key).await)
            }
            Decision::Book(booked) => match *booked {
                Invoiced::Booking(booking) => {
                    self.claim(&booking.invoice.reference, "invoice", &booking.invoice.key)?;
                    Ok(self.book(delivery, &lane, *booking).await)
                }
                Invoiced::Reference { invoice_key, increment_id } => {
                    let document = command::Document::Reference(Reference { invoice_key, increment_id });
                    Ok(self.messages.publish_for_visma(delivery, "reference", (key, &lane), (None, document)).await)
                }
            },
            Decision::Skip { .. }
                if mapping::is_cancelled(&invoice)
                    && self.was_commanded(delivery, "invoice", &record, &lane).await? =>
            {
                let undo = mapping::invoice_cancellation(&invoice, &order, &rules.mapping).map_err(refused)?;
                self.cancel(delivery, &lane, undo).await
            }
            Decision::Wait { reason } | Decision::Skip { reason } => {
                Ok(self.messages.nothing(delivery, "invoice", key, (reason.code, &reason.sentence)).await)
            }
        }
    }
}
