//! An order that is being changed: its columns and lines, and how they are written back into its text.
//!
//! Only what an action changes is re-written; all other letters of the document stay. An item stands in up to three
//! places (in `items`, as the `parent_item` of its children, in the shipping assignment), and all of them follow.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::line::{self, Line};
use super::money::{Pair, cents, stored};
use crate::commerce::config::Habits;
use crate::commerce::table::Document;
use crate::commerce::text;
use crate::generate::json::{array, number};

/// The one column whose base twin the database spells differently.
const SHIPPING_COMPENSATION: &str = "shipping_discount_tax_compensation_amount";
const BASE_SHIPPING_COMPENSATION: &str = "base_shipping_discount_tax_compensation_amnt";

type Changes = Vec<(String, Option<String>)>;

/// An order in the hands of one action.
#[derive(Debug)]
pub(super) struct Sale {
    pub(super) id: u64,
    document: Document,
    pub(super) lines: Vec<Line>,
    pub(super) habits: Habits,
    amounts: BTreeMap<String, Decimal>,
    texts: BTreeMap<String, Option<String>>,
    items: BTreeMap<u64, Changes>,
    payment: Changes,
    extension: BTreeMap<String, Pair>,
    histories: Vec<String>,
}

impl Sale {
    pub(super) fn open(id: u64, order: &Document, habits: &Habits) -> Self {
        Self {
            id,
            habits: habits.clone(),
            lines: line::lines(order),
            document: order.clone(),
            amounts: BTreeMap::new(),
            texts: BTreeMap::new(),
            items: BTreeMap::new(),
            payment: Vec::new(),
            extension: BTreeMap::new(),
            histories: Vec::new(),
        }
    }

    pub(super) fn document(&self) -> &Document {
        &self.document
    }

    /// A column that is a number; 0 when it is absent.
    pub(super) fn amount(&self, name: &str) -> Decimal {
        self.amounts.get(name).copied().or_else(|| self.document.number(name)).unwrap_or_default()
    }

    /// A column in both currencies.
    pub(super) fn pair(&self, name: &str) -> Pair {
        Pair::new(self.amount(&base_name(name)), self.amount(name))
    }

    /// A column that is a text; empty when it is absent.
    pub(super) fn text(&self, name: &str) -> String {
        match self.texts.get(name) {
            Some(Some(json)) => serde_json::from_str(json).unwrap_or_default(),
            Some(None) => String::new(),
            None => self.document.string(name).unwrap_or_default().into_owned(),
        }
    }

    pub(super) fn set_amount(&mut self, name: &str, value: Decimal) {
        self.amounts.insert(name.to_owned(), stored(value));
    }

    pub(super) fn set_pair(&mut self, name: &str, value: Pair) {
        self.set_amount(&base_name(name), value.base);
        self.set_amount(name, value.own);
    }

    pub(super) fn add(&mut self, name: &str, more: Pair) {
        self.set_pair(name, self.pair(name) + more);
    }

    pub(super) fn set_text(&mut self, name: &str, value: &str) {
        self.texts.insert(name.to_owned(), Some(Value::from(value).to_string()));
    }

    /// Takes a column away, as null does.
    pub(super) fn clear(&mut self, name: &str) {
        self.texts.insert(name.to_owned(), None);
    }

    /// The state, and the status that every state has by default.
    pub(super) fn set_state(&mut self, state: &str) {
        self.set_text("state", state);
        self.set_text("status", if state == "new" { "pending" } else { state });
    }

    /// True when anything is left to be invoiced.
    pub(super) fn can_invoice(&self) -> bool {
        self.lines.iter().any(|line| !line.dummy && line.to_invoice() > Decimal::ZERO)
    }

    /// Books a payment and works out what is due, which is rounded, unlike the total. Where another amount was captured
    /// for it, the payment shows that amount; it was not measured whether anything else does.
    pub(super) fn pay(&mut self, amount: Pair, captured: Option<Pair>) {
        self.add("total_paid", amount);
        let due = self.pair("grand_total").zip(self.pair("total_paid"), |total, paid| cents(total - paid));
        self.set_pair("total_due", due.map(|due| due.max(Decimal::ZERO)));
        self.add_payment("amount_paid", captured.unwrap_or(amount));
    }

    pub(super) fn add_payment(&mut self, name: &str, more: Pair) {
        let payment = Document::new(self.document.member("payment").unwrap_or("{}"));
        let base = base_name(name);
        for (name, more) in [(base.as_str(), more.base), (name, more.own)] {
            let known =
                self.payment.iter().rev().find(|(known, _)| known == name).and_then(|(_, value)| value.as_ref());
            let before = known.map_or_else(|| payment.number(name), |text| text.parse().ok()).unwrap_or_default();
            self.payment.push((name.to_owned(), Some(number(stored(before + more)))));
        }
    }

    /// An amount among the extension attributes.
    pub(super) fn extension(&self, name: &str) -> Pair {
        self.extension.get(name).copied().unwrap_or_else(|| {
            line::pair(&Document::new(self.document.member("extension_attributes").unwrap_or("{}")), name)
        })
    }

    pub(super) fn set_extension(&mut self, name: &str, value: Pair) {
        self.extension.insert(name.to_owned(), value);
    }

    pub(super) fn set_item(&mut self, id: u64, name: &str, value: Decimal) {
        self.items.entry(id).or_default().push((name.to_owned(), Some(number(stored(value)))));
    }

    pub(super) fn set_item_text(&mut self, id: u64, name: &str, value: &str) {
        let text = Value::from(value).to_string();
        self.items.entry(id).or_default().push((name.to_owned(), Some(text)));
    }

    pub(super) fn set_item_pair(&mut self, id: u64, name: &str, value: Pair) {
        self.set_item(id, &base_name(name), value.base);
        self.set_item(id, name, value.own);
    }

    /// Puts an entry in front of the status history.
    pub(super) fn note(&mut self, id: u64, comment: &str, entity: &str, at: &str) {
        let entry = json!({
            "comment": comment, "created_at": at, "entity_id": id, "entity_name": entity, "is_customer_notified": 0,
            "is_visible_on_front": 0, "parent_id": self.id, "status": self.text("status"),
        });
        self.histories.insert(0, entry.to_string());
    }

    /// The order as it is now, written at this second.
    pub(super) fn close(self, at: &str) -> Document {
        let before = self.document.string("updated_at").unwrap_or_default();
        let updated_at = before.as_ref().max(at).to_owned();
        let mut changes: Changes = vec![("updated_at".to_owned(), Some(Value::from(updated_at).to_string()))];
        changes.extend(self.amounts.iter().map(|(name, value)| (name.clone(), Some(number(*value)))));
        changes.extend(self.texts.iter().map(|(name, value)| (name.clone(), value.clone())));
        let mut extension = Document::new(self.document.member("extension_attributes").unwrap_or("{}"));
        if !self.items.is_empty() {
            let items = self.items();
            changes.push(("items".to_owned(), Some(array(items.iter().map(|(_, item)| item)))));
            extension = reassigned(&extension, &items);
        }
        for (name, amount) in &self.extension {
            extension = extension.with(&base_name(name), &number(amount.base)).with(name, &number(amount.own));
        }
        changes.push(("extension_attributes".to_owned(), Some(extension.text().to_string())));
        if !self.payment.is_empty() {
            let payment = text::edited(self.document.member("payment").unwrap_or("{}"), &self.payment);
            changes.push(("payment".to_owned(), Some(payment)));
        }
        if !self.histories.is_empty() {
            let mut all = self.histories.clone();
            let old = text::elements(self.document.member("status_histories").unwrap_or("[]"));
            all.extend(old.into_iter().map(str::to_owned));
            changes.push(("status_histories".to_owned(), Some(array(all))));
        }
        self.document.edited(&changes)
    }

    /// The items with their changes, by id, in their order.
    fn items(&self) -> Vec<(u64, String)> {
        let mut items: Vec<(u64, String)> = Vec::new();
        for line in &self.lines {
            let mut changes = self.items.get(&line.id).cloned().unwrap_or_default();
            let parent = line.parent.and_then(|parent| items.iter().find(|(id, _)| *id == parent));
            if let Some((_, parent)) = parent {
                changes.push(("parent_item".to_owned(), Some(parent.clone())));
            }
            items.push((line.id, line.document.edited(&changes).text().to_string()));
        }
        items
    }
}

/// The extension attributes with new items in their shipping assignment.
fn reassigned(extension: &Document, items: &[(u64, String)]) -> Document {
    let Some(assignments) = extension.member("shipping_assignments") else { return extension.clone() };
    let with_items = |assignment: &str| {
        let listed = text::elements(Document::new(assignment).member("items").unwrap_or("[]"))
            .into_iter()
            .map(|old| {
                let id = text::whole_number(old, "item_id");
                items
                    .iter()
                    .find(|(known, _)| Some(*known) == id)
                    .map_or_else(|| old.to_owned(), |(_, new)| new.clone())
            })
            .collect::<Vec<_>>();
        text::with(assignment, "items", &array(listed))
    };
    let assignments = array(text::elements(assignments).into_iter().map(with_items));
    extension.with("shipping_assignments", &assignments)
}

fn base_name(name: &str) -> String {
    if name == SHIPPING_COMPENSATION { BASE_SHIPPING_COMPENSATION.to_owned() } else { format!("base_{name}") }
}
