//! Each call on the company's books: reads at once, writes around the two points where a test can hold them.

use std::time::Instant;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::audit::Entity;
use super::books::Books;
use super::config::Config;
use super::customer::Customer;
use super::invoice::{self, Invoice};
use super::list;
use super::query::{Query, Since};
use super::reply::{self, Refusal};
use super::{Call, Company, customer_write, invoice_write, schemas};
use crate::gate;
use crate::hold::Point;
use crate::wire::Cut;

impl Company {
    /// Another company's view: lists are empty, and nothing is found.
    pub(super) fn serve_nothing(&self, call: &Call) -> Result<Response, Refusal> {
        use super::route::Route::{ListCustomerInvoices, ListCustomers, ListInvoices, ListReference};
        match call.route {
            ListCustomers | ListInvoices | ListCustomerInvoices(_) | ListReference(_) => {
                Ok(reply::json(StatusCode::OK, "[]".to_owned()))
            }
            _ => Err(Refusal::NotFound),
        }
    }

    pub(super) fn list_customers(&self, query: &Query) -> Result<Response, Refusal> {
        let (created, modified) = (query.since("createddatetime")?, query.since("lastmodifieddatetime")?);
        let books = self.books();
        let now = Instant::now();
        let fits = |customer: &&Customer| {
            list::visible(&customer.stamps, &books.config, now)
                && Since::fits(created, customer.stamps.created)
                && Since::fits(modified, customer.stamps.modified)
                && query.fits("name", Some(&customer.name))
                && query.fits("status", Some(&customer.status))
                && query.fits("corporateid", customer.corporate_id.as_deref())
                && query.fits("vatregistrationid", customer.vat_registration_id.as_deref())
                && query.fits("email", customer.main_contact.email.as_deref())
                && query.fits("phone", customer.main_contact.phone1.as_deref())
        };
        let found = books.customers.values().filter(fits).collect();
        Ok(list::page(found, &books.config, query, &self.inner.shuffle))
    }

    pub(super) fn list_invoices(&self, query: &Query, of: Option<&str>) -> Result<Response, Refusal> {
        let (created, modified) = (query.since("createddatetime")?, query.since("lastmodifieddatetime")?);
        let dated = query.since("documentdate")?;
        let due = query.since("documentduedate")?;
        let books = self.books();
        let now = Instant::now();
        let fits = |invoice: &&Invoice| {
            list::visible(&invoice.stamps, &books.config, now)
                && of.is_none_or(|customer| invoice.customer == customer)
                && Since::fits(created, invoice.stamps.created)
                && Since::fits(modified, invoice.stamps.modified)
                && Since::fits(dated, invoice.document_date.into())
                && Since::fits(due, invoice.due_date.into())
                && query.fits("documenttype", Some("Invoice"))
                && query.fits("status", Some(invoice.status.name()))
                && query.fits("released", Some(if invoice.status == invoice::Status::Open { "1" } else { "0" }))
                && query.fits("customer", Some(&invoice.customer))
                && query.fits("branch", Some(&invoice.branch))
                && query.fits("financialperiod", Some(&invoice.period))
                && query.fits("customerrefnumber", invoice.customer_ref_number.as_deref())
                && query.fits("paymentreference", invoice.payment_reference.as_deref())
        };
        let found: Vec<&Invoice> = match query.get("externalreference") {
            Some(reference) => {
                let numbers = books.numbers_of(reference);
                numbers.iter().filter_map(|number| books.invoices.get(number)).filter(fits).collect()
            }
            None => books.invoices.values().filter(fits).collect(),
        };
        Ok(list::page(found, &books.config, query, &self.inner.shuffle))
    }

    pub(super) fn customer_number(&self, internal_id: &str) -> Result<String, Refusal> {
        self.books().customer_number(internal_id).map(str::to_owned).ok_or(Refusal::NotFound)
    }

    pub(super) fn read_customer(&self, number: &str) -> Result<Response, Refusal> {
        let books = self.books();
        let customer = books.customers.get(number).ok_or(Refusal::NotFound)?;
        let response = reply::json(StatusCode::OK, customer.shown(&books.config).to_string());
        Ok(reply::with_etag(response, &customer.stamps.time_stamp()))
    }

    pub(super) fn read_invoice(&self, number: &str) -> Result<Response, Refusal> {
        let books = self.books();
        let invoice = books.invoices.get(number).ok_or(Refusal::NotFound)?;
        let shown = invoice.shown(&books.config, invoice::Parts::ALL);
        let response = reply::json(StatusCode::OK, shown.to_string());
        Ok(reply::with_etag(response, &invoice.stamps.time_stamp()))
    }

    pub(super) async fn create_customer(&self, config: &Config, call: &Call) -> Result<Response, Refusal> {
        let body = schemas::CUSTOMER.read(&call.body).map_err(Refusal::Invalid)?;
        let prepare = |books: &Books| customer_write::prepare_new(books, &body);
        self.write(call, prepare, |books, new| {
            let number = customer_write::create(books, new);
            let time_stamp = books.customers.get(&number).map(|customer| customer.stamps.time_stamp());
            created(config, "customer", &number, time_stamp)
        })
        .await
    }

    pub(super) async fn update_customer(&self, number: &str, call: &Call) -> Result<Response, Refusal> {
        let body = schemas::CUSTOMER.read(&call.body).map_err(Refusal::Invalid)?;
        let prepare = |books: &Books| customer_write::prepare_change(books, number, call.if_match(), &body);
        self.put(call, Entity::Customer, number, &body, prepare, customer_write::update).await
    }

    pub(super) async fn create_invoice(&self, config: &Config, call: &Call) -> Result<Response, Refusal> {
        let body = schemas::INVOICE.read(&call.body).map_err(Refusal::Invalid)?;
        let prepare = |books: &Books| invoice_write::prepare_new(books, &body);
        self.write(call, prepare, |books, new| {
            let number = invoice_write::create(books, new);
            let time_stamp = books.invoices.get(&number).map(|invoice| invoice.stamps.time_stamp());
            created(config, "customerinvoice", &number, time_stamp)
        })
        .await
    }

    pub(super) async fn update_invoice(&self, number: &str, call: &Call) -> Result<Response, Refusal> {
        let body = schemas::INVOICE.read(&call.body).map_err(Refusal::Invalid)?;
        let prepare = |books: &Books| invoice_write::prepare_change(books, number, call.if_match(), &body);
        self.put(call, Entity::Invoice, number, &body, prepare, invoice_write::update).await
    }

    pub(super) async fn delete_invoice(&self, number: &str, call: &Call) -> Result<Response, Refusal> {
        let prepare = |books: &Books| invoice_write::prepare_delete(books, number, call.if_match());
        self.write(call, prepare, |books, ()| {
            books.drop_invoice(number);
            reply::empty(StatusCode::NO_CONTENT)
        })
        .await
    }

    /// Releases at once, where the real system may answer `Queued` and take its time.
    pub(super) async fn release_invoice(&self, number: &str, call: &Call) -> Result<Response, Refusal> {
        let prepare = |books: &Books| invoice_write::prepare_release(books, number, call.if_match());
        self.write(call, prepare, |books, after| {
            invoice_write::update(books, after);
            let result =
                json!({ "actionId": uuid::Uuid::new_v4().to_string(), "actionResult": "Done", "errorInfo": "" });
            reply::json(StatusCode::OK, result.to_string())
        })
        .await
    }

    /// A change of a record that is there, with the accountant before it and the auditor behind it.
    async fn put<T>(
        &self,
        call: &Call,
        entity: Entity,
        number: &str,
        body: &Value,
        prepare: impl Fn(&Books) -> Result<T, Refusal>,
        update: impl FnOnce(&mut Books, T) -> String,
    ) -> Result<Response, Refusal> {
        self.books().let_accountant_go_first(entity, number);
        let answer = self.write(call, prepare, |books, after| {
            books.audit.put(entity, number, call.if_match(), body);
            updated(&update(books, after))
        });
        let answer = answer.await;
        if matches!(answer, Err(Refusal::Stale)) {
            self.books().audit.stale();
        }
        answer
    }

    /// Looks, stands at the first point, looks again, writes, and stands at the second point.
    async fn write<T>(
        &self,
        call: &Call,
        prepare: impl Fn(&Books) -> Result<T, Refusal>,
        apply: impl FnOnce(&mut Books, T) -> Response,
    ) -> Result<Response, Refusal> {
        if !call.points.is_empty() {
            prepare(&self.books())?;
            if call.points.reach(Point::BeforeCommit).await.is_err() {
                return Ok(gate::no_answer(Cut::Close));
            }
        }
        let response = {
            let mut books = self.books();
            let prepared = prepare(&books)?;
            apply(&mut books, prepared)
        };
        match call.points.reach(Point::AfterCommit).await {
            Ok(()) => Ok(response),
            Err(_) => Ok(gate::no_answer(Cut::Close)),
        }
    }
}

fn created(config: &Config, resource: &str, number: &str, time_stamp: Option<String>) -> Response {
    // Visma names its own host and version 1, whatever was called.
    reply::created(&format!("{}/v1/{resource}/{number}", config.location_base), &time_stamp.unwrap_or_default())
}

fn updated(time_stamp: &str) -> Response {
    reply::with_etag(reply::empty(StatusCode::NO_CONTENT), time_stamp)
}
