//! OAuth 1.0a with HMAC-SHA256 (RFC 5849), as far as Commerce's REST door agrees with the RFC.
//!
//! Commerce parses, sorts and joins parameters in its own way, and that way changed between releases. This module signs
//! only what every release reads as the RFC does, and refuses the rest before it is sent: a refused call costs a nonce
//! and says only "the signature is invalid". A nonce is spent even by a call that is refused, so each attempt, a retry
//! too, needs a new nonce, a new timestamp and a new signature.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use url::Url;

use crate::encoding::{decode, encode};

/// A decoded name and value. Bytes, since Commerce signs what was sent and not what it means.
type Parameter = (Vec<u8>, Vec<u8>);

/// Digits of a nonce. Commerce keeps 32 characters and takes two that begin alike for one.
pub const NONCE_LENGTH: usize = 32;

/// Credentials that an integration of Commerce PaaS is given when it is activated. Valid until revoked.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Names the integration; 32 characters. Not secret.
    pub consumer_key: String,
    /// Signs, together with the token's secret.
    pub consumer_secret: SecretString,
    /// Names the grant; 32 characters. Kept secret because some shops accept it as a bearer token.
    pub access_token: SecretString,
    /// Signs, together with the consumer's secret.
    pub access_token_secret: SecretString,
}

/// Why a request is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The nonce is not 32 hexadecimal digits.
    #[error("a nonce is 32 hexadecimal digits")]
    Nonce,
    /// The timestamp is zero.
    #[error("a timestamp is the seconds since 1970 and not zero")]
    Timestamp,
    /// The secrets make no key.
    #[error("the secrets cannot be used as a signing key")]
    Key,
    /// The address is neither `http` nor `https`, or has no host.
    #[error("only an http or https address with a host can be signed")]
    Address,
    /// Commerce decodes and re-encodes the path, so that an escape in it breaks the signature.
    #[error("the path `{0}` holds an escape, which Commerce signs differently: put values in the query")]
    Path(String),
    /// A query parameter that Commerce leaves out of its base string or reads differently.
    #[error("the query parameter `{parameter}` cannot be signed: {reason}")]
    Parameter {
        /// The parameter as it stands in the address.
        parameter: String,
        /// Says what Commerce would do with it.
        reason: &'static str,
    },
}

/// The value of the `Authorization` header for one attempt of one request.
///
/// `url` is the address exactly as it will be sent; a JSON body is not signed. `timestamp` is in seconds since 1970:
/// Commerce refuses one that is more than 600 s ahead of its own clock, and takes any older one.
///
/// # Errors
/// When the nonce, the timestamp or the address would be refused by Commerce.
pub fn authorization(
    credentials: &Credentials,
    method: &Method,
    url: &Url,
    nonce: &str,
    timestamp: u64,
) -> Result<String, SignError> {
    if nonce.len() != NONCE_LENGTH || !nonce.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(SignError::Nonce);
    }
    if timestamp == 0 {
        return Err(SignError::Timestamp);
    }
    let timestamp = timestamp.to_string();
    let protocol = [
        ("oauth_consumer_key", credentials.consumer_key.as_str()),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", timestamp.as_str()),
        ("oauth_token", credentials.access_token.expose_secret()),
        ("oauth_version", "1.0"),
    ];
    let mut parameters = query_parameters(url.query().unwrap_or_default())?;
    parameters.extend(protocol.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())));
    let text = base_string(method, &base_uri(url)?, &parameters);
    let signature = sign(credentials, &text)?;

    let mut header = String::from("OAuth ");
    for (name, value) in protocol {
        // Writing to a String cannot fail.
        let _ = write!(header, "{name}=\"{}\", ", encode(value.as_bytes()));
    }
    let _ = write!(header, "oauth_signature=\"{}\"", encode(signature.as_bytes()));
    Ok(header)
}

/// Base64 of the HMAC-SHA256 of a base string under both secrets (RFC 5849 section 3.4.2, with SHA-256).
fn sign(credentials: &Credentials, base_string: &str) -> Result<String, SignError> {
    let key = format!(
        "{}&{}",
        encode(credentials.consumer_secret.expose_secret().as_bytes()),
        encode(credentials.access_token_secret.expose_secret().as_bytes())
    );
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(|_| SignError::Key)?;
    Ok(STANDARD.encode(mac.chain_update(base_string).finalize().into_bytes()))
}

/// Method, address and parameters in the shape of RFC 5849 section 3.4.1. Parameters come decoded.
fn base_string(method: &Method, base_uri: &str, parameters: &[Parameter]) -> String {
    let mut pairs: Vec<(String, String)> =
        parameters.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    pairs.sort_unstable();
    let joined: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}&{}&{}", method.as_str(), encode(base_uri.as_bytes()), encode(joined.join("&").as_bytes()))
}

/// Scheme, host, port unless it is the scheme's own, and path (RFC 5849 section 3.4.1.2).
fn base_uri(url: &Url) -> Result<String, SignError> {
    let (scheme, host) = match (url.scheme(), url.host_str()) {
        (scheme @ ("http" | "https"), Some(host)) => (scheme, host),
        _ => return Err(SignError::Address),
    };
    if url.path().contains('%') {
        return Err(SignError::Path(url.path().to_owned()));
    }
    // `Url::port` is `None` for the scheme's own port.
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{scheme}://{host}{port}{}", url.path()))
}

/// The parameters of a query, decoded, if every release of Commerce reads them alike.
fn query_parameters(query: &str) -> Result<Vec<Parameter>, SignError> {
    let mut parameters: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    if query.is_empty() {
        return Ok(Vec::new());
    }
    for pair in query.split('&') {
        let refuse = |reason| SignError::Parameter { parameter: pair.to_owned(), reason };
        let Some((name, value)) = pair.split_once('=') else {
            return Err(refuse("it has no `=`, and Commerce drops it"));
        };
        if value.contains('=') {
            return Err(refuse("a raw `=` in the value makes Commerce drop it: send %3D"));
        }
        if pair.contains('+') {
            return Err(refuse("`+` is a plus to one release and a space to another: send %2B or %20"));
        }
        let (Some(name), Some(value)) = (decode(name), decode(value)) else {
            return Err(refuse("it holds a `%` that is no escape"));
        };
        if name.is_empty() || name.starts_with(b"oauth_") {
            return Err(refuse("its name is empty or begins with `oauth_`"));
        }
        if name.windows(2).any(|two| two.iter().all(u8::is_ascii_digit)) {
            return Err(refuse("Commerce sorts numbers of two digits as numbers, not as text: keep indices below 10"));
        }
        if parameters.insert(name, value).is_some() {
            return Err(refuse("its name comes twice, and Commerce keeps the last one"));
        }
    }
    // The map is in the order of decoded names, as newer releases sort; the RFC and older ones sort encoded names.
    let parameters: Vec<_> = parameters.into_iter().collect();
    if !parameters.is_sorted_by_key(|(name, _)| encode(name)) {
        return Err(SignError::Parameter {
            parameter: query.to_owned(),
            reason: "names that sort differently when they are encoded",
        });
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests;
