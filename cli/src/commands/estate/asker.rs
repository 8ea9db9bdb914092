//! Questions on standard error, answered on standard input.

use std::io::{self, BufRead, Write};

use crate::exit::{Failure, Result};
use crate::output::terminal::escaped;

/// Asks questions, or answers all with the default.
pub(super) struct Asker<'i> {
    /// `None` without questions, and after the end of the input.
    input: Option<Box<dyn BufRead + 'i>>,
}

impl<'i> Asker<'i> {
    /// Asks on standard error and reads standard input.
    pub(super) fn terminal() -> Asker<'i> {
        Asker { input: Some(Box::new(io::stdin().lock())) }
    }

    /// Asks nothing.
    pub(super) fn silent() -> Asker<'i> {
        Asker { input: None }
    }

    /// Prints a line, if questions are asked.
    pub(super) fn say(&self, text: &str) -> Result<()> {
        match self.input {
            Some(_) => print(&format!("{text}\n")),
            None => Ok(()),
        }
    }

    /// Asks until `check` accepts the answer. Returns `None` for an empty answer and after the end
    /// of the input.
    pub(super) fn ask(
        &mut self,
        prompt: &str,
        check: impl Fn(&str) -> std::result::Result<(), String>,
    ) -> Result<Option<String>> {
        while let Some(input) = &mut self.input {
            print(&format!("{prompt}: "))?;
            let mut line = String::new();
            let read = input.read_line(&mut line);
            if read.map_err(|error| Failure::message(format_args!("standard input: {error}")))? == 0
            {
                self.input = None;
                break;
            }
            let answer = line.trim();
            if answer.is_empty() {
                return Ok(None);
            }
            match check(answer) {
                Ok(()) => return Ok(Some(answer.to_owned())),
                Err(why) => print(&format!("  {why}\n"))?,
            }
        }
        Ok(None)
    }

    /// Asks for one of the names. Returns `default` for an empty answer.
    pub(super) fn choose(&mut self, prompt: &str, names: &[&str], default: &str) -> Result<String> {
        let all = names.join(", ");
        let answer = self.ask(&format!("{prompt}: {all} [{default}]"), |text| {
            match names.contains(&text) {
                true => Ok(()),
                false => Err(format!("answer with one of: {all}")),
            }
        })?;
        Ok(answer.unwrap_or_else(|| default.to_owned()))
    }
}

fn print(text: &str) -> Result<()> {
    let mut out = io::stderr().lock();
    let lines: Vec<String> = text.split('\n').map(|line| escaped(line).to_string()).collect();
    out.write_all(lines.join("\n").as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing(&error))
}
