//! How many orders' accounts do not balance, as a metric: the fold that `drift` makes, from time to time, beside the
//! mapper. It reads the streams and calls nobody.

use record::Log;
use std::time::Duration;

use operator::drift;
use pipeline::schedule::Interval;
use pipeline::service::Context;
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

/// Counts from time to time until the service is told to stop, on a thread of its own: to read all of an installation's
/// documents keeps a thread busy for seconds, and orders do not wait for that.
pub(crate) fn count_aside(context: Context, interval: Duration, settles: Duration) {
    let span = context.span.clone();
    let counting = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(count(context, interval, settles).instrument(span)),
            Err(error) => tracing::warn!(%error, "the orders' accounts are not counted"),
        }
    };
    if let Err(error) = std::thread::Builder::new().name("accounts".to_owned()).spawn(counting) {
        tracing::warn!(%error, "the orders' accounts are not counted");
    }
}

/// Counts, shows and waits, until the service is told to stop.
async fn count(context: Context, interval: Duration, settles: Duration) {
    let log = Log::on(&context.broker, &context.connection);
    let mut wait = FIRST.min(interval);
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = context.stop.cancelled() => return,
        }
        wait = interval;
        match drift::report(&log, settles).await {
            #[expect(clippy::cast_precision_loss, reason = "a count of orders")]
            Ok(report) => metrics::gauge!("ml_accounts_unbalanced").set(report.unbalanced() as f64),
            Err(problem) => tracing::warn!(%problem, "the orders' accounts were not counted"),
        }
    }
}
