//! Starts, ends and begins anew the works of a process as its connections come, go and change.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::brokers::Brokers;
use super::part::{Life, Shared};
use super::{Part, Parts, Read, watch};
use crate::health::Board;
use crate::telemetry;
use problem::Problem;

/// Name of a problem with settings that were read again, in the health of the process and of a connection.
const SETTINGS: &str = "settings";

/// A work that was started.
struct Running {
    digest: u64,
    stop: CancellationToken,
    /// Cancelled when it has ended.
    ended: CancellationToken,
}

/// The works of a process.
pub(super) struct Supervisor {
    shared: Shared,
    read: Read,
    stop: CancellationToken,
    running: HashMap<String, Running>,
    tasks: JoinSet<Result<(), Problem>>,
    /// The files of the settings, and what they held when they were read last.
    files: Vec<PathBuf>,
    seen: Option<u64>,
}

impl Supervisor {
    pub(super) fn new(name: &'static str, brokers: Brokers, board: Board, read: Read, stop: CancellationToken) -> Self {
        let shared = Shared { name, brokers: Arc::new(brokers), board, several: Arc::new(AtomicBool::new(false)) };
        Self { shared, read, stop, running: HashMap::new(), tasks: JoinSet::new(), files: Vec::new(), seen: None }
    }

    /// Serves `first`, and what the settings say later, until it is told to stop or its only work ends.
    ///
    /// # Errors
    /// The problem that ended the work of the only connection.
    pub(super) async fn run(mut self, first: Parts, reload: Duration) -> Result<(), Problem> {
        self.adopt(first);
        let mut hangup = signal(SignalKind::hangup()).ok();
        let mut next = Instant::now() + reload;
        let mut result = Ok(());
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                Some(ended) = self.tasks.join_next() => match ended {
                    Ok(Err(problem)) => {
                        result = Err(problem);
                        break;
                    }
                    // Works end by being told to; the only one may end by itself.
                    Ok(Ok(())) | Err(_) if self.tasks.is_empty() && !self.is_several() => break,
                    Ok(Ok(())) | Err(_) => {}
                },
                () = tokio::time::sleep_until(next) => {
                    next = Instant::now() + reload;
                    if self.seen != Some(watch::digest(&self.files)) {
                        self.reload();
                    }
                }
                () = told(&mut hangup) => self.reload(),
            }
        }
        self.running.values().for_each(|one| one.stop.cancel());
        while let Some(ended) = self.tasks.join_next().await {
            result = result.and(ended.unwrap_or(Ok(())));
        }
        result
    }

    fn is_several(&self) -> bool {
        self.shared.several.load(Ordering::Relaxed)
    }

    /// Reads the settings again. What cannot be read changes nothing, and is told.
    fn reload(&mut self) {
        // Before they are read: what changes meanwhile is seen the next time.
        self.seen = Some(watch::digest(&self.files));
        let process = self.shared.brokers.health().clone();
        match (self.read)() {
            Ok(parts) => {
                process.unsay(SETTINGS);
                self.adopt(parts);
            }
            Err(problem) => {
                tracing::error!(%problem, "the changed settings cannot be used; what runs goes on as it was");
                process.say(SETTINGS, kept(&problem));
            }
        }
    }

    /// Serves these connections from now on, and no others.
    fn adopt(&mut self, Parts { parts, files }: Parts) {
        if files != self.files {
            // What they held when they were read is not known.
            (self.files, self.seen) = (files, None);
        }
        if parts.len() > 1 {
            self.shared.several.store(true, Ordering::Relaxed);
        }
        let gone: Vec<String> =
            self.running.keys().filter(|name| !parts.iter().any(|part| part.connection == **name)).cloned().collect();
        for name in gone {
            if let Some(running) = self.running.remove(&name) {
                tracing::info!(connection = name, "the connection is no longer in the settings; its work stops");
                running.stop.cancel();
                self.shared.board.remove(&name);
            }
        }
        for part in parts {
            let known = self.running.get(&part.connection).map(|running| running.digest);
            if known != Some(part.digest) {
                self.change(part, known.is_some());
            } else if let Some(health) = self.shared.board.of(&part.connection) {
                health.unsay(SETTINGS);
            }
        }
    }

    /// Begins a work, or begins it anew. One that runs is not given up for settings that it cannot be done with.
    fn change(&mut self, part: Part, is_known: bool) {
        let name = part.connection.clone();
        if let (Err(problem), true) = (&part.work, is_known)
            && let Some(health) = self.shared.board.of(&name).filter(|health| !health.is_ill("connection"))
        {
            tracing::error!(connection = name, %problem, "the changed settings cannot be used; it goes on as it was");
            health.say(SETTINGS, kept(problem));
            return;
        }
        let before = self.running.remove(&name);
        if let Some(before) = &before {
            tracing::info!(connection = name, "the settings or the mapping file have changed; the work begins anew");
            before.stop.cancel();
        } else if !self.running.is_empty() || self.is_several() {
            tracing::info!(connection = name, "the connection is served");
        }
        let (stop, ended) = (self.stop.child_token(), CancellationToken::new());
        let running = Running { digest: part.digest, stop: stop.clone(), ended: ended.clone() };
        self.running.insert(name.clone(), running);
        let span = telemetry::span_of_connection(&name);
        let life = Life { shared: self.shared.clone(), part, span: span.clone(), stop };
        let work = async move {
            let _ended = ended.drop_guard();
            if let Some(before) = before {
                before.ended.cancelled().await;
            }
            life.run().await
        };
        self.tasks.spawn_local(work.instrument(span));
    }
}

/// A problem with settings that were read again, in words.
fn kept(problem: &Problem) -> String {
    format!("{}: {}; what was in force before is still in force", problem.code, problem.sentence)
}

/// Returns when the process is told to read its settings again.
async fn told(hangup: &mut Option<Signal>) {
    match hangup {
        Some(hangup) => drop(hangup.recv().await),
        None => std::future::pending().await,
    }
}
