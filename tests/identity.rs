//! Two installations that call their connection by one name on one broker, and one that moves: nobody takes another
//! one's orders.

use std::time::{Duration, Instant};

use ml_connector::stand::ports::Port;
use ml_connector::stand::process::Process;
use serde_json::json;

use crate::house::{House, Wishes};
use crate::vault;

const PATIENCE: Duration = Duration::from_secs(60);
const CODE: &str = "CONNECTION_TAKEN";

/// Settings over those of the house, as whole variables.
type Settings = Vec<(String, String)>;

fn with(settings: &[(&str, &str)]) -> Settings {
    settings.iter().map(|(key, value)| (format!("ML__{key}"), (*value).to_owned())).collect()
}

/// Runs `provision`: its exit code, and all that it said.
async fn provision(house: &House, arguments: &[&str], settings: &Settings) -> (Option<i32>, String) {
    let settings = settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let settings: Vec<_> = settings.chain([("ML__NATS__USER", "provision")]).collect();
    let (code, data, talk) = house.verb(&[&["provision"], arguments].concat(), &settings).await;
    (code, data + &talk)
}

async fn assert_refused(house: &House, arguments: &[&str], settings: &Settings, says: &[&str]) {
    let (code, said) = provision(house, arguments, settings).await;
    assert_ne!(code, Some(0), "{said}");
    assert!([&[CODE], says].concat().iter().all(|words| said.contains(words)), "{says:?}: {said}");
}

async fn assert_done(house: &House, arguments: &[&str], settings: &Settings) -> String {
    let (code, said) = provision(house, arguments, settings).await;
    assert_eq!(code, Some(0), "{said}");
    said
}

/// Waits until `service` is not ready, and says each of `says`.
async fn until_taken(house: &House, service: &str, says: &[&str]) {
    let started = Instant::now();
    loop {
        let readiness = house.readiness(service).await.unwrap_or_default();
        if readiness.starts_with("not ready") && [&[CODE], says].concat().iter().all(|words| readiness.contains(words))
        {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{service} does not say {says:?}: {readiness}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn start(house: &mut House, services: &[&str], settings: &Settings) {
    for service in services {
        house.installation.start_service_with(service, settings).unwrap();
    }
}

/// A shop and a company of somebody else on this machine, with orders, and the settings of who has them.
struct Other {
    _sandbox: Process,
    ports: [Port; 2],
    settings: Settings,
}

impl Other {
    fn start(house: &House) -> Self {
        let ports = [Port::take().unwrap(), Port::take().unwrap()];
        let [visma, commerce] = ports.each_ref().map(|port| port.address.to_string());
        let arguments = ["sandbox", "--visma", &visma, "--commerce", &commerce, "--orders", "2"].map(AsRef::as_ref);
        let log = house.installation.folder().join("other-sandbox.log");
        let binary = env!("CARGO_BIN_EXE_ml-connector").as_ref();
        let _sandbox = Process::start("sandbox", binary, &arguments, &[], &log).unwrap();
        let settings = with(&[
            ("COMMERCE__BASE_URL", &format!("http://{commerce}/rest/default")),
            ("VISMA__BASE_URL", &format!("http://{visma}")),
            ("VISMA__TOKEN_URL", &format!("http://{visma}/connect/token")),
            ("COMMERCE__WEBHOOK__LISTEN", "127.0.0.1:0"),
        ]);
        Self { _sandbox, ports, settings }
    }

    async fn invoices(&self) -> u64 {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}/_sandbox/ledger", self.ports[0].address);
        let started = Instant::now();
        loop {
            match client.get(&url).send().await {
                Ok(answer) => {
                    let ledger: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
                    return ledger["invoices"]["count"].as_u64().unwrap();
                }
                Err(e) => assert!(started.elapsed() < PATIENCE, "{e}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The first one's orders stand on the broker when the services of the second one come, as their mapper and its writer
/// would take them at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_shops_installation_of_the_same_name_takes_nothing() {
    let mut house = House::prepare(Wishes { rights: true, ..Wishes::default() }).await;
    let other = Other::start(&house);
    let shops =
        [house.installation.commerce, other.ports[1].address].map(|address| format!("the shop http://{address}"));
    let says = [shops[0].as_str(), shops[1].as_str()];
    assert_refused(&house, &[], &other.settings, &says).await;

    start(&mut house, &["ingestor-commerce"], &Settings::new());
    house.place(3, 3).await;
    let started = Instant::now();
    while house.messages("CHANGES").await < 3 {
        assert!(started.elapsed() < PATIENCE, "{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(house.installation.take_service("ingestor-commerce"));
    let all = ["ingestor-commerce", "ingestor-visma", "mapper", "writer-visma", "writer-commerce"];
    let changes = house.messages("CHANGES").await;
    start(&mut house, &all, &other.settings);
    for service in all {
        until_taken(&house, service, &says).await;
    }
    let mapper = house.jetstream().await.get_stream("CHANGES").await.unwrap().consumer_info("mapper").await.unwrap();
    assert_eq!((mapper.num_waiting, mapper.delivered.stream_sequence), (0, 0), "{mapper:?}");
    assert_eq!((house.messages("CHANGES").await, house.messages("COMMANDS").await), (changes, 0));
    assert_eq!(other.invoices().await, 0);

    house.installation.services.clear();
    house.installation.start_services().unwrap();
    house.until_booked(3, PATIENCE).await;
    assert_eq!((other.invoices().await, house.dead_letters().await), (0, vec![]));
}

/// Running services let a broker be that comes back as another shop's, before they take anything more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_comes_back_as_another_ones_is_let_be() {
    let mut house = House::start(Wishes::default()).await;
    house.place(2, 2).await;
    house.until_booked(2, PATIENCE).await;
    house.keep_of_connection(Some(("shop", "https://another.example"))).await;
    house.installation.broker.kill_and_restart().await.unwrap();
    for service in ["ingestor-commerce", "ingestor-visma", "mapper", "writer-visma", "writer-commerce"] {
        until_taken(&house, service, &["the shop https://another.example"]).await;
    }
    house.place(2, 2).await;
    let own = format!("http://{}", house.installation.commerce);
    house.keep_of_connection(Some(("shop", &own))).await;
    house.until_booked(4, PATIENCE).await;
}

#[tokio::test]
async fn a_shop_that_gets_another_address_is_moved_on_purpose() {
    let mut house = House::prepare(Wishes { rights: true, ..Wishes::default() }).await;
    let moved = with(&[("COMMERCE__BASE_URL", "https://new.example.com/rest/default")]);
    start(&mut house, &["mapper"], &moved);
    until_taken(&house, "mapper", &["https://new.example.com"]).await;
    house.installation.services.clear();
    // Another view of the same shop is no move.
    let view = format!("http://{}/rest/all/", house.installation.commerce);
    assert_done(&house, &[], &with(&[("COMMERCE__BASE_URL", &view)])).await;

    let shown = assert_done(&house, &["--moved"], &moved).await;
    assert!(shown.contains("shop: https://new.example.com instead of http://127.0.0.1:"), "{shown}");
    assert_refused(&house, &[], &moved, &[]).await;
    start(&mut house, &["mapper"], &Settings::new());
    house.until_ready("mapper").await;
    house.until_pulled("CHANGES", "mapper").await;
    assert_refused(&house, &["--moved", "--apply"], &moved, &["while its services run: mapper"]).await;
    house.installation.services.clear();
    assert_done(&house, &["--moved", "--apply"], &moved).await;
    assert_refused(&house, &[], &Settings::new(), &["the shop https://new.example.com"]).await;
    start(&mut house, &["mapper"], &moved);
    house.until_ready("mapper").await;
}

/// An installation of before this was kept works on, and is kept by the next `provision`.
#[tokio::test]
async fn what_nobody_has_kept_is_kept_by_the_next_provision() {
    let mut house = House::prepare(Wishes::default()).await;
    house.keep_of_connection(None).await;
    start(&mut house, &["mapper"], &Settings::new());
    house.until_ready("mapper").await;
    assert_done(&house, &[], &Settings::new()).await;
    let other = with(&[("VISMA__COMPANY_ID", "7654321")]);
    assert_refused(&house, &[], &other, &["Visma company 1234567", "Visma company 7654321"]).await;
}

/// Another tenant in the vault is another company: nothing is called under it, before and after a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenant_in_the_vault_books_nothing() {
    let mut house = vault::furnished(Wishes { rights: true, ..vault::without_credentials() }).await;
    house.installation.start_services().unwrap();
    house.place(2, 2).await;
    house.until_booked(2, PATIENCE).await;
    let (first, second) = (sandbox::visma::Config::default().tenant_id, "11111111-2222-4333-8444-555555555555");
    house.installation.tell("visma/config", &json!({ "tenant_id": second })).await.unwrap();
    house.installation.tell("visma/revoke-tokens", &json!({})).await.unwrap();
    let rotate = ["credentials", "rotate", "visma", "--overlap", "1ms"];
    vault::done(&house, &rotate, &format!("tenant_id = {second}\n"));
    house.place(2, 2).await;
    let names = [format!("Visma tenant {first}"), format!("Visma tenant {second}")];
    let names = [names[0].as_str(), names[1].as_str()];
    let both = ["ingestor-visma", "writer-visma"];
    for service in both {
        until_taken(&house, service, &names).await;
        drop(house.installation.take_service(service));
    }
    start(&mut house, &both, &Settings::new());
    for service in both {
        until_taken(&house, service, &names).await;
    }
    house.until_booked(2, PATIENCE).await;
    // A person may look at it all the same.
    let operator = [("ML__NATS__USER", "operator"), ("ML__VISMA__TENANT_ID", second)];
    assert_eq!(house.verb(&["ping", "visma"], &operator).await.0, Some(0));

    // It is the same company under a new tenant.
    assert_refused(&house, &["--moved", "--apply"], &Settings::new(), &["while its services run"]).await;
    house.installation.services.clear();
    let said = assert_done(&house, &["--moved", "--apply"], &Settings::new()).await;
    assert!(said.contains(&format!("instead of {first}")), "{said}");
    house.installation.start_services().unwrap();
    house.until_booked(4, PATIENCE).await;
    assert_refused(&house, &[], &with(&[("VISMA__TENANT_ID", &first)]), &names).await;
}
