//! `ml-connector ping`: tries both sides step by step, and says for each failure what to do.
//!
//! Nothing is written to either side, and every call is one of the budget that all processes share.

mod commerce;
mod visma;
mod way;

use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use operator::ping::{Side, Step, any_failed, line};
use pipeline::budget::Class;
use pipeline::vendor::{CallError, Vendor};
use problem::Problem;

use crate::bench::Bench;
use crate::ending;
use crate::run::print;
use crate::settings::Settings;

/// Exit code when nothing could be tried; a failed step has another one.
const NOT_STARTED: u8 = 2;
/// A budget that is used up for no longer than this is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tries one side or both; the exit code is 0 when all is fine, 1 when a step failed, 2 when nothing could be tried.
///
/// # Errors
/// When stdout is closed.
pub(crate) async fn run(
    settings: Result<Settings, Problem>,
    side: Option<Side>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let bench = match Box::pin(prepare(settings)).await {
        Ok(bench) => bench,
        Err(problem) => {
            ending::tell(&problem, json);
            return Ok(ExitCode::from(NOT_STARTED));
        }
    };
    let mut steps = Vec::new();
    for one in [Side::Visma, Side::Commerce].into_iter().filter(|one| side.is_none_or(|asked| asked == *one)) {
        let mut trial = Trial { side: one, json, steps: Vec::new() };
        let tried = match one {
            Side::Visma => visma::run(&bench, &mut trial).await,
            Side::Commerce => commerce::run(&bench, &mut trial).await,
        };
        steps.append(&mut trial.steps);
        match tried {
            Ok(()) | Err(Ended::AtAStep) => {}
            Err(Ended::Settings(problem)) => {
                ending::tell(&problem, json);
                return Ok(ExitCode::from(NOT_STARTED));
            }
            Err(Ended::Output(e)) => return Err(e),
        }
    }
    Ok(if any_failed(&steps) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn prepare(settings: Result<Settings, Problem>) -> Result<Bench, Problem> {
    let bench = Bench::open(settings?, "ping").await?;
    pipeline::broker::connect::is_new_enough(&bench.context.broker)?;
    Ok(bench)
}

/// Why a side is not asked further.
pub(crate) enum Ended {
    /// A step failed that the others need.
    AtAStep,
    /// It cannot be asked at all with these settings.
    Settings(Problem),
    /// Nobody reads what is found.
    Output(anyhow::Error),
}

impl From<Problem> for Ended {
    fn from(problem: Problem) -> Self {
        Self::Settings(problem)
    }
}

/// The steps of one side, printed as they are made.
pub(crate) struct Trial {
    side: Side,
    json: bool,
    steps: Vec<Step>,
}

impl Trial {
    /// Notes a step; one without which no other makes sense ends the side.
    pub(crate) fn note(&mut self, step: Step) -> Result<(), Ended> {
        let text = if self.json {
            serde_json::to_string(&step).map(|json| json + "\n").map_err(|e| Ended::Output(e.into()))?
        } else {
            line(&step)
        };
        print(&text).map_err(Ended::Output)?;
        let ends = step.ends_side;
        self.steps.push(step);
        if ends { Err(Ended::AtAStep) } else { Ok(()) }
    }

    /// Says on stderr what is looked at now.
    pub(crate) fn looking(&self, at: &str) {
        talk(&format!("{}: checking {at} …", self.side.name()));
    }
}

/// One call, which waits for the budget for a moment.
pub(crate) async fn call(vendor: &Vendor, request: &Request<Bytes>) -> Result<Response<Bytes>, CallError> {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        match vendor.call(Class::Poll, request).await {
            Err(CallError::Busy(wait)) if tokio::time::Instant::now() + wait < until => tokio::time::sleep(wait).await,
            answered => return answered,
        }
    }
}

#[allow(clippy::print_stderr, reason = "what a person who waits is told; the data goes to stdout")]
fn talk(text: &str) {
    eprintln!("{text}");
}
