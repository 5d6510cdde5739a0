//! The installation: what is started, with which settings, and how it is watched.

use crate::settings::Settings;
use pipeline::health::Health;
use record::Log;
use std::net::SocketAddr;
use std::ops::Add as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::nats::{self, Broker};
use super::ports::Port;
use super::process::{Process, Usage};

/// The services of an installation, in the order in which they start.
pub const SERVICES: [&str; 5] = ["ingestor-commerce", "ingestor-visma", "mapper", "writer-visma", "writer-commerce"];

/// Plan of what to start.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The `ml-connector` binary.
    pub binary: PathBuf,
    /// Where a fetched nats-server is kept.
    pub cache: PathBuf,
    /// Where stores, settings and logs go.
    pub folder: PathBuf,
    /// Further arguments of `ml-connector sandbox`.
    pub sandbox: Vec<String>,
    /// The mapping file's text.
    pub mapping: String,
    /// Further settings, as `ML__…` variables, for every service.
    pub settings: Vec<(String, String)>,
    /// Text of a configuration of the broker that has a user for each service; without it everybody may do everything.
    pub rights: Option<String>,
}

/// A running installation.
#[derive(Debug)]
pub struct Installation {
    /// The broker.
    pub broker: Broker,
    /// The sandbox's process.
    pub sandbox: Process,
    /// Where the simulated Visma.net and the sandbox's control answer.
    pub visma: SocketAddr,
    /// Where the simulated Commerce answers.
    pub commerce: SocketAddr,
    /// Where the webhook door is.
    pub door: SocketAddr,
    /// The settings file that the services run with.
    pub config: PathBuf,
    /// The services that run.
    pub services: Vec<Process>,
    plan: Plan,
    http: reqwest::Client,
    _ports: [Port; 3],
}

/// The webhook secret of an installation; the sandbox signs with the same.
pub const WEBHOOK_SECRET: &str = "a-secret-for-this-machine-only-0001";

/// Variables of the `nats` tool that name a broker; empty is as good as unset.
const OTHER_BROKER: [&str; 4] = ["NATS_URL", "NATS_CREDS", "NATS_USER", "NATS_PASSWORD"];

impl Installation {
    /// Starts broker and sandbox and provisions the streams; services are started by the caller.
    ///
    /// # Errors
    /// When something does not come up; its log is named.
    pub async fn prepare(plan: Plan) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&plan.folder)?;
        let server = nats::find(&plan.cache)?;
        let store = plan.folder.join("broker");
        let broker = match &plan.rights {
            Some(configuration) => Broker::start_guarded(&server, &store, configuration).await?,
            None => Broker::start(&server, &store).await?,
        };
        let ports = [Port::take()?, Port::take()?, Port::take()?];
        let [visma, commerce, door] = ports.each_ref().map(|port| port.address);
        let mut arguments = vec!["sandbox".to_owned(), "--visma".to_owned(), visma.to_string()];
        arguments.extend(["--commerce".to_owned(), commerce.to_string()]);
        arguments.extend(plan.sandbox.iter().cloned());
        let arguments: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        let sandbox = Process::start("sandbox", &plan.binary, &arguments, &[], &plan.folder.join("sandbox.log"))?;
        let config = plan.folder.join("ml-connector.toml");
        std::fs::write(plan.folder.join("mapping.toml"), &plan.mapping)?;
        std::fs::write(&config, settings(&broker, visma, commerce, door))?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut installation =
            Self { broker, sandbox, visma, commerce, door, config, services: Vec::new(), plan, http, _ports: ports };
        installation.wait_for_sandbox().await?;
        installation.provision().await?;
        Ok(installation)
    }

    /// The log of its connection.
    ///
    /// # Errors
    /// When the broker does not answer, or the settings file is none.
    pub async fn log(&self) -> anyhow::Result<Log> {
        let settings = Settings::load(Some(&self.config))?;
        let jetstream = self.broker.jetstream().await?;
        let broker = pipeline::broker::Broker::new(jetstream, settings.nats, Health::default());
        Ok(Log::on(&broker, &settings.connection))
    }

    /// Makes or updates the streams, buckets and consumers.
    ///
    /// # Errors
    /// When `ml-connector provision` fails; its log is named.
    pub async fn provision(&self) -> anyhow::Result<()> {
        let mut provision = self.start("provision", &["provision"], &[])?;
        let patience = Instant::now() + Duration::from_secs(60);
        let status = loop {
            match provision.ended() {
                Some(status) => break status,
                None if Instant::now() > patience => {
                    bail!("provisioning takes too long; see {}", provision.log.display())
                }
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        if !status.success() {
            bail!("provisioning failed; see {}", provision.log.display());
        }
        Ok(())
    }

    /// Starts every service.
    ///
    /// # Errors
    /// When one cannot be started.
    pub fn start_services(&mut self) -> anyhow::Result<()> {
        for name in SERVICES {
            self.start_service(name)?;
        }
        Ok(())
    }

    /// Starts one service.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_service(&mut self, name: &str) -> anyhow::Result<()> {
        self.start_service_with(name, &[])
    }

    /// Starts one service with further settings of its own, as `ML__…` variables.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_service_with(&mut self, name: &str, settings: &[(String, String)]) -> anyhow::Result<()> {
        let process = self.start(name, &["run", name], settings)?;
        self.services.push(process);
        Ok(())
    }

    /// Takes the running service `name` out of the installation, for instance to kill it.
    pub fn take_service(&mut self, name: &str) -> Option<Process> {
        let place = self.services.iter().position(|p| p.name() == name)?;
        Some(self.services.swap_remove(place))
    }

    fn start(&self, name: &str, verb: &[&str], settings: &[(String, String)]) -> anyhow::Result<Process> {
        let mut arguments: Vec<&std::ffi::OsStr> = vec!["--config".as_ref(), self.config.as_os_str()];
        arguments.extend(verb.iter().map(|a| std::ffi::OsStr::new(*a)));
        let log = self.plan.folder.join(format!("{name}.log"));
        // These win over the settings file, and would lead a developer's own broker into the test.
        let no_other_broker = OTHER_BROKER.map(|name| (name.to_owned(), String::new()));
        let own_user = self.broker.guarded.then(|| ("ML__NATS__USER".to_owned(), name.to_owned()));
        let own_user: Vec<_> = own_user.into_iter().collect();
        let environment = [&no_other_broker, own_user.as_slice(), self.plan.settings.as_slice(), settings].concat();
        Process::start(name, &self.plan.binary, &arguments, &environment, &log)
    }

    /// Asks the sandbox's control door on Visma's port.
    ///
    /// # Errors
    /// When it answers no JSON, or an error.
    pub async fn ask(&self, path: &str) -> anyhow::Result<Value> {
        read(self.http.get(format!("http://{}/_sandbox/{path}", self.visma)).send().await?).await
    }

    /// Tells the sandbox's control door on Visma's port.
    ///
    /// # Errors
    /// As [`Installation::ask`].
    pub async fn tell(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let url = format!("http://{}/_sandbox/{path}", self.visma);
        read(self.http.post(url).header("content-type", "application/json").body(body.to_string()).send().await?).await
    }

    /// Takes back what the sandbox was told under `path`.
    ///
    /// # Errors
    /// As [`Installation::ask`].
    pub async fn forget(&self, path: &str) -> anyhow::Result<()> {
        let url = format!("http://{}/_sandbox/{path}", self.visma);
        self.http.delete(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// Asks the simulated Commerce's own control door.
    ///
    /// # Errors
    /// As [`Installation::ask`].
    pub async fn ask_shop(&self, path: &str) -> anyhow::Result<Value> {
        read(self.http.get(format!("http://{}/_sandbox/{path}", self.commerce)).send().await?).await
    }

    /// Tells the simulated Commerce's own control door.
    ///
    /// # Errors
    /// As [`Installation::ask`].
    pub async fn tell_shop(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let url = format!("http://{}/_sandbox/{path}", self.commerce);
        read(self.http.post(url).header("content-type", "application/json").body(body.to_string()).send().await?).await
    }

    /// Adds up what all services used.
    pub fn usage(&self) -> Usage {
        self.services.iter().filter_map(Process::usage).fold(Usage::default(), Usage::add)
    }

    /// The folder of stores, settings and logs.
    pub fn folder(&self) -> &Path {
        &self.plan.folder
    }

    async fn wait_for_sandbox(&mut self) -> anyhow::Result<()> {
        for _ in 0..400 {
            if self.ask("calls").await.is_ok() {
                return Ok(());
            }
            if self.sandbox.ended().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        bail!("the sandbox did not come up; its log is {}", self.sandbox.log.display())
    }
}

#[allow(clippy::disallowed_methods, reason = "the sandbox is ours and on this machine")]
async fn read(answer: reqwest::Response) -> anyhow::Result<Value> {
    let (status, url) = (answer.status(), answer.url().clone());
    let body = answer.text().await?;
    if !status.is_success() {
        bail!("{url} answered {status}: {body}");
    }
    if body.is_empty() {
        Ok(Value::Null)
    } else {
        serde_json::from_str(&body).with_context(|| format!("{url}: {body}"))
    }
}

/// The settings file of an installation: the sandbox's addresses and credentials, and quick intervals. Who asks from
/// outside is the operator.
fn settings(broker: &Broker, visma: SocketAddr, commerce: SocketAddr, door: SocketAddr) -> String {
    let (company, integration) = (sandbox::visma::Config::default(), sandbox::commerce::Integration::default());
    let (user, password) = if broker.guarded { ("operator", nats::PASSWORD) } else { ("", "") };
    format!(
        r#"# Written by ml-connector for the sandbox on this machine. The credentials open nothing else.
connection = "main"
vault.master_key = "{key}"
[nats]
url = "{nats}"
user = "{user}"
password = "{password}"
ack_wait = "5s"
takeover = "1s"
[admin]
ingestor-commerce = "127.0.0.1:0"
ingestor-visma = "127.0.0.1:0"
mapper = "127.0.0.1:0"
writer-visma = "127.0.0.1:0"
writer-commerce = "127.0.0.1:0"
[scope]
go_live = "2020-01-01"
[mapping]
file = "mapping.toml"
[commerce]
base_url = "http://{commerce}/rest/default"
consumer_key = "{consumer_key}"
consumer_secret = "{consumer_secret}"
access_token = "{access_token}"
access_token_secret = "{access_token_secret}"
[commerce.poll]
interval = "2s"
overlap = "30s"
safety_lag = "5s"
[commerce.webhook]
listen = "{door}"
secret = "{WEBHOOK_SECRET}"
[commerce.comment]
doubt_wait = "3s"
look_spacing = "300ms"
fault_wait = "500ms"
refused_wait = "1s"
send_within = "2s"
[visma]
base_url = "http://{visma}"
token_url = "http://{visma}/connect/token"
client_id = "{client_id}"
client_secret = "{client_secret}"
tenant_id = "{tenant_id}"
company_id = "{company_id}"
timeout = "10s"
[visma.poll]
interval = "5s"
[visma.create]
doubt_wait = "3s"
send_within = "2s"
look_spacing = "300ms"
fault_wait = "500ms"
refused_wait = "1s"
probe_wait = "1s"
"#,
        nats = broker.url(),
        key = pipeline::vault::new_master_key(),
        consumer_key = integration.consumer_key,
        consumer_secret = integration.consumer_secret,
        access_token = integration.access_token,
        access_token_secret = integration.access_token_secret,
        client_id = company.client_id,
        client_secret = company.client_secret,
        tenant_id = company.tenant_id,
        company_id = company.company_id,
    )
}
