//! The routes, with paths in any case, as Visma's router takes them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;

/// Reference data that is only read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    Account,
    Branch,
    CreditTerm,
    Currency,
    CustomerClass,
    Dimension,
    FinancialPeriod,
    Organization,
    Vat,
    VatZone,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Token,
    ListCustomers,
    CreateCustomer,
    ReadCustomer(String),
    UpdateCustomer(String),
    ReadCustomerById(String),
    UpdateCustomerById(String),
    ListCustomerInvoices(String),
    ListInvoices,
    CreateInvoice,
    ReadInvoice(String),
    UpdateInvoice(String),
    DeleteInvoice(String),
    ReleaseInvoice(String),
    ListReference(Reference),
    ReadReference(Reference, String),
    Unknown,
}

/// The route of a request, and its name in the calls by kind.
pub(super) fn of(method: &Method, path: &str) -> (Route, String) {
    let lower = path.trim_matches('/').to_ascii_lowercase();
    let folded: Vec<&str> = lower.split('/').collect();
    let exact: Vec<&str> = path.trim_matches('/').split('/').collect();
    let route = parse(method, &folded, &exact);
    let name = name(&route, &folded);
    (route, name)
}

/// The name of a request's route, for the calls by kind.
pub(super) fn name_of(parts: &Parts) -> String {
    of(&parts.method, parts.uri.path()).1
}

fn parse(method: &Method, folded: &[&str], exact: &[&str]) -> Route {
    let key = |place: usize| exact.get(place).map(|text| decoded(text)).unwrap_or_default();
    match (method.as_str(), folded) {
        ("POST", ["connect", "token"]) => Route::Token,
        ("GET", ["v1", "customer"]) => Route::ListCustomers,
        ("POST", ["v1", "customer"]) => Route::CreateCustomer,
        ("GET", ["v1", "customer", "customerclass"]) => Route::ListReference(Reference::CustomerClass),
        ("GET", ["v1", "customer", "customerclass", _]) => Route::ReadReference(Reference::CustomerClass, key(3)),
        ("GET", ["v1", "customer", "internal", _]) => Route::ReadCustomerById(key(3)),
        ("PUT", ["v1", "customer", "internal", _]) => Route::UpdateCustomerById(key(3)),
        ("GET", ["v1", "customer", _]) => Route::ReadCustomer(key(2)),
        ("PUT", ["v1", "customer", _]) => Route::UpdateCustomer(key(2)),
        ("GET", ["v1", "customer", _, "invoice"]) => Route::ListCustomerInvoices(key(2)),
        ("GET", ["v1", "customerinvoice"]) => Route::ListInvoices,
        ("POST", ["v1" | "v2", "customerinvoice"]) => Route::CreateInvoice,
        ("GET", ["v1", "customerinvoice", _]) => Route::ReadInvoice(key(2)),
        ("PUT", ["v1", "customerinvoice", _]) => Route::UpdateInvoice(key(2)),
        ("DELETE", ["v1", "customerinvoice", _]) => Route::DeleteInvoice(key(2)),
        ("POST", ["v1", "customerinvoice", _, "action", "release"]) => Route::ReleaseInvoice(key(2)),
        ("GET", ["v1", name]) => reference(name).map_or(Route::Unknown, Route::ListReference),
        ("GET", ["v1", name, _]) => reference(name).map_or(Route::Unknown, |kind| Route::ReadReference(kind, key(2))),
        _ => Route::Unknown,
    }
}

fn reference(name: &str) -> Option<Reference> {
    Some(match name {
        "account" => Reference::Account,
        "branch" => Reference::Branch,
        "creditterm" => Reference::CreditTerm,
        "currency" => Reference::Currency,
        "dimension" => Reference::Dimension,
        "financialperiod" => Reference::FinancialPeriod,
        "organization" => Reference::Organization,
        "vat" => Reference::Vat,
        "vatzone" => Reference::VatZone,
        _ => return None,
    })
}

/// A key in a path: percent-encoded, or `b64(<base64url of the key>)`.
fn decoded(text: &str) -> String {
    let plain = percent_decode_str(text).decode_utf8_lossy().into_owned();
    let inner = plain.strip_prefix("b64(").and_then(|rest| rest.strip_suffix(')'));
    let bytes = inner.and_then(|encoded| BASE64_URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok());
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(plain)
}

fn name(route: &Route, folded: &[&str]) -> String {
    let version = folded.first().copied().unwrap_or_default();
    match route {
        Route::Token => "/connect/token".to_owned(),
        Route::ListCustomers | Route::CreateCustomer => "/v1/customer".to_owned(),
        Route::ReadCustomer(_) | Route::UpdateCustomer(_) => "/v1/customer/{number}".to_owned(),
        Route::ReadCustomerById(_) | Route::UpdateCustomerById(_) => "/v1/customer/internal/{id}".to_owned(),
        Route::ListCustomerInvoices(_) => "/v1/customer/{number}/invoice".to_owned(),
        Route::ListInvoices | Route::CreateInvoice => format!("/{version}/customerinvoice"),
        Route::ReadInvoice(_) | Route::UpdateInvoice(_) | Route::DeleteInvoice(_) => {
            "/v1/customerinvoice/{number}".to_owned()
        }
        Route::ReleaseInvoice(_) => "/v1/customerinvoice/{number}/action/release".to_owned(),
        Route::ListReference(_) => format!("/{}", folded.join("/")),
        Route::ReadReference(..) => {
            format!("/{}/{{id}}", folded.split_last().map(|(_, most)| most.join("/")).unwrap_or_default())
        }
        Route::Unknown => "(unknown)".to_owned(),
    }
}
