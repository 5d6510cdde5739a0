//! The lists that are polled, all in one way: what was modified at or after a moment, what was created since, or all.

use bytes::Bytes;
use http::Request;

use super::query::{Param, Query};
use super::{Company, RequestError, segment};
use crate::stamp::Stamp;

/// A list that can be polled. No order of rows is promised for any: read it to the end ([`crate::list::Pager`]) before
/// a cursor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// `GET /v1/customer`
    Customers,
    /// `GET /v1/customerinvoice`, with VAT details, which lists leave out otherwise.
    Invoices,
    /// `GET /v1/customerCreditNote`, with VAT details.
    CreditNotes,
    /// `GET /v1/purchaseorder`, with the company's own fields.
    PurchaseOrders,
    /// `GET /v1/supplierInvoice`
    SupplierInvoices,
}

/// Which rows of it. Visma ignores a filter that it does not know, so the rows are to be checked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Every row.
    All,
    /// `lastModifiedDateTime` at or after this.
    ModifiedSince(Stamp),
    /// `createdDateTime` at or after this.
    CreatedSince(Stamp),
}

impl List {
    fn path(self) -> &'static str {
        match self {
            Self::Customers => "/v1/customer",
            Self::Invoices => "/v1/customerinvoice",
            Self::CreditNotes => "/v1/customerCreditNote",
            Self::PurchaseOrders => "/v1/purchaseorder",
            Self::SupplierInvoices => "/v1/supplierInvoice",
        }
    }
}

impl Company {
    /// One page of a list; pages count from 1. A larger page than Visma allows is cut to what it allows.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn list(&self, list: List, rows: Rows, page: u32, size: u32) -> Result<Request<Bytes>, RequestError> {
        let query = match rows {
            Rows::All => Query::default(),
            Rows::ModifiedSince(stamp) => Query::default().with(Param::ModifiedSince(stamp)),
            Rows::CreatedSince(stamp) => Query::default().with(Param::CreatedSince(stamp)),
        };
        let query = match list {
            List::Invoices | List::CreditNotes => query.with(Param::ExpandTaxDetails),
            List::PurchaseOrders => query.with(Param::IncludeCustomFields),
            List::Customers | List::SupplierInvoices => query,
        };
        self.get(list.path(), &query.with(Param::Page { number: page, size }))
    }

    /// One record of such a list by its number. Supplier invoices are read by type and number, elsewhere.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn record(&self, list: List, number: &str) -> Result<Request<Bytes>, RequestError> {
        self.get(&format!("{}/{}", list.path(), segment(number)), &Query::default())
    }
}
