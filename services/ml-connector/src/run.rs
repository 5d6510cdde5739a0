//! Carries out a verb.

use std::process::ExitCode;

use anyhow::Context as _;
use pipeline::broker;
use pipeline::service;
use pipeline::telemetry;

use crate::cli::{Cli, MappingVerb, Sandbox, Verb};
use crate::provision::Asked;
use crate::settings::Connections;
use crate::{
    archive, backfill, budgets, capacity, credentials, demo, erase, health, lists, manual, mapping_file, master_keys,
    ping, polls, provision, rights, works,
};

/// Carries out what the command line says.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Some(user) = user(&cli.verb) else { return Box::pin(carry_out(cli)).await };
    tokio::select! {
        biased;
        done = Box::pin(carry_out(cli)) => done,
        // The broker answers nothing to what it denies, so that a verb would wait until it gives up.
        problem = broker::connect::denied(user) => Err(problem.into()),
    }
}

/// The broker's user whose verb this is; none for a service, which waits for its rights.
fn user(verb: &Verb) -> Option<&'static str> {
    match verb {
        Verb::Run { .. } | Verb::Rights => None,
        Verb::Provision { .. } => Some("provision"),
        Verb::Credentials { .. } | Verb::MasterKey { .. } => Some("vault"),
        Verb::Erase { .. } => Some("erasure"),
        Verb::Archive { .. } => Some("archive"),
        _ => Some("operator"),
    }
}

async fn carry_out(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { config, json, connection: names, verb } = cli;
    if !matches!(verb, Verb::Run { .. }) {
        telemetry::show_waiting();
    }
    let all = || Connections::load(config.as_deref());
    // Of the connection that is meant.
    let one = || all()?.one(&names);
    // Of the broker that connections share, or of the one that a connection has for itself.
    let common = || all().and_then(|all| if names.is_empty() { Ok(all.common) } else { all.one(&names) });
    let done = match verb {
        Verb::Run { service } => Box::pin(works::run(service, config, names)).await.map_err(Into::into),
        Verb::Health { services, here } => return health::run(&all()?, &services, (here, &names), json).await,
        Verb::Provision { moved, apply } => {
            let asked = if moved { Asked::Moved { apply } } else { Asked::AsKept };
            provision::run(&all()?, &names, asked, json).await
        }
        Verb::Rights => rights::run(&all()?, &names),
        Verb::Config => show_settings(&all()?, &names, json),
        Verb::Ping { side } => return Box::pin(ping::run(one(), side.map(Into::into), json)).await,
        Verb::Mapping { verb: MappingVerb::Default } => print(mapping::DEFAULT),
        Verb::Mapping { verb: MappingVerb::Init { out } } => {
            return Box::pin(mapping_file::init(one()?, out)).await;
        }
        Verb::Mapping { verb: MappingVerb::Update } => {
            return Box::pin(mapping_file::update(one()?, json)).await;
        }
        Verb::Mapping { verb: MappingVerb::Check { offline } } => {
            return Box::pin(mapping_file::check(one()?, offline, json)).await;
        }
        Verb::Waiting => lists::waiting(&all()?, &names, json).await,
        Verb::DeadLetters => lists::dead_letters(&all()?, &names, json).await,
        Verb::Capacity => return capacity::run(&common()?, json).await,
        Verb::Drift => return lists::drifts(&one()?, json).await,
        Verb::Backfill(asked) => return Box::pin(backfill::run(one()?, asked, json)).await,
        Verb::Archive(asked) => return Box::pin(archive::run(one(), asked, json)).await,
        Verb::Poll { verb } => polls::run(&one()?, verb, json).await,
        Verb::Budget { verb } => Box::pin(budgets::run(&all()?, &names, verb, json)).await,
        Verb::Credentials { verb } => Box::pin(credentials::run(&one()?, verb, json)).await,
        Verb::MasterKey { verb: Some(verb) } => Box::pin(master_keys::run(&common()?, verb, json)).await,
        Verb::MasterKey { verb: None } => say(&pipeline::vault::new_master_key(), json),
        Verb::Erase { person, apply } => erase::run(&common()?, &person, apply, json).await,
        Verb::Sandbox(sandbox) => simulate(sandbox).await,
        Verb::Demo(demo) => demo::run(&demo, json).await,
        Verb::Completions { shell } => manual::completions(shell),
        Verb::Man { out } => manual::pages(out.as_deref()),
    };
    done.map(|()| ExitCode::SUCCESS)
}

async fn simulate(arguments: Sandbox) -> anyhow::Result<()> {
    let json = |text: Option<String>| text.unwrap_or_else(|| "{}".to_owned());
    let mut commerce_config: sandbox::commerce::Config =
        serde_json::from_str(&json(arguments.commerce_config)).context("--commerce-config")?;
    commerce_config.customers = arguments.customers;
    let running = sandbox::start(sandbox::Options {
        visma: arguments.visma,
        commerce: arguments.commerce,
        orders: arguments.orders,
        seed: arguments.seed,
        corpus: arguments.corpus,
        visma_config: serde_json::from_str(&json(arguments.visma_config)).context("--visma-config")?,
        commerce_config,
    })
    .await?;
    let (visma, commerce) = (running.visma_addr, running.commerce_addr);
    print(&format!("Visma.net       http://{visma}\nAdobe Commerce  http://{commerce}/rest/default\n"))?;
    print(&format!("control         http://{visma}/_sandbox/ledger\n"))?;
    service::signal().await;
    Ok(())
}

/// Prints the settings in force without their secrets, and refuses those that no service would start with.
fn show_settings(connections: &Connections, names: &[String], json: bool) -> anyhow::Result<()> {
    let masked = connections.masked(names)?;
    if json {
        print(&(serde_json::to_string(&masked)? + "\n"))?;
    } else {
        print(&toml::to_string_pretty(&masked)?)?;
    }
    for settings in connections.some(names)? {
        settings.webhook_secret()?;
    }
    Ok(())
}

/// Writes a sentence to stdout, under `--json` as an object with the key `said`.
pub(crate) fn say(text: &str, json: bool) -> anyhow::Result<()> {
    print(&if json { format!("{}\n", serde_json::json!({ "said": text })) } else { format!("{text}\n") })
}

/// Writes data to stdout; a closed pipe is an error to be told, not a panic.
///
/// # Errors
/// When nothing can be written.
pub fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    out.write_all(problem::plain(text).as_bytes())?;
    Ok(out.flush()?)
}
