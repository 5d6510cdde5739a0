//! An order: its customer, its invoice, its payment; and what takes the invoice back.

use ::commerce::order::Order;
use mapping::{Booking, Decision};
use problem::{Code, Problem};
use proto::{CreditNote, command};
use record::Verdict;
use record::address::Entity;
use record::take::Delivery;

use crate::messages::{Lane, Owner, document, payment};
use crate::unseen::is_news;
use crate::{Mapper, Published, refused};

impl Mapper {
    /// Decides on one version of an order.
    pub(crate) async fn order(&self, delivery: &Delivery, key: &str) -> Result<Published, Verdict> {
        let order: Order = self.read(delivery, Entity::Order, key).await?;
        let (scope, lane) = (self.scope(delivery, None)?, Lane::of(key, &order));
        match mapping::order(&order, &self.rules.mapping, &scope).map_err(refused)? {
            Decision::Book(_) if self.is_superseded(delivery).await? => {
                Ok(self.superseded(delivery, Entity::Order, key).await)
            }
            Decision::Book(booking) => {
                self.claim(&booking.invoice.reference, Entity::Invoice, &booking.invoice.key)?;
                match self.book(delivery, lane, *booking).await {
                    Ok(()) => self.cancelled_part(delivery, key, &order).await,
                    failed => Ok(failed),
                }
            }
            Decision::Skip { .. }
                if mapping::is_withdrawn(&order) && self.was_commanded(delivery, Entity::Invoice, key, key).await? =>
            {
                // A draft that a credit note stands against is not deleted: the rest of it is credited too.
                if self.credited_parts(delivery, key).await?.notes > 0 {
                    return self.cancelled_part(delivery, key, &order).await;
                }
                let cancellation = mapping::cancellation(&order, &self.rules.mapping).map_err(refused)?;
                self.cancel(delivery, lane, cancellation).await
            }
            Decision::Skip { reason } if is_news(delivery) && mapping::is_withdrawn(&order) => {
                if let Err(problem) = self.withdraw_unseen(delivery, key, &order, reason.code).await? {
                    return Ok(Err(problem));
                }
                Ok(self.messages.nothing(delivery, Entity::Order, key, (reason.code, &reason.sentence)).await)
            }
            Decision::Wait { reason } | Decision::Skip { reason } => {
                Ok(self.messages.nothing(delivery, Entity::Order, key, (reason.code, &reason.sentence)).await)
            }
        }
    }

    /// Publishes the commands of an order or an invoice: its customer first, where that is news, then its invoice, then
    /// what settles it.
    pub(crate) async fn book(&self, delivery: &Delivery, lane: Lane<'_>, booking: Booking) -> Result<(), Problem> {
        let Booking { customer, invoice, payment: paid } = booking;
        let owner = self.parties.settle(&self.messages, delivery, customer).await?;
        let paid = paid.map(|paid| payment(paid, (Entity::Invoice, &invoice.key), &owner.0));
        let (key, reference) = (invoice.key.clone(), invoice.reference.clone());
        let invoice = command::Document::Invoice(document(invoice, owner));
        self.messages.publish_for_visma(delivery, Entity::Invoice, (&key, lane), (Some(&reference), invoice)).await?;
        self.verify_seen(delivery, lane.key, (Entity::Invoice, &key, &reference)).await?;
        match paid {
            Some(paid) => self.pay(delivery, lane, None, paid).await,
            None => Ok(()),
        }
    }

    /// Publishes what settles a document, or the part of it that the Commerce invoice with the id `part` is.
    pub(crate) async fn pay(
        &self,
        delivery: &Delivery,
        lane: Lane<'_>,
        part: Option<u64>,
        payment: proto::Payment,
    ) -> Result<(), Problem> {
        let part = part.map(|part| format!("-{part}")).unwrap_or_default();
        let key = format!("{}-{}{part}", payment.entity, payment.key);
        let document = command::Document::Payment(payment);
        self.messages.publish_for_visma(delivery, Entity::Payment, (&key, lane), (None, document)).await
    }

    /// Takes back what the log may have lost: an order that is first seen when it is cancelled may have been booked in
    /// a time that a broker which was set back does not know. Where it was not, that costs no call.
    async fn withdraw_unseen(
        &self,
        delivery: &Delivery,
        key: &str,
        order: &Order,
        why: Code,
    ) -> Result<Published, Verdict> {
        if why != Code::StateSkipped {
            return Ok(Ok(()));
        }
        if let Some(published) = self.withdraw_archived(delivery, Lane::of(key, order), order).await? {
            return Ok(published);
        }
        let withdrawal = mapping::withdrawal(order, &self.rules.mapping).map_err(refused)?;
        let mapping::Withdrawal { key: invoice_key, reference: external_reference, reason } = withdrawal;
        let cancellation = proto::Cancellation { invoice_key, reason, external_reference, credit_note: None };
        let document = (None, command::Document::Cancellation(cancellation));
        Ok(self.messages.publish_for_visma(delivery, Entity::Cancellation, (key, Lane::of(key, order)), document).await)
    }

    /// Publishes what takes an invoice back.
    pub(crate) async fn cancel(
        &self,
        delivery: &Delivery,
        lane: Lane<'_>,
        cancellation: mapping::Cancellation,
    ) -> Result<Published, Verdict> {
        self.claim(&cancellation.credit_note.reference, Entity::Cancellation, &cancellation.invoice.key)?;
        match self.parties.settle(&self.messages, delivery, cancellation.customer.clone()).await {
            Ok(owner) => self.take_back(delivery, lane, cancellation, owner).await,
            Err(problem) => Ok(Err(problem)),
        }
    }

    /// Publishes what takes the invoice of a customer back.
    pub(crate) async fn take_back(
        &self,
        delivery: &Delivery,
        lane: Lane<'_>,
        cancellation: mapping::Cancellation,
        owner: Owner,
    ) -> Result<Published, Verdict> {
        let mapping::Cancellation { invoice, credit_note, .. } = cancellation;
        let mapping::Withdrawal { key: invoice_key, reference: external_reference, reason } = invoice;
        self.claim(&credit_note.reference, Entity::Cancellation, &invoice_key)?;
        let reference = credit_note.reference.clone();
        let credit_note =
            CreditNote { document: Some(document(credit_note, owner)), invoice_keys: vec![invoice_key.clone()] };
        let document = command::Document::Cancellation(proto::Cancellation {
            invoice_key: invoice_key.clone(),
            reason,
            credit_note: Some(credit_note),
            external_reference,
        });
        let document = (Some(reference.as_str()), document);
        Ok(self.messages.publish_for_visma(delivery, Entity::Cancellation, (&invoice_key, lane), document).await)
    }

    /// True when Visma was ever told to hold this document. One that is taken back before that is simply never booked.
    pub(crate) async fn was_commanded(
        &self,
        delivery: &Delivery,
        entity: Entity,
        key: &str,
        lane: &str,
    ) -> Result<bool, Verdict> {
        let commanded = self.messages.last_command(entity, key, lane).await;
        let commanded = commanded.map_err(|problem| Verdict::retry(delivery.delivered, problem))?;
        Ok(commanded.is_some())
    }
}
