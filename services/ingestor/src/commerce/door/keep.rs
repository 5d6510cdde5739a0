//! Keeping: hints, on disk, before anybody is told that they were taken.

use std::sync::Arc;
use std::time::Duration;

use ::commerce::webhook::{Hint, HintKey};
use axum::body::Bytes;
use futures::future::try_join_all;
use pipeline::id::derived_id;
use pipeline::vault::Vault;
use problem::Problem;
use record::address::{Entity, System};
use record::envelope::{Cause, Envelope};
use record::streams::HINTS;
use record::{Log, Message};
use tokio_util::sync::CancellationToken;

use super::super::NAME;
use super::super::hints::{INCREMENT, NOTHING};
use super::super::losses::Losses;

/// How often it is looked whether hints are kept again.
const LOOK: Duration = Duration::from_secs(10);
/// Media type of a webhook's body as it is kept: sealed.
const BODY: &str = "application/octet-stream";

/// Puts hints on disk. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Keeper {
    log: Log,
    vault: Vault,
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
    pub(super) fn new(log: &Log, vault: &Vault, losses: Option<Arc<Losses>>) -> Self {
        Self { log: log.clone(), vault: vault.clone(), losses }
    }

    /// While hints are not kept, keeps one that says nothing every so often, until `stop`. Else only the next webhook
    /// would show that they are kept again, and nobody sends one to a door that says it is not ready.
    pub(super) async fn look(self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
            if self.log.broker().health().is_ill(HINTS) {
                let nothing = self.log.hint(System::Commerce, Entity::Order, NOTHING);
                let id = uuid::Uuid::now_v7().to_string();
                let envelope = Envelope { id: &id, source: NAME, kind: "ml.hint.commerce.none", content_type: BODY };
                let message = Message { headers: envelope.headers(&Cause::default()), payload: Bytes::new() };
                // The publisher notes what becomes of it.
                let _ = self.log.append(&nothing, message, None).await;
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
        let entity = super::super::entity(told.hint.entity);
        let key = match &told.hint.key {
            HintKey::EntityId(id) => id.to_string(),
            HintKey::IncrementId(id) => format!("{INCREMENT}{id}"),
        };
        let address = self.log.hint(System::Commerce, entity, &key);
        let sealed = self.vault.seal_hint(&body);
        let sealed = sealed.map_err(|e| e.unusable())?;
        // A repeated webhook is a hint of its own: the record may have changed in between. An event that Adobe sends
        // again says nothing that its first delivery did not.
        let arrival = told.event.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        let id = derived_id(&["hint", &address.subject(), &arrival]);
        let kind = format!("ml.hint.commerce.{}", entity.name());
        let envelope = Envelope { id: &id, source: NAME, kind: &kind, content_type: BODY };
        let message = Message { headers: envelope.headers(&Cause::default()), payload: sealed.into() };
        self.log.append(&address, message, None).await?;
        if let Some(losses) = &self.losses {
            losses.heard(told.hint.entity);
        }
        Ok(())
    }
}
