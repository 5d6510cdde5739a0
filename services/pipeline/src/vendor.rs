//! Calls to a vendor's API under its token and its budget: what every caller of one vendor shares.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, Request, Response, StatusCode};

use crate::budget::{Budget, Class, Window};
use crate::http::{Http, SendError};
use crate::problem::Problem;
use crate::token::{TokenError, Tokens};

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The vendor's window is spent, or it asked for patience; nothing was sent.
    #[error("the vendor's budget is spent for another {0:?}")]
    Busy(Duration),
    /// Nothing was sent, for a passing reason.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have been carried out.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// The credentials are refused; a person must act. Nothing was done.
    #[error("{0}")]
    Credentials(Problem),
}

/// Reads a vendor's window from an answer's headers.
pub type ReadWindow = fn(&HeaderMap) -> Option<Window>;
/// Reads how long a 429 asks to wait; the second argument is the time now, seconds since the epoch.
pub type ReadRetryAfter = fn(&HeaderMap, u64) -> Option<Duration>;

/// One vendor's API.
#[derive(Clone)]
pub struct Vendor {
    http: Http,
    tokens: Option<Arc<Tokens>>,
    budget: Budget,
    read_window: ReadWindow,
    read_retry_after: ReadRetryAfter,
}

impl Vendor {
    /// Puts the parts together. Without `tokens`, requests come signed already.
    pub fn new(
        http: Http,
        tokens: Option<Tokens>,
        budget: Budget,
        read_window: ReadWindow,
        read_retry_after: ReadRetryAfter,
    ) -> Self {
        Self { http, tokens: tokens.map(Arc::new), budget, read_window, read_retry_after }
    }

    /// Calls once; a token that is refused is renewed and the call made once more, since a 401 did nothing.
    ///
    /// # Errors
    /// See [`CallError`]. A 429 is returned as the answer it is, and remembered by the budget of all processes.
    pub async fn call(&self, class: Class, request: &Request<Bytes>) -> Result<Response<Bytes>, CallError> {
        let mut token = self.token().await?;
        for renewed in [false, true] {
            self.budget.take(class).await.map_err(CallError::Busy)?;
            let answer = self.send(request, token.as_deref()).await?;
            self.learn(&answer).await;
            match (&token, &self.tokens) {
                (Some(refused), Some(tokens)) if answer.status() == StatusCode::UNAUTHORIZED && !renewed => {
                    tokens.drop_refused(refused).await;
                    token = self.token().await?;
                }
                _ => return Ok(answer),
            }
        }
        Err(CallError::NotSent("the token was refused twice".to_owned()))
    }

    async fn token(&self) -> Result<Option<String>, CallError> {
        match &self.tokens {
            None => Ok(None),
            Some(tokens) => tokens.get().await.map(Some).map_err(|e| match e {
                TokenError::Refused(problem) => CallError::Credentials(problem),
                TokenError::Away(why) => CallError::NotSent(why),
            }),
        }
    }

    async fn send(&self, request: &Request<Bytes>, token: Option<&str>) -> Result<Response<Bytes>, CallError> {
        let mut request = request.clone();
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|e| CallError::NotSent(format!("the token is no header value: {e}")))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let kind = request.method().as_str().to_owned();
        let answer = self.http.send(request).await.map_err(|e| match e {
            SendError::NotSent(why) => CallError::NotSent(why),
            SendError::NoAnswer(why) => CallError::NoAnswer(why),
        });
        let status = answer.as_ref().map_or_else(|_| "none".to_owned(), |a| a.status().as_str().to_owned());
        metrics::counter!("ml_calls_total", "vendor" => self.budget.vendor(), "method" => kind, "status" => status)
            .increment(1);
        answer
    }

    async fn learn(&self, answer: &Response<Bytes>) {
        self.budget.learn((self.read_window)(answer.headers())).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            let wait = (self.read_retry_after)(answer.headers(), crate::clock::now_seconds());
            self.budget.block(wait.unwrap_or(Duration::from_secs(5))).await;
        }
    }
}
