//! `rmsight completions`: a completion script for a shell.

use std::io::{self, Write};

use clap::{Args, Command};
use clap_complete::Shell;

use crate::exit::{Failure, Outcome, Result};

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight completions bash > ~/.local/share/bash-completion/completions/rmsight
  rmsight completions zsh > ~/.zfunc/_rmsight
  rmsight completions fish > ~/.config/fish/completions/rmsight.fish
  rmsight completions powershell

In PowerShell, add this line to the file that $PROFILE names:
  rmsight completions powershell | Out-String | Invoke-Expression")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// Prints the script for `command`.
pub(crate) fn run(args: &CompletionsArgs, mut command: Command) -> Result<Outcome> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    io::stdout().write_all(&script).map_err(|error| Failure::writing(&error))?;
    Ok(Outcome::Complete)
}
