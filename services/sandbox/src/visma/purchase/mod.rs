//! The supplier's side: purchase orders, and the invoices for them.
//!
//! Accountants and the approval flow write these; a connector only reads them. So they come in at the test's own door,
//! in a plain form, and go out in the shape of the API.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::books::{Books, Stamps};
use super::chart::Supplier;
use super::config::{self, Config};
use super::text::{money, number, round};

mod generate;
mod invoice;
mod order;

pub use generate::{Generated, Place, Purchases};
pub use invoice::{InvoiceLine, SupplierInvoice};
pub use order::{OrderLine, PurchaseOrder};

/// A record as it is held: what was written, and when.
#[derive(Clone, Debug)]
pub(super) struct StoredRecord<T> {
    pub(super) id: u64,
    pub(super) content: T,
    pub(super) stamps: Stamps,
}

/// Records of the supplier's side.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    pub(super) orders: BTreeMap<String, StoredRecord<PurchaseOrder>>,
    /// By document type and number: the same number can occur in several types.
    pub(super) invoices: BTreeMap<(String, String), StoredRecord<SupplierInvoice>>,
}

impl Books {
    /// Writes a purchase order, new or instead of the one with its number, and gives the number.
    ///
    /// # Errors
    /// A sentence about what does not exist.
    pub(super) fn put_order(&mut self, mut content: PurchaseOrder) -> Result<String, String> {
        content.check(&self.config)?;
        let orders = &self.purchases.orders;
        let number = match content.order_nbr.take() {
            Some(own) => own,
            None => free(self.config.first_purchase_order_number, |number| orders.contains_key(number)),
        };
        content.order_nbr = Some(number.clone());
        content.date.get_or_insert(self.today());
        let before = self.purchases.orders.get(&number).map(|held| (held.id, held.stamps.clone()));
        let held = self.held(content, before);
        self.purchases.orders.insert(number.clone(), held);
        Ok(number)
    }

    /// Writes a supplier invoice, new or instead of the one with its type and number, and gives both.
    ///
    /// # Errors
    /// A sentence about what does not exist.
    pub(super) fn put_supplier_invoice(&mut self, mut content: SupplierInvoice) -> Result<(String, String), String> {
        content.check(self)?;
        let kind = content.document_type.clone();
        let invoices = &self.purchases.invoices;
        let taken = |number: &str| invoices.contains_key(&(kind.clone(), number.to_owned()));
        let number = match content.number.take() {
            Some(own) => own,
            None => free(self.config.first_supplier_invoice_number, taken),
        };
        content.number = Some(number.clone());
        content.date.get_or_insert(self.today());
        let key = (kind, number);
        let before = self.purchases.invoices.get(&key).map(|held| (held.id, held.stamps.clone()));
        let held = self.held(content, before);
        self.purchases.invoices.insert(key.clone(), held);
        Ok(key)
    }

    /// Changes a purchase order by a JSON merge patch of its form (RFC 7386).
    ///
    /// # Errors
    /// A sentence when there is no such order, or the patch makes no sense.
    pub(super) fn patch_order(&mut self, number: &str, patch: Value) -> Result<(), String> {
        let held = self.purchases.orders.get(number).ok_or("there is no such purchase order")?;
        let mut content = patched(&held.content, patch)?;
        content.order_nbr = Some(number.to_owned());
        self.put_order(content).map(drop)
    }

    /// Changes a supplier invoice by a JSON merge patch of its form (RFC 7386).
    ///
    /// # Errors
    /// A sentence when there is no such invoice, or the patch makes no sense.
    pub(super) fn patch_supplier_invoice(&mut self, key: &(String, String), patch: Value) -> Result<(), String> {
        let held = self.purchases.invoices.get(key).ok_or("there is no such supplier invoice")?;
        let mut content = patched(&held.content, patch)?;
        (content.document_type, content.number) = (key.0.clone(), Some(key.1.clone()));
        self.put_supplier_invoice(content).map(drop)
    }

    fn held<T>(&mut self, content: T, before: Option<(u64, Stamps)>) -> StoredRecord<T> {
        match before {
            Some((id, stamps)) => StoredRecord { id, content, stamps: self.next_stamps(&stamps) },
            None => StoredRecord { id: self.next_id(), content, stamps: self.first_stamps() },
        }
    }
}

/// The first number of a series that nobody has taken.
fn free(first: u64, taken: impl Fn(&str) -> bool) -> String {
    let mut numbers = (first..).map(|number| number.to_string());
    numbers.find(|number| !taken(number)).unwrap_or_default()
}

fn patched<T: Serialize + DeserializeOwned>(content: &T, patch: Value) -> Result<T, String> {
    let mut form = serde_json::to_value(content).map_err(|error| error.to_string())?;
    config::merge(&mut form, patch);
    serde_json::from_value(form).map_err(|error| error.to_string())
}

fn supplier<'a>(config: &'a Config, number: &str) -> Result<&'a Supplier, String> {
    config.chart.suppliers.iter().find(|one| one.number == number).ok_or(format!("there is no supplier {number}"))
}

/// Price of one unit of a currency in the base currency.
fn rate(config: &Config, currency: &str) -> Decimal {
    config.chart.currency(currency).map_or(Decimal::ONE, |currency| currency.rate)
}

/// The VAT of a purchase, by code.
#[derive(Debug, Default)]
struct InputVat(Vec<(String, Decimal, Decimal)>);

impl InputVat {
    fn add(&mut self, vat: &str, taxable: Decimal, config: &Config) {
        match self.0.iter_mut().find(|(id, ..)| id == vat) {
            Some((_, _, sum)) => *sum += taxable,
            None => {
                let rate = config.chart.vat(vat).map_or(Decimal::ZERO, |vat| vat.rate);
                self.0.push((vat.to_owned(), rate, taxable));
            }
        }
    }

    fn amounts(&self) -> impl Iterator<Item = (&String, Decimal, Decimal, Decimal)> {
        let hundred = Decimal::ONE_HUNDRED;
        self.0.iter().map(move |(id, rate, sum)| (id, *rate, *sum, round(*sum * *rate / hundred, 2)))
    }

    fn total(&self) -> Decimal {
        self.amounts().map(|(.., vat)| vat).sum()
    }

    fn shown(&self, config: &Config) -> Vec<Value> {
        let shown = |(place, (id, rate, taxable, vat)): (usize, (&String, Decimal, Decimal, Decimal))| {
            let description = config.chart.vat(id).map(|vat| &vat.description);
            json!({
                "taxId": id, "recordId": place + 1, "vatId": { "number": id, "description": description },
                "vatRate": number(rate), "taxableAmount": money(taxable), "vatAmount": money(vat),
            })
        };
        self.amounts().enumerate().map(shown).collect()
    }
}
