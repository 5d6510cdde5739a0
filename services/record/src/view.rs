//! Views: what the last entries of many records say, read at start and followed ever after.

use async_nats::HeaderMap;
use bytes::Bytes;
use pipeline::broker::follow::{self, Caught, Follow};
use tokio_util::sync::CancellationToken;

use crate::Log;
use crate::address::{Address, Span};

impl Log {
    /// Follows `span` in a task of its own until `stop`, giving each entry to `see` in the order of the stream: first
    /// the last ones of each record, then whatever is written. Bodies are left out with `headers_only`.
    pub fn follow(
        &self,
        span: &Span,
        headers_only: bool,
        stop: &CancellationToken,
        mut see: impl FnMut(&Address, &HeaderMap, &Bytes) + Send + 'static,
    ) -> Caught {
        let what = Follow { stream: span.stream(), filter: span.filter(), headers_only };
        follow::follow(&self.broker, what, stop.clone(), move |entry| match Address::parse(entry.subject) {
            Ok(address) => see(&address, entry.headers, entry.body),
            Err(e) => tracing::debug!(error = %e, "an entry is in no view"),
        })
    }
}
