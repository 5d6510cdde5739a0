//! The accountant: somebody who works in Visma itself, and always at the wrong moment.
//!
//! An errand for now is done at once. One that is armed with `before_put` is done when a `PUT` on the record has come
//! and before it is looked at, so that its `If-Match` is stale and the caller gets 412, as in a race that is lost.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::audit::Entity;
use super::books::Books;
use super::document::write;
use super::reply::VismaRefusal;
use super::{customer_write, release, schemas};

/// Something that an accountant does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errand {
    /// The kind of the record.
    pub entity: Entity,
    /// Its number; absent means every record of the kind, for an errand that waits for a `PUT`.
    #[serde(default)]
    pub number: Option<String>,
    /// Its `externalReference`, where the number is not known yet.
    #[serde(default)]
    pub reference: Option<String>,
    /// A customer's e-mail address, where the number is not known yet.
    #[serde(default)]
    pub email: Option<String>,
    /// The deed that is done.
    #[serde(rename = "do", default)]
    pub deed: Deed,
    /// Body that an edit writes, as `PUT` takes it. `{n}` in a text becomes the count of this errand's edits. Without a
    /// body the record is saved as it is, and only its version moves.
    #[serde(default = "nothing")]
    pub body: Value,
    /// How much is paid; absent means the whole balance.
    #[serde(default)]
    pub amount: Option<Decimal>,
    /// When; absent means now.
    #[serde(default)]
    pub before_put: Option<BeforePut>,
}

/// Deeds that an accountant can do to a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Edits it, released or not. Payments cannot be edited.
    #[default]
    Edit,
    /// Deletes a document, released or not.
    Delete,
    /// Enters a document a second time, with the same reference.
    Double,
    /// Gives a customer the number in the body.
    Renumber,
    /// Releases it.
    Release,
    /// Books money on a released document: its balance falls.
    Pay,
}

/// Before which `PUT`s an errand is done, counted from 1 when it is armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeforePut {
    /// Before the n-th on each record, once.
    Nth(u64),
    /// Before each of the first n on each record.
    First(u64),
    /// Before every k-th on whatever record.
    Every(u64),
}

/// An errand that waits, and the `PUT`s that it has seen.
#[derive(Debug)]
struct Armed {
    errand: Errand,
    by_record: HashMap<String, u64>,
    seen: u64,
    done: u64,
}

/// The errands that wait for a `PUT`.
#[derive(Debug, Default)]
pub(super) struct Diary(Vec<Armed>);

fn nothing() -> Value {
    json!({})
}

impl Diary {
    /// Forgets every errand.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The errands to do before this `PUT`; counts it.
    fn due(&mut self, entity: Entity, names: &Names) -> Vec<Errand> {
        let waiting = self.0.iter_mut().filter(|armed| armed.errand.is_about(entity, names));
        waiting.filter_map(|armed| armed.strike(&names.number)).collect()
    }
}

impl Armed {
    fn strike(&mut self, number: &str) -> Option<Errand> {
        self.seen += 1;
        let of_record = self.by_record.entry(number.to_owned()).or_default();
        *of_record += 1;
        let struck = match self.errand.before_put {
            Some(BeforePut::Nth(n)) => *of_record == n,
            Some(BeforePut::First(n)) => *of_record <= n,
            Some(BeforePut::Every(k)) => k > 0 && self.seen.is_multiple_of(k),
            None => false,
        };
        struck.then(|| {
            self.done += 1;
            let mut errand = self.errand.clone();
            count(&mut errand.body, self.done);
            errand
        })
    }
}

/// Puts the count of the edit in place of `{n}`.
fn count(body: &mut Value, n: u64) {
    match body {
        Value::String(text) => *text = text.replace("{n}", &n.to_string()),
        Value::Array(items) => items.iter_mut().for_each(|item| count(item, n)),
        Value::Object(fields) => fields.values_mut().for_each(|value| count(value, n)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Names that a record goes by.
#[derive(Debug)]
struct Names {
    number: String,
    reference: Option<String>,
    email: Option<String>,
}

impl Errand {
    fn is_about(&self, entity: Entity, names: &Names) -> bool {
        let fits = |wanted: &Option<String>, value: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| value.is_some_and(|value| value.eq_ignore_ascii_case(wanted)))
        };
        self.entity == entity
            && fits(&self.number, Some(&names.number))
            && fits(&self.reference, names.reference.as_deref())
            && fits(&self.email, names.email.as_deref())
    }
}

impl Books {
    /// Takes an errand: does it now and gives the numbers of the records, or keeps it for the `PUT`s to come.
    ///
    /// # Errors
    /// A sentence when the body is wrong, no record is meant, or Visma refuses the deed even to an accountant.
    pub(super) fn send_accountant(&mut self, errand: Errand) -> Result<Vec<String>, String> {
        let bytes = serde_json::to_vec(&errand.body).map_err(|error| error.to_string())?;
        let schema = match errand.entity {
            Entity::Customer => &schemas::CUSTOMER,
            Entity::Invoice => &schemas::INVOICE,
            Entity::CreditNote => &schemas::CREDIT_NOTE,
            Entity::Payment => &schemas::PAYMENT,
        };
        schema.read(&bytes)?;
        if errand.before_put.is_some() {
            self.diary.0.push(Armed { errand, by_record: HashMap::new(), seen: 0, done: 0 });
            return Ok(Vec::new());
        }
        if errand.number.is_none() && errand.reference.is_none() && errand.email.is_none() {
            return Err("number, reference or email must say which record is meant".to_owned());
        }
        let meant = self.all_names(errand.entity).into_iter().filter(|names| errand.is_about(errand.entity, names));
        let numbers: Vec<String> = meant.map(|names| names.number).collect();
        if numbers.is_empty() {
            return Err("there is no such record".to_owned());
        }
        for (n, number) in (1..).zip(&numbers) {
            let mut errand = errand.clone();
            count(&mut errand.body, n);
            self.perform(number, &errand).map_err(|refusal| refusal.sentence())?;
        }
        Ok(numbers)
    }

    /// A `PUT` on this record has come: the accountant may be faster.
    pub(super) fn let_accountant_go_first(&mut self, entity: Entity, number: &str) {
        let Some(names) = self.names(entity, number) else { return };
        for errand in self.diary.due(entity, &names) {
            if let Err(refusal) = self.perform(number, &errand) {
                tracing::warn!(number, sentence = refusal.sentence(), "the accountant's errand was refused");
            }
        }
    }

    fn perform(&mut self, number: &str, errand: &Errand) -> Result<(), VismaRefusal> {
        let entity = errand.entity;
        match errand.deed {
            Deed::Edit => self.edit(number, errand)?,
            Deed::Delete => {
                let kind = self.document(entity, number).ok_or(VismaRefusal::NotFound)?.kind;
                self.shelf_mut(kind).drop(number);
            }
            Deed::Double => {
                let document = self.document(entity, number).ok_or(VismaRefusal::NotFound)?.clone();
                write::double(self, &document);
            }
            Deed::Renumber => {
                let new = errand.body.pointer("/number/value").and_then(Value::as_str).unwrap_or_default();
                self.renumber(number, new)?;
            }
            Deed::Release => {
                release::prepare(self, entity, number, None)?;
                self.release(entity, number);
            }
            Deed::Pay => {
                let document = self.document(entity, number).filter(|document| document.status.released());
                let document = document.ok_or(VismaRefusal::Invalid("it is not released".to_owned()))?;
                let amount = errand.amount.unwrap_or(document.balance());
                self.receive(entity, number, amount);
            }
        }
        let body = (errand.deed == Deed::Edit).then_some(&errand.body);
        self.audit.accountant(entity, number, body);
        Ok(())
    }

    fn edit(&mut self, number: &str, errand: &Errand) -> Result<(), VismaRefusal> {
        if errand.entity == Entity::Customer {
            let before = self.customers.get(number).ok_or(VismaRefusal::NotFound)?;
            let after = customer_write::changed(self, before, &errand.body)?;
            customer_write::update(self, after);
            return Ok(());
        }
        let before = self.document(errand.entity, number).ok_or(VismaRefusal::NotFound)?;
        let after = write::changed(self, before, &errand.body)?;
        write::update(self, after);
        Ok(())
    }

    fn all_names(&self, entity: Entity) -> Vec<Names> {
        let numbers: Vec<&String> = match entity {
            Entity::Customer => self.customers.keys().collect(),
            Entity::Invoice => self.invoices.values().map(|document| &document.number).collect(),
            Entity::CreditNote => self.credit_notes.values().map(|document| &document.number).collect(),
            Entity::Payment => self.payments.keys().collect(),
        };
        numbers.into_iter().filter_map(|number| self.names(entity, number)).collect()
    }

    fn names(&self, entity: Entity, number: &str) -> Option<Names> {
        let (reference, email) = match entity {
            Entity::Customer => (None, self.customers.get(number)?.main_contact.email.clone()),
            Entity::Invoice | Entity::CreditNote => (self.document(entity, number)?.external_reference.clone(), None),
            Entity::Payment => (self.payments.get(number)?.payment_ref.clone(), None),
        };
        Some(Names { number: number.to_owned(), reference, email })
    }
}
