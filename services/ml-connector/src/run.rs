//! Carries out a verb.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use jiff::{Timestamp, ToSpan as _};
use operator::{dead_letters, drift, waiting};
use pipeline::broker;
use pipeline::health::Health;
use pipeline::poll;
use pipeline::service::{self, Context};
use pipeline::settings::Sources;
use pipeline::telemetry;
use problem::Problem;
use record::Log;
use record::address::Connection;
use record::streams::{self, Durable};

use crate::cli::{Cli, MappingVerb, Sandbox, Service, Verb};
use crate::settings::{DEFAULT, Settings};
use crate::{
    accounts, archive, backfill, budgets, capacity, credentials, demo, erase, health, manual, mapping_file,
    master_keys, ping, polls, vendors,
};

/// Every durable consumer of the house.
pub(crate) const DURABLES: [Durable; 4] =
    [ingestor::commerce::DURABLE, mapper::DURABLE, writer::visma::DURABLE, writer::commerce::DURABLE];

/// Carries out what the command line says.
///
/// # Errors
/// What a person must know of it.
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
        Verb::Run { .. } => None,
        Verb::Provision => Some("provision"),
        Verb::Credentials { .. } | Verb::MasterKey { .. } => Some("vault"),
        Verb::Erase { .. } => Some("erasure"),
        Verb::Archive { .. } => Some("archive"),
        _ => Some("operator"),
    }
}

async fn carry_out(cli: Cli) -> anyhow::Result<ExitCode> {
    let config = cli.config.as_deref();
    if !matches!(cli.verb, Verb::Run { .. }) {
        telemetry::show_waiting();
    }
    let json = cli.json;
    let done = match cli.verb {
        Verb::Run { service } => Box::pin(serve(service, &Settings::load(config)?)).await.map_err(Into::into),
        Verb::Health { services, here } => {
            return health::run(&Settings::load(config)?, &services, here, json).await;
        }
        Verb::Provision => provision(&Settings::load(config)?, json).await,
        Verb::Config => show_settings(cli.config, json),
        Verb::Ping { side } => return Box::pin(ping::run(config, side.map(Into::into), json)).await,
        Verb::Mapping { verb: MappingVerb::Default } => print(mapping::DEFAULT),
        Verb::Mapping { verb: MappingVerb::Init { out } } => {
            return Box::pin(mapping_file::init(Settings::load(config)?, out)).await;
        }
        Verb::Mapping { verb: MappingVerb::Update } => {
            return Box::pin(mapping_file::update(Settings::load(config)?, json)).await;
        }
        Verb::Mapping { verb: MappingVerb::Check { offline } } => {
            return Box::pin(mapping_file::check(Settings::load(config)?, offline, json)).await;
        }
        Verb::Waiting => list_waiting(&Settings::load(config)?, json).await,
        Verb::DeadLetters => dead_letters(&Settings::load(config)?, json).await,
        Verb::Capacity => return capacity::run(&Settings::load(config)?, json).await,
        Verb::Drift => return drifts(&Settings::load(config)?, json).await,
        Verb::Backfill(asked) => return Box::pin(backfill::run(Settings::load(config)?, asked, json)).await,
        Verb::Archive(asked) => return Box::pin(archive::run(&Settings::load(config)?, asked, json)).await,
        Verb::Poll { verb } => polls::run(&Settings::load(config)?, verb, json).await,
        Verb::Budget { verb } => budgets::run(&Settings::load(config)?, verb, json).await,
        Verb::Credentials { verb } => Box::pin(credentials::run(&Settings::load(config)?, verb, json)).await,
        Verb::MasterKey { verb: Some(verb) } => Box::pin(master_keys::run(&Settings::load(config)?, verb, json)).await,
        Verb::MasterKey { verb: None } => say(&pipeline::vault::new_master_key(), json),
        Verb::Erase { person, apply } => erase::run(&Settings::load(config)?, &person, apply, json).await,
        Verb::Sandbox(sandbox) => simulate(sandbox).await,
        Verb::Demo(demo) => demo::run(&demo, json).await,
        Verb::Completions { shell } => manual::completions(shell),
        Verb::Man { out } => manual::pages(out.as_deref()),
    };
    done.map(|()| ExitCode::SUCCESS)
}

async fn serve(which: Service, settings: &Settings) -> Result<(), Problem> {
    let shell = settings.shell();
    match which {
        Service::IngestorCommerce => {
            let scope = settings.scope()?;
            settings.webhook_secret()?;
            service::run(ingestor::commerce::NAME, shell, async move |context| {
                poll::beginning(&context.health);
                let source = Box::pin(shop(settings, scope, &context)).await?;
                Box::pin(ingestor::commerce::run(context, source)).await
            })
            .await
        }
        Service::IngestorVisma => {
            let (prefix, scope) = (settings.load_mapping()?.reference_prefix().to_owned(), settings.scope()?);
            service::run(ingestor::visma::NAME, shell, async move |context| {
                poll::beginning(&context.health);
                let (vendor, company) = vendors::visma(&settings.visma, &context).await?;
                vendors::company_is_shown(&context, &vendor, &company).await?;
                let (poll, zone) = (settings.visma.poll.clone(), settings.time_zone.clone());
                let from = a_day_before(scope.go_live).to_zoned(jiff::tz::TimeZone::UTC).datetime().into();
                let sweep = settings.visma.sweep.clone();
                let source = ingestor::visma::Source { vendor, company, poll, sweep, zone, prefix, from };
                Box::pin(ingestor::visma::run(context, source)).await
            })
            .await
        }
        Service::Mapper => {
            let rules = mapper::Rules {
                mapping: settings.answered_mapping()?,
                scope: settings.scope()?,
                comments: settings.comments.clone(),
            };
            let (interval, settles) = (settings.drift.interval.0, accounts::settles(settings));
            service::run(mapper::NAME, shell, async move |context| {
                tokio::spawn(accounts::count(context.clone(), interval, settles));
                mapper::run(context, rules).await
            })
            .await
        }
        Service::WriterVisma => {
            let (prefix, scope) = (settings.load_mapping()?.reference_prefix().to_owned(), settings.scope()?);
            service::run(writer::visma::NAME, shell, async move |context| {
                let (vendor, company) = vendors::visma(&settings.visma, &context).await?;
                vendors::company_is_shown(&context, &vendor, &company).await?;
                let (create, documents) = (settings.visma.create.clone(), settings.visma.documents.clone());
                let from = a_day_before(scope.go_live).to_zoned(jiff::tz::TimeZone::UTC).datetime().into();
                let target = writer::visma::Target { vendor, company, settings: create, documents, prefix, from };
                Box::pin(writer::visma::run(context, target)).await
            })
            .await
        }
        Service::WriterCommerce => {
            service::run(writer::commerce::NAME, shell, async move |context| {
                let (vendor, base) = vendors::commerce(&settings.commerce, &context).await?;
                let target = writer::commerce::Target { vendor, base, settings: settings.commerce.comment.clone() };
                writer::commerce::run(context, target).await
            })
            .await
        }
    }
}

/// The shop, as its ingestor reads it.
async fn shop(
    settings: &Settings,
    scope: mapping::Scope,
    context: &Context,
) -> Result<ingestor::commerce::Source, Problem> {
    let (vendor, base) = vendors::commerce(&settings.commerce, context).await?;
    Ok(ingestor::commerce::Source {
        vendor,
        base,
        poll: settings.commerce.poll.clone(),
        sweep: settings.commerce.sweep.clone(),
        zone: settings.time_zone.clone(),
        secrets: vendors::webhook_secrets(&settings.commerce.webhook, context).await?,
        webhook: settings.commerce.webhook.clone(),
        from: a_day_before(scope.go_live),
        stores: scope.stores,
        websites: scope.websites,
    })
}

/// The go-live date is in the company's time zone, Commerce's stamps are in UTC: a day covers every zone. Mapping is
/// exact.
fn a_day_before(go_live: Option<jiff::civil::DateTime>) -> Timestamp {
    let utc = go_live.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
    utc.and_then(|date| date.checked_sub(1.day()).ok()).map_or(Timestamp::MAX, |date| date.timestamp())
}

async fn provision(settings: &Settings, json: bool) -> anyhow::Result<()> {
    service::crypto_provider();
    pipeline::vault::master_key(&settings.vault)?;
    let connected = broker::connect(&settings.nats, "provision", &Health::default()).await?;
    broker::connect::is_new_enough(&connected)?;
    let connection = Connection::new(&settings.connection);
    let done = streams::provision(&connected.jetstream, &settings.nats, &connection, &DURABLES).await?;
    // Makes the keys that all services share, and shows that the master key fits.
    service::open_vault(&connected, &settings.vault).await?;
    done.iter().try_for_each(|line| say(line, json))
}

/// The log as the verb `name` reads it.
async fn log_for(settings: &Settings, name: &str) -> Result<Log, Problem> {
    service::crypto_provider();
    let connected = broker::connect(&settings.nats, name, &Health::default()).await?;
    Ok(Log::on(&connected, &settings.connection))
}

async fn dead_letters(settings: &Settings, json: bool) -> anyhow::Result<()> {
    let letters = dead_letters::list(&log_for(settings, "dead-letters").await?).await?;
    if json {
        return letters.iter().try_for_each(|letter| print(&(serde_json::to_string(letter)? + "\n")));
    }
    print(&dead_letters::table(&letters, &settings.time_zone.0))
}

async fn list_waiting(settings: &Settings, json: bool) -> anyhow::Result<()> {
    let all = waiting::list(&log_for(settings, "waiting").await?).await?;
    if json {
        return all.iter().try_for_each(|one| print(&(serde_json::to_string(one)? + "\n")));
    }
    print(&waiting::table(&all, &settings.time_zone.0))
}

/// Lists what is not as it was booked; the exit code is 1 when something is.
async fn drifts(settings: &Settings, json: bool) -> anyhow::Result<ExitCode> {
    let report = drift::report(&log_for(settings, "drift").await?, accounts::settles(settings)).await?;
    match json {
        true => report.drifts.iter().try_for_each(|drift| print(&(serde_json::to_string(drift)? + "\n")))?,
        false => print(&drift::told(&report))?,
    }
    Ok(if report.drifts.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
fn show_settings(file: Option<PathBuf>, json: bool) -> anyhow::Result<()> {
    let settings = Settings::load(file.as_deref())?;
    let masked = Sources::process(DEFAULT, file).masked()?;
    if json {
        print(&(serde_json::to_string(&masked.parse::<toml::Table>()?)? + "\n"))?;
    } else {
        print(&masked)?;
    }
    Ok(settings.webhook_secret()?)
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
