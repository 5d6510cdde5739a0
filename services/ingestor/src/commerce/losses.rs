//! Webhooks that never came, as a figure: a record that the poll found changed, and of which no webhook told.
//!
//! The poll finds everything, so that lost webhooks cost nothing but time, and nobody would notice that all of them are
//! lost. What the poll finds first is therefore remembered for a while, since a webhook may be under way; if none has
//! come by then, neither through this door nor through another replica's, it counts as lost. What changed before the
//! door was opened does not count. A restart forgets what is remembered, so that the figure is a lower bound.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::commerce::entity::Entity;
use ::commerce::time::Moment;
use pipeline::clock;
use pipeline::service::Context;
use problem::{Code, Problem};
use record::Log;
use record::address::System;
use tokio::time::Instant;

use super::Webhook;

/// Records remembered at most; more in so short a time are not counted.
const MOST: usize = 100_000;
/// How far the shop's clock may be ahead of the broker's.
const SKEW: u32 = 5;

/// Changes that the poll found, and when a webhook was last heard.
#[derive(Debug)]
pub(super) struct Losses {
    expected: Vec<Entity>,
    grace: Duration,
    opened: Instant,
    opened_at: Moment,
    context: Context,
    log: Log,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    found: HashMap<(Entity, u64), Found>,
    heard: HashMap<Entity, Instant>,
}

/// A record that the poll found changed.
#[derive(Debug, Clone, Copy)]
struct Found {
    at: Instant,
    /// When it was changed, by the shop's clock.
    updated_at: Moment,
}

impl Losses {
    /// Watches for the kinds of records that webhooks are expected for; `None` while the door is closed.
    pub(super) fn new(context: &Context, log: &Log, settings: &Webhook) -> Option<Self> {
        if settings.listen.is_empty() || settings.expected.is_empty() {
            return None;
        }
        Some(Self {
            expected: settings.expected.iter().map(|kind| kind.0).collect(),
            grace: settings.grace.0,
            opened: Instant::now(),
            opened_at: Moment::of(clock::now()),
            context: context.clone(),
            log: log.clone(),
            state: Mutex::default(),
        })
    }

    /// A webhook about such a record was kept.
    pub(super) fn heard(&self, entity: Entity) {
        self.state(|state| state.heard.insert(entity, Instant::now()));
    }

    /// A record was read because of a hint.
    pub(super) fn hinted(&self, entity: Entity, key: u64) {
        self.state(|state| state.found.remove(&(entity, key)));
    }

    /// The poll found a change that nobody had recorded.
    pub(super) fn found(&self, entity: Entity, key: u64, updated_at: Moment) {
        if updated_at < self.opened_at || !self.expected.contains(&entity) {
            return;
        }
        self.state(|state| {
            if state.found.len() < MOST {
                state.found.entry((entity, key)).or_insert(Found { at: Instant::now(), updated_at });
            }
        });
    }

    /// Counts until the service stops.
    pub(super) async fn run(&self) {
        let tick = (self.grace / 4).clamp(Duration::from_millis(100), Duration::from_secs(15));
        loop {
            self.show_silence();
            tokio::select! {
                () = tokio::time::sleep(tick) => {}
                () = self.context.stop.cancelled() => return,
            }
            self.settle().await;
        }
    }

    /// Decides on what was found long enough ago.
    async fn settle(&self) {
        let due: Vec<_> = self.state(|state| {
            let due = state.found.iter().filter(|(_, found)| found.at.elapsed() >= self.grace);
            due.map(|(record, found)| (*record, *found)).collect()
        });
        let mut lost: HashMap<Entity, u64> = HashMap::new();
        for ((entity, key), found) in due {
            match self.was_told(entity, key, found.updated_at).await {
                Ok(told) => {
                    // Unless a hint was read meanwhile.
                    let still = self.state(|state| state.found.remove(&(entity, key))).is_some();
                    *lost.entry(entity).or_default() += u64::from(still && !told);
                }
                Err(problem) => {
                    tracing::debug!(%problem, "whether webhooks were lost is seen later");
                    break;
                }
            }
        }
        for (entity, lost) in lost.into_iter().filter(|(_, lost)| *lost > 0) {
            metrics::counter!("ml_webhooks_lost_total", "entity" => entity.name()).increment(lost);
            let silence = self.silence(entity).as_secs();
            let entity = entity.name();
            tracing::warn!(
                code = Code::WebhookLost.as_str(),
                entity,
                lost,
                silence,
                "the poll found changes that no webhook named"
            );
        }
    }

    /// True when a hint at the record is on disk that is no older than the record's change: another replica's door has
    /// kept it, or it came before the change could be seen.
    async fn was_told(&self, entity: Entity, key: u64, updated_at: Moment) -> Result<bool, Problem> {
        let address = self.log.hint(System::Commerce, super::entity(entity), &key.to_string());
        let Some(hint) = self.log.last(&address).await? else { return Ok(false) };
        let changed = updated_at.earlier(SKEW).timestamp().map_or(0, |at| at.as_millisecond());
        Ok(i64::try_from(hint.stored_at).unwrap_or(i64::MAX) >= changed)
    }

    fn show_silence(&self) {
        for entity in &self.expected {
            let silence = self.silence(*entity).as_secs_f64();
            metrics::gauge!("ml_webhook_silence_seconds", "entity" => entity.name()).set(silence);
        }
    }

    /// Since the last webhook of this kind, or since the door was opened.
    fn silence(&self, entity: Entity) -> Duration {
        self.state(|state| state.heard.get(&entity).copied()).unwrap_or(self.opened).elapsed()
    }

    fn state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
