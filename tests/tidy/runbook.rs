//! Every code that a person can meet has a page in the runbook, and every page is about such a code.

use std::collections::{BTreeMap, BTreeSet};

use super::{assert_none, files, read};

/// Texts of capitals in the source that are no codes: names of variables, buckets and settings.
const NO_CODES: [&str; 6] = ["CARGO_", "KV_", "ML_", "NATS_", "OTEL_", "RUST_"];
/// Questions that each page answers, in this order.
const SECTIONS: [&str; 4] =
    ["## What happened", "## Why it matters", "## What to do", "## How to see that it is solved"];

/// The codes in the source: texts of capitals with an underscore, and whatever a `Problem`, or an outcome of nothing to
/// be done, is made with.
fn codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (path, text) in files() {
        let product = path.starts_with("services/") && path.contains("/src/") && path.ends_with(".rs");
        // The sandbox speaks as the vendors do, not to our people.
        if !product || path.starts_with("services/sandbox/") || path.ends_with("/tests.rs") {
            continue;
        }
        for (at, _) in text.match_indices('"') {
            let (before, rest) = (text.get(..at).unwrap(), text.get(at + 1..).unwrap());
            let quoted = rest.split('"').next().unwrap_or_default();
            let capitals = quoted.starts_with(|c: char| c.is_ascii_uppercase())
                && quoted.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            let line = before.rsplit(';').next().unwrap_or_default();
            let told = before.trim_end().ends_with("Problem::new(") || line.contains(".nothing(");
            if capitals && (quoted.contains('_') || told) && !NO_CODES.iter().any(|name| quoted.starts_with(name)) {
                codes.insert(quoted.to_owned());
            }
        }
    }
    assert!(codes.len() > 50, "only {} codes were found", codes.len());
    codes
}

/// The runbook's pages by the code that their name says.
fn pages() -> BTreeMap<String, String> {
    let name = |path: &str| path.strip_prefix("deploy/runbook/")?.strip_suffix(".md").map(str::to_owned);
    files().into_iter().filter_map(|(path, text)| Some((name(&path)?, text))).collect()
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let (codes, pages) = (codes(), pages());
    let without = codes.iter().filter(|code| !pages.contains_key(*code)).cloned();
    assert_none("codes without a page in deploy/runbook", &without.collect::<Vec<_>>());
    let unused = pages.keys().filter(|page| !codes.contains(*page)).cloned();
    assert_none("pages in deploy/runbook whose code nothing says", &unused.collect::<Vec<_>>());
}

#[test]
fn every_page_answers_the_same_four_questions() {
    let mut wrong = Vec::new();
    for (code, text) in pages() {
        if !text.starts_with(&format!("# {code}\n")) {
            wrong.push(format!("{code}: does not begin with its code"));
        }
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
        if headings != SECTIONS {
            wrong.push(format!("{code}: has the sections {headings:?}"));
        }
        let empty = |section: &str| section.lines().skip(1).all(|line| line.trim().is_empty());
        if text.split("\n## ").skip(1).any(empty) {
            wrong.push(format!("{code}: has an empty section"));
        }
    }
    assert_none("pages of another form", &wrong);
}

#[test]
fn no_page_repeats_another() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (code, text) in pages() {
        for section in text.split("\n## ").skip(1) {
            let body: String = section.lines().skip(1).collect::<Vec<_>>().join(" ").trim().to_owned();
            let heading = section.lines().next().unwrap_or_default();
            if let Some(other) = seen.insert(format!("{heading}: {body}"), code.clone()) {
                wrong.push(format!("{code} and {other} say the same under {heading:?}"));
            }
        }
    }
    assert_none("pages that repeat each other", &wrong);
}

#[test]
fn links_lead_somewhere() {
    let pages = pages();
    let headings: BTreeSet<String> = read("README.md").lines().filter_map(anchor).collect();
    let mut broken = Vec::new();
    for (code, text) in &pages {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            let page = target.strip_suffix(".md").is_some_and(|name| pages.contains_key(name));
            let heading = target.strip_prefix("../../README.md#").is_some_and(|name| headings.contains(name));
            if !page && !heading {
                broken.push(format!("{code}: {target}"));
            }
        }
    }
    assert_none("links of pages to what does not exist", &broken);
}

/// The name that a heading is linked by.
pub(super) fn anchor(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?;
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-');
    Some(kept.collect::<String>().to_lowercase().replace(' ', "-"))
}
