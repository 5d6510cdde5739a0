//! Checks who calls, and whether they may.
//!
//! PaaS takes OAuth 1.0a and the token of an administrator, SaaS a token of Adobe's identity service alone. Whoever is
//! not known, and whoever lacks the permission, gets the same 401 from Commerce itself; the gateway in front of SaaS
//! has answers of its own, which no reference shows, so their bodies are Adobe's usual ones.

mod admin;
mod ims;
mod oauth;

use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde_json::json;

use super::config::Flavour;
use super::refusal::CommerceRefusal;
use super::shop::Shop;
pub(crate) use admin::Admins;
pub(crate) use ims::Tokens;
pub(crate) use oauth::Nonces;

pub(crate) use admin::sign_in;
pub(crate) use ims::token;

/// Lets a call to `resource` pass.
///
/// # Errors
/// The refusal that the caller gets.
pub(crate) fn check(shop: &Shop, parts: &Parts, resource: &str) -> Result<(), CommerceRefusal> {
    let resources = match shop.config().flavour {
        Flavour::Paas => paas(shop, parts)?,
        Flavour::Saas => Some(saas(shop, parts)?),
    };
    let granted = |held: &String| held == resource || held == "Magento_Backend::all";
    if resources.is_some_and(|resources| resources.iter().any(granted)) {
        Ok(())
    } else {
        Err(CommerceRefusal::not_authorized(resource))
    }
}

fn text<'p>(parts: &'p Parts, name: &str) -> &'p str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn bearer(parts: &Parts) -> Option<&str> {
    let (scheme, token) = text(parts, header::AUTHORIZATION.as_str()).split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Resources that the caller may use; `None` for an anonymous caller.
fn paas(shop: &Shop, parts: &Parts) -> Result<Option<Vec<String>>, CommerceRefusal> {
    let config = shop.config();
    if let Some(token) = bearer(parts) {
        let username = shop.admins().holder(token, shop.clock());
        let account = config.admins.accounts.iter().find(|account| Some(&account.username) == username.as_ref());
        return Ok(account.map(|account| account.resources.clone()));
    }
    let call = oauth::Call {
        method: parts.method.as_str(),
        host: text(parts, header::HOST.as_str()),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        authorization: text(parts, header::AUTHORIZATION.as_str()),
    };
    let caller = oauth::authenticate(&call, &config.integrations, &mut shop.nonces(), shop.clock())?;
    Ok(caller.map(|integration| integration.resources.clone()))
}

fn saas(shop: &Shop, parts: &Parts) -> Result<Vec<String>, CommerceRefusal> {
    let ims = &shop.config().ims;
    let gateway = |status: StatusCode, code: &str, message: &str| {
        CommerceRefusal::gateway(status, &json!({ "error_code": code, "message": message }))
    };
    let known = |name: &str, expected: &str, required: bool| match text(parts, name) {
        "" => !required,
        sent => sent == expected,
    };
    if !known("x-api-key", &ims.client_id, ims.require_api_key) {
        return Err(gateway(StatusCode::FORBIDDEN, "403003", "Api Key is invalid"));
    }
    match bearer(parts) {
        None => return Err(gateway(StatusCode::UNAUTHORIZED, "401010", "Oauth token is missing")),
        Some(token) if !shop.tokens().is_valid(token, shop.clock()) => {
            return Err(gateway(StatusCode::UNAUTHORIZED, "401013", "Oauth token is not valid"));
        }
        Some(_) => {}
    }
    if !known("x-gw-ims-org-id", &ims.org_id, ims.require_org_id) {
        return Err(gateway(StatusCode::FORBIDDEN, "403004", "x-gw-ims-org-id header is missing or invalid"));
    }
    Ok(ims.resources.clone())
}
