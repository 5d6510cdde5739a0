//! Purchase orders, supplier invoices and suppliers: lists and reads.

use std::time::Instant;

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::Company;
use crate::visma::chart::Supplier;
use crate::visma::config::Config;
use crate::visma::list::{self, Row};
use crate::visma::purchase::{PurchaseOrder, StoredRecord, SupplierInvoice};
use crate::visma::query::{Query, Since};
use crate::visma::reply::{self, VismaRefusal};

impl Company {
    pub(super) fn list_purchase_orders(&self, query: &Query) -> Result<Response, VismaRefusal> {
        let modified = query.since("lastmodifieddatetime")?;
        let (ordered, delivered) = (query.since("orderdate")?, query.since("deliverydate")?);
        let books = self.books();
        let now = Instant::now();
        let fits = |held: &&StoredRecord<PurchaseOrder>| {
            let order = &held.content;
            list::visible(&held.stamps, &books.config, now)
                && Since::fits(modified, held.stamps.modified)
                && order.date.is_none_or(|date| Since::fits(ordered, date.into()))
                && order.promised_on.map_or(delivered.is_none(), |date| Since::fits(delivered, date.into()))
                && query.get("greaterthanvalue").is_none_or(|value| order.nbr() > value)
                && query.fits("ordertype", Some(&order.order_type))
                && query.fits("orderstatus", Some(&order.status))
                && query.fits("supplier", Some(&order.supplier))
                && query.fits("branch", Some("1"))
        };
        let found = books.purchases.orders.values().filter(fits).collect();
        Ok(list::page(found, &books.config, query, &self.inner.shuffle))
    }

    pub(super) fn read_purchase_order(&self, number: &str, query: &Query) -> Result<Response, VismaRefusal> {
        let books = self.books();
        let held = books.purchases.orders.get(number).ok_or(VismaRefusal::NotFound)?;
        let response = reply::json(StatusCode::OK, held.shown(&books.config, query).to_string());
        Ok(reply::with_etag(response, &held.stamps.time_stamp()))
    }

    pub(super) fn list_supplier_invoices(&self, query: &Query) -> Result<Response, VismaRefusal> {
        let (created, modified) = (query.since("createddatetime")?, query.since("lastmodifieddatetime")?);
        let (dated, due) = (query.since("docdate")?, query.since("duedate")?);
        let books = self.books();
        let now = Instant::now();
        let fits = |held: &&StoredRecord<SupplierInvoice>| {
            let invoice = &held.content;
            list::visible(&held.stamps, &books.config, now)
                && Since::fits(created, held.stamps.created)
                && Since::fits(modified, held.stamps.modified)
                && invoice.date.is_none_or(|date| Since::fits(dated, date.into()))
                && invoice.due().is_none_or(|date| Since::fits(due, date.into()))
                && query.fits("documenttype", Some(&invoice.document_type))
                && query.fits("status", Some(&invoice.status))
                && query.fits("released", Some(if invoice.released() { "1" } else { "0" }))
                && query.fits("supplier", Some(&invoice.supplier))
                && query.fits("branch", Some("1"))
                && query.fits("financialperiod", invoice.period().as_deref())
        };
        let found = books.purchases.invoices.values().filter(fits).collect();
        Ok(list::page(found, &books.config, query, &self.inner.shuffle))
    }

    pub(super) fn read_supplier_invoice(&self, kind: &str, number: &str) -> Result<Response, VismaRefusal> {
        let books = self.books();
        let mut invoices = books.purchases.invoices.values();
        // The type is a word of the API, and its words have no case.
        let found =
            invoices.find(|held| held.content.document_type.eq_ignore_ascii_case(kind) && held.content.nbr() == number);
        let held = found.ok_or(VismaRefusal::NotFound)?;
        let response = reply::json(StatusCode::OK, held.shown(&books.config, true).to_string());
        Ok(reply::with_etag(response, &held.stamps.time_stamp()))
    }

    pub(super) fn list_suppliers(&self, query: &Query) -> Response {
        let books = self.books();
        let fits = |supplier: &&Supplier| {
            query.fits("name", Some(&supplier.name))
                && query.fits("corporateid", Some(&supplier.corporate_id))
                && query.fits("status", Some("Active"))
        };
        let found = books.config.chart.suppliers.iter().filter(fits).collect();
        list::page(found, &books.config, query, &self.inner.shuffle)
    }

    pub(super) fn read_supplier(&self, number: &str) -> Result<Response, VismaRefusal> {
        let books = self.books();
        let supplier = books.config.chart.suppliers.iter().find(|supplier| supplier.number == number);
        let supplier = supplier.ok_or(VismaRefusal::NotFound)?;
        Ok(reply::json(StatusCode::OK, supplier.shown().to_string()))
    }
}

impl Supplier {
    fn shown(&self) -> serde_json::Value {
        json!({
            "internalId": self.internal_id, "number": self.number, "name": self.name, "status": "Active",
            "currencyId": self.currency, "corporateId": self.corporate_id,
            "lastModifiedDateTime": "2026-01-02T08:00:00", "errorInfo": "",
        })
    }
}

impl Row for Supplier {
    fn place(&self) -> u64 {
        self.internal_id
    }

    fn open_object(&self, _config: &Config, _query: &Query) -> String {
        list::opened(&self.shown())
    }
}
