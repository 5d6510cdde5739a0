//! A child process that ends with its owner, and whose output goes to a file.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// A running child.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    /// Where its output goes.
    pub log: PathBuf,
}

impl Process {
    /// Starts `program`; both its outputs are appended to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        name: &str,
        program: &Path,
        arguments: &[&OsStr],
        environment: &[(String, String)],
        log: &Path,
    ) -> anyhow::Result<Self> {
        let out =
            File::options().create(true).append(true).open(log).with_context(|| format!("open {}", log.display()))?;
        let child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends it with SIGKILL: nothing is flushed, nothing is said goodbye to.
    pub fn kill(&mut self) {
        let _ = self.child.kill(); // Err: it has ended already.
        let _ = self.child.wait();
    }

    /// Asks it to stop (SIGTERM), and kills it when it has not after `patience`.
    pub fn stop(&mut self, patience: Duration) -> Option<ExitStatus> {
        let _ = Command::new("kill").args(["-TERM", &self.id().to_string()]).stderr(Stdio::null()).status();
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
        None
    }

    /// Its exit status if it has ended by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Reads what it has used so far, from `/proc`; `None` where there is no such thing.
    pub fn usage(&self) -> Option<Usage> {
        let folder = PathBuf::from(format!("/proc/{}", self.id()));
        let memory = std::fs::read_to_string(folder.join("smaps_rollup")).ok()?;
        let bytes = |name: &str| {
            let amount = memory.lines().find_map(|line| line.strip_prefix(name))?;
            Some(amount.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
        };
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        let mut after_name = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let ticks = after_name.next()?.parse::<u64>().ok()? + after_name.next()?.parse::<u64>().ok()?;
        // USER_HZ is 100 on every Linux that we know of.
        let cpu = Duration::from_millis(ticks * 10);
        Some(Usage { resident: bytes("Rss:")?, share: bytes("Pss:")?, cpu })
    }
}

/// Memory and CPU time that a process, or several, used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Bytes resident, with every page counted that others have too: the binary's own are, once for each process.
    pub resident: u64,
    /// Bytes resident, a page that several have divided among them: of several processes, what they take together.
    pub share: u64,
    /// CPU time.
    pub cpu: Duration,
}

impl std::ops::Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { resident: self.resident + other.resident, share: self.share + other.share, cpu: self.cpu + other.cpu }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
