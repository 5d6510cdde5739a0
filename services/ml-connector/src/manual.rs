//! Completion scripts and manual pages, made from the command line itself.

use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::run::print;

/// The name that the program is installed under.
const NAME: &str = "ml-connector";

/// Prints the completion script of `shell`.
///
/// # Errors
/// When nothing can be written to standard output.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    print(&String::from_utf8(script)?)
}

/// Prints the manual page of the program, or writes one for each verb into `folder`.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn pages(folder: Option<&Path>) -> anyhow::Result<()> {
    let command = Cli::command().name(NAME);
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        return print(&String::from_utf8(page)?);
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .with_context(|| format!("the manual pages could not be written to {}", folder.display()))
}
