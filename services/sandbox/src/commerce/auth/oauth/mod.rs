//! OAuth 1.0a with HMAC-SHA256 as Magento 2.4.7 verifies it, quirks included.
//!
//! The order of the checks is part of the behaviour, since a client sees which one failed: version → required
//! parameters → token length → method → consumer → **nonce, which is stored now** → token → signature. What is not an
//! OAuth header at all (a bearer token, Basic) makes an anonymous caller, who is then refused for want of permission.

mod base;
mod natural;
mod nonce;

use std::collections::BTreeMap;

use axum::http::StatusCode;

use crate::commerce::config::Integration;
use crate::commerce::refusal::CommerceRefusal;
use base::{base_string, raw_decode, sign};
pub(crate) use nonce::Nonces;
use nonce::Refused;

/// Parameters that a call with an access token must carry.
const REQUIRED: [&str; 6] = [
    "oauth_consumer_key",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_nonce",
    "oauth_timestamp",
    "oauth_token",
];
/// Consumer keys and tokens have exactly this many characters.
const KEY_LENGTH: usize = 32;

/// Parts of an HTTP call that go into the signature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'c> {
    /// GET, POST…
    pub(crate) method: &'c str,
    /// The `Host` header, with its port.
    pub(crate) host: &'c str,
    /// The path as sent.
    pub(crate) path: &'c str,
    /// The query as sent, without `?`.
    pub(crate) query: &'c str,
    /// The `Authorization` header.
    pub(crate) authorization: &'c str,
}

/// Protocol and query parameters, by decoded name; of a repeated name the last value stays.
type Parameters = BTreeMap<String, String>;

/// Finds the caller: the active integration, or `None` for an anonymous or inactive one.
pub(crate) fn authenticate<'i>(
    call: &Call<'_>,
    integrations: &'i [Integration],
    nonces: &mut Nonces,
    now: i64,
) -> Result<Option<&'i Integration>, CommerceRefusal> {
    let Some(parameters) = parameters(call) else { return Ok(None) };
    check_protocol(&parameters)?;
    let value = |name: &str| parameters.get(name).map_or("", String::as_str);
    let (at, integration) = consumer(value("oauth_consumer_key"), integrations)?;
    nonces.take(at, value("oauth_nonce"), value("oauth_timestamp"), now).map_err(|refused| match refused {
        Refused::Used => CommerceRefusal::listed(
            StatusCode::UNAUTHORIZED,
            "The nonce is already being used by the consumer with ID %1",
            &[&(at + 1).to_string()],
        ),
        Refused::Invalid => unauthorized("An error occurred validating the nonce"),
    })?;
    check_token(value("oauth_token"), integration, integrations)?;
    let expected =
        sign(&base_string(call, &parameters), &integration.consumer_secret, &integration.access_token_secret);
    if expected.as_deref() != Some(value("oauth_signature")) {
        return Err(unauthorized("The signature is invalid. Verify and try again."));
    }
    Ok(integration.active.then_some(integration))
}

fn unauthorized(message: &str) -> CommerceRefusal {
    CommerceRefusal::plain(StatusCode::UNAUTHORIZED, message)
}

/// Header parameters, then those of the query over them. `None` when the header is no OAuth header.
fn parameters(call: &Call<'_>) -> Option<Parameters> {
    let (scheme, rest) = call.authorization.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case("oauth ") {
        return None;
    }
    let header = rest.split(',').filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        protocol_name(name).then(|| (raw_decode(name), raw_decode(value.trim_matches('"'))))
    });
    // `explode('=')` must give exactly two parts: a second '=' or none drops the pair from the base string.
    let query = call.query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (!value.contains('=')).then(|| (raw_decode(name), raw_decode(value)))
    });
    Some(header.chain(query).collect())
}

/// `/oauth_[a-z_-]+/` somewhere in the name. A realm is thus left out, and never signed.
fn protocol_name(name: &str) -> bool {
    name.split_once("oauth_")
        .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '_' || c == '-'))
}

fn check_protocol(parameters: &Parameters) -> Result<(), CommerceRefusal> {
    if let Some(version) = parameters.get("oauth_version")
        && version != "1.0"
    {
        let message = "The \"%1\" Oauth version isn't supported.";
        return Err(CommerceRefusal::listed(StatusCode::BAD_REQUEST, message, &[version]));
    }
    let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| !parameters.contains_key(*name)).collect();
    if !missing.is_empty() {
        return Err(CommerceRefusal::required(&missing));
    }
    if parameters.get("oauth_token").is_some_and(|token| token.len() != KEY_LENGTH) {
        let message = "The token length is invalid. Check the length and try again.";
        return Err(CommerceRefusal::plain(StatusCode::BAD_REQUEST, message));
    }
    match parameters.get("oauth_signature_method") {
        Some(method) if method != "HMAC-SHA256" => {
            Err(CommerceRefusal::listed(StatusCode::BAD_REQUEST, "Signature method %1 is not supported", &[method]))
        }
        _ => Ok(()),
    }
}

fn consumer<'i>(key: &str, integrations: &'i [Integration]) -> Result<(usize, &'i Integration), CommerceRefusal> {
    if key.len() != KEY_LENGTH {
        return Err(unauthorized("Consumer key is not the correct length"));
    }
    let known = integrations.iter().enumerate().find(|(_, integration)| integration.consumer_key == key);
    known.ok_or_else(|| unauthorized("A consumer having the specified key does not exist"))
}

fn check_token(token: &str, of: &Integration, integrations: &[Integration]) -> Result<(), CommerceRefusal> {
    if of.access_token == token {
        return if of.revoked { Err(unauthorized("Access token has been revoked")) } else { Ok(()) };
    }
    let foreign = integrations.iter().any(|integration| integration.access_token == token);
    Err(unauthorized(if foreign {
        "Token is not associated with the specified consumer"
    } else {
        "Specified token does not exist"
    }))
}
