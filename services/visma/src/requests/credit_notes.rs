//! Customer credit notes: create, read, find by our reference, release.

use bytes::Bytes;
use http::Request;
use rust_decimal::Decimal;
use serde::Serialize;

use super::invoices::{AmendmentBody, Empty, Line, Tax};
use super::query::{Param, Query};
use super::wrapped::{Wrapped, text, wrap};
use super::{Company, Dispatch, RequestError, segment};
use crate::decimal::Exact;
use crate::etag::Etag;
use crate::invoice::Invoice;
use crate::stamp::Stamp;

/// Part of an invoice that a credit note is applied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Visma's number of the invoice.
    pub invoice: String,
    /// How much of it, in the document's currency.
    pub amount: Decimal,
}

impl Company {
    /// `POST /v2/customerCreditNote`. As with an invoice: send it under an intent only.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn create_credit_note(
        &self,
        customer: &str,
        document: &Invoice,
        applied: &[Application],
        to: Dispatch,
    ) -> Result<Request<Bytes>, RequestError> {
        self.post("/v2/customerCreditNote", &Body::new(customer, document, applied, to))
    }

    /// `GET /v1/customerCreditNote/{number}`, with its ETag.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn credit_note(&self, number: &str) -> Result<Request<Bytes>, RequestError> {
        self.get(&format!("/v1/customerCreditNote/{}", segment(number)), &Query::default())
    }

    /// `GET /v1/customerCreditNote` by our reference. The rows must be compared again: see [`crate::search`].
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn credit_notes_by_reference(
        &self,
        reference: &str,
        page: u32,
        size: u32,
    ) -> Result<Request<Bytes>, RequestError> {
        let query = Query::default().with(Param::ExternalReference(reference));
        self.get("/v1/customerCreditNote", &query.with(Param::Page { number: page, size }))
    }

    /// `GET /v1/customerCreditNote` created at or after a moment: one sweep for many references.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn credit_notes_created_since(
        &self,
        since: Stamp,
        page: u32,
        size: u32,
    ) -> Result<Request<Bytes>, RequestError> {
        let query = Query::default().with(Param::CreatedSince(since));
        self.get("/v1/customerCreditNote", &query.with(Param::Page { number: page, size }))
    }

    /// `PUT /v1/customerCreditNote/{number}`: off hold, as a release wants it.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn take_credit_note_off_hold(&self, number: &str, etag: &Etag) -> Result<Request<Bytes>, RequestError> {
        let body = AmendmentBody { hold: Some(wrap(false)), ..AmendmentBody::default() };
        self.put(&format!("/v1/customerCreditNote/{}", segment(number)), etag, &body)
    }

    /// `POST /v1/customerCreditNote/{number}/action/release`. It is answered before it is done: the status tells.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn release_credit_note(&self, number: &str, etag: Option<&Etag>) -> Result<Request<Bytes>, RequestError> {
        let path = format!("/v1/customerCreditNote/{}/action/release", segment(number));
        Self::guarded(self.post(&path, &Empty {})?, etag)
    }
}

/// `CustomerCreditNoteUpdateDto`, as far as we fill it. It has no credit terms; its exchange rate came with the service
/// description of 2026.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    customer_number: Wrapped<&'a str>,
    external_reference: Wrapped<&'a str>,
    document_date: Wrapped<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    financial_period: Option<Wrapped<&'a str>>,
    currency_id: Wrapped<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange_rate: Option<Wrapped<Exact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_ref_number: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_text: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch_number: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_vat_zone_id: Option<Wrapped<&'a str>>,
    hold: Wrapped<bool>,
    send_to_auto_invoice: Wrapped<bool>,
    dont_print: Wrapped<bool>,
    dont_email: Wrapped<bool>,
    lines: Vec<Line<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tax_details: Vec<Tax<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    application_lines: Vec<Applied<'a>>,
}

/// `PaymentLineBaseUpdateDto`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Applied<'a> {
    operation: &'static str,
    document_type: Wrapped<&'static str>,
    ref_nbr: Wrapped<&'a str>,
    amount_paid: Wrapped<Exact>,
}

impl<'a> Body<'a> {
    fn new(customer: &'a str, document: &'a Invoice, applied: &'a [Application], to: Dispatch) -> Self {
        let applied = applied.iter().map(|one| Applied {
            operation: "Insert",
            document_type: wrap("Invoice"),
            ref_nbr: wrap(one.invoice.as_str()),
            amount_paid: wrap(Exact(one.amount)),
        });
        Self {
            customer_number: wrap(customer),
            external_reference: wrap(&document.external_reference),
            document_date: wrap(&document.document_date),
            financial_period: text(document.financial_period.as_deref()),
            currency_id: wrap(&document.currency),
            exchange_rate: document.exchange_rate.map(|rate| wrap(Exact(rate))),
            customer_ref_number: text(document.customer_reference.as_deref()),
            invoice_text: text(Some(&document.text)),
            note: text(document.note.as_deref()),
            branch_number: text(document.branch.as_deref()),
            customer_vat_zone_id: text(document.vat_zone.as_deref()),
            hold: wrap(document.hold),
            send_to_auto_invoice: wrap(to.auto_invoice),
            dont_print: wrap(!to.print),
            dont_email: wrap(!to.email),
            lines: document.lines.iter().map(Line::new).collect(),
            tax_details: document.tax_details.iter().map(Tax::new).collect(),
            application_lines: applied.collect(),
        }
    }
}
