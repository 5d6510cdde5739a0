//! `ml-connector budget`: what the vendors' windows still take, and ending a wait that makes no sense.

use std::time::Duration;

use pipeline::broker;
use pipeline::budget::{Budget, Outlook, Shares};
use pipeline::clock;
use pipeline::health::Health;
use pipeline::service;
use pipeline::subject::Subjects;
use serde_json::json;

use crate::cli::{BudgetVerb, VendorName};
use crate::run::print;
use crate::settings::Settings;

/// Carries out a verb on budgets.
///
/// # Errors
/// What a person must know of it.
pub(crate) async fn run(settings: &Settings, verb: BudgetVerb) -> anyhow::Result<()> {
    service::crypto_provider();
    let subjects = Subjects::new(&settings.connection);
    let connected = broker::connect(&settings.nats, "budget", subjects, &Health::default()).await?;
    let open = async |vendor| Budget::open(&connected, vendor, Shares::NONE, Duration::ZERO).await;
    match verb {
        BudgetVerb::Show { json } => {
            for vendor in ["visma", "commerce"] {
                print(&told(vendor, open(vendor).await?.outlook().await, json))?;
            }
            Ok(())
        }
        BudgetVerb::Clear { vendor } => {
            let vendor = match vendor {
                VendorName::Visma => "visma",
                VendorName::Commerce => "commerce",
            };
            let before = open(vendor).await?.clear().await?;
            print(&told(vendor, before, false))?;
            print(&format!("cleared: the next call to {vendor} tells what its window is like\n"))
        }
    }
}

/// A vendor's budget on one line.
fn told(vendor: &str, outlook: Outlook, json: bool) -> String {
    let Outlook { limit, left, next_at, blocked_until, .. } = outlook;
    let blocked = (blocked_until > clock::now_millis()).then(|| clock::told(blocked_until));
    let next = (next_at > clock::now_millis()).then(|| clock::told(next_at));
    if json {
        let line =
            json!({ "vendor": vendor, "limit": limit, "left": limit.map(|_| left), "next": next, "blocked": blocked });
        return format!("{line}\n");
    }
    let calls = limit.map_or_else(|| "no limit known".to_owned(), |limit| format!("{left} of {limit} calls left"));
    let next = next.map_or_else(String::new, |next| format!(", the next window at {next}"));
    let blocked = blocked.map_or_else(String::new, |until| format!("; nobody calls before {until}"));
    format!("{vendor}: {calls}{next}{blocked}\n")
}
