//! `ml-connector mapping`: a first file of what both systems hold, and a file held against them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mapping::Finding;
use pipeline::clock;
use pipeline::problem::{Problem, chain};
use serde_json::json;

use crate::bench::Bench;
use crate::run::print;
use crate::settings::Settings;
use crate::survey::{Surveyed, survey};

/// Writes a first mapping file, to stdout unless a file is named. One that is there is not written over.
///
/// # Errors
/// What a person must know of it.
pub(crate) async fn init(settings: Settings, out: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    if let Some(path) = out.as_deref().filter(|path| path.exists()) {
        return Err(exists(path).into());
    }
    let bench = Bench::open(settings, "mapping").await?;
    let zone = bench.settings.time_zone.clone();
    let Surveyed { survey, gaps } = survey(&bench, today(&bench.settings)).await?;
    for (what, problem) in &gaps {
        talk(&format!("{what} could not be read: {problem}"));
    }
    let text = mapping::first(&survey, zone.0.iana_name().unwrap_or("Europe/Oslo"));
    let questions = mapping::Mapping::parse(&text).map(|mapping| mapping.questions().len()).map_err(|e| {
        let remedy = "write the file by hand from `ml-connector mapping default`, and tell what the faults are";
        Problem::new("MAPPING_INVALID", format!("what the systems hold makes a file with faults:\n{e}"), remedy)
    })?;
    match &out {
        None => print(&text)?,
        Some(path) => {
            write(path, &text)?;
            talk(&format!("{} is written", path.display()));
        }
    }
    talk(&format!("{questions} questions wait for their answers; `ml-connector mapping check` says what is left"));
    Ok(ExitCode::SUCCESS)
}

/// Creates the file; never one that somebody else made meanwhile.
fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let created = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    created.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => exists(path),
        _ => {
            let sentence = format!("{} could not be written: {}", path.display(), chain(&e));
            Problem::new("MAPPING_UNWRITABLE", sentence, "name a file in a folder that you may write to")
        }
    })
}

fn exists(path: &Path) -> Problem {
    let sentence = format!("{} is there already, and is not written over", path.display());
    Problem::new("MAPPING_UNWRITABLE", sentence, "name another file with --out, and compare the two")
}

/// Says what is wrong with the mapping file; the exit code is 1 when something is.
///
/// # Errors
/// When the file cannot be used at all, or nobody can be asked.
pub(crate) async fn check(settings: Settings, offline: bool, json: bool) -> anyhow::Result<ExitCode> {
    let mapping = settings.load_mapping()?;
    let file = settings.mapping.file.display().to_string();
    let told = |code, findings: Vec<Finding>| findings.into_iter().map(move |finding| (code, finding));
    let mut findings: Vec<(&str, Finding)> = told("MAPPING_UNANSWERED", mapping.questions()).collect();
    if !offline {
        let (scope, today) = (settings.scope.clone(), today(&settings));
        let bench = Bench::open(settings, "mapping").await?;
        let Surveyed { survey, gaps } = survey(&bench, today).await?;
        findings.extend(told("MAPPING_DIFFERS", mapping.held_against(&survey, &scope)));
        findings.extend(gaps.into_iter().map(|(what, problem)| {
            let sentence = format!("{what} could not be read, so nothing was compared with them: {}", problem.sentence);
            ("MAPPING_NOT_COMPARED", Finding { list: "survey", sentence })
        }));
    }
    for (code, Finding { list, sentence }) in &findings {
        let line = match json {
            true => json!({ "code": code, "list": list, "sentence": sentence }).to_string(),
            false => format!("{code}: {list}: {sentence}"),
        };
        print(&(line + "\n"))?;
    }
    if findings.is_empty() {
        let against = if offline { "the systems were not asked" } else { "it fits both systems" };
        let said = format!("{file}: version {}, nothing wrong, {against}", mapping.version());
        match json {
            true => talk(&said),
            false => print(&(said + "\n"))?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    talk(&format!("{file}: version {}, {} things to mend", mapping.version(), findings.len()));
    Ok(ExitCode::FAILURE)
}

/// The business's day.
fn today(settings: &Settings) -> jiff::civil::Date {
    clock::now().to_zoned(settings.time_zone.0.clone()).date()
}

#[allow(clippy::print_stderr, reason = "what a person who waits is told; the data goes to stdout")]
fn talk(text: &str) {
    eprintln!("{text}");
}
