//! The requests that we send to Commerce's read side, unsigned.
//!
//! A request is data: who sends it signs it first, anew on each attempt, over exactly the address that stands in it. No
//! value of a record ever goes into a path, since Commerce signs an escaped path differently; what is looked up by a
//! text is searched for.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use url::Url;

use crate::entity::Entity;
use crate::search::{Direction, Filter, PageSize, Search, SearchError};

/// Where the REST door of one Commerce instance is: `https://shop.example.com/rest/default` (PaaS, with the code of a
/// store view) or `https://na1.api.commerce.adobe.com/<tenant>` (SaaS). A slash at the end makes no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    address: String,
    headers: HeaderMap,
}

/// Why an address is no base.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// No address at all.
    #[error("`{0}` is no address: write it as https://shop.example.com/rest/default")]
    Syntax(String),
    /// Neither `http` nor `https`.
    #[error("`{0}` must begin with https:// (or http:// for a local server)")]
    Scheme(String),
    /// Something that no base has.
    #[error("`{0}` must end with its path: no user, query, fragment or escape, and not the /V1 itself")]
    Extra(String),
    /// A text that cannot be sent as a header.
    #[error("`{0}` cannot be sent as a header: leave out spaces at its ends and what is not ASCII")]
    Header(String),
}

/// Why a request cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The search is outside the grammar.
    #[error("the search cannot be sent")]
    Search(#[from] SearchError),
    /// The address is too long or otherwise refused.
    #[error("the address cannot be sent")]
    Address(#[from] http::Error),
}

impl Base {
    /// Reads a configured address.
    ///
    /// # Errors
    /// When requests to it could not be signed or would go astray.
    pub fn parse(text: &str) -> Result<Self, BaseError> {
        let url = Url::parse(text).map_err(|_| BaseError::Syntax(text.to_owned()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(BaseError::Scheme(text.to_owned()));
        }
        let path = url.path().trim_end_matches('/');
        let user = !url.username().is_empty() || url.password().is_some();
        if user || url.query().is_some() || url.fragment().is_some() || path.contains('%') || path.ends_with("/V1") {
            return Err(BaseError::Extra(text.to_owned()));
        }
        Ok(Self { address: url.as_str().trim_end_matches('/').to_owned(), headers: HeaderMap::new() })
    }

    /// This base, with a header that every request to it carries; an empty value leaves it out.
    ///
    /// # Errors
    /// When the value is none of a header.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Result<Self, BaseError> {
        if !value.is_empty() {
            let value = HeaderValue::from_str(value).map_err(|_| BaseError::Header(value.to_owned()))?;
            self.headers.insert(HeaderName::from_static(name), value);
        }
        Ok(self)
    }

    /// A `GET` of a path below this base, which begins with `/V1/` and may end in a query.
    pub(crate) fn get(&self, path: &str) -> Result<Request<Bytes>, RequestError> {
        self.request(Method::GET, path, Bytes::new())
    }

    /// A `POST` of JSON to a path below this base.
    pub(crate) fn post(&self, path: &str, json: Bytes) -> Result<Request<Bytes>, RequestError> {
        let mut request = self.request(Method::POST, path, json)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(request)
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Request<Bytes>, RequestError> {
        let uri = Uri::try_from(format!("{}{path}", self.address)).map_err(http::Error::from)?;
        // Without `Accept`, or with one for HTML, Commerce may answer XML or a page.
        let request = Request::builder().method(method).uri(uri).header(ACCEPT, "application/json");
        let mut request = request.header(USER_AGENT, "ml-connector").body(body)?;
        request.headers_mut().extend(self.headers.clone());
        Ok(request)
    }
}

/// `GET /V1/orders/{id}` and the like: one record by its database id. Answered with it.
///
/// # Errors
/// None in practice.
pub fn record(base: &Base, entity: Entity, entity_id: u64) -> Result<Request<Bytes>, RequestError> {
    base.get(&format!("{}/{entity_id}", entity.one()))
}

/// `GET /V1/orders` and the like for the number that people see. Answered with a [`crate::page::Page`] of one row or
/// none. Customers have no such number.
///
/// # Errors
/// None in practice.
pub fn record_by_increment_id(base: &Base, entity: Entity, increment_id: &str) -> Result<Request<Bytes>, RequestError> {
    // Two rows are asked for, so that a number that is not unique shows.
    let search = Search::new(PageSize::new(2)?).and(Filter::equal("increment_id", increment_id));
    records(base, entity, &search.sort("entity_id", Direction::Ascending))
}

/// `GET /V1/orders` and the like for a search, as [`crate::keyset::Pager::next_search`] makes. Answered with a
/// [`crate::page::Page`].
///
/// # Errors
/// When the search is outside the grammar.
pub fn records(base: &Base, entity: Entity, search: &Search) -> Result<Request<Bytes>, RequestError> {
    base.get(&format!("{}?{}", entity.list(), search.query()?))
}

/// `GET /V1/store/storeViews`: which website each store view belongs to. Answered with [`crate::stores::StoreView`]s.
///
/// # Errors
/// None in practice.
pub fn store_views(base: &Base) -> Result<Request<Bytes>, RequestError> {
    base.get("/V1/store/storeViews")
}

/// `GET /V1/store/websites`: the codes of the websites. Answered with [`crate::stores::Website`]s.
///
/// # Errors
/// None in practice.
pub fn websites(base: &Base) -> Result<Request<Bytes>, RequestError> {
    base.get("/V1/store/websites")
}

#[cfg(test)]
mod tests {
    use http::Request;
    use url::Url;

    use super::{Base, BaseError, record, record_by_increment_id, records, store_views, websites};
    use crate::entity::Entity;
    use crate::search::{Direction, Filter, PageSize, Search};

    fn base(text: &str) -> Base {
        Base::parse(text).expect("a base")
    }

    #[test]
    fn every_spelling_of_a_base_gives_one_address() {
        for text in ["https://shop.example.com/rest/default", "https://Shop.example.com:443/rest/default/"] {
            let request = record(&base(text), Entity::Order, 1042).expect("a request");
            assert_eq!(request.uri(), "https://shop.example.com/rest/default/V1/orders/1042");
            assert_eq!((request.method().as_str(), request.body().len()), ("GET", 0));
            assert_eq!(request.headers()["accept"], "application/json");
        }
        let address = |text: &str| store_views(&base(text)).expect("a request").uri().to_string();
        assert_eq!(address("http://127.0.0.1:8092"), "http://127.0.0.1:8092/V1/store/storeViews");
        assert_eq!(address("http://127.0.0.1:8092/"), "http://127.0.0.1:8092/V1/store/storeViews");
    }

    #[test]
    fn values_go_into_the_query() {
        let base = base("https://shop.example.com/rest/default");
        let uri = |request: Request<_>| request.uri().path_and_query().expect("a path").to_string();
        let found = uri(record_by_increment_id(&base, Entity::Order, "A/1 #?").expect("a request"));
        assert!(found.starts_with("/rest/default/V1/orders?searchCriteria%5B"), "{found}");
        assert!(found.contains("%5Bvalue%5D=A%2F1%20%23%3F&"), "{found}");
        assert_eq!(uri(websites(&base).expect("a request")), "/rest/default/V1/store/websites");
        let search = (0..11).fold(Search::new(PageSize::MAX), |search, _| search.and(Filter::equal("entity_id", 1)));
        assert!(records(&base, Entity::Order, &search).is_err());
    }

    #[test]
    fn what_is_signed_is_what_is_sent() {
        let base = base("https://shop.example.com/rest/default");
        let credentials = crate::oauth::Credentials {
            consumer_key: "k".repeat(32),
            consumer_secret: "s".into(),
            access_token: "t".repeat(32).into(),
            access_token_secret: "s".into(),
        };
        let ten =
            (0..10).fold(Search::new(PageSize::MAX), |search, _| search.and(Filter::equal("sku", "a'b\"<>`{}|^+ ~*")));
        for request in [
            record(&base, Entity::Customer, 1042),
            record_by_increment_id(&base, Entity::Order, "000001042"),
            records(&base, Entity::CreditMemo, &ten.sort("updated_at", Direction::Ascending)),
            store_views(&base),
            websites(&base),
        ] {
            let request = request.expect("a request");
            let sent = request.uri().to_string();
            let url = Url::parse(&sent).expect("an address");
            assert_eq!(url.as_str(), sent);
            let signed = crate::oauth::authorization(&credentials, request.method(), &url, &"0".repeat(32), 1);
            assert!(signed.is_ok(), "{signed:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_base() {
        for text in ["", "shop.example.com", "/rest"] {
            assert!(matches!(Base::parse(text), Err(BaseError::Syntax(_))), "{text}");
        }
        for text in ["ftp://shop.example.com", "file:///rest", "data:x"] {
            assert!(matches!(Base::parse(text), Err(BaseError::Scheme(_))), "{text}");
        }
        for text in ["/rest?x=1", "/rest#x", "/a%2Fb", "/rest/default/V1", "/rest/V1/"] {
            let text = format!("https://shop.example.com{text}");
            assert!(matches!(Base::parse(&text), Err(BaseError::Extra(_))), "{text}");
        }
        assert!(matches!(Base::parse("https://user:word@shop.example.com"), Err(BaseError::Extra(_))));
    }
}
