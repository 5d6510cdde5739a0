//! Asking both systems as any of their clients would, and waiting until nothing is on its way between them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::PATIENCE;
use crate::house::House;

/// Has the polls of one system run now, and waits until each of them has read everything: one that the budget stops
/// goes on by itself.
pub(crate) async fn poll(house: &House, system: &str) {
    let asked = Timestamp::now();
    verb(house, &["poll", "now", system]).await;
    let started = Instant::now();
    loop {
        let said = verb(house, &["poll", "list", "--json"]).await;
        let polls: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut polls = polls.iter().filter(|poll| poll["poll"].as_str().unwrap().starts_with(system));
        if polls.all(|poll| has_run_since(poll, asked)) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{said}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn has_run_since(poll: &Value, asked: Timestamp) -> bool {
    let time = |name: &str| poll[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let (began, ended) = (time("began"), time("ended"));
    poll["trouble"].is_null() && began >= Some(asked) && ended >= began
}

/// Runs a verb, and returns what it prints.
async fn verb(house: &House, arguments: &[&str]) -> String {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ml-connector"));
    let output = command.arg("--config").arg(&house.installation.config).args(arguments).output().await.unwrap();
    let [said, talk] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{arguments:?}: {said}{talk}\n{}", house.logs());
    said
}

/// Waits until the shop is read and every message is dealt with.
pub(crate) async fn until_quiet(house: &House) {
    poll(house, "commerce").await;
    let started = Instant::now();
    let mut before = None;
    loop {
        let (waiting, written) = traffic(house).await;
        if waiting == 0 && before == Some(written) {
            return;
        }
        before = (waiting == 0).then_some(written);
        assert!(started.elapsed() < PATIENCE, "{waiting} messages wait\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Messages that a service has yet to deal with, and messages ever written.
async fn traffic(house: &House) -> (u64, u64) {
    let jetstream = house.jetstream().await;
    let parked = house.installation.log().await.unwrap().waiting().await.unwrap();
    let (mut waiting, mut written) = (parked.len() as u64, 0);
    for name in ["HINTS", "CHANGES", "COMMANDS", "OUTCOMES"] {
        let stream = jetstream.get_stream(name).await.unwrap();
        written += stream.cached_info().state.last_sequence;
        let mut consumers = stream.consumers();
        while let Some(consumer) = consumers.try_next().await.unwrap() {
            // A service that has read its view of a stream leaves behind what it was read with.
            if consumer.config.durable_name.is_some() {
                waiting += consumer.num_pending + consumer.num_ack_pending as u64;
            }
        }
    }
    (waiting, written)
}

/// Bodies of the comments that the shop has taken.
pub(crate) async fn comments(house: &House) -> Vec<String> {
    let log = house.installation.ask("log?since=0").await.unwrap();
    let of = |entry: &&Value| {
        let kind = entry["kind"].as_str().unwrap();
        kind.starts_with("POST ") && kind.ends_with("/comments") && entry["status"] == 200
    };
    log.as_array().unwrap().iter().filter(of).map(|entry| entry["body"].as_str().unwrap().to_owned()).collect()
}

/// How many of these customers of the shop live in Visma where they live in the shop.
pub(crate) async fn arrived(house: &House, customers: &[u64]) -> u64 {
    let (shop, visma) = (Client::of_shop(house).await, Client::of_visma(house).await);
    let listed = visma.get("/v1/customer?pageNumber=1&pageSize=500").await;
    let listed = listed.as_array().unwrap().iter().map(|row| {
        let email = row["mainContact"]["email"].as_str().unwrap_or_default().to_lowercase();
        (email, row["mainAddress"]["addressLine1"].clone())
    });
    let streets: HashMap<String, Value> = listed.collect();
    let mut arrived = 0;
    for id in customers {
        let customer = shop.get(&format!("/rest/default/V1/customers/{id}")).await;
        let email = customer["email"].as_str().unwrap().to_lowercase();
        let street = &customer["addresses"][0]["street"][0];
        assert!(street.as_str().unwrap().starts_with("Flyttegata "), "{customer} was not edited");
        arrived += u64::from(streets.get(&email) == Some(street));
    }
    arrived
}

/// A client of one of the systems, with its token.
struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    async fn of_shop(house: &House) -> Self {
        let (http, base) = (http(), format!("http://{}", house.installation.commerce));
        let admin = sandbox::commerce::Config::default().admins.accounts.remove(0);
        let body = json!({ "username": admin.username, "password": admin.password }).to_string();
        let request = http.post(format!("{base}/rest/default/V1/integration/admin/token"));
        let token = answered(request.header("content-type", "application/json").body(body)).await;
        Self { http, base, token: token.as_str().unwrap().to_owned() }
    }

    async fn of_visma(house: &House) -> Self {
        let (http, base) = (http(), format!("http://{}", house.installation.visma));
        let sandbox::visma::Config { client_id, client_secret, tenant_id, .. } = sandbox::visma::Config::default();
        let form = format!(
            "grant_type=client_credentials&client_id={client_id}&client_secret={client_secret}&tenant_id={tenant_id}\
             &scope=vismanet_erp_service_api:read"
        );
        let request = http.post(format!("{base}/connect/token"));
        let token = answered(request.header("content-type", "application/x-www-form-urlencoded").body(form)).await;
        Self { http, base, token: token["access_token"].as_str().unwrap().to_owned() }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        answered(request.header("ipp-company-id", sandbox::visma::Config::default().company_id)).await
    }
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn answered(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}
