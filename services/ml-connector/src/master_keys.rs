//! `ml-connector master-key`: making one, and changing it while everything runs.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use operator::table::told;
use pipeline::service::Context;
use pipeline::vault::credentials::Credentials;
use pipeline::vault::{self, VaultError, fingerprint};
use problem::{Code, Problem, chain};

use crate::cli::MasterKeyVerb;
use crate::credentials::context;
use crate::run::say;
use crate::settings::Settings;

/// Carries out a verb on the master key.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) async fn run(settings: &Settings, verb: MasterKeyVerb, json: bool) -> anyhow::Result<()> {
    let context = context(settings, "master-key").await?;
    match verb {
        MasterKeyVerb::Rotate { to, apply } => rotate(&context, &to, apply, json).await,
        MasterKeyVerb::Retire { apply } => retire(&context, apply, json).await,
        MasterKeyVerb::Status => status(&context, &settings.time_zone.0, json).await,
    }
}

async fn rotate(context: &Context, to: &Path, apply: bool, json: bool) -> anyhow::Result<()> {
    let new = vault::read_master_key(to)?;
    let store = Credentials::open(&context.broker, &context.vault, &context.connection).await?;
    let plan = context.vault.plan_change(store.bucket(), &new).await.map_err(failed)?;
    if !apply {
        let sentence = format!(
            "would encrypt {} of {} keys of persons and credentials again, under the master key with the fingerprint {}.\n\
             Running services accept both keys. Add --apply to do it; after an interruption, run it again.",
            plan.resealed,
            plan.entries,
            fingerprint(&new)
        );
        return say(&sentence, json);
    }
    let bar = ProgressBar::new(plan.entries as u64);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
    let changed = context.vault.change_master_key(store.bucket(), new.clone(), || bar.inc(1)).await.map_err(failed)?;
    bar.finish_and_clear();
    let sentence = format!(
        "{} of {} entries are encrypted again under the master key {}.\n\
         Now give every service the new key (vault.master_key_file) and restart it, one after the other; then end the use \
         of the old key with `ml-connector master-key retire --apply`.",
        changed.resealed,
        changed.entries,
        fingerprint(&new)
    );
    say(&sentence, json)
}

async fn retire(context: &Context, apply: bool, json: bool) -> anyhow::Result<()> {
    let bridges = context.vault.bridges().await.map_err(failed)?;
    if bridges.is_empty() {
        return say("no old master key is in use", json);
    }
    if !apply {
        let sentence = "would end the use of old master keys. A service that still has an old key cannot start after that, \
                        and may stop reading personal data. Give every service the new key first; then add --apply.";
        return say(sentence, json);
    }
    context.vault.retire_old_master_keys().await.map_err(failed)?;
    say("only the new master key is in use now", json)
}

async fn status(context: &Context, zone: &TimeZone, json: bool) -> anyhow::Result<()> {
    match context.vault.in_force().await.map_err(failed)? {
        None => say("there is one master key; it was never changed", json),
        Some(in_force) => {
            let state = if in_force.under_way {
                "its change is not complete: run `ml-connector master-key rotate --apply` again with the same file"
            } else if context.vault.bridges().await.map_err(failed)?.is_empty() {
                "no old key is in use"
            } else {
                "old keys are still in use, until `ml-connector master-key retire --apply`"
            };
            let since = in_force.since.to_string();
            let since = since.parse().map_or(since, |at| told(at, zone));
            say(&format!("master key {} since {since}; {state}", in_force.fingerprint), json)
        }
    }
}

fn failed(error: VaultError) -> Problem {
    match error {
        VaultError::UnderWay(_) => Problem::new(
            Code::VaultChangeUnderWay,
            chain(&error),
            "complete it first: run `ml-connector master-key rotate --apply` with that key's file",
        ),
        other => Problem::new(
            Code::VaultChangeFailed,
            format!("the change of the master key is not complete: {}", chain(&other)),
            "run the same command again: it continues where it stopped, and both keys work until it is complete",
        ),
    }
}
