//! Documents behind the horizon of the archive: the log knew them, and holds them no longer.
//!
//! None of them can be under way, so a single look proves an absence. The horizon is read anew for each document that
//! the log says nothing of: a horizon that this process remembers could be older than the purge.

use std::sync::PoisonError;

use effect::{Millis, Silence};
use record::horizon;

use super::{AGAIN, Duration, Horizon, Key, Kind, named};

/// The beginning of time: whatever was sent then is settled.
const LONG_AGO: Silence = Silence::ProvesNothing { until: Millis(0) };

impl Horizon {
    /// Says what the silence of the log proves of the document with this key, whose order was placed at `placed`; else
    /// when to ask again.
    pub(in crate::visma) async fn silence(&self, key: &Key, placed: &str) -> Result<Silence, Duration> {
        let set_back = self.unless_set_back(key).await?;
        // Customers are never archived.
        if named(key).0 == Kind::Customer {
            return Ok(set_back);
        }
        let horizon = self.0.log.horizon().await.map_err(|problem| {
            tracing::warn!(%problem, "it is not known yet whether a document is in the archive");
            AGAIN
        })?;
        *self.0.archived.lock().unwrap_or_else(PoisonError::into_inner) = horizon;
        Ok(match set_back {
            Silence::Proves if self.is_behind(placed) => LONG_AGO,
            set_back => set_back,
        })
    }

    /// True when the document of an order that was placed at `placed` may be in the archive, by the horizon as it was
    /// last read.
    pub(super) fn is_behind(&self, placed: &str) -> bool {
        let horizon: Option<horizon::Horizon> = *self.0.archived.lock().unwrap_or_else(PoisonError::into_inner);
        horizon.is_some_and(|horizon| horizon.hides(placed))
    }
}
