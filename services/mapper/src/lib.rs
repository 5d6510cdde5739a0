//! Takes changes, asks `mapping` what they shall become, publishes commands.
//!
//! The decision is pure; what is here is the opening of what is sealed, the ids, and the order of publishing. A
//! command's id derives from the change, the mapping's version and the replay run, so that deciding twice publishes
//! once. Each kind of record has a file of its own; how a change is opened is in `reading`, how messages are made in
//! `messages`.

mod archived;
mod cancelled;
mod comments;
mod creditmemo;
mod customer;
mod document;
mod invoice;
mod messages;
mod order;
mod parties;
mod purchases;
mod reading;
mod references;
mod seen;
mod supply;
mod unseen;

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use mapping::books::Document;
use mapping::{Mapping, Refusal, Scope, ToDo};
use pipeline::service::Context;
use problem::{Code, Problem, then_again};
use record::address::{Entity, Kind, System};
use record::streams::Durable;
use record::take::{self, Delivery, Stage};
use record::{Log, Verdict, backlog, capacity, view};

pub use comments::Comments;
use messages::Messages;
use parties::Parties;
use purchases::Purchases;
use references::References;
use seen::Seen;

/// The service's name.
pub const NAME: &str = "mapper";
/// Its consumer of changes.
pub const DURABLE: Durable = Durable { name: NAME, kind: Kind::Change, system: None };
/// Changes in hand at once: the publisher makes batches of them when many wait.
const WIDTH: usize = 160;

/// Why it is not ready at first.
const UNREAD: &str = "the references in use have not been read yet";
/// A first delivery of a change that is younger than this, milliseconds, is taken to be the newest of its record.
const FRESH: u64 = 1_000;
/// How often another change is looked for that this one needs; with the growing waits between, some ten minutes.
const LOOKS: u64 = 20;

/// Result of publishing what follows from a change: `Ok` once it is on disk; if it is not, the change is tried again.
type Published = Result<(), Problem>;

/// Parts that the service works with, besides its context.
#[derive(Debug)]
pub struct Rules {
    /// The accountant's file.
    pub mapping: Mapping,
    /// Which orders are booked.
    pub scope: Scope,
    /// Comments that are written on the shop's orders.
    pub comments: Comments,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// When the streams are not there.
pub async fn run(context: Context, rules: Rules) -> Result<(), Problem> {
    let (log, stop) = (Log::open(&context), &context.stop);
    context.health.not_ready("references", UNREAD);
    let views = async {
        let (references, used) = references::follow(&log, stop).await;
        let (seen, documents) = seen::follow(&log, stop).await;
        let (purchases, bought) = purchases::follow(&log, stop).await;
        view::until_up(&context.health, "references", UNREAD, &[&used, &documents, &bought]).await;
        (references, seen, purchases)
    };
    let (references, seen, purchases) = tokio::select! {
        views = views => views,
        () = context.stop.cancelled() => return Ok(()),
    };
    let messages = Messages::new(&log, rules.mapping.version());
    let parties = Parties::new(&log, &context.vault, rules.mapping.version());
    log.watch(&context, &log.command(System::Visma, Entity::Invoice, "", ""));
    backlog::watch(&log, DURABLE, None, &context);
    capacity::watch(&log, &context);
    let log = &log;
    let stage =
        Mapper { rules, messages, parties, references, seen, purchases, context: context.clone(), log: log.clone() };
    take::run(log, &DURABLE, WIDTH, &stage, &context.stop).await
}

struct Mapper {
    rules: Rules,
    messages: Messages,
    parties: Parties,
    references: Arc<References>,
    seen: Arc<Seen>,
    purchases: Arc<Purchases>,
    context: Context,
    log: Log,
}

impl Stage for Mapper {
    fn lane(&self, delivery: &Delivery) -> String {
        delivery.subject.clone()
    }

    fn decide<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Verdict> {
        self.map(delivery).map(|verdict| verdict.unwrap_or_else(std::convert::identity)).boxed()
    }
}

impl Mapper {
    /// `Err` is a verdict too: the way out of the middle.
    async fn map(&self, delivery: &Delivery) -> Result<Verdict, Verdict> {
        let (address, key) = (&delivery.address, delivery.address.key());
        let published = match (address.system(), address.entity()) {
            (System::Commerce, Entity::Order) => self.order(delivery, key).await?,
            (System::Commerce, Entity::Invoice) => self.invoice(delivery, key).await?,
            (System::Commerce, Entity::CreditMemo) => self.credit_memo(delivery, key).await?,
            (System::Commerce, Entity::Customer) => self.customer(delivery, key).await?,
            (System::Visma, Entity::Invoice) => self.document(delivery, Document::Invoice, key).await?,
            (System::Visma, Entity::CreditNote) => self.document(delivery, Document::CreditNote, key).await?,
            (System::Visma, Entity::SupplierInvoice) => self.supplier_invoice(delivery, key).await?,
            (System::Visma, Entity::PurchaseOrder) => self.purchase_order(delivery, key).await?,
            // Customers of Visma are read by the writer; nothing else is read anywhere.
            _ => Ok(()),
        };
        published.map(|()| Verdict::Done).map_err(|problem| Verdict::failed(delivery.delivered, problem))
    }

    /// True when a newer version of the record stands in the stream. A delivery that comes late or again may have been
    /// overtaken by it. If it booked what was cancelled since, deciding on the cancellation later could not take that
    /// back.
    async fn is_superseded(&self, delivery: &Delivery) -> Result<bool, Verdict> {
        let age = pipeline::clock::now_millis().saturating_sub(delivery.stored_at);
        if delivery.delivered == 1 && age < FRESH {
            return Ok(false);
        }
        let last = self.log.last(&delivery.address).await;
        let last = last.map_err(|problem| Verdict::retry(delivery.delivered, problem))?;
        Ok(last.is_some_and(|entry| entry.sequence > delivery.sequence))
    }

    async fn superseded(&self, delivery: &Delivery, entity: Entity, key: &str) -> Published {
        let why = format!("a newer version of the {} has been read, and is decided on instead", entity.word());
        self.messages.nothing(delivery, entity, key, (Code::Superseded, &why)).await
    }

    /// Returns the verdict on a change that needs another one which has not been seen: it waits, and not for ever.
    fn missing(delivery: &Delivery, problem: Problem) -> Verdict {
        if delivery.delivered >= LOOKS {
            return Verdict::Dead(problem);
        }
        Verdict::failed(delivery.delivered, problem)
    }

    /// Two documents that would share a reference are refused: looking one up would find the other's.
    fn claim(&self, reference: &str, entity: Entity, key: &str) -> Result<(), Verdict> {
        if self.references.claim(reference, entity, key) {
            return Ok(());
        }
        let sentence = format!("another document already has the reference {reference} in Visma");
        let remedy = "give each connection and each store its own prefix, so that increment ids are unique";
        Err(Verdict::Dead(Problem::new(Code::ReferenceTaken, sentence, remedy)))
    }
}

/// Returns the dead letter of a change that mapping refuses.
fn refused(refusal: Refusal) -> Verdict {
    let remedy = match refusal.what_to_do() {
        ToDo::ThenAgain(first) => then_again(first),
        ToDo::ByHand(what) => what.to_owned(),
    };
    Verdict::Dead(Problem::new(refusal.code, refusal.sentence, remedy))
}
