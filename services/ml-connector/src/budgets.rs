//! `ml-connector budget`: what the vendors' windows still take, and ending a wait that makes no sense.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use operator::table::told;
use pipeline::broker;
use pipeline::budget::{Budget, Outlook, Shares};
use pipeline::clock;
use pipeline::health::Health;
use pipeline::service;
use serde_json::json;

use crate::cli::{BudgetVerb, VendorName};
use crate::run::{print, say};
use crate::settings::Settings;

/// Carries out a verb on budgets.
///
/// # Errors
/// What a person must know of it.
pub(crate) async fn run(settings: &Settings, verb: BudgetVerb, json: bool) -> anyhow::Result<()> {
    service::crypto_provider();
    let connected = broker::connect(&settings.nats, "budget", &Health::default()).await?;
    let open = async |vendor| Budget::open(&connected, vendor, Shares::NONE, Duration::ZERO).await;
    let zone = &settings.time_zone.0;
    match verb {
        BudgetVerb::Show => {
            for vendor in ["visma", "commerce"] {
                print(&line(vendor, open(vendor).await?.outlook().await, zone, json))?;
            }
            Ok(())
        }
        BudgetVerb::Clear { vendor } => {
            let vendor = match vendor {
                VendorName::Visma => "visma",
                VendorName::Commerce => "commerce",
            };
            let before = open(vendor).await?.clear().await?;
            print(&line(vendor, before, zone, json))?;
            say(&format!("cleared: the next answer of {vendor} tells its limit again"), json)
        }
    }
}

/// A vendor's budget on one line.
fn line(vendor: &str, outlook: Outlook, zone: &TimeZone, json: bool) -> String {
    let Outlook { limit, left, next_at, blocked_until, .. } = outlook;
    let at = |millis: u64| {
        let at = Timestamp::from_millisecond(i64::try_from(millis).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX);
        (millis > clock::now_millis()).then(|| if json { at.to_string() } else { told(at, zone) })
    };
    let (blocked, next) = (at(blocked_until), at(next_at));
    if json {
        let line =
            json!({ "vendor": vendor, "limit": limit, "left": limit.map(|_| left), "next": next, "blocked": blocked });
        return format!("{line}\n");
    }
    let calls = limit.map_or_else(|| "no limit known".to_owned(), |limit| format!("{left} of {limit} calls left"));
    let next = next.map_or_else(String::new, |next| format!(", the next window at {next}"));
    let blocked = blocked.map_or_else(String::new, |until| format!("; {vendor} asked for no calls before {until}"));
    format!("{vendor}: {calls}{next}{blocked}\n")
}
