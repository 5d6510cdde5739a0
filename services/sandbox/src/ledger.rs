//! The ledger: what both sides hold, compared to the øre.
//!
//! This is the judge of every crash test, so it looks at the two systems' own books, never at what was sent.

mod accounts;
mod joined;

use std::collections::{BTreeMap, HashMap};

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use crate::calls::SystemCalls;
use crate::commerce::{LedgerOrder, Shop};
use crate::select::System;
use crate::visma::{Company, Findings, LedgerInvoice, LedgerPayment};

use accounts::Papers;
pub use accounts::Unbalanced;
use joined::ByReference;
pub use joined::{Joined, Uncancelled};

/// Comparison of what both sides hold.
#[derive(Debug, Serialize)]
pub struct Ledger {
    /// Orders in Commerce.
    pub orders: Totals,
    /// Invoices in Visma.
    pub invoices: Totals,
    /// Customers in Visma.
    pub customers: usize,
    /// E-mail addresses that more than one customer in Visma has, with their numbers.
    pub duplicate_customers: BTreeMap<String, Vec<String>>,
    /// Orders and their invoices, one line each.
    pub documents: Vec<Document>,
    /// References that more than one invoice carries, with the invoices' numbers.
    pub duplicates: BTreeMap<String, Vec<String>>,
    /// Orders without an invoice. An order that must not be invoiced (its state says) is listed too.
    pub missing: Vec<Missing>,
    /// Orders whose invoice has another total or currency.
    pub totals_differ: Vec<Difference>,
    /// Invoices that belong to no order and to no invoice of Commerce.
    pub unexpected: Vec<LedgerInvoice>,
    /// Invoices in Commerce, and those in Visma that they became.
    pub commerce_invoices: Joined,
    /// Credit memos in Commerce, and the credit notes that they became.
    pub credit_memos: Joined,
    /// Cancelled orders that Visma still has.
    pub uncancelled: Vec<Uncancelled>,
    /// Orders whose account does not balance.
    pub unbalanced: Vec<Unbalanced>,
    /// Credit notes that belong to no credit memo and to no cancelled order.
    pub unexpected_credit_notes: Vec<LedgerInvoice>,
    /// Comments that stand on one order more than once, by the order's number.
    pub doubled_comments: BTreeMap<String, Vec<String>>,
    /// Credit notes in Visma.
    pub credit_notes: Totals,
    /// Every credit note.
    pub credit_note_documents: Vec<LedgerInvoice>,
    /// References that more than one credit note carries, with the credit notes' numbers.
    pub duplicate_credit_notes: BTreeMap<String, Vec<String>>,
    /// Payments and refunds in Visma.
    pub payments: Vec<LedgerPayment>,
    /// Blind overwrites in Visma, lost edits, and more.
    pub audit: Findings,
    /// Calls by system and kind.
    pub calls: BTreeMap<System, SystemCalls>,
}

/// A count, and the amounts by currency.
#[derive(Debug, Default, Serialize)]
pub struct Totals {
    /// How many documents.
    pub count: usize,
    /// The sum of their totals, by currency. Each is rounded to two decimals first, as it is booked.
    pub amounts: BTreeMap<String, Decimal>,
}

/// One order and what became of it.
#[derive(Debug, Serialize)]
pub struct Document {
    /// The order's number that people see.
    pub increment_id: String,
    /// The order's state.
    pub state: String,
    /// The order's currency.
    pub currency: String,
    /// The order's total, as Commerce says it.
    pub grand_total: Decimal,
    /// Its invoices: one, if all is well.
    pub invoices: Vec<LedgerInvoice>,
}

/// An order without an invoice.
#[derive(Debug, Serialize)]
pub struct Missing {
    /// The order's number that people see.
    pub increment_id: String,
    /// The order's state.
    pub state: String,
    /// The order's total.
    pub grand_total: Decimal,
}

/// An order whose invoice says something else.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// The order's number that people see.
    pub increment_id: String,
    /// The invoice's number.
    pub number: String,
    /// The order's currency.
    pub order_currency: String,
    /// The order's total, rounded to two decimals.
    pub order_total: Decimal,
    /// The invoice's currency.
    pub invoice_currency: String,
    /// The invoice's total.
    pub invoice_total: Decimal,
}

impl Totals {
    fn add(&mut self, currency: &str, amount: Decimal) {
        self.count += 1;
        let amount = booked(amount);
        match self.amounts.get_mut(currency) {
            Some(sum) => *sum += amount,
            None => {
                self.amounts.insert(currency.to_owned(), amount);
            }
        }
    }
}

/// A total of the shop as a document shows it: rounded to two decimals, once.
fn booked(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Compares the two systems. A document belongs to the order, invoice or credit memo whose increment id follows
/// `prefix`
/// and the letter of its kind in the reference.
#[must_use]
pub fn compare(shop: &Shop, company: &Company, prefix: &str, calls: BTreeMap<System, SystemCalls>) -> Ledger {
    let (invoices, mut by_reference) = sorted(company.ledger());
    let duplicates = duplicates(&by_reference);
    let credit_note_documents = company.credit_notes();
    let (credit_notes, mut notes) = sorted(credit_note_documents.clone());
    let duplicate_credit_notes = self::duplicates(&notes);
    let papers = Papers { invoices: shop.ledger_invoices(), memos: shop.ledger_credit_memos() };
    let orders = shop.ledger();
    let unbalanced = accounts::unbalanced(&orders, &papers, prefix, (&by_reference, &notes));
    let orders: Vec<(LedgerOrder, Vec<LedgerInvoice>)> = orders
        .into_iter()
        .map(|order| {
            let invoices = by_reference.remove(&format!("{prefix}{}", order.increment_id)).unwrap_or_default();
            (order, invoices)
        })
        .collect();
    let beside = orders.iter().map(|(order, invoices)| (order, invoices.as_slice()));
    let uncancelled = joined::uncancelled(beside, prefix, &notes);
    let commerce_invoices = Joined::of(papers.invoices, &format!("{prefix}I"), &mut by_reference);
    let credit_memos = Joined::of(papers.memos, &format!("{prefix}C"), &mut notes);
    for (order, _) in orders.iter().filter(|(order, _)| !order.canceled.is_zero() || order.state == "canceled") {
        for reference in accounts::cancellations(prefix, &order.increment_id) {
            notes.remove(&reference);
        }
    }
    let mut ledger = Ledger {
        orders: Totals::default(),
        invoices,
        customers: company.customer_count(),
        duplicate_customers: company.duplicate_customers(),
        documents: Vec::new(),
        duplicates,
        missing: Vec::new(),
        totals_differ: Vec::new(),
        unexpected: rest(by_reference),
        commerce_invoices,
        credit_memos,
        uncancelled,
        unbalanced,
        unexpected_credit_notes: rest(notes),
        doubled_comments: shop.doubled_comments(),
        credit_notes,
        credit_note_documents,
        duplicate_credit_notes,
        payments: company.payments(),
        audit: company.findings(),
        calls,
    };
    for (order, invoices) in orders {
        ledger.orders.add(&order.currency, order.grand_total);
        ledger.judge(order, invoices);
    }
    ledger
}

/// Returns the documents that nothing was found for, by number.
fn rest(by_reference: ByReference) -> Vec<LedgerInvoice> {
    let mut rest: Vec<LedgerInvoice> = by_reference.into_values().flatten().collect();
    rest.sort_by(|a, b| a.number.cmp(&b.number));
    rest
}

/// Documents by their reference, and their sum.
fn sorted(documents: Vec<LedgerInvoice>) -> (Totals, ByReference) {
    let mut totals = Totals::default();
    let mut by_reference: ByReference = HashMap::new();
    for document in documents {
        totals.add(&document.currency, document.total);
        by_reference.entry(document.external_reference.clone()).or_default().push(document);
    }
    (totals, by_reference)
}

/// The references that more than one document carries, with the documents' numbers.
fn duplicates(by_reference: &ByReference) -> BTreeMap<String, Vec<String>> {
    let doubled = by_reference.iter().filter(|(reference, documents)| !reference.is_empty() && documents.len() > 1);
    let numbers = |documents: &[LedgerInvoice]| documents.iter().map(|document| document.number.clone()).collect();
    doubled.map(|(reference, documents)| (reference.clone(), numbers(documents))).collect()
}

impl Ledger {
    fn judge(&mut self, order: LedgerOrder, invoices: Vec<LedgerInvoice>) {
        if invoices.is_empty() {
            self.missing.push(Missing {
                increment_id: order.increment_id.clone(),
                state: order.state.clone(),
                grand_total: order.grand_total,
            });
        }
        let rounded = booked(order.grand_total);
        let differs = |invoice: &&LedgerInvoice| invoice.total != rounded || invoice.currency != order.currency;
        self.totals_differ.extend(invoices.iter().filter(differs).map(|invoice| Difference {
            increment_id: order.increment_id.clone(),
            number: invoice.number.clone(),
            order_currency: order.currency.clone(),
            order_total: rounded,
            invoice_currency: invoice.currency.clone(),
            invoice_total: invoice.total,
        }));
        self.documents.push(Document {
            increment_id: order.increment_id,
            state: order.state,
            currency: order.currency,
            grand_total: order.grand_total,
            invoices,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_sums_of_rounded_documents() {
        let mut totals = Totals::default();
        for _ in 0..3 {
            totals.add("EUR", Decimal::new(100_050, 4));
        }
        assert_eq!(totals.amounts["EUR"], Decimal::new(3003, 2));
    }
}
