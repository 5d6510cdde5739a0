//! Rules that no compiler checks: the shape of the files, and that codes, pages, commands and settings say the same.
//!
//! Each rule here has been broken before it was written down. The tests read files and ask the built binary for its
//! help; no broker and no sandbox is started.

mod compose;
mod readme;
mod remedies;
mod rights;
mod runbook;
mod settings;
mod source;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Names that tools write: folders, and the file that stands for one in a second working tree of git.
const WRITTEN_BY_TOOLS: [&str; 2] = ["target", ".git"];

/// The root of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Every file of the project with its path from the root and its text; what is no text is left out.
fn files() -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if WRITTEN_BY_TOOLS.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push((path.strip_prefix(&root).unwrap().to_string_lossy().into_owned(), text));
            }
        }
    }
    found.sort();
    assert!(found.len() > 100, "only {} files were found under {}", found.len(), root.display());
    found
}

/// The text of one file.
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The binary with these arguments, and none of the caller's settings.
fn ml_connector(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ml-connector"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ML_")) {
        command.env_remove(name);
    }
    command.args(arguments).envs(settings.iter().copied()).output().unwrap()
}

/// Fails with every finding, so that one run shows all of them.
fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}
