//! Keeping: hints, on disk, before anybody is told that they were taken.

use std::sync::Arc;
use std::time::Duration;

use ::commerce::webhook::{Hint, HintKey};
use axum::body::Bytes;
use futures::future::try_join_all;
use pipeline::broker::{Publisher, Put, streams};
use pipeline::envelope::{Cause, Envelope, derived_id};
use pipeline::problem::{Problem, chain};
use pipeline::service::Context;

use super::super::NAME;
use super::super::hints::INCREMENT;
use super::super::losses::Losses;

/// How often it is looked whether hints are kept again.
const LOOK: Duration = Duration::from_secs(10);
/// Media type of a webhook's body as it is kept: sealed.
const BODY: &str = "application/octet-stream";
/// The kind of record of a hint that says nothing.
const NOTHING: &str = "none";

/// Puts hints on disk. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Keeper {
    publisher: Publisher,
    context: Context,
    losses: Option<Arc<Losses>>,
}

/// A hint and the id of the event that gave it, the same when the event is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) hint: Hint,
    pub(super) event: Option<String>,
}

impl From<Hint> for Told {
    fn from(hint: Hint) -> Self {
        Self { hint, event: None }
    }
}

impl Keeper {
    pub(super) fn new(context: &Context, losses: Option<Arc<Losses>>) -> Self {
        Self { publisher: context.broker.publisher(streams::HINTS), context: context.clone(), losses }
    }

    /// While hints are not kept, keeps one that says nothing every so often, until `stop`. Else only the next webhook
    /// would show that they are kept again, and nobody sends one to a door that says it is not ready.
    pub(super) async fn look(self) {
        let Context { broker, health, stop, .. } = &self.context;
        while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
            if health.is_ill(streams::HINTS) {
                let subject = broker.subjects.hint("commerce", NOTHING, NOTHING);
                let id = uuid::Uuid::now_v7().to_string();
                let envelope = Envelope { id: &id, source: NAME, kind: "ml.hint.commerce.none", content_type: BODY };
                let headers = envelope.headers(&Cause::default());
                // The publisher notes what becomes of it.
                let _ = self.publisher.put(Put { subject, headers, payload: Bytes::new(), expect_last: None }).await;
            }
        }
    }

    /// Puts all hints of one body on disk; the body as received stands with the first.
    pub(super) async fn keep(&self, hints: &[Told], body: &Bytes) -> Result<(), Problem> {
        let bodies = std::iter::once(body.clone()).chain(std::iter::repeat(Bytes::new()));
        try_join_all(hints.iter().zip(bodies).map(|(told, body)| self.keep_one(told, body))).await?;
        Ok(())
    }

    async fn keep_one(&self, told: &Told, body: Bytes) -> Result<(), Problem> {
        let entity = told.hint.entity.name();
        let key = match &told.hint.key {
            HintKey::EntityId(id) => id.to_string(),
            HintKey::IncrementId(id) => format!("{INCREMENT}{id}"),
        };
        let subject = self.context.broker.subjects.hint("commerce", entity, &key);
        let sealed = self.context.vault.seal_hint(&body);
        let sealed = sealed.map_err(|e| Problem::new("VAULT_UNUSABLE", chain(&e), "look at the master key"))?;
        // A repeated webhook is a hint of its own: the record may have changed in between. An event that Adobe sends
        // again says nothing that its first delivery did not.
        let arrival = told.event.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        let id = derived_id(&["hint", &subject, &arrival]);
        let kind = format!("ml.hint.commerce.{entity}");
        let envelope = Envelope { id: &id, source: NAME, kind: &kind, content_type: BODY };
        let put =
            Put { subject, headers: envelope.headers(&Cause::default()), payload: sealed.into(), expect_last: None };
        self.publisher.put(put).await?;
        if let Some(losses) = &self.losses {
            losses.heard(told.hint.entity);
        }
        Ok(())
    }
}
