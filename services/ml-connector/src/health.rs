//! `ml-connector health`: what Docker, Kubernetes and scripts ask to learn whether a service does its work.
//!
//! It asks from outside, over the admin port, because a process that answers about itself from another thread knows
//! nothing of the loop that stands still. All services should run, unless some are named; in a container only those of
//! its own can be seen, which are those whose admin ports somebody listens on (`--here`). A service tells how each
//! of its connections is.

use std::process::ExitCode;

use clap::ValueEnum as _;
use futures::future::join_all;
use pipeline::health::Page;
use pipeline::health::address::Address;
use pipeline::health::ask::{Answer, ask, readiness};
use serde::Serialize;

use crate::cli::Service;
use crate::run::print;
use crate::settings::Connections;

/// How one service is, or one of its connections.
#[derive(Debug, Serialize)]
struct Finding {
    service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    admin: Address,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Alive and taking work, alive and not, alive without this connection, not alive, or not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Ready,
    NotReady,
    NotServed,
    Stalled,
    NotRunning,
}

/// Asks the services named, or all, for the connections named, or all that they serve. With `here` those that do not
/// run are left out, but one must run. Exit code 0: each does its work; 1: one does not, or does not run.
///
/// # Errors
/// `CONNECTION_UNKNOWN`, and when nothing can be written to standard output.
pub(crate) async fn run(
    connections: &Connections,
    named: &[Service],
    (here, of): (bool, &[String]),
    json: bool,
) -> anyhow::Result<ExitCode> {
    connections.named(of)?;
    let shell = connections.common.shell();
    let names: Vec<String> =
        named.iter().filter_map(|one| Some(one.to_possible_value()?.get_name().to_owned())).collect();
    let asked = shell.admin.0.iter().filter(|(name, _)| names.is_empty() || names.iter().any(|one| one == *name));
    let mut findings: Vec<_> =
        join_all(asked.map(|(name, admin)| find(name, admin, of))).await.into_iter().flatten().collect();
    if here && findings.iter().any(|one| one.state != State::NotRunning) {
        findings.retain(|one| one.state != State::NotRunning);
    }
    for finding in &findings {
        let line = || finding.line(connections.are_several());
        print(&if json { serde_json::to_string(finding)? + "\n" } else { line() })?;
    }
    let all_well = findings.iter().all(|one| one.state == State::Ready);
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn find(service: &str, admin: &Address, of: &[String]) -> Vec<Finding> {
    let finding =
        |state, why| Finding { service: service.to_owned(), connection: None, admin: admin.clone(), state, why };
    match ask(admin, "/livez").await {
        Answer::Well(_) => match readiness(admin).await {
            Ok(page) => states(&page, of, finding),
            Err(Answer::Nobody) => vec![finding(State::NotRunning, None)],
            Err(Answer::Silent(why) | Answer::Ill(why)) => vec![finding(State::Stalled, Some(why))],
            Err(Answer::Well(why)) => vec![finding(State::Ready, why)],
        },
        Answer::Ill(why) | Answer::Silent(why) => vec![finding(State::Stalled, Some(why))],
        Answer::Nobody => vec![finding(State::NotRunning, None)],
    }
}

/// Reads the state of each connection from a service's page.
fn states(page: &Page, of: &[String], finding: impl Fn(State, Option<String>) -> Finding) -> Vec<Finding> {
    let meant = page.connections.iter().filter(|one| of.is_empty() || of.contains(&one.connection));
    let told = |one: &pipeline::health::State| {
        let reasons: Vec<&str> = page.reasons.iter().chain(&one.reasons).map(String::as_str).collect();
        let notes: Vec<&str> = page.notes.iter().chain(&one.notes).map(String::as_str).collect();
        let state = if reasons.is_empty() { State::Ready } else { State::NotReady };
        let why = if reasons.is_empty() { notes } else { [vec!["not ready"], reasons, notes].concat() };
        let why = Some(why.join("; ")).filter(|why| !why.is_empty());
        Finding { connection: Some(one.connection.clone()), ..finding(state, why) }
    };
    let mut all: Vec<_> = meant.map(told).collect();
    for name in of.iter().filter(|name| !page.connections.iter().any(|one| one.connection == **name)) {
        all.push(Finding { connection: Some(name.clone()), ..finding(State::NotServed, None) });
    }
    if all.is_empty() {
        let why = Some(page.reasons.join("; ")).filter(|why| !why.is_empty());
        all.push(finding(if page.ready { State::Ready } else { State::NotReady }, why));
    }
    all
}

impl Finding {
    fn line(&self, several: bool) -> String {
        let state = match (self.state, self.why.as_deref()) {
            (State::Ready, Some(said)) => format!("ready; {said}"),
            (State::Ready, None) => "ready".to_owned(),
            (State::NotReady | State::Stalled, why) => why.unwrap_or("not ready").to_owned(),
            (State::NotServed, _) => "not served by this process".to_owned(),
            (State::NotRunning, _) => "not running".to_owned(),
        };
        let connection = self.connection.as_deref().filter(|_| several).unwrap_or_default();
        let connection = if connection.is_empty() { String::new() } else { format!("{connection:<10} ") };
        format!("{:<18} {connection}{state}\n", self.service)
    }
}
