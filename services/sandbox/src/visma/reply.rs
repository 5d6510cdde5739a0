//! The answers, in the shapes in which Visma gives them.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use uuid::Uuid;

/// A refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VismaRefusal {
    /// 400 with Visma's own sentence.
    Invalid(String),
    /// 400 from the gateway in front of Visma, with its code.
    Gateway(&'static str, &'static str),
    /// 401: no token, an expired one, or one of another tenant.
    Unauthorised,
    /// 403: the token's scope does not cover the call.
    Forbidden,
    /// 404.
    NotFound,
    /// 412 with an empty body: `If-Match` names another version.
    Stale,
}

impl VismaRefusal {
    /// A document that cannot be created or changed: `verb` is `creating document` and the like.
    pub(super) fn document(verb: &str, what: impl std::fmt::Display) -> Self {
        Self::Invalid(format!("Error {verb}. Error: {what}"))
    }

    /// A document that names something unknown.
    pub(super) fn unknown(verb: &str, field: &str, value: &str) -> Self {
        Self::document(verb, format_args!("{field} '{value}' cannot be found in the system."))
    }
}

impl VismaRefusal {
    /// Sentence for a person who is refused at the test's own door.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Invalid(sentence) => sentence.clone(),
            other => format!("{other:?}"),
        }
    }
}

impl IntoResponse for VismaRefusal {
    fn into_response(self) -> Response {
        match self {
            Self::Invalid(sentence) => message(StatusCode::BAD_REQUEST, &sentence),
            Self::Gateway(code, sentence) => {
                let body = serde_json::json!({
                    "ExceptionType": "IPPException",
                    "ExceptionMessage": sentence,
                    "ExceptionFaultCode": code,
                    "ExceptionMessageID": format!("{code}_{}", Uuid::new_v4()),
                    "ExceptionDetails": "",
                });
                json(StatusCode::BAD_REQUEST, body.to_string())
            }
            Self::Unauthorised => empty(StatusCode::UNAUTHORIZED),
            Self::Forbidden => message(StatusCode::FORBIDDEN, "The application has no access to this resource."),
            Self::NotFound => message(StatusCode::NOT_FOUND, "The resource was not found."),
            Self::Stale => empty(StatusCode::PRECONDITION_FAILED),
        }
    }
}

fn message(status: StatusCode, sentence: &str) -> Response {
    let body = serde_json::json!({ "message": format!("VismaId: {}. {sentence}", Uuid::new_v4()) });
    json(status, body.to_string())
}

/// A JSON answer.
pub(super) fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Puts the version of the record into the answer, in quotes.
pub(super) fn with_etag(mut response: Response, time_stamp: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{time_stamp}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// 201 with an empty body; the last segment of `Location` is the number.
pub(super) fn created(location: &str, time_stamp: &str) -> Response {
    let mut response = with_etag(empty(StatusCode::CREATED), time_stamp);
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}
