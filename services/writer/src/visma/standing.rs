//! Documents that another document depends on: it waits for them without holding up other lanes, and not for ever.

use crate::now;
use record::Wait;
use record::address::{Address, Entity};
use std::time::Duration;

use effect::{Linked, Millis, Record, Refusal};
use problem::{Code, Problem, then_again};
use proto::Outcome;
use record::Verdict;
use record::take::Delivery;

use super::Writer;
use crate::entries::named;
use record::Current;

/// Kind of document that another one depends on, and the codes of the dead letters where it is missing.
pub(super) struct Needs {
    /// Its kind.
    pub(super) what: Entity,
    /// Code of a dead letter when what it depends on was refused.
    pub(super) refused: Code,
    /// Code of a dead letter when it was waited for too long.
    pub(super) missing: Code,
    /// It may come long after: what waits follows from a Commerce invoice, and the order is booked when it is shipped.
    pub(super) late: bool,
}

/// The record that is waited for.
pub(super) struct On<'a> {
    pub(super) address: &'a Address,
    /// Sequence of its last entry, 0 for none.
    pub(super) seen: u64,
    /// It is likely to move within moments.
    pub(super) is_soon: bool,
}

/// The invoice that something is about.
pub(super) const INVOICE: Needs =
    Needs { what: Entity::Invoice, refused: Code::InvoiceRefused, missing: Code::InvoiceMissing, late: false };
/// The invoice that a payment settles, or that a reference is written on.
pub(super) const LATE_INVOICE: Needs = Needs { late: true, ..INVOICE };
/// The credit note that something is about.
pub(super) const CREDIT_NOTE: Needs =
    Needs { what: Entity::CreditNote, refused: Code::CreditNoteRefused, missing: Code::CreditNoteMissing, late: false };

impl Writer {
    /// The record of a document that must stand before `dependent` can be settled, or the verdict of waiting for it.
    pub(super) async fn standing(
        &self,
        delivery: &Delivery,
        needs: &Needs,
        address: &Address,
        dependent: (Entity, &Outcome),
    ) -> Result<(Linked, Current), Verdict> {
        let held = self.driver.read(delivery, address).await?;
        let refused = |sentence: String| {
            let sentence = named(dependent.0, dependent.1, &sentence);
            let remedy = then_again(&format!("settle the {}'s dead letter first", needs.what.word()));
            Err(Verdict::Dead(Problem::new(needs.refused, sentence, remedy)))
        };
        match held.record.clone() {
            Record::Linked(linked) if held.entry.deleted => {
                refused(format!("its {} {} was deleted in Visma", needs.what.word(), linked.number))
            }
            Record::Linked(linked) => Ok((linked, held)),
            Record::Rejected(rejected) => refused(said(needs.what, &rejected.refusal)),
            Record::GivenUp(given_up) => refused(said(needs.what, &given_up.refusal)),
            Record::Withdrawn(_) => refused(format!("its {} was cancelled", needs.what.word())),
            Record::Absent | Record::Intent(_) => {
                let why = format!("its {} is not settled yet", needs.what.word());
                let patience = if needs.late { self.documents.release_patience } else { self.documents.patience };
                let on = On { address, seen: held.sequence, is_soon: !needs.late };
                Err(Self::wait_for(delivery, needs.missing, (patience.0, on), dependent, &why))
            }
        }
    }

    /// The verdict of waiting for something that another command settles: until that moves, or for a person after
    /// `patience`.
    pub(super) fn wait_for(
        delivery: &Delivery,
        code: Code,
        (patience, on): (Duration, On<'_>),
        (what, entry): (Entity, &Outcome),
        why: &str,
    ) -> Verdict {
        let until = Millis(delivery.stored_at).after(patience).0;
        if now().0 < until {
            let (on, seen, is_soon) = (on.address.clone(), on.seen, on.is_soon);
            return Verdict::Wait(Wait { on, seen, until, is_soon, why: why.to_owned() });
        }
        let sentence = named(what, entry, &format!("{why}, and has not been for {patience:?}"));
        let remedy = then_again("settle the dead letter of what it waits for");
        Verdict::Dead(Problem::new(code, sentence, remedy))
    }
}

fn said(what: Entity, refusal: &Refusal) -> String {
    format!("its {} could not be had in Visma: {}", what.word(), refusal.sentence)
}
