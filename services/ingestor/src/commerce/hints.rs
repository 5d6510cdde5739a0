//! From a hint to a change: the record is read over REST, so that nothing in a webhook's body has to be believed.

use ::commerce::entity::Entity;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use pipeline::service::Context;
use problem::{Code, Problem};
use record::envelope::Cause;
use record::take::{self, Delivery, Stage};
use record::{Log, Verdict, backlog};

use super::reader::{Broken, ReadError};
use super::recorder::{By, Recorder};
use super::{DURABLE, read_here};

/// Prefix of a hint's key that is an increment id.
pub(super) const INCREMENT: &str = "increment-";
/// Key of a hint that says nothing.
pub(super) const NOTHING: &str = "";
/// A hook may fire before its transaction commits: a record that is not there is looked for this often.
const LOOKS: u64 = 8;

struct Hints<'a> {
    recorder: &'a Recorder,
    /// The stores whose documents are read; empty means all.
    stores: &'a [u64],
}

pub(super) async fn run(
    (context, log): (&Context, &Log),
    (recorder, stores): (&Recorder, &[u64]),
    width: usize,
) -> Result<(), Problem> {
    backlog::watch(log, DURABLE, None, context);
    take::run(log, &DURABLE, width, &Hints { recorder, stores }, &context.stop).await
}

impl Stage for Hints<'_> {
    fn lane(&self, delivery: &Delivery) -> String {
        delivery.subject.clone()
    }

    fn decide<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Verdict> {
        self.read(delivery).boxed()
    }
}

impl Hints<'_> {
    async fn read(&self, delivery: &Delivery) -> Verdict {
        let key = delivery.address.key();
        if key == NOTHING {
            return Verdict::Done;
        }
        let Some(entity) = read_here(delivery.address.entity()) else {
            return Verdict::Done; // A later version hinted at a kind that this one does not read.
        };
        let reader = &self.recorder.reader;
        let row = match key.strip_prefix(INCREMENT) {
            Some(increment_id) if entity.has_increment_id() => reader.by_increment_id(entity, increment_id).await,
            Some(_) => Err(ReadError::NotFound),
            None => match key.parse() {
                Ok(entity_id) => reader.by_id(entity, entity_id).await,
                Err(_) => Err(ReadError::NotFound),
            },
        };
        let recorded = match row {
            // It is another connection's, as the poll, which does not list it, leaves it to that one.
            Ok(row) if row.store.is_some_and(|store| !self.stores.is_empty() && !self.stores.contains(&store)) => {
                Ok(())
            }
            Ok(row) => self.recorder.record(entity, row, Cause::of(&delivery.headers), By::Hint).await.map(|_| ()),
            Err(e) => Err(e),
        };
        match recorded {
            Ok(()) => Verdict::Done,
            // The poll reports too what a person must see to; the hint waits.
            Err(ReadError::Stopped(stopped)) => stopped.into(),
            Err(ReadError::NotFound) if delivery.delivered < LOOKS => {
                Verdict::retry(delivery.delivered, none(entity, key))
            }
            Err(ReadError::NotFound) => Verdict::Dead(none(entity, key)),
            Err(ReadError::Broken(broken)) => self.broken(delivery, (entity, key), broken).await,
        }
    }

    /// The shop cannot show the record. Where it shows no others either, the hint waits for the shop.
    async fn broken(&self, delivery: &Delivery, (entity, key): (Entity, &str), broken: Broken) -> Verdict {
        let sentence = format!("the {} {key}: {}", entity.name(), broken.problem.sentence);
        let problem = Problem { sentence, ..broken.problem };
        if delivery.delivered < LOOKS || !self.recorder.reader.lists(entity).await.unwrap_or(false) {
            return Verdict::retry(delivery.delivered, problem);
        }
        Verdict::Dead(problem)
    }
}

fn none(entity: Entity, key: &str) -> Problem {
    Problem::new(
        Code::RecordNotFound,
        format!("a webhook named the {} {key}, and Commerce has none", entity.name()),
        "nothing if it was deleted; else check that webhook and base_url belong to the same shop",
    )
}
