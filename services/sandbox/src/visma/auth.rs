//! Visma Connect: tokens for client credentials, and who may come in with one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::json;

use super::config::{CompanyHeader, Config, WrongCompany};
use super::reply::{self, VismaRefusal};

const SCOPE_PREFIX: &str = "vismanet_erp_service_api:";
const VERBS: [&str; 4] = ["create", "read", "update", "delete"];

/// A token that was given.
#[derive(Clone, Debug)]
struct Grant {
    until: Instant,
    /// True when it was asked for with the company's tenant id, and not with the customer's.
    of_company: bool,
    verbs: Vec<&'static str>,
}

/// The tokens that were given.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    grants: Mutex<HashMap<String, Grant>>,
}

/// Data that a caller with a good token sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// The company's data.
    Company,
    /// Empty lists: the company header names another company.
    Nothing,
}

impl Tokens {
    /// Answers `POST /connect/token` (RFC 6749 section 4.4; errors as section 5.2 names them).
    pub(super) fn answer(&self, config: &Config, headers: &HeaderMap, body: &[u8]) -> Response {
        match self.give(config, headers, body) {
            Ok(response) => response,
            Err((status, error)) => reply::json(status, json!({ "error": error }).to_string()),
        }
    }

    fn give(&self, config: &Config, headers: &HeaderMap, body: &[u8]) -> Result<Response, (StatusCode, &'static str)> {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        let is_form = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            return Err((BAD, "invalid_request"));
        }
        let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str);
        if field("grant_type") != Some("client_credentials") {
            return Err((BAD, "unsupported_grant_type"));
        }
        let (id, secret) = match basic(headers) {
            Some(pair) => pair,
            None => (field("client_id").unwrap_or_default().into(), field("client_secret").unwrap_or_default().into()),
        };
        if id != config.client_id || secret != config.client_secret {
            return Err((StatusCode::UNAUTHORIZED, "invalid_client"));
        }
        let scope = field("scope").unwrap_or_default();
        let verbs: Option<Vec<&'static str>> = scope.split_whitespace().map(verb).collect();
        let verbs = verbs.filter(|verbs| !verbs.is_empty()).ok_or((BAD, "invalid_scope"))?;
        let of_company = match field("tenant_id") {
            Some(tenant) if tenant == config.tenant_id => true,
            Some(tenant) if tenant == config.customer_tenant_id => false,
            _ => return Err((BAD, "invalid_tenant")),
        };

        let token = format!("sandbox.{}.{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let now = Instant::now();
        let mut grants = self.lock();
        grants.retain(|_, grant| grant.until > now);
        let until = now + Duration::from_secs(config.token_seconds);
        grants.insert(token.clone(), Grant { until, of_company, verbs });
        let answer = json!({
            "access_token": token, "expires_in": config.token_seconds, "token_type": "Bearer", "scope": scope,
        });
        Ok(reply::json(StatusCode::OK, answer.to_string()))
    }

    /// Lets a call in, or not.
    pub(super) fn admit(&self, config: &Config, headers: &HeaderMap, method: &Method) -> Result<Sight, VismaRefusal> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).ok_or(VismaRefusal::Unauthorised)?;
        let needed = match method.as_str() {
            "GET" => "read",
            "POST" => "create",
            "PUT" => "update",
            _ => "delete",
        };
        match self.lock().get(token) {
            Some(grant) if grant.until <= Instant::now() || !grant.of_company => {
                return Err(VismaRefusal::Unauthorised);
            }
            Some(grant) if !grant.verbs.contains(&needed) => return Err(VismaRefusal::Forbidden),
            Some(_) => {}
            None => return Err(VismaRefusal::Unauthorised),
        }
        sight(config, headers, method)
    }

    /// Makes every token worthless, as a revoked client would.
    pub(super) fn revoke_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sight(config: &Config, headers: &HeaderMap, method: &Method) -> Result<Sight, VismaRefusal> {
    const MISSING: VismaRefusal =
        VismaRefusal::Gateway("12002", "Company id is missing or the user is not authorised for it.");
    if config.company_header == CompanyHeader::Ignored {
        return Ok(Sight::Company);
    }
    let company = headers.get("ipp-company-id").ok_or(MISSING)?;
    if company.as_bytes() == config.company_id.as_bytes() {
        return Ok(Sight::Company);
    }
    match config.wrong_company {
        WrongCompany::EmptyLists if method == Method::GET => Ok(Sight::Nothing),
        WrongCompany::EmptyLists | WrongCompany::Refused => Err(MISSING),
    }
}

fn verb(scope: &str) -> Option<&'static str> {
    let asked = scope.strip_prefix(SCOPE_PREFIX)?;
    VERBS.into_iter().find(|verb| *verb == asked)
}

/// Client id and secret from `Authorization: Basic`, form-decoded (RFC 6749 section 2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(BASE64_STANDARD.decode(value).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    Some((decoded(id), decoded(secret)))
}
