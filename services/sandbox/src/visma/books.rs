//! Books of the company: customers, documents, and the numbers that are given next.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::civil::{Date, DateTime};

use super::accountant::Diary;
use super::audit::{Audit, Entity};
use super::clock;
use super::config::Config;
use super::customer::Customer;
use super::document::{Document, DocumentKind, Shelf};
use super::payment::Payment;
use super::purchase::Shelves;
use super::release::Pending;
use super::reply::VismaRefusal;

/// When a record was written, and which version of it this is.
#[derive(Clone, Debug)]
pub(super) struct Stamps {
    pub(super) created: DateTime,
    pub(super) modified: DateTime,
    /// Since when it exists: lists show it a while later.
    pub(super) since: Instant,
    /// The row version: every write in the company has the next one.
    pub(super) version: u64,
}

impl Stamps {
    /// The stamps of a record that is not written yet.
    pub(super) fn unwritten() -> Self {
        Self { created: DateTime::ZERO, modified: DateTime::ZERO, since: Instant::now(), version: 0 }
    }

    /// The version as `timeStamp` and `ETag` show it.
    pub(super) fn time_stamp(&self) -> String {
        BASE64_STANDARD.encode(self.version.to_be_bytes())
    }

    /// Holds `If-Match` against this version. It is optional: without it, the last write wins.
    ///
    /// # Errors
    /// [`VismaRefusal::Stale`] when it names anything else than this version, in quotes.
    pub(super) fn match_header(&self, if_match: Option<&str>) -> Result<(), VismaRefusal> {
        match if_match {
            Some(given) if given != format!("\"{}\"", self.time_stamp()) => Err(VismaRefusal::Stale),
            _ => Ok(()),
        }
    }
}

/// Books of the company.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) config: Arc<Config>,
    pub(super) customers: BTreeMap<String, Customer>,
    pub(super) invoices: Shelf,
    pub(super) credit_notes: Shelf,
    pub(super) payments: BTreeMap<String, Payment>,
    pub(super) purchases: Shelves,
    pub(super) pending: Vec<Pending>,
    pub(super) audit: Audit,
    pub(super) diary: Diary,
    customers_by_id: HashMap<u64, String>,
    next_customer: u64,
    next_payment: u64,
    last_id: u64,
    last_version: u64,
}

impl Books {
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self {
            customers: BTreeMap::new(),
            invoices: Shelf::new(config.first_invoice_number),
            credit_notes: Shelf::new(config.first_credit_note_number),
            payments: BTreeMap::new(),
            purchases: Shelves::default(),
            pending: Vec::new(),
            audit: Audit::default(),
            diary: Diary::default(),
            customers_by_id: HashMap::new(),
            next_customer: config.first_customer_number,
            next_payment: config.first_payment_number,
            last_id: 0,
            // Row versions of a real company start nowhere near nought.
            last_version: 0x4D18_2222,
            config,
        }
    }

    /// The stamps of a record that is written now for the first time.
    pub(super) fn first_stamps(&mut self) -> Stamps {
        let now = clock::now(&self.config);
        Stamps { created: now, modified: now, since: Instant::now(), version: self.next_version() }
    }

    /// The stamps of a record that is written again now.
    pub(super) fn next_stamps(&mut self, before: &Stamps) -> Stamps {
        Stamps { modified: clock::now(&self.config), version: self.next_version(), ..before.clone() }
    }

    fn next_version(&mut self) -> u64 {
        self.last_version += 1;
        self.last_version
    }

    /// The next internal id: one row of ids for all records.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The next number of the customers' series that nobody has taken.
    pub(super) fn next_customer_number(&mut self) -> String {
        loop {
            let number = self.next_customer.to_string();
            self.next_customer += 1;
            if !self.customers.contains_key(&number) {
                return number;
            }
        }
    }

    /// The next number of the payments' series.
    pub(super) fn next_payment_number(&mut self) -> String {
        let number = self.next_payment.to_string();
        self.next_payment += 1;
        number
    }

    /// The business date of a document that brings none.
    pub(super) fn today(&self) -> Date {
        self.config.today.unwrap_or_else(|| clock::now(&self.config).date())
    }

    /// The documents of a kind.
    pub(super) fn shelf(&self, kind: DocumentKind) -> &Shelf {
        match kind {
            DocumentKind::Invoice => &self.invoices,
            DocumentKind::CreditNote => &self.credit_notes,
        }
    }

    /// The documents of a kind, to write.
    pub(super) fn shelf_mut(&mut self, kind: DocumentKind) -> &mut Shelf {
        match kind {
            DocumentKind::Invoice => &mut self.invoices,
            DocumentKind::CreditNote => &mut self.credit_notes,
        }
    }

    /// The customer document of this kind and number; nothing for records that are none.
    pub(super) fn document(&self, entity: Entity, number: &str) -> Option<&Document> {
        match entity {
            Entity::Invoice => self.invoices.get(number),
            Entity::CreditNote => self.credit_notes.get(number),
            Entity::Customer | Entity::Payment => None,
        }
    }

    /// The customer with this internal id.
    pub(super) fn customer_number(&self, internal_id: &str) -> Option<&str> {
        let id = internal_id.parse::<u64>().ok()?;
        self.customers_by_id.get(&id).map(String::as_str)
    }

    /// Gives a customer another number; its internal id stays.
    ///
    /// # Errors
    /// It is not there, or the number is taken.
    pub(super) fn renumber(&mut self, number: &str, new: &str) -> Result<(), VismaRefusal> {
        if new.is_empty() || self.customers.contains_key(new) {
            return Err(VismaRefusal::Invalid(format!("Customer '{new}' already exists.")));
        }
        let mut customer = self.customers.remove(number).ok_or(VismaRefusal::NotFound)?;
        new.clone_into(&mut customer.number);
        customer.stamps = self.next_stamps(&customer.stamps);
        customer.rendered = OnceLock::new();
        self.keep_customer(customer);
        Ok(())
    }

    /// Keeps a customer, new or changed.
    pub(super) fn keep_customer(&mut self, customer: Customer) {
        self.customers_by_id.insert(customer.internal_id, customer.number.clone());
        self.customers.insert(customer.number.clone(), customer);
    }
}
