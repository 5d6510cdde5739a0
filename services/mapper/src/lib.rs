//! Takes changes, asks `mapping` what they shall become, publishes commands.
//!
//! The decision is pure; what is here is the opening of what is sealed, the ids, and the order of publishing. A
//! command's id derives from the change, the mapping's version and the replay run, so that deciding twice publishes
//! once.

mod commands;
mod references;

use std::sync::Arc;

use ::commerce::order::Order;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use mapping::{Decision, Mapping, Refusal, Scope};
use pipeline::body;
use pipeline::broker::last::Last;
use pipeline::broker::streams::{CHANGES, Durable};
use pipeline::broker::take::{self, Delivery, Stage};
use pipeline::problem::{Problem, chain};
use pipeline::service::Context;
use pipeline::subject::{key_of, untoken};
use pipeline::vault::VaultError;
use pipeline::verdict::Verdict;

use commands::Commands;
use references::References;

/// The service's name.
pub const NAME: &str = "mapper";
/// Its consumer of changes.
pub const DURABLE: Durable = Durable { name: NAME, stream: CHANGES, filter: "change.{}.commerce.order.>" };
/// Changes in hand at once: the publisher makes batches of them when many wait.
const WIDTH: usize = 96;

/// A first delivery of a change that is younger than this, milliseconds, is taken to be the newest of its order.
const FRESH: u64 = 1_000;

/// What the service works with besides its context.
#[derive(Debug)]
pub struct Rules {
    /// The accountant's file.
    pub mapping: Mapping,
    /// Which orders are booked.
    pub scope: Scope,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// When the streams are not there.
pub async fn run(context: Context, rules: Rules) -> Result<(), Problem> {
    let references = Arc::new(References::default());
    let caught = references::follow(&context, &references);
    context.health.not_ready("references", "the references in use have not been read yet");
    tokio::select! {
        () = caught.up() => context.health.ready("references"),
        () = context.stop.cancelled() => return Ok(()),
    }
    let commands = Commands::open(&context, rules.mapping.version()).await?;
    let changes = Last::of(&context.broker.jetstream, CHANGES).await?;
    let stage = Mapper { rules, commands, references, context: context.clone(), changes };
    take::run(&context.broker, &DURABLE, WIDTH, &stage, &context.stop).await
}

struct Mapper {
    rules: Rules,
    commands: Commands,
    references: Arc<References>,
    context: Context,
    changes: Last,
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
        let key = key_of(&delivery.subject).map(untoken).unwrap_or_default();
        let published = match self.decide_on(delivery, &key).await? {
            Ok(Decision::Book(_)) if self.is_superseded(delivery).await? => {
                let why = "a newer version of the order has been read, and is decided on instead";
                self.commands.nothing(delivery, &key, "SUPERSEDED", why).await
            }
            Ok(Decision::Book(booking)) => {
                self.claim(&booking.invoice.reference, &key)?;
                self.commands.book(delivery, &key, *booking).await
            }
            Ok(Decision::Wait { reason } | Decision::Skip { reason }) => {
                self.commands.nothing(delivery, &key, reason.code, &reason.sentence).await
            }
            Err(refusal) => {
                let remedy = "correct the mapping file or the order, then replay the dead letter";
                return Err(Verdict::Dead(Problem::new(refusal.code, refusal.sentence, remedy)));
            }
        };
        published.map(|()| Verdict::Done).map_err(|problem| Verdict::retry(delivery.delivered, problem.to_string()))
    }

    /// The decision on the order as it was read at the source.
    async fn decide_on(&self, delivery: &Delivery, key: &str) -> Result<Result<Decision, Refusal>, Verdict> {
        let unreadable = |sentence: String| {
            Verdict::Dead(Problem::new("CHANGE_UNREADABLE", sentence, "the change is damaged: read the record again"))
        };
        let bytes = body::unpack(&delivery.headers, &delivery.payload).map_err(|e| unreadable(chain(&e)))?;
        let text = std::str::from_utf8(&bytes).map_err(|e| unreadable(chain(&e)))?;
        let text = match self.context.vault.open_text(text).await {
            Ok(text) => text,
            Err(e @ (VaultError::Erased | VaultError::Cipher(_))) => {
                let remedy =
                    "an erased person's orders cannot be booked; else restore the key bucket and the master key";
                return Err(Verdict::Dead(Problem::new("PERSON_ERASED", chain(&e), remedy)));
            }
            Err(e) => return Err(Verdict::retry(delivery.delivered, chain(&e))),
        };
        let order = Order::decode(text.as_bytes()).map_err(|e| {
            let sentence = format!("the order with the entity_id {key} cannot be read: {e}");
            let remedy = "look at the order in Commerce: a module may have changed what it sends; then read it again";
            Verdict::Dead(Problem::new("ORDER_UNREADABLE", sentence, remedy))
        })?;
        Ok(mapping::order(&order, &self.rules.mapping, &self.rules.scope))
    }

    /// Whether a newer version of the order stands in the stream. A delivery that comes late or again may have been
    /// overtaken by it, and to book what was cancelled since cannot be taken back by deciding on the cancellation
    /// later.
    async fn is_superseded(&self, delivery: &Delivery) -> Result<bool, Verdict> {
        let age = pipeline::clock::now_millis().saturating_sub(delivery.stored_at);
        if delivery.delivered == 1 && age < FRESH {
            return Ok(false);
        }
        let last = self.changes.get(&delivery.subject).await;
        let last = last.map_err(|problem| Verdict::retry(delivery.delivered, problem.to_string()))?;
        Ok(last.is_some_and(|entry| entry.sequence > delivery.sequence))
    }

    /// Two orders that would share a reference are refused: looking one up would find the other's invoice.
    fn claim(&self, reference: &str, key: &str) -> Result<(), Verdict> {
        if self.references.claim(reference, key) {
            return Ok(());
        }
        let sentence = format!("another order already has the reference {reference} in Visma");
        let remedy = "give each connection and each store its own prefix, so that increment ids are unique";
        Err(Verdict::Dead(Problem::new("REFERENCE_TAKEN", sentence, remedy)))
    }
}
