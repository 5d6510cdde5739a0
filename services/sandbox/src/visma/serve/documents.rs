//! Customer documents: lists, reads and writes.

use std::time::Instant;

use axum::response::Response;
use http::StatusCode;

use super::{Call, Company, created};
use crate::visma::books::Books;
use crate::visma::config::Config;
use crate::visma::document::{Document, DocumentKind, Parts, write};
use crate::visma::list;
use crate::visma::query::{Query, Since};
use crate::visma::reply::{self, VismaRefusal};

impl Company {
    pub(super) fn list_documents(
        &self,
        query: &Query,
        kind: DocumentKind,
        of: Option<&str>,
    ) -> Result<Response, VismaRefusal> {
        let (created, modified) = (query.since("createddatetime")?, query.since("lastmodifieddatetime")?);
        let dated = query.since("documentdate")?;
        let due = query.since("documentduedate")?;
        let books = self.books();
        let shelf = books.shelf(kind);
        let now = Instant::now();
        let fits = |document: &&Document| {
            list::visible(&document.stamps, &books.config, now)
                && of.is_none_or(|customer| document.customer == customer)
                && Since::fits(created, document.stamps.created)
                && Since::fits(modified, document.stamps.modified)
                && Since::fits(dated, document.document_date.into())
                && Since::fits(due, document.due_date.into())
                && query.fits("status", Some(document.status.name()))
                && query.fits("released", Some(if document.status.released() { "1" } else { "0" }))
                && query.fits("customer", Some(&document.customer))
                && query.fits("branch", Some(&document.branch))
                && query.fits("financialperiod", Some(&document.period))
                && query.fits("customerrefnumber", document.customer_ref_number.as_deref())
                && query.fits("paymentreference", document.payment_reference.as_deref())
        };
        let found: Vec<&Document> = match query.get("externalreference") {
            Some(reference) => {
                let numbers = shelf.numbers_of(reference);
                numbers.iter().filter_map(|number| shelf.get(number)).filter(fits).collect()
            }
            None => shelf.values().filter(fits).collect(),
        };
        Ok(list::page(found, &books.config, query, &self.inner.shuffle))
    }

    pub(super) fn read_document(&self, kind: DocumentKind, number: &str) -> Result<Response, VismaRefusal> {
        let books = self.books();
        let document = books.shelf(kind).get(number).ok_or(VismaRefusal::NotFound)?;
        let shown = document.shown(&books.config, Parts::ALL);
        let response = reply::json(StatusCode::OK, shown.to_string());
        Ok(reply::with_etag(response, &document.stamps.time_stamp()))
    }

    pub(super) async fn create_document(
        &self,
        config: &Config,
        kind: DocumentKind,
        call: &Call,
    ) -> Result<Response, VismaRefusal> {
        let body = kind.schema().read(&call.body).map_err(VismaRefusal::Invalid)?;
        let prepare = |books: &Books| write::prepare_new(books, kind, &body);
        self.write(call, prepare, |books, new| {
            let number = write::create(books, new);
            let time_stamp = books.shelf(kind).get(&number).map(|document| document.stamps.time_stamp());
            created(config, kind.resource(), &number, time_stamp)
        })
        .await
    }

    pub(super) async fn update_document(
        &self,
        kind: DocumentKind,
        number: &str,
        call: &Call,
    ) -> Result<Response, VismaRefusal> {
        let body = kind.schema().read(&call.body).map_err(VismaRefusal::Invalid)?;
        let prepare = |books: &Books| write::prepare_change(books, kind, number, call.if_match(), &body);
        self.put(call, kind.entity(), number, &body, prepare, write::update).await
    }

    pub(super) async fn delete_document(
        &self,
        kind: DocumentKind,
        number: &str,
        call: &Call,
    ) -> Result<Response, VismaRefusal> {
        let prepare = |books: &Books| write::prepare_delete(books, kind, number, call.if_match());
        self.write(call, prepare, |books, ()| {
            books.shelf_mut(kind).drop(number);
            books.audit.deleted();
            reply::empty(StatusCode::NO_CONTENT)
        })
        .await
    }
}
