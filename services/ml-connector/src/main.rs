//! The one binary: a subcommand for each service and each operator verb.

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser as _;
use ml_connector::cli::{Cli, Verb};
use ml_connector::{ending, run};
use zeroizing_alloc::ZeroAlloc;

/// Overwrites memory as it is freed: libraries that know nothing of secrets copy them into buffers, and what is left in
/// those would stand in a core dump.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    pipeline::guard::install();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(wrong) => return ending::usage(&wrong, std::env::args_os().any(|argument| argument == "--json")),
    };
    let json = cli.json;
    let mut builder = match &cli.verb {
        // A service's work is small steps between waits: one thread does them with the least memory.
        Verb::Run { .. } | Verb::Health { .. } => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let ended = builder.enable_all().build().map_err(anyhow::Error::from).and_then(|rt| rt.block_on(run::run(cli)));
    ended.unwrap_or_else(|e| ending::failed(&e, json))
}
