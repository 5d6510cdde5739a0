//! Dead letters: what was given up on, with the sentence that says why and what to do.

use async_nats::jetstream::{Context, Message};
use jiff::tz::TimeZone;
use pipeline::broker::streams::DEAD;
use pipeline::envelope::{ATTEMPTS, CODE, ORIGIN, ORIGIN_SEQUENCE, REMEDY, SENTENCE, decode, header};
use pipeline::problem::Problem;
use serde::Serialize;

use crate::read::each;
use crate::table::{headed, told};

/// One dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Its sequence in `DEAD`.
    pub sequence: u64,
    /// When it was given up on, RFC 3339.
    pub at: String,
    /// The code; its page is `deploy/runbook/<code>.md`.
    pub code: String,
    /// Why.
    pub sentence: String,
    /// What to do.
    pub remedy: String,
    /// Subject of the delivery.
    pub subject: String,
    /// Stream sequence of the delivery.
    pub subject_sequence: u64,
    /// Deliveries until it was given up on.
    pub attempts: u64,
}

/// Every dead letter, oldest first.
///
/// # Errors
/// `BROKER_AWAY` when the stream cannot be read.
pub async fn list(jetstream: &Context) -> Result<Vec<DeadLetter>, Problem> {
    let mut letters = Vec::new();
    each(jetstream, DEAD, &["dead.>"], |message| letters.push(letter(message))).await?;
    Ok(letters)
}

fn letter(message: &Message) -> DeadLetter {
    let text =
        |name| message.headers.as_ref().and_then(|headers| header(headers, name)).map(decode).unwrap_or_default();
    let info = message.info();
    DeadLetter {
        sequence: info.as_ref().map_or(0, |info| info.stream_sequence),
        at: info.map_or_else(|_| String::new(), |info| stamp(info.published.unix_timestamp())),
        code: text(CODE),
        sentence: text(SENTENCE),
        remedy: text(REMEDY),
        subject: text(ORIGIN),
        subject_sequence: text(ORIGIN_SEQUENCE).parse().unwrap_or(0),
        attempts: text(ATTEMPTS).parse().unwrap_or(0),
    }
}

fn stamp(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |at| at.to_string())
}

/// As a table for a person, with times in `zone`.
pub fn table(letters: &[DeadLetter], zone: &TimeZone) -> String {
    if letters.is_empty() {
        return "no dead letters\n".to_owned();
    }
    let mut table = headed(["#", "at", "code", "what happened, and what to do"]);
    for letter in letters {
        let words = format!("{}\n→ {}", letter.sentence, letter.remedy);
        table.add_row([
            letter.sequence.to_string(),
            letter.at.parse().map_or_else(|_| letter.at.clone(), |at| told(at, zone)),
            letter.code.clone(),
            words,
        ]);
    }
    format!("{table}\n")
}
