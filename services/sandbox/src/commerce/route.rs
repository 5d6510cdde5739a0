//! From a path to what is asked for, and every check on the way, in the order in which Magento makes them.
//!
//! Store code and version → HTTP method → route → signature and permission → input. So an unknown route is 404 even
//! without credentials, and a bad signature is 401 even with a body that cannot be read.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use axum::routing::{any, get};

use super::config::Flavour;
use super::refusal::CommerceRefusal;
use super::search::columns::Entity;
use super::shop::Shop;
use super::{auth, comment, read, reply, save};
use crate::hold::Points;

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 1 << 20;

/// The patterns below `/rest[/<store>]/V1`, so that calls can be counted by route.
const PATTERNS: [&str; 19] = [
    "orders",
    "orders/{id}",
    "orders/{id}/comments",
    "orders/{id}/statuses",
    "invoices",
    "invoices/{id}",
    "creditmemos",
    "creditmemo/{id}",
    "shipments",
    "shipment/{id}",
    "customers/search",
    "customers/{id}",
    "store/{list}",
    "taxRates/search",
    "taxRules/search",
    "customerGroups/search",
    "modules",
    "integration/admin/token",
    "{unknown}",
];

/// A route, with its path parameter as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route<'p> {
    /// A list with search criteria.
    List(Entity),
    /// One document.
    One(Entity, &'p str),
    /// The status of one order.
    Status(&'p str),
    /// The comments of one order.
    Comments(&'p str),
    /// Adding one.
    Comment(&'p str),
    /// Saving a part of an order.
    Save,
    /// The names of the modules that are installed.
    Modules,
    /// The token of an administrator.
    SignIn,
    /// One of the three lists of the shop's own set-up.
    SetUp(SetUp),
}

/// Lists that take no criteria.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetUp {
    StoreViews,
    Websites,
    StoreConfigs,
}

impl Route<'_> {
    fn of<'p>(method: &Method, segments: &[&'p str]) -> Option<Route<'p>> {
        let get = method == Method::GET;
        Some(match segments {
            ["orders"] if get => Route::List(Entity::Order),
            ["orders"] if method == Method::POST => Route::Save,
            ["orders", id] if get => Route::One(Entity::Order, id),
            ["orders", id, "statuses"] if get => Route::Status(id),
            ["orders", id, "comments"] if get => Route::Comments(id),
            ["orders", id, "comments"] if method == Method::POST => Route::Comment(id),
            ["invoices"] if get => Route::List(Entity::Invoice),
            ["invoices", id] if get => Route::One(Entity::Invoice, id),
            ["creditmemos"] if get => Route::List(Entity::CreditMemo),
            ["creditmemo", id] if get => Route::One(Entity::CreditMemo, id),
            ["shipments"] if get => Route::List(Entity::Shipment),
            ["shipment", id] if get => Route::One(Entity::Shipment, id),
            ["customers", "search"] if get => Route::List(Entity::Customer),
            ["customers", id] if get => Route::One(Entity::Customer, id),
            ["integration", "admin", "token"] if method == Method::POST => Route::SignIn,
            ["taxRates", "search"] if get => Route::List(Entity::TaxRate),
            ["taxRules", "search"] if get => Route::List(Entity::TaxRule),
            ["customerGroups", "search"] if get => Route::List(Entity::CustomerGroup),
            ["modules"] if get => Route::Modules,
            ["store", "storeViews"] if get => Route::SetUp(SetUp::StoreViews),
            ["store", "websites"] if get => Route::SetUp(SetUp::Websites),
            ["store", "storeConfigs"] if get => Route::SetUp(SetUp::StoreConfigs),
            _ => return None,
        })
    }

    /// The permission that the route asks for; none where everybody may come.
    fn resource(self) -> Option<&'static str> {
        Some(match self {
            Route::SignIn => return None,
            Route::List(entity) | Route::One(entity, _) => match entity {
                Entity::Order => "Magento_Sales::actions_view",
                Entity::Invoice => "Magento_Sales::sales_invoice",
                Entity::CreditMemo => "Magento_Sales::sales_creditmemo",
                Entity::Shipment => "Magento_Sales::shipment",
                Entity::Customer => "Magento_Customer::customer",
                Entity::TaxRate | Entity::TaxRule => "Magento_Tax::manage_tax",
                Entity::CustomerGroup => "Magento_Customer::group",
            },
            Route::Status(_) | Route::Comments(_) => "Magento_Sales::actions_view",
            Route::Comment(_) => "Magento_Sales::comment",
            Route::Save => "Magento_Sales::create",
            Route::SetUp(_) => "Magento_Backend::store",
            // Which permission this asks for was not measured.
            Route::Modules => "Magento_Backend::all",
        })
    }
}

/// Every path goes to one handler; the patterns are only named.
pub(crate) fn router(shop: Shop) -> Router {
    let named = PATTERNS.iter().fold(Router::new(), |router, pattern| {
        router
            .route(&format!("/rest/V1/{pattern}"), any(handle))
            .route(&format!("/rest/{{store}}/V1/{pattern}"), any(handle))
            .route(&format!("/{{tenant}}/V1/{pattern}"), any(handle))
    });
    named
        .route("/ims/token/v3", any(ims_token))
        .route("/prod/keys/{key}", get(public_key))
        .route("/csm/registrations/validate", get(validate))
        .fallback(handle)
        .with_state(shop)
}

async fn handle(State(shop): State<Shop>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let response = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Ok(body) => answer(&shop, &parts, &body).await.unwrap_or_else(CommerceRefusal::into_response),
        Err(_) => CommerceRefusal::html(StatusCode::PAYLOAD_TOO_LARGE).into_response(),
    };
    reply::dress(&shop, response)
}

/// The identity service, which is another server with another name and takes the same clock.
async fn ims_token(State(shop): State<Shop>, method: Method, body: Bytes) -> Response<Body> {
    let response = auth::token(&shop, &method, &body).unwrap_or_else(CommerceRefusal::into_response);
    reply::dated(&shop, response)
}

/// `https://static.adobeioevents.com/prod/keys/…`: the keys under which events are signed.
async fn public_key(State(shop): State<Shop>, uri: Uri) -> Response<Body> {
    match shop.keys().public(uri.path()) {
        Some(pem) => Response::new(Body::from(pem)),
        None => CommerceRefusal::html(StatusCode::NOT_FOUND).into_response(),
    }
}

/// `https://csm.adobe.io/csm/registrations/validate`: the URL of a challenge, called by whoever received it.
async fn validate(State(shop): State<Shop>, uri: Uri) -> Response<Body> {
    let query = uri.query().unwrap_or_default();
    let said = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "challenge");
    match shop.challenge().as_mut().filter(|(put, _)| said.is_some_and(|(_, said)| *put == said)) {
        Some((_, called)) => {
            *called = true;
            Response::new(Body::empty())
        }
        None => CommerceRefusal::html(StatusCode::NOT_FOUND).into_response(),
    }
}

async fn answer(shop: &Shop, parts: &Parts, body: &Bytes) -> Result<Response<Body>, CommerceRefusal> {
    check_limit(shop)?;
    let segments = below_version(shop, &parts.headers, parts.uri.path())?;
    check_method(&parts.method)?;
    let saas = shop.config().flavour == Flavour::Saas;
    let route = Route::of(&parts.method, &segments).filter(|route| !saas || *route != Route::SignIn);
    let route = route.ok_or_else(CommerceRefusal::no_route)?;
    if let Some(resource) = route.resource() {
        auth::check(shop, parts, resource)?;
    }
    if !accepts_json(&parts.headers) {
        return Err(CommerceRefusal::html(StatusCode::INTERNAL_SERVER_ERROR));
    }
    let query = parts.uri.query().unwrap_or_default();
    match route {
        Route::List(entity) => read::list(shop, entity, query),
        Route::One(entity, id) => read::one(shop, entity, id, query),
        Route::Status(id) => read::status(shop, id),
        Route::Comments(id) => comment::list(shop, id),
        Route::SignIn => auth::sign_in(shop, &parts.headers, body),
        Route::Modules => Ok(reply::ok(serde_json::json!(shop.config().modules).to_string())),
        Route::SetUp(which) => Ok(reply::ok(shop.set_up(which))),
        Route::Comment(id) => {
            let points = parts.extensions.get::<Points>().cloned().unwrap_or_default();
            comment::add(shop, id, &parts.headers, body, &points).await
        }
        Route::Save => {
            let points = parts.extensions.get::<Points>().cloned().unwrap_or_default();
            save::order(shop, &parts.headers, body, &points).await
        }
    }
}

fn check_limit(shop: &Shop) -> Result<(), CommerceRefusal> {
    let Some(limit) = shop.config().rate_limit else { return Ok(()) };
    shop.limit().take(limit, std::time::Instant::now()).map_err(|left| {
        let refusal = CommerceRefusal::plain(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        if limit.retry_after { refusal.retry_after(left) } else { refusal }
    })
}

/// Takes what is in front of the route off: `/rest`, a store code and `V1`, or on SaaS the tenant and `V1`, with the
/// store in a header. A store code that does not exist makes the whole path one that cannot be processed, and so does
/// `v1`.
fn below_version<'p>(shop: &Shop, headers: &HeaderMap, path: &'p str) -> Result<Vec<&'p str>, CommerceRefusal> {
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let known = |code: &str| code == "all" || shop.has_store(code);
    let config = shop.config();
    let root = if config.flavour == Flavour::Saas { config.ims.tenant.as_str() } else { "rest" };
    if segments.first() != Some(&root) {
        return Err(CommerceRefusal::html(StatusCode::NOT_FOUND));
    }
    segments.remove(0);
    if config.flavour == Flavour::Saas {
        let store = headers.get("store").and_then(|value| value.to_str().ok()).unwrap_or("default");
        if !known(store) {
            return Err(CommerceRefusal::cannot_be_processed());
        }
    } else if segments.first().is_some_and(|first| known(first)) {
        segments.remove(0);
    }
    let version = segments.first().and_then(|first| first.strip_prefix('V'));
    if !version.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit())) {
        return Err(CommerceRefusal::cannot_be_processed());
    }
    if version != Some("1") {
        return Err(CommerceRefusal::no_route());
    }
    segments.remove(0);
    Ok(segments)
}

fn check_method(method: &Method) -> Result<(), CommerceRefusal> {
    match *method {
        Method::GET | Method::POST | Method::PUT | Method::DELETE => Ok(()),
        Method::HEAD => Err(CommerceRefusal::empty(StatusCode::METHOD_NOT_ALLOWED)),
        _ => {
            let message = format!("The {method} HTTP method is not supported.");
            Err(CommerceRefusal::plain(StatusCode::METHOD_NOT_ALLOWED, &message))
        }
    }
}

/// Magento renders JSON and XML. This one renders JSON alone, and fails as the real one does for HTML.
fn accepts_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kinds = ["*/*", "application/json", "application/*"];
    accept.is_empty() || kinds.iter().any(|kind| accept.contains(kind))
}
