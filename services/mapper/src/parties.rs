//! Whose document it is: the customer that a document relies on.
//!
//! A steady order of a known customer costs no message for it, so what has been settled is remembered here, and asked
//! of the streams only once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mapping::{CustomerCommand, CustomerKey, CustomerUpdate, Field};
use pipeline::vault::Vault;
use problem::Problem;
use proto::matching::Marks;
use proto::{Command, Customer, CustomerData, CustomerField, Message as _, command, owner};
use record::envelope::{self, header};
use record::take::Delivery;

use record::address::{Entity, System};
use record::{Log, entry};

use crate::messages::{Lane, Messages, Owner};

/// Customers whose last command is remembered; beyond that the memory starts over.
const REMEMBERED: usize = 20_000;
/// Purpose of the hash by which customer commands are compared.
const IDENTITY: &str = "customer-identity";

/// Settles customers.
#[derive(Debug)]
pub(crate) struct Parties {
    log: Log,
    vault: Vault,
    mapping_version: String,
    /// Customers that are settled: identity and sequence of the command that settled each.
    settled: Mutex<HashMap<String, (String, u64)>>,
}

impl Parties {
    pub(crate) fn new(log: &Log, vault: &Vault, mapping_version: &str) -> Self {
        let (log, vault, settled) = (log.clone(), vault.clone(), Mutex::default());
        Self { log, vault, mapping_version: mapping_version.to_owned(), settled }
    }

    /// Whose document it is, the sequence of the command on which the document may rely, and who the buyer is; a
    /// customer that is news is commanded first.
    pub(crate) async fn settle(
        &self,
        messages: &Messages,
        delivery: &Delivery,
        customer: CustomerCommand,
    ) -> Result<Owner, Problem> {
        let (owner, _, debtor) = self.named(&customer);
        let relies_on = match &owner {
            owner::Customer::CustomerKey(key) => self.customer(messages, delivery, key, customer).await?,
            owner::Customer::CustomerNumber(_) => 0,
        };
        Ok((owner, relies_on, debtor))
    }

    /// Whose document it is, of a customer that is commanded already.
    pub(crate) fn named(&self, customer: &CustomerCommand) -> Owner {
        let owner = match &customer.key {
            CustomerKey::Registered(id) => owner::Customer::CustomerKey(id.to_string()),
            CustomerKey::Guest(email) => owner::Customer::CustomerKey(format!("guest-{}", self.vault.person(email))),
            CustomerKey::Collective(number) => owner::Customer::CustomerNumber(number.clone()),
        };
        (owner, 0, self.debtor(customer))
    }

    /// The buyer as the key of a guest names him: the same before and after he makes an account. Nothing for a
    /// collective customer, behind whom everybody may stand.
    fn debtor(&self, customer: &CustomerCommand) -> String {
        let email = match &customer.key {
            CustomerKey::Guest(email) => email.clone(),
            CustomerKey::Registered(_) => customer.customer.contact.email.trim().to_lowercase(),
            CustomerKey::Collective(_) => String::new(),
        };
        if email.is_empty() { email } else { self.vault.person(&email) }
    }

    /// Sequence of the command on which the customer's invoices may rely. A customer is commanded when it is new, when
    /// what it is matched by or the mapping has changed, and again after a refusal: a steady order of a known customer
    /// costs no message for it.
    async fn customer(
        &self,
        messages: &Messages,
        delivery: &Delivery,
        key: &str,
        customer: CustomerCommand,
    ) -> Result<u64, Problem> {
        let customer = customer.customer;
        let identity = self.identity(&customer, "");
        if let Some(sequence) = self.settled_by(key, &identity) {
            return Ok(sequence);
        }
        let person = self.vault.person(&visma::payload::spelled(&customer.contact.email));
        // The lane is the person's: two accounts of one e-mail address are matched one after the other.
        let address = self.log.command(System::Visma, Entity::Customer, key, &person);
        let known = self.log.last(&address).await?;
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
        let sealed = self.seal(&person, customer).await?;
        let customer = Customer { key: key.to_owned(), person: person.clone(), sealed, ..Customer::default() };
        let document = command::Document::Customer(customer);
        let mut message = messages.command(delivery, &address, Lane::named(&person), document);
        envelope::set(&mut message.headers, envelope::VERSION, &identity);
        messages.publish(&address, message).await
    }

    /// Publishes what of a registered customer the shop owns.
    pub(crate) async fn update(
        &self,
        messages: &Messages,
        delivery: &Delivery,
        update: CustomerUpdate,
    ) -> Result<(), Problem> {
        let CustomerUpdate { command: CustomerCommand { key, customer }, owned, existing_only } = update;
        let CustomerKey::Registered(id) = key else { return Ok(()) };
        let key = id.to_string();
        // An order of a customer that may not be created by this must not take it for settled.
        let identity = self.identity(&customer, if existing_only { ";existing" } else { "" });
        let person = self.vault.person(&visma::payload::spelled(&customer.contact.email));
        let address = self.log.command(System::Visma, Entity::Customer, &key, &person);
        let sealed = self.seal(&person, customer).await?;
        let owned = owned.into_iter().map(|field| wire(field).into()).collect();
        let customer = Customer { key, person: person.clone(), sealed, owned, existing_only };
        let mut message =
            messages.command(delivery, &address, Lane::named(&person), command::Document::Customer(customer));
        envelope::set(&mut message.headers, envelope::VERSION, &identity);
        messages.publish(&address, message).await?;
        Ok(())
    }

    /// Sequence of the version of an account that Visma was last told of, before the one of this delivery.
    pub(crate) async fn told(&self, delivery: &Delivery, id: u64, email: &str) -> Result<Option<u64>, Problem> {
        let person = self.vault.person(&visma::payload::spelled(email));
        let last = self.log.last(&self.log.command(System::Visma, Entity::Customer, &id.to_string(), &person)).await?;
        let command = last.and_then(|last| entry::read_command(&last.payload).ok());
        let of_account = |command: &Command| {
            command.change_subject == delivery.subject && command.change_sequence < delivery.sequence
        };
        Ok(command.filter(of_account).map(|command| command.change_sequence))
    }

    /// Hashes what a customer is matched by, under this mapping: a command of the same identity need not be repeated.
    fn identity(&self, customer: &visma::customer::Customer, kind: &str) -> String {
        let (corporate, vat) = (customer.corporate_id.as_deref(), customer.vat_registration_id.as_deref());
        let marks = Marks::of(Some(&customer.contact.email), corporate, vat, Some(&customer.address.country));
        let marks = marks.hashed(|purpose, text| self.vault.keyed_hash(purpose, text));
        let identity =
            marks.iter().fold(self.mapping_version.clone(), |all, (name, mark)| all + ";" + name + "=" + mark);
        self.vault.keyed_hash(IDENTITY, &(identity + kind))
    }

    async fn seal(&self, person: &str, customer: visma::customer::Customer) -> Result<Vec<u8>, Problem> {
        let data = CustomerData::from(customer).encode_to_vec();
        let sealed = self.vault.seal(person, &data).await;
        sealed.map_err(|e| e.unusable())
    }

    /// Returns the kind of the last outcome of a customer, if there is one.
    async fn outcome_of(&self, key: &str) -> Result<Option<String>, Problem> {
        let entry = self.log.last(&self.log.outcome(System::Visma, Entity::Customer, key)).await?;
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
}

/// A field of a customer as the wire names it.
fn wire(field: Field) -> CustomerField {
    match field {
        Field::Name => CustomerField::Name,
        Field::Address => CustomerField::Address,
        Field::ContactName => CustomerField::ContactName,
        Field::Email => CustomerField::Email,
        Field::Phone => CustomerField::Phone,
        Field::CorporateId => CustomerField::CorporateId,
        Field::VatNumber => CustomerField::VatRegistrationId,
        Field::Terms => CustomerField::CreditTerms,
        Field::Class => CustomerField::Class,
        Field::VatZone => CustomerField::VatZone,
    }
}
