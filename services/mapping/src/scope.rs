//! Which orders are booked at all: from when on, of which stores, in which state.
//!
//! These settings belong to the service, not to the mapping file: they say *whether*, the mapping file says *how*.
//! No first start may invoice the shop's history, so the service asks for a go-live date before it runs.

use serde::Deserialize;

/// What is in scope. The default lets every order of every store through and reads states as [`States::default`] says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Orders placed before this moment are skipped. In the company's time zone (`2026-01-01` or
    /// `2026-01-01T00:00:00`); `None` sets no limit.
    pub go_live: Option<jiff::civil::DateTime>,
    /// Websites whose orders are booked, by id; empty means all. Needs the stores in the mapping file.
    pub websites: Vec<u64>,
    /// Store views whose orders are booked, by id; empty means all.
    pub stores: Vec<u64>,
    /// What each state of an order means.
    pub states: States,
    /// What happens to orders that cost nothing.
    pub zero_totals: ZeroTotals,
}

/// What each state of an order means for its invoice.
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
}

/// What a state means.
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

/// What happens to orders with a grand total of zero.
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
        }
    }
}
