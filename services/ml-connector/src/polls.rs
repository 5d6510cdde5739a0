//! `ml-connector poll`: when polls ran, and asking for one before it is due.

use std::time::Duration;

use jiff::tz::TimeZone;
use operator::polls::{Poll, chosen, table};
use pipeline::poll::ask::Desk;
use problem::{Code, Problem};

use crate::bench;
use crate::cli::PollVerb;
use crate::run::{print, say};
use crate::settings::Settings;

/// How long `--wait` waits: a vendor's window may be spent for a while.
const PATIENCE: Duration = Duration::from_secs(600);

/// Carries out a verb on polls.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) async fn run(settings: &Settings, verb: PollVerb, json: bool) -> anyhow::Result<()> {
    let connected = bench::connect(settings, "poll").await?;
    let desk = Desk::open(&connected, &settings.connection).await?;
    let known = desk.polls().await?;
    let zone = &settings.time_zone.0;
    match verb {
        PollVerb::List => {
            show(&known.into_iter().map(|(name, state)| Poll::of(&name, state)).collect::<Vec<_>>(), zone, json)
        }
        PollVerb::Now { poll, wait } => {
            let names = chosen(&known, poll.as_deref())?;
            let mut asked = Vec::new();
            for name in &names {
                asked.push((name, desk.ask(name).await?));
            }
            if !wait {
                return say(&format!("asked the services to poll {} now", names.join(", ")), json);
            }
            let answers = asked.iter().map(|(name, id)| answer(&desk, name, id));
            let polls = futures::future::try_join_all(answers).await?;
            show(&polls, zone, json)?;
            match polls.iter().find_map(|poll| Some((&poll.poll, poll.trouble.as_ref()?))) {
                Some((name, trouble)) => Err(failed(name, trouble).into()),
                None => Ok(()),
            }
        }
    }
}

async fn answer(desk: &Desk, name: &str, id: &str) -> Result<Poll, Problem> {
    match desk.answer(name, id, PATIENCE).await? {
        Some(state) => Ok(Poll::of(name, state)),
        None => Err(Problem::new(
            Code::PollUnanswered,
            format!("{name} has not been polled within {} minutes", PATIENCE.as_secs() / 60),
            "check with `ml-connector health` that the service that polls it is ready; it polls as soon as it is",
        )),
    }
}

fn failed(name: &str, trouble: &str) -> Problem {
    let remedy = "correct what the sentence names; the poll is repeated automatically";
    Problem::new(Code::PollFailed, format!("{name} did not read everything: {trouble}"), remedy)
}

fn show(polls: &[Poll], zone: &TimeZone, json: bool) -> anyhow::Result<()> {
    if json {
        return polls.iter().try_for_each(|poll| print(&(serde_json::to_string(poll)? + "\n")));
    }
    print(&table(polls, zone))
}
