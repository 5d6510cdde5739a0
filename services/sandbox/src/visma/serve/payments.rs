//! Customer payments: lists, reads and writes.

use std::time::Instant;

use axum::response::Response;
use http::StatusCode;

use super::{Call, Company, created};
use crate::visma::audit::Entity;
use crate::visma::books::Books;
use crate::visma::config::Config;
use crate::visma::list;
use crate::visma::payment::{Payment, write};
use crate::visma::query::{Query, Since};
use crate::visma::reply::{self, VismaRefusal};
use crate::visma::schemas;

impl Company {
    pub(super) fn list_payments(&self, query: &Query) -> Result<Response, VismaRefusal> {
        let (modified, dated) = (query.since("lastmodifieddatetime")?, query.since("docdate")?);
        let books = self.books();
        let now = Instant::now();
        let settles = |payment: &Payment| {
            query.get("invoicerefnbr").is_none_or(|wanted| payment.applications.iter().any(|one| one.number == wanted))
        };
        let fits = |payment: &&Payment| {
            list::visible(&payment.stamps, &books.config, now)
                && Since::fits(modified, payment.stamps.modified)
                && Since::fits(dated, payment.date.into())
                && query.fits("paymentnbr", Some(&payment.number))
                && query.fits("paymenttype", Some(payment.direction.name()))
                && query.fits("customer", Some(&payment.customer))
                && query.fits("status", Some(payment.status.name()))
                && query.fits("financialperiod", Some(&payment.period))
                && query.fits("branch", Some(&payment.branch))
                && settles(payment)
        };
        let found = books.payments.values().filter(fits).collect();
        Ok(list::page(found, &books.config, query, &self.inner.shuffle))
    }

    pub(super) fn read_payment(&self, number: &str) -> Result<Response, VismaRefusal> {
        let books = self.books();
        let payment = books.payments.get(number).ok_or(VismaRefusal::NotFound)?;
        let response = reply::json(StatusCode::OK, payment.shown(&books.config).to_string());
        Ok(reply::with_etag(response, &payment.stamps.time_stamp()))
    }

    pub(super) async fn create_payment(&self, config: &Config, call: &Call) -> Result<Response, VismaRefusal> {
        let body = schemas::PAYMENT.read(&call.body).map_err(VismaRefusal::Invalid)?;
        let prepare = |books: &Books| write::prepare_new(books, &body);
        self.write(call, prepare, |books, new| {
            let number = write::create(books, new);
            let time_stamp = books.payments.get(&number).map(|payment| payment.stamps.time_stamp());
            created(config, "customerPayment", &number, time_stamp)
        })
        .await
    }

    pub(super) async fn update_payment(&self, number: &str, call: &Call) -> Result<Response, VismaRefusal> {
        let body = schemas::PAYMENT.read(&call.body).map_err(VismaRefusal::Invalid)?;
        let prepare = |books: &Books| write::prepare_change(books, number, call.if_match(), &body);
        self.put(call, Entity::Payment, number, &body, prepare, write::update).await
    }
}
