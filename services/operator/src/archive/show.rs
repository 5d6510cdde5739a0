//! The entries of one order, as a person reads them.

use pipeline::vault::Vault;
use problem::Problem;
use record::archive::{Archived, Run};
use record::streams::{CHANGES, COMMANDS, OUTCOMES};
use record::{body, entry};
use serde::Serialize;
use serde_json::Value;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The stream.
    pub stream: String,
    /// Its sequence there.
    pub sequence: u64,
    /// When it was stored.
    pub time: String,
    /// Its subject.
    pub subject: String,
    /// Its headers, by name.
    pub headers: Vec<(String, String)>,
    /// Its body: JSON of a record, else a text.
    pub body: Value,
}

/// Finds the entries of an order, told by its `entity_id` or its increment id, oldest first. Personal texts are in
/// clear where the keys are there.
///
/// # Errors
/// `ARCHIVE_DAMAGED` when a file is.
pub async fn show(runs: &[Run], order: &str, vault: Option<&Vault>) -> Result<Vec<Shown>, Problem> {
    let mut found = Vec::new();
    for run in runs {
        let Some(lane) = lane(run, order)? else { continue };
        for file in &run.manifest.files {
            for entry in run.lines(file)? {
                let entry = entry?;
                if entry.order == lane {
                    found.push((entry.time, shown(&file.stream, entry, vault).await));
                }
            }
        }
    }
    found.sort_by_key(|(time, _)| *time);
    Ok(found.into_iter().map(|(_, shown)| shown).collect())
}

/// The `entity_id` of an order in a run.
fn lane(run: &Run, order: &str) -> Result<Option<String>, Problem> {
    let Some(file) = run.manifest.files.iter().find(|file| file.stream == CHANGES) else { return Ok(None) };
    for entry in run.lines(file)? {
        let entry = entry?;
        if entry.order == order {
            return Ok(Some(entry.order));
        }
        let value = entry.body().and_then(|bytes| body::unpack(&entry.header_map(), &bytes).ok());
        let value: Option<Value> = value.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let is_order = entry.subject.contains(".order.");
        if is_order && value.as_ref().and_then(|order| order.get("increment_id")?.as_str()) == Some(order) {
            return Ok(Some(entry.order));
        }
    }
    Ok(None)
}

async fn shown(stream: &str, entry: Archived, vault: Option<&Vault>) -> Shown {
    let body = match entry.body() {
        Some(bytes) => read(stream, &entry, &bytes, vault).await,
        None => Value::Null,
    };
    let Archived { sequence, time, subject, headers, .. } = entry;
    Shown { stream: stream.to_owned(), sequence, time: time.to_string(), subject, headers, body }
}

async fn read(stream: &str, entry: &Archived, bytes: &bytes::Bytes, vault: Option<&Vault>) -> Value {
    let wire = match stream {
        COMMANDS => entry::read_command(bytes).ok().map(|command| format!("{command:#?}")),
        OUTCOMES => entry::read_outcome(bytes).ok().map(|outcome| format!("{outcome:#?}")),
        _ => None,
    };
    if let Some(text) = wire {
        return Value::String(text);
    }
    let unpacked = body::unpack(&entry.header_map(), bytes).unwrap_or_else(|_| bytes.clone());
    let text = String::from_utf8_lossy(&unpacked).into_owned();
    let opened = match vault {
        // Of an erased person they stay sealed.
        Some(vault) => vault.open_text(&text).await.ok().map(|opened| opened.to_string()),
        None => None,
    };
    let text = opened.unwrap_or(text);
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

impl Shown {
    /// As a person reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { stream, sequence, time, subject, headers, body } = self;
        let headers: String = headers.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect();
        let body = match body {
            Value::String(text) => text.clone(),
            value => serde_json::to_string_pretty(value).unwrap_or_default(),
        };
        format!("{time}  {stream} {sequence}  {subject}\n{headers}\n{body}\n\n")
    }
}
