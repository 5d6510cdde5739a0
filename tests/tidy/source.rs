//! Rules for source files that lints do not know.

use record::address::Entity;

use super::{assert_none, files};

/// Lines of a file at most, and of nine files in ten.
const LONGEST: usize = 400;
const MOST: usize = 250;
/// Characters of a line of comment; the formatter breaks code, and leaves these as they are.
const WIDEST: usize = 120;

/// A Rust file whose code runs in the product: no test, no example, no benchmark.
fn is_product(path: &str) -> bool {
    let part = |name: &str| path.split('/').any(|part| part == name);
    path.ends_with(".rs") && !part("tests") && !part("examples") && !path.ends_with("/tests.rs")
}

fn rust_files() -> Vec<(String, String)> {
    files().into_iter().filter(|(path, _)| path.ends_with(".rs")).collect()
}

/// The lines before a test module at the bottom of a file, with their numbers, comments left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text.get(..end).unwrap().lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Returns the text behind `//` or `#`.
fn comment(line: &str) -> &str {
    line.split_once("//").or_else(|| line.split_once('#')).map_or("", |(_, comment)| comment)
}

#[test]
fn files_are_a_screen_or_two() {
    let mut lengths: Vec<(usize, String)> =
        rust_files().into_iter().map(|(path, text)| (text.lines().count(), path)).collect();
    lengths.sort_unstable();
    let long = lengths.iter().filter(|(lines, _)| *lines > LONGEST).map(|(lines, path)| format!("{path}: {lines}"));
    assert_none(&format!("files of more than {LONGEST} lines"), &long.collect::<Vec<_>>());
    let (lines, path) = &lengths[lengths.len() * 9 / 10];
    assert!(*lines < MOST, "one file in ten has {MOST} lines or more, beginning with {path}: {lines}");
}

#[test]
fn comments_fit_on_a_screen() {
    let mut wide = Vec::new();
    for (path, text) in rust_files() {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| line.chars().count() > WIDEST) {
            let comment = line.trim_start().trim_start_matches(['/', '!']).trim_start();
            // The row of a table cannot be broken.
            if line.trim_start().starts_with("//") && !comment.starts_with('|') {
                wide.push(format!("{path}:{}: {} characters", index + 1, line.chars().count()));
            }
        }
    }
    assert_none(&format!("comments of more than {WIDEST} characters a line"), &wide);
}

#[test]
fn modules_open_with_why() {
    let silent = rust_files().into_iter().filter(|(path, text)| {
        // A file of tests is about the module that it stands beside.
        !path.ends_with("/tests.rs") && !text.starts_with("//! ")
    });
    assert_none("modules that do not open with //!", &silent.map(|(path, _)| path).collect::<Vec<_>>());
}

/// A doc line that opens with a relative clause makes its reader wait for the noun.
#[test]
fn doc_lines_open_with_what_the_item_is() {
    let riddles = ["What ", "Whoever ", "Whether ", "Who ", "Of ", "That "];
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        let mut before = "";
        for (index, line) in text.lines().map(str::trim_start).enumerate() {
            let opens = |mark: &str| {
                let doc = line.strip_prefix(mark).filter(|_| !before.starts_with(mark.trim_end()));
                doc.is_some_and(|doc| riddles.iter().any(|word| doc.starts_with(word)))
            };
            if opens("/// ") || opens("//! ") {
                found.push(format!("{path}:{}: {line}", index + 1));
            }
            before = line;
        }
    }
    assert_none("doc lines that open with a relative clause", &found);
}

/// The log is put together and taken apart in one crate: whoever adds a kind of record is told by the compiler where.
#[test]
fn the_log_is_known_to_its_crate_alone() {
    let stages = ["services/ingestor/", "services/mapper/", "services/writer/", "services/operator/"];
    let forbidden: Vec<String> = Entity::ALL
        .map(|entity| format!("\"{}\"", entity.name()))
        .into_iter()
        .chain(["\"change.", "\"command.", "\"outcome.", "\"dead.", "\"hint."].map(str::to_owned))
        .chain(["Command::decode(", "Outcome::decode(", "subject.split("].map(str::to_owned))
        .collect();
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        if is_product(&path) && stages.iter().any(|stage| path.starts_with(stage)) {
            let lines = code(&text).filter(|(_, line)| forbidden.iter().any(|text| line.contains(text)));
            found.extend(lines.map(|(number, line)| format!("{path}:{number}: {}", line.trim())));
        }
    }
    assert_none("subjects, names of records or bodies of the log outside of the crate record", &found);
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not hold them.
    let words = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"]].map(|halves| halves.concat());
    let macros = [["to", "do!"], ["unimplement", "ed!"], ["#[igno", "re"]].map(|halves| halves.concat());
    let mut found = Vec::new();
    for (path, text) in files().into_iter().filter(|(path, _)| path != "Cargo.lock" && !path.contains("/fixtures/")) {
        for (index, line) in text.lines().enumerate() {
            // A word of it in a text of the program, such as a currency that does not exist, is something else.
            let comment = if path.ends_with(".md") { line } else { comment(line) };
            let says = |word: &String| comment.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == word);
            if words.iter().any(says) || macros.iter().any(|name| line.contains(name.as_str())) {
                found.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    assert_none("things left for later", &found);
}

#[test]
fn the_product_does_not_end_by_surprise() {
    // The lints say so too, but an allow is quickly written.
    let calls = [".unwrap()", ".expect(", "panic!(", "unreachable!("];
    let mut found = Vec::new();
    for (path, text) in rust_files().into_iter().filter(|(path, _)| is_product(path)) {
        let lines = code(&text).filter(|(_, line)| calls.iter().any(|call| line.contains(call)));
        found.extend(lines.map(|(number, line)| format!("{path}:{number}: {}", line.trim())));
    }
    assert_none("calls that end the process", &found);
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    // Halves again: folders of somebody's machine, and hosts of package registries.
    let folders = ["work", "root", "home", "Users", "farm"].map(|name| format!("/{name}/"));
    let hosts = [["crates", ".io"], ["pypi", ".org"], ["npmjs", ".com"], ["pythonhosted", ".org"]].map(|h| h.concat());
    let mut found = Vec::new();
    for (path, text) in files().into_iter().filter(|(path, _)| path != "Cargo.lock") {
        for (index, line) in text.lines().enumerate() {
            if folders.iter().chain(&hosts).any(|name| line.contains(name.as_str())) {
                found.push(format!("{path}:{}", index + 1));
            }
        }
    }
    assert_none("names of a machine or of a registry's host", &found);
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    let manifests = files().into_iter().filter(|(path, _)| path.ends_with("/Cargo.toml"));
    let without = manifests.filter(|(_, text)| !text.contains("[lints]\nworkspace = true"));
    assert_none("manifests without the workspace's lints", &without.map(|(path, _)| path).collect::<Vec<_>>());
}
