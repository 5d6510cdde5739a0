//! `ml-connector budget`: what the vendors' windows still take, and ending a wait that makes no sense.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use operator::table::told;
use pipeline::budget::{Budget, Outlook, Shares};
use pipeline::clock;
use pipeline::service::Context;
use problem::Problem;
use serde_json::{Value, json};

use crate::cli::{BudgetVerb, VendorName};
use crate::credentials::context;
use crate::run::{print, say};
use crate::settings::{Connections, Settings};
use crate::vendors;

/// Carries out a verb on budgets: shows those of the connections that are named, or of all, or clears one's.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) async fn run(
    connections: &Connections,
    names: &[String],
    verb: BudgetVerb,
    json: bool,
) -> anyhow::Result<()> {
    match verb {
        BudgetVerb::Show => {
            let mut shown: Vec<(String, Vec<String>, String)> = Vec::new();
            for settings in connections.some(names)? {
                let context = context(&settings, "budget").await?;
                for vendor in [VendorName::Visma, VendorName::Commerce] {
                    let budget = open(&settings, &context, vendor).await?;
                    if let Some((.., of, _)) = shown.iter_mut().find(|(key, ..)| key == budget.key()) {
                        of.push(settings.connection.clone());
                        continue;
                    }
                    let of = vec![settings.connection.clone()];
                    let line = line(budget.vendor(), budget.outlook().await, &settings.time_zone.0, json);
                    shown.push((budget.key().to_owned(), of, line));
                }
            }
            let several = connections.are_several();
            shown.iter().try_for_each(|(_, of, line)| print(&owned(of, line, several, json)))
        }
        BudgetVerb::Clear { vendor } => {
            let settings = connections.one(names)?;
            let budget = open(&settings, &context(&settings, "budget").await?, vendor).await?;
            let before = budget.clear().await?;
            print(&line(budget.vendor(), before, &settings.time_zone.0, json))?;
            say(&format!("cleared: the next answer of {} tells its limit again", budget.vendor()), json)
        }
    }
}

/// The budget that a connection's calls are counted in.
async fn open(settings: &Settings, context: &Context, vendor: VendorName) -> Result<Budget, Problem> {
    let (vendor, owner) = match vendor {
        VendorName::Visma => (vendors::VISMA, vendors::company_of(&settings.visma, context).await?),
        VendorName::Commerce => (vendors::COMMERCE, vendors::shop_of(&settings.commerce)),
    };
    Budget::open(&context.broker, (vendor, &owner), Shares::NONE, Duration::ZERO).await
}

/// A budget's line, and whose it is.
fn owned(of: &[String], line: &str, several: bool, json: bool) -> String {
    if json {
        let mut object: Value = serde_json::from_str(line).unwrap_or_default();
        if let Value::Object(fields) = &mut object {
            fields.insert("connections".to_owned(), of.into());
        }
        return format!("{object}\n");
    }
    if several { format!("{} ({}", line.trim_end(), of.join(", ")) + ")\n" } else { line.to_owned() }
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
