//! A reference: the number of a Commerce invoice, written on the Visma invoice that its order became.
//!
//! Its record is its own; what it is written on keeps the hash of the body that it was booked with. The text that it is
//! written into may hold an accountant's words: it is read first, and added to.

use ::visma::etag::Etag;
use ::visma::read::is_draft;
use ::visma::requests::{Amendment, Company};
use bytes::Bytes;
use effect::{Linked, Record};
use http::Request;
use problem::{Problem, chain};
use proto::{Command, Kind, Outcome, Reference};
use record::Verdict;
use record::address::{Address, Entity};
use record::envelope::Cause;
use record::take::Delivery;
use serde_json::Value;

use super::Writer;
use super::lookups::Key;
use super::settings::{OnReleased, ReferenceIn};
use super::standing::LATE_INVOICE;
use crate::amend::{Amended, Change};
use crate::create::{Document, wanted};
use crate::entries::fill;
use crate::sha256;
use crate::{now, unreadable};
use record::Current;

impl Writer {
    /// Applies a reference command.
    pub(super) async fn reference(
        &self,
        delivery: &Delivery,
        command: &Command,
        reference: Reference,
    ) -> Result<(), Verdict> {
        let invoice_address = self.record(Entity::Invoice, &reference.invoice_key);
        let entry = Outcome { change_version: command.change_version.clone(), ..Outcome::default() };
        let dependent = (Entity::Reference, &entry);
        let (invoice, held) = self.standing(delivery, &LATE_INVOICE, &invoice_address, dependent).await?;
        let address = self.record(Entity::Reference, delivery.address.key());
        let entry = Outcome { external_reference: held.entry.external_reference.clone(), ..entry };
        let document = Document {
            address,
            what: Entity::Invoice,
            wanted: wanted(delivery, command, sha256(reference.increment_id.as_bytes())),
            key: Key::Reference(entry.external_reference.clone()),
            entry,
            placed: &command.order_placed,
            marks: &[],
        };
        let own = self.pointed(delivery, &document, &invoice).await?;
        let change =
            Mention { company: &self.company, place: self.documents.reference_in, said: reference.increment_id };
        match self.driver.amend(delivery, &document, &change, own, None).await {
            Ok(Amended::Done(done)) => {
                self.note(delivery, command, &invoice_address, change.said, done.entry.etag).await
            }
            Ok(Amended::NotLinked) => Err(Verdict::moved(delivery.delivered, "the reference's record")),
            // The log says that it was refused; whether a person shall hear of it is a setting.
            Err(Verdict::Dead(problem)) if self.is_quiet(&problem, &held.entry) => Ok(()),
            Err(verdict) => Err(verdict),
        }
    }

    /// The reference's own record, pointing at the invoice that it is to be written on.
    async fn pointed(
        &self,
        delivery: &Delivery,
        document: &Document<'_, Key>,
        invoice: &Linked,
    ) -> Result<Current, Verdict> {
        let held = self.driver.read(delivery, &document.address).await?;
        if let Record::Linked(linked) = &held.record
            && linked.number == invoice.number
        {
            return Ok(held);
        }
        // Not settled by this: no command and no body.
        let entry = Outcome {
            kind: Kind::Unchanged.into(),
            number: invoice.number.clone(),
            written_at: now().0,
            command_id: document.wanted.command.clone(),
            ..Outcome::default()
        };
        let entry = fill(entry, document, &held.entry);
        let cause = Cause::of(&delivery.headers);
        match self.driver.appender.append(&document.address, &entry, &[], held.sequence, &cause).await {
            Some(_) => self.driver.read(delivery, &document.address).await,
            None => Err(Verdict::moved(delivery.delivered, "the reference's record")),
        }
    }

    /// Adds the reference, and the version that it led to, to what the invoice's record says.
    async fn note(
        &self,
        delivery: &Delivery,
        command: &Command,
        address: &Address,
        said: String,
        etag: String,
    ) -> Result<(), Verdict> {
        let held = self.driver.read(delivery, address).await?;
        if held.entry.references.contains(&said) || !matches!(held.record, Record::Linked(_)) {
            return Ok(());
        }
        let mut entry = Outcome {
            kind: Kind::Unchanged.into(),
            command_id: command.id.clone(),
            written_at: now().0,
            applied_at: now().0,
            etag,
            ..held.entry
        };
        entry.references.push(said);
        match self.driver.appender.append(address, &entry, &[], held.sequence, &Cause::of(&delivery.headers)).await {
            Some(_) => Ok(()),
            None => Err(Verdict::moved(delivery.delivered, "the invoice's record")),
        }
    }

    /// True when this is the refusal to write on a released invoice, and the settings want no dead letter for it.
    fn is_quiet(&self, problem: &Problem, invoice: &Outcome) -> bool {
        let released = problem.code == ::visma::refusal::Refusal::Released.code()
            || problem.code == ::visma::refusal::Refusal::Other.code()
                && !invoice.status.is_empty()
                && !is_draft(&invoice.status);
        released && self.documents.reference_on_released == OnReleased::Outcome
    }
}

/// A number that shall stand in a text.
struct Mention<'a> {
    company: &'a Company,
    place: ReferenceIn,
    said: String,
}

impl Mention<'_> {
    fn text(&self, says: &Value) -> String {
        let name = match self.place {
            ReferenceIn::Note => "note",
            ReferenceIn::Text => "invoiceText",
        };
        let text = says.get(name).unwrap_or(&Value::Null);
        text.get("value").unwrap_or(text).as_str().unwrap_or_default().trim_end().to_owned()
    }
}

impl Change for Mention<'_> {
    fn reading(&self, number: &str) -> Result<Request<Bytes>, Problem> {
        self.company.invoice(number).map_err(|e| unreadable(&chain(&e)))
    }

    fn adds(&self) -> bool {
        true
    }

    fn differs(&self, says: &Value) -> bool {
        // As a word: `12` stands not in `000000012`.
        !self.text(says).split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| word == self.said)
    }

    fn writing(&self, number: &str, etag: &str, says: Option<&Value>) -> Result<Request<Bytes>, Problem> {
        let before = says.map(|says| self.text(says)).unwrap_or_default();
        let said = match (before.as_str(), self.place) {
            ("", _) => format!("Invoice {}", self.said),
            (before, ReferenceIn::Note) => format!("{before}\nInvoice {}", self.said),
            (before, ReferenceIn::Text) => format!("{before}, invoice {}", self.said),
        };
        let etag = Etag::parse(etag).ok_or_else(|| unreadable("there is no version to write under"))?;
        let amendment = match self.place {
            ReferenceIn::Note => Amendment::Note(&said),
            ReferenceIn::Text => Amendment::Text(&said),
        };
        self.company.amend_invoice(number, &etag, amendment).map_err(|e| unreadable(&chain(&e)))
    }
}

#[cfg(test)]
mod tests;
