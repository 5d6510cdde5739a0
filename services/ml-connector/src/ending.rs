//! The last word of the program: what a person or a script is told when a verb fails, and the exit code.

use std::process::ExitCode;

use problem::{Code, Problem, plain};
use serde_json::json;

use crate::run::print;

/// Tells a person on stderr, or with `json` a script on stdout, why a verb failed; the exit code.
pub fn failed(error: &anyhow::Error, json: bool) -> ExitCode {
    let problem = error.downcast_ref::<Problem>();
    match problem {
        Some(problem) => tell(problem, json),
        None => tell_of(None, &format!("{error:#}"), "", json),
    }
    problem.map_or(ExitCode::FAILURE, |problem| ExitCode::from(problem.code.exit()))
}

/// Tells a person, or with `json` a script, what is wrong with the command line; prints help and version where those
/// were asked for.
pub fn usage(wrong: &clap::Error, json: bool) -> ExitCode {
    if json && wrong.use_stderr() {
        let text = wrong.render().to_string();
        let sentence = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        tell_of(Some(Code::Usage), sentence, "see `ml-connector --help`", true);
    } else {
        let _ = wrong.print(); // Nobody listens.
    }
    ExitCode::from(u8::try_from(wrong.exit_code()).unwrap_or(1))
}

/// Tells of a problem, as [`failed`] does.
pub fn tell(problem: &Problem, json: bool) {
    if json {
        tell_of(Some(problem.code), &problem.sentence, &problem.remedy, true);
    } else {
        tell_of(None, &problem.to_string(), "", false);
    }
}

#[allow(clippy::print_stderr, reason = "the last word of the program, before or after logging")]
fn tell_of(code: Option<Code>, sentence: &str, remedy: &str, json: bool) {
    let object = json.then(|| {
        format!(
            "{}\n",
            json!({
                "code": code, "class": code.map(|code| code.class().as_str()), "sentence": sentence, "remedy": remedy,
            })
        )
    });
    // A script that has closed stdout is told on stderr.
    if object.is_none_or(|object| print(&object).is_err()) {
        eprintln!("ml-connector: {}", plain(sentence));
    }
}
