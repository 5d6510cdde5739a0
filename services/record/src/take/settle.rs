//! Carrying out what was decided on a delivery, whichever way it came.

use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::message::Acker;
use pipeline::clock::now_millis;
use pipeline::guard::{self, Panicked};
use problem::Problem;

use super::Delivery;
use crate::dead::{self, Letter};
use crate::waiting::Parking;
use crate::{Log, Verdict};

/// No delivery waits longer before it is looked at again.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Deliveries of one message that may panic before it is given up.
const BEARINGS: u64 = 3;
/// After how long it is tried again to write down what was decided.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// How a delivery came, and so how it is settled.
pub(super) enum Way {
    /// By the consumer: it is acknowledged or handed back.
    Consumer(Box<Acker>),
    /// It waited, under this hash.
    Parked(u64),
}

/// A verdict that needs no entry of what is waited for.
enum Deed {
    Settle,
    Redeliver(Duration, String),
    GiveUp(Problem),
}

/// The state of a delivery when its verdict is carried out.
enum Left {
    /// Nothing.
    Over,
    /// It comes again.
    Again(Duration),
    /// An entry says what it waits for.
    Parked,
}

/// Decides on a delivery on which the program panicked. It is tried again first: the work that broke off may be half
/// done.
pub(super) fn given_up(delivery: &Delivery, panicked: Panicked) -> Verdict {
    if delivery.delivered < BEARINGS {
        return Verdict::retry(delivery.delivered, panicked.into());
    }
    Verdict::Dead(panicked.into())
}

/// Carries out a verdict. A lost acknowledgement means another delivery, which every stage must bear anyway.
pub(super) async fn settle(log: &Log, parking: &Parking, delivery: &Delivery, way: &Way, verdict: Verdict) {
    let stage = parking.stage();
    let deed = match verdict {
        Verdict::Wait(wait) => Err(wait),
        Verdict::Done => Ok(Deed::Settle),
        Verdict::RetryAfter(wait, why) => Ok(Deed::Redeliver(wait, why)),
        Verdict::Again(wait, problem) => Ok(Deed::Redeliver(wait, problem.line())),
        Verdict::Dead(problem) => Ok(Deed::GiveUp(problem)),
    };
    let left = match deed {
        Ok(deed) => carry_out(log, stage, Letter::of(delivery), deed).await.map_or(Left::Over, Left::Again),
        Err(wait) => match parking.park(delivery, &wait).await {
            Ok(()) => {
                tracing::debug!(subject = delivery.subject, on = %wait.on, why = wait.why, "parked");
                Left::Parked
            }
            Err(e) => {
                tracing::warn!(error = %e, "what a delivery waits for could not be written down; trying again");
                Left::Again(WRITE_AGAIN)
            }
        },
    };
    match (way, left) {
        (Way::Consumer(acker), Left::Over) => {
            // An earlier version of the record may wait.
            if parking.is_parked(&delivery.address) {
                parking.over(&delivery.address, delivery.sequence).await;
            }
            acknowledge(log, acker, AckKind::Ack, &delivery.subject).await;
        }
        (Way::Consumer(acker), Left::Parked) => acknowledge(log, acker, AckKind::Ack, &delivery.subject).await,
        (Way::Consumer(acker), Left::Again(wait)) => {
            acknowledge(log, acker, AckKind::Nak(Some(wait.min(LONGEST))), &delivery.subject).await;
        }
        (Way::Parked(own), Left::Over) => {
            parking.over(&delivery.address, delivery.sequence).await;
            parking.index().decided(*own, None);
        }
        (Way::Parked(own), Left::Parked) => parking.index().decided(*own, None),
        (Way::Parked(own), Left::Again(wait)) => {
            let wait = u64::try_from(wait.min(LONGEST).as_millis()).unwrap_or(u64::MAX);
            let until = now_millis().saturating_add(wait);
            if let Err(e) = parking.again(delivery, until).await {
                tracing::debug!(error = %e, "when a wait goes on is known here alone");
            }
            parking.index().decided(*own, Some(until));
        }
    }
}

/// Gives up on a message that is no delivery of any record.
pub(super) async fn give_up(log: &Log, stage: &'static str, letter: Letter<'_>, acker: &Acker, problem: Problem) {
    let again = carry_out(log, stage, letter, Deed::GiveUp(problem)).await;
    let kind = again.map_or(AckKind::Ack, |wait| AckKind::Nak(Some(wait)));
    acknowledge(log, acker, kind, letter.subject).await;
}

/// Carries out what needs no entry of a wait; after how long the delivery comes again, where it does.
async fn carry_out(log: &Log, stage: &'static str, delivery: Letter<'_>, deed: Deed) -> Option<Duration> {
    match deed {
        Deed::Settle => {
            metrics::counter!("ml_done_total", "consumer" => stage).increment(1);
            log.taken(stage).settled();
            None
        }
        Deed::Redeliver(wait, why) => {
            metrics::counter!("ml_retried_total", "consumer" => stage).increment(1);
            tracing::debug!(subject = delivery.subject, delivered = delivery.delivered, ?wait, why, "later");
            Some(wait)
        }
        Deed::GiveUp(problem) => match dead::put(log, stage, delivery, &problem).await {
            Ok(()) => {
                metrics::counter!("ml_dead_total", "consumer" => stage, "code" => problem.code.as_str()).increment(1);
                log.taken(stage).settled();
                let (code, sentence) = (problem.code, problem.sentence);
                tracing::error!(subject = delivery.subject, %code, sentence, "dead letter");
                None
            }
            Err(e) => {
                tracing::warn!(error = %e, "a dead letter could not be written; trying again");
                Some(WRITE_AGAIN)
            }
        },
    }
}

async fn acknowledge(log: &Log, acker: &Acker, kind: AckKind, subject: &str) {
    let broker = log.broker();
    // Of streams that were set back, its sequence may be another message's.
    let held = broker.continuity().hold(&broker.jetstream);
    if tokio::time::timeout(broker.settings().publish_timeout.0, held).await.is_err() {
        return tracing::warn!(subject, "the broker is away; it will be delivered again");
    }
    if let Err(e) = acker.ack_with(kind).await {
        tracing::warn!(error = %e, subject, "an acknowledgement was lost; it will be delivered again");
    }
}

/// The verdict of a piece of work that may panic.
pub(super) async fn decided(delivery: &Delivery, deciding: impl Future<Output = Verdict>) -> Verdict {
    guard::guarded(deciding).await.unwrap_or_else(|panicked| given_up(delivery, panicked))
}
