//! The vault: credentials that stand in no file, their changes while everything runs, and another master key.

mod master_key;
mod secrets;
mod webhook;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);
/// Credentials by which Visma and the shop know us, as the settings name them.
const SETTINGS: [&str; 7] = [
    "VISMA__CLIENT_ID",
    "VISMA__CLIENT_SECRET",
    "VISMA__TENANT_ID",
    "COMMERCE__CONSUMER_KEY",
    "COMMERCE__CONSUMER_SECRET",
    "COMMERCE__ACCESS_TOKEN",
    "COMMERCE__ACCESS_TOKEN_SECRET",
];

/// Settings without a credential.
pub(crate) fn without_credentials() -> Wishes {
    SETTINGS.iter().fold(Wishes::default(), |wishes, name| wishes.set(name, ""))
}

/// Runs a verb with `input` on its standard input, as an operator whose settings have no credential.
fn verb(house: &House, arguments: &[&str], input: &str) -> Output {
    verb_beside(house, &[], arguments, input)
}

/// As [`verb`], of an operator whose environment has these settings.
fn verb_beside(house: &House, own: &[(&str, &str)], arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ml-connector"));
    command.arg("--config").arg(&house.installation.config).args(arguments);
    command.envs(SETTINGS.iter().map(|name| (format!("ML__{name}"), "")));
    command.env("ML__COMMERCE__WEBHOOK__SECRET", "").env("USER", "kari");
    if house.installation.broker.guarded {
        command.env("ML__NATS__USER", "vault");
    }
    command.envs(own.iter().copied());
    command.envs(["NATS_URL", "NATS_CREDS", "NATS_USER", "NATS_PASSWORD"].map(|name| (name, "")));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// As [`verb`], which must succeed; what it printed.
pub(crate) fn done(house: &House, arguments: &[&str], input: &str) -> String {
    let output = verb(house, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// As [`verb`], which must fail; what it said.
fn refused(house: &House, arguments: &[&str], input: &str) -> String {
    let output = verb(house, arguments, input);
    assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn visma() -> String {
    let company = sandbox::visma::Config::default();
    let (id, secret, tenant) = (company.client_id, company.client_secret, company.tenant_id);
    format!("client_id = {id}\nclient_secret = {secret}\ntenant_id = {tenant}\n")
}

fn commerce() -> String {
    commerce_of(&sandbox::commerce::Integration::default())
}

fn commerce_of(integration: &sandbox::commerce::Integration) -> String {
    format!(
        "consumer_key = {}\nconsumer_secret = {}\naccess_token = {}\naccess_token_secret = {}\n",
        integration.consumer_key,
        integration.consumer_secret,
        integration.access_token,
        integration.access_token_secret
    )
}

/// A house whose credentials stand in the vault alone.
pub(crate) async fn furnished(wishes: Wishes) -> House {
    let house = House::prepare(wishes).await;
    done(&house, &["credentials", "set", "visma", "--by", "kari@regnskap"], &visma());
    done(&house, &["credentials", "set", "commerce"], &commerce());
    house
}

fn listed(house: &House, vendor: &str) -> Value {
    let lines = done(house, &["credentials", "list", "--json"], "");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.into_iter().find(|line| line["vendor"] == vendor).unwrap()
}

async fn tell_visma(house: &House, secret: &str) {
    house.installation.tell("visma/config", &json!({ "client_secret": secret })).await.unwrap();
    house.installation.tell("visma/revoke-tokens", &json!({})).await.unwrap();
}

#[tokio::test]
async fn credentials_change_while_services_run() {
    let mut house = furnished(without_credentials()).await;
    let first = listed(&house, "visma");
    assert_eq!(first["by"], "kari@regnskap");
    assert_eq!(first["kept"], json!(["client_id", "client_secret", "tenant_id"]));
    let tried = done(&house, &["credentials", "test"], "");
    assert!(tried.contains("shows the company") && tried.contains("store views"), "{tried}");
    house.installation.start_services().unwrap();
    house.place(3, 3).await;
    house.until_booked(3, PATIENCE).await;

    // One that Visma does not know is tried, and changes nothing.
    let said = refused(&house, &["credentials", "rotate", "visma"], "client_secret = unknown-to-visma\n");
    assert!(said.contains("VISMA_CLIENT_REFUSED"), "{said}");
    assert_eq!(listed(&house, "visma"), first);

    let old = sandbox::visma::Config::default().client_secret;
    tell_visma(&house, "the-second-secret").await;
    done(&house, &["credentials", "rotate", "visma"], "client_secret = the-second-secret\n");
    assert_ne!(listed(&house, "visma")["fingerprint"], first["fingerprint"]);
    house.place(3, 3).await;
    house.until_booked(6, PATIENCE).await;

    // A part of Visma that has not heard of the change knows the old one only.
    tell_visma(&house, &old).await;
    house.place(3, 3).await;
    house.until_booked(9, PATIENCE).await;
    assert_eq!(house.dead_letters().await, []);
}

/// A setting wins over the vault; what is tried are the new ones all the same, before they replace the old.
#[tokio::test]
async fn what_is_tried_is_what_is_kept_although_a_setting_wins() {
    let house = furnished(without_credentials()).await;
    let first = listed(&house, "visma");
    let company = sandbox::visma::Config::default();
    let own = [
        ("ML__VISMA__CLIENT_ID", company.client_id.as_str()),
        ("ML__VISMA__CLIENT_SECRET", &company.client_secret),
        ("ML__VISMA__TENANT_ID", &company.tenant_id),
    ];
    let rotate = ["credentials", "rotate", "visma"];
    let said = verb_beside(&house, &own, &rotate, "client_secret = unknown-to-visma\n");
    let told = String::from_utf8_lossy(&said.stderr);
    assert!(!said.status.success() && told.contains("VISMA_CLIENT_REFUSED"), "{told}");
    assert_eq!(listed(&house, "visma"), first);

    done(&house, &["credentials", "remove", "visma", "--apply"], "");
    let nothing = verb_beside(&house, &own, &["credentials", "set", "visma"], "");
    let told = String::from_utf8_lossy(&nothing.stderr);
    assert!(!nothing.status.success() && told.contains("CREDENTIALS_INPUT"), "nothing was kept: {told}");
    assert_eq!(listed(&house, "visma")["kept"], json!([]));
}

/// The shop lets in whoever signs as one of these integrations.
async fn let_in(house: &House, integrations: &[&sandbox::commerce::Integration]) {
    house.installation.tell_shop("commerce/config", &json!({ "integrations": integrations })).await.unwrap();
}

#[tokio::test]
async fn commerces_credentials_change_while_services_run() {
    use sandbox::commerce::Integration;
    let wishes = without_credentials().set("COMMERCE__POLL__INTERVAL", "300ms");
    let mut house = furnished(wishes).await;
    house.installation.start_services().unwrap();
    house.place(3, 3).await;
    house.until_booked(3, PATIENCE).await;
    let (old, first) = (Integration::default(), listed(&house, "commerce"));
    let new = Integration {
        consumer_key: "sandbox0consumer0key000000000002".to_owned(),
        consumer_secret: "sandbox0consumer0secret000000002".to_owned(),
        access_token: "sandbox0access0token000000000002".to_owned(),
        access_token_secret: "sandbox0token0secret000000000002".to_owned(),
        ..Integration::default()
    };

    // One that the shop does not know is tried, and changes nothing.
    let said = refused(&house, &["credentials", "rotate", "commerce"], &commerce_of(&new));
    assert!(said.contains("CREDENTIALS_REFUSED"), "{said}");
    assert_eq!(listed(&house, "commerce"), first);

    // A new integration beside the old one; then the old one is deleted.
    let_in(&house, &[&old, &new]).await;
    done(&house, &["credentials", "rotate", "commerce"], &commerce_of(&new));
    assert_ne!(listed(&house, "commerce")["fingerprint"], first["fingerprint"]);
    let_in(&house, &[&new]).await;
    house.place(3, 3).await;
    house.until_booked(6, PATIENCE).await;

    // While those before are good, a shop that was set back to a copy of yesterday is read, too.
    let_in(&house, &[&old]).await;
    house.place(3, 3).await;
    house.until_booked(9, PATIENCE).await;
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn removed_credentials_are_used_no_more_until_others_are_kept() {
    let mut house = furnished(without_credentials()).await;
    house.installation.start_services().unwrap();
    house.place(1, 1).await;
    house.until_booked(1, PATIENCE).await;
    let plan = done(&house, &["credentials", "remove", "visma"], "");
    assert!(plan.contains("client_secret") && plan.contains("--apply"), "{plan}");
    assert_eq!(listed(&house, "visma")["by"], "kari@regnskap");
    done(&house, &["credentials", "remove", "visma", "--apply"], "");
    house.place(2, 2).await;
    let started = std::time::Instant::now();
    while !house.readiness("writer-visma").await.unwrap_or_default().contains("visma.client_id is not set") {
        assert!(started.elapsed() < PATIENCE, "{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(house.ledger().await["invoices"]["count"], 1);
    done(&house, &["credentials", "set", "visma"], &visma());
    house.until_booked(3, PATIENCE).await;
    let said = refused(&house, &["credentials", "set", "visma"], &visma());
    assert!(said.contains("CREDENTIALS_STAND"), "{said}");
}

#[tokio::test]
async fn what_is_wrong_with_credentials_is_told_without_them() {
    let house = House::prepare(without_credentials()).await;
    let said = refused(&house, &["credentials", "set", "visma"], "client_id = a\nclient_secret = hemmelig\n");
    assert!(said.contains("CREDENTIALS_INCOMPLETE") && said.contains("tenant_id"), "{said}");
    let misspelt = refused(&house, &["credentials", "set", "visma"], "client_secert = hemmelig\n");
    assert!(misspelt.contains("CREDENTIALS_INPUT") && misspelt.contains("client_secret"), "{misspelt}");
    assert!(!format!("{said}{misspelt}").contains("hemmelig"));
    let said = refused(&house, &["credentials", "rotate", "commerce"], "");
    assert!(said.contains("CREDENTIALS_NONE"), "{said}");
    let said = refused(&house, &["credentials", "test", "visma"], "");
    assert!(said.contains("SETTINGS_INCOMPLETE"), "{said}");
}
