//! A write that changes nothing, sent before a create is risked while writes fail.
//!
//! A create that meets a gateway's 503 or no answer may have been carried out, and is in doubt until the vendor can no
//! longer be working on it. Were each probe of an outage a create, those of its last minutes would be in doubt long
//! after it, and everything that depends on them would wait.

use std::time::Duration;

use bytes::Bytes;
use http::Request;

use super::breaker::{Kind, Met, PROBING, Pass};
use super::{Vendor, met};
use crate::budget::Class;

impl Vendor {
    /// Sends the trial in the place of a create, and gives its pass back unless that met a failure.
    pub(super) async fn tried(&self, pass: Pass, trial: &Request<Bytes>) -> Result<Pass, Duration> {
        let (auth, _) = self.proofs.get();
        // Why there is no token the create itself finds out, and nothing is in doubt by it.
        let Ok((value, _)) = auth.header(trial).await else { return Ok(pass) };
        let spent = self.budget.take(Class::Document).await?.spend()?;
        let answer = self.sent(value, trial).await;
        let (met, why) = met(&answer);
        let got_through = !matches!(met, Met::Fault | Met::Nobody);
        let kept = match got_through {
            true => Some(pass),
            false => {
                pass.met(met, false, &why);
                None
            }
        };
        // What it says of the window counts as any answer's does.
        drop(self.noted(spent, answer).await);
        kept.ok_or_else(|| self.breaker.wait(Kind::Write).unwrap_or(PROBING))
    }
}
