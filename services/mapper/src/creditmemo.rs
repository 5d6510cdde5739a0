//! A credit memo: a customer credit note, and the refund that settles it.

use ::commerce::creditmemo::CreditMemo;
use mapping::{Credits, Decision, Refund};
use problem::{Code, Problem, then_again};
use proto::{CreditNote, command};
use record::Verdict;
use record::address::Entity;
use record::take::Delivery;

use crate::messages::{Lane, document, payment};
use crate::{Mapper, Published, refused};

impl Mapper {
    /// Decides on a credit memo. It never changes, so no other version of it can have overtaken this one.
    pub(crate) async fn credit_memo(&self, delivery: &Delivery, key: &str) -> Result<Published, Verdict> {
        let memo: CreditMemo = self.read(delivery, Entity::CreditMemo, key).await?;
        let (order, of_order) = self.order_of(delivery, memo.order_id).await?;
        let scope = self.scope(delivery, of_order)?;
        let lane = order.entity_id.to_string();
        let lane = Lane::of(&lane, &order);
        match mapping::credit_memo(&memo, &order, &self.rules.mapping, &scope).map_err(refused)? {
            Decision::Book(refund) => {
                self.claim(&refund.credit_note.reference, Entity::CreditNote, &refund.credit_note.key)?;
                let credited = self.credited(delivery, &refund.credits, lane.key)?;
                Ok(self.credit(delivery, lane, *refund, credited).await)
            }
            Decision::Wait { reason } | Decision::Skip { reason } => {
                Ok(self.messages.nothing(delivery, Entity::CreditMemo, key, (reason.code, &reason.sentence)).await)
            }
        }
    }

    /// Record keys of the invoices that are credited.
    fn credited(&self, delivery: &Delivery, credits: &Credits, lane: &str) -> Result<Vec<String>, Verdict> {
        match credits {
            Credits::Nothing => Ok(Vec::new()),
            Credits::Invoice(key) => Ok(vec![key.clone()]),
            Credits::InvoicesOfOrder { wait } => {
                let booked = self.references.invoices_of(lane);
                if booked.is_empty() && *wait {
                    let sentence = format!("none of the invoices of the order with the entity_id {lane} is booked yet");
                    let remedy = then_again("settle the dead letters of its invoices, so that one is booked");
                    return Err(Self::missing(delivery, Problem::new(Code::NothingToCredit, sentence, remedy)));
                }
                Ok(booked)
            }
        }
    }

    /// Publishes a credit note: the customer first, where that is news, then what settles it.
    pub(crate) async fn credit(
        &self,
        delivery: &Delivery,
        lane: Lane<'_>,
        refund: Refund,
        invoice_keys: Vec<String>,
    ) -> Result<(), Problem> {
        let Refund { customer, credit_note, payment: paid, .. } = refund;
        let owner = self.parties.settle(&self.messages, delivery, customer).await?;
        let paid = paid.map(|paid| payment(paid, (Entity::CreditNote, &credit_note.key), &owner.0));
        let (key, reference) = (credit_note.key.clone(), credit_note.reference.clone());
        let credit_note = CreditNote { document: Some(document(credit_note, owner)), invoice_keys };
        let document = (Some(reference.as_str()), command::Document::CreditNote(credit_note));
        self.messages.publish_for_visma(delivery, Entity::CreditNote, (&key, lane), document).await?;
        self.verify_seen(delivery, lane.key, (Entity::CreditNote, &key, &reference)).await?;
        match paid {
            Some(paid) => self.pay(delivery, lane, None, paid).await,
            None => Ok(()),
        }
    }
}
