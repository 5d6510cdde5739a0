//! From a hint to a change: the order is read over REST, so that nothing in a webhook's body has to be believed.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use pipeline::broker::take::{self, Delivery, Stage};
use pipeline::envelope::Cause;
use pipeline::problem::Problem;
use pipeline::service::Context;
use pipeline::subject::{key_of, untoken};
use pipeline::verdict::Verdict;

use super::DURABLE;
use super::orders::{Orders, ReadError};

/// Prefix of a hint's key that is an increment id.
pub(super) const INCREMENT: &str = "increment-";
/// A hook may fire before its transaction commits: an order that is not there is looked for this often.
const LOOKS: u64 = 8;

struct Hints<'a> {
    orders: &'a Orders,
}

pub(super) async fn run(context: &Context, orders: &Orders, width: usize) -> Result<(), Problem> {
    take::run(&context.broker, &DURABLE, width, &Hints { orders }, &context.stop).await
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
        let key = key_of(&delivery.subject).map(untoken).unwrap_or_default();
        let order = match key.strip_prefix(INCREMENT) {
            Some(increment_id) => self.orders.by_increment_id(increment_id).await,
            None => match key.parse() {
                Ok(entity_id) => self.orders.by_id(entity_id).await,
                Err(_) => Err(ReadError::NotFound),
            },
        };
        match order {
            Ok(order) => match self.orders.record(order, Cause::of(&delivery.headers)).await {
                Ok(_) => Verdict::Done,
                Err(problem) => Verdict::retry(delivery.delivered, problem.to_string()),
            },
            Err(ReadError::Later(wait, why)) => Verdict::RetryAfter(wait, why),
            Err(ReadError::NotFound) if delivery.delivered < LOOKS => {
                Verdict::retry(delivery.delivered, "the order is not there yet")
            }
            Err(ReadError::NotFound) => Verdict::Dead(Problem::new(
                "ORDER_NOT_FOUND",
                format!("a webhook named the order {key}, and Commerce has none"),
                "nothing if it was deleted; else check that webhook and base_url belong to the same shop",
            )),
            // The poll reports it too; the hint waits for a person.
            Err(ReadError::Stop(problem)) => Verdict::RetryAfter(Duration::from_secs(60), problem.to_string()),
        }
    }
}
