//! A customer: matched with one that stands in Visma, or created; and brought up to date in the fields that the shop
//! owns.

use record::address::Entity;
use std::time::Duration;

use ::visma::customer::{Customer as Wanted, Field};
use ::visma::payload::spelled;
use effect::{Linked, Record};
use pipeline::retry::wait_after;
use pipeline::vault::VaultError;
use problem::{Code, Problem, chain, then_again};
use proto::matching::{EMAIL, Marks};
use proto::{Command, Customer, CustomerData, CustomerField, Kind, Message as _, Outcome};
use record::Verdict;
use record::envelope::Cause;
use record::take::Delivery;

use super::Writer;
use super::customers::Match;
use super::lookups::Key;
use super::period::Create;
use crate::amend::Amended;
use crate::create::{Document, Ended, wanted};
use crate::entries::{fill, marks};
use crate::{now, unreadable};
use record::Current;

/// Fields that customers are matched by, besides their e-mail addresses.
const NUMBERS: [Field; 2] = [Field::CorporateId, Field::VatRegistrationId];
/// Purpose of the hash by which bodies of customers are compared: they hold personal data, so it is keyed.
const BODY: &str = "customer-body";

impl Writer {
    /// Applies a customer command. A customer that is given up on is refused in its record too, so that its invoices do
    /// not wait for it.
    pub(super) async fn customer(
        &self,
        delivery: &Delivery,
        command: &Command,
        customer: Customer,
    ) -> Result<(), Verdict> {
        let key = customer.key.clone();
        match Box::pin(self.try_customer(delivery, command, customer)).await {
            Err(Verdict::Dead(problem)) => {
                let document = Document {
                    address: self.record(Entity::Customer, &key),
                    what: Entity::Customer,
                    wanted: wanted(delivery, command, String::new()),
                    key: Key::Email(String::new()),
                    entry: Outcome { change_version: command.change_version.clone(), ..Outcome::default() },
                    placed: "",
                    marks: &[],
                };
                self.give_up(delivery, &document, &key, &problem).await?;
                Err(Verdict::Dead(problem))
            }
            Err(verdict) => Err(verdict),
            // What could be done is done; the rest is told.
            Ok(told) => told.map_or(Ok(()), |problem| Err(Verdict::Dead(problem))),
        }
    }

    /// Writes down that a customer is given up on. Its marks stay reserved as long as it may stand in Visma all the
    /// same.
    async fn give_up(
        &self,
        delivery: &Delivery,
        document: &Document<'_, Key>,
        key: &str,
        problem: &Problem,
    ) -> Result<(), Verdict> {
        match self.driver.give_up(delivery, document, problem).await? {
            Record::Intent(_) | Record::GivenUp(_) => {}
            Record::Absent | Record::Linked(_) | Record::Rejected(_) | Record::Withdrawn(_) => {
                self.customers.release(key);
            }
        }
        Ok(())
    }

    /// Settles a customer; returns what a person is to be told of it, if anything.
    async fn try_customer(
        &self,
        delivery: &Delivery,
        command: &Command,
        customer: Customer,
    ) -> Result<Option<Problem>, Verdict> {
        let (data, body_hash) = self.open_customer(delivery, &customer).await?;
        let (corporate, vat) = (data.corporate_id.as_deref(), data.vat_registration_id.as_deref());
        let marks = Marks::of(Some(&data.contact.email), corporate, vat, Some(&data.address.country));
        let marks = marks.hashed(|purpose, text| self.context.vault.keyed_hash(purpose, text));
        let document = Document {
            address: self.record(Entity::Customer, &customer.key),
            what: Entity::Customer,
            wanted: wanted(delivery, command, body_hash),
            key: Key::Email(spelled(&data.contact.email)),
            entry: Outcome { change_version: command.change_version.clone(), ..Outcome::default() },
            placed: "",
            marks: &marks,
        };
        let owned: Vec<Field> = customer.owned().filter_map(field).collect();
        let held = self.driver.read(delivery, &document.address).await?;
        let held = self.under_its_number(delivery, &document, held).await?;
        let held = match &held.record {
            Record::Linked(_) | Record::Intent(_) | Record::GivenUp(_) => held,
            Record::Absent | Record::Rejected(_) | Record::Withdrawn(_) => {
                // Whoever may be under way to Visma is in the view after this.
                self.driver.silence(&document, &held.record).await?;
                match self.matched(&document)? {
                    // With nothing to be brought up to date, the link is all that there is to do.
                    Some(number) => {
                        self.link(delivery, &customer.key, &document, &number, held, owned.is_empty()).await?
                    }
                    None if customer.existing_only => {
                        let problem = Problem::new(
                            Code::CustomerWithoutOrder,
                            "the customer does not stand in Visma, and nothing was ordered: it is created with its \
                             first order",
                            "nothing is to be done",
                        );
                        return self.give_up(delivery, &document, &customer.key, &problem).await.map(|()| None);
                    }
                    None => held,
                }
            }
        };
        match &held.record {
            Record::Linked(linked) if !owned.is_empty() => {
                let number = linked.number.clone();
                self.keep_up(delivery, (&customer.key, &number), document, (&data, owned), held).await
            }
            _ => self.create_customer(delivery, &customer.key, &document, &data, held).await.map(|()| None),
        }
    }

    /// Brings the customer `number` up to date from the account `key`, in what is the account's to say. A number that
    /// another customer in Visma has is not written, and that is told.
    async fn keep_up(
        &self,
        delivery: &Delivery,
        (key, number): (&str, &str),
        document: Document<'_, Key>,
        (data, owned): (&Wanted, Vec<Field>),
        held: Current,
    ) -> Result<Option<Problem>, Verdict> {
        let Some(_writing) = self.customers.writing(number) else {
            return Err(busy(delivery, "another account of the same customer is being written"));
        };
        let mut owned = self.owned_of(key, number, data, &document, owned);
        let writes = |owned: &[Field]| owned.iter().any(|field| NUMBERS.contains(field));
        let mut told = None;
        let mut marks = document.marks.to_vec();
        if writes(&owned) {
            let taken = self.customers.taken(number, document.marks);
            if !taken.is_empty() {
                told = Some(number_taken(key, number, &taken));
                owned.retain(|field| !NUMBERS.contains(field));
                marks.retain(|(name, _)| *name == EMAIL);
            } else if !self.customers.reserve(key, &marks) {
                return Err(busy(delivery, "a customer with the same number is being written"));
            }
        }
        let document = Document { marks: &marks, ..document };
        if owned.is_empty() {
            self.link(delivery, key, &document, number, held, true).await?;
        } else {
            let gains = writes(&owned);
            self.bring_up_to_date(delivery, &document, data, owned, held).await?;
            if gains {
                self.customers.gains(number, &marks);
            }
        }
        self.customers.link(key, number, &marks);
        Ok(told)
    }

    /// Returns the fields of the customer `number` that this account decides on. The contact is another account's where
    /// that was first, and a number that this account no longer has may still be another account's.
    fn owned_of(
        &self,
        key: &str,
        number: &str,
        data: &Wanted,
        document: &Document<'_, Key>,
        mut owned: Vec<Field>,
    ) -> Vec<Field> {
        if !self.customers.is_contact(key, number, document.marks) {
            owned.retain(|field| !matches!(field, Field::ContactName | Field::Email | Field::Phone));
        }
        let empties = [&data.corporate_id, &data.vat_registration_id].into_iter().flatten().any(String::is_empty);
        if empties && !self.customers.is_alone(key, number) {
            owned.retain(|field| !NUMBERS.contains(field));
        }
        owned
    }

    /// Creates a customer, or finds that it stands.
    async fn create_customer(
        &self,
        delivery: &Delivery,
        key: &str,
        document: &Document<'_, Key>,
        data: &Wanted,
        held: Current,
    ) -> Result<(), Verdict> {
        let request = self.company.create_customer(data, None);
        let request = Create::from(request.map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?);
        if !self.customers.reserve(key, document.marks) {
            return Err(busy(delivery, "the same customer is being created under another key"));
        }
        match self.driver.create(delivery, document, &request, Some(held)).await? {
            Ended::Done(Record::Linked(linked)) => self.customers.link(key, &linked.number, document.marks),
            Ended::Done(
                Record::Absent | Record::Intent(_) | Record::Rejected(_) | Record::Withdrawn(_) | Record::GivenUp(_),
            ) => {}
            // Who the customer is stands. Its fields are the flow of customers', not of orders'.
            Ended::Differs(linked, held) => {
                self.link(delivery, key, document, &linked.number, *held, true).await?;
            }
        }
        Ok(())
    }

    /// The record under the number that the customer has now, where an accountant gave it another one.
    async fn under_its_number(
        &self,
        delivery: &Delivery,
        document: &Document<'_, Key>,
        held: Current,
    ) -> Result<Current, Verdict> {
        let Some(number) = self.customers.renumbered(&held.entry.number) else { return Ok(held) };
        tracing::warn!(was = held.entry.number, is = number, "a customer of ours has another number in Visma");
        metrics::counter!("ml_drift_total", "kind" => "renumbered").increment(1);
        let entry = Outcome {
            kind: Kind::Unchanged.into(),
            number,
            etag: String::new(),
            written_at: now().0,
            applied_at: crate::entries::applied_at(&held.entry),
            ..held.entry
        };
        let (marks, cause) = (marks(&entry, document.marks), Cause::of(&delivery.headers));
        match self.driver.appender.append(&document.address, &entry, &marks, held.sequence, &cause).await {
            Some(_) => self.driver.read(delivery, &document.address).await,
            None => Err(Verdict::moved(delivery.delivered, "the customer's record")),
        }
    }

    /// Brings the fields that are the shop's up to date, and leaves all others alone.
    async fn bring_up_to_date(
        &self,
        delivery: &Delivery,
        document: &Document<'_, Key>,
        data: &Wanted,
        fields: Vec<Field>,
        held: Current,
    ) -> Result<(), Verdict> {
        let Record::Linked(linked) = &held.record else { return Ok(()) };
        let same = linked.body_hash == document.wanted.body_hash;
        let seen = if same { None } else { self.polled(delivery, &linked.number, &held).await? };
        let change = super::customer_change::CustomerChange { company: &self.company, customer: data, fields };
        match self.driver.amend(delivery, document, &change, held, seen).await? {
            Amended::Done(_) => Ok(()),
            Amended::NotLinked => Err(Verdict::moved(delivery.delivered, "the customer's record")),
        }
    }

    /// The number of the customer that this is in Visma, if it stands there.
    fn matched(&self, document: &Document<'_, Key>) -> Result<Option<String>, Verdict> {
        match self.customers.find(document.marks) {
            Match::Nobody => Ok(None),
            Match::One(number) => Ok(Some(number)),
            Match::Several(numbers) => {
                let sentence = format!(
                    "the customer of this order matches several customers in Visma: {}. Which one is meant is not guessed",
                    numbers.join(", ")
                );
                let remedy = then_again("merge them in Visma, or make all but one inactive");
                Err(Verdict::Dead(Problem::new(Code::CustomerAmbiguous, sentence, remedy)))
            }
        }
    }

    /// Writes the entry that links a record with a number, without a call to Visma. `settles` says that this is all
    /// that the command asks for; the body that Visma holds is then still the one that was held there before.
    async fn link(
        &self,
        delivery: &Delivery,
        key: &str,
        document: &Document<'_, Key>,
        number: &str,
        held: Current,
        settles: bool,
    ) -> Result<Current, Verdict> {
        let linked = match held.record {
            Record::Linked(linked) => linked,
            _ => Linked {
                number: number.to_owned(),
                etag: None,
                body_hash: String::new(),
                source_seq: held.entry.change_sequence,
                command: document.wanted.command.clone(),
                command_seq: held.entry.command_sequence,
                refused: None,
            },
        };
        let (source_seq, command_seq) = match settles {
            true => (document.wanted.source_seq.max(linked.source_seq), document.wanted.command_seq),
            false => (linked.source_seq, linked.command_seq),
        };
        let record = Linked { source_seq, command_seq, command: document.wanted.command.clone(), ..linked };
        let entry = Outcome {
            kind: Kind::Unchanged.into(),
            number: number.to_owned(),
            command_id: record.command.clone(),
            command_sequence: record.command_seq,
            change_sequence: record.source_seq,
            body_hash: record.body_hash.clone(),
            etag: record.etag.clone().unwrap_or_default(),
            written_at: now().0,
            ..Outcome::default()
        };
        let entry = fill(entry, document, &held.entry);
        let (marks, cause) = (marks(&entry, document.marks), Cause::of(&delivery.headers));
        let written = self.driver.appender.append(&document.address, &entry, &marks, held.sequence, &cause).await;
        let Some(sequence) = written else {
            return Err(Verdict::moved(delivery.delivered, "the customer's record"));
        };
        self.customers.link(key, number, document.marks);
        Ok(Current { record: Record::Linked(record), sequence, entry })
    }

    /// The customer as Visma shall hold it, unsealed, and the keyed hash of that.
    async fn open_customer(&self, delivery: &Delivery, customer: &Customer) -> Result<(Wanted, String), Verdict> {
        match self.context.vault.open_bytes(&customer.person, &customer.sealed).await {
            Ok(bytes) => match CustomerData::decode(bytes.as_slice()) {
                Ok(data) => {
                    let body_hash = self.context.vault.keyed_hash_bytes(BODY, bytes.as_slice());
                    Ok((data.into(), body_hash))
                }
                Err(e) => Err(Verdict::Dead(unreadable(&chain(&e)))),
            },
            Err(e @ (VaultError::Erased | VaultError::Cipher(_))) => {
                let remedy = "an erased person cannot be created; else restore the key bucket and the master key";
                Err(Verdict::Dead(Problem::new(Code::PersonErased, chain(&e), remedy)))
            }
            Err(e) => Err(Verdict::retry(delivery.delivered, e.unusable())),
        }
    }
}

/// Another delivery has the customer in hand, and will not for long.
fn busy(delivery: &Delivery, why: &str) -> Verdict {
    let wait = wait_after(delivery.delivered, Duration::from_millis(50), Duration::from_secs(10));
    Verdict::RetryAfter(wait, why.to_owned())
}

/// An account's number is another customer's.
fn number_taken(key: &str, number: &str, taken: &[String]) -> Problem {
    let others = taken.join(", ");
    let sentence = format!(
        "the account {key} of the shop is the customer {number} in Visma, and its organisation or VAT number is that of \
         the customer {others}. The number was not written on {number}; the rest of the account was"
    );
    let remedy = format!(
        "look whether {number} and {others} are one company: then make one of them inactive in Visma; else correct the \
         number of the account in the shop, or of the customer in Visma"
    );
    Problem::new(Code::CustomerNumberTaken, sentence, &remedy)
}

/// A field as the wire names it. One that a newer version names is not touched.
fn field(field: CustomerField) -> Option<Field> {
    match field {
        CustomerField::Unspecified => None,
        CustomerField::Name => Some(Field::Name),
        CustomerField::Class => Some(Field::Class),
        CustomerField::CreditTerms => Some(Field::CreditTerms),
        CustomerField::VatZone => Some(Field::VatZone),
        CustomerField::CorporateId => Some(Field::CorporateId),
        CustomerField::VatRegistrationId => Some(Field::VatRegistrationId),
        CustomerField::ContactName => Some(Field::ContactName),
        CustomerField::Email => Some(Field::Email),
        CustomerField::Phone => Some(Field::Phone),
        CustomerField::Address => Some(Field::Address),
    }
}
