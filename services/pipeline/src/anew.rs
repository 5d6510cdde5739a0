//! Beginning anew: a new process of the same program takes the place of this one, and nothing that is in memory goes
//! on. Every service must bear that, as it bears being killed.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Begins anew, with a word for the new process in a variable of its environment where one is given.
pub fn begin(word: Option<(&str, &str)>) -> ! {
    let mut program = Command::new(std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into()));
    let error = program.args(std::env::args_os().skip(1)).envs(word).exec();
    tracing::error!(%error, "the program could not be started in place of this one; whoever started it starts it again");
    std::process::exit(1)
}
