//! An invoice: whose it is, and that it stands in Visma once.

use ::visma::requests::Dispatch;
use effect::Record;
use pipeline::broker::take::Delivery;
use pipeline::problem::{Problem, chain, then_again};
use pipeline::verdict::Verdict;
use proto::{Command, Invoice, Message as _, Outcome, owner};

use super::Writer;
use super::lookups::Key;
use crate::create::{Document, Ended, unread, wanted};
use crate::entries::named;
use crate::{sha256, unreadable};

/// A document of the customer's ledger, read from its command.
pub(super) struct Booked {
    /// As Visma shall hold it.
    pub(super) document: ::visma::invoice::Invoice,
    /// Whose it is.
    pub(super) owner: owner::Customer,
    /// Sequence of the customer's command that it relies on.
    pub(super) relies_on: u64,
    /// Of the message without its prediction: what is sent, in a form that does not depend on how a request is written.
    pub(super) body_hash: String,
    /// What its entries say besides.
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
        let booked = booked(command, invoice)?;
        let number = self.owner(delivery, &booked.owner, booked.relies_on, ("invoice", &booked.entry)).await?;
        let request = self.company.create_invoice(&number, &booked.document, Dispatch::default());
        let document = Document {
            subject: self.record("invoice", &Self::key(delivery)),
            what: "invoice",
            wanted: wanted(delivery, command, booked.body_hash),
            key: Key::Reference(booked.document.external_reference),
            entry: booked.entry,
            marks: &[],
        };
        let request = request.map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?;
        match self.driver.create(delivery, &document, &request, unread(delivery)).await? {
            Ended::Done(_) => Ok(()),
            Ended::Differs(linked, _) => Err(changed(&document, &linked.number, "order")),
        }
    }

    /// Visma's number of the customer whose document it is.
    pub(super) async fn owner(
        &self,
        delivery: &Delivery,
        owner: &owner::Customer,
        relies_on: u64,
        dependent: (&str, &Outcome),
    ) -> Result<String, Verdict> {
        let key = match owner {
            owner::Customer::CustomerNumber(number) => return Ok(number.clone()),
            owner::Customer::CustomerKey(key) => key,
        };
        if let Some(number) = self.customers.linked(key) {
            return Ok(number);
        }
        let refusal = match self.driver.read(delivery, &self.record("customer", key)).await?.record {
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
            return Err(self.wait_for(delivery, "CUSTOMER_MISSING", self.documents.patience.0, dependent, &why));
        };
        let sentence = format!("its customer could not be had in Visma: {}", refusal.sentence);
        Err(Verdict::Dead(Problem::new(
            "CUSTOMER_REFUSED",
            named(dependent.0, dependent.1, &sentence),
            then_again("settle the customer's dead letter first"),
        )))
    }
}

/// Reads what an invoice's message says.
pub(super) fn booked(command: &Command, mut invoice: Invoice) -> Result<Booked, Verdict> {
    let owner = invoice.customer.clone().ok_or_else(|| Verdict::Dead(unreadable("it names no customer")))?;
    let predicted_total = invoice.predicted.take().map(|p| p.total).unwrap_or_default();
    let relies_on = std::mem::take(&mut invoice.customer_command_sequence);
    let body_hash = sha256(&invoice.encode_to_vec());
    let entry = Outcome {
        external_reference: invoice.external_reference.clone(),
        currency: invoice.currency.clone(),
        predicted_total,
        change_version: command.change_version.clone(),
        ..Outcome::default()
    };
    let document = ::visma::invoice::Invoice::try_from(invoice);
    let document = document.map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?;
    Ok(Booked { document, owner, relies_on, body_hash, entry })
}

/// The dead letter of a document that would be booked differently now.
pub(super) fn changed(document: &Document<'_, Key>, number: &str, source: &str) -> Verdict {
    let Outcome { external_reference, predicted_total, currency, .. } = &document.entry;
    let what = document.what;
    let sentence = format!(
        "the {source} of {external_reference} stands in Visma as {what} {number}, and would be booked differently now \
         ({predicted_total} {currency}): it was changed in Commerce, or the mapping file was"
    );
    let remedy =
        format!("compare both, and correct or credit the {what} in Visma by hand; this program does not change it");
    Verdict::Dead(Problem::new("CHANGED_AFTER_BOOKING", sentence, remedy))
}
