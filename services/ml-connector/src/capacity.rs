//! `ml-connector capacity`: how full the streams are, and when they will be.

use std::process::ExitCode;

use operator::capacity::{self, Room};

use crate::bench;
use crate::run::print;
use crate::settings::Settings;

/// Shows each stream; the exit code is 1 when one will be full soon.
///
/// # Errors
/// `BROKER_AWAY` when the broker does not answer.
pub(crate) async fn run(settings: &Settings, json: bool) -> anyhow::Result<ExitCode> {
    let log = bench::log(settings, "capacity").await?;
    let rooms = capacity::list(&log).await?;
    let disk = capacity::disk(log.broker()).await?;
    if json {
        rooms.iter().try_for_each(|room| print(&(serde_json::to_string(room)? + "\n")))?;
        print(&(serde_json::to_string(&disk)? + "\n"))?;
    } else {
        print(&(capacity::table(&rooms, &settings.time_zone.0) + &capacity::told(disk)))?;
    }
    Ok(if rooms.iter().any(Room::fills_soon) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
