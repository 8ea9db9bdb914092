//! `rmsight man`: manual pages.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use crate::exit::{Failure, Outcome, Result};

/// Print a manual page, or write all of them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight man | man -l -
  rmsight man estate init | man -l -
  rmsight man --into ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// The command that the page describes [default: rmsight itself]
    #[arg(value_name = "COMMAND")]
    commands: Vec<String>,

    /// Write the pages of all commands to this folder, and create it if it is missing
    #[arg(long, value_name = "FOLDER", conflicts_with = "commands")]
    into: Option<PathBuf>,
}

/// Prints or writes pages of `command`.
pub(crate) fn run(args: &ManArgs, command: Command) -> Result<Outcome> {
    // `rmsight help COMMAND` needs no page: it repeats those of the commands.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    if let Some(folder) = &args.into {
        std::fs::create_dir_all(folder)
            .and_then(|()| write_pages(&command, folder))
            .map_err(|error| Failure::message(format_args!("{}: {error}", folder.display())))?;
        return Ok(Outcome::Complete);
    }
    let mut described = &command;
    for name in &args.commands {
        described = described.find_subcommand(name).ok_or_else(|| {
            let names: Vec<&str> = described.get_subcommands().map(Command::get_name).collect();
            Failure::message(match names.is_empty() {
                true => format!("`{}` has no commands", described.get_name()),
                false => format!("there is no command {name:?}; there are: {}", names.join(", ")),
            })
        })?;
    }
    let mut text = Vec::new();
    page(described)
        .render(&mut text)
        .and_then(|()| io::stdout().write_all(&text))
        .map_err(|error| Failure::writing(&error))?;
    Ok(Outcome::Complete)
}

/// Writes the pages of a command and of all commands below it to a folder.
fn write_pages(command: &Command, folder: &Path) -> io::Result<()> {
    for below in command.get_subcommands() {
        write_pages(below, folder)?;
    }
    page(command).generate_to(folder).map(drop)
}

fn page(command: &Command) -> Man {
    Man::new(command.clone()).source(concat!("rmsight ", env!("CARGO_PKG_VERSION")))
}
