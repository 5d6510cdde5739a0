//! `ml-connector health`: what Docker, Kubernetes and scripts ask to learn whether a service does its work.
//!
//! It asks from outside, over the admin port, because a process that answers about itself from another thread knows
//! nothing of the loop that stands still. All services should run, unless some are named; in a container only those of
//! its own can be seen, which are those whose admin ports somebody listens on (`--here`).

use std::process::ExitCode;

use clap::ValueEnum as _;
use futures::future::join_all;
use pipeline::health::address::Address;
use pipeline::health::ask::{Answer, ask};
use serde::Serialize;

use crate::cli::Service;
use crate::run::print;
use crate::settings::Settings;

/// How one service is.
#[derive(Debug, Serialize)]
struct Finding {
    service: String,
    admin: Address,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Alive and taking work, alive and not, not alive, or not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Ready,
    NotReady,
    Stalled,
    NotRunning,
}

/// Asks the services named, or all. With `here` those that do not run are left out, but one must run. Exit code 0: each
/// does its work; 1: one does not, or does not run.
///
/// # Errors
/// When nothing can be written to standard output.
pub(crate) async fn run(settings: &Settings, named: &[Service], here: bool, json: bool) -> anyhow::Result<ExitCode> {
    let shell = settings.shell();
    let names: Vec<String> =
        named.iter().filter_map(|one| Some(one.to_possible_value()?.get_name().to_owned())).collect();
    let asked = shell.admin.0.iter().filter(|(name, _)| names.is_empty() || names.iter().any(|one| one == *name));
    let mut findings = join_all(asked.map(|(name, admin)| find(name, admin))).await;
    if here && findings.iter().any(|one| one.state != State::NotRunning) {
        findings.retain(|one| one.state != State::NotRunning);
    }
    for finding in &findings {
        print(&if json { serde_json::to_string(finding)? + "\n" } else { finding.line() })?;
    }
    let all_well = findings.iter().all(|one| one.state == State::Ready);
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn find(service: &str, admin: &Address) -> Finding {
    let finding = |state, why| Finding { service: service.to_owned(), admin: admin.clone(), state, why };
    match ask(admin, "/livez").await {
        Answer::Well(_) => match ask(admin, "/readyz").await {
            Answer::Well(said) => finding(State::Ready, said),
            Answer::Ill(why) => finding(State::NotReady, Some(why)),
            Answer::Silent(why) => finding(State::Stalled, Some(why)),
            Answer::Nobody => finding(State::NotRunning, None),
        },
        Answer::Ill(why) | Answer::Silent(why) => finding(State::Stalled, Some(why)),
        Answer::Nobody => finding(State::NotRunning, None),
    }
}

impl Finding {
    fn line(&self) -> String {
        let state = match (self.state, self.why.as_deref()) {
            (State::Ready, Some(said)) => format!("ready; {said}"),
            (State::Ready, None) => "ready".to_owned(),
            (State::NotReady | State::Stalled, why) => why.unwrap_or("not ready").to_owned(),
            (State::NotRunning, _) => "not running".to_owned(),
        };
        format!("{:<18} {state}\n", self.service)
    }
}
