//! The life of one connection's work: begun, ended, and begun again after a problem.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::brokers::Brokers;
use super::{Context, GRACE, Part};
use crate::guard;
use crate::health::{Board, Health};
use crate::identity;
use crate::retry::Schedule;
use problem::{Code, Problem};

/// Between two beginnings of a work that ends with a problem: the shortest and the longest wait.
const SOON: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(60);
/// Name of a problem in the health of its connection.
const CONNECTION: &str = "connection";

/// Data that the lives of all connections of a process share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) name: &'static str,
    pub(super) brokers: Arc<Brokers>,
    pub(super) board: Board,
    /// The process serves several connections, or has: a problem of one does not end it.
    pub(super) several: Arc<AtomicBool>,
}

/// One connection's work in a process.
pub(super) struct Life {
    pub(super) shared: Shared,
    pub(super) part: Part,
    pub(super) span: Span,
    pub(super) stop: CancellationToken,
}

impl Life {
    /// Works until `stop`.
    ///
    /// # Errors
    /// The problem that ended the work, where the process serves this connection alone.
    pub(super) async fn run(self) -> Result<(), Problem> {
        let mut schedule = Schedule::new(SOON, SELDOM);
        while !self.stop.is_cancelled() {
            let (attempt, begun) = (self.stop.child_token(), Instant::now());
            let ended = self.work(attempt.clone()).await;
            // What the work has started ends with it.
            attempt.cancel();
            let problem = match ended {
                Ok(()) => return Ok(()),
                Err(problem) if self.stop.is_cancelled() && problem.code == Code::BrokerAway => return Ok(()),
                Err(problem) => problem,
            };
            if !self.shared.several.load(Ordering::Relaxed) {
                return Err(problem);
            }
            if begun.elapsed() > SELDOM {
                schedule.reset();
            }
            self.pause(&problem, &mut schedule).await;
        }
        Ok(())
    }

    /// Says what is wrong, and waits until it may be right.
    async fn pause(&self, problem: &Problem, schedule: &mut Schedule) {
        let wait = schedule.next_wait();
        tracing::error!(%problem, ?wait, "the connection is not served; it is tried again");
        self.health().not_ready(CONNECTION, format!("{}: {}", problem.code, problem.sentence));
        // With the same settings there will be no other work.
        let wait = if self.part.work.is_err() { Duration::MAX } else { wait };
        let _ = self.stop.run_until_cancelled(tokio::time::sleep(wait)).await;
    }

    /// A new health for the connection: what an earlier work has left in its own is forgotten.
    fn health(&self) -> Health {
        let health = self.shared.brokers.health().of_work();
        self.shared.board.put(&self.part.connection, health.clone());
        health
    }

    async fn work(&self, stop: CancellationToken) -> Result<(), Problem> {
        let work = self.part.work.clone()?;
        let health = self.health();
        health.not_ready("start", "it has not begun yet");
        let opening = Box::pin(self.shared.brokers.open_for(&self.part.nats, &health, &stop));
        let opened = stop.run_until_cancelled(opening).await;
        let Some(opened) = opened else { return Ok(()) };
        let (broker, vault) = opened?;
        identity::agree(&broker, &self.part.identity, &stop).await?;
        if stop.is_cancelled() {
            return Ok(());
        }
        health.ready("start");
        let (name, connection, span) = (self.shared.name, self.part.connection.clone(), self.span.clone());
        let (seen, views, stop_of_work) = (broker.continuity().clone(), self.shared.brokers.views(), stop.clone());
        let doing = work(Context { name, connection, broker, vault, health, views, stop: stop_of_work, span });
        let guarded = async {
            // Alone, the process ends with it, and is started again.
            if !self.shared.several.load(Ordering::Relaxed) {
                return doing.await;
            }
            guard::guarded(doing).await.unwrap_or_else(|panicked| Err(panicked.into()))
        };
        let ended = tokio::select! {
            ended = guarded => ended,
            () = overdue(&stop) => {
                tracing::warn!("the work in progress takes too long; it is resumed at the next start, as after a crash");
                Ok(())
            }
        };
        seen.forget(&self.part.connection);
        ended
    }
}

/// Returns when the work was told to stop and has not for too long.
async fn overdue(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}
