//! How many orders' accounts do not balance, as a metric: the fold that `drift` makes, from time to time, beside the
//! mapper. It reads the streams and calls nobody.

use record::Log;
use std::time::Duration;

use operator::drift;
use pipeline::schedule::Interval;
use pipeline::service::Context;
use problem::Problem;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::settings::Settings;

/// A service that has just been started has other things to do.
const FIRST: Duration = Duration::from_secs(60);
/// Where the shop is polled once a day, webhooks or a poll that is asked for bring the rest sooner.
const DAILY: Duration = Duration::from_secs(60 * 60);

/// How long after its last change an order is judged: its credit memos are read with it, or by the next poll.
pub(crate) fn settles(settings: &Settings) -> Duration {
    match settings.commerce.poll.interval {
        Interval::Every(span) => span.0.saturating_mul(2),
        Interval::Daily => DAILY,
    }
}

/// Counts, shows and waits, until the service is told to stop.
pub(crate) async fn count(context: Context, interval: Duration, settles: Duration) {
    let log = Log::on(&context.broker, &context.connection);
    let mut wait = FIRST.min(interval);
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = context.stop.cancelled() => return,
        }
        wait = interval;
        match beside(log.clone(), settles).await {
            #[expect(clippy::cast_precision_loss, reason = "a count of orders")]
            Some(Ok(report)) => metrics::gauge!("ml_accounts_unbalanced").set(report.unbalanced() as f64),
            Some(Err(problem)) => tracing::warn!(%problem, "the orders' accounts were not counted"),
            None => tracing::warn!("the orders' accounts were not counted: there is no thread for it"),
        }
    }
}

/// Reads on a thread of its own: all of the streams are read, and no order waits for that, nor does the service's end.
async fn beside(log: Log, settles: Duration) -> Option<Result<drift::Report, Problem>> {
    let (done, counted) = oneshot::channel();
    let span = tracing::Span::current();
    let counting = move || {
        let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
        let _ = done.send(runtime.block_on(drift::report(&log, settles).instrument(span))); // Err: the service has ended.
    };
    std::thread::Builder::new().name("accounts".to_owned()).spawn(counting).ok()?;
    counted.await.ok()
}
