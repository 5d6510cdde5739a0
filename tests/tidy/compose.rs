//! `docker-compose.yml` says what the binary, the settings and the broker's users say; held together without Docker.
//!
//! The file is read as text, by the two spaces that every service, volume and secret of it stands behind: one file of
//! ours is no reason for a parser of YAML.

use std::collections::BTreeSet;
use std::process::Command;

use super::{assert_none, ml_connector, read, root};

const SANDBOX: &str = "deploy/compose/sandbox";

/// The entries of a section at the top of the file, and the lines below each; comments are left out.
fn section(name: &str) -> Vec<(String, Vec<String>)> {
    let text = read("docker-compose.yml");
    let body = text.split(&format!("\n{name}:\n")).nth(1).unwrap_or_else(|| panic!("no section {name}"));
    let mut entries: Vec<(String, Vec<String>)> = Vec::new();
    for line in body.lines().take_while(|line| line.is_empty() || line.starts_with(' ')) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        match line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')).and_then(|rest| rest.split_once(':')) {
            Some((entry, rest)) => entries.push((entry.to_owned(), vec![rest.trim().to_owned()])),
            None => entries.last_mut().unwrap().1.push(trimmed.to_owned()),
        }
    }
    entries
}

/// The items of a list on one line: `secrets: [one, two]`, with or without quotation marks.
fn items(lines: &[String], key: &str) -> Vec<String> {
    let list = lines.iter().find_map(|line| line.strip_prefix(&format!("{key}: ["))?.strip_suffix(']'));
    let items = list.unwrap_or_default().split(',').map(|item| item.trim().trim_matches('"').to_owned());
    items.filter(|item| !item.is_empty()).collect()
}

/// The value of a key of one line.
fn value<'a>(lines: &'a [String], key: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| line.strip_prefix(&format!("{key}: ")))
}

/// Returns the words that can follow `ml-connector run`, as the program itself says them.
fn services_of_the_binary() -> Vec<String> {
    let said = ml_connector(&["run", "no-such-service"], &[]);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let named = said.split("[possible values: ").nth(1).and_then(|rest| rest.split(']').next());
    let named: Vec<String> = named.unwrap_or_default().split(", ").map(str::to_owned).collect();
    assert!(named.len() >= 5, "{said}");
    named
}

#[test]
fn every_service_of_the_binary_has_a_container_a_user_a_port_and_its_secrets() {
    let containers = section("services");
    let mut wrong = Vec::new();
    for service in services_of_the_binary() {
        let Some((_, lines)) = containers.iter().find(|(name, _)| *name == service) else {
            wrong.push(format!("{service} has no container"));
            continue;
        };
        let variable = format!("ML__ADMIN__{}", service.to_uppercase().replace('-', "_"));
        let default = read("services/ml-connector/src/default.toml");
        let port =
            default.lines().find_map(|line| line.strip_prefix(&format!("{service} = \"127.0.0.1:"))?.strip_suffix('"'));
        let port = port.unwrap_or_else(|| panic!("{service} has no admin port"));
        for (key, expected) in [
            ("command", format!("run {service}")),
            ("ML__NATS__USER", service.clone()),
            ("ML__NATS__PASSWORD_FILE", format!("/run/secrets/nats-{service}")),
            (variable.as_str(), format!("0.0.0.0:{port}")),
        ] {
            if value(lines, key) != Some(&expected) {
                wrong.push(format!("{service}: {key} is {:?}, not {expected}", value(lines, key)));
            }
        }
        let secrets = items(lines, "secrets");
        for secret in ["master-key".to_owned(), format!("nats-{service}")] {
            if !secrets.contains(&secret) {
                wrong.push(format!("{service} does not get the secret {secret}"));
            }
        }
        let on_the_host = format!("${{ML_PORT_{}:-{port}}}", service.to_uppercase().replace('-', "_"));
        if !items(lines, "ports").contains(&format!("127.0.0.1:{on_the_host}:{port}")) {
            wrong.push(format!("{service} does not show its admin port {port}"));
        }
    }
    assert_none("services that docker-compose.yml runs wrongly", &wrong);
}

#[test]
fn nothing_is_bound_but_to_the_loopback_interface() {
    let mut ports = 0;
    let mut open = Vec::new();
    for (service, lines) in section("services") {
        let listed = items(&lines, "ports");
        let keys = lines.iter().filter(|line| line.starts_with("ports:")).count();
        assert_eq!(keys, usize::from(!listed.is_empty()), "{service}: ports are a list on one line");
        ports += listed.len();
        open.extend(
            listed.into_iter().filter(|port| !port.starts_with("127.0.0.1:")).map(|p| format!("{service}: {p}")),
        );
        open.extend(lines.into_iter().filter(|line| line.starts_with("network_mode:") || line == "privileged: true"));
    }
    assert!(ports > 8, "only {ports} ports were found");
    let text = read("docker-compose.yml");
    assert_eq!(text.matches(":${ML_PORT_").count(), ports, "a port of the host that cannot be changed");
    assert_none("ports that others can reach", &open);
}

#[test]
fn the_settings_of_every_container_are_settings() {
    let config = root().join(SANDBOX).join("config/ml-connector.toml");
    let mut asked = 0;
    for (service, lines) in section("services") {
        let own = lines.iter().filter(|line| line.starts_with("ML__")).filter_map(|line| line.split_once(": "));
        let in_the_sandbox = |value: &str| match value.strip_prefix("/run/secrets/") {
            Some(secret) => root().join(SANDBOX).join("secrets").join(secret).display().to_string(),
            None => value.to_owned(),
        };
        let mut settings: Vec<(&str, String)> = own.map(|(name, value)| (name, in_the_sandbox(value))).collect();
        if settings.is_empty() {
            continue;
        }
        asked += 1;
        settings.push(("ML_CONFIG", config.display().to_string()));
        settings.push(("ML__VAULT__MASTER_KEY_FILE", in_the_sandbox("/run/secrets/master-key")));
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let output = ml_connector(&["config"], &settings);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{service}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(&format!("user = \"{service}\"")), "{service} is no user of the broker: {said}");
        assert!(said.contains("password = \"********\""), "{service} has no password: {said}");
    }
    assert!(asked >= 6, "only {asked} containers have settings");
}

#[test]
fn secrets_are_those_that_a_new_folder_has() {
    let declared: BTreeSet<String> = section("secrets").into_iter().map(|(name, _)| name).collect();
    let used: BTreeSet<String> = section("services").iter().flat_map(|(_, lines)| items(lines, "secrets")).collect();
    assert_eq!(declared, used, "secrets that are declared, and that containers get");

    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("new-{}", std::process::id()));
    // Whoever keeps everything to themselves, too, makes a folder that containers can read.
    let closed = ["-c", "umask 077; exec bash \"$0\" \"$1\""];
    let made = Command::new("bash").args(closed).arg(root().join("deploy/compose/new")).arg(&folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let names = |path: &std::path::Path| -> BTreeSet<String> {
        let entries = std::fs::read_dir(path.join("secrets")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names(&folder), declared, "secrets that deploy/compose/new makes");
    assert_eq!(names(&root().join(SANDBOX)), declared, "secrets of the sandbox");

    let secret = |name: &str| std::fs::read_to_string(folder.join("secrets").join(name)).unwrap();
    let passwords = secret("nats-passwords");
    for variable in read("deploy/nats/users.conf").split("password: $").skip(1) {
        let variable: String = variable.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
        let user = variable.trim_start_matches("ML_NATS_").to_lowercase().replace('_', "-");
        let line = format!("{variable}={}\n", secret(&format!("nats-{user}")));
        assert!(passwords.contains(&line), "the broker has another password for {user}");
    }
    let told = String::from_utf8_lossy(&made.stdout).into_owned();
    let steps = ["company_id", "ping", "mapping init", "answer the questions", "mapping check", "start the services"];
    let at: Vec<usize> =
        steps.iter().map(|step| told.find(step).unwrap_or_else(|| panic!("no {step} in {told}"))).collect();
    assert!(at.is_sorted(), "the steps are not in their order: {told}");
    // What is there is kept when it is run again, and the key is one.
    let before = secret("master-key");
    assert!(
        Command::new("bash").arg(root().join("deploy/compose/new")).arg(&folder).output().unwrap().status.success()
    );
    assert_eq!(secret("master-key"), before);
    let key = ("ML__VAULT__MASTER_KEY_FILE", folder.join("secrets/master-key").display().to_string());
    let output = ml_connector(
        &["provision"],
        &[(key.0, &key.1), ("NATS_URL", "nats://127.0.0.1:1"), ("ML__NATS__START_TIMEOUT", "0s")],
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("BROKER_AWAY"), "the key is taken, and then the broker is looked for: {said}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_sandbox_lets_its_own_settings_in() {
    let settings: toml::Table = read(&format!("{SANDBOX}/config/ml-connector.toml")).parse().unwrap();
    let of = |section: &str, key: &str| settings[section][key].as_str().unwrap().to_owned();
    let company = sandbox::visma::Config::default();
    let integration = sandbox::commerce::Integration::default();
    assert_eq!(of("visma", "client_id"), company.client_id);
    assert_eq!(of("visma", "client_secret"), company.client_secret);
    assert_eq!(of("visma", "tenant_id"), company.tenant_id);
    assert_eq!(of("visma", "company_id"), company.company_id);
    assert_eq!(of("commerce", "consumer_key"), integration.consumer_key);
    assert_eq!(of("commerce", "consumer_secret"), integration.consumer_secret);
    assert_eq!(of("commerce", "access_token"), integration.access_token);
    assert_eq!(of("commerce", "access_token_secret"), integration.access_token_secret);

    let containers = section("services");
    let (_, lines) = containers.iter().find(|(name, _)| name == "sandbox").unwrap();
    let told = lines.iter().find_map(|line| line.split_once("--commerce-config=")?.1.strip_suffix('\'')).unwrap();
    let commerce: sandbox::commerce::Config = serde_json::from_str(told).unwrap();
    let webhook = commerce.webhook.unwrap();
    assert_eq!(webhook.secret, read(&format!("{SANDBOX}/secrets/webhook")).trim_end());
    assert!(webhook.secret.len() >= 16, "the door does not open with less");
    assert_eq!(webhook.url, "http://ingestor-commerce:8080/webhooks/commerce");
    for (base, flag) in [(of("visma", "base_url"), "--visma="), (of("commerce", "base_url"), "--commerce=")] {
        let port = lines.iter().find_map(|line| line.strip_prefix("- ")?.strip_prefix(flag)?.strip_prefix("0.0.0.0:"));
        assert!(base.starts_with(&format!("http://sandbox:{}", port.unwrap())), "{base} is not where {flag} is");
    }
}

#[test]
fn images_have_the_versions_of_the_code() {
    let compose = read("docker-compose.yml");
    let own = format!("image: ml-connector:{}\n", env!("CARGO_PKG_VERSION"));
    assert!(compose.contains(&own), "docker-compose.yml does not say {own}");
    let source = read("services/ml-connector/src/stand/nats.rs");
    let release = source.split("const RELEASE: &str = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(
        compose.contains(&format!("image: nats:{release}-alpine\n")),
        "the broker is not the one of the tests, {release}"
    );
    let dockerfile = read("deploy/Dockerfile");
    assert!(
        dockerfile.contains("\nUSER 65532:65532\n")
            && dockerfile.contains("\"/usr/local/bin/ml-connector\", \"health\"")
    );
}

/// A stand-in for the server runs until it is told to stop; one for wget says that it is well while a file is there.
#[test]
fn a_broker_that_was_well_and_takes_nothing_any_more_is_ended_to_be_started_again() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("run-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let well = folder.join("well");
    for (name, script) in [("nats-server", "exec sleep 60".to_owned()), ("wget", format!("test -e {}", well.display()))]
    {
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        let made = Command::new("chmod").arg("+x").arg(&path).status().unwrap();
        assert!(made.success());
    }
    let search = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut run = Command::new("sh");
    run.arg(root().join("deploy/nats/run")).env("PATH", search).env("ML_NATS_LOOK", "0.1").env("ML_NATS_MOST", "3");
    let mut running = run.spawn().unwrap();
    let pause = |running: &mut std::process::Child| {
        std::thread::sleep(std::time::Duration::from_secs(2));
        running.try_wait().unwrap()
    };
    assert_eq!(pause(&mut running), None, "one that has not been well yet is left alone");
    std::fs::write(&well, "").unwrap();
    assert_eq!(pause(&mut running), None);
    std::fs::remove_file(&well).unwrap();
    let ended = pause(&mut running);
    if ended.is_none() {
        let _ = running.kill();
    }
    assert_eq!(ended.and_then(|status| status.code()), Some(1), "it was ill for long");

    std::fs::write(&well, "").unwrap();
    let mut running = run.spawn().unwrap();
    assert_eq!(pause(&mut running), None);
    assert!(Command::new("kill").arg(running.id().to_string()).status().unwrap().success());
    assert!(pause(&mut running).is_some(), "it ends when it is told to, and the server with it");
    std::fs::remove_dir_all(&folder).unwrap();
    let text = read("docker-compose.yml");
    assert!(text.contains("./deploy/nats/run:/etc/nats/run:ro") && text.contains("exec /bin/sh /etc/nats/run "));
}
