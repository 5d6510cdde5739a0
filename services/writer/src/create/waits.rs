//! Waiting for the target: in hand while it is short, and handed back to the broker when it is long.

use std::time::Duration;

use effect::{Millis, Pause};
use pipeline::vendor::Permit;
use problem::Problem;
use record::Verdict;

use super::{Driver, System};
use crate::now;

/// A wait that is longer is handed back to the broker, where the record remembers as much as this process does.
const HOLD: Duration = Duration::from_secs(5);

impl<S: System> Driver<S> {
    /// Waits until a call is reserved: an intent that is written while the budget is spent is one more doubt after a
    /// crash, and one that nobody can send under in time. A long wait is handed back if `may_hand_back` says so.
    pub(super) async fn permit(&self, may_hand_back: bool) -> Result<Permit, Verdict> {
        loop {
            match self.system.permit().await {
                Ok(permit) => return Ok(permit),
                Err(wait) if wait > HOLD && may_hand_back => {
                    return Err(match self.system.trouble() {
                        Some(problem) => Verdict::Again(wait, problem),
                        None => Verdict::RetryAfter(wait, "the vendor accepts no calls at the moment".to_owned()),
                    });
                }
                Err(wait) => self.pass(wait).await?,
            }
        }
    }

    /// Lets time pass here, unless the service is told to stop.
    async fn pass(&self, time: Duration) -> Result<(), Verdict> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = self.stop.cancelled() => Err(Verdict::RetryAfter(Duration::ZERO, "stopping".to_owned())),
        }
    }

    /// Lets time pass here until `until`, or hands the delivery back when that is long and `may_hand_back`.
    pub(crate) async fn wait(&self, until: Millis, why: Pause, may_hand_back: bool) -> Result<(), Verdict> {
        let left = Duration::from_millis(until.0.saturating_sub(now().0));
        if left > HOLD && may_hand_back {
            return Err(self.paused(left, why));
        }
        self.pass(left).await
    }

    /// The verdict of a pause: it is as it should be, or something failed.
    pub(crate) fn paused(&self, wait: Duration, why: Pause) -> Verdict {
        let failed = |sentence: &str| {
            let remedy = "nothing, unless it goes on: it is tried again by itself";
            let problem = self.system.trouble().unwrap_or_else(|| Problem::new(S::AWAY, sentence, remedy));
            Verdict::Again(wait, problem)
        };
        match why {
            Pause::Busy => Verdict::RetryAfter(wait, "the vendor accepts no calls at the moment".to_owned()),
            Pause::Doubt => Verdict::RetryAfter(wait, "the vendor may still be working on it".to_owned()),
            Pause::BetweenLooks => Verdict::RetryAfter(wait, "it is looked for once more".to_owned()),
            Pause::Away => failed("nobody answers"),
            Pause::Unauthorised => failed("the credentials are not accepted"),
            Pause::Fault => failed("the vendor failed over it"),
            Pause::LookFailed => failed("the look-up of what is in doubt failed"),
        }
    }
}

/// True when the next life, which finds an intent, is no worse off than this process is. `effect` allows more
/// (`Pause::may_hand_back`); what it allows beyond this costs look-ups.
pub(super) fn is_worth_handing_back(pause: Pause) -> bool {
    match pause {
        Pause::Doubt | Pause::LookFailed => true,
        Pause::Busy | Pause::Away | Pause::Unauthorised | Pause::Fault | Pause::BetweenLooks => false,
    }
}
