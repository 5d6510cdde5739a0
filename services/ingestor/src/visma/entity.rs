//! The kinds of records that are polled, and what is read from a row: its key, its version, whether it is ours, and
//! which parts of it are a person's.

use ::visma::delta::Mark;
use ::visma::list::Row;
use ::visma::read::{CustomerRead, CustomerStatus, InvoiceRead, PurchaseOrderRead, ReadError, SupplierInvoiceRead};
use ::visma::requests::List;
use ::visma::stamp::Stamp;
use pipeline::broker::token::token;
use pipeline::content::Rules;
use proto::{matching, seen};
use record::address::{self, System};
use serde::Deserialize;
use serde_json::Value;

use crate::changes::{Changes, Reading};
use crate::records;

/// A kind of record at Visma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entity {
    /// Customers: orders are matched with them.
    Customer,
    /// Purchase orders: they say which sales order they serve.
    PurchaseOrder,
    /// Our customer invoices.
    Invoice,
    /// Our credit notes.
    CreditNote,
    /// Supplier invoices.
    SupplierInvoice,
}

impl Entity {
    /// As the log names it.
    pub(crate) fn record(self) -> address::Entity {
        match self {
            Self::Customer => address::Entity::Customer,
            Self::PurchaseOrder => address::Entity::PurchaseOrder,
            Self::Invoice => address::Entity::Invoice,
            Self::CreditNote => address::Entity::CreditNote,
            Self::SupplierInvoice => address::Entity::SupplierInvoice,
        }
    }

    /// As it stands in subjects and settings.
    pub fn name(self) -> &'static str {
        self.record().name()
    }

    /// Name of its poll and of its cursor.
    pub(super) fn poll_name(self) -> &'static str {
        match self {
            Self::Customer => "visma.customer",
            Self::PurchaseOrder => "visma.purchaseorder",
            Self::Invoice => "visma.invoice",
            Self::CreditNote => "visma.creditnote",
            Self::SupplierInvoice => "visma.supplierinvoice",
        }
    }

    /// Where it is listed.
    pub(super) fn list(self) -> List {
        match self {
            Self::Customer => List::Customers,
            Self::PurchaseOrder => List::PurchaseOrders,
            Self::Invoice => List::Invoices,
            Self::CreditNote => List::CreditNotes,
            Self::SupplierInvoice => List::SupplierInvoices,
        }
    }

    /// True when the first poll reads the company's whole history: an earlier customer is still a customer today, and
    /// an old purchase order may be billed tomorrow. Documents from before the go-live date are not needed here.
    pub(super) fn reads_history(self) -> bool {
        matches!(self, Self::Customer | Self::PurchaseOrder)
    }

    /// Reads the mark by which one version of a row is told from another.
    pub(super) fn mark(self, row: &Row) -> Result<Mark, ReadError> {
        let text = row.text();
        Ok(match self {
            Self::Customer => {
                let CustomerRead { number, last_modified, time_stamp, .. } = CustomerRead::decode(text)?;
                Mark { key: number, modified: last_modified, version: time_stamp }
            }
            Self::PurchaseOrder => {
                let PurchaseOrderRead { number, last_modified, time_stamp, .. } = PurchaseOrderRead::decode(text)?;
                Mark { key: number, modified: last_modified, version: time_stamp }
            }
            Self::Invoice | Self::CreditNote => {
                let InvoiceRead { number, last_modified, time_stamp, .. } = InvoiceRead::decode(text)?;
                Mark { key: number, modified: last_modified, version: time_stamp }
            }
            Self::SupplierInvoice => {
                let read = SupplierInvoiceRead::decode(text)?;
                Mark { key: read.key(), modified: read.last_modified, version: read.time_stamp }
            }
        })
    }

    /// The key in a row that cannot be read otherwise, as far as it has one.
    pub(super) fn key_in(self, text: &str) -> Option<String> {
        let row: Value = serde_json::from_str(text).ok()?;
        let field = |name: &str| {
            let field = row.get(name)?;
            let text = field.get("value").unwrap_or(field).as_str()?;
            Some(text.to_owned()).filter(|text| !text.is_empty())
        };
        match self {
            Self::Customer => field("number"),
            Self::PurchaseOrder => field("orderNbr"),
            Self::Invoice | Self::CreditNote => field("referenceNumber"),
            Self::SupplierInvoice => {
                let kind = field("documentType").unwrap_or_else(|| "Invoice".to_owned());
                field("referenceNumber").map(|number| format!("{kind}-{number}"))
            }
        }
    }

    /// A reading of a record with this key.
    pub(super) fn of(
        self,
        key: String,
        text: String,
        rules: &'static Rules,
        headers: Vec<(&'static str, String)>,
    ) -> Reading {
        Reading {
            system: System::Visma,
            entity: self.record(),
            key,
            text,
            rules,
            owner: None,
            updated: String::new(),
            clock_repeats: true,
            is_new: false,
            counts_from: None,
            read_after: None,
            headers,
        }
    }

    /// The row as a reading to be recorded; nothing for a document that is not ours, or not of this kind.
    pub(super) fn reading(self, row: &Row, prefix: &str, changes: &Changes) -> Result<Option<Reading>, ReadError> {
        let text = row.text();
        let reading = |key: String, modified: Option<Stamp>, rules: &'static Rules, headers| Reading {
            updated: modified.map(|stamp| stamp.to_string()).unwrap_or_default(),
            ..self.of(key, text.to_owned(), rules, headers)
        };
        Ok(match self {
            Self::Customer => {
                let customer = CustomerRead::decode(text)?;
                let headers = customer_headers(&customer, changes);
                Some(reading(customer.number, customer.last_modified, &records::VISMA_CUSTOMER, headers))
            }
            Self::PurchaseOrder => {
                let order = PurchaseOrderRead::decode(text)?;
                Some(reading(order.number, order.last_modified, &records::VISMA_DOCUMENT, Vec::new()))
            }
            Self::SupplierInvoice => {
                let invoice = SupplierInvoiceRead::decode(text)?;
                let purchases: Vec<_> = invoice.purchase_orders().into_iter().map(token).collect();
                let headers = (!purchases.is_empty()).then(|| (seen::PURCHASE_ORDERS, purchases.join(",")));
                let headers = headers.into_iter().collect();
                let owner = invoice.supplier.number.as_deref().map(|number| changes.supplier(number));
                let reading = reading(invoice.key(), invoice.last_modified, &records::VISMA_DOCUMENT, headers);
                Some(Reading { owner, ..reading })
            }
            Self::Invoice | Self::CreditNote => {
                let document = InvoiceRead::decode(text)?;
                let reference = document.external_reference.as_deref().map(str::trim);
                let reference = reference.filter(|reference| self.is(&document) && reference.starts_with(prefix));
                reference.map(|reference| self.document(text, &document, (reference, false), changes))
            }
        })
    }

    /// The row as a reading of the document that bore `reference` once; nothing if it is of another kind.
    pub(super) fn detached(self, row: &Row, reference: &str, changes: &Changes) -> Result<Option<Reading>, ReadError> {
        let document = InvoiceRead::decode(row.text())?;
        Ok(self.is(&document).then(|| self.document(row.text(), &document, (reference, true), changes)))
    }

    /// True when a document is of this kind: a document of another kind may have the same number.
    fn is(self, document: &InvoiceRead) -> bool {
        if self == Self::Invoice { document.is_invoice() } else { document.is_credit_note() }
    }

    fn document(
        self,
        text: &str,
        document: &InvoiceRead,
        (reference, detached): (&str, bool),
        changes: &Changes,
    ) -> Reading {
        let created = document.created.map(|stamp| (seen::CREATED, stamp.to_string()));
        let detached = detached.then(|| (seen::DETACHED, "true".to_owned()));
        let headers = [(seen::REFERENCE, reference.to_owned())].into_iter().chain(created).chain(detached).collect();
        let owner = document.customer_number.as_deref().map(|number| changes.customer(System::Visma, number));
        let updated = document.last_modified.map(|stamp| stamp.to_string()).unwrap_or_default();
        let reading = self.of(document.number.clone(), text.to_owned(), &records::VISMA_DOCUMENT, headers);
        Reading { owner, updated, ..reading }
    }
}

fn customer_headers(customer: &CustomerRead, changes: &Changes) -> Vec<(&'static str, String)> {
    let CustomerRead { email, corporate_id, vat_registration_id, country, .. } = customer;
    let (corporate, vat) = (corporate_id.as_deref(), vat_registration_id.as_deref());
    let marks = matching::Marks::of(email.as_deref(), corporate, vat, country.as_deref());
    let mut headers = marks.hashed(|purpose, text| changes.hash(purpose, text));
    headers.push((matching::NUMBER, customer.number.clone()));
    headers.extend(customer.internal_id.map(|id| (matching::INTERNAL, id.to_string())));
    if customer.status == CustomerStatus::Inactive {
        headers.push((matching::INACTIVE, "true".to_owned()));
    }
    headers
}
