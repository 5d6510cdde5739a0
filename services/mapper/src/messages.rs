//! From a decision to messages.

use ::commerce::order::Order;
use bytes::Bytes;
use mapping::{InvoiceCommand, PaymentCommand};
use pipeline::id::derived_id;
use problem::{Code, Problem};
use proto::{Command, Kind, Message as _, Outcome, Payment, Predicted, TaxDetail, command, owner, payer};
use record::take::Delivery;

use record::address::{Address, Entity, System};
use record::envelope::{self, Cause, Envelope, header};
use record::{Entry, Log, Message};

use crate::NAME;
use crate::references::REFERENCE;

/// The lane of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lane<'a> {
    /// Its key: the entity_id of its order, or the person of a customer.
    pub(crate) key: &'a str,
    /// When its order was placed, as the shop writes it; empty where that is not known.
    pub(crate) placed: &'a str,
}

impl<'a> Lane<'a> {
    /// The lane `key` of an order.
    pub(crate) fn of(key: &'a str, order: &'a Order) -> Self {
        Self { key, placed: order.created_at.as_deref().unwrap_or_default() }
    }

    /// A lane of which no more is known than its key: nothing that is looked up before it is created stands in it.
    pub(crate) fn named(key: &'a str) -> Self {
        Self { key, placed: "" }
    }
}

/// Makes and publishes commands and mapping's own outcomes.
#[derive(Debug)]
pub(crate) struct Messages {
    log: Log,
    mapping_version: String,
}

impl Messages {
    pub(crate) fn new(log: &Log, mapping_version: &str) -> Self {
        Self { log: log.clone(), mapping_version: mapping_version.to_owned() }
    }

    /// Publishes what Visma shall hold: an invoice, a credit note, a payment, and so on.
    pub(crate) async fn publish_for_visma(
        &self,
        delivery: &Delivery,
        entity: Entity,
        (key, lane): (&str, Lane<'_>),
        (reference, document): (Option<&str>, command::Document),
    ) -> Result<(), Problem> {
        let address = self.log.command(System::Visma, entity, key, lane.key);
        let mut message = self.command(delivery, &address, lane, document);
        if let Some(reference) = reference {
            envelope::set(&mut message.headers, REFERENCE, reference);
        }
        self.publish(&address, message).await?;
        Ok(())
    }

    /// Returns the last command about a record of Visma, if there ever was one.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub(crate) async fn last_command(&self, entity: Entity, key: &str, lane: &str) -> Result<Option<Entry>, Problem> {
        self.log.last(&self.log.command(System::Visma, entity, key, lane)).await
    }

    /// Publishes a command; its sequence in the stream.
    pub(crate) async fn publish(&self, address: &Address, message: Message) -> Result<u64, Problem> {
        Ok(self.log.append(address, message, None).await?.sequence)
    }

    /// The message of one command.
    pub(crate) fn command(
        &self,
        delivery: &Delivery,
        address: &Address,
        lane: Lane<'_>,
        document: command::Document,
    ) -> Message {
        let sequence = delivery.sequence.to_string();
        let replay_run = String::new();
        let id = derived_id(&["command", &address.subject(), &sequence, &self.mapping_version, &replay_run]);
        let command = Command {
            id: id.clone(),
            change_subject: delivery.subject.clone(),
            change_sequence: delivery.sequence,
            change_version: header(&delivery.headers, envelope::VERSION).unwrap_or_default().to_owned(),
            mapping_version: self.mapping_version.clone(),
            replay_run,
            order_placed: lane.placed.to_owned(),
            document: Some(document),
        };
        let envelope = Envelope { id: &id, source: NAME, kind: "ml.command.visma", content_type: envelope::PROTOBUF };
        let mut headers = envelope.headers(&Cause::of(&delivery.headers));
        envelope::set(&mut headers, envelope::LANE, lane.key);
        if delivery.delivered == 1 && envelope::is_first(&delivery.headers) {
            envelope::set(&mut headers, envelope::FIRST, "true");
        }
        Message { headers, payload: Bytes::from(command.encode_to_vec()) }
    }

    /// Nothing is to be done about this version of a record, and that is an outcome: nothing is dropped in silence.
    pub(crate) async fn nothing(
        &self,
        delivery: &Delivery,
        entity: Entity,
        key: &str,
        (code, why): (Code, &str),
    ) -> Result<(), Problem> {
        let address = self.log.outcome(System::Mapping, entity, key);
        let id = derived_id(&["outcome", &address.subject(), &delivery.sequence.to_string(), &self.mapping_version]);
        let outcome = Outcome {
            kind: Kind::Unchanged.into(),
            change_sequence: delivery.sequence,
            change_version: header(&delivery.headers, envelope::VERSION).unwrap_or_default().to_owned(),
            written_at: pipeline::clock::now_millis(),
            refusal_code: code.to_string(),
            refusal_sentence: why.to_owned(),
            ..Outcome::default()
        };
        let envelope = Envelope { id: &id, source: NAME, kind: "ml.outcome.mapping", content_type: envelope::PROTOBUF };
        let mut headers = envelope.headers(&Cause::of(&delivery.headers));
        envelope::set(&mut headers, envelope::KIND, "unchanged");
        envelope::set(&mut headers, envelope::CODE, code.as_str());
        let message = Message { headers, payload: outcome.encode_to_vec().into() };
        self.log.append(&address, message, None).await?;
        Ok(())
    }
}

/// Whose a document is, the sequence of the customer's command that it relies on, and the keyed hash of the buyer's
/// e-mail address, where it is known.
pub(crate) type Owner = (owner::Customer, u64, String);

/// An invoice or a credit note as the wire has it.
pub(crate) fn document(invoice: InvoiceCommand, (owner, relies_on, debtor): Owner) -> proto::Invoice {
    let vat = invoice.predicted.vat.into_iter();
    let predicted = Predicted {
        total: invoice.predicted.total.to_string(),
        vat: vat
            .map(|v| TaxDetail {
                vat_code: v.code,
                taxable: v.taxable.to_string(),
                vat: v.vat.to_string(),
                ..TaxDetail::default()
            })
            .collect(),
        rounding: invoice.predicted.rounding.to_string(),
        charged_vat: invoice.predicted.charged.to_string(),
    };
    proto::Invoice {
        customer: Some(owner),
        predicted: Some(predicted),
        customer_command_sequence: relies_on,
        debtor,
        next_open_period: invoice.next_open_period,
        ..proto::Invoice::from(invoice.invoice)
    }
}

/// A payment as the wire has it, for the document with this entity and key.
pub(crate) fn payment(payment: PaymentCommand, (entity, key): (Entity, &str), owner: &owner::Customer) -> Payment {
    let customer = match owner {
        owner::Customer::CustomerKey(key) => payer::Customer::CustomerKey(key.clone()),
        owner::Customer::CustomerNumber(number) => payer::Customer::CustomerNumber(number.clone()),
    };
    Payment {
        entity: entity.name().to_owned(),
        key: key.to_owned(),
        payment_reference: payment.reference,
        payment_method: payment.method,
        cash_account: payment.cash_account,
        date: payment.date,
        financial_period: None,
        currency: payment.currency,
        amount: payment.amount.to_string(),
        text: payment.text,
        branch: payment.branch,
        refund: entity == Entity::CreditNote,
        customer: Some(customer),
        next_open_period: payment.next_open_period,
    }
}
