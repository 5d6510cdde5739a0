//! An invoice or a credit note of ours as it was seen in Visma: it is verified, its standing is told to the shop, and
//! what nobody may do to it is a dead letter.

use ::visma::compare::Shown;
use ::visma::read::InvoiceRead;
use async_nats::HeaderMap;
use bytes::Bytes;
use mapping::books::{self, Document};
use pipeline::clock;
use problem::{Code, Problem, READ_ANEW, chain, then_again};
use proto::seen::{DELETED, DETACHED, REFERENCE};
use proto::{Verification, command};
use record::Verdict;
use record::address::{Entity, Kind, System};
use record::envelope::{self, header, text};
use record::take::Delivery;
use record::{Entry, body};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::messages::Lane;
use crate::reading::said;
use crate::references::Owner;
use crate::{Mapper, Published, refused};

/// How long a document's command may be on its way into our own view of it.
const VIEW_PATIENCE: u64 = 60 * 60 * 1000;

/// A version of a document, decoded.
pub(crate) struct Version {
    value: Value,
    pub(crate) read: InvoiceRead,
    /// Our reference was taken away from it.
    is_detached: bool,
}

impl Mapper {
    /// Decides on one version of a document.
    pub(crate) async fn document(
        &self,
        delivery: &Delivery,
        kind: Document,
        number: &str,
    ) -> Result<Published, Verdict> {
        let (entity, place) = name(kind);
        let numbers = self.seen.note(entity, number, delivery);
        let reference = text(&delivery.headers, REFERENCE).unwrap_or_default();
        let reference = reference.as_ref();
        let Some(owner) = self.references.owner(reference) else {
            if self.is_archived(delivery).await? {
                return self.behind_horizon(delivery, place, (entity, number, reference)).await;
            }
            drift("unknown");
            let why =
                format!("{} {number} in Visma bears the reference {reference}, and no record knows it", entity.word());
            return Ok(self.messages.nothing(delivery, place, number, (Code::UnknownReference, &why)).await);
        };
        let Some(lane) = owner.lane.clone() else {
            return Err(self.until_followed(delivery));
        };
        // This process may remember a command that was archived since it started.
        if self.is_archived(delivery).await? && !self.is_commanded(delivery, &owner, &lane).await? {
            return self.behind_horizon(delivery, place, (entity, number, reference)).await;
        }
        if self.is_superseded(delivery).await? {
            let why = "a newer version of the document has been read, and is decided on instead";
            return Ok(self.messages.nothing(delivery, place, number, (Code::Superseded, why)).await);
        }
        let now = self.version(delivery, &delivery.headers, &delivery.payload).await?;
        let before = self.before(delivery).await?;
        if owner.entity == entity {
            let seen = verification(&owner, reference, &numbers, &now.read, is_gone(delivery));
            if let Err(problem) = self.verify(delivery, &lane, seen).await {
                return Ok(Err(problem));
            }
        }
        let note = books::standing_note(kind, before.as_ref().map(|before| &before.read), &now.read);
        if let Some(note) = note.filter(|_| self.rules.comments.invoice_status && !is_gone(delivery)) {
            let order = self.increment_id(delivery, &lane).await?;
            let place = format!("{}-{number}", entity.name());
            if let Err(problem) = self.comment(delivery, &place, (&lane, &order), (note, Vec::new())).await {
                return Ok(Err(problem));
            }
        }
        let was_detached = before.as_ref().is_some_and(|was| was.is_detached);
        let altered = before.and_then(|was| books::altered((&was.read, &was.value), (&now.read, &now.value)));
        match altered {
            Some(refusal) => {
                drift("altered");
                Err(refused(refusal))
            }
            None if now.is_detached && !was_detached => {
                drift("detached");
                Err(detached(entity, reference, &now.read))
            }
            None => Ok(Ok(())),
        }
    }

    pub(crate) async fn verify(&self, delivery: &Delivery, lane: &str, seen: Verification) -> Result<(), Problem> {
        let address = self.log.command(System::Visma, Entity::Verification, &seen.number, lane);
        let document = command::Document::Verification(seen);
        self.messages
            .publish(&address, self.messages.command(delivery, &address, Lane::named(lane), document))
            .await
            .map(drop)
    }

    /// The version before this one, unless it is the first.
    async fn before(&self, delivery: &Delivery) -> Result<Option<Version>, Verdict> {
        match self.previous(delivery).await? {
            // What was recorded as gone says nothing of what it was.
            Some(entry) if header(&entry.headers, DELETED).is_some() => Ok(None),
            Some(entry) => self.version(delivery, &entry.headers, &entry.payload).await.map(Some),
            None => Ok(None),
        }
    }

    /// The change of the version before this one, unless it is the first.
    pub(crate) async fn previous(&self, delivery: &Delivery) -> Result<Option<Entry>, Verdict> {
        let previous = said(&delivery.subject, &delivery.headers, envelope::PREVIOUS)?;
        let Some(previous) = previous else { return Ok(None) };
        let entry = self.log.at(Kind::Change, previous).await;
        entry.map_err(|problem| Verdict::retry(delivery.delivered, problem))
    }

    pub(crate) async fn version(
        &self,
        delivery: &Delivery,
        headers: &HeaderMap,
        payload: &Bytes,
    ) -> Result<Version, Verdict> {
        let value = self.record(delivery, headers, payload).await?;
        let read = InvoiceRead::read(&value).map_err(|e| unreadable(delivery, &e))?;
        Ok(Version { value, read, is_detached: header(headers, DETACHED).is_some() })
    }

    /// A record as it was polled. Of an erased person it is decided on all the same, with the texts sealed.
    pub(crate) async fn record(
        &self,
        delivery: &Delivery,
        headers: &HeaderMap,
        payload: &Bytes,
    ) -> Result<Value, Verdict> {
        let bytes = body::unpacked(headers, payload).await.map_err(|e| unreadable(delivery, &e))?;
        let text = std::str::from_utf8(&bytes).map_err(|e| unreadable(delivery, &e))?;
        let opened = match self.context.vault.open_text(text).await {
            Ok(opened) => Some(opened),
            Err(e) if e.passes() => return Err(Verdict::retry(delivery.delivered, e.unusable())),
            Err(_) => None,
        };
        let text = opened.as_ref().map_or(text, |opened| opened.as_str());
        serde_json::from_str(text).map_err(|e| unreadable(delivery, &e))
    }

    /// The command of the document was published by us a moment ago, and our own view has not followed yet.
    fn until_followed(&self, delivery: &Delivery) -> Verdict {
        let missing = |sentence: &str, remedy: String| Problem::new(Code::CommandMissing, sentence, remedy);
        let age = clock::now_millis().saturating_sub(delivery.stored_at);
        if age < VIEW_PATIENCE {
            let remedy = "nothing: the view follows".to_owned();
            let problem = missing("the command of this document is not in the view yet", remedy);
            return Verdict::retry(delivery.delivered, problem);
        }
        let remedy = then_again("have the shop's document decided on again");
        Verdict::Dead(missing("the command of this document was decided on and never published", remedy))
    }
}

/// Returns the kind of a document at Visma, and among our own decisions.
fn name(kind: Document) -> (Entity, Entity) {
    match kind {
        Document::Invoice => (Entity::Invoice, Entity::SeenInvoice),
        Document::CreditNote => (Entity::CreditNote, Entity::SeenCreditNote),
    }
}

fn is_gone(delivery: &Delivery) -> bool {
    header(&delivery.headers, DELETED).is_some()
}

pub(crate) fn verification(
    owner: &Owner,
    reference: &str,
    numbers: &[String],
    read: &InvoiceRead,
    deleted: bool,
) -> Verification {
    let text = |amount: Option<Decimal>| amount.map(|amount| amount.to_string()).unwrap_or_default();
    let seen = Verification {
        entity: owner.entity.name().to_owned(),
        key: owner.key.clone(),
        number: read.number.clone(),
        external_reference: reference.to_owned(),
        status: read.status.clone().unwrap_or_default(),
        balance: text(read.open_balance()),
        etag: read.time_stamp.as_ref().map(|etag| etag.as_str().to_owned()).unwrap_or_default(),
        duplicates: if numbers.len() > 1 { numbers.to_vec() } else { Vec::new() },
        deleted,
        ..Verification::default()
    };
    seen.showing(Shown::of(read))
}

/// Returns the dead letter of a document that does not say any longer that it is ours.
fn detached(entity: Entity, reference: &str, read: &InvoiceRead) -> Verdict {
    let now = read.external_reference.as_deref().map_or_else(|| "none".to_owned(), |other| format!("`{other}`"));
    let sentence = format!(
        "{} {} in Visma was booked under our reference {reference}, and its external reference is {now} now",
        entity.word(),
        read.number
    );
    let remedy = "enter the reference again in Visma: without it a second document of the order would not be noticed";
    Verdict::Dead(Problem::new(Code::ReferenceRemoved, sentence, remedy))
}

pub(crate) fn unreadable(delivery: &Delivery, error: &dyn std::error::Error) -> Verdict {
    let sentence = format!("{} cannot be read: {}", delivery.subject, chain(error));
    Verdict::Dead(Problem::new(Code::ChangeUnreadable, sentence, READ_ANEW))
}

/// Counts something found in Visma that should not be there, or is not as it should be.
fn drift(kind: &'static str) {
    metrics::counter!("ml_drift_total", "kind" => kind).increment(1);
}
