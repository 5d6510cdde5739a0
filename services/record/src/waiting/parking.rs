//! Parking what waits at a stage as entries of the log, and taking it up again.
//!
//! Each step is an entry that is written only if nobody has written one since: two replicas take up a wait once, and
//! an older version of a record does not take the place of a newer one.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_TTL;
use bytes::Bytes;
use pipeline::broker::follow::Follow;
use pipeline::broker::last::Last;
use pipeline::broker::{Put, PutError, Stored};
use pipeline::clock::now_millis;
use pipeline::task;
use problem::Problem;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::index::{Due, Index, hash};
use super::list::{place, read};
use super::{Wait, Waiting};
use crate::address::{Address, Entity, System};
use crate::entry::UNREADABLE;
use crate::envelope::{self, Cause, Envelope};
use crate::streams::WAITING;
use crate::take::Delivery;
use crate::{Entry, Log, present};

/// How long the mark stays that something waits no longer: views must have seen it.
const MARK: &str = "1h";
/// How long a replica that has taken something up is alone with it, milliseconds.
const CLAIM: u64 = 60_000;
/// How often, and how many at once, what waits is held against the record that it waits for.
const ROUND: Duration = Duration::from_secs(10);
const FEW: usize = 200;
/// A clock that is set again is seen within this time.
const LOOK: Duration = Duration::from_secs(60);

/// Deliveries that wait at one stage.
#[derive(Debug)]
pub(crate) struct Parking {
    log: Log,
    stage: &'static str,
    index: Arc<Index>,
}

/// Result of taking up a wait.
#[derive(Debug)]
pub(crate) enum Taken {
    /// The delivery, which this process alone works on now.
    Up(Box<Delivery>),
    /// It waits no longer, or another replica has taken it up.
    Gone,
    /// It could not be found where it should be: a copy of the log may be late.
    Missing,
}

impl Parking {
    /// Opens the list of deliveries that wait at `stage`, and follows it until `stop`.
    pub(crate) fn open(log: &Log, stage: &'static str, stop: &CancellationToken) -> Arc<Self> {
        let index = log.index(stage);
        let parking = Arc::new(Self { log: log.clone(), stage, index });
        parking.follow(stop);
        let none = parking.place(&log.outcome(System::Mapping, Entity::Order, ""));
        present::watch(log.broker(), stop, WAITING, none);
        let round = Arc::clone(&parking);
        let stop = stop.clone();
        task::spawn(async move {
            while stop.run_until_cancelled(tokio::time::sleep(ROUND)).await.is_some() {
                round.look().await;
            }
        });
        parking
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    pub(crate) fn stage(&self) -> &'static str {
        self.stage
    }

    /// Returns true when something waits under the record at `address`.
    pub(crate) fn is_parked(&self, address: &Address) -> bool {
        self.index.contains(hash(&self.place(address)))
    }

    /// Returns the next that is to be taken up.
    pub(crate) async fn due(&self) -> Due {
        loop {
            if let Some(due) = self.index.next(now_millis()) {
                return due;
            }
            let wait = self.index.next_time().map_or(LOOK, |at| Duration::from_millis(at.saturating_sub(now_millis())));
            tokio::select! {
                () = self.index.news() => {}
                () = tokio::time::sleep(wait.min(LOOK)) => {}
            }
        }
    }

    fn follow(&self, stop: &CancellationToken) {
        let (log, index, stop) = (self.log.clone(), Arc::clone(&self.index), stop.clone());
        let filter = format!("waiting.{}.{}.>", self.log.connection().token(), self.stage);
        let part = Follow { stream: WAITING, filter, headers_only: true };
        task::spawn(async move {
            let opened = stop.run_until_cancelled(log.open_view(index, vec![part])).await;
            opened.map(|opened| opened.follow(&stop))
        });
    }

    fn place(&self, address: &Address) -> String {
        place(self.log.connection(), self.stage, address)
    }

    /// The entry that stands at `subject`, and its sequence, 0 for none.
    async fn standing(&self, subject: &str) -> Result<(Option<Waiting>, u64), Problem> {
        let last = Last::of(&self.log.broker().jetstream, WAITING).await?.get(subject).await?;
        Ok(match last {
            Some(last) => (read(subject, &last.headers)?, last.sequence),
            None => (None, 0),
        })
    }

    /// Writes down what a delivery waits for, unless a later version of its record has come: then nothing is to be
    /// done for this one any longer.
    ///
    /// # Errors
    /// When the broker does not confirm it, or somebody else has written meanwhile.
    pub(crate) async fn park(&self, delivery: &Delivery, wait: &Wait) -> Result<(), Problem> {
        let subject = self.place(&delivery.address);
        let (standing, after) = self.standing(&subject).await?;
        let last = self.last(&delivery.address, &delivery.subject).await?;
        let newest = standing.map_or(0, |waiting| waiting.sequence).max(last.map_or(0, |last| last.sequence));
        if newest > delivery.sequence {
            return Ok(());
        }
        let waiting = Waiting {
            stage: self.stage.to_owned(),
            delivery: delivery.address.clone(),
            subject: delivery.subject.clone(),
            sequence: delivery.sequence,
            delivered: delivery.delivered,
            since: delivery.stored_at,
            on: wait.on.clone(),
            seen: wait.seen,
            until: wait.until,
            why: wait.why.clone(),
        };
        self.write(&waiting, &Cause::of(&delivery.headers), after).await?;
        // It may have moved since this was decided, and before anybody knew that somebody waits.
        if self.has_moved(&waiting).await {
            self.index.raise(hash(&subject));
        }
        Ok(())
    }

    /// Writes down that a delivery which was taken up could not be decided on: it is taken up again at `until`.
    pub(crate) async fn again(&self, delivery: &Delivery, until: u64) -> Result<(), Problem> {
        let (standing, after) = self.standing(&self.place(&delivery.address)).await?;
        let Some(waiting) = standing.filter(|waiting| waiting.sequence == delivery.sequence) else { return Ok(()) };
        // Whatever moves, it is looked at then.
        let waiting = Waiting { until, seen: u64::MAX, ..waiting };
        self.write(&waiting, &Cause::of(&delivery.headers), after).await?;
        Ok(())
    }

    async fn write(&self, waiting: &Waiting, cause: &Cause, after: u64) -> Result<Stored, PutError> {
        let subject = self.place(&waiting.delivery);
        let mut headers = self.headers(cause);
        waiting.write(&mut headers);
        let stored = self.put(&subject, headers, after).await?;
        self.index.park(hash(&subject), stored.sequence, &waiting.on, waiting.until);
        Ok(stored)
    }

    fn headers(&self, cause: &Cause) -> HeaderMap {
        let id = Uuid::now_v7().to_string();
        Envelope { id: &id, source: self.stage, kind: "ml.waiting", content_type: envelope::PROTOBUF }.headers(cause)
    }

    async fn put(&self, subject: &str, headers: HeaderMap, after: u64) -> Result<Stored, PutError> {
        let (subject, payload) = (subject.to_owned(), Bytes::new());
        let put = Put { subject, headers, payload, expect_last: Some(after), gives_way: false };
        self.log.broker().publisher(WAITING).put(put).await
    }

    /// Writes down that what a delivery waited for is over. A later version of its record goes on waiting.
    pub(crate) async fn over(&self, address: &Address, sequence: u64) {
        let subject = self.place(address);
        let mut headers = self.headers(&Cause::default());
        envelope::set(&mut headers, NATS_MESSAGE_TTL, MARK);
        let written = match self.standing(&subject).await {
            Ok((Some(waiting), after)) if waiting.sequence <= sequence => self.put(&subject, headers, after).await,
            Ok(_) => return,
            Err(problem) => return tracing::warn!(subject, %problem, "that a wait is over is written down later"),
        };
        match written {
            Ok(stored) => self.index.over(hash(&subject), stored.sequence),
            // It is taken up once more, and then nothing is left to do.
            Err(e) => tracing::warn!(subject, error = %e, "that a wait is over is written down later"),
        }
    }

    /// Takes a wait up, for this process alone.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub(crate) async fn take(&self, due: Due) -> Result<Taken, Problem> {
        let Some(waiting) = self.entry(due).await? else { return Ok(Taken::Missing) };
        let last = self.last(&waiting.delivery, &waiting.subject).await?;
        let Entry { sequence, stored_at, headers, payload } = match last {
            Some(last) if last.sequence == waiting.sequence => last,
            Some(last) if last.sequence > waiting.sequence => {
                // The later version is a delivery of its own.
                self.over(&waiting.delivery, waiting.sequence).await;
                return Ok(Taken::Gone);
            }
            Some(_) | None => {
                tracing::warn!(
                    subject = waiting.subject,
                    sequence = waiting.sequence,
                    "what waits is not in its stream"
                );
                return Ok(Taken::Missing);
            }
        };
        let delivered = waiting.delivered.saturating_add(1);
        let claim = Waiting { delivered, until: now_millis().saturating_add(CLAIM), ..waiting };
        match self.write(&claim, &Cause::of(&headers), due.entry).await {
            Ok(_) => {}
            Err(PutError::WrongLast) => return Ok(Taken::Gone),
            Err(e) => return Err(e.into()),
        }
        let Waiting { delivery: address, subject, .. } = claim;
        Ok(Taken::Up(Box::new(Delivery { address, subject, headers, payload, sequence, delivered, stored_at })))
    }

    async fn last(&self, address: &Address, subject: &str) -> Result<Option<Entry>, Problem> {
        Last::of(&self.log.broker().jetstream, address.stream()).await?.get(subject).await
    }

    async fn entry(&self, due: Due) -> Result<Option<Waiting>, Problem> {
        let last = Last::of(&self.log.broker().jetstream, WAITING).await?;
        let Some((subject, entry)) = last.named(due.entry).await? else { return Ok(None) };
        Ok(read(&subject, &entry.headers)?.filter(|_| hash(&subject) == due.own))
    }

    /// Holds some of what waits against the records that it waits for.
    async fn look(&self) {
        if let Some(sentence) = self.index.unread() {
            self.log.broker().health().say(UNREADABLE.as_str(), sentence);
        }
        for due in self.index.round(FEW) {
            if let Ok(Some(waiting)) = self.entry(due).await
                && self.has_moved(&waiting).await
            {
                self.index.raise(due.own);
            }
        }
    }

    async fn has_moved(&self, waiting: &Waiting) -> bool {
        let last = self.log.last(&waiting.on).await;
        last.is_ok_and(|last| last.is_some_and(|last| last.sequence > waiting.seen))
    }
}
