//! Customers: lists, reads and writes.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::response::Response;
use http::StatusCode;

use super::{Call, Company, created};
use crate::visma::audit::Entity;
use crate::visma::books::Books;
use crate::visma::config::Config;
use crate::visma::customer::Customer;
use crate::visma::list;
use crate::visma::query::{Query, Since};
use crate::visma::reply::{self, VismaRefusal};
use crate::visma::{customer_write, schemas};

impl Company {
    pub(super) fn list_customers(&self, query: &Query) -> Result<Response, VismaRefusal> {
        let (created, modified) = (query.since("createddatetime")?, query.since("lastmodifieddatetime")?);
        let attributes = attributes(query)?;
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
                && attributes.iter().all(|(id, values)| has_attribute(customer, id, values))
        };
        let found = books.customers.values().filter(fits).collect();
        Ok(list::page(found, &books.config, query, &self.inner.shuffle))
    }

    pub(super) fn customer_number(&self, internal_id: &str) -> Result<String, VismaRefusal> {
        self.books().customer_number(internal_id).map(str::to_owned).ok_or(VismaRefusal::NotFound)
    }

    pub(super) fn read_customer(&self, number: &str) -> Result<Response, VismaRefusal> {
        let books = self.books();
        let customer = books.customers.get(number).ok_or(VismaRefusal::NotFound)?;
        let response = reply::json(StatusCode::OK, customer.shown(&books.config).to_string());
        Ok(reply::with_etag(response, &customer.stamps.time_stamp()))
    }

    pub(super) async fn create_customer(&self, config: &Config, call: &Call) -> Result<Response, VismaRefusal> {
        let body = schemas::CUSTOMER.read(&call.body).map_err(VismaRefusal::Invalid)?;
        let prepare = |books: &Books| customer_write::prepare_new(books, &body);
        self.write(call, prepare, |books, new| {
            let number = customer_write::create(books, new);
            let time_stamp = books.customers.get(&number).map(|customer| customer.stamps.time_stamp());
            created(config, "customer", &number, time_stamp)
        })
        .await
    }

    pub(super) async fn update_customer(&self, number: &str, call: &Call) -> Result<Response, VismaRefusal> {
        let body = schemas::CUSTOMER.read(&call.body).map_err(VismaRefusal::Invalid)?;
        let prepare = |books: &Books| customer_write::prepare_change(books, number, call.if_match(), &body);
        self.put(call, Entity::Customer, number, &body, prepare, customer_write::update).await
    }
}

/// The filter `attributes`: a JSON object of attribute ids, each with its values between commas.
fn attributes(query: &Query) -> Result<BTreeMap<String, String>, VismaRefusal> {
    let Some(text) = query.get("attributes") else { return Ok(BTreeMap::new()) };
    serde_json::from_str(text).map_err(|error| VismaRefusal::Invalid(format!("The attributes are not valid: {error}.")))
}

fn has_attribute(customer: &Customer, id: &str, values: &str) -> bool {
    let own = customer.attributes.iter().find(|(known, _)| known == id).and_then(|(_, value)| value.as_deref());
    own.is_some_and(|own| values.split(',').any(|value| value == own))
}
