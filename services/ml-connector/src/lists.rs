//! Verbs that list what stands in the log: of the connections that are named, or of all.

use std::process::ExitCode;

use jiff::tz::TimeZone;
use operator::{dead_letters, drift, waiting};
use problem::Problem;
use record::Log;
use serde_json::Value;

use crate::run::print;
use crate::settings::{Connections, Settings};
use crate::{accounts, bench};

/// Lists what waits.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) async fn waiting(connections: &Connections, names: &[String], json: bool) -> anyhow::Result<()> {
    let settings = connections.some(names)?;
    let mut all = Vec::new();
    for (own, log) in logs(&settings, "waiting").await? {
        all.push((own, waiting::list(&log).await?));
    }
    show(all, connections.are_several(), waiting::table, json)
}

/// Lists what was given up on.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) async fn dead_letters(connections: &Connections, names: &[String], json: bool) -> anyhow::Result<()> {
    let settings = connections.some(names)?;
    let mut all = Vec::new();
    for (own, log) in logs(&settings, "dead-letters").await? {
        all.push((own, dead_letters::list(&log).await?));
    }
    show(all, connections.are_several(), dead_letters::table, json)
}

/// Lists what is not as it was booked; the exit code is 1 when something is.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) async fn drifts(settings: &Settings, json: bool) -> anyhow::Result<ExitCode> {
    let log = bench::log(settings, "drift").await?;
    let report = drift::report(&log, accounts::settles(settings)).await?;
    match json {
        true => report.drifts.iter().try_for_each(|drift| print(&(serde_json::to_string(drift)? + "\n")))?,
        false => print(&drift::told(&report))?,
    }
    Ok(if report.drifts.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The log of each connection, as the verb `name` reads it.
async fn logs<'s>(settings: &'s [Settings], name: &str) -> Result<Vec<(&'s Settings, Log)>, Problem> {
    let mut logs: Vec<(&Settings, Log)> = Vec::new();
    for own in settings {
        // Connections with an account of their own are looked at there.
        let known = logs.iter().find(|(other, _)| other.nats.is_same_broker(&own.nats));
        let broker = match known {
            Some((_, log)) => log.broker().clone(),
            None => bench::connect(own, name).await?,
        };
        logs.push((own, Log::on(&broker, &own.connection)));
    }
    Ok(logs)
}

/// Prints lists; an object says whose it is, and a table where there are several.
fn show<T: serde::Serialize>(
    all: Vec<(&Settings, Vec<T>)>,
    several: bool,
    table: fn(&[T], &TimeZone) -> String,
    json: bool,
) -> anyhow::Result<()> {
    for (own, list) in all {
        if json {
            for one in &list {
                let mut object = serde_json::to_value(one)?;
                if let Value::Object(fields) = &mut object {
                    fields.insert("connection".to_owned(), own.connection.clone().into());
                }
                print(&format!("{object}\n"))?;
            }
            continue;
        }
        let table = table(&list, &own.time_zone.0);
        print(&if several { format!("{}\n{table}", own.connection) } else { table })?;
    }
    Ok(())
}
