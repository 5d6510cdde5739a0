//! A call that is reserved, and one that has begun: both are accounted for when they are dropped.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::share::Ticket;
use super::{Budget, Class};
use crate::clock::now_millis;

/// The right to make one call. It goes back into the budget when it is dropped without one.
#[derive(Debug)]
#[must_use = "a permit that is dropped goes back"]
pub struct Permit {
    pub(super) ticket: Ticket,
    /// Where it goes back to; `None` once it is spent.
    pub(super) budget: Option<Budget>,
}

/// A call that has begun, and may have been counted.
#[derive(Debug)]
pub(crate) struct Spent {
    pub(super) ticket: Ticket,
    pub(super) at: u64,
    /// The budget that is told when nobody waits for the answer; `None` once it is accounted for.
    pub(super) budget: Option<Budget>,
}

/// A call that was not made, or that nobody waited for the answer of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dropped {
    NotMade(Ticket),
    Lost,
}

impl Permit {
    /// Returns the purpose of the call.
    pub fn class(&self) -> Class {
        self.ticket.class
    }

    /// The call begins now: from here on it may have been counted.
    ///
    /// # Errors
    /// How long to wait, when the vendor has asked for patience since the permit was given.
    pub(crate) fn spend(mut self) -> Result<Spent, Duration> {
        let at = now_millis();
        let blocked_until = self.budget.as_ref().map_or(0, |budget| budget.0.blocked_until.load(Ordering::Relaxed));
        if blocked_until > at {
            return Err(Duration::from_millis(blocked_until - at));
        }
        Ok(Spent { ticket: self.ticket, at, budget: self.budget.take() })
    }
}

impl Drop for Spent {
    fn drop(&mut self) {
        if let Some(budget) = self.budget.take() {
            budget.note(Dropped::Lost);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(budget) = self.budget.take() else { return };
        if !self.ticket.probe {
            budget.note(Dropped::NotMade(self.ticket));
            return;
        }
        // The others wait for its answer.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let ticket = self.ticket;
            runtime.spawn(async move { budget.give_up_probe(ticket).await });
        }
    }
}
