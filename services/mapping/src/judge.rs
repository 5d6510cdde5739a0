//! Judges whether a document is booked at all, by the settings of the service.
//!
//! A document that is out of scope is not looked at further, so that a broken order of another store is nobody's dead
//! letter.

mod due;

use commerce::document::DocumentState;
use commerce::order::{Item, Order, OrderState};
use problem::Code;
use rust_decimal::Decimal;

use crate::date;
use crate::decision::{Decision, Reason, Refusal};
use crate::document::{Document, DocumentKind, Name};
use crate::file::Mapping;
use crate::refusal::{reason, refuse};
use crate::rounding::round;
use crate::scope::{Meaning, Scope, Trigger, ZeroTotals};

/// Why something is not booked now.
#[derive(Debug)]
pub(crate) enum Held {
    /// Not yet.
    Wait(Reason),
    /// Never, as it stands.
    Skip(Reason),
}

impl<T> From<Held> for Decision<T> {
    fn from(held: Held) -> Self {
        match held {
            Held::Wait(reason) => Self::Wait { reason },
            Held::Skip(reason) => Self::Skip { reason },
        }
    }
}

/// Decides whether an order is booked; `None` lets it through.
///
/// # Errors
/// When it cannot be told: a store that the mapping file does not list, a state that Commerce does not have, no date.
pub(crate) fn order(order: &Order, mapping: &Mapping, scope: &Scope) -> Result<Option<Held>, Refusal> {
    let name = Name::new(DocumentKind::Order, &order.increment_id);
    if let Some(reason) = elsewhere(order.store_id, None, name, mapping, scope)? {
        return Ok(Some(Held::Skip(reason)));
    }
    if scope.trigger == Trigger::Invoiced {
        let sentence = format!("{} is booked by its invoices.", name.capital());
        return Ok(Some(Held::Skip(reason(Code::BookedByInvoices, sentence))));
    }
    if scope.go_live.is_some() {
        let placed = date::placed(order, mapping)?;
        if let Some(held) = before_go_live(placed, name, scope) {
            return Ok(Some(held));
        }
    }
    let state = state_of(order)?;
    // An order is called cancelled also when what was invoiced of it was refunded and the rest cancelled.
    let counts_as = if *state == OrderState::Canceled && is_touched(order) { &OrderState::Closed } else { state };
    let sentence = |what: &str| format!("{} is in state {state}{what}.", name.capital());
    match scope.states.meaning(counts_as) {
        Some(Meaning::Book) => {}
        Some(Meaning::Wait) => {
            return Ok(Some(Held::Wait(reason(
                Code::StateWaits,
                sentence(" and waits; it is booked when the shop moves it to another state"),
            ))));
        }
        Some(Meaning::Skip) => {
            return Ok(Some(Held::Skip(reason(Code::StateSkipped, sentence(", which is not booked")))));
        }
        None => {
            let what = format!(
                ", which the settings do not know: say what it means, as in `other = {{ {state} = \"wait\" }}` under [scope.states]"
            );
            return Err(refuse(Code::UnknownState, sentence(&what)));
        }
    }
    if let (Some(by), true) = (&order.relation_child_real_id, is_withdrawn(order)) {
        let sentence = format!("{} was replaced by order {by}.", name.capital());
        return Ok(Some(Held::Skip(reason(Code::StateSkipped, sentence))));
    }
    if let Some(held) = costs_nothing(order.grand_total, &order.order_currency_code, name, mapping, scope) {
        return Ok(Some(held));
    }
    Ok(due::missing(order, scope.trigger).map(|what| {
        let sentence = format!("{} is not {what} yet.", name.capital());
        Held::Wait(reason(Code::TriggerWaits, sentence))
    }))
}

/// Decides whether an invoice or a credit memo of an order in scope is booked; `None` lets it through.
///
/// # Errors
/// As [`order`].
pub(crate) fn document(
    document: &Document<'_>,
    state: Option<DocumentState>,
    mapping: &Mapping,
    scope: &Scope,
) -> Result<Option<Held>, Refusal> {
    let name = document.name();
    if let Some(reason) = elsewhere(document.order.store_id, None, name, mapping, scope)? {
        return Ok(Some(Held::Skip(reason)));
    }
    if let Some(held) = before_go_live(document.made(mapping)?, name, scope) {
        return Ok(Some(held));
    }
    match state {
        Some(DocumentState::Canceled) => {
            let sentence = format!("{} is cancelled.", name.capital());
            return Ok(Some(Held::Skip(reason(Code::StateSkipped, sentence))));
        }
        Some(DocumentState::Open) if document.kind == DocumentKind::CreditMemo => {
            let sentence = format!("{} is open: nothing has been refunded yet.", name.capital());
            return Ok(Some(Held::Wait(reason(Code::StateWaits, sentence))));
        }
        Some(DocumentState::Other(number)) => {
            let sentence = format!("{} is in state {number}, which Commerce does not have.", name.capital());
            return Err(refuse(Code::UnknownState, sentence));
        }
        Some(DocumentState::Open | DocumentState::Settled) | None => {}
    }
    Ok(costs_nothing(document.totals.grand_total, document.currency(), name, mapping, scope))
}

/// Checks whether an order was taken back as a whole: cancelled, or closed because an edited one stands in its place,
/// before anything of it was invoiced. What was refunded is taken back by its credit memos instead, and the rest as
/// [cancelled](crate::cancelled).
pub(crate) fn is_withdrawn(order: &Order) -> bool {
    let replaced = order.relation_child_real_id.is_some();
    let over = match order.state {
        Some(OrderState::Canceled) => true,
        Some(OrderState::Closed) => replaced,
        _ => false,
    };
    over && !is_touched(order)
}

/// Checks whether something of an order was invoiced, paid or refunded, so that it is in the shop's books.
pub(crate) fn is_touched(order: &Order) -> bool {
    let sums = [order.total_paid, order.total_invoiced, order.total_refunded];
    let handled = |item: &Item| !item.qty_invoiced.is_zero() || !item.qty_refunded.is_zero();
    sums.into_iter().flatten().any(|sum| !sum.is_zero()) || order.items.iter().any(handled)
}

/// Skips what was made before the go-live date.
pub(crate) fn before_go_live(made: jiff::civil::DateTime, name: Name<'_>, scope: &Scope) -> Option<Held> {
    let go_live = scope.go_live.filter(|go_live| made < *go_live)?;
    let sentence = format!("{} was made on {made}, before {go_live}.", name.capital());
    Some(Held::Skip(reason(Code::BeforeGoLive, sentence)))
}

/// Why a record belongs to a website or store that is not in scope. Its website is the one that it names, else that of
/// its store.
pub(crate) fn elsewhere(
    store: Option<u64>,
    website: Option<u64>,
    name: impl Into<Called>,
    mapping: &Mapping,
    scope: &Scope,
) -> Result<Option<Reason>, Refusal> {
    let Called(name) = name.into();
    if !scope.stores.is_empty() && !store.is_some_and(|id| scope.stores.contains(&id)) {
        let store = store.map_or("no store".to_owned(), |id| format!("store {id}"));
        return Ok(Some(reason(Code::OutOfScope, format!("{name} is of {store}, which is not in scope."))));
    }
    if scope.websites.is_empty() {
        return Ok(None);
    }
    let of_store = || store.and_then(|id| mapping.store(id)).and_then(|store| store.website);
    let website = website.or_else(of_store).ok_or_else(|| {
        let sentence = format!(
            "{name} cannot be placed: only some websites are in scope, and the mapping file does not say to which \
             website store {} belongs. Add it as a [[store]] with its website.",
            store.map_or("(none)".to_owned(), |id| id.to_string()),
        );
        refuse(Code::UnknownStore, sentence)
    })?;
    if scope.websites.contains(&website) {
        return Ok(None);
    }
    Ok(Some(reason(Code::OutOfScope, format!("{name} is of website {website}, which is not in scope."))))
}

/// Name of a record at the beginning of a sentence.
pub(crate) struct Called(pub(crate) String);

impl From<Name<'_>> for Called {
    fn from(name: Name<'_>) -> Self {
        Self(name.capital())
    }
}

/// Skips what has no total, when that is wished; totals such as 0.0009 occur.
fn costs_nothing(total: Decimal, currency: &str, name: Name<'_>, mapping: &Mapping, scope: &Scope) -> Option<Held> {
    let decimals = mapping.currencies.get(currency).map_or(2, |currency| currency.decimals);
    if scope.zero_totals == ZeroTotals::Book || !round(total, decimals).is_zero() {
        return None;
    }
    let sentence = format!("{} costs nothing, and such documents are not booked.", name.capital());
    Some(Held::Skip(reason(Code::ZeroTotal, sentence)))
}

fn state_of(order: &Order) -> Result<&OrderState, Refusal> {
    order.state.as_ref().ok_or_else(|| {
        let sentence = format!("Order {} has no state, so it is not known whether it counts.", order.increment_id);
        refuse(Code::UnknownState, sentence)
    })
}
