//! `ml-connector backfill`: books what was made before the go-live date after all.
//!
//! It reads and records; mapper and writer do the rest. Only so much is recorded ahead of them that today's orders wait
//! behind a few documents of history, and not behind all of it.

use record::Log;
use std::process::ExitCode;
use std::time::Duration;

use ::commerce::entity::Entity;
use ::commerce::history::History;
use ::commerce::time::Moment;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ingestor::commerce::{Backfill, Range};
use mapping::{Scope, Trigger};
use operator::backfill::{Kind, Plan, Span, calls_at_most, end, text};
use operator::table::told;
use pipeline::clock;
use pipeline::service;
use pipeline::vendor::Vendor;
use problem::{Code, Problem};
use record::backlog;
use serde_json::json;

use crate::bench::Bench;
use crate::cli;
use crate::run::print;
use crate::settings::Settings;

/// Ended by a person before its end, as a shell says it.
const STOPPED: u8 = 130;
/// How often it is looked whether the writer has caught up.
const LOOK: Duration = Duration::from_millis(500);
/// Passing troubles in a row before it is given up; nothing is lost by that.
const TROUBLES: u32 = 20;

/// Prints the plan, and carries it out with `--apply`.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) async fn run(settings: Settings, asked: cli::Backfill, json: bool) -> anyhow::Result<ExitCode> {
    let (scope, mapping) = (settings.scope()?, settings.load_mapping()?);
    let go_live = scope.go_live.unwrap_or_default();
    let span = Span::of(asked.from, asked.to, go_live)?;
    let (from, until) = span.instants(mapping.time_zone())?;
    let bench = Bench::open(settings, "backfill").await?;
    let history = History { from: Moment::of(from), until: Moment::of(until), stores: scope.stores.clone() };
    let range = Range { history, mark: span.from, entities: entities(&scope) };
    let page_size = bench.settings.commerce.poll.page_size;
    let backfill = Backfill::open(&bench.context, bench.commerce().await?, range, page_size).await?;
    let (visma, _) = bench.visma().await?;
    let mut work = Work { backfill, visma, bench: &bench, left: 0 };
    let plan = work.plan(span).await?;
    print(&if json { serde_json::to_string(&plan)? + "\n" } else { text(&plan, &work.bench.settings.time_zone.0) })?;
    if !asked.apply {
        talk("nothing was done; --apply carries it out");
        return Ok(ExitCode::SUCCESS);
    }
    tokio::select! {
        done = work.carry_out(json) => done.map(|()| ExitCode::SUCCESS),
        () = service::signal() => {
            talk("stopped; the same command continues");
            Ok(ExitCode::from(STOPPED))
        }
    }
}

/// Lists the kinds of record to read: orders, and those of their documents that have consequences.
fn entities(scope: &Scope) -> Vec<Entity> {
    let invoices = scope.trigger == Trigger::Invoiced || scope.references;
    let all = [(Entity::Order, true), (Entity::Invoice, invoices), (Entity::CreditMemo, true)];
    all.into_iter().filter_map(|(entity, read)| read.then_some(entity)).collect()
}

struct Work<'a> {
    backfill: Backfill,
    /// Asked for nothing: it knows what Visma's window takes.
    visma: Vendor,
    bench: &'a Bench,
    left: u64,
}

impl Work<'_> {
    async fn plan(&mut self, span: Span) -> Result<Plan, Problem> {
        let amounts = loop {
            match self.backfill.amounts().await {
                Ok(amounts) => break amounts,
                Err(stopped) => {
                    let (wait, why) = stopped.passing()?;
                    talk(&format!("Commerce cannot be asked just now: {why}"));
                    tokio::time::sleep(wait.max(LOOK)).await;
                }
            }
        };
        self.left = amounts.iter().map(|amount| amount.left).sum();
        let kind = |amount: &ingestor::commerce::Amount| Kind {
            kind: amount.entity.name(),
            all: amount.all,
            left: amount.left,
        };
        Ok(Plan {
            span,
            resumed: self.backfill.is_resumed(),
            kinds: amounts.iter().map(kind).collect(),
            visma_calls_at_most: calls_at_most(self.left),
            end: end(clock::now(), jiff::SignedDuration::ZERO, 0, self.left, &self.visma.outlook().await),
        })
    }

    async fn carry_out(&mut self, json: bool) -> anyhow::Result<()> {
        let (bar, began) = (bar(self.left)?, clock::now());
        let (mut read, mut new, mut troubles) = (0, 0, 0);
        loop {
            self.until_there_is_room(&bar).await?;
            match self.backfill.step().await {
                Ok(None) => break,
                Ok(Some(stepped)) => {
                    (read, new, troubles) = (read + stepped.read, new + stepped.new, 0);
                    let left = self.left.saturating_sub(read);
                    let now = clock::now();
                    let end = end(now, now.duration_since(began), read, left, &self.visma.outlook().await);
                    let end = told(end, &self.bench.settings.time_zone.0);
                    bar.set_position(read);
                    bar.set_message(format!("{} · done by about {end}", stepped.entity.name()));
                    if bar.is_hidden() {
                        talk(&format!("{read} of {} read, done by about {end}", self.left));
                    }
                }
                Err(stopped) => {
                    let (wait, why) = stopped.passing()?;
                    troubles += 1;
                    if troubles >= TROUBLES {
                        let sentence =
                            format!("{read} records were read, and then Commerce or the broker went away: {why}");
                        let remedy = "start the same command again when they are there; it goes on where it was";
                        return Err(Problem::new(Code::BackfillInterrupted, sentence, remedy).into());
                    }
                    bar.set_message(why);
                    tokio::time::sleep(wait.max(LOOK)).await;
                }
            }
        }
        bar.finish_and_clear();
        print(&if json {
            json!({ "read": read, "brought_in": new }).to_string() + "\n"
        } else {
            format!("{read} records read, {new} of them new; mapper and writer process them now\n")
        })
    }

    /// Returns when few enough documents wait for mapper and writer.
    async fn until_there_is_room(&self, bar: &ProgressBar) -> Result<(), Problem> {
        let context = &self.bench.context;
        let log = Log::on(&context.broker, &context.connection);
        let mut told = false;
        loop {
            let mut waiting = 0;
            for durable in [mapper::DURABLE, writer::visma::DURABLE] {
                waiting += backlog::waiting(&log, durable).await.map_err(|why| {
                    let remedy = "look at the broker, and that `ml-connector provision` was run";
                    Problem::new(
                        Code::BrokerAway,
                        format!("what waits for {} is not known: {why}", durable.name),
                        remedy,
                    )
                })?;
            }
            if waiting <= self.bench.settings.backfill.ahead {
                return Ok(());
            }
            let said = format!("{waiting} documents wait for mapper and writer; reading goes on when they are fewer");
            bar.set_message(said.clone());
            if bar.is_hidden() && !told {
                talk(&said);
                told = true;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn bar(length: u64) -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")?);
    Ok(bar)
}

#[allow(clippy::print_stderr, reason = "what a person who waits is told; the data goes to stdout")]
fn talk(text: &str) {
    eprintln!("{text}");
}
