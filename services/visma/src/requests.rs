//! Requests, built whole: method, absolute URI, headers, body. Only the token is missing; whoever sends adds it.
//!
//! Visma answers a query parameter that it does not know with 200 and the wrong rows. So the parameters are a closed
//! set (the module `query`), a timestamp cannot be sent without its condition, and the replies are checked against what
//! was asked.

mod credit_notes;
mod customers;
mod invoices;
mod lists;
mod payments;
mod query;
mod reference;
mod wrapped;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, IF_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde::Serialize;
use url::Url;

use crate::etag::Etag;

pub use credit_notes::Application;
pub use invoices::{Amendment, Dispatch};
pub use lists::{List, Rows};
pub use reference::Reference;

/// Where the API is, unless configured otherwise.
pub const BASE_URL: &str = "https://api.finance.visma.net";

/// Which company a call is for, where the token does not say it already.
const COMPANY_HEADER: HeaderName = HeaderName::from_static("ipp-company-id");
/// Which branch a call is for; older tenants only.
const BRANCH_HEADER: HeaderName = HeaderName::from_static("branchid");

/// Characters that are escaped: all but those that RFC 3986 section 2.3 leaves as they are.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One company at one base URL: what every request starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    base: String,
    headers: HeaderMap,
}

/// A setting that no request can be built from.
#[derive(Debug, thiserror::Error)]
pub enum CompanyError {
    /// Not a URL.
    #[error("the base URL {base:?} is not a URL")]
    Base {
        /// As configured.
        base: String,
        /// Says what is wrong with it.
        source: url::ParseError,
    },
    /// A URL, but not of an API.
    #[error("the base URL {base:?} must be http or https, with a host, without query and fragment")]
    Shape {
        /// As configured.
        base: String,
    },
    /// The id cannot stand in a header.
    #[error("the id {id:?} cannot stand in the header {header}")]
    Id {
        /// Which header.
        header: HeaderName,
        /// As configured.
        id: String,
        /// Says what is wrong with it.
        source: http::header::InvalidHeaderValue,
    },
}

/// A request that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The body has a value that JSON cannot carry.
    #[error("the body of {method} {path} cannot be written as JSON")]
    Body {
        /// The request's method.
        method: Method,
        /// The request's path.
        path: String,
        /// Says what is wrong with it.
        source: serde_json::Error,
    },
    /// The URI is too long, or a header cannot be written.
    #[error("{method} {path} cannot be written as HTTP")]
    Http {
        /// The request's method.
        method: Method,
        /// The request's path.
        path: String,
        /// Says what is wrong with it.
        source: http::Error,
    },
}

impl Company {
    /// `base` may carry a path and a trailing slash (`https://integration.visma.net/API/controller/api/`). `id` goes
    /// into `ipp-company-id` and `branch` into `branchid` on every call; empty is the same as none, as newer tenants
    /// need neither.
    ///
    /// # Errors
    /// The setting that cannot be used.
    pub fn new(base: &str, id: Option<&str>, branch: Option<&str>) -> Result<Self, CompanyError> {
        let url = Url::parse(base).map_err(|source| CompanyError::Base { base: base.to_owned(), source })?;
        let plain = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
        if !plain || !url.has_host() {
            return Err(CompanyError::Shape { base: base.to_owned() });
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (header, id) in [(COMPANY_HEADER, id), (BRANCH_HEADER, branch)] {
            if let Some(id) = id.filter(|id| !id.is_empty()) {
                let value = HeaderValue::from_str(id);
                let value =
                    value.map_err(|source| CompanyError::Id { header: header.clone(), id: id.to_owned(), source })?;
                headers.insert(header, value);
            }
        }
        Ok(Self { base: url.as_str().trim_end_matches('/').to_owned(), headers })
    }

    fn get(&self, path: &str, query: &query::Query) -> Result<Request<Bytes>, RequestError> {
        self.request(Method::GET, &format!("{path}{query}"), Bytes::new())
    }

    fn post(&self, path: &str, body: &impl Serialize) -> Result<Request<Bytes>, RequestError> {
        self.write(Method::POST, path, body)
    }

    /// An update under the version that was read: without one the last write wins, so there is none without.
    fn put(&self, path: &str, etag: &Etag, body: &impl Serialize) -> Result<Request<Bytes>, RequestError> {
        Self::guarded(self.write(Method::PUT, path, body)?, Some(etag))
    }

    /// Adds the version that the record is expected to have, where one is known.
    fn guarded(mut request: Request<Bytes>, etag: Option<&Etag>) -> Result<Request<Bytes>, RequestError> {
        if let Some(etag) = etag {
            let value = HeaderValue::from_str(&etag.quoted()).map_err(|error| RequestError::Http {
                method: request.method().clone(),
                path: request.uri().path().to_owned(),
                source: error.into(),
            })?;
            request.headers_mut().insert(IF_MATCH, value);
        }
        Ok(request)
    }

    fn write(&self, method: Method, path: &str, body: &impl Serialize) -> Result<Request<Bytes>, RequestError> {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.request(method, path, bytes.into()),
            Err(source) => Err(RequestError::Body { method, path: path.to_owned(), source }),
        }
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Request<Bytes>, RequestError> {
        let failed = |source| RequestError::Http { method: method.clone(), path: path.to_owned(), source };
        let uri = Uri::try_from(format!("{}{path}", self.base)).map_err(|error| failed(error.into()))?;
        let json = !body.is_empty();
        let mut request = Request::builder().method(method.clone()).uri(uri).body(body).map_err(failed)?;
        request.headers_mut().extend(self.headers.clone());
        if json {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(request)
    }
}

/// A key as one segment of a path. Characters that servers refuse in a path even when escaped go as `b64(…)`, which
/// Visma takes for any key; so do the two segments that clients remove.
fn segment(key: &str) -> String {
    if key.contains(['/', '\\', '%', '?', '#', ':', '*', '<', '>', '&', '+']) || key == "." || key == ".." {
        format!("b64({})", URL_SAFE_NO_PAD.encode(key))
    } else {
        percent_encode(key.as_bytes(), RESERVED).to_string()
    }
}

#[cfg(test)]
mod tests;
