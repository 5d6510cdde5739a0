//! The one binary: a subcommand for each service and each operator verb.

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser as _;
use ml_connector::cli::{Cli, Verb};
use ml_connector::run;
use pipeline::problem::Problem;
use zeroizing_alloc::ZeroAlloc;

/// Overwrites memory as it is freed: libraries that know nothing of secrets copy them into buffers, and what is left in
/// those would stand in a core dump.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// `EX_CONFIG` of sysexits.h: something is wrong that a restart does not cure.
const WRONG_SETTINGS: u8 = 78;
/// `EX_UNAVAILABLE`: somebody is away, and a restart may help.
const AWAY: u8 = 69;

fn main() -> ExitCode {
    pipeline::guard::install();
    let cli = Cli::parse();
    let mut builder = match &cli.verb {
        // A service's work is small steps between waits: one thread does them with the least memory.
        Verb::Run { .. } | Verb::Health { .. } => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let ended = builder.enable_all().build().map_err(anyhow::Error::from).and_then(|rt| rt.block_on(run::run(cli)));
    match ended {
        Ok(code) => code,
        Err(e) => {
            let text = e.downcast_ref::<Problem>().map_or_else(|| format!("{e:#}"), ToString::to_string);
            #[allow(clippy::print_stderr, reason = "the last word of the program, before or after logging")]
            {
                eprintln!("ml-connector: {}", pipeline::problem::plain(&text));
            }
            match e.downcast_ref::<Problem>().map(|problem| problem.code.as_ref()) {
                Some(
                    "BROKER_AWAY"
                    | "BROKER_NOT_CONFIRMED"
                    | "CURSOR_FAILED"
                    | "POLL_FAILED"
                    | "POLL_UNANSWERED"
                    | "CREDENTIALS_NOT_TRIED"
                    | "VAULT_CHANGE_FAILED",
                ) => ExitCode::from(AWAY),
                Some(_) => ExitCode::from(WRONG_SETTINGS),
                None => ExitCode::FAILURE,
            }
        }
    }
}
