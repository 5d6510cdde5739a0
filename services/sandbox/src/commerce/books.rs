//! The documents of the shop, and the numbers that go on from them.
//!
//! Documents are kept as text and served as that text (see [`super::table`]).

use std::collections::BTreeMap;

use super::search::columns::Entity;
use super::table::{Document, Table};
use super::text::whole_number;
use crate::corpus::Corpus;
use crate::generate;

/// Customers and addresses that are given in a body have ids behind this one, clear of those that are drawn.
pub(crate) const ADDED: u64 = 1_000_000;

/// The documents, and the numbers that go on from them.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) orders: Table,
    pub(crate) invoices: Table,
    pub(crate) credit_memos: Table,
    pub(crate) shipments: Table,
    pub(crate) customers: Table,
    pub(crate) tax_rates: Table,
    pub(crate) tax_rules: Table,
    pub(crate) customer_groups: Table,
    /// Which of the generator's customers placed an order that was drawn here.
    pub(crate) drawn: BTreeMap<u64, u64>,
    /// The highest id of each kind so far.
    last_ids: BTreeMap<Entity, u64>,
    /// Where the numbers of each kind start in every store, so that new documents stay clear of recorded ones.
    first_numbers: BTreeMap<Entity, u64>,
    numbers: BTreeMap<(Entity, u64), u64>,
    last_item: u64,
    placed: u64,
    comments: u64,
    addresses: u64,
}

impl Books {
    pub(crate) fn table(&self, entity: Entity) -> &Table {
        match entity {
            Entity::Order => &self.orders,
            Entity::Invoice => &self.invoices,
            Entity::CreditMemo => &self.credit_memos,
            Entity::Shipment => &self.shipments,
            Entity::Customer => &self.customers,
            Entity::TaxRate => &self.tax_rates,
            Entity::TaxRule => &self.tax_rules,
            Entity::CustomerGroup => &self.customer_groups,
        }
    }

    /// How many orders were placed before this one, counted here.
    pub(crate) fn next_serial(&mut self) -> u64 {
        self.placed += 1;
        self.placed - 1
    }

    /// An id for a new document.
    pub(crate) fn next_id(&mut self, entity: Entity) -> u64 {
        let last = self.last_ids.entry(entity).or_default();
        *last += 1;
        *last
    }

    /// Keeps new documents clear of this id.
    pub(crate) fn reserve(&mut self, entity: Entity, id: u64) {
        let last = self.last_ids.entry(entity).or_default();
        *last = (*last).max(id);
    }

    /// The next number in a store's own sequence of a kind: nine digits, with the store id in front for all stores but
    /// the first. Unique within the kind only.
    pub(crate) fn next_number(&mut self, entity: Entity, store_id: u64) -> String {
        let first = self.first_numbers.get(&entity).copied().unwrap_or_default();
        let number = self.numbers.entry((entity, store_id)).or_insert(first);
        *number += 1;
        if store_id == 1 { format!("{number:09}") } else { format!("{store_id}{number:09}") }
    }

    /// The first of so many ids for new items of invoices, credit memos and shipments.
    pub(crate) fn next_items(&mut self, count: u64) -> u64 {
        self.last_item += count;
        self.last_item - count + 1
    }

    /// An id for a new address. That of a drawn customer has the customer's own id.
    pub(crate) fn next_address(&mut self) -> u64 {
        self.addresses += 1;
        ADDED + self.addresses
    }

    /// An id for a new comment.
    pub(crate) fn next_comment(&mut self) -> u64 {
        self.comments += 1;
        self.comments
    }
}

impl Books {
    /// The books of a recorded shop.
    pub(crate) fn of(recorded: Corpus) -> Self {
        let mut books = Self::default();
        let mut table = |entity: Entity, documents: Vec<(u64, String)>| -> Table {
            let last = documents.iter().map(|(id, _)| *id).max().unwrap_or(0);
            books.last_ids.insert(entity, last);
            books.first_numbers.insert(entity, last);
            documents.into_iter().map(|(id, text)| (id, Document::new(&text))).collect()
        };
        let orders = table(Entity::Order, recorded.orders);
        let invoices = table(Entity::Invoice, recorded.invoices);
        let credit_memos = table(Entity::CreditMemo, recorded.credit_memos);
        let customers = table(Entity::Customer, recorded.customers);
        let drawn = |document: String| Some((whole_number(&document, "id")?, document));
        let tax_rules = generate::tax_rules(recorded.tax_rates.as_deref()).into_iter().filter_map(drawn).collect();
        let tax_rates =
            recorded.tax_rates.unwrap_or_else(|| generate::tax_rates().into_iter().filter_map(drawn).collect());
        let groups = generate::customer_groups();
        let groups = recorded.customer_groups.unwrap_or_else(|| groups.into_iter().filter_map(drawn).collect());
        let tax_rules = table(Entity::TaxRule, tax_rules);
        let (tax_rates, customer_groups) = (table(Entity::TaxRate, tax_rates), table(Entity::CustomerGroup, groups));
        Self { orders, invoices, credit_memos, customers, tax_rates, tax_rules, customer_groups, ..books }
    }
}
