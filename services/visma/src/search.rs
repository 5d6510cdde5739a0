//! Finding what a create in doubt may have left, in a list that may hold others.
//!
//! Visma ignores a filter that it does not know, and enforces no uniqueness. So every row is compared again, and
//! nothing is absent before the list has been read to its end while it stood still. One search answers for one key or,
//! when many creates are in doubt, for all of them at once.

use std::collections::BTreeMap;

use crate::list::{Page, Pager, Turn};
use crate::read::{CustomerRead, InvoiceRead, PaymentRead, ReadError};

/// A row that can be found by a key of ours.
pub trait Candidate {
    /// Our key in this row, as we would write it; none for rows that are not ours or not of the kind.
    fn key(&self) -> Option<String>;

    /// Visma's number.
    fn number(&self) -> &str;

    /// Its status and what is open of it, where a row of its kind says both.
    fn standing(&self) -> Option<(String, String)> {
        None
    }
}

/// By our reference. A credit note takes its invoice's reference along, and is no invoice.
impl Candidate for InvoiceRead {
    fn key(&self) -> Option<String> {
        let reference = self.external_reference.as_deref().filter(|_| self.is_invoice())?;
        Some(reference.trim().to_owned())
    }

    fn number(&self) -> &str {
        &self.number
    }

    fn standing(&self) -> Option<(String, String)> {
        Some((self.status.clone()?, self.open_balance()?.to_string()))
    }
}

/// A credit note, by our reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNoteRow(InvoiceRead);

impl CreditNoteRow {
    /// From a row of the list of credit notes, which has no other documents in it.
    ///
    /// # Errors
    /// As [`InvoiceRead::read`].
    pub fn read(value: &serde_json::Value) -> Result<Self, ReadError> {
        InvoiceRead::read(value).map(Self)
    }
}

impl Candidate for CreditNoteRow {
    fn key(&self) -> Option<String> {
        Some(self.0.external_reference.as_deref()?.trim().to_owned())
    }

    fn number(&self) -> &str {
        &self.0.number
    }

    fn standing(&self) -> Option<(String, String)> {
        self.0.standing()
    }
}

/// By our reference. A voided payment is none any longer, and the entry that voids one takes its reference along.
impl Candidate for PaymentRead {
    fn key(&self) -> Option<String> {
        let kind = self.kind.as_deref().unwrap_or_default().to_lowercase();
        let voided =
            kind.starts_with("void") || self.status.as_deref().is_some_and(|s| s.eq_ignore_ascii_case("voided"));
        let reference = self.reference.as_deref().filter(|_| !voided)?;
        Some(reference.trim().to_owned())
    }

    fn number(&self) -> &str {
        &self.number
    }
}

/// By e-mail, in one spelling.
impl Candidate for CustomerRead {
    fn key(&self) -> Option<String> {
        self.email.as_deref().map(crate::payload::spelled)
    }

    fn number(&self) -> &str {
        &self.number
    }
}

/// A search under way.
#[derive(Debug, Clone)]
pub struct Search<T> {
    pager: Pager,
    rows: BTreeMap<String, Vec<T>>,
}

/// Where it stands after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Searched<T> {
    /// Read this page.
    Fetch(u32),
    /// Over.
    Over(Found<T>),
}

/// Result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    rows: BTreeMap<String, Vec<T>>,
    settled: bool,
}

impl<T: Candidate> Search<T> {
    /// A search for these keys over at most so many pages. For one key a few suffice: more say that the filter was not
    /// honoured.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = String>, pages: u32) -> Self {
        Self { pager: Pager::new(pages), rows: keys.into_iter().map(|key| (key, Vec::new())).collect() }
    }

    /// The page that is to be read.
    #[must_use]
    pub fn page(&self) -> u32 {
        self.pager.page()
    }

    /// Takes the page that was asked for.
    pub fn take(&mut self, page: Page<T>) -> Searched<T> {
        let turn = self.pager.take(&page);
        for row in page.rows {
            // A row that moved between pages is read twice; it is one document.
            let rows = row.key().and_then(|key| self.rows.get_mut(&key));
            if let Some(rows) = rows.filter(|rows| rows.iter().all(|known| known.number() != row.number())) {
                rows.push(row);
            }
        }
        let settled = match turn {
            Turn::Fetch(page) => return Searched::Fetch(page),
            Turn::Drained { settled } => settled,
            Turn::TooLong => false,
        };
        Searched::Over(Found { rows: std::mem::take(&mut self.rows), settled })
    }
}

impl<T> Found<T> {
    /// All rows under this key, none for absent. `None` when nothing is proven: the list would not stand still or would
    /// not end, and the key was not seen (what was seen was there, however the list moved), or was not searched for.
    #[must_use]
    pub fn of(&self, key: &str) -> Option<&[T]> {
        let rows = self.rows.get(key)?;
        (self.settled || !rows.is_empty()).then_some(rows)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(rows: &[(&str, &str, &str)], total: u64) -> Page<InvoiceRead> {
        let row = |(number, reference, kind): &(&str, &str, &str)| {
            let row = json!({"referenceNumber": number, "externalReference": reference, "documentType": kind});
            InvoiceRead::read(&row).unwrap()
        };
        Page { rows: rows.iter().map(row).collect(), total: Some(total), max_page_size: Some(2), unshown: 0 }
    }

    fn over<T: std::fmt::Debug>(searched: Searched<T>) -> Found<T> {
        match searched {
            Searched::Over(found) => found,
            Searched::Fetch(page) => panic!("wants page {page}"),
        }
    }

    fn numbers<'a>(found: &'a Found<InvoiceRead>, key: &str) -> Option<Vec<&'a str>> {
        found.of(key).map(|rows| rows.iter().map(|row| row.number.as_str()).collect())
    }

    #[test]
    fn a_row_is_found_only_if_it_carries_the_reference_to_the_letter() {
        let mut search = Search::new(["WEB-1".to_owned()], 20);
        let rows = [("7", "WEB-10", "Invoice"), ("8", "web-1", "Invoice"), ("9", "WEB-1", "CreditNote")];
        let found = over(search.take(page(&rows, 3)));
        assert_eq!(numbers(&found, "WEB-1"), Some(vec![]));
        assert_eq!(numbers(&found, "WEB-10"), None);
    }

    #[test]
    fn a_filter_that_is_not_honoured_proves_nothing_until_the_list_is_read() {
        let mut search = Search::new(["WEB-1".to_owned()], 20);
        assert_eq!(search.take(page(&[("7", "A", "Invoice"), ("8", "B", "Invoice")], 3)), Searched::Fetch(2));
        let found = over(search.take(page(&[("9", "WEB-1", "Invoice")], 3)));
        assert_eq!(numbers(&found, "WEB-1"), Some(vec!["9"]));

        let mut short = Search::new(["WEB-1".to_owned()], 1);
        let found = over(short.take(page(&[("7", "A", "Invoice"), ("8", "B", "Invoice")], 3)));
        assert_eq!(numbers(&found, "WEB-1"), None);
    }

    #[test]
    fn one_sweep_answers_for_many() {
        let mut search = Search::new(["WEB-1", "WEB-2", "WEB-3"].map(str::to_owned), 20);
        let _ = search.take(page(&[("7", "WEB-1", "Invoice"), ("8", "WEB-2", "Invoice")], 4));
        let found = over(search.take(page(&[("8", "WEB-2", "Invoice"), ("9", "WEB-2", "Invoice")], 4)));
        assert_eq!(numbers(&found, "WEB-1"), Some(vec!["7"]));
        assert_eq!(numbers(&found, "WEB-2"), Some(vec!["8", "9"]));
        assert_eq!(numbers(&found, "WEB-3"), Some(vec![]));
    }

    #[test]
    fn a_payment_that_was_voided_is_none() {
        let row = |number: &str, kind: &str, status: &str| {
            let row = json!({"refNbr": number, "paymentRef": "WEB-P1", "type": kind, "status": status});
            PaymentRead::read(&row).unwrap()
        };
        let rows = vec![row("1", "Payment", "Voided"), row("1v", "VoidPayment", "Closed"), row("2", "Payment", "Open")];
        let mut search = Search::new(["WEB-P1".to_owned()], 20);
        let found = over(search.take(Page { rows, total: Some(3), max_page_size: None, unshown: 0 }));
        let numbers: Vec<_> = found.of("WEB-P1").unwrap().iter().map(|row| row.number.as_str()).collect();
        assert_eq!(numbers, ["2"]);
    }

    #[test]
    fn customers_are_found_by_email_in_any_spelling() {
        let row = json!({"number": "10", "mainContact": {"email": "Kari@Example.no "}});
        let rows = vec![CustomerRead::read(&row).unwrap()];
        let mut search = Search::new(["kari@example.no".to_owned()], 20);
        let found = over(search.take(Page { rows, total: Some(1), max_page_size: None, unshown: 0 }));
        assert_eq!(found.of("kari@example.no").map(<[_]>::len), Some(1));
    }
}
