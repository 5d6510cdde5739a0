//! The two vendors' APIs, put together from the settings: the one place that knows both what a vendor wants (the pure
//! crates) and how calls are made (`pipeline::vendor`).

use commerce::oauth::{self, Credentials};
use http::Request;
use http::header::HeaderValue;
use pipeline::broker::Broker;
use pipeline::budget::{Budget, Window};
use pipeline::clock;
use pipeline::http::Http;
use pipeline::problem::Problem;
use pipeline::token::{Grant, Tokens};
use pipeline::vendor::{Api, Auth, Sign, Vendor};
use secrecy::{ExposeSecret as _, SecretString};
use visma::requests::Company;
use visma::token::{TENANT_PARAMETER, TokenRefusal};

use crate::settings::{Commerce, Visma};

/// Adobe Commerce with OAuth 1.0a; each attempt is signed anew.
///
/// # Errors
/// `SETTINGS_INCOMPLETE` when a credential is missing.
pub async fn commerce(settings: &Commerce, broker: &Broker) -> Result<Vendor, Problem> {
    required("commerce.base_url", &settings.base_url)?;
    required("commerce.consumer_key", &settings.consumer_key)?;
    required_secret("commerce.consumer_secret", &settings.consumer_secret)?;
    required_secret("commerce.access_token", &settings.access_token)?;
    required_secret("commerce.access_token_secret", &settings.access_token_secret)?;
    let credentials = Credentials {
        consumer_key: settings.consumer_key.clone(),
        consumer_secret: settings.consumer_secret.clone(),
        access_token: settings.access_token.clone(),
        access_token_secret: settings.access_token_secret.clone(),
    };
    let sign: Sign = Box::new(move |request: &Request<bytes::Bytes>| {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let url = url::Url::parse(&request.uri().to_string()).map_err(|e| e.to_string())?;
        let header = oauth::authorization(&credentials, request.method(), &url, &nonce, clock::now_seconds())
            .map_err(|e| e.to_string())?;
        HeaderValue::from_str(&header).map_err(|e| e.to_string())
    });
    let api = Api { auth: Auth::Signed(sign), read_window: |_| None, read_retry_after: ::commerce::reply::retry_after };
    let http = Http::new(settings.timeout.0, settings.max_body_bytes)?;
    Ok(Vendor::new(http, Budget::open(broker, "commerce").await?, api))
}

/// Visma.net with client credentials of Visma Connect, and the company that requests are built for.
///
/// # Errors
/// `SETTINGS_INCOMPLETE` when a credential is missing, `SETTINGS_INVALID` when the base URL is none.
pub async fn visma(settings: &Visma, broker: &Broker) -> Result<(Vendor, Company), Problem> {
    required("visma.client_id", &settings.client_id)?;
    required_secret("visma.client_secret", &settings.client_secret)?;
    required("visma.tenant_id", &settings.tenant_id)?;
    let company = Company::new(&settings.base_url, Some(&settings.company_id), None).map_err(|e| {
        Problem::new("SETTINGS_INVALID", pipeline::problem::chain(&e), "correct visma.base_url and visma.company_id")
    })?;
    let http = Http::new(settings.timeout.0, settings.max_body_bytes)?;
    let grant = Grant {
        token_url: settings.token_url.clone(),
        client_id: settings.client_id.clone(),
        client_secret: settings.client_secret.clone(),
        scopes: settings.scope.split_whitespace().map(str::to_owned).collect(),
        extra: vec![(TENANT_PARAMETER.to_owned(), settings.tenant_id.clone())],
        explain,
    };
    let api = Api {
        auth: Auth::Bearer(Tokens::new(http.clone(), grant)),
        read_window: |headers| {
            let window = ::visma::rate::Window::of(headers)?;
            Some(Window { limit: window.limit, remaining: window.remaining, reset: window.reset })
        },
        read_retry_after: |headers, now| ::visma::rate::retry_after(headers, now.into()),
    };
    Ok((Vendor::new(http, Budget::open(broker, "visma").await?, api), company))
}

fn explain(error: &str, description: &str) -> Problem {
    let said = serde_json::json!({"error": error, "error_description": description}).to_string();
    let refusal = TokenRefusal::read(said.as_bytes());
    Problem::new(refusal.code(), refusal.to_string(), refusal.what_to_do())
}

fn required_secret(key: &str, value: &SecretString) -> Result<(), Problem> {
    required(key, value.expose_secret())
}

fn required(key: &str, value: &str) -> Result<(), Problem> {
    if value.is_empty() {
        let remedy = "set it in the settings file, or in the environment as ML__SECTION__KEY";
        return Err(Problem::new("SETTINGS_INCOMPLETE", format!("{key} is not set"), remedy));
    }
    Ok(())
}
