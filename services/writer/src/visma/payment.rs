//! A payment that settles an invoice, or a refund that settles a credit note, on the clearing account of its payment
//! method. Visma applies nothing to a document that is not released: it waits for that.

use record::address::{Address, Entity};
use std::str::FromStr as _;

use ::visma::payment::{Payment, PaymentKind};
use ::visma::read::is_draft;
use bytes::Bytes;
use effect::Record;
use http::Request;
use problem::{Code, Problem, chain};
use proto::{Command, Message as _, Outcome, owner, payer};
use record::Verdict;
use record::envelope::Cause;
use record::take::Delivery;
use rust_decimal::Decimal;

use super::Writer;
use super::change::cut_off;
use super::lookups::Key;
use super::period::Create;
use super::standing::{CREDIT_NOTE, LATE_INVOICE, On};
use crate::create::{Document, Ended, wanted};
use crate::entries::marks;
use crate::sha256;
use crate::{now, unreadable};
use record::Current;
use record::entry::UNREADABLE;

/// Status in a payment's record once Visma has taken on its release.
const RELEASED: &str = "released";

impl Writer {
    /// Applies a payment command.
    pub(super) async fn payment(
        &self,
        delivery: &Delivery,
        command: &Command,
        mut payment: proto::Payment,
    ) -> Result<(), Verdict> {
        // It is not sent, and the hash of what was booked before it came stays as it was.
        let next_open = std::mem::take(&mut payment.next_open_period);
        let body_hash = sha256(&payment.encode_to_vec());
        let kind = if payment.refund { PaymentKind::Refund } else { PaymentKind::Payment };
        let amount = Decimal::from_str(&payment.amount);
        let amount = amount.map_err(|_| Verdict::Dead(unreadable("its amount is none")))?;
        let entry = Outcome {
            external_reference: payment.payment_reference.clone(),
            currency: payment.currency.clone(),
            predicted_total: payment.amount.clone(),
            change_version: command.change_version.clone(),
            ..Outcome::default()
        };
        let dependent = (Entity::Payment, &entry);
        let entity = super::verification::document(&payment.entity)?;
        let settles = self.record(entity, &payment.key);
        let whole = self.record(Entity::Payment, &format!("{}-{}", payment.entity, payment.key));
        let needs = if entity == Entity::CreditNote { &CREDIT_NOTE } else { &LATE_INVOICE };
        let (settled, held) = self.standing(delivery, needs, &settles, dependent).await?;
        if held.entry.status.is_empty() || is_draft(&held.entry.status) {
            let why = format!("its {} {} is not released yet", needs.what.word(), settled.number);
            let patience = self.documents.release_patience.0;
            let on = On { address: &settles, seen: held.sequence, is_soon: false };
            return Err(Self::wait_for(delivery, Code::NotReleased, (patience, on), dependent, &why));
        }
        let customer = self.owner(delivery, &owner_of(payment.customer)?, 0, dependent).await?;
        let applied = applied(amount, &settled.number, &held.entry).map_err(Verdict::Dead)?;
        let paid = Payment {
            kind,
            reference: payment.payment_reference.clone(),
            method: payment.payment_method,
            cash_account: payment.cash_account,
            date: payment.date.clone(),
            period: payment.financial_period,
            currency: payment.currency,
            amount,
            applied,
            text: payment.text,
            branch: payment.branch,
            document: settled.number,
        };
        let request = self.company.create_payment(&customer, &paid);
        let request = request.map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?;
        let request = self.paid(request, &customer, paid, next_open);
        let document = Document {
            address: self.record(Entity::Payment, delivery.address.key()),
            what: Entity::Payment,
            wanted: wanted(delivery, command, body_hash),
            key: Key::Payment { reference: payment.payment_reference, customer, from: payment.date },
            entry,
            placed: &command.order_placed,
            marks: &[],
        };
        // The document that it settles has told the same.
        let told = !held.entry.told_change.is_empty();
        let Some(held) = self.unless_settled_whole(delivery, &document, &whole).await? else { return Ok(()) };
        if let Some(told) = cut_off(delivery, &held, &document, Entity::Payment.word()) {
            return Err(told);
        }
        match self.driver.create(delivery, &document, &request, Some(held)).await? {
            Ended::Done(_) => self.release_payment(delivery, &document.address, kind).await,
            Ended::Differs(linked, held) => {
                let (stands, source) = ((linked, *held), (Entity::Payment.word(), told));
                Box::pin(self.later_version(delivery, document, &request, stands, source)).await
            }
        }
    }

    /// Returns what makes a payment stand: `request`, and the one that takes its place in another period if that is
    /// wanted.
    fn paid(&self, request: Request<Bytes>, customer: &str, paid: Payment, next_open: bool) -> Create {
        if !next_open || paid.period.is_some() {
            return Create::from(request);
        }
        let (company, customer, date) = (self.company.clone(), customer.to_owned(), paid.date.clone());
        let in_period = move |period: &str| {
            company.create_payment(&customer, &Payment { period: Some(period.to_owned()), ..paid.clone() })
        };
        Create::or_in_next_open(request, date, Box::new(in_period))
    }

    /// The record of a payment that is still to be booked; none when it is a part of what `whole`, the record of a
    /// payment of the whole document, has settled: until parts were settled each by itself, an order was settled at
    /// once when all of it was paid. Its invoices may be decided on again since.
    async fn unless_settled_whole(
        &self,
        delivery: &Delivery,
        document: &Document<'_, Key>,
        whole: &Address,
    ) -> Result<Option<Current>, Verdict> {
        let held = self.driver.read(delivery, &document.address).await?;
        if document.address == *whole || !matches!(held.record, Record::Absent) {
            return Ok(Some(held));
        }
        let of_whole = self.driver.read(delivery, whole).await?;
        let number = match of_whole.record {
            Record::Absent | Record::Rejected(_) | Record::Withdrawn(_) => return Ok(Some(held)),
            Record::Linked(linked) => linked.number,
            Record::Intent(_) | Record::GivenUp(_) => {
                let (patience, why) = (self.documents.patience.0, "a payment of the whole document is in doubt");
                let dependent = (Entity::Payment, &document.entry);
                let on = On { address: whole, seen: of_whole.sequence, is_soon: true };
                return Err(Self::wait_for(delivery, Code::InDoubtUnresolved, (patience, on), dependent, why));
            }
        };
        let entry = Outcome {
            kind: proto::Kind::Unchanged.into(),
            number,
            command_id: document.wanted.command.clone(),
            command_sequence: document.wanted.command_seq,
            change_sequence: document.wanted.source_seq,
            body_hash: document.wanted.body_hash.clone(),
            written_at: now().0,
            ..document.entry.clone()
        };
        let marks = marks(&entry, document.marks);
        let cause = Cause::of(&delivery.headers);
        match self.driver.appender.append(&document.address, &entry, &marks, held.sequence, &cause).await {
            Some(_) => Ok(None),
            None => Err(moved(delivery)),
        }
    }

    /// Releases a payment that stands, once, where that is wanted.
    async fn release_payment(&self, delivery: &Delivery, address: &Address, kind: PaymentKind) -> Result<(), Verdict> {
        if !self.documents.release_payments {
            return Ok(());
        }
        let held = self.driver.read(delivery, address).await?;
        let number = match &held.record {
            Record::Linked(linked) if held.entry.status.is_empty() => linked.number.clone(),
            _ => return Ok(()),
        };
        let request = self.company.release_payment(&number, kind);
        self.act(delivery, &number, &request.map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?).await?;
        let Current { sequence, entry, .. } = held;
        let entry = Outcome { status: RELEASED.to_owned(), written_at: now().0, ..entry };
        match self.driver.appender.append(address, &entry, &[], sequence, &Cause::of(&delivery.headers)).await {
            Some(_) => Ok(()),
            None => Err(moved(delivery)),
        }
    }
}

/// Returns how much of a payment settles its document, which has this number and last entry. More may have been
/// captured than the document comes to; the rest stays on the customer's account.
fn applied(amount: Decimal, number: &str, settled: &Outcome) -> Result<Decimal, Problem> {
    let total = Decimal::from_str(&settled.predicted_total).map_err(|e| {
        let said = &settled.predicted_total;
        let sentence = format!("the total {said:?} of document {number}, which it settles, cannot be read: {e}");
        Problem::new(UNREADABLE, sentence, "look at the record's last entry, then enter the payment in Visma by hand")
    })?;
    Ok(total.min(amount))
}

fn owner_of(payer: Option<payer::Customer>) -> Result<owner::Customer, Verdict> {
    match payer {
        Some(payer::Customer::CustomerKey(key)) => Ok(owner::Customer::CustomerKey(key)),
        Some(payer::Customer::CustomerNumber(number)) => Ok(owner::Customer::CustomerNumber(number)),
        None => Err(Verdict::Dead(unreadable("it names no customer"))),
    }
}

fn moved(delivery: &Delivery) -> Verdict {
    Verdict::moved(delivery.delivered, "the payment's record")
}

#[cfg(test)]
mod tests;
