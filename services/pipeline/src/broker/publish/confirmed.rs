//! Says when a stream takes nothing any more. A broker whose disk is full goes on answering whoever reads, so that
//! nothing but waiting for confirmations tells of it.

use std::time::Duration;

use problem::Problem;
use tokio::time::Instant;

use super::{PutError, Stored};
use crate::health::Health;

/// How often it is said while it lasts.
const AGAIN: Duration = Duration::from_secs(60);

/// State of one stream's confirmations.
#[derive(Debug)]
pub(crate) struct Confirmed {
    stream: &'static str,
    health: Health,
    /// When it was last said that there are none.
    said: Option<Instant>,
}

impl Confirmed {
    pub(crate) fn of(stream: &'static str, health: Health) -> Self {
        Self { stream, health, said: None }
    }

    /// Notes what became of a message.
    pub(crate) fn note(&mut self, put: &Result<Stored, PutError>) {
        match put {
            Ok(_) => {
                if self.said.take().is_some() {
                    self.health.ready(self.stream);
                    tracing::info!(stream = self.stream, "the broker confirms again what is stored");
                }
            }
            Err(PutError::Unconfirmed(cause)) => {
                metrics::counter!("ml_unconfirmed_total", "stream" => self.stream).increment(1);
                if self.said.is_none_or(|said| said.elapsed() >= AGAIN) {
                    let problem = Problem::from(PutError::Unconfirmed(cause.clone()));
                    tracing::error!(stream = self.stream, %problem, "nothing gets through; it is tried again");
                    self.health.not_ready(self.stream, problem.to_string());
                    self.said = Some(Instant::now());
                }
            }
            // The broker has answered.
            Err(PutError::WrongLast | PutError::NotYet | PutError::TooLarge) => {}
        }
    }
}
