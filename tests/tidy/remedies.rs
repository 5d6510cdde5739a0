//! Everything that people are told to do can be done: verbs that the binary has, and nothing that it has not.

use super::readme::{arguments, code_of, unknown};
use super::{assert_none, files};

/// There is no verb that replays. The README says what can be done in its place.
#[test]
fn nobody_is_told_to_replay() {
    let mut wrong = Vec::new();
    for (path, text) in files() {
        let product = path.starts_with("services/") && path.contains("/src/") && path.ends_with(".rs");
        let told = product && !path.starts_with("services/sandbox/");
        if !told && !path.starts_with("deploy/runbook/") {
            continue;
        }
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            // In the source only what stands between quotes is told to anybody.
            let said = if product { line.split('"').skip(1).step_by(2).collect::<String>() } else { line.to_owned() };
            if said.to_lowercase().contains("replay") {
                wrong.push(format!("{path}: {}", line.trim()));
            }
        }
    }
    assert_none("texts that speak of a replay", &wrong);
}

#[test]
fn the_runbooks_commands_exist() {
    let mut wrong = Vec::new();
    let mut seen = Vec::new();
    for (path, text) in files().into_iter().filter(|(path, _)| path.starts_with("deploy/runbook/")) {
        for command in code_of(&text) {
            let Some(words) = arguments(&command).filter(|_| !seen.contains(&command)) else { continue };
            // VENDOR and FILE stand for a word, and names of polls are no words of the help.
            let named = |word: &str| word.contains('.') || word.chars().all(|c| c.is_ascii_uppercase());
            let words: Vec<&str> = words.into_iter().filter(|word| !named(word)).collect();
            if let Some(word) = unknown(&words) {
                wrong.push(format!("{path}: `{command}`: the binary does not know `{word}`"));
            }
            seen.push(command.clone());
        }
    }
    assert!(seen.len() > 10, "only {seen:?} were found");
    assert_none("commands of the runbook that do not exist", &wrong);
}
