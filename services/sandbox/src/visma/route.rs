//! The routes, with paths in any case, as Visma's router takes them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::audit::Entity;
use super::document::DocumentKind;

/// Reference data that is only read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    Account,
    Branch,
    CashAccount,
    CreditTerm,
    Currency,
    CustomerClass,
    Dimension,
    FinancialPeriod,
    Organization,
    PaymentMethod,
    Vat,
    VatCategory,
    VatZone,
}

/// The list, record or action that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Token,
    ListCustomers,
    CreateCustomer,
    ReadCustomer(String),
    UpdateCustomer(String),
    ReadCustomerById(String),
    UpdateCustomerById(String),
    /// The documents of a kind, of one customer or of all.
    ListDocuments(DocumentKind, Option<String>),
    CreateDocument(DocumentKind),
    ReadDocument(DocumentKind, String),
    UpdateDocument(DocumentKind, String),
    DeleteDocument(DocumentKind, String),
    ListPayments,
    CreatePayment,
    ReadPayment(String),
    UpdatePayment(String),
    Release(Entity, String),
    ListPurchaseOrders,
    ReadPurchaseOrder(String),
    ListSupplierInvoices,
    /// By document type and number.
    ReadSupplierInvoice(String, String),
    ListSuppliers,
    ReadSupplier(String),
    ListReference(Reference),
    ReadReference(Reference, String),
    /// A segment of a dimension.
    ReadSegment(String, String),
    /// A value of a segment: dimension, segment, value.
    ReadSegmentValue(String, String, String),
    Unknown,
}

impl Route {
    /// True when it asks for a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(
            self,
            Self::ListCustomers
                | Self::ListDocuments(..)
                | Self::ListPayments
                | Self::ListPurchaseOrders
                | Self::ListSupplierInvoices
                | Self::ListSuppliers
                | Self::ListReference(_)
        )
    }
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
        (method, ["v1", "customer", rest @ ..]) => customer(method, rest, key),
        (method, [version, "customerinvoice", rest @ ..]) => {
            document(DocumentKind::Invoice, method, version, rest, &key(2))
        }
        (method, [version, "customercreditnote", rest @ ..]) => {
            document(DocumentKind::CreditNote, method, version, rest, &key(2))
        }
        (method, ["v1", "customerpayment", rest @ ..]) => payment(method, rest, key(2)),
        ("GET", ["v1", "purchaseorder"]) => Route::ListPurchaseOrders,
        ("GET", ["v1", "purchaseorder", _]) => Route::ReadPurchaseOrder(key(2)),
        ("GET", ["v1", "supplierinvoice"]) => Route::ListSupplierInvoices,
        ("GET", ["v1", "supplierinvoice", _, _]) => Route::ReadSupplierInvoice(key(2), key(3)),
        ("GET", ["v1", "supplier"]) => Route::ListSuppliers,
        ("GET", ["v1", "supplier", _]) => Route::ReadSupplier(key(2)),
        ("GET", ["v1", "dimension", _, _]) => Route::ReadSegment(key(2), key(3)),
        ("GET", ["v1", "dimension", _, _, _]) => Route::ReadSegmentValue(key(2), key(3), key(4)),
        ("GET", ["v1", name]) => reference(name).map_or(Route::Unknown, Route::ListReference),
        ("GET", ["v1", name, _]) => reference(name).map_or(Route::Unknown, |kind| Route::ReadReference(kind, key(2))),
        _ => Route::Unknown,
    }
}

fn customer(method: &str, rest: &[&str], key: impl Fn(usize) -> String) -> Route {
    match (method, rest) {
        ("GET", []) => Route::ListCustomers,
        ("POST", []) => Route::CreateCustomer,
        ("GET", ["customerclass"]) => Route::ListReference(Reference::CustomerClass),
        ("GET", ["customerclass", _]) => Route::ReadReference(Reference::CustomerClass, key(3)),
        ("GET", ["internal", _]) => Route::ReadCustomerById(key(3)),
        ("PUT", ["internal", _]) => Route::UpdateCustomerById(key(3)),
        ("GET", [_]) => Route::ReadCustomer(key(2)),
        ("PUT", [_]) => Route::UpdateCustomer(key(2)),
        ("GET", [_, "invoice"]) => Route::ListDocuments(DocumentKind::Invoice, Some(key(2))),
        _ => Route::Unknown,
    }
}

/// Only creating has a second version; the first one lives on beside it.
fn document(kind: DocumentKind, method: &str, version: &str, rest: &[&str], number: &str) -> Route {
    let number = || number.to_owned();
    match (method, version, rest) {
        ("POST", "v1" | "v2", []) => Route::CreateDocument(kind),
        ("GET", "v1", []) => Route::ListDocuments(kind, None),
        ("GET", "v1", [_]) => Route::ReadDocument(kind, number()),
        ("PUT", "v1", [_]) => Route::UpdateDocument(kind, number()),
        ("DELETE", "v1", [_]) => Route::DeleteDocument(kind, number()),
        ("POST", "v1", [_, "action", "release"]) => Route::Release(kind.entity(), number()),
        _ => Route::Unknown,
    }
}

fn payment(method: &str, rest: &[&str], number: String) -> Route {
    match (method, rest) {
        ("GET", []) => Route::ListPayments,
        ("POST", []) => Route::CreatePayment,
        ("GET", [_]) => Route::ReadPayment(number),
        ("PUT", [_]) => Route::UpdatePayment(number),
        ("POST", [_, "action", "release"]) => Route::Release(Entity::Payment, number),
        _ => Route::Unknown,
    }
}

fn reference(name: &str) -> Option<Reference> {
    Some(match name {
        "account" => Reference::Account,
        "branch" => Reference::Branch,
        "cashaccount" => Reference::CashAccount,
        "creditterm" => Reference::CreditTerm,
        "currency" => Reference::Currency,
        "dimension" => Reference::Dimension,
        "financialperiod" => Reference::FinancialPeriod,
        "organization" => Reference::Organization,
        "paymentmethod" => Reference::PaymentMethod,
        "vat" => Reference::Vat,
        "vatcategory" => Reference::VatCategory,
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
        Route::ListDocuments(_, Some(_)) => "/v1/customer/{number}/invoice".to_owned(),
        Route::ListDocuments(kind, None) | Route::CreateDocument(kind) => format!("/{version}/{}", kind.resource()),
        Route::ReadDocument(kind, _) | Route::UpdateDocument(kind, _) | Route::DeleteDocument(kind, _) => {
            format!("/v1/{}/{{number}}", kind.resource())
        }
        Route::ListPayments | Route::CreatePayment => "/v1/customerPayment".to_owned(),
        Route::ReadPayment(_) | Route::UpdatePayment(_) => "/v1/customerPayment/{number}".to_owned(),
        Route::Release(entity, _) => format!("/v1/{}/{{number}}/action/release", entity.resource()),
        Route::ListPurchaseOrders => "/v1/purchaseorder".to_owned(),
        Route::ReadPurchaseOrder(_) => "/v1/purchaseorder/{number}".to_owned(),
        Route::ListSupplierInvoices => "/v1/supplierInvoice".to_owned(),
        Route::ReadSupplierInvoice(..) => "/v1/supplierInvoice/{documentType}/{number}".to_owned(),
        Route::ListSuppliers => "/v1/supplier".to_owned(),
        Route::ReadSupplier(_) => "/v1/supplier/{number}".to_owned(),
        Route::ListReference(_) => format!("/{}", folded.join("/")),
        Route::ReadReference(..) => {
            format!("/{}/{{id}}", folded.split_last().map(|(_, most)| most.join("/")).unwrap_or_default())
        }
        Route::ReadSegment(..) => "/v1/dimension/{id}/{segment}".to_owned(),
        Route::ReadSegmentValue(..) => "/v1/dimension/{id}/{segment}/{value}".to_owned(),
        Route::Unknown => "(unknown)".to_owned(),
    }
}
