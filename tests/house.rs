//! An installation for one test: started, watched, held against the ledger, ended.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_nats::jetstream;
use futures::StreamExt as _;
use ml_connector::stand::{Installation, Plan};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Installations at once: each is six processes, and the machine may have two cores.
static PLACES: Semaphore = Semaphore::const_new(2);
static COUNT: AtomicU32 = AtomicU32::new(0);

/// One installation and the place that it takes.
pub(crate) struct House {
    pub(crate) installation: Installation,
    settings: Vec<(String, String)>,
    _place: SemaphorePermit<'static>,
}

/// How a test's installation differs from the usual one.
#[derive(Default)]
pub(crate) struct Wishes {
    /// Further arguments of the sandbox.
    pub(crate) sandbox: Vec<String>,
    /// The mapping file, if not the default one.
    pub(crate) mapping: Option<String>,
    /// Settings as `ML__…` variables.
    pub(crate) settings: Vec<(String, String)>,
    /// The broker has the users that are shipped, and each service the rights of its own.
    pub(crate) rights: bool,
    /// The whole configuration of the broker, in the place of the shipped one.
    pub(crate) broker: Option<String>,
}

impl Wishes {
    /// A setting by its environment variable's name without the prefix: `COMMERCE__POLL__INTERVAL`.
    pub(crate) fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.push((format!("ML__{key}"), value.to_owned()));
        self
    }

    /// A further argument of the sandbox and its value.
    pub(crate) fn sandbox(mut self, name: &str, value: &str) -> Self {
        self.sandbox.extend([name.to_owned(), value.to_owned()]);
        self
    }
}

impl House {
    /// Broker, sandbox and provisioning are up; no service runs.
    pub(crate) async fn prepare(wishes: Wishes) -> Self {
        let place = PLACES.acquire().await.unwrap();
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = target.join(format!("house-{}-{number}", std::process::id()));
        let mut settings = wishes.settings;
        // What a service remembers is there again when it is started again.
        settings.insert(0, ("ML__VIEWS__DIR".to_owned(), folder.join("views").display().to_string()));
        let plan = Plan {
            binary: PathBuf::from(env!("CARGO_BIN_EXE_ml-connector")),
            cache: target.parent().unwrap().to_owned(),
            folder,
            sandbox: wishes.sandbox,
            mapping: wishes.mapping.unwrap_or_else(|| mapping::DEFAULT.to_owned()),
            settings: settings.clone(),
            rights: wishes.broker.or_else(|| wishes.rights.then(|| rights(&["main"]))),
        };
        Self { installation: Installation::prepare(plan).await.unwrap(), settings, _place: place }
    }

    /// Everything runs.
    pub(crate) async fn start(wishes: Wishes) -> Self {
        let mut house = Self::prepare(wishes).await;
        house.installation.start_services().unwrap();
        house
    }

    /// Places generated orders.
    pub(crate) async fn place(&self, count: usize, customers: usize) {
        let body = json!({ "count": count, "customers": customers, "webhook": false });
        self.installation.tell_shop("orders", &body).await.unwrap();
    }

    /// Stores an order as it is; returns its entity id.
    pub(crate) async fn store(&self, order: &Value) -> u64 {
        self.installation.tell_shop("orders/raw", order).await.unwrap()["entity_id"].as_u64().unwrap()
    }

    /// Runs a verb to its end, with further settings as whole variables: exit code, data, talk.
    pub(crate) async fn verb(&self, arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String, String) {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ml-connector"));
        command.arg("--config").arg(&self.installation.config).args(arguments).kill_on_drop(true);
        command.envs(self.settings.iter().cloned()).envs(settings.iter().copied());
        let output = tokio::time::timeout(Duration::from_secs(120), command.output()).await.expect("it ends").unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// Its settings, as whole variables.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        self.settings.clone()
    }

    /// Waits until a service says on its admin port that it is ready.
    pub(crate) async fn until_ready(&self, service: &str) {
        let started = Instant::now();
        while self.readiness(service).await.as_deref() != Some("ready\n") {
            assert!(started.elapsed() < Duration::from_secs(60), "{service} is not ready\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a service asks `consumer` of `stream` for deliveries.
    pub(crate) async fn until_pulled(&self, stream: &str, consumer: &str) {
        let (stream, started) = (self.jetstream().await.get_stream(stream).await.unwrap(), Instant::now());
        while stream.consumer_info(consumer).await.unwrap().num_waiting == 0 {
            assert!(started.elapsed() < Duration::from_secs(60), "nobody takes from {consumer}\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Has the broker keep that the connection is of this alone, or of nothing, as before anything was kept.
    pub(crate) async fn keep_of_connection(&self, part: Option<(&str, &str)>) {
        let jetstream = self.jetstream().await;
        let mut config = jetstream.get_stream("KV_ML_KEYS").await.unwrap().cached_info().config.clone();
        config.metadata = part
            .map(|(part, value)| (format!("ml-connector.connection.main.{part}"), value.to_owned()))
            .into_iter()
            .collect();
        jetstream.update_stream(config).await.unwrap();
    }

    /// Returns what a service answers on `/readyz`.
    pub(crate) async fn readiness(&self, service: &str) -> Option<String> {
        self.admin(service, "readyz").await
    }

    /// A figure on a service's `/metrics`, over all its labels that contain `labels`.
    pub(crate) async fn figure(&self, service: &str, name: &str, labels: &str) -> f64 {
        let text = self.admin(service, "metrics").await.unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(labels));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    async fn admin(&self, service: &str, page: &str) -> Option<String> {
        Some(self.page(service, page).await?.1)
    }

    /// Status and text of a page of a service's admin port, whose address stands in its log.
    pub(crate) async fn page(&self, service: &str, page: &str) -> Option<(u16, String)> {
        let log = std::fs::read_to_string(self.installation.folder().join(format!("{service}.log"))).ok()?;
        let admin =
            log.lines().rev().find_map(|line| line.split("admin=").nth(1)?.split_whitespace().next())?.to_owned();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(format!("http://{admin}/{page}")).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// Waits until `count` invoices have an outcome on disk.
    pub(crate) async fn until_settled(&self, count: u64, patience: Duration) {
        let jetstream = self.jetstream().await;
        let stream = jetstream.get_stream("OUTCOMES").await.unwrap();
        let started = Instant::now();
        // Counting messages is cheap for the broker, looking at each subject is not.
        while stream.get_info().await.unwrap().state.messages < 2 * count && started.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        loop {
            let info = stream.info_with_subjects("outcome.main.visma.invoice.>").await.unwrap();
            let subjects: Vec<(String, usize)> = info.map(|s| s.unwrap()).collect().await;
            // An intent and an outcome each.
            let settled = subjects.iter().filter(|(_, messages)| *messages >= 2).count() as u64;
            if settled >= count {
                return;
            }
            assert!(started.elapsed() < patience, "{settled} of {count} invoices settled\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Returns what both sides hold.
    pub(crate) async fn ledger(&self) -> Value {
        self.installation.ask("ledger").await.unwrap()
    }

    /// Waits until `wanted` says yes to the ledger; shows it and the services' logs when it never does.
    pub(crate) async fn until(&self, what: &str, patience: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let ledger = self.ledger().await;
            if wanted(&ledger) {
                return ledger;
            }
            assert!(started.elapsed() < patience, "never came: {what}\n{ledger:#}\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until Visma holds `count` invoices, and asserts that they are the right ones.
    pub(crate) async fn until_booked(&self, count: u64, patience: Duration) -> Value {
        let ledger = self
            .until(&format!("{count} invoices"), patience, |l| l["invoices"]["count"].as_u64() >= Some(count))
            .await;
        assert_eq!(ledger["invoices"]["count"].as_u64(), Some(count), "{ledger:#}");
        assert_agrees(&ledger);
        ledger
    }

    /// The dead letters: code and sentence of each.
    pub(crate) async fn dead_letters(&self) -> Vec<(String, String)> {
        let jetstream = self.jetstream().await;
        let stream = jetstream.get_stream("DEAD").await.unwrap();
        let state = stream.cached_info().state.clone();
        let mut letters = Vec::new();
        if state.messages == 0 {
            return letters;
        }
        for sequence in state.first_sequence..=state.last_sequence {
            let message = stream.direct_get(sequence).await.unwrap();
            let text = |name| record::envelope::header(&message.headers, name).unwrap_or_default().to_owned();
            letters.push((text(record::envelope::CODE), record::envelope::decode(&text(record::envelope::SENTENCE))));
        }
        letters
    }

    /// Waits for a dead letter with this code and returns its sentence.
    pub(crate) async fn until_dead(&self, code: &str, patience: Duration) -> String {
        let started = Instant::now();
        loop {
            let letters = self.dead_letters().await;
            if let Some((_, sentence)) = letters.iter().find(|(c, _)| c == code) {
                return sentence.clone();
            }
            assert!(started.elapsed() < patience, "no dead letter {code}, but {letters:?}\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Messages in a stream.
    pub(crate) async fn messages(&self, stream: &str) -> u64 {
        self.jetstream().await.get_stream(stream).await.unwrap().cached_info().state.messages
    }

    /// Intents in the log of what was done.
    pub(crate) async fn intents(&self) -> usize {
        let stream = self.jetstream().await.get_stream("OUTCOMES").await.unwrap();
        let last = stream.cached_info().state.last_sequence;
        let mut intents = 0;
        for sequence in 1..=last {
            let entry = stream.direct_get(sequence).await.unwrap();
            intents += usize::from(record::envelope::header(&entry.headers, "Ml-Kind") == Some("intent"));
        }
        intents
    }

    /// A JetStream context on the installation's broker.
    pub(crate) async fn jetstream(&self) -> jetstream::Context {
        self.installation.broker.jetstream().await.unwrap()
    }

    /// The end of every service's log.
    pub(crate) fn logs(&self) -> String {
        let mut all = String::new();
        for entry in std::fs::read_dir(self.installation.folder()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "log") {
                let text = std::fs::read_to_string(&path).unwrap();
                let lines: Vec<&str> = text.lines().rev().take(15).collect();
                all += &format!("== {}\n", path.display());
                lines.into_iter().rev().for_each(|line| all += &format!("{line}\n"));
            }
        }
        all
    }
}

/// The shipped configuration of the broker, with the users of these connections in the place of what it includes.
pub(crate) fn rights(connections: &[&str]) -> String {
    let connections: Vec<_> = connections.iter().map(|name| record::address::Connection::new(name)).collect();
    let include = "include \"users.conf\"\n";
    let shipped = include_str!("../deploy/nats/nats.conf");
    assert!(shipped.contains(include));
    shipped.replace(include, &ml_connector::rights::users(&connections))
}

impl Drop for House {
    fn drop(&mut self) {
        // What a failed test leaves is there to be looked at.
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(self.installation.folder());
        }
    }
}

/// No document twice, none with another total, no customer twice.
pub(crate) fn assert_agrees(ledger: &Value) {
    for list in ["duplicates", "totals_differ", "duplicate_customers", "unexpected"] {
        let empty = match &ledger[list] {
            Value::Array(items) => items.is_empty(),
            Value::Object(items) => items.is_empty(),
            other => panic!("{list} is {other}"),
        };
        assert!(empty, "{list}: {:#}", ledger[list]);
    }
}
