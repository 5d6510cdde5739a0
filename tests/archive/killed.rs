//! A command that is killed at a point that it has reached.

use std::path::Path;

use super::{AS_ARCHIVE, folder};
use crate::house::House;

/// Point that the command reaches before it is killed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reached {
    Writing,
    Written,
    Horizon,
    Purging,
}

impl Reached {
    pub(super) const ALL: [Self; 4] = [Self::Writing, Self::Written, Self::Horizon, Self::Purging];

    async fn is_so(self, house: &House, to: &Path, outcomes: u64) -> bool {
        let folders = || std::fs::read_dir(to).into_iter().flatten().flatten().map(|entry| entry.path());
        match self {
            Self::Writing => folders().any(|path| path.extension().is_some_and(|end| end == "part")),
            Self::Written => folders().any(|path| path.join("manifest.json").exists()),
            Self::Horizon => house.installation.log().await.unwrap().horizon().await.unwrap().is_some(),
            Self::Purging => house.messages("OUTCOMES").await < outcomes,
        }
    }
}

/// Archives, and kills the command once it has come so far.
pub(super) async fn killed(house: &House, before: &str, reached: Reached) {
    let (to, outcomes) = (folder(house), house.messages("OUTCOMES").await);
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ml-connector"));
    command.arg("--config").arg(&house.installation.config).args(["archive", "--apply", "--before", before, "--to"]);
    command.arg(&to).envs(house.settings()).envs(AS_ARCHIVE).kill_on_drop(true);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    while child.try_wait().unwrap().is_none() && !reached.is_so(house, &to, outcomes).await {
        tokio::task::yield_now().await;
    }
    let _ = child.kill().await; // It may have ended.
}
