//! Finds who overwrote whom: no vendor tells it, and a connector must never do it.
//!
//! A vendor lets the last writer win when no `If-Match` is sent. The auditor stands behind the books and notes each
//! such write, and each field that an accountant had edited and that a later `PUT` set to something else.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dto;

/// The kinds of records that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entity {
    /// A customer.
    Customer,
    /// A customer invoice.
    Invoice,
    /// A customer credit note.
    CreditNote,
    /// A customer payment, or a refund.
    Payment,
}

impl Entity {
    /// Its place in a path.
    pub(super) fn resource(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Invoice => "customerinvoice",
            Self::CreditNote => "customerCreditNote",
            Self::Payment => "customerPayment",
        }
    }

    /// `documentType` of the ledger's documents.
    pub(super) fn document_type(self) -> &'static str {
        match self {
            Self::Customer => "Undefined",
            Self::Invoice => "Invoice",
            Self::CreditNote => "CreditNote",
            Self::Payment => "Payment",
        }
    }
}

/// A `PUT` without `If-Match`: whatever stood there is gone unseen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlindOverwrite {
    /// The kind of the record.
    pub entity: Entity,
    /// Its number.
    pub number: String,
}

/// A field that an accountant had edited and that a `PUT` set to something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostEdit {
    /// The kind of the record.
    pub entity: Entity,
    /// Its number.
    pub number: String,
    /// The field as the bodies name it: `mainContact.email`, `invoiceLines[2].quantity`.
    pub field: String,
    /// Value that the accountant had written.
    pub edited: Value,
    /// Value that stands there now.
    pub written: Value,
    /// True when the `PUT` carried no `If-Match`.
    pub blind: bool,
}

/// Findings of the auditor.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Findings {
    /// Deeds of accountants on records.
    pub accountant_deeds: u64,
    /// `PUT`s that were refused with 412.
    pub stale_puts: u64,
    /// `PUT`s without `If-Match`.
    pub blind_overwrites: Vec<BlindOverwrite>,
    /// Edits of accountants that were overwritten.
    pub lost_edits: Vec<LostEdit>,
    /// Documents that were released.
    pub releases: u64,
    /// Releases that were answered with 200 and then failed.
    pub failed_releases: u64,
    /// Documents that were deleted over the API.
    pub deletes: u64,
    /// Calls that came after the window's limit, and were refused with 429.
    pub calls_over_limit: u64,
    /// The most calls that one window has seen.
    pub busiest_window: u64,
    /// Fields that accountants edited and that stand as they wrote them.
    pub kept_edits: usize,
}

/// A record: its kind and its number.
type Record = (Entity, String);

/// The auditor.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// Values that accountants wrote and nobody overwrote, by field.
    standing: HashMap<Record, BTreeMap<String, Value>>,
    seen: Findings,
}

impl Audit {
    /// An accountant did something to a record; `body` is what an edit wrote.
    pub(super) fn accountant(&mut self, entity: Entity, number: &str, body: Option<&Value>) {
        self.seen.accountant_deeds += 1;
        let fields = body.map(leaves).unwrap_or_default();
        if !fields.is_empty() {
            self.standing.entry((entity, number.to_owned())).or_default().extend(fields);
        }
    }

    /// A `PUT` was refused because its version is stale.
    pub(super) fn stale(&mut self) {
        self.seen.stale_puts += 1;
    }

    /// A release has ended.
    pub(super) fn released(&mut self, posted: bool) {
        if posted {
            self.seen.releases += 1;
        } else {
            self.seen.failed_releases += 1;
        }
    }

    /// A document was deleted over the API.
    pub(super) fn deleted(&mut self) {
        self.seen.deletes += 1;
    }

    /// A `PUT` was done.
    pub(super) fn put(&mut self, entity: Entity, number: &str, if_match: Option<&str>, body: &Value) {
        let blind = if_match.is_none();
        if blind {
            self.seen.blind_overwrites.push(BlindOverwrite { entity, number: number.to_owned() });
        }
        let Some(standing) = self.standing.get_mut(&(entity, number.to_owned())) else { return };
        for (path, written) in leaves(body) {
            let whole = |field: &str| field.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.'));
            let hit = |field: &&String| **field == path || (written.is_null() && whole(field));
            let fields: Vec<String> = standing.keys().filter(hit).cloned().collect();
            for field in fields {
                let Some(edited) = standing.remove(&field).filter(|edited| !same(edited, &written)) else {
                    continue;
                };
                let (number, written) = (number.to_owned(), written.clone());
                self.seen.lost_edits.push(LostEdit { entity, number, field, edited, written, blind });
            }
        }
    }

    /// Findings so far.
    pub(super) fn findings(&self) -> Findings {
        Findings { kept_edits: self.standing.values().map(BTreeMap::len).sum(), ..self.seen.clone() }
    }
}

/// The fields that tell the elements of a list apart.
const KEYS: [&str; 5] = ["lineNumber", "attributeId", "taxId", "segmentId", "refNbr"];

/// The scalars of a written body, by path. A line that is deleted is a `null` at its own path.
fn leaves(body: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    gather(body, String::new(), &mut found);
    found
}

fn gather(value: &Value, path: String, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => match fields.get("value").filter(|_| fields.len() == 1) {
            Some(inner) => gather(inner, path, into),
            None if value["operation"] == "Delete" => {
                into.insert(path, Value::Null);
            }
            None => {
                let said = |name: &&String| *name != "operation" && !KEYS.contains(&name.as_str());
                for (name, value) in fields.iter().filter(|(name, _)| said(name)) {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    gather(value, path, into);
                }
            }
        },
        Value::Array(items) => {
            // An inserted line has no number yet: nobody can have edited it.
            for item in items.iter().filter(|item| item["operation"] != "Insert") {
                if let Some(key) = key(item) {
                    gather(item, format!("{path}[{key}]"), into);
                }
            }
        }
        scalar => {
            into.insert(path, scalar.clone());
        }
    }
}

/// The key of a list's element.
fn key(item: &Value) -> Option<String> {
    let given = KEYS.into_iter().find_map(|name| item.get(name))?;
    match given.get("value").unwrap_or(given) {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// True when two values mean the same: numbers by their value, not by their digits.
fn same(a: &Value, b: &Value) -> bool {
    match (dto::decimal(a), dto::decimal(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}
