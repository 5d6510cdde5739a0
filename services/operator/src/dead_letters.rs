//! Dead letters: what was given up on, with the sentence that says why and what to do.

use jiff::tz::TimeZone;
use problem::Problem;
use record::dead::Letters;
use record::envelope::{ATTEMPTS, CODE, ORIGIN, ORIGIN_SEQUENCE, REMEDY, SENTENCE, decode, header};
use record::{Entry, Log};
use serde::Serialize;

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
    /// Instruction that says what to do.
    pub remedy: String,
    /// Subject of the delivery.
    pub subject: String,
    /// Stream sequence of the delivery; null where the letter does not say it.
    pub subject_sequence: Option<u64>,
    /// Deliveries until it was given up on; null where the letter does not say it.
    pub attempts: Option<u64>,
}

/// Every dead letter of a connection, oldest first.
///
/// # Errors
/// `BROKER_AWAY` when the stream cannot be read.
pub async fn list(log: &Log) -> Result<Vec<DeadLetter>, Problem> {
    let mut letters = Vec::new();
    let own = Letters { connection: Some(log.connection()), ..Letters::default() };
    log.dead_letters(own, |_, entry| letters.push(letter(entry))).await?;
    Ok(letters)
}

fn letter(entry: &Entry) -> DeadLetter {
    let text = |name| header(&entry.headers, name).map(decode).unwrap_or_default();
    DeadLetter {
        sequence: entry.sequence,
        at: stamp(entry.stored_at),
        code: text(CODE),
        sentence: text(SENTENCE),
        remedy: text(REMEDY),
        subject: text(ORIGIN),
        subject_sequence: text(ORIGIN_SEQUENCE).parse().ok(),
        attempts: text(ATTEMPTS).parse().ok(),
    }
}

fn stamp(millis: u64) -> String {
    let at = i64::try_from(millis / 1_000).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    at.map_or_else(String::new, |at| at.to_string())
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
