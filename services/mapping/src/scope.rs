//! Which orders are booked at all: from when on, of which stores, in which state.
//!
//! These settings belong to the service, not to the mapping file: they say *whether*, the mapping file says *how*.
//! No first start may invoice the shop's history, so the service asks for a go-live date before it runs.

use commerce::order::{Order, State};
use serde::Deserialize;

use crate::date;
use crate::decision::{Decision, Reason, Refusal};
use crate::file::Mapping;
use crate::refusal::{code, reason, refuse};
use crate::rounding::round;

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

/// Decides whether an order is booked at all; `None` lets it through.
///
/// What is out of scope is never looked at further, so that a broken order of another store is nobody's dead letter.
///
/// # Errors
/// When it cannot be told: a store that the mapping file does not list, a state that Commerce does not have, no date.
pub(crate) fn judge(order: &Order, mapping: &Mapping, scope: &Scope) -> Result<Option<Decision>, Refusal> {
    if let Some(reason) = elsewhere(order, mapping, scope)? {
        return Ok(Some(Decision::Skip { reason }));
    }
    if let Some(go_live) = scope.go_live {
        let placed = date::placed(order, mapping)?;
        if placed < go_live {
            let sentence = format!("Order {} was placed on {placed}, before {go_live}.", order.increment_id);
            return Ok(Some(Decision::Skip { reason: reason(code::BEFORE_GO_LIVE, sentence) }));
        }
    }
    let state = state_of(order)?;
    let sentence = |what: &str| format!("Order {} is in state {state}, {what}.", order.increment_id);
    match scope.states.meaning(state) {
        Some(Meaning::Book) => {}
        Some(Meaning::Wait) => {
            let reason = reason(code::STATE_WAITS, sentence("which waits"));
            return Ok(Some(Decision::Wait { reason }));
        }
        Some(Meaning::Skip) => {
            let reason = reason(code::STATE_SKIPPED, sentence("which is not booked"));
            return Ok(Some(Decision::Skip { reason }));
        }
        None => return Err(refuse(code::UNKNOWN_STATE, sentence("which the settings do not know"))),
    }
    if costs_nothing(order, mapping) && scope.zero_totals == ZeroTotals::Skip {
        let sentence = format!("Order {} costs nothing, and such orders are not booked.", order.increment_id);
        return Ok(Some(Decision::Skip { reason: reason(code::ZERO_TOTAL, sentence) }));
    }
    Ok(None)
}

/// Why an order belongs to a website or store that is not in scope.
fn elsewhere(order: &Order, mapping: &Mapping, scope: &Scope) -> Result<Option<Reason>, Refusal> {
    let id = order.store_id;
    if !scope.stores.is_empty() && !id.is_some_and(|id| scope.stores.contains(&id)) {
        let store = id.map_or("no store".to_owned(), |id| format!("store {id}"));
        let sentence = format!("Order {} is of {store}, which is not in scope.", order.increment_id);
        return Ok(Some(reason(code::OUT_OF_SCOPE, sentence)));
    }
    if scope.websites.is_empty() {
        return Ok(None);
    }
    let website = id.and_then(|id| mapping.store(id)).and_then(|store| store.website).ok_or_else(|| {
        let sentence = format!(
            "Order {} cannot be placed: only some websites are in scope, and the mapping file does not say to which \
             website store {} belongs. Add it as a [[store]] with its website.",
            order.increment_id,
            id.map_or("(none)".to_owned(), |id| id.to_string()),
        );
        refuse(code::UNKNOWN_STORE, sentence)
    })?;
    if scope.websites.contains(&website) {
        return Ok(None);
    }
    let sentence = format!("Order {} is of website {website}, which is not in scope.", order.increment_id);
    Ok(Some(reason(code::OUT_OF_SCOPE, sentence)))
}

/// Whether nothing is left of the total in the order's currency; totals such as 0.0009 occur.
fn costs_nothing(order: &Order, mapping: &Mapping) -> bool {
    let decimals = mapping.currencies.get(&order.order_currency_code).map_or(2, |currency| currency.decimals);
    round(order.grand_total, decimals).is_zero()
}

fn state_of(order: &Order) -> Result<&State, Refusal> {
    order.state.as_ref().ok_or_else(|| {
        let sentence = format!("Order {} has no state, so it is not known whether it counts.", order.increment_id);
        refuse(code::UNKNOWN_STATE, sentence)
    })
}

impl States {
    /// What a state means; `None` for one that core Commerce does not have.
    fn meaning(&self, state: &State) -> Option<Meaning> {
        match state {
            State::New => Some(self.new),
            State::PendingPayment => Some(self.pending_payment),
            State::Processing => Some(self.processing),
            State::Complete => Some(self.complete),
            State::Closed => Some(self.closed),
            State::Canceled => Some(self.canceled),
            State::Holded => Some(self.holded),
            State::PaymentReview => Some(self.payment_review),
            State::Other(_) => None,
        }
    }
}
