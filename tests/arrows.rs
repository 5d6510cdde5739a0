//! The arrows of the house: which crate may know which, and what the pure ones must never reach.
//!
//! Purity is what makes dry-run replay, simulation and fuzzing cheap, and one `use` in the wrong crate ends it. Who
//! depends on whom is read from `cargo metadata`. What is reached through other crates is read from `cargo tree`, since
//! the resolve graph of the metadata also holds optional dependencies that are never built (`rand` behind
//! `rust_decimal`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};

/// Crates of the house that each crate may know. `proto` knows `visma` because it translates Visma's documents to the
/// wire and back: the mapper writes them and the writer reads them, and neither may know the other.
const ARROWS: [(&str, &[&str]); 13] = [
    ("problem", &[]),
    ("commerce", &["problem"]),
    ("visma", &["problem"]),
    ("mapping", &["problem", "commerce", "visma"]),
    ("effect", &["problem"]),
    ("proto", &["visma"]),
    ("pipeline", &["problem"]),
    ("record", &["problem", "effect", "proto", "pipeline"]),
    ("sandbox", &[]),
    ("ingestor", &["problem", "commerce", "visma", "proto", "pipeline", "record"]),
    ("mapper", &["problem", "commerce", "visma", "mapping", "proto", "pipeline", "record"]),
    ("writer", &["problem", "commerce", "visma", "effect", "proto", "pipeline", "record"]),
    ("operator", &["problem", "commerce", "visma", "mapping", "effect", "proto", "pipeline", "record"]),
];
/// The one crate that knows them all.
const TOP: &str = "ml-connector";
/// Functions of their arguments.
const PURE: [&str; 5] = ["problem", "commerce", "visma", "mapping", "effect"];
/// A runtime, a network, a broker, randomness.
const IMPURE: [&str; 11] = [
    "tokio",
    "tokio-util",
    "async-nats",
    "reqwest",
    "hyper",
    "axum",
    "rand",
    "rand_core",
    "getrandom",
    "futures",
    "uuid",
];
/// The unmaintained crate, the crate that may use it, and the file of it that does.
const UNMAINTAINED: (&str, &str, &str) = ("backoff", "pipeline", "services/pipeline/src/retry.rs");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The workspace's own manifests; `--no-deps` keeps it from fetching what only other systems need.
fn metadata() -> Metadata {
    MetadataCommand::new().current_dir(root()).no_deps().other_options(["--locked".to_owned()]).exec().unwrap()
}

/// Dependencies of every kind, development included: a test that reaches across an arrow pulls the crates together too.
fn dependencies(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata.workspace_packages().into_iter();
    packages.map(|p| (p.name.to_string(), p.dependencies.iter().map(|d| d.name.clone()).collect())).collect()
}

/// Every crate that is built into `package` on this machine.
fn reached(package: &str) -> BTreeSet<String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root())
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--package", package])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let crates: BTreeSet<_> = text.lines().filter_map(|l| l.split(' ').next()).map(str::to_owned).collect();
    assert!(crates.contains(package), "cargo tree says nothing of {package}: {text}");
    crates
}

#[test]
fn arrows_point_one_way() {
    let known = dependencies(&metadata());
    let ours: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).chain([TOP]).collect();
    assert_eq!(known.keys().map(String::as_str).collect::<BTreeSet<_>>(), ours, "the crates of the house");
    for (name, may_know) in ARROWS {
        let knows = known[name].iter().map(String::as_str).filter(|d| ours.contains(d));
        let wrong: Vec<_> = knows.filter(|d| !may_know.contains(d)).collect();
        assert!(wrong.is_empty(), "{name} may know {may_know:?} and depends on {wrong:?}");
    }
}

#[test]
fn pure_crates_reach_nothing_impure() {
    for name in PURE {
        let wrong: Vec<_> = reached(name).into_iter().filter(|c| IMPURE.contains(&c.as_str())).collect();
        assert!(wrong.is_empty(), "{name} reaches {wrong:?}");
    }
    // What would be found if it were there, is found where it is.
    assert!(reached("pipeline").contains("tokio"));
}

#[test]
fn there_is_one_tls_provider() {
    let crates = reached(TOP);
    assert!(crates.contains("aws-lc-rs"));
    for second in ["ring", "openssl", "openssl-sys", "native-tls"] {
        assert!(!crates.contains(second), "{second} is built into {TOP}");
    }
}

#[test]
fn the_unmaintained_crate_stands_in_one_file() {
    let (name, user, file) = UNMAINTAINED;
    let known = dependencies(&metadata());
    let users: Vec<_> = known.iter().filter(|(_, d)| d.contains(name)).map(|(user, _)| user.as_str()).collect();
    assert_eq!(users, [user]);
    let mut sources = Vec::new();
    for folder in ["services", "proto", "tests"] {
        rust_files(&root().join(folder), &mut sources);
    }
    assert!(sources.len() > 100, "only {} files looked at", sources.len());
    let path = format!("{name}::");
    let named = sources.iter().filter(|file| std::fs::read_to_string(file).unwrap().contains(&path));
    let named: Vec<_> = named.map(|f| f.strip_prefix(root()).unwrap().to_owned()).collect();
    assert_eq!(named, [Path::new(file)]);
}

#[test]
fn the_top_level_is_the_house() {
    let rooms = ["Cargo.lock", "Cargo.toml", "proto", "services", "tests"];
    let welcome = ["LICENSE", "README.md", "deploy", "docker-compose.yml"];
    let target = metadata().target_directory;
    let here: BTreeSet<String> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path != target.as_std_path() && !path.ends_with("target"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    for room in rooms {
        assert!(here.contains(room), "{room} is missing");
    }
    let strange: Vec<_> =
        here.iter().filter(|name| !rooms.contains(&name.as_str()) && !welcome.contains(&name.as_str())).collect();
    assert!(strange.is_empty(), "not of the house: {strange:?}");
    let services: BTreeSet<String> = std::fs::read_dir(root().join("services"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let crates = ARROWS.iter().map(|(name, _)| *name).filter(|name| *name != "proto").chain([TOP]);
    assert_eq!(services, crates.map(str::to_owned).collect());
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}
