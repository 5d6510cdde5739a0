//! Parking what waits at a stage as entries of the log, and taking it up again.

use std::sync::Arc;
use std::time::Duration;

use async_nats::header::NATS_MESSAGE_TTL;
use bytes::Bytes;
use pipeline::broker::Put;
use pipeline::broker::follow::{self, Follow};
use pipeline::broker::last::Last;
use pipeline::clock::now_millis;
use pipeline::problem::Problem;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::index::{Due, Index, hash};
use super::list::{place, read};
use super::{Wait, Waiting};
use crate::address::{Address, Entity, System};
use crate::envelope::{self, Cause, Envelope};
use crate::streams::WAITING;
use crate::take::Delivery;
use crate::{Entry, Log, present};

/// How long the mark stays that something waits no longer: views must have seen it.
const MARK: &str = "1h";
/// How often, and how many at once, what waits is held against the record that it waits for.
const ROUND: Duration = Duration::from_secs(10);
const FEW: usize = 200;
/// A clock that is set again is seen within this time.
const LOOK: Duration = Duration::from_secs(60);

/// What waits at one stage.
#[derive(Debug)]
pub(crate) struct Parking {
    log: Log,
    stage: &'static str,
    index: Arc<Index>,
}

impl Parking {
    /// What waits at `stage`, and goes on waiting until `stop`.
    pub(crate) fn open(log: &Log, stage: &'static str, stop: &CancellationToken) -> Arc<Self> {
        let index = log.index(stage);
        let parking = Arc::new(Self { log: log.clone(), stage, index });
        parking.follow(stop);
        let none = parking.place(&log.outcome(System::Mapping, Entity::Order, ""));
        present::watch(log.broker(), stop, WAITING, none);
        let round = Arc::clone(&parking);
        let stop = stop.clone();
        tokio::spawn(async move {
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

    /// Whether something waits under the record at `address`.
    pub(crate) fn is_parked(&self, address: &Address) -> bool {
        self.index.contains(hash(&self.place(address).as_str()))
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
        let index = Arc::clone(&self.index);
        let filter = format!("waiting.{}.{}.>", self.log.connection().token(), self.stage);
        let what = Follow { stream: WAITING, filter, headers_only: true };
        follow::follow(self.log.broker(), what, stop.clone(), move |entry| {
            let own = hash(&entry.subject);
            match read(entry.subject, entry.headers) {
                Some(waiting) => index.park(own, entry.sequence, &waiting.on, waiting.until),
                None => index.over(own, entry.sequence),
            }
        });
    }

    fn place(&self, address: &Address) -> String {
        place(self.log.connection(), self.stage, address)
    }

    /// Writes down what a delivery waits for.
    ///
    /// # Errors
    /// When the broker does not confirm it.
    pub(crate) async fn park(&self, delivery: &Delivery, wait: &Wait) -> Result<(), Problem> {
        let subject = self.place(&delivery.address);
        let waiting = Waiting {
            stage: self.stage.to_owned(),
            delivery: delivery.address.clone(),
            sequence: delivery.sequence,
            delivered: delivery.delivered,
            since: delivery.stored_at,
            on: wait.on.clone(),
            seen: wait.seen,
            until: wait.until,
            why: wait.why.clone(),
        };
        let id = Uuid::now_v7().to_string();
        let envelope = Envelope { id: &id, source: self.stage, kind: "ml.waiting", content_type: envelope::PROTOBUF };
        let mut headers = envelope.headers(&Cause::of(&delivery.headers));
        waiting.write(&mut headers);
        let put = Put { subject: subject.clone(), headers, payload: Bytes::new(), expect_last: None };
        let stored = self.log.broker().publisher(WAITING).put(put).await?;
        let own = hash(&subject.as_str());
        self.index.park(own, stored.sequence, &wait.on, wait.until);
        // It may have moved since this was decided, and before anybody knew that somebody waits.
        if self.has_moved(&waiting).await {
            self.index.raise(own);
        }
        Ok(())
    }

    /// Writes down that what a delivery waited for is over.
    pub(crate) async fn over(&self, address: &Address) {
        let subject = self.place(address);
        let id = Uuid::now_v7().to_string();
        let envelope = Envelope { id: &id, source: self.stage, kind: "ml.waiting", content_type: envelope::PROTOBUF };
        let mut headers = envelope.headers(&Cause::default());
        envelope::set(&mut headers, NATS_MESSAGE_TTL, MARK);
        let put = Put { subject: subject.clone(), headers, payload: Bytes::new(), expect_last: None };
        match self.log.broker().publisher(WAITING).put(put).await {
            Ok(stored) => self.index.over(hash(&subject.as_str()), stored.sequence),
            // It is taken up once more, and then nothing is left to do.
            Err(e) => tracing::warn!(subject, error = %e, "that a wait is over could not be written down"),
        }
    }

    /// The delivery that is to be taken up; none when it waits no longer, or a later one of its record has come.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub(crate) async fn take(&self, due: Due) -> Result<Option<Delivery>, Problem> {
        let Some((waiting, _)) = self.entry(due).await? else {
            self.index.over(due.own, due.entry);
            return Ok(None);
        };
        let last = self.log.last(&waiting.delivery).await?.filter(|last| last.sequence == waiting.sequence);
        let Some(Entry { sequence, stored_at, headers, payload }) = last else {
            // The later version is a delivery of its own.
            self.over(&waiting.delivery).await;
            return Ok(None);
        };
        let (address, subject) = (waiting.delivery.clone(), waiting.delivery.subject());
        let delivered = waiting.delivered.saturating_add(1);
        Ok(Some(Delivery { address, subject, headers, payload, sequence, delivered, stored_at }))
    }

    async fn entry(&self, due: Due) -> Result<Option<(Waiting, Entry)>, Problem> {
        let last = Last::of(&self.log.broker().jetstream, WAITING).await?;
        let Some((subject, entry)) = last.named(due.entry).await? else { return Ok(None) };
        Ok(read(&subject, &entry.headers).map(|waiting| (waiting, entry)))
    }

    /// Holds some of what waits against the records that it waits for.
    async fn look(&self) {
        for due in self.index.round(FEW) {
            if let Ok(Some((waiting, _))) = self.entry(due).await
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
