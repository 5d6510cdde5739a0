//! Settings, mapping files and keys that cannot be used: refused before anything is done, with the key and the remedy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ml_connector::stand::nats::{self, Broker};

use crate::house::{House, Wishes};

/// `EX_CONFIG` of sysexits.h.
const WRONG_SETTINGS: i32 = 78;

/// A run that has not ended by then goes on where it should have refused.
const PATIENCE: Duration = Duration::from_secs(30);

/// Result of a run of the program.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    /// It refused, with this code, and its words hold each of `says`.
    fn assert_refused(&self, code: &str, says: &[&str]) {
        assert_eq!(self.status, Some(WRONG_SETTINGS), "{self:#?}");
        assert!(self.err.contains(&format!("ml-connector: {code}: ")), "no {code}: {self:#?}");
        assert!(self.err.contains("what to do: "), "{self:#?}");
        for words in says {
            assert!(self.err.contains(words), "`{words}` is not in: {}", self.err);
        }
    }
}

/// A folder of settings, and the program run with them.
struct Desk {
    folder: PathBuf,
    environment: BTreeMap<&'static str, String>,
}

impl Desk {
    fn new(settings: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("settings-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("ml-connector.toml"), settings).unwrap();
        Self { folder, environment: BTreeMap::new() }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.insert(name, value.to_owned());
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.join(name), text).unwrap();
        self
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let config = self.folder.join("ml-connector.toml");
        run(&config, arguments, &self.environment)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn run(config: &Path, arguments: &[&str], environment: &BTreeMap<&'static str, String>) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ml-connector"))
        .arg("--config")
        .arg(config)
        .args(arguments)
        .envs(environment)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() && started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill(); // It has ended, or goes on where it should have refused.
    let output = child.wait_with_output().unwrap();
    Run {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let file = |text: &str| Desk::new(text).run(&["config"]);
    file("[commerce.poll]\nintervall = \"1m\"\n").assert_refused("SETTINGS_INVALID", &["intervall", "`interval`?"]);
    file("[scope]\ngolive = \"2026-01-01\"\n").assert_refused("SETTINGS_INVALID", &["golive", "`go_live`?"]);
    file("[comerce]\nbase_url = \"x\"\n").assert_refused("SETTINGS_INVALID", &["comerce", "`commerce`?"]);
    file("[admin]\nmaper = \"127.0.0.1:9\"\n").assert_refused("SETTINGS_INVALID", &["maper", "`mapper`?"]);
    let by_variable = Desk::new("").with("ML__VISMA__CLIENTID", "x").run(&["config"]);
    by_variable.assert_refused("SETTINGS_INVALID", &["clientid", "`client_id`?"]);
}

#[test]
fn a_word_that_a_setting_does_not_know_is_refused_with_those_that_it_knows() {
    let by_variable =
        |name, word| Desk::new("").with(name, word).with("ML__COMMERCE__POLL__PAGE_SIZE", "50").run(&["config"]);
    let file = |text: &str| Desk::new(text).run(&["config"]);
    let states = "\"bok\" is none of \"book\", \"wait\", \"skip\"";
    file("[scope.states]\nnew = \"bok\"\n").assert_refused("SETTINGS_INVALID", &["scope.states.new", states]);
    let triggers = "\"payed\" is none of \"placed\", \"paid\", \"invoiced\", \"shipped\"";
    by_variable("ML__SCOPE__TRIGGER", "payed").assert_refused("SETTINGS_INVALID", &["scope.trigger", triggers]);
    for (name, key, known) in [
        ("ML__SCOPE__ZERO_TOTALS", "scope.zero_totals", &["book", "skip"][..]),
        ("ML__COMMERCE__AUTH", "commerce.auth", &["oauth1", "admin_token", "ims"]),
        ("ML__COMMERCE__WEBHOOK__ENCODING", "commerce.webhook.encoding", &["hex", "base64"]),
        ("ML__VISMA__DOCUMENTS__REFERENCE_IN", "visma.documents.reference_in", &["note", "text"]),
        ("ML__VISMA__DOCUMENTS__REFERENCE_ON_RELEASED", "reference_on_released", &["outcome", "dead-letter"]),
        ("ML__COMMERCE__POLL__ENTITIES", "commerce.poll.entities", &["order", "invoice", "creditmemo", "customer"]),
        ("ML__COMMERCE__POLL__INTERVAL", "commerce.poll.interval", &["daily"]),
        ("ML__VISMA__POLL__ENTITIES", "visma.poll.entities", &["customer", "supplierinvoice"]),
        ("ML__LOG__FORMAT", "log.format", &["text", "json"]),
    ] {
        let known: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
        let says: Vec<&str> = known.iter().map(String::as_str).chain([key, "nonsense"]).collect();
        by_variable(name, "nonsense").assert_refused("SETTINGS_INVALID", &says);
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_its_key() {
    let file = |text: &str| Desk::new(text).run(&["config"]);
    file("[commerce.poll]\npage_size = \"many\"\n").assert_refused("SETTINGS_INVALID", &["page_size", "many"]);
    file("[commerce.poll]\ninterval = 5\n").assert_refused("SETTINGS_INVALID", &["interval", "\"30s\""]);
    file("[commerce.poll]\ninterval = \"-5s\"\n").assert_refused("SETTINGS_INVALID", &["interval", "negative"]);
    file("[scope]\nstores = \"all\"\n").assert_refused("SETTINGS_INVALID", &["stores"]);
    file("[scope]\ngo_live = \"soon\"\n").assert_refused("SETTINGS_INVALID", &["go_live"]);
    file("[scope.states]\nnew = \"buk\"\n").assert_refused("SETTINGS_INVALID", &["scope.states.new", "buk"]);
    file("[admin]\nmapper = \"here\"\n").assert_refused("SETTINGS_INVALID", &["mapper"]);
    let by_variable = Desk::new("").with("ML__COMMERCE__POLL__PAGE_SIZE", "many").run(&["config"]);
    by_variable.assert_refused("SETTINGS_INVALID", &["page_size", "many"]);
}

/// Connections that cannot stand together are found before anything is booked by them.
#[test]
fn connections_that_would_book_the_same_are_refused() {
    let of = |no: &str, se: &str| {
        let common = "commerce.base_url = \"https://shop.example.com/rest/default\"\nvisma.tenant_id = \"one\"\n";
        let desk = Desk::new(&format!("{common}[connections.no]\n{no}\n[connections.se]\n{se}\n"));
        let other = mapping::DEFAULT.replace("reference_prefix = \"WEB-\"", "reference_prefix = \"SE-\"");
        assert_ne!(other, mapping::DEFAULT);
        desk.file("mapping.toml", mapping::DEFAULT).file("se.toml", &other).run(&["config"])
    };
    let (stores, own) = ("scope.stores = [1, 2]", "mapping.file = \"se.toml\"\n");
    let same = ["`no` and `se`", "same stores of https://shop.example.com", "scope.stores"];
    of("", own).assert_refused("CONNECTIONS_CLASH", &same);
    of(stores, &format!("{own}scope.stores = [2, 3]")).assert_refused("CONNECTIONS_CLASH", &same);
    of(stores, &format!("{own}scope.websites = [3]")).assert_refused("CONNECTIONS_CLASH", &same);
    // Another store code in the address is no other shop.
    let address = "commerce.base_url = \"https://shop.example.com/rest/se\"";
    of("", &format!("{own}{address}")).assert_refused("CONNECTIONS_CLASH", &same);
    let references = ["`no` and `se`", "\"WEB-\"", "reference prefix"];
    of(stores, "scope.stores = [3]").assert_refused("CONNECTIONS_CLASH", &references);
    for (no, se) in [
        (stores, format!("{own}scope.stores = [3]")),
        ("scope.websites = [1]", format!("{own}scope.websites = [2]")),
        ("", "visma.tenant_id = \"two\"".to_owned()),
        ("", format!("{own}commerce.base_url = \"https://other.example.com/rest/default\"")),
    ] {
        let said = of(no, &se);
        assert_eq!(said.status, Some(0), "{no} {se}: {said:#?}");
    }
}

/// The settings of one connection, and of the whole installation, as they are in force.
#[test]
fn a_connection_has_what_is_common_and_what_is_its_own() {
    let settings = "connections_dir = \"companies\"\n[visma]\nclient_id = \"shared\"\nclient_secret = \"hidden\"\n";
    let desk = Desk::new(settings).with("ML__CONNECTIONS__SE__VISMA__TENANT_ID", "se-7");
    std::fs::create_dir_all(desk.folder.join("companies")).unwrap();
    let desk = desk.file("companies/no.toml", "[visma]\ntenant_id = \"no-1\"\nclient_secret = \"hidden-too\"\n");
    let desk = desk.file("companies/se.toml", "");
    let table = |arguments: &[&str]| {
        let said = desk.run(arguments);
        assert!(said.status == Some(0) && !said.out.contains("hidden"), "{said:#?}");
        said.out.parse::<toml::Table>().unwrap()
    };
    let (no, all) = (table(&["config", "--connection", "no"]), table(&["config"]));
    assert_eq!((no["connection"].as_str(), no["visma"]["client_id"].as_str()), (Some("no"), Some("shared")));
    assert_eq!(all["connections"]["no"]["visma"]["tenant_id"].as_str(), Some("no-1"));
    assert_eq!(all["connections"]["se"]["visma"]["tenant_id"].as_str(), Some("se-7"));
    assert!(all["connections"]["se"].get("commerce").is_none(), "what is common stands once");
    let said = desk.run(&["mapping", "check", "--offline"]);
    assert_eq!(said.status, Some(2), "{said:#?}");
    assert!(said.err.contains("CONNECTION_NOT_NAMED") && said.err.contains("no, se"), "{said:#?}");
    let desk = desk.file("companies/dk.toml", "[admin]\nmapper = \"127.0.0.1:7\"\n");
    desk.run(&["config"]).assert_refused("SETTINGS_INVALID", &["`admin`", "`dk`", "dk.toml", "whole installation"]);
    let desk = desk.file("companies/dk.toml", "[comerce]\nbase_url = \"x\"\n");
    desk.run(&["config"]).assert_refused("SETTINGS_INVALID", &["comerce", "`commerce`?", "`dk`", "dk.toml"]);
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_refused_with_its_place() {
    let broken = Desk::new("[commerce]\nbase_url = \"x\n").run(&["config"]);
    broken.assert_refused("SETTINGS_UNREADABLE", &["ml-connector.toml", "line 2"]);
    let missing = run(Path::new("nowhere/ml-connector.toml"), &["config"], &BTreeMap::new());
    missing.assert_refused("SETTINGS_UNREADABLE", &["nowhere/ml-connector.toml", "--config"]);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
    let file = "[commerce.poll]\ninterval = \"3m\"\npage_size = 50\n[visma]\nclient_secret = \"from-the-file\"\n";
    let desk = Desk::new(file)
        .with("ML__COMMERCE__POLL__INTERVAL", "7m")
        .with("ML__SCOPE__STORES", "1, 2")
        .with("ML__ADMIN__WRITER_VISMA", "127.0.0.1:7")
        .with("ML__VISMA__TENANT_ID", "007");
    let said = desk.run(&["config"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    let config: toml::Table = said.out.parse().unwrap();
    let poll = &config["commerce"]["poll"];
    assert_eq!(poll["interval"].as_str(), Some("7m"));
    assert_eq!(poll["page_size"].as_integer(), Some(50));
    assert_eq!(poll["overlap"].as_str(), Some("10m"));
    assert_eq!(config["scope"]["stores"].as_array().map(Vec::len), Some(2), "{}", said.out);
    assert_eq!(config["admin"]["writer-visma"].as_str(), Some("127.0.0.1:7"), "{}", said.out);
    assert_eq!(config["visma"]["tenant_id"].as_str(), Some("007"));
    assert!(!said.out.contains("from-the-file"), "a secret in clear: {}", said.out);
    assert_eq!(config["visma"]["client_secret"].as_str(), Some("********"));
}

#[test]
fn no_secret_is_printed() {
    let secrets = [
        ("ML__NATS__PASSWORD", "hidden-1"),
        ("ML__VAULT__MASTER_KEY", "hidden-2"),
        ("ML__COMMERCE__CONSUMER_SECRET", "hidden-3"),
        ("ML__COMMERCE__ACCESS_TOKEN", "hidden-4"),
        ("ML__COMMERCE__ACCESS_TOKEN_SECRET", "hidden-5"),
        ("ML__COMMERCE__WEBHOOK__SECRET", "hidden-6-and-long-enough"),
        ("ML__VISMA__CLIENT_SECRET", "hidden-7"),
    ];
    let desk = secrets.into_iter().fold(Desk::new(""), |desk, (name, value)| desk.with(name, value));
    let said = desk.run(&["config"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert_eq!(said.out.matches("********").count(), secrets.len(), "{}", said.out);
    assert!(!said.out.contains("hidden") && !said.err.contains("hidden"), "{said:#?}");
}

#[test]
fn a_command_line_that_is_none_is_told_as_an_object_too() {
    let said = Desk::new("").run(&["drift", "--json", "--evrything"]);
    let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.status, object["code"].as_str()), (Some(2), Some("USAGE")), "{said:#?}");
    assert!(object["sentence"].as_str().unwrap().contains("--evrything"), "{object}");
    let said = Desk::new("").run(&["drift", "--evrything"]);
    assert!(said.out.is_empty() && said.err.contains("--evrything"), "{said:#?}");
}

/// A secret that can be guessed is found before anything is started with it, and an error under `--json` is an object.
#[test]
fn a_webhook_secret_that_is_too_short_is_found_at_once() {
    let desk = Desk::new("[scope]\ngo_live = \"2026-01-01\"\n").with("ML__COMMERCE__WEBHOOK__SECRET", "too-short");
    for verb in [&["config"][..], &["run", "ingestor-commerce"]] {
        let said = desk.run(verb);
        said.assert_refused("WEBHOOK_DOOR", &["has 9 bytes and needs at least 16", "openssl rand"]);
        assert!(!said.out.contains("too-short") && !said.err.contains("too-short"), "{said:#?}");
    }
    let said = desk.run(&["config", "--json"]);
    let lines: Vec<serde_json::Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["connection"], "main", "{said:#?}");
    assert_eq!((said.status, lines[1]["code"].as_str()), (Some(78), Some("WEBHOOK_DOOR")), "{said:#?}");
    assert!(lines[1]["remedy"].as_str().unwrap().contains("openssl") && lines.len() == 2, "{said:#?}");
}

/// The program itself writes the shell's completions and the manual pages, from its own command line.
#[test]
fn completions_and_manual_pages_know_every_verb() {
    let desk = Desk::new("");
    for shell in ["bash", "zsh", "fish"] {
        // Longer than what a pipe takes without a reader.
        let said = Command::new(env!("CARGO_BIN_EXE_ml-connector")).args(["completions", shell]).output().unwrap();
        assert!(said.status.success() && String::from_utf8_lossy(&said.stdout).contains("dead-letters"), "{shell}");
    }
    let said = desk.run(&["man"]);
    assert!(said.out.contains(".TH ml-connector") && said.out.contains("dead\\-letters"), "{said:#?}");
    let folder = desk.folder.join("man").display().to_string();
    assert_eq!(desk.run(&["man", "--out", &folder]).status, Some(0));
    assert!(desk.folder.join("man/ml-connector-credentials-rotate.1").exists());
}

#[test]
fn no_first_start_without_a_go_live_date() {
    let said = Desk::new("").run(&["run", "ingestor-commerce"]);
    said.assert_refused("SCOPE_NO_GO_LIVE", &["scope.go_live", "history"]);
}

#[test]
fn a_mapping_file_is_missing_or_tells_all_its_faults_at_once() {
    let settings = "[scope]\ngo_live = \"2026-01-01\"\n[vault]\nmaster_key = \"\"\n";
    let missing = Desk::new(settings).run(&["run", "mapper"]);
    missing.assert_refused("MAPPING_UNREADABLE", &["mapping.toml", "mapping default"]);
    let faulty = mapping::DEFAULT
        .replace("pin_vat = true", "pin_vta = true")
        .replace("hold = true ", "hold = \"yes\" ")
        .replace("\"Europe/Oslo\"", "\"Oslo\"");
    let desk = Desk::new(settings).file("mapping.toml", &faulty);
    let faults = ["totals.pin_vta", "`pin_vat`?", "invoice.hold", "company.time_zone"];
    desk.run(&["run", "mapper"]).assert_refused("MAPPING_INVALID", &faults);
    // What is asked for is data, each fault with its place.
    let checked = desk.run(&["mapping", "check", "--offline"]);
    assert_eq!(checked.status, Some(1), "{checked:#?}");
    for fault in faults {
        let line = checked.out.lines().find(|line| line.contains(fault));
        assert!(line.is_some_and(|line| line.contains("mapping.toml:")), "{fault}: {checked:#?}");
    }
    let good = Desk::new(settings).file("mapping.toml", mapping::DEFAULT).run(&["mapping", "check", "--offline"]);
    assert_eq!(good.status, Some(0), "{good:#?}");
    assert!(good.out.contains("nothing wrong"), "{good:#?}");
}

#[test]
fn a_master_key_that_is_none_is_refused_before_the_broker_is_waited_for() {
    let nowhere = "[nats]\nurl = \"nats://127.0.0.1:1\"\n[scope]\ngo_live = \"2026-01-01\"\n";
    let without = Desk::new(nowhere);
    let short = Desk::new(nowhere).with("ML__VAULT__MASTER_KEY", "c2hvcnQ=");
    let no_file = Desk::new(nowhere).with("ML__VAULT__MASTER_KEY_FILE", "nowhere/master.key");
    for verb in [&["provision"][..], &["run", "writer-commerce"]] {
        without.run(verb).assert_refused("VAULT_NO_MASTER_KEY", &["master-key"]);
        short.run(verb).assert_refused("VAULT_BAD_MASTER_KEY", &["32 bytes"]);
        no_file.run(verb).assert_refused("VAULT_NO_MASTER_KEY", &["nowhere/master.key"]);
    }
}

#[tokio::test]
async fn what_the_running_broker_does_not_fit_ends_the_service_with_a_sentence() {
    let house = House::prepare(Wishes::default()).await;
    let start = |service: &str, name: &'static str, value: &str| {
        run(&house.installation.config, &["run", service], &BTreeMap::from([(name, value.to_owned())]))
    };
    let other = pipeline::vault::new_master_key();
    start("mapper", "ML__VAULT__MASTER_KEY", &other).assert_refused("VAULT_BAD_MASTER_KEY", &["sealed with"]);
    start("writer-visma", "ML__VISMA__CLIENT_SECRET", "").assert_refused("SETTINGS_INCOMPLETE", &["client_secret"]);
    start("ingestor-commerce", "ML__COMMERCE__BASE_URL", "").assert_refused("SETTINGS_INCOMPLETE", &["base_url"]);
    start("ingestor-commerce", "ML__COMMERCE__WEBHOOK__SECRET", "")
        .assert_refused("WEBHOOK_DOOR", &["secret has 0 bytes", "does not open without a secret"]);
    start("ingestor-commerce", "ML__COMMERCE__WEBHOOK__SECRET", "too-short")
        .assert_refused("WEBHOOK_DOOR", &["secret has 9 bytes"]);
    start("ingestor-commerce", "ML__COMMERCE__WEBHOOK__HEADER", "no header")
        .assert_refused("WEBHOOK_DOOR", &["`no header`"]);
}

#[tokio::test]
async fn a_broker_without_streams_is_told_with_the_command_that_makes_them() {
    let desk = Desk::new("[scope]\ngo_live = \"2026-01-01\"\n").file("mapping.toml", mapping::DEFAULT);
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let broker = Broker::start(&nats::find(cache).unwrap(), &desk.folder.join("broker")).await.unwrap();
    let desk = desk.with("NATS_URL", &broker.url()).with("ML__VAULT__MASTER_KEY", &pipeline::vault::new_master_key());
    let said = desk.run(&["run", "mapper"]);
    said.assert_refused("BROKER_NOT_PROVISIONED", &["ML_KEYS", "`ml-connector provision`"]);
}
