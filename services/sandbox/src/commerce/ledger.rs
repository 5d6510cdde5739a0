//! The shop's books, for the ledger that compares them with Visma's.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;

use super::account::{self, LedgerAccount};
use super::config::Habits;
use super::shop::Shop;
use super::table::{Document, Table};
use super::text;

/// An order as the ledger compares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerOrder {
    /// The id in the database.
    pub entity_id: u64,
    /// The number that people see.
    pub increment_id: String,
    /// `new`, `processing`, `canceled`…
    pub state: String,
    /// ISO 4217 code of the order's currency.
    pub currency: String,
    /// Total that the customer owes or has paid, in that currency.
    pub grand_total: Decimal,
    /// Amount of it that was cancelled.
    pub canceled: Decimal,
    /// Amounts that are left of it.
    pub account: LedgerAccount,
    /// Amounts that are left of its invoices.
    pub invoiced: LedgerAccount,
    /// The e-mail address on the order.
    pub customer_email: Option<String>,
    /// When it was placed, UTC, `YYYY-MM-DD HH:MM:SS`.
    pub created_at: String,
}

/// An invoice or a credit memo as the ledger compares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerDocument {
    /// The id in the database.
    pub entity_id: u64,
    /// The number that people see, unique within its kind.
    pub increment_id: String,
    /// The id of its order.
    pub order_id: u64,
    /// As a number: 1 open, 2 paid or refunded, 3 cancelled.
    pub state: String,
    /// ISO 4217 code of the order's currency.
    pub currency: String,
    /// Its total in that currency, as Commerce says it.
    pub grand_total: Decimal,
}

impl Shop {
    /// All orders that are visible, by id.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerOrder> {
        let habits = &self.config().habits;
        self.books().orders.iter().map(|(id, order)| ledger_order(*id, order, habits)).collect()
    }

    /// All invoices, by id.
    #[must_use]
    pub fn ledger_invoices(&self) -> Vec<LedgerDocument> {
        documents(&self.books().invoices)
    }

    /// All credit memos, by id.
    #[must_use]
    pub fn ledger_credit_memos(&self) -> Vec<LedgerDocument> {
        documents(&self.books().credit_memos)
    }

    /// The comments that stand on one order more than once, word for word, by the order's number. What Magento itself
    /// notes down does not count: two refunds of the same amount are two notes.
    #[must_use]
    pub fn doubled_comments(&self) -> BTreeMap<String, Vec<String>> {
        let mut doubled = BTreeMap::new();
        for order in self.books().orders.values() {
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for entry in text::elements(order.member("status_histories").unwrap_or("[]")) {
                let entry = Document::new(entry);
                let own = entry.string("entity_name").is_some_and(|entity| entity != "order");
                if let Some(comment) = entry.string("comment").filter(|comment| !own && !comment.is_empty()) {
                    *seen.entry(comment.into_owned()).or_default() += 1;
                }
            }
            let twice: Vec<String> =
                seen.into_iter().filter(|(_, times)| *times > 1).map(|(comment, _)| comment).collect();
            if !twice.is_empty() {
                doubled.insert(order.string("increment_id").unwrap_or_default().into_owned(), twice);
            }
        }
        doubled
    }
}

fn documents(table: &Table) -> Vec<LedgerDocument> {
    table.iter().map(|(id, document)| ledger_document(*id, document)).collect()
}

fn ledger_document(entity_id: u64, document: &Document) -> LedgerDocument {
    let text = |name: &str| document.string(name).unwrap_or_default().into_owned();
    LedgerDocument {
        entity_id,
        increment_id: text("increment_id"),
        order_id: document.member("order_id").and_then(|id| id.parse().ok()).unwrap_or_default(),
        state: document.member("state").unwrap_or_default().to_owned(),
        currency: text("order_currency_code"),
        grand_total: document.number("grand_total").unwrap_or_default(),
    }
}

fn ledger_order(entity_id: u64, order: &Document, habits: &Habits) -> LedgerOrder {
    let text = |name: &str| order.string(name).map(|text| text.into_owned());
    let (account, invoiced) = account::accounts(order, habits);
    LedgerOrder {
        canceled: order.number("total_canceled").unwrap_or_default(),
        account,
        invoiced,
        entity_id,
        increment_id: text("increment_id").unwrap_or_default(),
        state: text("state").unwrap_or_default(),
        currency: text("order_currency_code").unwrap_or_default(),
        grand_total: order.number("grand_total").unwrap_or_default(),
        customer_email: text("customer_email"),
        created_at: text("created_at").unwrap_or_default(),
    }
}
