//! Commerce's invoices, credit memos and cancellations beside what Visma has of them.
//!
//! Which of them must be in Visma depends on the flows that are on: with the trigger `invoiced` every Commerce invoice,
//! without it none. So this only says what is there; the test knows what should be. References are the prefix, `I` for
//! an invoice, `C` for a credit memo or `X` for a cancelled order, and the increment id.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use serde::Serialize;

use super::{Difference, Missing, Totals};
use crate::commerce::{LedgerDocument, LedgerOrder};
use crate::visma::LedgerInvoice;

/// Visma's documents by their reference.
pub(super) type ByReference = HashMap<String, Vec<LedgerInvoice>>;

/// Commerce's documents of one kind, and Visma's of the same references.
#[derive(Debug, Default, Serialize)]
pub struct Joined {
    /// All of them in Commerce.
    pub documents: Totals,
    /// How many have exactly one document in Visma, with their total and currency.
    pub matched: usize,
    /// Those without a document in Visma.
    pub missing: Vec<Missing>,
    /// Those with more than one, by reference, with Visma's numbers.
    pub duplicates: BTreeMap<String, Vec<String>>,
    /// Those whose document in Visma has another total or currency.
    pub totals_differ: Vec<Difference>,
}

/// A cancelled order that Visma still has.
#[derive(Debug, Serialize)]
pub struct Uncancelled {
    /// The order's number that people see.
    pub increment_id: String,
    /// The invoice that was neither deleted nor credited in full.
    pub number: String,
    /// The invoice's total.
    pub total: Decimal,
    /// Amount that the credit notes of the cancellation take off it.
    pub credited: Decimal,
}

impl Joined {
    /// Joins documents with those whose reference is `prefix` and the increment id, and takes these out.
    pub(super) fn of(documents: Vec<LedgerDocument>, prefix: &str, theirs: &mut ByReference) -> Self {
        let mut joined = Self::default();
        for document in documents {
            joined.documents.add(&document.currency, document.grand_total);
            let reference = format!("{prefix}{}", document.increment_id);
            joined.judge(&document, &reference, &theirs.remove(&reference).unwrap_or_default());
        }
        joined
    }

    fn judge(&mut self, document: &LedgerDocument, reference: &str, theirs: &[LedgerInvoice]) {
        let total = super::booked(document.grand_total);
        let same = |one: &&LedgerInvoice| one.total == total && one.currency == document.currency;
        match theirs {
            [] => self.missing.push(Missing {
                increment_id: document.increment_id.clone(),
                state: document.state.clone(),
                grand_total: document.grand_total,
            }),
            [one] if same(&one) => self.matched += 1,
            [_] => {}
            many => {
                let numbers = many.iter().map(|one| one.number.clone()).collect();
                self.duplicates.insert(reference.to_owned(), numbers);
            }
        }
        self.totals_differ.extend(theirs.iter().filter(|one| !same(one)).map(|one| Difference {
            increment_id: document.increment_id.clone(),
            number: one.number.clone(),
            order_currency: document.currency.clone(),
            order_total: total,
            invoice_currency: one.currency.clone(),
            invoice_total: one.total,
        }));
    }
}

/// The cancelled orders whose invoice is still there and not credited by notes of the cancellation, by as much as was
/// cancelled.
pub(super) fn uncancelled<'o>(
    orders: impl Iterator<Item = (&'o LedgerOrder, &'o [LedgerInvoice])>,
    prefix: &str,
    notes: &ByReference,
) -> Vec<Uncancelled> {
    let mut open = Vec::new();
    for (order, invoices) in orders.filter(|(order, _)| order.state == "canceled") {
        let references = super::accounts::cancellations(prefix, &order.increment_id);
        let credited: Decimal = references.filter_map(|one| notes.get(&one)).flatten().map(|note| note.total).sum();
        // What was refunded of it before is taken back by its credit memos.
        let rest = super::booked(order.canceled);
        let falls = |invoice: &&LedgerInvoice| credited != if rest.is_zero() { invoice.total } else { rest };
        open.extend(invoices.iter().filter(falls).map(|invoice| Uncancelled {
            increment_id: order.increment_id.clone(),
            number: invoice.number.clone(),
            total: invoice.total,
            credited,
        }));
    }
    open
}
