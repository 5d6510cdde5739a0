//! Adobe's identity service, as far as a server asks it for a token (`POST /ims/token/v3`, client credentials).

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::http::{Method, Response, StatusCode};
use serde_json::json;

use crate::commerce::refusal::CommerceRefusal;
use crate::commerce::reply;
use crate::commerce::shop::Shop;

/// The scope without which a token opens no Commerce.
const SCOPE: &str = "commerce.accs";

/// The tokens that were given, with the second in which each ends.
#[derive(Debug, Default)]
pub(crate) struct Tokens(HashMap<String, i64>);

impl Tokens {
    pub(crate) fn is_valid(&self, token: &str, now: i64) -> bool {
        self.0.get(token).is_some_and(|until| *until > now)
    }

    /// Makes every token worthless.
    pub(crate) fn revoke(&mut self) {
        self.0.clear();
    }
}

/// `POST /ims/token/v3`.
pub(crate) fn token(shop: &Shop, method: &Method, body: &Bytes) -> Result<Response<Body>, CommerceRefusal> {
    let refused = |error: &str, description: &str| {
        let body = json!({ "error": error, "error_description": description });
        CommerceRefusal::gateway(StatusCode::BAD_REQUEST, &body)
    };
    if method != Method::POST {
        return Err(CommerceRefusal::empty(StatusCode::METHOD_NOT_ALLOWED));
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let config = shop.config();
    if field("grant_type") != "client_credentials" {
        return Err(refused("unsupported_grant_type", "invalid grant_type parameter"));
    }
    if field("client_id") != config.ims.client_id {
        return Err(refused("invalid_client", "invalid client_id parameter"));
    }
    if field("client_secret") != config.ims.client_secret {
        return Err(refused("invalid_client", "invalid client_secret parameter"));
    }
    if !field("scope").split([',', ' ']).any(|scope| scope == SCOPE) {
        return Err(refused("invalid_scope", "the scope commerce.accs is missing"));
    }
    let token = format!("eyJ.{}.{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let seconds = config.ims.token_seconds;
    shop.tokens().0.insert(token.clone(), shop.clock() + seconds);
    let body = json!({ "access_token": token, "token_type": "bearer", "expires_in": seconds });
    Ok(reply::ok(body.to_string()))
}
