//! An invoice: whose it is, and that it stands in Visma once.

use ::visma::requests::Dispatch;
use effect::Record;
use problem::{Code, Problem, chain, then_again};
use proto::{Command, Invoice, Message as _, Outcome, owner};
use record::Verdict;
use record::address::Entity;
use record::take::Delivery;

use super::Writer;
use super::change::cut_off;
use super::lookups::Key;
use super::period::{Create, InPeriod};
use super::standing::On;
use crate::create::{Document, Ended, wanted};
use crate::entries::named;
use crate::silence::unread;
use crate::{sha256, unreadable};

/// A document of the customer's ledger, read from its command.
pub(super) struct Booked {
    /// As Visma shall hold it.
    pub(super) document: ::visma::invoice::Invoice,
    /// Whose it is.
    pub(super) owner: owner::Customer,
    /// Sequence of the customer's command that it relies on.
    pub(super) relies_on: u64,
    /// It may be posted in the next open period.
    pub(super) next_open: bool,
    /// Hash of the message without its prediction: of what is sent, however a request is written.
    pub(super) body_hash: String,
    /// Further content of its entries.
    pub(super) entry: Outcome,
}

impl Writer {
    /// Applies an invoice command.
    pub(super) async fn invoice(
        &self,
        delivery: &Delivery,
        command: &Command,
        invoice: Invoice,
    ) -> Result<(), Verdict> {
        let mut booked = booked(command, invoice)?;
        let number = self.owner(delivery, &booked.owner, booked.relies_on, (Entity::Invoice, &booked.entry)).await?;
        booked.on(&number);
        let request = self.company.create_invoice(&number, &booked.document, Dispatch::default());
        let request = request.map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?;
        let (company, document) = (self.company.clone(), booked.document.clone());
        let in_period = move |period: &str| {
            let document = ::visma::invoice::Invoice { financial_period: Some(period.to_owned()), ..document.clone() };
            company.create_invoice(&number, &document, Dispatch::default())
        };
        let request = booked.create(request, Box::new(in_period));
        let document = Document {
            address: self.record(Entity::Invoice, delivery.address.key()),
            what: Entity::Invoice,
            wanted: wanted(delivery, command, booked.body_hash),
            key: Key::Reference(booked.document.external_reference),
            entry: booked.entry,
            placed: &command.order_placed,
            marks: &[],
        };
        self.stand(delivery, document, &request, Entity::Order.word()).await
    }

    /// Makes a document stand, or settles what has changed of its source since it does.
    pub(super) async fn stand(
        &self,
        delivery: &Delivery,
        document: Document<'_, Key>,
        request: &Create,
        source: &str,
    ) -> Result<(), Verdict> {
        let held = match unread(delivery) {
            Some(held) => held,
            None => self.driver.read(delivery, &document.address).await?,
        };
        if let Some(told) = cut_off(delivery, &held, &document, source) {
            return Err(told);
        }
        match self.driver.create(delivery, &document, request, Some(held)).await? {
            Ended::Done(_) => Ok(()),
            Ended::Differs(linked, held) => {
                Box::pin(self.later_version(delivery, document, request, (linked, *held), (source, false))).await
            }
        }
    }

    /// Visma's number of the customer whose document it is.
    pub(super) async fn owner(
        &self,
        delivery: &Delivery,
        owner: &owner::Customer,
        relies_on: u64,
        dependent: (Entity, &Outcome),
    ) -> Result<String, Verdict> {
        let key = match owner {
            owner::Customer::CustomerNumber(number) => return Ok(number.clone()),
            owner::Customer::CustomerKey(key) => key,
        };
        if let Some(number) = self.customers.linked(key) {
            return Ok(number);
        }
        let address = self.record(Entity::Customer, key);
        let held = self.driver.read(delivery, &address).await?;
        let refusal = match held.record {
            Record::Linked(linked) => {
                self.customers.link(key, &linked.number, &[]);
                return Ok(linked.number);
            }
            // An earlier command's refusal does not count: the one that this relies on is still under way.
            Record::Rejected(rejected) => Some(rejected.refusal).filter(|_| rejected.command_seq >= relies_on),
            Record::GivenUp(given_up) => Some(given_up.refusal).filter(|_| given_up.command_seq >= relies_on),
            Record::Absent | Record::Intent(_) | Record::Withdrawn(_) => None,
        };
        let Some(refusal) = refusal else {
            let why = format!("the customer {key} is not settled yet");
            let on = On { address: &address, seen: held.sequence, is_soon: true };
            let patience = self.documents.patience.0;
            return Err(Self::wait_for(delivery, Code::CustomerMissing, (patience, on), dependent, &why));
        };
        let sentence = format!("its customer could not be had in Visma: {}", refusal.sentence);
        Err(Verdict::Dead(Problem::new(
            Code::CustomerRefused,
            named(dependent.0, dependent.1, &sentence),
            then_again("settle the customer's dead letter first"),
        )))
    }
}

/// Reads what an invoice's message says.
pub(super) fn booked(command: &Command, mut invoice: Invoice) -> Result<Booked, Verdict> {
    let owner = invoice.customer.clone().ok_or_else(|| Verdict::Dead(unreadable("it names no customer")))?;
    let sent = proto::Booked::of(&invoice).map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?;
    let customer_key = match &owner {
        owner::Customer::CustomerKey(key) => key.clone(),
        owner::Customer::CustomerNumber(_) => String::new(),
    };
    let sent = proto::Booked { customer_key, mapping_version: command.mapping_version.clone(), ..sent };
    let predicted_total = invoice.predicted.take().map(|p| p.total).unwrap_or_default();
    let relies_on = std::mem::take(&mut invoice.customer_command_sequence);
    // Neither is sent, and the hash of what was booked before they came stays as it was.
    let next_open = std::mem::take(&mut invoice.next_open_period);
    invoice.debtor.clear();
    let body_hash = sha256(&invoice.encode_to_vec());
    let entry = Outcome {
        external_reference: invoice.external_reference.clone(),
        currency: invoice.currency.clone(),
        predicted_total,
        change_version: command.change_version.clone(),
        booked: Some(sent),
        ..Outcome::default()
    };
    // What cannot be compared afterwards is not sent.
    entry.predicted().map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?;
    let document = ::visma::invoice::Invoice::try_from(invoice);
    let document = document.map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?;
    Ok(Booked { document, owner, relies_on, next_open, body_hash, entry })
}

impl Booked {
    /// Notes the customer's number in Visma.
    pub(super) fn on(&mut self, number: &str) {
        if let Some(booked) = &mut self.entry.booked {
            number.clone_into(&mut booked.customer_number);
        }
    }

    /// Returns what makes it stand: `request`, and the request that takes its place in another period.
    pub(super) fn create(&self, request: http::Request<bytes::Bytes>, in_period: InPeriod) -> Create {
        match self.next_open && self.document.financial_period.is_none() {
            true => Create::or_in_next_open(request, self.document.document_date.clone(), in_period),
            false => Create::from(request),
        }
    }
}
