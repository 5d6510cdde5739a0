//! `ml-connector archive`: takes what is final out of the broker into files, and reads such files.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use jiff::civil::DateTime;
use operator::archive::{self, Judged, Plan, Purging, Shown};
use pipeline::service;
use pipeline::vault::Vault;
use problem::{Code, Problem, plain};
use record::archive::{Purged, Run, may_be_purged, runs};
use record::{Log, backlog};
use serde_json::json;

use crate::bench;
use crate::cli::{Archive, ArchiveVerb};
use crate::run::{print, say};
use crate::settings::Settings;
use crate::works::DURABLES;

/// Name of the verb, as the broker's log has it.
const NAME: &str = "archive";
/// How often it is looked whether the services have caught up.
const LOOK: Duration = Duration::from_millis(500);

/// Carries out the verb.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) async fn run(settings: Result<Settings, Problem>, asked: Archive, json: bool) -> anyhow::Result<ExitCode> {
    match asked.verb {
        None => Box::pin(archive(&settings?, asked, json)).await?,
        Some(ArchiveVerb::List { folder }) => list(&folder, json)?,
        Some(ArchiveVerb::Verify { folder }) => verify(&folder, json)?,
        Some(ArchiveVerb::Show { folder, order, sealed }) => {
            return Box::pin(show(&settings?, &folder, (&order, sealed), json)).await;
        }
        Some(ArchiveVerb::Restore { folder }) => Box::pin(restore(&settings?, &folder, json)).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn archive(settings: &Settings, asked: Archive, json: bool) -> anyhow::Result<()> {
    let before = moment(settings, asked.before)?;
    let to = asked.to.filter(|_| asked.apply);
    if asked.apply && to.is_none() {
        let remedy = "name a folder with --to; it may hold archives already";
        return Err(Problem::new(Code::ArchiveUnwritable, "there is no folder to archive to", remedy).into());
    }
    let (log, bar) = (bench::log(settings, NAME).await?, bar()?);
    let mut progress = |what: &str, count: u64| bar.set_message(format!("{count} {what}"));
    if let Some(to) = &to {
        may_be_purged(&log).await?;
        std::fs::create_dir_all(to).map_err(|error| unwritable(to, &error))?;
        // What an interrupted command has left comes first.
        for run in archive::unfinished(to, &settings.connection)? {
            talk(&format!("{} was not purged to its end: that goes on", run.folder.display()));
            finish(settings, &log, run, json).await?;
        }
    }
    let folder = to.clone().unwrap_or_else(std::env::temp_dir);
    let judged = archive::judge(&log, before, &DURABLES, &folder, &mut progress).await?;
    let Judged { plan, .. } = &judged;
    bar.set_message("");
    print(&if json { serde_json::to_string(plan)? + "\n" } else { plan.text() })?;
    let Some(to) = to else {
        talk("nothing was done; --apply --to FOLDER carries it out");
        return Ok(());
    };
    let Plan { orders: 1.., .. } = plan else { return Ok(()) };
    let run = archive::export(&log, &judged, &to, &mut progress).await?;
    drop(judged);
    bar.finish_and_clear();
    finish(settings, &log, run, json).await
}

/// Says how far back the log reaches, and then purges what a run holds.
async fn finish(settings: &Settings, log: &Log, mut run: Run, json: bool) -> anyhow::Result<()> {
    let bar = bar()?;
    let (folder, entries) = (run.folder.clone(), run.manifest.entries());
    let before = run.manifest.before;
    let mut read = |what: &str, count: u64| bar.set_message(format!("{count} {what}"));
    let mut purging = Purging::open(log, &mut run, &mut read)?;
    log.move_horizon(before).await?;
    bar.set_length(purging.subjects);
    loop {
        until_there_is_room(settings, log, &bar).await?;
        if !purging.step().await? {
            break;
        }
        bar.set_position(purging.done);
        bar.set_message("subjects purged");
    }
    let subjects = purging.subjects;
    let Purged { entries: purged, millis, .. } = purging.finish()?;
    bar.finish_and_clear();
    let rate = subjects.saturating_mul(1_000) / millis.max(1);
    let said = json!({
        "folder": folder, "entries": entries, "purged": purged, "subjects": subjects, "millis": millis,
        "subjects_a_second": rate,
    });
    print(&if json {
        said.to_string() + "\n"
    } else {
        format!(
            "{entries} entries are in {}; {purged} of them were purged now, {rate} subjects a second. Keep a copy \
             elsewhere.\n",
            folder.display()
        )
    })
}

/// Returns when few enough documents wait for mapper and writers: today's go first.
async fn until_there_is_room(settings: &Settings, log: &Log, bar: &ProgressBar) -> Result<(), Problem> {
    loop {
        let mut waiting = 0;
        for durable in DURABLES {
            waiting += backlog::waiting(log, durable).await.map_err(|why| {
                let remedy = "look at the broker, and that `ml-connector provision` was run";
                Problem::new(Code::BrokerAway, format!("what waits for {} is not known: {why}", durable.name), remedy)
            })?;
        }
        if waiting <= settings.backfill.ahead {
            return Ok(());
        }
        bar.set_message(format!("{waiting} documents wait for the services; purging goes on when they are fewer"));
        tokio::time::sleep(LOOK).await;
    }
}

/// The moment in the company's time zone. Later ones would be undone by the polls: what they read again must be in the
/// log.
fn moment(settings: &Settings, before: Option<DateTime>) -> anyhow::Result<Timestamp> {
    let before = before.and_then(|before| before.to_zoned(settings.time_zone.0.clone()).ok());
    let Some(before) = before.map(|before| before.timestamp()) else {
        let remedy = "say --before 2027-01-01, a day in the company's time zone";
        return Err(Problem::new(Code::ArchiveTooRecent, "no moment is named before which is archived", remedy).into());
    };
    let (shop, books) = (&settings.commerce, &settings.visma);
    let mut again = vec![("commerce.poll.overlap", shop.poll.overlap.0), ("visma.poll.overlap", books.poll.overlap.0)];
    if shop.sweep.enabled {
        again.push(("commerce.sweep.window", shop.sweep.window.0));
    }
    if books.sweep.enabled {
        again.push(("visma.sweep.reach", books.sweep.reach.0));
    }
    let now = pipeline::clock::now();
    for (setting, span) in again {
        let read_from = jiff::SignedDuration::try_from(span).ok().and_then(|span| now.checked_sub(span).ok());
        if read_from.is_none_or(|read_from| before > read_from) {
            let sentence = format!("{before} is too recent: {setting} reads records again that are newer");
            let remedy = format!("archive what is older than {} days", span.as_secs().div_ceil(24 * 60 * 60));
            return Err(Problem::new(Code::ArchiveTooRecent, sentence, remedy).into());
        }
    }
    Ok(before)
}

/// The runs in a folder, which must hold some.
fn some(folder: &Path) -> Result<Vec<Run>, Problem> {
    let found = runs(folder)?;
    if found.is_empty() {
        let sentence = format!("there is no archive in {}", folder.display());
        return Err(Problem::new(Code::ArchiveUnwritable, sentence, "name the folder that was given to --to"));
    }
    Ok(found)
}

fn list(folder: &Path, json: bool) -> anyhow::Result<()> {
    for Run { folder, manifest, purged } in some(folder)? {
        print(&if json {
            json!({ "folder": folder, "manifest": manifest, "purged": purged }).to_string() + "\n"
        } else {
            let (entries, orders, before) = (manifest.entries(), manifest.orders, manifest.before);
            let purged = purged.map_or("not purged yet".to_owned(), |purged| format!("purged {}", purged.at));
            format!("{}: {orders} orders before {before}, {entries} entries, {purged}\n", folder.display())
        })?;
    }
    Ok(())
}

fn verify(folder: &Path, json: bool) -> anyhow::Result<()> {
    for run in some(folder)? {
        run.verify().map_err(Problem::from)?;
        say(&format!("{}: {} entries as they were written", run.folder.display(), run.manifest.entries()), json)?;
    }
    Ok(())
}

async fn show(settings: &Settings, folder: &Path, of: (&str, bool), json: bool) -> anyhow::Result<ExitCode> {
    let (found, (order, sealed)) = (some(folder)?, of);
    let vault = if sealed { None } else { Some(vault(settings).await?) };
    let entries = archive::show(&found, order, vault.as_ref()).await?;
    let text = |one: &Shown| if json { Ok(serde_json::to_string(one)? + "\n") } else { anyhow::Ok(one.text()) };
    entries.iter().try_for_each(|one| print(&text(one)?))?;
    if entries.is_empty() {
        talk(&format!("order {order} is not in this archive"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

async fn vault(settings: &Settings) -> Result<Vault, Problem> {
    service::open_vault(&bench::connect(settings, NAME).await?, &settings.vault).await
}

async fn restore(settings: &Settings, folder: &Path, json: bool) -> anyhow::Result<()> {
    let found: Vec<_> =
        some(folder)?.into_iter().filter(|run| run.manifest.connection == settings.connection).collect();
    let (log, bar) = (bench::log(settings, NAME).await?, bar()?);
    let mut progress = |what: &str, count: u64| bar.set_message(format!("{count} {what}"));
    let restored = archive::restore(&log, &found, &mut progress).await?;
    bar.finish_and_clear();
    say(&format!("{restored} entries were restored"), json)
}

fn unwritable(folder: &Path, error: &std::io::Error) -> Problem {
    let sentence = format!("{} cannot be used: {error}", folder.display());
    Problem::new(Code::ArchiveUnwritable, sentence, "name a folder that is yours and has room")
}

fn bar() -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{spinner} {pos}/{len} {msg}")?);
    Ok(bar)
}

#[allow(clippy::print_stderr, reason = "what a person who waits is told; the data goes to stdout")]
fn talk(text: &str) {
    eprintln!("{}", plain(text));
}
