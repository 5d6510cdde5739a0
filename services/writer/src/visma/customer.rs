//! A customer: matched with one that stands in Visma, or created.

use std::time::Duration;

use ::visma::payload::spelled;
use effect::Record;
use pipeline::broker::take::Delivery;
use pipeline::envelope::{self, Cause, header};
use pipeline::problem::{Problem, chain};
use pipeline::retry::wait_after;
use pipeline::vault::VaultError;
use pipeline::verdict::Verdict;
use proto::matching::{Marks, NUMBER};
use proto::{Command, Customer, CustomerData, Kind, Message as _, Outcome};

use super::Writer;
use super::customers::Match;
use super::lookups::Key;
use crate::create::{Document, Ended, wanted};
use crate::records::Held;
use crate::{now, unreadable};

impl Writer {
    /// Applies a customer command.
    pub(crate) async fn customer(&self, delivery: &Delivery, command: &Command, customer: Customer) -> Verdict {
        let key = customer.key.clone();
        match self.try_customer(delivery, command, customer).await {
            Ok(()) => Verdict::Done,
            Err(Verdict::Dead(problem)) => self.give_up(delivery, command, &key, problem).await,
            Err(verdict) => verdict,
        }
    }

    /// A customer that is given up on is refused in its record too, so that its invoices do not wait for it. Not over
    /// an intent: a refusal is proof that nothing stands in Visma, and an intent says that something may.
    async fn give_up(&self, delivery: &Delivery, command: &Command, key: &str, problem: Problem) -> Verdict {
        let subject = self.record("customer", key);
        let held = match self.driver.records.read(&subject).await {
            Ok(held) => held,
            Err(problem) => return Verdict::retry(delivery.delivered, problem.to_string()),
        };
        if !matches!(held.record, Record::Intent(_)) {
            self.customers.release(key);
        }
        let settled = match &held.record {
            Record::Linked(_) | Record::Intent(_) => true,
            Record::Rejected(rejected) => rejected.command == command.id,
            Record::Absent => false,
        };
        if !settled {
            let entry = Outcome {
                kind: Kind::Rejected.into(),
                command_id: command.id.clone(),
                command_sequence: delivery.sequence,
                change_sequence: command.change_sequence,
                change_version: command.change_version.clone(),
                written_at: now().0,
                refusal_code: problem.code.to_string(),
                refusal_sentence: problem.sentence.clone(),
                ..Outcome::default()
            };
            let cause = Cause::of(&delivery.headers);
            if self.driver.records.write(&subject, &entry, &[], held.sequence, &cause).await.is_none() {
                return Verdict::retry(delivery.delivered, "the customer's record has moved");
            }
        }
        Verdict::Dead(problem)
    }

    async fn try_customer(&self, delivery: &Delivery, command: &Command, customer: Customer) -> Result<(), Verdict> {
        let data = self.open_customer(delivery, &customer).await?;
        let (corporate, vat) = (data.corporate_id.as_deref(), data.vat_registration_id.as_deref());
        let marks = Marks::of(Some(&data.contact.email), corporate, vat);
        let marks = marks.hashed(|purpose, text| self.context.vault.keyed_hash(purpose, text));
        let subject = self.record("customer", &customer.key);
        let request = self.company.create_customer(&data, None).map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?;
        let entry = Outcome { change_version: command.change_version.clone(), ..Outcome::default() };
        let identity = header(&delivery.headers, envelope::VERSION).unwrap_or_default().to_owned();
        let document = Document {
            subject,
            what: "customer",
            wanted: wanted(delivery, command, identity),
            request,
            key: Key::Email(spelled(&data.contact.email)),
            entry,
            marks: &marks,
        };
        let held = self.driver.records.read(&document.subject).await;
        let held = held.map_err(|problem| Verdict::retry(delivery.delivered, problem.to_string()))?;
        if self.matched(delivery, &customer.key, &document, &held).await? {
            return Ok(());
        }
        if !self.customers.reserve(&customer.key, &marks) {
            let wait = wait_after(delivery.delivered, Duration::from_millis(50), Duration::from_secs(10));
            return Err(Verdict::RetryAfter(wait, "the same customer is being created under another key".to_owned()));
        }
        match self.driver.create(delivery, &document, Some(held)).await? {
            Ended::Done(Record::Linked(linked)) => self.customers.link(&customer.key, &linked.number, &marks),
            Ended::Done(Record::Absent | Record::Intent(_) | Record::Rejected(_)) => {}
            // Who the customer is stands; bringing its fields up to date is the flow of customers, not of orders.
            Ended::Differs(linked, sequence) => {
                self.settle(delivery, &customer.key, &document, &linked.number, sequence).await?;
            }
        }
        Ok(())
    }

    /// Links a customer that has no record yet with the one that it is in Visma, if there is one.
    async fn matched(
        &self,
        delivery: &Delivery,
        key: &str,
        document: &Document<'_, Key>,
        held: &Held,
    ) -> Result<bool, Verdict> {
        match held.record {
            Record::Absent | Record::Rejected(_) => {}
            Record::Intent(_) | Record::Linked(_) => return Ok(false),
        }
        match self.customers.find(document.marks) {
            Match::Nobody => Ok(false),
            Match::One(number) => {
                self.settle(delivery, key, document, &number, held.sequence).await?;
                Ok(true)
            }
            Match::Several(numbers) => {
                let sentence = format!(
                    "the customer of this order matches several customers in Visma: {}. Which one is meant is not guessed",
                    numbers.join(", ")
                );
                let remedy = "merge them in Visma, or make all but one inactive; then replay the dead letter";
                Err(Verdict::Dead(Problem::new("CUSTOMER_AMBIGUOUS", sentence, remedy)))
            }
        }
    }

    /// Writes the outcome that links a record with a number, without a call to Visma.
    async fn settle(
        &self,
        delivery: &Delivery,
        key: &str,
        document: &Document<'_, Key>,
        number: &str,
        after: u64,
    ) -> Result<(), Verdict> {
        let entry = Outcome { kind: Kind::Unchanged.into(), number: number.to_owned(), ..known(document) };
        let mut marks = document.marks.to_vec();
        marks.push((NUMBER, number.to_owned()));
        let cause = Cause::of(&delivery.headers);
        if self.driver.records.write(&document.subject, &entry, &marks, after, &cause).await.is_none() {
            return Err(Verdict::retry(delivery.delivered, "the customer's record has moved"));
        }
        self.customers.link(key, number, document.marks);
        Ok(())
    }

    /// The customer as Visma shall hold it, unsealed.
    async fn open_customer(
        &self,
        delivery: &Delivery,
        customer: &Customer,
    ) -> Result<::visma::customer::Customer, Verdict> {
        match self.context.vault.open_bytes(&customer.person, &customer.sealed).await {
            Ok(bytes) => match CustomerData::decode(bytes.as_slice()) {
                Ok(data) => Ok(data.into()),
                Err(e) => Err(Verdict::Dead(unreadable(&chain(&e)))),
            },
            Err(e @ (VaultError::Erased | VaultError::Cipher(_))) => {
                let remedy = "an erased person cannot be created; else restore the key bucket and the master key";
                Err(Verdict::Dead(Problem::new("PERSON_ERASED", chain(&e), remedy)))
            }
            Err(e) => Err(Verdict::retry(delivery.delivered, chain(&e))),
        }
    }
}

/// What every entry of this document says.
fn known(document: &Document<'_, Key>) -> Outcome {
    Outcome {
        command_id: document.wanted.command.clone(),
        command_sequence: document.wanted.command_seq,
        change_sequence: document.wanted.source_seq,
        body_hash: document.wanted.body_hash.clone(),
        written_at: now().0,
        ..document.entry.clone()
    }
}
