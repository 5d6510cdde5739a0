//! The demo: a whole installation on this machine, a morning of orders, and what became of them.

mod report;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use operator::orders::{self, Progress};
use sandbox::generate::Generator;
use serde_json::{Value, json};

use crate::cli::Demo;
use crate::run::print;
use crate::stand::installation::WEBHOOK_SECRET;
use crate::stand::{Installation, Plan};
use report::Report;

/// Seed of the demo's orders: everybody sees the same morning.
const SEED: u64 = 7;
/// Customers of the morning for each ten orders.
const CUSTOMERS_PER_TEN_ORDERS: usize = 3;
/// How long nothing may move before the demo says so and shows what there is.
const PATIENCE: Duration = Duration::from_secs(45);

/// Shows the main job.
///
/// # Errors
/// When something does not come up, or does not come to an end.
pub async fn run(demo: &Demo, json: bool) -> anyhow::Result<()> {
    let talk = Talk { quiet: json };
    let binary = std::env::current_exe()?;
    let folder = std::env::temp_dir().join(format!("ml-connector-demo-{}", std::process::id()));
    let customers = (demo.orders * CUSTOMERS_PER_TEN_ORDERS / 10).max(1);
    talk.say("starting nats-server, the sandbox and the services on free ports of this machine …");
    let mut installation = Installation::prepare(plan(demo, &binary, &folder, customers)).await?;
    if demo.corpus.is_none() {
        installation.tell("visma/customers", &half_of(customers)?).await?;
    }
    installation.start_services()?;
    let started = Instant::now();
    let ended = tokio::select! {
        ended = flow(demo, &mut installation, customers, &talk) => ended,
        () = pipeline::service::signal() => Err(anyhow::anyhow!("interrupted")),
    };
    let report = match ended {
        Ok(()) => Report::of(&installation, started.elapsed()).await?,
        Err(e) => return Err(e.context(format!("the logs are in {}", folder.display()))),
    };
    print(&if json { report.json()? } else { report.tables() })?;
    if demo.keep {
        talk.say(&report::how_to_look_further(&installation));
        talk.say("everything stays up until Ctrl-C");
        pipeline::service::signal().await;
    } else {
        talk.say("to keep everything running and look further: cargo demo --keep");
    }
    drop(installation);
    std::fs::remove_dir_all(&folder).context("removing what the demo wrote")?;
    report.verdict()
}

fn plan(demo: &Demo, binary: &Path, folder: &Path, customers: usize) -> Plan {
    let mut sandbox = vec!["--seed".to_owned(), SEED.to_string(), "--customers".to_owned(), customers.to_string()];
    if let Some(corpus) = &demo.corpus {
        sandbox.extend(["--corpus".to_owned(), corpus.display().to_string()]);
    }
    // target/debug/ml-connector keeps the broker in target; an installed binary beside itself.
    let cache = binary.parent().and_then(Path::parent).map_or_else(|| PathBuf::from("."), Path::to_owned);
    Plan {
        binary: binary.to_owned(),
        cache,
        folder: folder.to_owned(),
        sandbox,
        mapping: mapping::DEFAULT.to_owned(),
        settings: Vec::new(),
        rights: None,
    }
}

/// Every second customer of the morning stands in Visma already.
fn half_of(customers: usize) -> anyhow::Result<Value> {
    let generator = Generator::new(SEED);
    let known = (0..customers as u64).step_by(2).map(|number| {
        let customer = generator.customer(number);
        let person = format!("{} {}", customer.first_name, customer.last_name);
        json!({
            "name": { "value": customer.company.unwrap_or(person) },
            "mainContact": { "value": { "email": { "value": customer.email } } },
            "vatRegistrationId": { "value": customer.vat_number.unwrap_or_default() },
        })
    });
    Ok(json!({ "customers": known.collect::<Vec<_>>() }))
}

/// Lets the orders come, and waits until each has become something.
async fn flow(demo: &Demo, installation: &mut Installation, customers: usize, talk: &Talk) -> anyhow::Result<()> {
    if demo.corpus.is_none() {
        let url = format!("http://{}/webhooks/commerce", installation.door);
        installation.tell_shop("webhook", &json!({ "url": url, "secret": WEBHOOK_SECRET })).await?;
        // A morning in half a minute.
        let rate = (demo.orders / 20).clamp(5, 60);
        let placing = json!({ "count": demo.orders, "rate_per_second": rate, "customers": customers });
        installation.tell_shop("orders", &placing).await?;
    }
    let log = installation.log().await?;
    let expected = match demo.corpus {
        None => demo.orders as u64,
        Some(_) => {
            let ledger = installation.ask("ledger").await?;
            ledger.pointer("/orders/count").and_then(Value::as_u64).context("the sandbox's ledger counts no orders")?
        }
    };
    let progress = talk.progress(expected);
    let mut moved = Instant::now();
    let mut before = 0;
    loop {
        for service in &mut installation.services {
            if let Some(status) = service.ended() {
                anyhow::bail!("{} ended with {status}; see {}", service.name(), service.log.display());
            }
        }
        let Progress { settled, .. } = orders::progress(&log).await?;
        progress.set_position(settled);
        if settled >= expected {
            progress.finish_and_clear();
            return Ok(());
        }
        if settled != before {
            (before, moved) = (settled, Instant::now());
        }
        if moved.elapsed() > PATIENCE {
            progress.finish_and_clear();
            talk.say(&format!("only {settled} of {expected} orders have become something so far"));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Talk goes to stderr; with `--json` there is none.
struct Talk {
    quiet: bool,
}

impl Talk {
    fn say(&self, text: &str) {
        if !self.quiet {
            #[allow(clippy::print_stderr, reason = "the demo talks to a person")]
            {
                eprintln!("{text}");
            }
        }
    }

    fn progress(&self, expected: u64) -> ProgressBar {
        let bar = ProgressBar::new(expected);
        if self.quiet || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} orders settled, {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar
    }
}
