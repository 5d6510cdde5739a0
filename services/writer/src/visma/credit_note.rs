//! A credit note: after the invoices that it credits, once, and never changed.

use record::address::Entity;
use record::entry::UNREADABLE;
use std::str::FromStr as _;

use ::visma::invoice::Invoice;
use ::visma::read::is_draft;
use ::visma::requests::{Application, Dispatch};
use problem::{Problem, chain};
use proto::{Command, CreditNote, Outcome};
use record::Verdict;
use record::take::Delivery;
use rust_decimal::Decimal;

use super::Writer;
use super::invoice::booked;
use super::lookups::Key;
use super::standing::INVOICE;
use crate::create::{Document, wanted};
use crate::unreadable;

impl Writer {
    /// Applies a credit note command.
    pub(super) async fn credit_note(
        &self,
        delivery: &Delivery,
        command: &Command,
        note: CreditNote,
    ) -> Result<(), Verdict> {
        self.credit(delivery, command, note, delivery.address.key(), "credit memo").await
    }

    /// Makes the credit note of this key stand. `source` is what it came from, for the sentence of a dead letter.
    pub(super) async fn credit(
        &self,
        delivery: &Delivery,
        command: &Command,
        note: CreditNote,
        key: &str,
        source: &str,
    ) -> Result<(), Verdict> {
        let message = note.document.ok_or_else(|| Verdict::Dead(unreadable("it holds no document")))?;
        let mut booked = booked(command, message)?;
        let dependent = (Entity::CreditNote, &booked.entry);
        let mut credited = Vec::new();
        for invoice in &note.invoice_keys {
            let (linked, held) =
                self.standing(delivery, &INVOICE, &self.record(Entity::Invoice, invoice), dependent).await?;
            credited.push((linked.number, held.entry));
        }
        let owner = self.owner(delivery, &booked.owner, booked.relies_on, dependent).await?;
        booked.on(&owner);
        refer(&mut booked.document, &credited);
        let applied = match self.documents.apply_credit_notes {
            true => applications(&booked.entry, &credited).map_err(Verdict::Dead)?,
            false => Vec::new(),
        };
        let request = self.company.create_credit_note(&owner, &booked.document, &applied, Dispatch::default());
        let request = request.map_err(|e| Verdict::Dead(unreadable(&chain(&e))))?;
        let (company, document) = (self.company.clone(), booked.document.clone());
        let in_period = move |period: &str| {
            let document = Invoice { financial_period: Some(period.to_owned()), ..document.clone() };
            company.create_credit_note(&owner, &document, &applied, Dispatch::default())
        };
        let request = booked.create(request, Box::new(in_period));
        let document = Document {
            address: self.record(Entity::CreditNote, key),
            what: Entity::CreditNote,
            wanted: wanted(delivery, command, booked.body_hash),
            key: Key::CreditNote(booked.document.external_reference),
            entry: booked.entry,
            placed: &command.order_placed,
            marks: &[],
        };
        Box::pin(self.stand(delivery, document, &request, source)).await
    }
}

/// Names the invoices that are credited, by Visma's numbers, in the note: for the accountant, whatever is applied to
/// what.
fn refer(document: &mut Invoice, credited: &[(String, Outcome)]) {
    let numbers: Vec<_> = credited.iter().map(|(number, _)| number.as_str()).collect();
    if numbers.is_empty() {
        return;
    }
    let said = format!("Credits invoice {}", numbers.join(", "));
    let before = document.note.take().filter(|note| !note.is_empty());
    document.note = Some(before.map_or(said.clone(), |note| format!("{note}\n{said}")));
}

/// Returns how much of the credit note is applied to which invoice: as much as the last poll saw open, in the order in
/// which the invoices are named. Nothing can be applied to an invoice that is not released.
fn applications(entry: &Outcome, credited: &[(String, Outcome)]) -> Result<Vec<Application>, Problem> {
    let total = Decimal::from_str(&entry.predicted_total);
    let mut left = total.map_err(|e| unreadable(&format!("the total {} is none: {e}", entry.predicted_total)))?;
    let mut applied = Vec::new();
    for (number, invoice) in credited {
        // Not released, or no poll has seen what is open of it.
        if invoice.status.is_empty() || is_draft(&invoice.status) || invoice.balance.is_empty() {
            continue;
        }
        let open = Decimal::from_str(&invoice.balance).map_err(|e| {
            let sentence = format!("the open balance {} of invoice {number} cannot be read: {e}", invoice.balance);
            Problem::new(UNREADABLE, sentence, "look at the record's last entry, then try the dead letter again")
        })?;
        let amount = left.min(open);
        if invoice.currency == entry.currency && amount > Decimal::ZERO {
            left = left.saturating_sub(amount);
            applied.push(Application { invoice: number.clone(), amount });
        }
    }
    Ok(applied)
}

#[cfg(test)]
mod tests;
