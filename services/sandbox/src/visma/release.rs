//! Releasing: Visma answers at once and works afterwards.
//!
//! The answer says `Queued` or `InProcess`; the document's status changes when the work is done, and it does not
//! change when the work fails. What is due is done when anybody next looks at the books, so no task is needed.

use std::time::{Duration, Instant};

use super::audit::Entity;
use super::books::Books;
use super::config::ReleaseAnswer;
use super::document::write::update;
use super::document::{Application, Document, Status};
use super::payment;
use super::reply::VismaRefusal;

/// A release under way.
#[derive(Debug)]
pub(super) struct Pending {
    due: Instant,
    entity: Entity,
    number: String,
}

impl Document {
    /// Refuses what a document cannot be put through: it is released already, or is being released.
    ///
    /// # Errors
    /// A sentence that names what was tried.
    pub(super) fn must_be_unreleased(&self, tried: &str) -> Result<(), VismaRefusal> {
        unreleased(self.kind.noun(), self.status, self.releasing, tried)
    }
}

/// Refuses what cannot be done to something released, or being released.
///
/// # Errors
/// A sentence that names what was tried.
pub(super) fn unreleased(noun: &str, status: Status, releasing: bool, tried: &str) -> Result<(), VismaRefusal> {
    if releasing {
        return Err(VismaRefusal::Invalid(format!("{noun} can't be {tried} because it is being released.")));
    }
    if status.released() {
        return Err(VismaRefusal::Invalid(format!("{noun} can't be {tried} because it is already released.")));
    }
    Ok(())
}

/// Looks at the release of a document.
///
/// # Errors
/// [`VismaRefusal::NotFound`], [`VismaRefusal::Stale`], or what stands in the way.
pub(super) fn prepare(books: &Books, entity: Entity, number: &str, if_match: Option<&str>) -> Result<(), VismaRefusal> {
    let (status, stamps) = match entity {
        Entity::Payment => {
            let payment = books.payments.get(number).ok_or(VismaRefusal::NotFound)?;
            unreleased("Payment", payment.status, payment.releasing, "released")?;
            (payment.status, &payment.stamps)
        }
        _ => {
            let document = books.document(entity, number).ok_or(VismaRefusal::NotFound)?;
            document.must_be_unreleased("released")?;
            (document.status, &document.stamps)
        }
    };
    stamps.match_header(if_match)?;
    if status == Status::Hold {
        return Err(VismaRefusal::Invalid("Document is On Hold and cannot be released.".to_owned()));
    }
    Ok(())
}

impl Books {
    /// Starts a release that was found good, and gives `actionResult`.
    pub(super) fn release(&mut self, entity: Entity, number: &str) -> &'static str {
        if self.config.release_answer == ReleaseAnswer::Failed {
            self.audit.released(false);
            return ReleaseAnswer::Failed.name();
        }
        let takes = Duration::from_millis(self.config.release_ms);
        self.mark_releasing(entity, number);
        if takes.is_zero() {
            self.finish_release(entity, number);
            return "Done";
        }
        self.pending.push(Pending { due: Instant::now() + takes, entity, number: number.to_owned() });
        self.config.release_answer.name()
    }

    /// Finishes the releases that are due.
    pub(super) fn settle(&mut self, now: Instant) {
        if self.pending.iter().all(|pending| pending.due > now) {
            return;
        }
        let (due, waiting) = std::mem::take(&mut self.pending).into_iter().partition(|pending| pending.due <= now);
        self.pending = waiting;
        let mut due: Vec<Pending> = due;
        due.sort_by_key(|pending| pending.due);
        for pending in due {
            self.finish_release(pending.entity, &pending.number);
        }
    }

    fn mark_releasing(&mut self, entity: Entity, number: &str) {
        if let Some(document) = self.document(entity, number).cloned() {
            self.shelf_mut(document.kind).keep(Document { releasing: true, ..document });
        } else if let Some(payment) = self.payments.get_mut(number) {
            payment.releasing = true;
        }
    }

    /// Posts a document. When that cannot be done, it stays as it was, and nobody is told.
    fn finish_release(&mut self, entity: Entity, number: &str) {
        let posted = match entity {
            Entity::Payment => self.post_payment(number),
            _ => self.post_document(entity, number),
        };
        self.audit.released(posted);
    }

    fn post_document(&mut self, entity: Entity, number: &str) -> bool {
        let Some(mut document) = self.document(entity, number).cloned() else { return false };
        document.releasing = false;
        let good = !self.config.closed_periods.contains(&document.period) && self.covers(&document.applications);
        if good {
            self.apply(entity, number, &document.applications);
            document.applications.iter_mut().for_each(|one| one.released = true);
            document.status = Status::Open;
            document.status = document.posted();
            update(self, document);
        } else {
            self.shelf_mut(document.kind).keep(document);
        }
        good
    }

    fn post_payment(&mut self, number: &str) -> bool {
        let Some(mut payment) = self.payments.get(number).cloned() else { return false };
        payment.releasing = false;
        let good = !self.config.closed_periods.contains(&payment.period) && self.covers(&payment.applications);
        if good {
            self.apply(Entity::Payment, number, &payment.applications);
            payment.applications.iter_mut().for_each(|one| one.released = true);
            payment.status = if payment.available().is_zero() { Status::Closed } else { Status::Open };
            payment::write::update(self, payment);
        } else {
            self.payments.insert(number.to_owned(), payment);
        }
        good
    }

    /// True when the documents still have the balances that these applications take.
    fn covers(&self, applications: &[Application]) -> bool {
        applications.iter().all(|one| {
            self.document(one.entity, &one.number)
                .is_some_and(|document| document.status.released() && document.balance() >= one.amount)
        })
    }

    /// Takes the amounts from the documents that are settled.
    pub(super) fn apply(&mut self, by: Entity, number: &str, applications: &[Application]) {
        for one in applications {
            let Some(mut document) = self.document(one.entity, &one.number).cloned() else { continue };
            let mirrored = Application { entity: by, number: number.to_owned(), amount: one.amount, released: true };
            document.applications.push(mirrored);
            document.status = document.posted();
            update(self, document);
        }
    }
}
