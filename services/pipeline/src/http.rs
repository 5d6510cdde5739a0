//! HTTP to the vendors: one exchange at a time, capped, timed, and honest about what is not known.
//!
//! An error says whether the request can have reached the vendor: that is the difference between trying again and being
//! in doubt. Nothing is retried here: a repeated POST is a second invoice.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use problem::{Code, Problem, chain};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The request cannot have reached the vendor: no connection came about.
    #[error("the request was not sent: {0}")]
    NotSent(String),
    /// The request may have been carried out; its answer did not arrive, or not whole.
    #[error("no answer arrived: {0}")]
    NoAnswer(String),
}

/// An HTTP client with limits. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    max_body: usize,
}

impl Http {
    /// A client whose exchanges take `timeout` at most and whose answers hold `max_body` bytes at most.
    ///
    /// # Errors
    /// `HTTP_CLIENT` when the TLS roots cannot be loaded.
    pub fn new(timeout: Duration, max_body: usize) -> Result<Self, Problem> {
        Self::build(reqwest::Client::builder(), timeout, max_body)
    }

    /// A client that keeps no connection, for what is asked seldom and has secrets in it: a connection that is kept
    /// keeps the last request in its buffer.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn seldom(timeout: Duration, max_body: usize) -> Result<Self, Problem> {
        Self::build(reqwest::Client::builder().pool_max_idle_per_host(0), timeout, max_body)
    }

    fn build(builder: reqwest::ClientBuilder, timeout: Duration, max_body: usize) -> Result<Self, Problem> {
        let client = builder
            .user_agent(concat!("ml-connector/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeout.min(Duration::from_secs(10)))
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            .build()
            .map_err(|e| Problem::new(Code::HttpClient, chain(&e), "install the system's CA certificates"))?;
        Ok(Self { client, max_body })
    }

    /// Sends one request and reads its whole answer.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, SendError> {
        let request = reqwest::Request::try_from(request).map_err(|e| SendError::NotSent(told(e)))?;
        let mut answer = self.client.execute(request).await.map_err(|e| {
            if e.is_connect() || e.is_builder() { SendError::NotSent(told(e)) } else { SendError::NoAnswer(told(e)) }
        })?;
        // As large as announced: a body that grows is copied, and ends up with up to twice the room.
        let announced = answer.content_length().and_then(|length| usize::try_from(length).ok());
        let mut body = BytesMut::with_capacity(announced.unwrap_or_default().min(self.max_body));
        while let Some(chunk) = answer.chunk().await.map_err(|e| SendError::NoAnswer(told(e)))? {
            if body.len() + chunk.len() > self.max_body {
                return Err(SendError::NoAnswer(format!("the answer is larger than {} bytes", self.max_body)));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = http::Response::new(body.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

/// Returns the error without its address: a search for a customer holds an e-mail address, and this text is logged.
fn told(error: reqwest::Error) -> String {
    chain(&error.without_url())
}
