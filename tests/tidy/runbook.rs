//! Every code that a person can meet has a page in the runbook, and every page is about such a code.

use std::collections::{BTreeMap, BTreeSet};

use problem::Code;

use super::{assert_none, files, read};

/// Texts of capitals in the source that are no codes: names of variables, buckets and settings.
const NO_CODES: [&str; 9] = ["CARGO_", "KV_", "ML_", "NATS_", "NO_25", "OTEL_", "PROPTEST_", "RUST_", "SIMULATION_"];
/// Questions that each page answers, in this order.
const SECTIONS: [&str; 4] =
    ["## What happened", "## Why it matters", "## What to do", "## How to see that it is solved"];

/// The product's own source, tests inside it included. The sandbox speaks as the vendors do, not to our people, and the
/// table of codes is what others are held against.
fn sources() -> impl Iterator<Item = (String, String)> {
    let others = ["services/sandbox/", "services/problem/"];
    let ours = move |path: &str| {
        path.starts_with("services/") && path.ends_with(".rs") && !others.iter().any(|other| path.starts_with(other))
    };
    files().into_iter().filter(move |(path, _)| ours(path))
}

/// The runbook's pages by the code that their name says.
fn pages() -> BTreeMap<String, String> {
    let name = |path: &str| path.strip_prefix("deploy/runbook/")?.strip_suffix(".md").map(str::to_owned);
    files().into_iter().filter_map(|(path, text)| Some((name(&path)?, text))).collect()
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let pages = pages();
    let without: Vec<_> =
        Code::ALL.iter().filter(|code| !pages.contains_key(code.as_str())).map(Code::to_string).collect();
    assert_none("codes without a page in deploy/runbook", &without);
    let unknown: Vec<_> = pages.keys().filter(|page| page.parse::<Code>().is_err()).cloned().collect();
    assert_none("pages in deploy/runbook that are about no code", &unknown);
}

#[test]
fn every_page_says_who_acts() {
    let pages = pages();
    let line = |code: &Code| format!("# {code}\n\nWho acts: {}.\n\n## ", code.class().as_str());
    let is_wrong = |code: &&Code| pages.get(code.as_str()).is_some_and(|text| !text.starts_with(&line(code)));
    let wrong: Vec<_> = Code::ALL.iter().filter(is_wrong).map(line).collect();
    assert_none("pages that do not begin with who acts", &wrong);
}

#[test]
fn every_code_is_said_somewhere() {
    let sources: Vec<String> = sources().filter(|(path, _)| path.contains("/src/")).map(|(_, text)| text).collect();
    assert!(sources.len() > 100, "only {} files looked at", sources.len());
    let named = |text: &str, variant: &str| {
        text.match_indices(variant).any(|(at, _)| !text[at + variant.len()..].starts_with(char::is_alphanumeric))
    };
    // Made inside the table's own crate.
    let others = Code::ALL.iter().filter(|code| **code != Code::CodeUnknown);
    let unused: Vec<_> = others
        .filter(|code| !sources.iter().any(|text| named(text, &format!("Code::{code:?}"))))
        .map(Code::to_string)
        .collect();
    assert_none("codes that nothing says", &unused);
}

/// A code that is written as a text is held against nothing by the compiler.
#[test]
fn codes_are_no_texts() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for quoted in text.split('"').skip(1) {
            let capitals = quoted.starts_with(|c: char| c.is_ascii_uppercase())
                && quoted.contains('_')
                && quoted.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            if capitals && !NO_CODES.iter().any(|name| quoted.starts_with(name)) {
                wrong.push(format!("{path}: {quoted:?}"));
            }
        }
    }
    assert_none("codes that are written as texts", &wrong);
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
