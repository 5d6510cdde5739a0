//! The calls that Visma allows in its window, and its word when they are too many: all processes together keep to it.

use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use jiff::Timestamp;
use ml_connector::vendors::{company_key, shop_of};
use pipeline::broker;
use pipeline::budget::{Budget, Class, Shares, Window};
use pipeline::health::Health;
use pipeline::http::Http;
use pipeline::vendor::{Api, Auth, CallError, Vendor};
use serde_json::{Value, json};

use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(90);

/// Answers with this status to calls of every kind.
fn answered(ledger: &Value, status: &str) -> u64 {
    let kinds = ledger["calls"]["visma"]["by_kind"].as_object().unwrap().values();
    kinds.filter_map(|kind| kind["statuses"][status].as_u64()).sum()
}

/// The ingestor polls customers and the writer creates documents, each in a process of its own; none is told to stop.
#[tokio::test]
async fn the_window_is_never_overdrawn_by_all_processes_together() {
    let company = json!({ "rate_limit": 40, "rate_window_ms": 3000 }).to_string();
    let wishes = Wishes::default().sandbox("--visma-config", &company).set("VISMA__POLL__INTERVAL", "200ms");
    let house = House::start(wishes).await;
    house.place(100, 20).await;
    let ledger = house.until_booked(100, PATIENCE).await;
    assert_eq!(answered(&ledger, "429"), 0, "{:#}", ledger["calls"]["visma"]);
    let calls = ledger["calls"]["visma"]["total"].as_u64().unwrap();
    assert!(calls > 3 * 40, "{calls} calls do not show that windows are kept");
    // Polls did not take what documents needed.
    assert!(answered(&ledger, "201") >= 120, "{:#}", ledger["calls"]["visma"]);
    house.until_settled(100, PATIENCE).await;
    // An intent is written when the call under it is reserved: while a window is spent there are none that come to
    // nothing.
    let intents = house.intents().await;
    assert!(intents <= 120 + 5, "{intents} intents for 120 documents");
}

#[tokio::test]
async fn nobody_calls_before_the_time_that_a_429_names() {
    let house = House::start(Wishes::default().set("VISMA__POLL__INTERVAL", "200ms")).await;
    house.until_ready("writer-visma").await;
    let third = json!({ "system": "visma", "method": "POST", "path": "/v2/customerinvoice", "nth": 3 });
    let fault = json!({ "kind": "429", "retry_after": 3, "on": third });
    house.installation.tell("faults", &fault).await.unwrap();
    house.place(30, 5).await;
    house.until_booked(30, PATIENCE).await;
    let log = house.installation.ask("log?since=0").await.unwrap();
    let calls: Vec<(Timestamp, Option<u64>)> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["system"] == "visma" && !entry["target"].as_str().unwrap().ends_with("/token"))
        .map(|entry| (entry["at"].as_str().unwrap().parse().unwrap(), entry["status"].as_u64()))
        .collect();
    let refused: Vec<Timestamp> = calls.iter().filter(|(_, status)| *status == Some(429)).map(|(at, _)| *at).collect();
    let [refused] = refused[..] else { panic!("refused {} times", refused.len()) };
    let since = |at: &Timestamp| at.as_millisecond() - refused.as_millisecond();
    // What was on its way is answered; the other process hears of it within a second.
    let early: Vec<i64> =
        calls.iter().map(|(at, _)| since(at)).filter(|after| (1_500..2_900).contains(after)).collect();
    assert!(early.is_empty(), "calls {early:?} ms after a 429 that asked for 3 s");
    assert!(calls.iter().any(|(at, _)| since(at) >= 2_900), "nothing came after it");
}

/// A caller of Visma with a share of its own, as another process has it.
async fn caller(house: &House, token: &str) -> Vendor {
    let settings = ml_connector::settings::Settings::load(Some(&house.installation.config)).unwrap();
    let broker = broker::connect(&settings.nats, "caller", &Health::default()).await.unwrap();
    let timeout = Duration::from_secs(10);
    let authorization = format!("Bearer {token}");
    let api = Api {
        auth: Auth::Signed(Box::new(move |_| Ok(authorization.parse().unwrap()))),
        read_window: |headers| {
            let window = visma::rate::Window::of(headers)?;
            Some(Window { limit: window.limit, remaining: window.remaining, reset: window.reset })
        },
        read_retry_after: |headers, now| visma::rate::retry_after(headers, now.into()),
        probe_wait: timeout,
        trial: None,
    };
    let shares = Shares { documents: 20, polls: 5 };
    let budget = Budget::open(&broker, ("visma", &company_key(&settings.visma)), shares, timeout).await.unwrap();
    Vendor::new(Http::new(timeout, 1 << 20).unwrap(), budget, api, Health::default())
}

async fn token(house: &House) -> String {
    let company = sandbox::visma::Config::default();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&tenant_id={}&scope=vismanet_erp_service_api:read",
        company.client_id, company.client_secret, company.tenant_id
    );
    let url = format!("http://{}/connect/token", house.installation.visma);
    let request = reqwest::Client::new().post(url).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(form).send().await.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// A wait that Visma asks for stands on the broker, for all processes, and nothing else would ever end it.
#[tokio::test]
async fn a_patience_that_nobody_means_ends_after_a_day() {
    let house = House::prepare(Wishes::default()).await;
    let on = json!({ "system": "visma", "method": "GET", "path": "/v1/branch" });
    let fault = json!({ "kind": "429", "retry_after": u64::MAX, "on": on });
    house.installation.tell("faults", &fault).await.unwrap();
    let vendor = caller(&house, &token(&house).await).await;
    let url = format!("http://{}/v1/branch", house.installation.visma);
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    let answer = vendor.call(Class::Poll, &request).await.unwrap();
    assert_eq!(answer.status(), 429);
    let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap();
    let wait = vendor.outlook().await.blocked_until.saturating_sub(now);
    assert!((86_000_000..=86_400_000).contains(&wait), "nobody calls for {wait} ms");
}

/// Calls as fast as it is let, eight at a time, until `end`; how many calls it made.
async fn hammer(vendor: &Vendor, class: Class, url: &str, end: tokio::time::Instant) -> u64 {
    let one = async || {
        let mut made = 0;
        while tokio::time::Instant::now() < end {
            let company = sandbox::visma::Config::default().company_id;
            let request = http::Request::get(url).header("ipp-company-id", company).body(Bytes::new()).unwrap();
            match vendor.call(class, &request).await {
                Ok(answer) => {
                    assert!(answer.status().is_success(), "{answer:?}");
                    made += 1;
                }
                Err(CallError::Busy(wait)) => tokio::time::sleep(wait.min(Duration::from_millis(300))).await,
                Err(e) => panic!("{e}"),
            }
        }
        made
    };
    join_all((0..8).map(|_| one())).await.into_iter().sum()
}

/// Four callers beside the services, all of which want more than there is, over window after window; answers take their
/// time, so that calls are under way at every window's edge, and one caller after the other ends without a word.
#[tokio::test]
async fn no_call_is_refused_at_any_edge_of_many_windows() {
    const LIMIT: u64 = 60;
    let company = json!({ "rate_limit": LIMIT, "rate_window_ms": 4000, "latency_ms": 150 }).to_string();
    let wishes = Wishes::default().sandbox("--visma-config", &company).set("VISMA__POLL__INTERVAL", "300ms");
    let house = House::start(wishes).await;
    house.place(60, 20).await;
    let (token, url) = (token(&house).await, format!("http://{}/v1/branch", house.installation.visma));
    let end = tokio::time::Instant::now() + Duration::from_secs(24);
    let mut callers = Vec::new();
    for number in 0..4 {
        let class = if number % 2 == 0 { Class::Document } else { Class::Poll };
        let (vendor, url) = (caller(&house, &token).await, url.clone());
        let mine = end - Duration::from_secs(4 * number);
        callers.push(async move { hammer(&vendor, class, &url, mine).await });
    }
    let made = join_all(callers).await;
    let ledger = house.ledger().await;
    assert_eq!(answered(&ledger, "429"), 0, "{:#}", ledger["calls"]["visma"]);
    // At least four windows in that time, with a pause after each that says whether it is over.
    let calls = ledger["calls"]["visma"]["total"].as_u64().unwrap();
    assert!(calls >= 4 * LIMIT * 8 / 10, "{calls} calls are few for that time");
    assert!(made.iter().all(|made| *made > 0), "somebody starved: {made:?}");
    assert!(answered(&ledger, "201") > 0, "documents starved");
}

/// A shop's 429 may name a time or none; both keep every process away, and orders come when it is over.
#[tokio::test]
async fn a_shop_that_asks_for_patience_is_left_alone_by_everybody() {
    for named in [Some(3), None] {
        let house = House::start(Wishes::default().set("COMMERCE__POLL__INTERVAL", "200ms")).await;
        house.until_ready("ingestor-commerce").await;
        let page = json!({ "system": "commerce", "method": "GET", "path": "*/V1/orders" });
        let fault = json!({ "kind": "429", "retry_after": named, "on": page });
        house.installation.tell("faults", &fault).await.unwrap();
        house.place(5, 5).await;
        let kind = |ledger: &Value| ledger["calls"]["commerce"].to_string().contains("\"429\"");
        house.until("a refusal", PATIENCE, kind).await;
        let settings = ml_connector::settings::Settings::load(Some(&house.installation.config)).unwrap();
        let broker = broker::connect(&settings.nats, "caller", &Health::default()).await.unwrap();
        let other =
            Budget::open(&broker, ("commerce", &shop_of(&settings.commerce)), Shares::NONE, Duration::from_secs(10))
                .await
                .unwrap();
        let started = tokio::time::Instant::now();
        let wait = loop {
            match other.take(Class::Document).await {
                Err(wait) if wait > Duration::from_millis(1_500) => break wait,
                _ => assert!(started.elapsed() < Duration::from_secs(2), "another process may call"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(wait <= Duration::from_secs(8), "{wait:?} is long");
        house.until_booked(5, PATIENCE).await;
        let log = house.installation.ask("log?since=0").await.unwrap();
        let calls = log.as_array().unwrap().iter().filter(|entry| entry["system"] == "commerce");
        let calls: Vec<(i64, bool)> = calls
            .map(|entry| {
                let at: Timestamp = entry["at"].as_str().unwrap().parse().unwrap();
                (at.as_millisecond(), entry["status"] == 429)
            })
            .collect();
        let refused = calls.iter().find(|(_, refused)| *refused).unwrap().0;
        let early: Vec<i64> =
            calls.iter().map(|(at, _)| at - refused).filter(|after| (200..2_000).contains(after)).collect();
        assert!(early.is_empty(), "calls {early:?} ms after a 429 that named {named:?}");
    }
}

/// More waits than a window takes: when it will be done is a figure, and a line in the log.
#[tokio::test]
async fn a_backlog_says_when_it_will_be_done() {
    let company = json!({ "rate_limit": 40, "rate_window_ms": 3_600_000 }).to_string();
    let house = House::start(Wishes::default().sandbox("--visma-config", &company)).await;
    house.place(100, 50).await;
    let started = tokio::time::Instant::now();
    let seconds = loop {
        let seconds = house.figure("writer-visma", "ml_backlog_seconds", "").await;
        if seconds > 0.0 {
            break seconds;
        }
        assert!(started.elapsed() < PATIENCE, "no figure\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    // 150 documents and 40 calls an hour: over in the fourth hour.
    assert!((7_200.0..14_400.0).contains(&seconds), "{seconds} s");
    let log = std::fs::read_to_string(house.installation.folder().join("writer-visma.log")).unwrap();
    assert!(log.contains("a backlog") && log.contains("done_at"), "{log}");
}
