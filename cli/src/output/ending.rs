//! The format of an output file, by its ending and `--format`.

use std::path::Path;

use clap::ValueEnum;

use crate::exit::{Failure, Result};

/// The formats of a command, each with the endings of its files.
pub(crate) type Endings<F> = &'static [(F, &'static [&'static str])];

/// Endings by which other programs open files in formats that no command writes, or only some.
const FOREIGN: [&str; 14] = [
    "pdf", "doc", "docx", "xls", "xlsx", "ods", "html", "htm", "xml", "json", "parquet", "zip",
    "db", "toml",
];

/// Returns the format that `--format` gives, or the ending of `output`, or else `usual`. A file
/// without an ending can have any format.
///
/// # Errors
/// Fails if the ending is that of another format than `given`, or not one of `endings` and no format
/// is given: programs open a file by its ending.
pub(crate) fn format_of<F: ValueEnum + PartialEq + Copy>(
    output: Option<&Path>,
    given: Option<F>,
    endings: Endings<F>,
    usual: F,
) -> Result<F> {
    let Some((output, ending)) = output.and_then(|output| Some((output, output.extension()?)))
    else {
        return Ok(given.unwrap_or(usual));
    };
    let ending = ending.to_string_lossy().to_lowercase();
    let name = output.display();
    let of_ending = endings.iter().find(|(_, known)| known.contains(&ending.as_str()));
    let Some((format, _)) = of_ending else {
        if let Some(given) = given.filter(|_| !FOREIGN.contains(&ending.as_str())) {
            return Ok(given);
        }
        let known: Vec<String> =
            endings.iter().flat_map(|(_, known)| *known).map(|known| format!(".{known}")).collect();
        return Err(Failure::message(format_args!(
            "{name}: no format has the ending .{ending}; the endings are {}",
            known.join(", ")
        )));
    };
    match given {
        Some(given) if given != *format => Err(Failure::message(format_args!(
            "{name}: the ending is that of {}, and --format is {}: change one of them",
            called(*format),
            called(given),
        ))),
        _ => Ok(*format),
    }
}

/// Returns the name of a format on the command line.
fn called<F: ValueEnum>(format: F) -> String {
    format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
    enum Form {
        Text,
        Html,
    }

    #[test]
    fn the_ending_and_the_format_have_to_agree() {
        let endings: Endings<Form> = &[(Form::Text, &["txt"]), (Form::Html, &["html", "htm"])];
        let of = |file: Option<&str>, given| {
            format_of(file.map(Path::new), given, endings, Form::Text).map_err(|failure| {
                match failure {
                    Failure::Message(text) => text,
                    Failure::BrokenPipe => String::new(),
                }
            })
        };
        assert_eq!(of(None, None), Ok(Form::Text));
        assert_eq!(of(None, Some(Form::Html)), Ok(Form::Html));
        assert_eq!(of(Some("a.HTM"), None), Ok(Form::Html));
        assert_eq!(of(Some("a.html"), Some(Form::Html)), Ok(Form::Html));
        assert_eq!(of(Some("a"), Some(Form::Html)), Ok(Form::Html));
        assert_eq!(of(Some("/dev/null"), None), Ok(Form::Text));
        assert_eq!(of(Some("a.dat"), Some(Form::Html)), Ok(Form::Html));
        assert!(of(Some("a.dat"), None).is_err());
        let text = of(Some("a.html"), Some(Form::Text)).unwrap_err();
        assert!(text.contains("of html, and --format is text"), "{text}");
        for given in [None, Some(Form::Html)] {
            let text = of(Some("a.pdf"), given).unwrap_err();
            assert!(
                text.contains("no format has the ending .pdf") && text.contains(".htm"),
                "{text}"
            );
        }
    }
}
