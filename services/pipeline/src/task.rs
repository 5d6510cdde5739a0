//! Tasks of a connection's work: each carries the connection's span on, so that its log lines and figures say whose
//! they are.

use tokio::task::JoinHandle;
use tracing::Instrument as _;

/// Starts a task within the span of whoever starts it.
#[allow(clippy::disallowed_methods, reason = "this is what is to be used instead")]
pub fn spawn<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(work.in_current_span())
}

/// Starts a task of the process, which is no connection's.
#[allow(clippy::disallowed_methods, reason = "what all connections share has none of their spans")]
pub fn detached<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(work)
}
