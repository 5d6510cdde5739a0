//! Recorded REST responses of a real shop, served unchanged.
//!
//! A folder with one document a line, each the body of one GET by id, exactly as it was received: number literals
//! such as `1.7763568394003e-15` are part of what is tested, so nothing is re-written. Files: `orders.jsonl`
//! (needed), `invoices.jsonl`, `creditmemos.jsonl`, `customers.jsonl`, the three lists `store_views.json`,
//! `websites.json` and `store_configs.json`, and the answers of two searches, `tax_rates.json` and
//! `customer_groups.json`. A file that is not there leaves that part empty, or as in the generated
//! shop.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use thiserror::Error;

/// The recorded documents, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corpus {
    /// Orders by `entity_id`.
    pub orders: Vec<(u64, String)>,
    /// Invoices by `entity_id`.
    pub invoices: Vec<(u64, String)>,
    /// Credit memos by `entity_id`.
    pub credit_memos: Vec<(u64, String)>,
    /// Customers by `id`.
    pub customers: Vec<(u64, String)>,
    /// Tax rates by `id`, if they were recorded.
    pub tax_rates: Option<Vec<(u64, String)>>,
    /// Customer groups by `id`, if they were recorded.
    pub customer_groups: Option<Vec<(u64, String)>>,
    /// The body of `GET /V1/store/storeViews`.
    pub store_views: Option<String>,
    /// The body of `GET /V1/store/websites`.
    pub websites: Option<String>,
    /// The body of `GET /V1/store/storeConfigs`.
    pub store_configs: Option<String>,
}

/// Why a corpus was not loaded.
#[derive(Debug, Error)]
pub enum CorpusError {
    /// A file is not there or cannot be read.
    #[error("cannot read {file}: {source}", file = file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's own error.
        source: io::Error,
    },
    /// A line is no JSON object.
    #[error("{file} line {line}: not a JSON document: {source}", file = file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Says what is wrong with it.
        source: serde_json::Error,
    },
    /// A document has no id.
    #[error("{file} line {line}: no whole number in \"{member}\"", file = file.display())]
    Id {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The member that should hold it.
        member: &'static str,
    },
    /// Two documents of a file have one id.
    #[error("{file} line {line}: a second document with id {id}", file = file.display())]
    Twice {
        /// The file.
        file: PathBuf,
        /// The line of the second one, counted from 1.
        line: usize,
        /// Their id.
        id: u64,
    },
}

impl Corpus {
    /// Reads a folder.
    ///
    /// # Errors
    /// When `orders.jsonl` is missing, a file cannot be read, a line is no JSON object or has no id of its own. The
    /// error names the file and the line.
    pub fn load(folder: &Path) -> Result<Self, CorpusError> {
        Ok(Self {
            orders: documents(&folder.join("orders.jsonl"), "entity_id", true)?,
            invoices: documents(&folder.join("invoices.jsonl"), "entity_id", false)?,
            credit_memos: documents(&folder.join("creditmemos.jsonl"), "entity_id", false)?,
            customers: documents(&folder.join("customers.jsonl"), "id", false)?,
            tax_rates: found(&folder.join("tax_rates.json"))?,
            customer_groups: found(&folder.join("customer_groups.json"))?,
            store_views: list(&folder.join("store_views.json"))?,
            websites: list(&folder.join("websites.json"))?,
            store_configs: list(&folder.join("store_configs.json"))?,
        })
    }
}

/// The text of a file; `None` when it is not there and need not be.
fn text(file: &Path, needed: bool) -> Result<Option<String>, CorpusError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(source) if source.kind() == io::ErrorKind::NotFound && !needed => Ok(None),
        Err(source) => Err(CorpusError::Read { file: file.to_owned(), source }),
    }
}

fn documents(file: &Path, member: &'static str, needed: bool) -> Result<Vec<(u64, String)>, CorpusError> {
    let text = text(file, needed)?.unwrap_or_default();
    let mut seen = BTreeSet::new();
    let mut documents = Vec::new();
    for (at, source) in text.lines().enumerate().filter(|(_, source)| !source.trim().is_empty()) {
        let line = at + 1;
        check(file, line, source)?;
        let id = crate::commerce::whole_number(source, member).ok_or_else(|| CorpusError::Id {
            file: file.to_owned(),
            line,
            member,
        })?;
        if !seen.insert(id) {
            return Err(CorpusError::Twice { file: file.to_owned(), line, id });
        }
        documents.push((id, source.to_owned()));
    }
    Ok(documents)
}

fn list(file: &Path) -> Result<Option<String>, CorpusError> {
    let Some(text) = text(file, false)? else { return Ok(None) };
    check(file, 1, &text)?;
    Ok(Some(text))
}

/// Reads the results of a search, by `id`.
fn found(file: &Path) -> Result<Option<Vec<(u64, String)>>, CorpusError> {
    let Some(text) = list(file)? else { return Ok(None) };
    let no_id = || CorpusError::Id { file: file.to_owned(), line: 1, member: "id" };
    let items = crate::commerce::items(&text).into_iter();
    items
        .map(|item| Ok((crate::commerce::whole_number(&item, "id").ok_or_else(no_id)?, item)))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn check(file: &Path, line: usize, source: &str) -> Result<(), CorpusError> {
    match serde_json::from_str::<IgnoredAny>(source) {
        Ok(_) => Ok(()),
        Err(source) => Err(CorpusError::Json { file: file.to_owned(), line, source }),
    }
}
