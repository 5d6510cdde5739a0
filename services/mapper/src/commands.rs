//! From a decision to messages.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use mapping::{Booking, CustomerCommand, CustomerKey, InvoiceCommand};
use pipeline::broker::last::Last;
use pipeline::broker::take::Delivery;
use pipeline::broker::{Broker, Publisher, Put, streams};
use pipeline::envelope::{self, Cause, Envelope, derived_id, header};
use pipeline::problem::{Problem, chain};
use pipeline::service::Context;
use pipeline::vault::Vault;
use proto::matching::Marks;
use proto::{Command, Customer, CustomerData, Kind, Message as _, Outcome, Predicted, TaxDetail, command, owner};

use crate::NAME;
use crate::references::REFERENCE;

/// Customers whose last command is remembered; beyond that the memory starts over.
const REMEMBERED: usize = 20_000;
/// Purpose of the hash by which customer commands are compared.
const IDENTITY: &str = "customer-identity";

/// Publishes commands.
#[derive(Debug)]
pub(crate) struct Commands {
    broker: Broker,
    commands: Publisher,
    outcomes: Publisher,
    last: Last,
    last_outcome: Last,
    vault: Vault,
    mapping_version: String,
    /// Customers that are settled: identity and sequence of the command that settled each.
    settled: Mutex<HashMap<String, (String, u64)>>,
}

impl Commands {
    pub(crate) async fn open(context: &Context, mapping_version: &str) -> Result<Self, Problem> {
        Ok(Self {
            broker: context.broker.clone(),
            commands: context.broker.publisher(streams::COMMANDS),
            outcomes: context.broker.publisher(streams::OUTCOMES),
            last: Last::of(&context.broker.jetstream, streams::COMMANDS).await?,
            last_outcome: Last::of(&context.broker.jetstream, streams::OUTCOMES).await?,
            vault: context.vault.clone(),
            mapping_version: mapping_version.to_owned(),
            settled: Mutex::default(),
        })
    }

    /// Publishes the commands of an order: its customer first, where that is news, then its invoice.
    pub(crate) async fn book(&self, delivery: &Delivery, order: &str, booking: Booking) -> Result<(), Problem> {
        let Booking { customer, invoice } = booking;
        let owner = match &customer.key {
            CustomerKey::Registered(id) => owner::Customer::CustomerKey(id.to_string()),
            CustomerKey::Guest(email) => owner::Customer::CustomerKey(format!("guest-{}", self.vault.person(email))),
            CustomerKey::Collective(number) => owner::Customer::CustomerNumber(number.clone()),
        };
        let relies_on = match &owner {
            owner::Customer::CustomerKey(key) => self.customer(delivery, key, customer).await?,
            owner::Customer::CustomerNumber(_) => 0,
        };
        self.invoice(delivery, order, owner, relies_on, invoice).await
    }

    /// Sequence of the command on which the customer's invoices may rely. A customer is commanded when it is new, when
    /// what it is matched by or the mapping has changed, and again after a refusal: a steady order of a known customer
    /// costs no message for it.
    async fn customer(&self, delivery: &Delivery, key: &str, customer: CustomerCommand) -> Result<u64, Problem> {
        let customer = customer.customer;
        let (corporate, vat) = (customer.corporate_id.as_deref(), customer.vat_registration_id.as_deref());
        let marks = Marks::of(Some(&customer.contact.email), corporate, vat).hashed(|p, t| self.vault.keyed_hash(p, t));
        let identity =
            marks.iter().fold(self.mapping_version.clone(), |all, (name, mark)| all + ";" + name + "=" + mark);
        let identity = self.vault.keyed_hash(IDENTITY, &identity);
        if let Some(sequence) = self.settled_by(key, &identity) {
            return Ok(sequence);
        }
        let person = self.vault.person(&visma::payload::spelled(&customer.contact.email));
        // The lane is the person's: two accounts of one e-mail address are matched one after the other.
        let subject = self.broker.subjects.command("visma", "customer", key, &person);
        let known = self.last.get(&subject).await?;
        let known = known.filter(|entry| header(&entry.headers, envelope::VERSION) == Some(identity.as_str()));
        if let Some(known) = known {
            match self.outcome_of(key).await?.as_deref() {
                Some("rejected") => {}
                Some("applied" | "unchanged") => {
                    self.remember(key, identity, known.sequence);
                    return Ok(known.sequence);
                }
                _ => return Ok(known.sequence),
            }
        }
        let data = CustomerData::from(customer).encode_to_vec();
        let sealed = self.vault.seal(&person, &data).await;
        let sealed = sealed.map_err(|e| Problem::new("VAULT_UNUSABLE", chain(&e), "look at the master key"))?;
        let customer = Customer { key: key.to_owned(), person: person.clone(), sealed, ..Customer::default() };
        let document = command::Document::Customer(customer);
        let mut put = self.message(delivery, subject, &person, document);
        put.headers.insert(envelope::VERSION, identity.as_str());
        Ok(self.commands.put(put).await?.sequence)
    }

    /// What the last outcome of a customer says became of it.
    async fn outcome_of(&self, key: &str) -> Result<Option<String>, Problem> {
        let entry = self.last_outcome.get(&self.broker.subjects.outcome("visma", "customer", key)).await?;
        Ok(entry.and_then(|entry| header(&entry.headers, envelope::KIND).map(str::to_owned)))
    }

    fn settled_by(&self, key: &str, identity: &str) -> Option<u64> {
        let settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        settled.get(key).filter(|(known, _)| known == identity).map(|(_, sequence)| *sequence)
    }

    fn remember(&self, key: &str, identity: String, sequence: u64) {
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        if settled.len() >= REMEMBERED {
            settled.clear();
        }
        settled.insert(key.to_owned(), (identity, sequence));
    }

    async fn invoice(
        &self,
        delivery: &Delivery,
        order: &str,
        owner: owner::Customer,
        relies_on: u64,
        invoice: InvoiceCommand,
    ) -> Result<(), Problem> {
        let reference = invoice.reference;
        let vat = invoice.predicted.vat.into_iter();
        let predicted = Predicted {
            total: invoice.predicted.total.to_string(),
            vat: vat
                .map(|v| TaxDetail { vat_code: v.code, taxable: v.taxable.to_string(), vat: v.vat.to_string() })
                .collect(),
            rounding: invoice.predicted.rounding.to_string(),
        };
        let document = proto::Invoice {
            customer: Some(owner),
            predicted: Some(predicted),
            customer_command_sequence: relies_on,
            ..proto::Invoice::from(invoice.invoice)
        };
        let subject = self.broker.subjects.command("visma", "invoice", order, order);
        let mut put = self.message(delivery, subject, order, command::Document::Invoice(document));
        put.headers.insert(REFERENCE, reference.as_str());
        self.commands.put(put).await?;
        Ok(())
    }

    fn message(&self, delivery: &Delivery, subject: String, lane: &str, document: command::Document) -> Put {
        let sequence = delivery.sequence.to_string();
        let replay_run = String::new();
        let id = derived_id(&["command", &subject, &sequence, &self.mapping_version, &replay_run]);
        let command = Command {
            id: id.clone(),
            change_subject: delivery.subject.clone(),
            change_sequence: delivery.sequence,
            change_version: header(&delivery.headers, envelope::VERSION).unwrap_or_default().to_owned(),
            mapping_version: self.mapping_version.clone(),
            replay_run,
            document: Some(document),
        };
        let envelope = Envelope { id: &id, source: NAME, kind: "ml.command.visma", content_type: envelope::PROTOBUF };
        let mut headers = envelope.headers(&Cause::of(&delivery.headers));
        headers.insert(envelope::LANE, lane);
        Put { subject, headers, payload: Bytes::from(command.encode_to_vec()), expect_last: None }
    }

    /// Nothing is to be done about this version of an order, and that is an outcome: nothing is dropped in silence.
    pub(crate) async fn nothing(&self, delivery: &Delivery, order: &str, code: &str, why: &str) -> Result<(), Problem> {
        let subject = self.broker.subjects.outcome("mapping", "order", order);
        let id = derived_id(&["outcome", &subject, &delivery.sequence.to_string(), &self.mapping_version]);
        let outcome = Outcome {
            kind: Kind::Unchanged.into(),
            change_sequence: delivery.sequence,
            change_version: header(&delivery.headers, envelope::VERSION).unwrap_or_default().to_owned(),
            written_at: pipeline::clock::now_millis(),
            refusal_code: code.to_owned(),
            refusal_sentence: why.to_owned(),
            ..Outcome::default()
        };
        let envelope = Envelope { id: &id, source: NAME, kind: "ml.outcome.mapping", content_type: envelope::PROTOBUF };
        let mut headers = envelope.headers(&Cause::of(&delivery.headers));
        headers.insert(envelope::KIND, "unchanged");
        headers.insert(envelope::CODE, code);
        let put = Put { subject, headers, payload: outcome.encode_to_vec().into(), expect_last: None };
        self.outcomes.put(put).await?;
        Ok(())
    }
}
