//! Everything that the README tells people to type exists, and so does everything that it points at.

use std::collections::BTreeSet;

use super::runbook::anchor;
use super::{assert_none, ml_connector, read, root};

/// Returns the texts between back-ticks, and every line of a block of code.
pub(super) fn code_of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            block = !block;
        } else if block {
            found.push(line.trim().to_owned());
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// The words after `ml-connector`, or after the aliases that run it, up to what belongs to the shell.
pub(super) fn arguments(code: &str) -> Option<Vec<&str>> {
    let code = code.strip_prefix("$ ").unwrap_or(code);
    let words: Vec<&str> =
        code.split_whitespace().take_while(|word| !matches!(*word, ">" | "|" | "&" | "&&")).collect();
    match words.as_slice() {
        ["cargo", "demo", ..] => words.get(1..).map(<[_]>::to_vec),
        [program, ..] if *program == "ml-connector" || program.ends_with("/ml-connector") => {
            words.get(1..).map(<[_]>::to_vec)
        }
        _ => None,
    }
}

/// Returns the first word of a command that the binary's own help does not know.
pub(super) fn unknown(words: &[&str]) -> Option<String> {
    let mut path: Vec<&str> = Vec::new();
    let mut words = words.iter().copied().peekable();
    while let Some(word) = words.next() {
        let help = ml_connector(&[path.as_slice(), &["--help"]].concat(), &[]);
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        let mut known = help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        if word == "…" {
            return None;
        }
        if !known.any(|one| one == word) {
            return Some(word.to_owned());
        }
        if word.starts_with("--") {
            // Its value is anything.
            words.next_if(|next| !next.starts_with("--"));
        } else if ml_connector(&[path.as_slice(), &[word, "--help"]].concat(), &[]).status.success() {
            path.push(word);
        }
    }
    None
}

#[test]
fn its_commands_exist() {
    let readme = read("README.md");
    let commands: Vec<String> = code_of(&readme).into_iter().filter(|code| arguments(code).is_some()).collect();
    assert!(commands.len() > 10, "only {commands:?} were found");
    let strange = commands.iter().filter_map(|command| {
        let word = unknown(&arguments(command)?)?;
        Some(format!("`{command}`: the binary does not know `{word}`"))
    });
    assert_none("commands of the README that do not exist", &strange.collect::<Vec<_>>());
}

#[test]
fn its_files_and_tests_exist() {
    let readme = read("README.md");
    let links = readme.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()));
    let links = links.filter(|link| !link.starts_with("http") && !link.starts_with('#'));
    let named = code_of(&readme).into_iter().filter(|code| code.contains(".rs"));
    let mut wrong = Vec::new();
    for path in links.chain(named) {
        let (file, function) = path.split_once("::").unwrap_or((&path, ""));
        let text = std::fs::read_to_string(root().join(file)).unwrap_or_default();
        let is_folder = root().join(file).is_dir();
        if !is_folder && (text.is_empty() || !function.is_empty() && !text.contains(&format!("fn {function}("))) {
            wrong.push(path);
        }
    }
    assert_none("files and tests that the README names and that do not exist", &wrong);
}

#[test]
fn its_variables_are_settings() {
    let defaults = read("services/ml-connector/src/default.toml");
    let readme = read("README.md");
    let mut wrong = Vec::new();
    for name in readme.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|w| w.starts_with("ML__")) {
        if name == "ML__SECTION__KEY" {
            continue; // The pattern itself.
        }
        // The name of a file that holds the value, unless a key is called so.
        let name = if name.ends_with("_KEY_FILE") { name } else { name.trim_end_matches("_FILE") };
        let path = name.trim_start_matches("ML__").to_lowercase().replace("__", ".");
        let (section, key) = path.rsplit_once('.').unwrap_or(("", &path));
        let body =
            if section.is_empty() { Some(defaults.as_str()) } else { defaults.split(&format!("[{section}]\n")).nth(1) };
        let body = body.and_then(|body| body.split("\n[").next()).unwrap_or_default();
        let says = |line: &str| line.trim_start_matches("# ").replace('-', "_").starts_with(&format!("{key} ="));
        if !body.lines().any(says) {
            wrong.push(name.to_owned());
        }
    }
    assert_none("variables of the README that are no settings", &wrong);
}

/// Under another broker user a verb is refused, and only the README says under which it is not.
#[test]
fn the_broker_user_of_every_verb_is_named() {
    let readme = read("README.md");
    let table = readme.split("| verb | broker user |").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    let users = read("deploy/nats/users.conf");
    let users: Vec<&str> = users.split("user: \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut wrong: Vec<String> =
        users.iter().filter(|user| !table.contains(&format!("`{user}`"))).map(|user| format!("user {user}")).collect();
    let help = ml_connector(&["--help"], &[]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let verbs = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    for verb in verbs.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()) {
        if !verb.is_empty()
            && verb != "help"
            && !table.contains(&format!("`{verb}`"))
            && !table.contains(&format!("ml-connector {verb}"))
        {
            wrong.push(format!("verb {verb}"));
        }
    }
    assert_none("not in the README's table of broker users", &wrong);
}

#[test]
fn the_rights_in_commerce_are_listed() {
    let readme = read("README.md");
    let missing = operator::ping::RIGHTS.iter().filter(|(_, place, _)| !readme.contains(&format!("| {place} | ")));
    assert_none("rights that the README does not list", &missing.map(|right| right.1.to_owned()).collect::<Vec<_>>());
}

#[test]
fn its_own_headings_are_linked_rightly() {
    let readme = read("README.md");
    let headings: BTreeSet<String> = readme.lines().filter_map(anchor).collect();
    let links = readme.split("](#").skip(1).filter_map(|rest| rest.split(')').next());
    let broken = links.filter(|link| !headings.contains(*link)).map(str::to_owned);
    assert_none("links to headings that do not exist", &broken.collect::<Vec<_>>());
}

/// A wide paragraph is not read beside a terminal; the row of a table cannot be broken.
#[test]
fn its_paragraphs_fit_on_a_screen() {
    let mut block = false;
    let readme = read("README.md");
    let wide = readme.lines().filter(|line| {
        block ^= line.starts_with("```");
        !block && !line.starts_with('|') && line.chars().count() > 120 && line.contains(' ') && !line.contains("](")
    });
    assert_none("lines of more than 120 characters", &wide.map(str::to_owned).collect::<Vec<_>>());
}
