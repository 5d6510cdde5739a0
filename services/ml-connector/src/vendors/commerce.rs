//! Adobe Commerce's API, under one of three proofs of who calls.
//!
//! A PaaS shop or Open Source knows integrations, whose requests are signed (OAuth 1.0a), and administrators, who log
//! in for a token; SaaS knows Adobe's identity service alone.

use std::time::Duration;

use bytes::Bytes;
use commerce::admin::{self, LoginError};
use commerce::ims::{Gateway, TokenRefusal};
use commerce::oauth::{self, Credentials};
use commerce::requests::Base;
use futures::FutureExt as _;
use http::Request;
use http::header::HeaderValue;
use pipeline::budget::{Budget, Shares};
use pipeline::clock;
use pipeline::http::Http;
use pipeline::id::derived_id;
use pipeline::secret::Secret;
use pipeline::service::Context;
use pipeline::token::{Grant, Guard, Login, TokenError, Tokens};
use pipeline::vault::credentials::Fields;
use pipeline::vendor::{Api, Auth, Sign, Vendor};
use problem::{Code, Problem, chain};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::kept::{Kept, fill_commerce};
use super::{required, required_secret};
use crate::settings::{self, Commerce};

/// Adobe Commerce as the settings say, and the base that requests are built for. What the settings leave empty of the
/// credentials is the vault's, and is followed there.
///
/// # Errors
/// `SETTINGS_INCOMPLETE` when a credential is missing, `SETTINGS_INVALID` when the base URL is none.
pub async fn commerce(settings: &Commerce, context: &Context) -> Result<(Vendor, Base), Problem> {
    let kept = Kept::read(context, super::COMMERCE).await?;
    let (vendor, base) = commerce_with(settings, &kept.fields(), context).await?;
    let (settings, known) = (settings.clone(), context.clone());
    let (http, shop) = (token_http(&settings)?, plain_base(&settings)?);
    let make = Box::new(move |fields: Fields| {
        let settings = fill_commerce(&settings, &fields).0;
        let (base, http, context) = (shop.clone(), http.clone(), known.clone());
        async move { auth(&settings, &base, &http, &context).await }.boxed()
    });
    kept.follow(context, &vendor, make).await;
    vendor.follow_budget(&context.broker, context.stop.clone());
    Ok((vendor, base))
}

/// As [`commerce`], under `fields` alone.
///
/// # Errors
/// As [`commerce`].
pub async fn commerce_with(settings: &Commerce, fields: &Fields, context: &Context) -> Result<(Vendor, Base), Problem> {
    let mut base = plain_base(settings)?;
    let http = Http::new(settings.timeout.0, settings.max_body_bytes)?;
    let auth = auth(&fill_commerce(settings, fields).0, &base, &token_http(settings)?, context).await?;
    if settings.auth == settings::CommerceAuth::Ims {
        let ims = &settings.ims;
        let gateway = Gateway { client_id: &ims.client_id, org_id: &ims.org_id, store: &ims.store };
        base = gateway.open(base).map_err(|e| invalid(&e))?;
    }
    let api = Api {
        auth,
        read_window: |_| None,
        read_retry_after: ::commerce::reply::retry_after,
        probe_wait: PROBE_WAIT,
        trial: None,
    };
    // Commerce tells no limit: its budget is the patience that it asks for, shared by all processes.
    let owner = super::shop_of(settings);
    let budget = Budget::open(&context.broker, (super::COMMERCE, &owner), Shares::NONE, settings.timeout.0).await?;
    Ok((Vendor::new(http, budget, api, context.health.clone()), base))
}

/// While nothing gets through to the shop: the longest wait between two calls that try.
const PROBE_WAIT: Duration = Duration::from_secs(30);

fn plain_base(settings: &Commerce) -> Result<Base, Problem> {
    required("commerce.base_url", &settings.base_url)?;
    Base::parse(&settings.base_url).map_err(|e| invalid(&e))
}

fn token_http(settings: &Commerce) -> Result<Http, Problem> {
    Http::seldom(settings.timeout.0, settings.max_body_bytes)
}

fn invalid(error: &dyn std::error::Error) -> Problem {
    Problem::new(Code::SettingsInvalid, chain(error), "correct [commerce]")
}

async fn auth(settings: &Commerce, base: &Base, http: &Http, context: &Context) -> Result<Auth, Problem> {
    Ok(match settings.auth {
        settings::CommerceAuth::Oauth1 => Auth::Signed(sign(settings)?),
        settings::CommerceAuth::AdminToken => {
            Auth::Bearer(Box::new(Tokens::new(http.clone(), login(settings, base, context).await?)))
        }
        settings::CommerceAuth::Ims => Auth::Bearer(Box::new(Tokens::new(http.clone(), grant(&settings.ims)?))),
    })
}

/// OAuth 1.0a; each attempt is signed anew.
fn sign(settings: &Commerce) -> Result<Sign, Problem> {
    required("commerce.consumer_key", &settings.consumer_key)?;
    required_secret("commerce.consumer_secret", &settings.consumer_secret)?;
    required_secret("commerce.access_token", &settings.access_token)?;
    required_secret("commerce.access_token_secret", &settings.access_token_secret)?;
    let settings = settings.clone();
    // In clear only for as long as a signature takes.
    let clear = |secret: &Secret| SecretString::from(secret.expose().as_str());
    Ok(Box::new(move |request: &Request<Bytes>| {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let url = url::Url::parse(&request.uri().to_string()).map_err(|e| e.to_string())?;
        let credentials = Credentials {
            consumer_key: settings.consumer_key.clone(),
            consumer_secret: clear(&settings.consumer_secret),
            access_token: clear(&settings.access_token),
            access_token_secret: clear(&settings.access_token_secret),
        };
        let header = oauth::authorization(&credentials, request.method(), &url, &nonce, clock::now_seconds())
            .map_err(|e| e.to_string())?;
        HeaderValue::from_str(&header).map_err(|e| e.to_string())
    }))
}

/// An administrator's login. What it is made with leaves a keyed hash, so that a change of it is seen.
async fn login(settings: &Commerce, base: &Base, context: &Context) -> Result<Login, Problem> {
    let account = &settings.admin_token;
    required("commerce.admin_token.username", &account.username)?;
    required_secret("commerce.admin_token.password", &account.password)?;
    let (base, name, password) = (base.clone(), account.username.clone(), account.password.clone());
    let request = move || {
        let clear = SecretString::from(password.expose().as_str());
        admin::login(&base, &name, &clear).map_err(|e| chain(&e))
    };
    let uri = request().map_err(|e| Problem::new(Code::SettingsInvalid, e, "correct commerce.base_url"))?.uri().clone();
    let made_with = [settings.base_url.as_str(), &account.username, &account.password.expose()].join("\0");
    let made_with = Zeroizing::new(made_with);
    let fingerprint = context.vault.keyed_hash("commerce.login", &made_with);
    // Each account has its own: what one is refused for says nothing about another.
    let of = derived_id(&["login", settings.shop(), &account.username]);
    let guard = Guard::open(&context.broker, (super::COMMERCE, &of), fingerprint, account.back_off.0).await?;
    let read = |answer: &http::Response<Bytes>, now| {
        admin::read(answer, now).map_err(|e| match e {
            LoginError::Refused(why) => {
                TokenError::Refused(Problem::new(why.code(), why.to_string(), why.what_to_do()))
            }
            LoginError::Away(_) => TokenError::Away(e.to_string()),
        })
    };
    Ok(Login { uri, request: Box::new(request), read, life: account.life.0, guard })
}

/// Adobe's identity service. Its scopes are one text with commas.
fn grant(settings: &settings::Ims) -> Result<Grant, Problem> {
    required("commerce.ims.client_id", &settings.client_id)?;
    required_secret("commerce.ims.client_secret", &settings.client_secret)?;
    Ok(Grant {
        token_url: settings.token_url.clone(),
        client_id: settings.client_id.clone(),
        client_secret: settings.client_secret.clone(),
        scopes: vec![settings.scope.clone()],
        extra: Vec::new(),
        explain: |error, description| {
            let said = serde_json::json!({"error": error, "error_description": description}).to_string();
            let refusal = TokenRefusal::read(said.as_bytes());
            Problem::new(refusal.code(), refusal.to_string(), refusal.what_to_do())
        },
    })
}
