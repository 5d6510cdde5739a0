//! An installation with a company for each of several sandboxes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ml_connector::stand::ports::Port;
use ml_connector::stand::process::Process;
use serde_json::Value;

use super::{PATIENCE, SERVICES};
use crate::house::{House, Wishes, assert_agrees};

/// A simulated Visma company and a shop.
pub(super) struct Sandbox {
    process: Process,
    pub(super) visma: SocketAddr,
    pub(super) commerce: SocketAddr,
    http: reqwest::Client,
    _ports: [Port; 2],
}

impl Sandbox {
    async fn start(folder: &std::path::Path, name: &str) -> Self {
        let ports = [Port::take().unwrap(), Port::take().unwrap()];
        let [visma, commerce] = ports.each_ref().map(|port| port.address);
        let (at_visma, at_shop) = (visma.to_string(), commerce.to_string());
        let arguments = ["sandbox", "--visma", &at_visma, "--commerce", &at_shop].map(OsStr::new).to_vec();
        let log = folder.join(format!("sandbox-{name}.log"));
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_ml-connector"));
        let process = Process::start(name, &binary, &arguments, &[], &log).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let sandbox = Self { process, visma, commerce, http, _ports: ports };
        let started = Instant::now();
        while sandbox.http.get(format!("http://{visma}/_sandbox/calls")).send().await.is_err() {
            assert!(started.elapsed() < PATIENCE, "the sandbox of {name} does not start");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        sandbox
    }

    /// Stores an order as it is.
    pub(super) async fn store(&self, order: &Value) {
        let url = format!("http://{}/_sandbox/orders/raw", self.commerce);
        let body = order.to_string();
        let answer = self.http.post(url).header("content-type", "application/json").body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    pub(super) async fn ledger(&self) -> Value {
        let answer = self.http.get(format!("http://{}/_sandbox/ledger", self.visma)).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }
}

/// Several companies on one broker.
pub(super) struct Companies {
    pub(super) inner: House,
    sandboxes: BTreeMap<String, Sandbox>,
    /// Settings that are common, and begin each connection's.
    common: String,
    /// The mapper's admin port, which is asked by others.
    _mapper: Port,
}

impl Companies {
    /// A sandbox, and a file of settings, for each company; nothing runs yet.
    pub(super) async fn prepare(names: &[&str]) -> Self {
        let mapper = Port::take().unwrap();
        let wishes = Wishes::default().set("ADMIN__MAPPER", &mapper.address.to_string());
        let inner = House::prepare(wishes).await;
        // The shop and the company of `main` are other ones from here on.
        inner.keep_of_connection(None).await;
        let common = std::fs::read_to_string(&inner.installation.config).unwrap();
        let common = common.replace("connection = \"main\"\n", "");
        let mut house = Self { inner, sandboxes: BTreeMap::new(), common, _mapper: mapper };
        house.common(|text| text);
        std::fs::create_dir_all(house.folder()).unwrap();
        for name in names {
            house.add(name).await;
        }
        house
    }

    /// Writes what is common, changed.
    pub(super) fn common(&self, change: impl Fn(String) -> String) {
        let text = format!("connections_dir = \"companies\"\nconnections_reload = \"300ms\"\n{}", self.common);
        std::fs::write(&self.inner.installation.config, change(text)).unwrap();
    }

    fn folder(&self) -> PathBuf {
        self.inner.installation.folder().join("companies")
    }

    pub(super) fn sandbox(&self, name: &str) -> &Sandbox {
        &self.sandboxes[name]
    }

    /// Ends a company's systems.
    pub(super) fn kill(&mut self, name: &str) {
        self.sandboxes.get_mut(name).unwrap().process.kill();
    }

    /// Adds a company with a sandbox of its own.
    pub(super) async fn add(&mut self, name: &str) {
        let sandbox = Sandbox::start(self.inner.installation.folder(), name).await;
        self.sandboxes.insert(name.to_owned(), sandbox);
        self.set(name, "");
    }

    /// Writes a company's settings: where its systems are, and `more`.
    pub(super) fn set(&self, name: &str, more: &str) {
        self.set_shop(name, self.sandboxes[name].commerce, more);
    }

    /// As [`Companies::set`], with the shop at another place.
    pub(super) fn set_shop(&self, name: &str, commerce: SocketAddr, more: &str) {
        let visma = self.sandboxes[name].visma;
        let text = format!(
            "commerce.base_url = \"http://{commerce}/rest/default\"\nvisma.base_url = \"http://{visma}\"\n\
             visma.token_url = \"http://{visma}/connect/token\"\n{more}"
        );
        // As a whole, as whoever edits a file with care does.
        let (file, new) = (self.folder().join(format!("{name}.toml")), self.folder().join(format!(".{name}.new")));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, &file).unwrap();
    }

    pub(super) fn remove(&self, name: &str) {
        std::fs::remove_file(self.folder().join(format!("{name}.toml"))).unwrap();
    }

    /// Gives a company a mapping file with an open question.
    pub(super) fn question(&self, name: &str) {
        let open = mapping::DEFAULT.replace("account = \"3060\"", "account = \"? shipping\"");
        std::fs::write(self.folder().join(format!("{name}.mapping")), open).unwrap();
        self.set(name, &format!("mapping.file = \"{name}.mapping\"\n"));
    }

    /// Answers it.
    pub(super) fn answer(&self, name: &str) {
        std::fs::write(self.folder().join(format!("{name}.mapping")), mapping::DEFAULT).unwrap();
    }

    /// Makes the consumers, and starts every service.
    pub(super) async fn start(&mut self) {
        self.inner.installation.provision().await.unwrap();
        self.inner.installation.start_services().unwrap();
    }

    /// Returns a service's answer on `/readyz`.
    pub(super) async fn said(&self, service: &str, query: &str) -> (u16, String) {
        self.inner.page(service, &format!("readyz{query}")).await.unwrap_or_default()
    }

    /// Waits until `/readyz` of a service says all of `words`, the first at its beginning.
    pub(super) async fn until_said(&self, service: &str, query: &str, words: &[&str]) {
        let started = Instant::now();
        loop {
            let (_, said) = self.said(service, query).await;
            if said.starts_with(words[0]) && words.iter().all(|words| said.contains(words)) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{service}{query} says {said}\n{}", self.inner.logs());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until `/readyz` of a service answers with a status.
    pub(super) async fn until_status(&self, service: &str, query: &str, status: u16) {
        let started = Instant::now();
        while self.said(service, query).await.0 != status {
            assert!(started.elapsed() < PATIENCE, "{service}{query} never answers {status}\n{}", self.inner.logs());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a company's Visma holds so many invoices, the right ones, and no more.
    pub(super) async fn until_booked(&self, name: &str, count: u64) -> Value {
        let started = Instant::now();
        loop {
            let ledger = self.sandboxes[name].ledger().await;
            let booked = ledger["invoices"]["count"].as_u64().unwrap();
            if booked >= count {
                assert_eq!(booked, count, "{name}: {ledger:#}");
                assert_agrees(&ledger);
                return ledger;
            }
            assert!(started.elapsed() < PATIENCE, "{name} has {booked} invoices\n{ledger:#}\n{}", self.inner.logs());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a company's Visma holds so many invoices, none twice, and no more.
    pub(super) async fn until_invoices(&self, name: &str, count: u64) {
        let started = Instant::now();
        loop {
            let ledger = self.sandboxes[name].ledger().await;
            let booked = ledger["invoices"]["count"].as_u64().unwrap();
            if booked >= count {
                assert_eq!(booked, count, "{name}: {ledger:#}");
                assert_eq!(ledger["duplicates"], serde_json::json!({}), "{ledger:#}");
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{name} has {booked} invoices\n{ledger:#}\n{}", self.inner.logs());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The durable consumers of a stream.
    pub(super) async fn consumers(&self, stream: &str) -> Vec<String> {
        use futures::TryStreamExt as _;
        let stream = self.inner.jetstream().await.get_stream(stream).await.unwrap();
        let mut names: Vec<String> = stream.consumer_names().try_collect().await.unwrap();
        names.sort();
        names
    }

    pub(super) fn log(&self, service: &str) -> String {
        assert!(SERVICES.contains(&service));
        std::fs::read_to_string(self.inner.installation.folder().join(format!("{service}.log"))).unwrap()
    }
}
