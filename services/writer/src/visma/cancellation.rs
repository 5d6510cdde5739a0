//! A cancellation: what was booked is deleted while it is not released, and credited in full otherwise; what was not
//! booked yet is not booked any more. What a poll has seen released, Visma is not asked to delete.

use problem::{Code, Problem};
use proto::{Cancellation, Command, Outcome};
use record::Verdict;
use record::address::{Entity, note_over};
use record::take::Delivery;

use super::Writer;
use super::lookups::Key;
use crate::create::{Document, Fallen, wanted};

impl Writer {
    /// Applies a cancellation.
    pub(super) async fn cancellation(
        &self,
        delivery: &Delivery,
        command: &Command,
        cancellation: Cancellation,
    ) -> Result<(), Verdict> {
        let address = self.record(Entity::Invoice, &cancellation.invoice_key);
        let held = self.driver.read(delivery, &address).await?;
        // What is in doubt is looked for under the reference that it was sent with; what the log does not know under
        // the one that it has in the shop.
        let reference = match held.entry.external_reference.as_str() {
            "" => cancellation.external_reference.clone(),
            known => known.to_owned(),
        };
        // An invoice that the log does not know came to what its credit note does.
        let credited = cancellation.credit_note.as_ref().and_then(|note| note.document.as_ref());
        let predicted = credited.and_then(|document| document.predicted.as_ref());
        let entry = Outcome {
            external_reference: reference.clone(),
            currency: credited.map(|document| document.currency.clone()).unwrap_or_default(),
            predicted_total: predicted.map(|predicted| predicted.total.clone()).unwrap_or_default(),
            change_version: command.change_version.clone(),
            ..Outcome::default()
        };
        let document = Document {
            address,
            what: Entity::Invoice,
            wanted: wanted(delivery, command, String::new()),
            key: Key::Reference(reference),
            entry,
            placed: &command.order_placed,
            marks: &[],
        };
        let linked = match self.driver.withdraw(delivery, &document, was_released).await? {
            Fallen::Done => return Ok(()),
            Fallen::Stands(linked) => linked,
        };
        let Some(note) = cancellation.credit_note else {
            let sentence = format!(
                "invoice {} was to be taken back ({}), and Visma does not delete it any more: it is released",
                linked.number, cancellation.reason
            );
            let remedy = "credit it in Visma by hand";
            return Err(Verdict::Dead(Problem::new(Code::CancelledAfterRelease, sentence, remedy)));
        };
        let key = note_over(delivery.address.key());
        self.credit(delivery, command, note, &key, "cancelled order").await
    }
}

/// True when a poll has seen the document released: a release cannot be undone.
fn was_released(entry: &Outcome) -> bool {
    matches!(entry.status.as_str(), "Open" | "Closed")
}
