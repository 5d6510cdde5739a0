//! Refusals of Magento, in the shapes that were measured on 2.4.7.
//!
//! Placeholders in a message are *not* filled in by the server: the client gets `%fieldName` or `%1` and the values in
//! `parameters`, as an object or as an array. Authentication and authorisation failures are 401 alike, never 403.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use serde_json::{Value, json};

/// The two places of the words that every sales document answers with when it does not exist.
const NO_ENTITY: &str = "The entity that was requested doesn't exist. Verify the entity and try again.";

/// A refused call: a status and the exact body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommerceRefusal {
    status: StatusCode,
    content_type: &'static str,
    body: String,
    retry_after: Option<u64>,
}

impl CommerceRefusal {
    fn json(status: StatusCode, body: &Value) -> Self {
        Self { status, content_type: super::reply::JSON, body: body.to_string(), retry_after: None }
    }

    /// A message that takes no values.
    pub(crate) fn plain(status: StatusCode, message: &str) -> Self {
        Self::json(status, &json!({ "message": message }))
    }

    /// A message with `%1`, `%2`… and its values.
    pub(crate) fn listed(status: StatusCode, message: &str, values: &[&str]) -> Self {
        Self::json(status, &json!({ "message": message, "parameters": values }))
    }

    /// A message with one `%name` and its value.
    pub(crate) fn named(status: StatusCode, message: &str, name: &str, value: &Value) -> Self {
        Self::json(status, &json!({ "message": message, "parameters": { name: value } }))
    }

    /// A message with values under their names, which it does not mention.
    pub(crate) fn with(status: StatusCode, message: &str, values: &Value) -> Self {
        Self::json(status, &json!({ "message": message, "parameters": values }))
    }

    /// An answer of what stands in front of Commerce, in its own words.
    pub(crate) fn gateway(status: StatusCode, body: &Value) -> Self {
        Self::json(status, body)
    }

    /// One or more required fields are missing. Two or more are listed in `errors` under a general sentence.
    pub(crate) fn required(fields: &[&str]) -> Self {
        const ONE: &str = "\"%fieldName\" is required. Enter and try again.";
        match fields {
            [field] => Self::named(StatusCode::BAD_REQUEST, ONE, "fieldName", &json!(field)),
            many => {
                let one = |field: &&str| json!({ "message": ONE, "parameters": { "fieldName": field } });
                let errors: Vec<Value> = many.iter().map(one).collect();
                let body = json!({ "message": "One or more input exceptions have occurred.", "errors": errors });
                Self::json(StatusCode::BAD_REQUEST, &body)
            }
        }
    }

    /// A field that the object does not have.
    pub(crate) fn not_supported(field: &str) -> Self {
        let message = "\"%fieldName\" is not supported. Correct the field name and try again.";
        Self::named(StatusCode::BAD_REQUEST, message, "fieldName", &json!(field))
    }

    /// A value of the wrong type, inside the fields named from the outermost to the innermost.
    pub(crate) fn wrong_type(fields: &[&str], value: &str, expected: &str) -> Self {
        let inside: String =
            fields.iter().map(|field| format!("Error occurred during \"{field}\" processing. ")).collect();
        let rest = format!(
            "The \"{value}\" value's type is invalid. The \"{expected}\" type was expected. Verify and try again."
        );
        Self::plain(StatusCode::BAD_REQUEST, &(inside + &rest))
    }

    /// No such order, invoice or credit memo.
    pub(crate) fn no_entity() -> Self {
        Self::plain(StatusCode::NOT_FOUND, NO_ENTITY)
    }

    /// No such customer: here the values are given.
    pub(crate) fn no_customer(id: i64) -> Self {
        let body = json!({
            "message": "No such entity with %fieldName = %fieldValue",
            "parameters": { "fieldName": "customerId", "fieldValue": id },
        });
        Self::json(StatusCode::NOT_FOUND, &body)
    }

    /// No route for this path and method.
    pub(crate) fn no_route() -> Self {
        Self::plain(StatusCode::NOT_FOUND, "Request does not match any route.")
    }

    /// An unknown store code, or a path that does not go on with `/V<number>`.
    pub(crate) fn cannot_be_processed() -> Self {
        Self::plain(StatusCode::BAD_REQUEST, "Specified request cannot be processed.")
    }

    /// No credentials, a bearer token, an inactive integration or a missing permission: not told apart.
    pub(crate) fn not_authorized(resource: &str) -> Self {
        let message = "The consumer isn't authorized to access %resources.";
        Self::named(StatusCode::UNAUTHORIZED, message, "resources", &json!(resource))
    }

    /// Answer to an SQL error, such as an unknown column in a filter: 500 with a report id, not 400.
    pub(crate) fn internal() -> Self {
        let id: String = uuid::Uuid::new_v4().simple().to_string().chars().take(13).collect();
        let message = format!("Internal Error. Details are available in Magento log file. Report ID: webapi-{id}");
        Self::plain(StatusCode::INTERNAL_SERVER_ERROR, &message)
    }

    /// HTML, as for an `Accept` header that takes no JSON.
    pub(crate) fn html(status: StatusCode) -> Self {
        let body = "<!doctype html>\n<html><head><title>There has been an error processing your request</title></head>\
                    <body><h1>There has been an error processing your request</h1></body></html>\n";
        Self { status, content_type: "text/html; charset=utf-8", body: body.to_owned(), retry_after: None }
    }

    /// A status without a body, as for HEAD.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, content_type: super::reply::JSON, body: String::new(), retry_after: None }
    }

    /// Says when to come back, in whole seconds, as `Retry-After` has them.
    pub(crate) fn retry_after(self, left: std::time::Duration) -> Self {
        Self { retry_after: Some(left.as_secs() + u64::from(left.subsec_nanos() > 0)), ..self }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(self.content_type));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
        }
        response
    }
}
