//! An invoice: whose it is, and that it stands in Visma once.

use std::time::Duration;

use ::visma::requests::Dispatch;
use effect::Record;
use pipeline::broker::take::Delivery;
use pipeline::problem::{Problem, chain};
use pipeline::retry::wait_after;
use pipeline::subject::{key_of, untoken};
use pipeline::verdict::Verdict;
use proto::{Command, Invoice, Message as _, Outcome, owner};

use super::Writer;
use super::lookups::Key;
use crate::create::{Document, Ended, named, wanted};
use crate::unreadable;

/// An invoice waits for its customer this long before a person is asked.
const CUSTOMER_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

impl Writer {
    /// Applies an invoice command.
    pub(crate) async fn invoice(&self, delivery: &Delivery, command: &Command, invoice: Invoice) -> Verdict {
        match self.try_invoice(delivery, command, invoice).await {
            Ok(()) => Verdict::Done,
            Err(verdict) => verdict,
        }
    }

    async fn try_invoice(&self, delivery: &Delivery, command: &Command, mut invoice: Invoice) -> Result<(), Verdict> {
        let owner = invoice.customer.clone().ok_or_else(|| Verdict::Dead(unreadable("it names no customer")))?;
        let predicted = invoice.predicted.take().map(|p| p.total).unwrap_or_default();
        // Of the message without its prediction: what is sent, in a form that does not depend on how a request is
        // written.
        let relies_on = std::mem::take(&mut invoice.customer_command_sequence);
        let body_hash = sha256(&invoice.encode_to_vec());
        let key = key_of(&delivery.subject).map(untoken).unwrap_or_default();
        let entry = Outcome {
            external_reference: invoice.external_reference.clone(),
            currency: invoice.currency.clone(),
            predicted_total: predicted,
            change_version: command.change_version.clone(),
            ..Outcome::default()
        };
        let number = self.owner(delivery, owner, relies_on, &entry).await?;
        let invoice =
            ::visma::invoice::Invoice::try_from(invoice).map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?;
        let request = self.company.create_invoice(&number, &invoice, Dispatch::default());
        let document = Document {
            subject: self.record("invoice", &key),
            what: "invoice",
            wanted: wanted(delivery, command, body_hash),
            request: request.map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?,
            key: Key::Reference(invoice.external_reference.clone()),
            entry,
            marks: &[],
        };
        match self.driver.create(delivery, &document, None).await? {
            Ended::Done(_) => Ok(()),
            Ended::Differs(linked, _) => Err(Verdict::Dead(Problem::new(
                "CHANGED_AFTER_BOOKING",
                format!(
                    "the order of {} stands in Visma as invoice {}, and would be booked differently now ({} {}): it was \
                     changed in Commerce, or the mapping file was",
                    document.entry.external_reference,
                    linked.number,
                    document.entry.predicted_total,
                    document.entry.currency
                ),
                "compare both, and correct or credit the invoice in Visma by hand; this program does not change it",
            ))),
        }
    }

    /// Visma's number of the customer whose invoice it is.
    async fn owner(
        &self,
        delivery: &Delivery,
        owner: owner::Customer,
        relies_on: u64,
        invoice: &Outcome,
    ) -> Result<String, Verdict> {
        let key = match owner {
            owner::Customer::CustomerNumber(number) => return Ok(number),
            owner::Customer::CustomerKey(key) => key,
        };
        if let Some(number) = self.customers.linked(&key) {
            return Ok(number);
        }
        let subject = self.record("customer", &key);
        let held = self.driver.records.read(&subject).await;
        match held.map_err(|problem| Verdict::retry(delivery.delivered, problem.to_string()))?.record {
            Record::Linked(linked) => {
                self.customers.link(&key, &linked.number, &[]);
                Ok(linked.number)
            }
            // An earlier command's refusal: the one that this invoice relies on is still under way.
            Record::Rejected(rejected) if rejected.command_seq < relies_on => {
                Err(self.wait_for_customer(delivery, &key, invoice))
            }
            Record::Rejected(rejected) => {
                let sentence = format!("its customer could not be had in Visma: {}", rejected.refusal.sentence);
                Err(Verdict::Dead(Problem::new(
                    "CUSTOMER_REFUSED",
                    named("invoice", invoice, &sentence),
                    "settle the customer's dead letter first, then replay this one",
                )))
            }
            Record::Absent | Record::Intent(_) => Err(self.wait_for_customer(delivery, &key, invoice)),
        }
    }

    fn wait_for_customer(&self, delivery: &Delivery, key: &str, invoice: &Outcome) -> Verdict {
        let age = pipeline::clock::now_millis().saturating_sub(delivery.stored_at);
        if u128::from(age) < CUSTOMER_PATIENCE.as_millis() {
            let wait = wait_after(delivery.delivered, Duration::from_millis(20), Duration::from_secs(30));
            return Verdict::RetryAfter(wait, format!("the customer {key} is not settled yet"));
        }
        let sentence = format!("its customer {key} has not been settled for a day");
        Verdict::Dead(Problem::new(
            "CUSTOMER_MISSING",
            named("invoice", invoice, &sentence),
            "look for the customer's dead letter; then replay this one",
        ))
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    hex::encode(Sha256::digest(bytes))
}
