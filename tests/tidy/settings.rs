//! The default file is the reference of the settings: it has every key, and says what each is for.

use super::{assert_none, ml_connector, read};

const DEFAULT: &str = "services/ml-connector/src/default.toml";

/// A section and its lines.
fn sections() -> Vec<(String, Vec<String>)> {
    let mut sections = vec![(String::new(), Vec::new())];
    for line in read(DEFAULT).lines() {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(name) => sections.push((name.to_owned(), Vec::new())),
            None => sections.last_mut().unwrap().1.push(line.to_owned()),
        }
    }
    sections
}

/// The key of a line, also of one that is commented out because it has no default.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.strip_prefix("# ").unwrap_or(line).split_once(" = ")?;
    key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-').then_some(key)
}

#[test]
fn every_setting_stands_in_the_default_file() {
    let sections = sections();
    let mut missing = Vec::new();
    let mut asked = 0;
    for (name, lines) in &sections {
        let path = if name.is_empty() { String::new() } else { name.to_uppercase().replace('.', "__") + "__" };
        // The program itself names the keys of a section when it is asked for one that it does not know.
        let output = ml_connector(&["config"], &[(&format!("ML__{path}NO_SUCH_KEY"), "1")]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let Some((_, known)) = said.split_once("unknown field `no_such_key`, expected ") else {
            continue; // [admin] takes any service's name.
        };
        asked += 1;
        let known = known.lines().next().unwrap_or_default().split(" for key ").next().unwrap_or_default();
        for known in known.split('`').skip(1).step_by(2) {
            let below = if name.is_empty() { known.to_owned() } else { format!("{name}.{known}") };
            let listed =
                lines.iter().any(|line| key(line) == Some(known)) || sections.iter().any(|(other, _)| *other == below);
            if !listed {
                missing.push(format!("[{name}] {known}"));
            }
        }
    }
    assert!(asked + 1 >= sections.len(), "only {asked} of {} sections refuse an unknown key", sections.len());
    assert_none("settings that the default file does not list", &missing);
}

#[test]
fn every_setting_is_explained() {
    let mut bare = Vec::new();
    for (name, lines) in sections() {
        let mut explained = false;
        for line in &lines {
            match key(line) {
                Some(key) if !explained => bare.push(format!("[{name}] {key}")),
                Some(_) => {}
                None => explained |= line.starts_with('#'),
            }
        }
    }
    assert_none("settings without a comment above them or at the head of their section", &bare);
}
