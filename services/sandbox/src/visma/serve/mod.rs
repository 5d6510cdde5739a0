//! Each call on the company's books: reads at once, writes around the two points where a test can hold them.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::audit::Entity;
use super::auth::Sight;
use super::books::Books;
use super::config::Config;
use super::reply::{self, VismaRefusal};
use super::route::Route;
use super::{Call, Company, reference, release};
use crate::gate;
use crate::hold::Point;
use crate::wire::Cut;

mod customers;
mod documents;
mod payments;
mod purchases;

impl Company {
    pub(super) async fn serve(&self, config: &Config, call: Call, sight: Sight) -> Result<Response, VismaRefusal> {
        if sight == Sight::Nothing {
            return self.serve_nothing(&call);
        }
        match &call.route {
            Route::ListCustomers => self.list_customers(&call.query),
            Route::CreateCustomer => self.create_customer(config, &call).await,
            Route::ReadCustomer(number) => self.read_customer(number),
            Route::ReadCustomerById(id) => self.read_customer(&self.customer_number(id)?),
            Route::UpdateCustomer(number) => self.update_customer(number, &call).await,
            Route::UpdateCustomerById(id) => self.update_customer(&self.customer_number(id)?, &call).await,
            Route::ListDocuments(kind, customer) => self.list_documents(&call.query, *kind, customer.as_deref()),
            Route::CreateDocument(kind) => self.create_document(config, *kind, &call).await,
            Route::ReadDocument(kind, number) => self.read_document(*kind, number),
            Route::UpdateDocument(kind, number) => self.update_document(*kind, number, &call).await,
            Route::DeleteDocument(kind, number) => self.delete_document(*kind, number, &call).await,
            Route::ListPayments => self.list_payments(&call.query),
            Route::CreatePayment => self.create_payment(config, &call).await,
            Route::ReadPayment(number) => self.read_payment(number),
            Route::UpdatePayment(number) => self.update_payment(number, &call).await,
            Route::Release(entity, number) => self.release(*entity, number, &call).await,
            Route::ListPurchaseOrders => self.list_purchase_orders(&call.query),
            Route::ReadPurchaseOrder(number) => self.read_purchase_order(number, &call.query),
            Route::ListSupplierInvoices => self.list_supplier_invoices(&call.query),
            Route::ReadSupplierInvoice(kind, number) => self.read_supplier_invoice(kind, number),
            Route::ListSuppliers => Ok(self.list_suppliers(&call.query)),
            Route::ReadSupplier(number) => self.read_supplier(number),
            Route::ListReference(kind) => Ok(reference::list(config, *kind, &call.query)),
            Route::ReadReference(kind, key) => reference::read(config, *kind, key, &call.query),
            Route::ReadSegment(dimension, segment) => reference::segment(config, dimension, segment, None),
            Route::ReadSegmentValue(dimension, segment, value) => {
                reference::segment(config, dimension, segment, Some(value))
            }
            Route::Token | Route::Unknown => Err(VismaRefusal::NotFound),
        }
    }

    /// Another company's view: lists are empty, and nothing is found.
    fn serve_nothing(&self, call: &Call) -> Result<Response, VismaRefusal> {
        if call.route.is_list() {
            Ok(reply::json(StatusCode::OK, "[]".to_owned()))
        } else {
            Err(VismaRefusal::NotFound)
        }
    }

    /// Starts a release; what comes of it shows in the document's status.
    async fn release(&self, entity: Entity, number: &str, call: &Call) -> Result<Response, VismaRefusal> {
        let prepare = |books: &Books| release::prepare(books, entity, number, call.if_match());
        self.write(call, prepare, |books, ()| {
            let result = books.release(entity, number);
            let id = uuid::Uuid::new_v4().to_string();
            let error = if result == "Failed" { "The document cannot be released." } else { "" };
            reply::json(
                StatusCode::OK,
                json!({ "actionId": id, "actionResult": result, "errorInfo": error }).to_string(),
            )
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
        prepare: impl Fn(&Books) -> Result<T, VismaRefusal>,
        update: impl FnOnce(&mut Books, T) -> String,
    ) -> Result<Response, VismaRefusal> {
        self.books().let_accountant_go_first(entity, number);
        let answer = self.write(call, prepare, |books, after| {
            books.audit.put(entity, number, call.if_match(), body);
            updated(&update(books, after))
        });
        let answer = answer.await;
        if matches!(answer, Err(VismaRefusal::Stale)) {
            self.books().audit.stale();
        }
        answer
    }

    /// Looks, stands at the first point, looks again, writes, and stands at the second point.
    async fn write<T>(
        &self,
        call: &Call,
        prepare: impl Fn(&Books) -> Result<T, VismaRefusal>,
        apply: impl FnOnce(&mut Books, T) -> Response,
    ) -> Result<Response, VismaRefusal> {
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
