//! Tokens: one for the process, renewed before it ends, dropped when it is refused.
//!
//! Most vendors give them for OAuth 2.0 client credentials. One that wants a user and a password instead has a
//! [`Login`], which is careful not to lock the account.

mod answer;
mod login;

use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::StatusCode;
use oauth2::basic::BasicClient;
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, RequestTokenError, Scope,
    TokenResponse as _, TokenUrl,
};
use problem::{Code, Problem};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::http::{Http, SendError};
use crate::secret::Secret;

pub use login::{Guard, Login};

/// How long a refusal, or an endpoint that is away, is believed before it is asked again.
const PAUSE: Duration = Duration::from_secs(3);
/// A token that came for a refused one, and is refused as well, is not to blame: the fault is elsewhere (a right that
/// is missing, where the vendor answers 401 to that). Another one is asked for after this time at the soonest.
const NOT_TO_BLAME: Duration = Duration::from_secs(60);
/// No token is believed to live longer, whatever is said of it: some say milliseconds and mean seconds.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Data that a token is asked for with.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Token endpoint.
    pub token_url: String,
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: Secret,
    /// Scopes, as the vendor names them.
    pub scopes: Vec<String>,
    /// Further form fields, such as Visma's `tenant_id`.
    pub extra: Vec<(String, String)>,
    /// Explains the vendor's refusal, with a remedy, from `error` and `error_description` of its answer (RFC 6749).
    pub explain: fn(error: &str, description: &str) -> Problem,
}

/// Why there is no token.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// The vendor refuses the credentials: only a person can help.
    #[error("{0}")]
    Refused(Problem),
    /// The token endpoint could not be asked: it may answer later.
    #[error("no token could be fetched: {0}")]
    Away(String),
}

/// Where tokens come from.
#[derive(Debug)]
pub enum Source {
    /// OAuth 2.0 client credentials.
    Grant(Grant),
    /// A user and a password.
    Login(Box<Login>),
}

impl From<Grant> for Source {
    fn from(grant: Grant) -> Self {
        Self::Grant(grant)
    }
}

impl From<Login> for Source {
    fn from(login: Login) -> Self {
        Self::Login(Box::new(login))
    }
}

/// A token, kept until shortly before it ends.
#[derive(Debug)]
pub struct Tokens {
    http: Http,
    source: Source,
    held: Mutex<Kept>,
}

/// The last token, and when asking for another may be tried again after that failed.
#[derive(Debug, Default)]
struct Kept {
    token: Option<Held>,
    /// The last token was dropped because it was refused.
    refused: bool,
    failed: Option<(Instant, TokenError)>,
}

#[derive(Debug, Clone)]
struct Held {
    token: String,
    renew_at: Instant,
    ends_at: Instant,
    /// It came for one that was refused: until then a refusal is not its fault.
    blameless_until: Option<Instant>,
}

impl Held {
    /// A token that was asked for at `asked_at` and lives for `life`: renewed after eleven twelfths, 55 minutes of an
    /// hour.
    fn new(token: String, asked_at: Instant, life: Duration) -> Self {
        let life = life.min(LONGEST);
        Self { token, renew_at: asked_at + life * 11 / 12, ends_at: asked_at + life, blameless_until: None }
    }
}

impl Tokens {
    /// Holds no token yet.
    pub fn new(http: Http, source: impl Into<Source>) -> Self {
        Self { http, source: source.into(), held: Mutex::default() }
    }

    /// A token that is good for a while yet.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn get(&self) -> Result<String, TokenError> {
        let mut kept = self.held.lock().await;
        if let Some(held) = kept.token.as_ref().filter(|h| Instant::now() < h.renew_at) {
            return Ok(held.token.clone());
        }
        let failure = match kept.failed.take().filter(|(at, _)| at.elapsed() < PAUSE) {
            Some((at, failure)) => (at, failure),
            None => match self.fetch().await {
                Ok(mut fresh) => {
                    fresh.blameless_until = kept.refused.then(|| Instant::now() + NOT_TO_BLAME);
                    kept.refused = false;
                    kept.token = Some(fresh.clone());
                    return Ok(fresh.token);
                }
                Err(failure) => (Instant::now(), failure),
            },
        };
        // A token is renewed early so that there is still a good one when that fails.
        let old = kept.token.as_ref().filter(|h| Instant::now() < h.ends_at).map(|h| h.token.clone());
        let answer = old.ok_or_else(|| failure.1.clone());
        kept.failed = Some(failure);
        answer
    }

    /// Drops `token` if it is still the one held: the vendor refused it. Says whether another one is worth a try, which
    /// it is not when a new one was refused just now.
    pub async fn drop_refused(&self, token: &str) -> bool {
        let mut kept = self.held.lock().await;
        let Some(held) = kept.token.as_ref().filter(|held| held.token == token) else { return true };
        let to_blame = held.blameless_until.is_none_or(|until| until <= Instant::now());
        if to_blame {
            kept.token = None;
            kept.refused = true;
        }
        to_blame
    }

    async fn fetch(&self) -> Result<Held, TokenError> {
        let asked_at = Instant::now();
        let (token, life) = match &self.source {
            Source::Grant(grant) => grant.fetch(&self.http).await?,
            Source::Login(login) => login.fetch(&self.http).await?,
        };
        Ok(Held::new(token, asked_at, life))
    }
}

impl Grant {
    /// A token and how long it lives.
    async fn fetch(&self, http: &Http) -> Result<(String, Duration), TokenError> {
        let url = TokenUrl::new(self.token_url.clone()).map_err(|e| TokenError::Refused(bad_url(&e)))?;
        let client = BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.client_secret.expose().to_string()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(url);
        let mut request = client.exchange_client_credentials();
        for scope in &self.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        for (name, value) in &self.extra {
            request = request.add_extra_param(name, value);
        }
        let answer = request.request_async(http).await.map_err(|e| self.failure(e))?;
        let life = answer.expires_in().unwrap_or(Duration::from_secs(3600));
        Ok((answer.access_token().secret().clone(), life))
    }

    fn failure(&self, error: RequestTokenError<AskError, oauth2::basic::BasicErrorResponse>) -> TokenError {
        match error {
            RequestTokenError::ServerResponse(answer) => {
                let description = answer.error_description().map_or("", String::as_str);
                TokenError::Refused((self.explain)(answer.error().as_ref(), description))
            }
            RequestTokenError::Request(e) => TokenError::Away(e.to_string()),
            RequestTokenError::Parse(e, _) => TokenError::Away(format!("the token endpoint answered no token: {e}")),
            RequestTokenError::Other(e) => TokenError::Away(e),
        }
    }
}

fn bad_url(error: &url::ParseError) -> Problem {
    Problem::new(Code::SettingsInvalid, format!("the token URL is no URL: {error}"), "correct token_url")
}

/// Why a token endpoint said nothing of use.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It said nothing.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A gateway answered, or a server that gives no tokens: what a parser would say of its page helps nobody.
    #[error(
        "the token endpoint answered {0}, neither a token nor why there is none; check its address, and the vendor's status page"
    )]
    Neither(StatusCode),
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = AskError;
    type Future = BoxFuture<'c, Result<HttpResponse, AskError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        async move {
            let answer = self.send(request.map(Bytes::from)).await?;
            let status = answer.status();
            let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
            let known = said.get("access_token").or_else(|| said.get("error")).is_some();
            let plain = answer::plain(&said).map(|plain| plain.to_string().into_bytes());
            known.then(|| answer.map(|body| plain.unwrap_or_else(|| body.into()))).ok_or(AskError::Neither(status))
        }
        .boxed()
    }
}
