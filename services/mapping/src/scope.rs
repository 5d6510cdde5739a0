//! Which orders are booked at all, and when: from which date on, of which stores, in which state, at what event.
//!
//! These settings belong to the service, not to the mapping file: they say *whether*, the mapping file says *how*.
//! No first start may invoice the shop's history, so the service asks for a go-live date before it runs.

use std::collections::BTreeMap;

use commerce::order::OrderState;
use serde::Deserialize;

/// Settings that say what is in scope. The default lets every order of every store through and reads states as
/// [`States::default`] says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Moment of going live: what was made before it is skipped. In the company's time zone (`2026-01-01` or
    /// `2026-01-01T00:00:00`); `None` sets no limit.
    pub go_live: Option<jiff::civil::DateTime>,
    /// Websites whose orders are booked, by id; empty means all. Needs the stores in the mapping file.
    pub websites: Vec<u64>,
    /// Store views whose orders are booked, by id; empty means all.
    pub stores: Vec<u64>,
    /// Event that makes an order an invoice.
    pub trigger: Trigger,
    /// True when Commerce's invoices are noted on the invoice that their order became. Each costs a call or two.
    pub references: bool,
    /// Meaning of each state of an order.
    pub states: States,
    /// Treatment of orders that cost nothing.
    pub zero_totals: ZeroTotals,
}

/// Event that makes an order an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The order is placed.
    #[default]
    Placed,
    /// Nothing of it is due any more.
    Paid,
    /// Each of its invoices in Commerce becomes one in Visma, and the order itself none.
    Invoiced,
    /// All of it that can be shipped is.
    Shipped,
}

/// Meaning of each state of an order for its invoice.
///
/// The default books what is placed, waits for payment and holds, and never books what is cancelled before it was
/// booked. `closed` is an order that was refunded in full: it is booked, and its credit memos take it back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct States {
    /// Placed.
    pub new: Meaning,
    /// A payment is awaited from outside.
    pub pending_payment: Meaning,
    /// Paid or shipped in part.
    pub processing: Meaning,
    /// Paid and shipped in full.
    pub complete: Meaning,
    /// Refunded in full.
    pub closed: Meaning,
    /// Cancelled.
    pub canceled: Meaning,
    /// On hold, as Commerce spells it.
    pub holded: Meaning,
    /// The payment is under review.
    pub payment_review: Meaning,
    /// States that an extension of the shop adds, by the names that it gives them.
    pub other: BTreeMap<String, Meaning>,
}

/// Meaning of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The order becomes an invoice.
    Book,
    /// Not yet.
    Wait,
    /// Never while it stands so.
    Skip,
}

/// Treatment of orders with a grand total of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroTotals {
    /// They become invoices of zero: revenue and liabilities of an order paid by gift card are in the books.
    #[default]
    Book,
    /// They are left out.
    Skip,
}

impl Default for States {
    fn default() -> Self {
        Self {
            new: Meaning::Book,
            pending_payment: Meaning::Wait,
            processing: Meaning::Book,
            complete: Meaning::Book,
            closed: Meaning::Book,
            canceled: Meaning::Skip,
            holded: Meaning::Wait,
            payment_review: Meaning::Wait,
            other: BTreeMap::new(),
        }
    }
}

impl States {
    /// Returns the meaning of a state; `None` for one that neither core Commerce nor `other` has.
    pub(crate) fn meaning(&self, state: &OrderState) -> Option<Meaning> {
        match state {
            OrderState::New => Some(self.new),
            OrderState::PendingPayment => Some(self.pending_payment),
            OrderState::Processing => Some(self.processing),
            OrderState::Complete => Some(self.complete),
            OrderState::Closed => Some(self.closed),
            OrderState::Canceled => Some(self.canceled),
            OrderState::Holded => Some(self.holded),
            OrderState::PaymentReview => Some(self.payment_review),
            OrderState::Other(name) => self.other.get(name).copied(),
        }
    }
}
