//! `ml-connector master-key`: making one, and changing it while everything runs.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use pipeline::problem::{Problem, chain};
use pipeline::service::Context;
use pipeline::vault::credentials::Credentials;
use pipeline::vault::{self, VaultError, fingerprint};

use crate::cli::MasterKeyVerb;
use crate::credentials::context;
use crate::run::print;
use crate::settings::Settings;

/// Carries out a verb on the master key.
///
/// # Errors
/// What a person must know of it.
pub(crate) async fn run(settings: &Settings, verb: MasterKeyVerb) -> anyhow::Result<()> {
    let context = context(settings, "master-key").await?;
    match verb {
        MasterKeyVerb::Rotate { to, apply } => rotate(&context, &to, apply).await,
        MasterKeyVerb::Retire { apply } => retire(&context, apply).await,
        MasterKeyVerb::Status => status(&context).await,
    }
}

async fn rotate(context: &Context, to: &Path, apply: bool) -> anyhow::Result<()> {
    let new = vault::read_master_key(to)?;
    let store = Credentials::open(&context.broker, &context.vault, &context.connection).await?;
    let plan = context.vault.plan_change(store.bucket(), &new).await.map_err(failed)?;
    if !apply {
        return print(&format!(
            "would seal {} of {} keys of persons and credentials anew, under the master key with the fingerprint {}.\n\
             Running services go on with either key. Give --apply to do it; a run that is interrupted is ended by \
             another.\n",
            plan.resealed,
            plan.entries,
            fingerprint(&new)
        ));
    }
    let bar = ProgressBar::new(plan.entries as u64);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
    let changed = context.vault.change_master_key(store.bucket(), new.clone(), || bar.inc(1)).await.map_err(failed)?;
    bar.finish_and_clear();
    print(&format!(
        "{} of {} entries sealed anew under the master key {}.\n\
         Now give every service the new key (vault.master_key_file) and start it again, one after the other; then take \
         the old key out of force with `ml-connector master-key retire --apply`.\n",
        changed.resealed,
        changed.entries,
        fingerprint(&new)
    ))
}

async fn retire(context: &Context, apply: bool) -> anyhow::Result<()> {
    let bridges = context.vault.bridges().await.map_err(failed)?;
    if bridges.is_empty() {
        return print("no old master key is in force\n");
    }
    if !apply {
        return print(
            "would take old master keys out of force: a service that still has one cannot start any more, and may stop \
             reading persons' data. Give every service the new key first; then give --apply.\n",
        );
    }
    context.vault.retire_old_master_keys().await.map_err(failed)?;
    print("only the new master key is in force\n")
}

async fn status(context: &Context) -> anyhow::Result<()> {
    match context.vault.in_force().await.map_err(failed)? {
        None => print("one master key, never changed\n"),
        Some(in_force) => {
            let state = if in_force.under_way {
                "its change has not ended: run `ml-connector master-key rotate` again with the same file"
            } else if context.vault.bridges().await.map_err(failed)?.is_empty() {
                "no old key is in force"
            } else {
                "old keys are still in force, until `ml-connector master-key retire --apply`"
            };
            print(&format!("master key {} since {}; {state}\n", in_force.fingerprint, in_force.since))
        }
    }
}

fn failed(error: VaultError) -> Problem {
    match error {
        VaultError::UnderWay(_) => Problem::new(
            "VAULT_CHANGE_UNDER_WAY",
            chain(&error),
            "end it first: run `ml-connector master-key rotate --apply` with that key's file",
        ),
        other => Problem::new(
            "VAULT_CHANGE_FAILED",
            format!("the master key's change has not ended: {}", chain(&other)),
            "run the same command again: it goes on where this one stopped, and both keys are good until it has ended",
        ),
    }
}
