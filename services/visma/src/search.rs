//! Finding one invoice by our reference, in a list that may hold others.
//!
//! Visma ignores a filter that it does not know, and enforces no uniqueness. So every row is compared again, and nothing is
//! absent before the list has been read to its end.

use crate::list::{Page, Pager, Turn};
use crate::read::InvoiceRead;

/// Pages before a filter counts as not honoured: one reference has a handful of rows.
const PAGES: u32 = 20;

/// A search under way.
#[derive(Debug, Clone)]
pub struct Search {
    reference: String,
    pager: Pager,
    found: Vec<InvoiceRead>,
}

/// Where it stands after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Searched {
    /// Read this page.
    Fetch(u32),
    /// All invoices that carry the reference, none for absent.
    Found(Vec<InvoiceRead>),
    /// The list would not stand still, or would not end: nothing is proven.
    Unproven,
}

impl Search {
    /// A search for one reference.
    #[must_use]
    pub fn new(reference: &str) -> Self {
        Self { reference: reference.to_owned(), pager: Pager::new(PAGES), found: Vec::new() }
    }

    /// The page that is to be read.
    #[must_use]
    pub fn page(&self) -> u32 {
        self.pager.page()
    }

    /// Takes the page that was asked for.
    pub fn take(&mut self, page: Page<InvoiceRead>) -> Searched {
        let turn = self.pager.take(&page);
        for invoice in page.rows {
            let known = self.found.iter().any(|found| found.number == invoice.number);
            if !known && invoice.is_invoice() && invoice.carries(&self.reference) {
                self.found.push(invoice);
            }
        }
        match turn {
            Turn::Fetch(page) => Searched::Fetch(page),
            Turn::Drained { settled: true } => Searched::Found(std::mem::take(&mut self.found)),
            // What was seen was there, however the list moved; only absence needs a list that stands still.
            Turn::Drained { settled: false } | Turn::TooLong if !self.found.is_empty() => {
                Searched::Found(std::mem::take(&mut self.found))
            }
            Turn::Drained { settled: false } | Turn::TooLong => Searched::Unproven,
        }
    }
}
