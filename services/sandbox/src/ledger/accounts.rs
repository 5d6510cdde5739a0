//! Every order's account: what stands for it in Visma (invoices less credit notes, drafts too) beside what the shop
//! says is left of it, the total and VAT by rate.
//!
//! The amount left is the total less what was cancelled and what was refunded. Where the order's invoices are what
//! stands, it is the sum of the invoices less what was refunded: a part that is neither invoiced nor cancelled is not
//! there yet. An order of which nothing stands has no account: it is missing, or is meant to be.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;

use super::joined::ByReference;
use crate::commerce::{LedgerAccount, LedgerDocument, LedgerOrder};
use crate::visma::LedgerInvoice;

/// Each document is rounded once.
const ROUNDED: Decimal = Decimal::from_parts(5, 0, 0, false, 3);
/// Visma may compute VAT of its own from lines.
const VAT_ROUNDED: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

/// An order whose account does not balance.
#[derive(Debug, Serialize)]
pub struct Unbalanced {
    /// The order's number that people see.
    pub increment_id: String,
    /// The order's state.
    pub state: String,
    /// Invoices less credit notes in Visma.
    pub stands: Decimal,
    /// Amount that is left, as the shop says it.
    pub should_stand: Decimal,
    /// VAT by rate in Visma.
    pub vat: BTreeMap<String, Decimal>,
    /// VAT by rate as the shop says it is left.
    pub vat_should: BTreeMap<String, Decimal>,
    /// References and numbers of the documents.
    pub documents: Vec<String>,
}

/// The documents of one order in Visma.
#[derive(Debug, Default)]
struct Standing<'a> {
    own: Vec<&'a LedgerInvoice>,
    invoices: Vec<&'a LedgerInvoice>,
    notes: Vec<&'a LedgerInvoice>,
}

/// The shop's documents of every order.
pub(super) struct Papers {
    pub(super) invoices: Vec<LedgerDocument>,
    pub(super) memos: Vec<LedgerDocument>,
}

/// The orders whose account does not balance. `invoices` and `notes` are all of Visma's, by their references.
pub(super) fn unbalanced(
    orders: &[LedgerOrder],
    papers: &Papers,
    prefix: &str,
    (invoices, notes): (&ByReference, &ByReference),
) -> Vec<Unbalanced> {
    let found = |all: &ByReference, reference: &str| all.get(reference).cloned().unwrap_or_default();
    let of_order = |all: &[LedgerDocument], id: u64, letter: &str| -> Vec<String> {
        let own = all.iter().filter(|one| one.order_id == id);
        own.map(|one| format!("{prefix}{letter}{}", one.increment_id)).collect()
    };
    let judged = orders.iter().filter_map(|order| {
        let own = found(invoices, &format!("{prefix}{}", order.increment_id));
        let by_invoice = of_order(&papers.invoices, order.entity_id, "I");
        let billed: Vec<LedgerInvoice> = by_invoice.iter().flat_map(|one| found(invoices, one)).collect();
        let mut credits = of_order(&papers.memos, order.entity_id, "C");
        credits.extend(cancellations(prefix, &order.increment_id));
        credits.extend(of_order(&papers.invoices, order.entity_id, "XI"));
        let credited: Vec<LedgerInvoice> = credits.iter().flat_map(|one| found(notes, one)).collect();
        let standing =
            Standing { own: own.iter().collect(), invoices: billed.iter().collect(), notes: credited.iter().collect() };
        judge(order, &standing)
    });
    judged.collect()
}

/// The references that credit notes over what was cancelled of an order may have.
pub(super) fn cancellations(prefix: &str, increment_id: &str) -> impl Iterator<Item = String> {
    let first = format!("{prefix}X{increment_id}");
    let more: Vec<String> = (2..=9).map(|count| format!("{first}.{count}")).collect();
    std::iter::once(first).chain(more)
}

fn judge(order: &LedgerOrder, standing: &Standing<'_>) -> Option<Unbalanced> {
    let plus: Vec<&LedgerInvoice> = standing.own.iter().chain(&standing.invoices).copied().collect();
    let documents = plus.len() + standing.notes.len();
    if documents == 0 {
        return None;
    }
    let by_invoices = standing.own.is_empty() && !standing.invoices.is_empty();
    let LedgerAccount { total, vat } = if by_invoices { &order.invoiced } else { &order.account };
    let (mut stands, mut by_rate) = (Decimal::ZERO, BTreeMap::new());
    let signed = plus.iter().map(|one| (Decimal::ONE, *one));
    for (sign, document) in signed.chain(standing.notes.iter().map(|one| (-Decimal::ONE, *one))) {
        stands += sign * document.total;
        for (rate, vat) in &document.vat_by_rate {
            *by_rate.entry(rate.clone()).or_insert(Decimal::ZERO) += sign * vat;
        }
    }
    let count = Decimal::from(documents as u64);
    let rates = by_rate.keys().chain(vat.keys());
    let at = |all: &BTreeMap<String, Decimal>, rate: &String| all.get(rate).copied().unwrap_or_default();
    let off = rates.clone().any(|rate| (at(&by_rate, rate) - at(vat, rate)).abs() > VAT_ROUNDED * count);
    if (stands - *total).abs() <= ROUNDED * count && !off {
        return None;
    }
    let shown = |one: &LedgerInvoice| format!("{} {} over {}", one.external_reference, one.number, one.total);
    Some(Unbalanced {
        increment_id: order.increment_id.clone(),
        state: order.state.clone(),
        stands,
        should_stand: *total,
        vat: by_rate,
        vat_should: vat.clone(),
        documents: plus.into_iter().chain(standing.notes.iter().copied()).map(shown).collect(),
    })
}
