//! The token of an administrator (`POST /V1/integration/admin/token`), and the lock on an account that is guessed at.
//!
//! Six wrong passwords lock an account for half an hour; the right one is refused then too, in the same words, so that
//! a client cannot tell. With a second factor, which is the default in a real shop, there is no token this way.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

use crate::commerce::config;
use crate::commerce::refusal::CommerceRefusal;
use crate::commerce::shop::Shop;
use crate::commerce::{comment, reply};

const INCORRECT: &str =
    "The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later.";

/// The tokens that were given, and the passwords that were wrong.
#[derive(Debug, Default)]
pub(crate) struct Admins {
    tokens: HashMap<String, (String, i64)>,
    failures: HashMap<String, Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    count: u32,
    locked_until: i64,
}

impl Admins {
    /// Username of this token's holder, if the token lives.
    pub(crate) fn holder(&self, token: &str, now: i64) -> Option<String> {
        self.tokens.get(token).filter(|(_, until)| *until > now).map(|(username, _)| username.clone())
    }

    /// Makes every token worthless, as an administrator can.
    pub(crate) fn revoke(&mut self) {
        self.tokens.clear();
    }

    fn sign_in(
        &mut self,
        settings: &config::Admins,
        username: &str,
        password: &str,
        now: i64,
    ) -> Result<String, CommerceRefusal> {
        let refused = || CommerceRefusal::plain(StatusCode::UNAUTHORIZED, INCORRECT);
        let failures = self.failures.entry(username.to_owned()).or_default();
        if failures.locked_until > now {
            return Err(refused());
        }
        let account = settings.accounts.iter().find(|account| account.username == username);
        let Some(account) = account.filter(|account| account.password == password) else {
            failures.count += 1;
            if failures.count >= settings.lock_after {
                *failures = Failures { count: 0, locked_until: now + settings.lock_seconds };
            }
            return Err(refused());
        };
        failures.count = 0;
        if account.two_factor {
            let message = "Please use the 2fa provider-specific endpoints to obtain a token.";
            let providers = json!({ "active_providers": ["google"] });
            return Err(CommerceRefusal::with(StatusCode::UNAUTHORIZED, message, &providers));
        }
        let token = uuid::Uuid::new_v4().simple().to_string();
        self.tokens.insert(token.clone(), (username.to_owned(), now + settings.token_seconds));
        Ok(token)
    }
}

/// `POST /V1/integration/admin/token`: the token as a JSON string.
pub(crate) fn sign_in(shop: &Shop, headers: &HeaderMap, body: &Bytes) -> Result<Response<Body>, CommerceRefusal> {
    let body = comment::json_body(headers, body)?;
    let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (username, password) = (field("username"), field("password"));
    let missing: Vec<&str> = [("username", &username), ("password", &password)]
        .iter()
        .filter(|(_, value)| value.is_empty())
        .map(|(name, _)| *name)
        .collect();
    if !missing.is_empty() {
        return Err(CommerceRefusal::required(&missing));
    }
    let token = shop.admins().sign_in(&shop.config().admins, &username, &password, shop.clock())?;
    Ok(reply::ok(Value::from(token).to_string()))
}
