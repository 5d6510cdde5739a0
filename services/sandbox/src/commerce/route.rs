//! From a path to what is asked for, and every check on the way, in the order in which Magento makes them.
//!
//! Store code and version → HTTP method → route → signature and permission → input. So an unknown route is 404 even
//! without credentials, and a bad signature is 401 even with a body that cannot be read.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use axum::routing::any;

use super::oauth::{self, Call};
use super::refusal::Refusal;
use super::search::columns::Entity;
use super::shop::Shop;
use super::{comment, read, reply};
use crate::hold::Points;

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 1 << 20;

/// The patterns below `/rest[/<store>]/V1`, so that calls can be counted by route.
const PATTERNS: [&str; 14] = [
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
            ["store", "storeViews"] if get => Route::SetUp(SetUp::StoreViews),
            ["store", "websites"] if get => Route::SetUp(SetUp::Websites),
            ["store", "storeConfigs"] if get => Route::SetUp(SetUp::StoreConfigs),
            _ => return None,
        })
    }

    /// The permission that the route asks for.
    fn resource(self) -> &'static str {
        match self {
            Route::List(entity) | Route::One(entity, _) => match entity {
                Entity::Order => "Magento_Sales::actions_view",
                Entity::Invoice => "Magento_Sales::sales_invoice",
                Entity::CreditMemo => "Magento_Sales::sales_creditmemo",
                Entity::Shipment => "Magento_Sales::shipment",
                Entity::Customer => "Magento_Customer::customer",
            },
            Route::Status(_) | Route::Comments(_) => "Magento_Sales::actions_view",
            Route::Comment(_) => "Magento_Sales::comment",
            Route::SetUp(_) => "Magento_Backend::store",
        }
    }
}

/// Every path goes to one handler; the patterns are only named.
pub(crate) fn router(shop: Shop) -> Router {
    let named = PATTERNS.iter().fold(Router::new(), |router, pattern| {
        router
            .route(&format!("/rest/V1/{pattern}"), any(handle))
            .route(&format!("/rest/{{store}}/V1/{pattern}"), any(handle))
    });
    named.fallback(handle).with_state(shop)
}

async fn handle(State(shop): State<Shop>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let response = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Ok(body) => answer(&shop, &parts, &body).await.unwrap_or_else(Refusal::into_response),
        Err(_) => Refusal::html(StatusCode::PAYLOAD_TOO_LARGE).into_response(),
    };
    reply::dress(response)
}

async fn answer(shop: &Shop, parts: &Parts, body: &Bytes) -> Result<Response<Body>, Refusal> {
    let path = parts.uri.path().strip_prefix("/rest").ok_or_else(|| Refusal::html(StatusCode::NOT_FOUND))?;
    let segments = below_version(shop, path)?;
    check_method(&parts.method)?;
    let route = Route::of(&parts.method, &segments).ok_or_else(Refusal::no_route)?;
    check_caller(shop, parts, route)?;
    if !accepts_json(&parts.headers) {
        return Err(Refusal::html(StatusCode::INTERNAL_SERVER_ERROR));
    }
    let query = parts.uri.query().unwrap_or_default();
    match route {
        Route::List(entity) => read::list(shop, entity, query),
        Route::One(entity, id) => read::one(shop, entity, id, query),
        Route::Status(id) => read::status(shop, id),
        Route::Comments(id) => comment::list(shop, id),
        Route::SetUp(which) => Ok(reply::ok(shop.set_up(which))),
        Route::Comment(id) => {
            let points = parts.extensions.get::<Points>().cloned().unwrap_or_default();
            comment::add(shop, id, &parts.headers, body, &points).await
        }
    }
}

/// Takes the store code and `V1` off. A store code that does not exist makes the whole path one that cannot be
/// processed, and so does `v1`.
fn below_version<'p>(shop: &Shop, path: &'p str) -> Result<Vec<&'p str>, Refusal> {
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if segments.first().is_some_and(|first| *first == "all" || shop.has_store(first)) {
        segments.remove(0);
    }
    let version = segments.first().and_then(|first| first.strip_prefix('V'));
    if !version.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit())) {
        return Err(Refusal::cannot_be_processed());
    }
    if version != Some("1") {
        return Err(Refusal::no_route());
    }
    segments.remove(0);
    Ok(segments)
}

fn check_method(method: &Method) -> Result<(), Refusal> {
    match *method {
        Method::GET | Method::POST | Method::PUT | Method::DELETE => Ok(()),
        Method::HEAD => Err(Refusal::empty(StatusCode::METHOD_NOT_ALLOWED)),
        _ => {
            let message = format!("The {method} HTTP method is not supported.");
            Err(Refusal::plain(StatusCode::METHOD_NOT_ALLOWED, &message))
        }
    }
}

fn check_caller(shop: &Shop, parts: &Parts, route: Route<'_>) -> Result<(), Refusal> {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let call = Call {
        method: parts.method.as_str(),
        host: text(header::HOST),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        authorization: text(header::AUTHORIZATION),
    };
    let now = jiff::Timestamp::now().as_second();
    let caller = oauth::authenticate(&call, &shop.config().integrations, &mut shop.nonces(), now)?;
    let resource = route.resource();
    let granted = |held: &String| held == resource || held == "Magento_Backend::all";
    if caller.is_some_and(|integration| integration.resources.iter().any(granted)) {
        Ok(())
    } else {
        Err(Refusal::not_authorized(resource))
    }
}

/// Magento renders JSON and XML. This one renders JSON alone, and fails as the real one does for HTML.
fn accepts_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kinds = ["*/*", "application/json", "application/*"];
    accept.is_empty() || kinds.iter().any(|kind| accept.contains(kind))
}
