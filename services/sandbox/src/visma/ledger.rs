//! The company's own books, as the ledger compares them with the shop's.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Company;
use super::document::{Document, DocumentKind};
use super::payment::Payment;

/// One invoice or credit note as the ledger shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerInvoice {
    /// Its number.
    pub number: String,
    /// Our reference; empty when it has none.
    pub external_reference: String,
    /// The customer's number.
    pub customer: String,
    /// The customer's e-mail, from its main contact.
    pub customer_email: String,
    /// Its currency.
    pub currency: String,
    /// Its total in that currency.
    pub total: Decimal,
    /// Its VAT in that currency.
    pub vat: Decimal,
    /// Its VAT by rate in percent, in that currency.
    pub vat_by_rate: BTreeMap<String, Decimal>,
    /// Amount left to pay, in that currency.
    pub balance: Decimal,
    /// Its status.
    pub status: String,
    /// The numbers of the documents that it is applied to, or that are applied to it.
    pub applications: Vec<String>,
}

/// One payment or refund as the ledger shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerPayment {
    /// Its number.
    pub number: String,
    /// `Payment` or `Refund`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Our reference.
    pub payment_ref: String,
    /// The account on which the money moved.
    pub cash_account: String,
    /// Its currency.
    pub currency: String,
    /// Its amount in that currency.
    pub amount: Decimal,
    /// Its status.
    pub status: String,
    /// The numbers of the documents that it settles.
    pub applications: Vec<String>,
}

impl Company {
    /// Every invoice.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerInvoice> {
        self.documents(DocumentKind::Invoice)
    }

    /// Every credit note.
    #[must_use]
    pub fn credit_notes(&self) -> Vec<LedgerInvoice> {
        self.documents(DocumentKind::CreditNote)
    }

    fn documents(&self, kind: DocumentKind) -> Vec<LedgerInvoice> {
        let books = self.books();
        let email = |number: &str| books.customers.get(number).and_then(|customer| customer.main_contact.email.clone());
        let shown = |document: &Document| LedgerInvoice {
            number: document.number.clone(),
            external_reference: document.external_reference.clone().unwrap_or_default(),
            customer: document.customer.clone(),
            customer_email: email(&document.customer).unwrap_or_default(),
            currency: document.currency.clone(),
            total: document.sums.total,
            vat: document.sums.vat,
            vat_by_rate: by_rate(document),
            balance: document.balance(),
            status: document.status.name().to_owned(),
            applications: document.applications.iter().map(|one| one.number.clone()).collect(),
        };
        books.shelf(kind).values().map(shown).collect()
    }

    /// Every payment and refund.
    #[must_use]
    pub fn payments(&self) -> Vec<LedgerPayment> {
        let shown = |payment: &Payment| LedgerPayment {
            number: payment.number.clone(),
            kind: payment.direction.name().to_owned(),
            payment_ref: payment.payment_ref.clone().unwrap_or_default(),
            cash_account: payment.cash_account.clone(),
            currency: payment.currency.clone(),
            amount: payment.amount,
            status: payment.status.name().to_owned(),
            applications: payment.applications.iter().map(|one| one.number.clone()).collect(),
        };
        self.books().payments.values().map(shown).collect()
    }

    /// How many customers there are.
    #[must_use]
    pub fn customer_count(&self) -> usize {
        self.books().customers.len()
    }

    /// E-mail addresses (in lower case) that more than one customer has, with the customers' numbers.
    #[must_use]
    pub fn duplicate_customers(&self) -> BTreeMap<String, Vec<String>> {
        let mut by_email: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for customer in self.books().customers.values() {
            if let Some(email) = customer.main_contact.email.as_deref().filter(|email| !email.is_empty()) {
                by_email.entry(email.to_lowercase()).or_default().push(customer.number.clone());
            }
        }
        by_email.retain(|_, numbers| numbers.len() > 1);
        by_email
    }
}

fn by_rate(document: &Document) -> BTreeMap<String, Decimal> {
    let mut rates = BTreeMap::new();
    for tax in document.taxes.iter().filter(|tax| !tax.vat.is_zero()) {
        *rates.entry(tax.rate.normalize().to_string()).or_insert(Decimal::ZERO) += tax.vat;
    }
    rates
}
