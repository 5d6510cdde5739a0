//! `ml-connector mapping`: a first file of what both systems hold, and a file held against them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mapping::Finding;
use pipeline::clock;
use problem::{Code, Problem, chain};
use serde_json::json;

use crate::bench::Bench;
use crate::run::print;
use crate::settings::Settings;
use crate::survey::{Surveyed, survey};

/// Writes a first mapping file, to stdout unless a file is named. One that is there is not written over.
///
/// # Errors
/// The error to tell the person who ran the verb.
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
        let remedy = "write the file by hand from `ml-connector mapping default`, and report the faults";
        Problem::new(Code::MappingInvalid, format!("the file that was made from both systems has faults:\n{e}"), remedy)
    })?;
    match &out {
        None => print(&text)?,
        Some(path) => {
            write(path, &text)?;
            talk(&format!("{} was written", path.display()));
        }
    }
    talk(&format!(
        "the file has {questions} questions; answer them, then run `ml-connector mapping check`. The mapper does not start before"
    ));
    Ok(ExitCode::SUCCESS)
}

/// Creates the file; never one that somebody else made meanwhile.
fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let created = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    created.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => exists(path),
        _ => {
            let sentence = format!("{} could not be written: {}", path.display(), chain(&e));
            Problem::new(Code::MappingUnwritable, sentence, "name a file in a folder that you may write to")
        }
    })
}

fn exists(path: &Path) -> Problem {
    let sentence = format!("{} exists already and is not overwritten", path.display());
    Problem::new(
        Code::MappingUnwritable,
        sentence,
        "`ml-connector mapping update` prints what is new, to add it to the file",
    )
}

/// One thing that is wrong, as it is printed.
struct Told {
    code: Code,
    finding: Finding,
}

impl Told {
    fn of_problem(problem: mapping::Problem) -> Self {
        let sentence = match &problem.nearest {
            Some(nearest) => format!("{}; did you mean `{nearest}`?", problem.sentence),
            None => problem.sentence,
        };
        let finding = Finding { path: problem.path, line: Some(problem.line), ..Finding::new("file", sentence) };
        Self { code: Code::MappingInvalid, finding }
    }

    fn line(&self, file: &str, json: bool) -> String {
        let Self { code, finding } = self;
        let Finding { list, path, line, sentence } = finding;
        match (json, line) {
            (true, _) => json!({
                "code": code, "file": file, "line": line, "path": path, "list": list, "sentence": sentence,
            })
            .to_string(),
            (false, Some(line)) => format!("{file}:{line}: {code}: {}", finding.told()),
            (false, None) => format!("{file}: {code}: {}", finding.told()),
        }
    }
}

/// Says what is new since the mapping file was written, as pieces to put into it, and what of it is gone. The file
/// itself is the accountant's, and stays as it is. The exit code is 1 when there is something.
///
/// # Errors
/// When the file has faults, or nobody can be asked.
pub(crate) async fn update(settings: Settings, json: bool) -> anyhow::Result<ExitCode> {
    let mapping = settings.load_mapping()?;
    let (file, scope) = (settings.mapping.file.display().to_string(), settings.scope.clone());
    let bench = Bench::open(settings, "mapping").await?;
    let Surveyed { survey, gaps } = survey(&bench, today(&bench.settings)).await?;
    for (what, problem) in &gaps {
        talk(&format!("{what} could not be read: {problem}"));
    }
    let new = mapping::additions(&survey, &mapping);
    let gone = mapping.held_against(&survey, &scope);
    let gone: Vec<&Finding> = gone.iter().filter(|finding| finding.line.is_some()).collect();
    if new.is_empty() && gone.is_empty() {
        talk(&format!("{file}: nothing is new, and everything that it names exists"));
        return Ok(ExitCode::SUCCESS);
    }
    if json {
        let gone = gone.into_iter().map(|finding| Told { code: Code::MappingDiffers, finding: finding.clone() });
        gone.map(|told| told.line(&file, true) + "\n").try_for_each(|line| print(&line))?;
        print(&format!("{}\n", json!({ "file": file, "new": new })))?;
        return Ok(ExitCode::FAILURE);
    }
    if !gone.is_empty() {
        print("# --- No longer there, or changed: correct these by hand\n")?;
    }
    for finding in gone {
        print(&format!("# line {}: {}\n", finding.line.unwrap_or_default(), finding.told()))?;
    }
    if !new.is_empty() {
        print(&format!("# --- New: answer the questions, and add these rules to {file}\n{new}"))?;
    }
    talk(&format!(
        "{file} was not changed. The first rule that matches decides, so add the new rules below the existing ones"
    ));
    Ok(ExitCode::FAILURE)
}

/// Says everything that is wrong with the mapping file; the exit code is 1 when something is.
///
/// # Errors
/// When the file cannot be read at all, or nobody can be asked.
pub(crate) async fn check(settings: Settings, offline: bool, json: bool) -> anyhow::Result<ExitCode> {
    let (mapping, problems) = mapping::Mapping::parse_as_far(&settings.mapping_text()?);
    let file = settings.mapping.file.display().to_string();
    let mut findings: Vec<Told> = problems.into_iter().map(Told::of_problem).collect();
    if let Some(mapping) = &mapping {
        let told = |finding| Told { code: Code::MappingUnanswered, finding };
        findings.extend(mapping.questions().into_iter().map(told));
        if !offline {
            Box::pin(compare(settings, mapping, &mut findings)).await?;
        }
    }
    for told in &findings {
        print(&(told.line(&file, json) + "\n"))?;
    }
    let version = mapping.as_ref().map_or("none", |mapping| mapping.version());
    if findings.is_empty() {
        let against = if offline { "the systems were not called" } else { "it fits both systems" };
        let said = format!("{file}: version {version}, nothing wrong, {against}");
        match json {
            true => talk(&said),
            false => print(&(said + "\n"))?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    talk(&format!("{file}: version {version}, {} faults to correct", findings.len()));
    Ok(ExitCode::FAILURE)
}

/// Holds what could be read of the file against both systems, as far as they can be read.
async fn compare(settings: Settings, mapping: &mapping::Mapping, findings: &mut Vec<Told>) -> anyhow::Result<()> {
    let (scope, today) = (settings.scope.clone(), today(&settings));
    let bench = Bench::open(settings, "mapping").await?;
    let Surveyed { survey, gaps } = survey(&bench, today).await?;
    let whole = findings.is_empty();
    let invalid = findings.iter().any(|told| told.code == Code::MappingInvalid);
    let mut differs = mapping.held_against(&survey, &scope);
    // A rule that is wrong was left out, and what seems to be missing may stand in it.
    differs.retain(|finding| !invalid || finding.line.is_some());
    if whole {
        differs.extend(mapping.rehearsed(&survey, &scope));
    }
    findings.extend(differs.into_iter().map(|finding| Told { code: Code::MappingDiffers, finding }));
    for (what, problem) in gaps {
        let sentence = format!("{what} could not be read, so they were not compared: {}", problem.sentence);
        match mapping.chooses(list_of(what)) {
            true => findings.push(Told { code: Code::MappingNotCompared, finding: Finding::new("survey", sentence) }),
            false => talk(&format!("{what} could not be read; the file does not use them")),
        }
    }
    Ok(())
}

/// The list of the file that names what a list of Visma's holds.
fn list_of(what: &str) -> &str {
    match what {
        "dimensions" => "dimension",
        "credit terms" => "terms",
        "customer classes" => "customer_class",
        "branches" => "branch",
        "VAT zones" => "vat_zone",
        "Visma's payment methods" | "cash accounts" => "payments",
        other => other,
    }
}

/// The business's day.
fn today(settings: &Settings) -> jiff::civil::Date {
    clock::now().to_zoned(settings.time_zone.0.clone()).date()
}

#[allow(clippy::print_stderr, reason = "what a person who waits is told; the data goes to stdout")]
fn talk(text: &str) {
    eprintln!("{text}");
}
