//! Colors of text output.

use std::io;
use std::path::Path;

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use rmsight::Need;

/// Style of a header.
pub(crate) const HEADER: Style = Style::new().bold();

/// Returns the style of a need.
pub(crate) const fn of_need(need: Need) -> Style {
    match need {
        Need::Yes => AnsiColor::Red.on_default().bold(),
        Need::No => AnsiColor::Green.on_default(),
        _ => AnsiColor::Yellow.on_default(),
    }
}

/// Returns when text has colors that is written to `output`, or to standard output. By default a file
/// has none.
pub(crate) fn choice_for(output: Option<&Path>, choice: ColorChoice) -> ColorChoice {
    match (output, choice) {
        (Some(_), ColorChoice::Auto) => ColorChoice::Never,
        _ => choice,
    }
}

/// Returns whether text on standard output has colors. By default it has them on a terminal that
/// shows them, unless the environment forbids it (`NO_COLOR`).
pub(crate) fn is_colored(choice: ColorChoice) -> bool {
    let choice = match choice {
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
        ColorChoice::Auto => AutoStream::choice(&io::stdout()),
    };
    if choice == anstream::ColorChoice::Never {
        return false;
    }
    // On Windows this makes the console interpret the sequences.
    _ = AutoStream::always_ansi(io::stdout());
    true
}
