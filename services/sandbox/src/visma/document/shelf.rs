//! The documents of one kind, with their number series and an index by reference.

use std::collections::{BTreeMap, HashMap};

use super::Document;

/// The documents of one kind.
#[derive(Debug)]
pub(in crate::visma) struct Shelf {
    all: BTreeMap<String, Document>,
    by_reference: HashMap<String, Vec<String>>,
    next: u64,
}

impl Shelf {
    /// An empty shelf whose number series starts at `first`.
    pub(in crate::visma) fn new(first: u64) -> Self {
        Self { all: BTreeMap::new(), by_reference: HashMap::new(), next: first }
    }

    /// The document with this number.
    pub(in crate::visma) fn get(&self, number: &str) -> Option<&Document> {
        self.all.get(number)
    }

    /// Every document.
    pub(in crate::visma) fn values(&self) -> impl Iterator<Item = &Document> {
        self.all.values()
    }

    /// The next number of the series that nobody has taken.
    pub(in crate::visma) fn next_number(&mut self) -> String {
        loop {
            let number = self.next.to_string();
            self.next += 1;
            if !self.all.contains_key(&number) {
                return number;
            }
        }
    }

    /// Keeps a document, new or changed.
    pub(in crate::visma) fn keep(&mut self, document: Document) {
        self.forget_reference(&document.number);
        if let Some(reference) = &document.external_reference {
            self.by_reference.entry(reference.clone()).or_default().push(document.number.clone());
        }
        self.all.insert(document.number.clone(), document);
    }

    /// Deletes a document.
    pub(in crate::visma) fn drop(&mut self, number: &str) {
        self.forget_reference(number);
        self.all.remove(number);
    }

    /// The numbers of the documents with this reference, exactly as it was written.
    pub(in crate::visma) fn numbers_of(&self, reference: &str) -> &[String] {
        self.by_reference.get(reference).map_or(&[], Vec::as_slice)
    }

    fn forget_reference(&mut self, number: &str) {
        let Some(reference) = self.all.get(number).and_then(|document| document.external_reference.as_deref()) else {
            return;
        };
        if let Some(numbers) = self.by_reference.get_mut(reference) {
            numbers.retain(|known| known != number);
            if numbers.is_empty() {
                self.by_reference.remove(reference);
            }
        }
    }
}
