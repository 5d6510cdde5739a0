//! Customer payments: create, find by customer and date, release.

use bytes::Bytes;
use http::Request;
use serde::Serialize;

use super::query::{Param, Query};
use super::wrapped::{Wrapped, text, wrap};
use super::{Company, RequestError, segment};
use crate::decimal::Exact;
use crate::payment::{Payment, PaymentKind};
use crate::stamp::Stamp;

/// Characters of a payment's text (`PaymentUpdateDto.invoiceText`).
const TEXT: usize = 50;

impl Company {
    /// `POST /v1/customerPayment`. As with an invoice: send it under an intent only.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn create_payment(&self, customer: &str, payment: &Payment) -> Result<Request<Bytes>, RequestError> {
        self.post("/v1/customerPayment", &Body::new(customer, payment))
    }

    /// `GET /v1/customerPayment` of one customer from a date on: there is no filter on our reference, so the rows must
    /// be held against it.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn payments_of(
        &self,
        customer: &str,
        from: &str,
        page: u32,
        size: u32,
    ) -> Result<Request<Bytes>, RequestError> {
        let query = Query::default().with(Param::Customer(customer)).with(Param::DocumentFrom(from));
        self.get("/v1/customerPayment", &query.with(Param::Page { number: page, size }))
    }

    /// `GET /v1/customerPayment` modified at or after a moment; the list knows no time of creation.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn payments_modified_since(&self, since: Stamp, page: u32, size: u32) -> Result<Request<Bytes>, RequestError> {
        let query = Query::default().with(Param::ModifiedSince(since));
        self.get("/v1/customerPayment", &query.with(Param::Page { number: page, size }))
    }

    /// `POST /v1/customerPayment/{number}/action/release`.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn release_payment(&self, number: &str, kind: PaymentKind) -> Result<Request<Bytes>, RequestError> {
        let path = format!("/v1/customerPayment/{}/action/release", segment(number));
        self.post(&path, &Release { r#type: wrap(kind.as_str()) })
    }
}

/// `ReleasePaymentActionDto`.
#[derive(Serialize)]
struct Release {
    r#type: Wrapped<&'static str>,
}

/// `PaymentUpdateDto`, as far as we fill it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    r#type: Wrapped<&'static str>,
    hold: Wrapped<bool>,
    application_date: Wrapped<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_period: Option<Wrapped<&'a str>>,
    payment_ref: Wrapped<&'a str>,
    customer: Wrapped<&'a str>,
    payment_method: Wrapped<&'a str>,
    cash_account: Wrapped<&'a str>,
    currency: Wrapped<&'a str>,
    payment_amount: Wrapped<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_text: Option<Wrapped<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<Wrapped<&'a str>>,
    payment_lines: [Line<'a>; 1],
}

/// `PaymentLinesUpdateDto`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    operation: &'static str,
    document_type: Wrapped<&'static str>,
    ref_nbr: Wrapped<&'a str>,
    amount_paid: Wrapped<Exact>,
}

impl<'a> Body<'a> {
    fn new(customer: &'a str, payment: &'a Payment) -> Self {
        let said: String = payment.text.chars().take(TEXT).collect();
        let said = said.trim().to_owned();
        Self {
            r#type: wrap(payment.kind.as_str()),
            hold: wrap(false),
            application_date: wrap(&payment.date),
            application_period: text(payment.period.as_deref()),
            payment_ref: wrap(&payment.reference),
            customer: wrap(customer),
            payment_method: wrap(&payment.method),
            cash_account: wrap(&payment.cash_account),
            currency: wrap(&payment.currency),
            payment_amount: wrap(Exact(payment.amount)),
            invoice_text: (!said.is_empty()).then(|| wrap(said)),
            branch: text(payment.branch.as_deref()),
            payment_lines: [Line {
                operation: "Insert",
                document_type: wrap(payment.kind.settles()),
                ref_nbr: wrap(&payment.document),
                amount_paid: wrap(Exact(payment.applied)),
            }],
        }
    }
}
