//! Customer invoices: create, read, find by our reference, delete while unreleased.

use bytes::Bytes;
use http::{Method, Request};
use serde::Serialize;

use super::query::{Param, Query};
use super::wrapped::{Wrapped, text, wrap};
use super::{Company, RequestError, segment};
use crate::decimal::Exact;
use crate::etag::Etag;
use crate::invoice::{Invoice, InvoiceLine, TaxDetail};
use crate::stamp::Stamp;

/// Ways in which Visma passes an invoice on to the buyer. None, unless told so: the shop has sent its own papers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dispatch {
    /// Offer it for printing.
    pub print: bool,
    /// Offer it for sending by e-mail.
    pub email: bool,
    /// Send it through AutoInvoice (EHF, Peppol).
    pub auto_invoice: bool,
}

/// Change of an invoice that may be written after it was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amendment<'a> {
    /// The internal note, not printed.
    Note(&'a str),
    /// The text on the head, which the buyer reads.
    Text(&'a str),
    /// Off hold: balanced, as a release wants it.
    OffHold,
}

impl Company {
    /// `POST /v2/customerinvoice`. The answer's `Location` ends in the number that Visma chose. Nothing in the API
    /// makes a second request of this harmless: send it under an intent only.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn create_invoice(
        &self,
        customer: &str,
        invoice: &Invoice,
        to: Dispatch,
    ) -> Result<Request<Bytes>, RequestError> {
        self.post("/v2/customerinvoice", &Body::new(customer, invoice, to))
    }

    /// `GET /v1/customerinvoice/{number}`, with everything that lists leave out, and its ETag.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn invoice(&self, number: &str) -> Result<Request<Bytes>, RequestError> {
        self.get(&format!("/v1/customerinvoice/{}", segment(number)), &Query::default())
    }

    /// `DELETE /v1/customerinvoice/{number}`; Visma takes it while the invoice is not released. The service description
    /// lists no `If-Match` for it; a server that looks at it does not delete what somebody has just changed.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn delete_invoice(&self, number: &str, etag: Option<&Etag>) -> Result<Request<Bytes>, RequestError> {
        let path = format!("/v1/customerinvoice/{}", segment(number));
        Self::guarded(self.request(Method::DELETE, &path, Bytes::new())?, etag)
    }

    /// `PUT /v1/customerinvoice/{number}` of one field and nothing else.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn amend_invoice(
        &self,
        number: &str,
        etag: &Etag,
        amendment: Amendment<'_>,
    ) -> Result<Request<Bytes>, RequestError> {
        let mut body = AmendmentBody::default();
        match amendment {
            Amendment::Note(text) => body.note = Some(wrap(text)),
            Amendment::Text(text) => body.invoice_text = Some(wrap(text)),
            Amendment::OffHold => body.hold = Some(wrap(false)),
        }
        self.put(&format!("/v1/customerinvoice/{}", segment(number)), etag, &body)
    }

    /// `POST /v1/customerinvoice/{number}/action/release`. It is answered before it is done: the status tells.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn release_invoice(&self, number: &str, etag: Option<&Etag>) -> Result<Request<Bytes>, RequestError> {
        let path = format!("/v1/customerinvoice/{}/action/release", segment(number));
        Self::guarded(self.post(&path, &Empty {})?, etag)
    }

    /// `GET /v1/customerinvoice` by our reference. The rows must be compared again: see [`crate::search`].
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn invoices_by_reference(&self, reference: &str, page: u32, size: u32) -> Result<Request<Bytes>, RequestError> {
        let query = Query::default().with(Param::ExternalReference(reference));
        self.get("/v1/customerinvoice", &query.with(Param::Page { number: page, size }))
    }

    /// `GET /v1/customerinvoice` created at or after a moment: one sweep for many references.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn invoices_created_since(&self, since: Stamp, page: u32, size: u32) -> Result<Request<Bytes>, RequestError> {
        let query = Query::default().with(Param::CreatedSince(since));
        self.get("/v1/customerinvoice", &query.with(Param::Page { number: page, size }))
    }
}

/// `CustomerInvoiceUpdateDto`, of which only what is sent is written.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct AmendmentBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invoice_text: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hold: Option<Wrapped<bool>>,
}

/// An action that takes nothing.
#[derive(Serialize)]
pub(super) struct Empty {}

/// `CustomerInvoiceUpdateDto`, as far as we fill it.
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
    credit_terms_id: Option<Wrapped<&'a str>>,
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
    invoice_lines: Vec<Line<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tax_detail_lines: Vec<Tax<'a>>,
}

/// `CustomerInvoiceLinesUpdateDto`, as far as we fill it. `operation` and the segments are bare; a line without an
/// operation is silently left out by Visma.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line<'a> {
    operation: &'static str,
    description: Wrapped<&'a str>,
    quantity: Wrapped<Exact>,
    unit_price_in_currency: Wrapped<Exact>,
    manual_amount_in_currency: Wrapped<Exact>,
    account_number: Wrapped<&'a str>,
    vat_code_id: Wrapped<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subaccount: Vec<Segment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch_number: Option<Wrapped<&'a str>>,
}

/// `SegmentUpdateDto`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Segment<'a> {
    segment_id: u32,
    segment_value: &'a str,
}

/// `TaxDetailUpdateDto`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tax<'a> {
    tax_id: Wrapped<&'a str>,
    taxable_amount: Wrapped<Exact>,
    vat_amount: Wrapped<Exact>,
}

impl<'a> Body<'a> {
    fn new(customer: &'a str, invoice: &'a Invoice, to: Dispatch) -> Self {
        Self {
            customer_number: wrap(customer),
            external_reference: wrap(&invoice.external_reference),
            document_date: wrap(&invoice.document_date),
            financial_period: text(invoice.financial_period.as_deref()),
            currency_id: wrap(&invoice.currency),
            exchange_rate: invoice.exchange_rate.map(|rate| wrap(Exact(rate))),
            credit_terms_id: text(invoice.credit_terms.as_deref()),
            customer_ref_number: text(invoice.customer_reference.as_deref()),
            invoice_text: text(Some(&invoice.text)),
            note: text(invoice.note.as_deref()),
            branch_number: text(invoice.branch.as_deref()),
            customer_vat_zone_id: text(invoice.vat_zone.as_deref()),
            hold: wrap(invoice.hold),
            send_to_auto_invoice: wrap(to.auto_invoice),
            dont_print: wrap(!to.print),
            dont_email: wrap(!to.email),
            invoice_lines: invoice.lines.iter().map(Line::new).collect(),
            tax_detail_lines: invoice.tax_details.iter().map(Tax::new).collect(),
        }
    }
}

impl<'a> Line<'a> {
    pub(super) fn new(line: &'a InvoiceLine) -> Self {
        let segment =
            |segment: &'a crate::invoice::Segment| Segment { segment_id: segment.id, segment_value: &segment.value };
        Self {
            operation: "Insert",
            description: wrap(&line.description),
            quantity: wrap(Exact(line.quantity)),
            unit_price_in_currency: wrap(Exact(line.unit_price)),
            manual_amount_in_currency: wrap(Exact(line.amount)),
            account_number: wrap(&line.account),
            vat_code_id: wrap(&line.vat_code),
            subaccount: line.subaccount.iter().map(segment).collect(),
            branch_number: text(line.branch.as_deref()),
        }
    }
}

impl<'a> Tax<'a> {
    pub(super) fn new(tax: &'a TaxDetail) -> Self {
        Self { tax_id: wrap(&tax.vat_code), taxable_amount: wrap(Exact(tax.taxable)), vat_amount: wrap(Exact(tax.vat)) }
    }
}
