//! The arguments that select findings.

use clap::Args;
use rmsight::{Container, ErrorCode, Estate, Need};

use super::finding_filter::FindingFilter;
use super::path_globs::PathGlobs;
use super::value_selector::ValueSelector;
use crate::authority_file::known_authority;
use crate::exit::Result;
use crate::nearest::suggestion;
use crate::output::advice::OLDER_READER;

/// Selection of findings. A finding has to match one value of each option.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which findings")]
pub(crate) struct FilterArgs {
    /// Only findings with this need: yes, possible or no; all options here may be repeated
    #[arg(long, value_name = "NEED", value_parser = need)]
    need: Vec<Need>,

    /// Only files of this owner; `*` stands for any characters
    ///
    /// The license names the owner. If it was not read, the owner in the file system counts, which is not
    /// known on Windows.
    #[arg(long, value_name = "NAME")]
    owner: Vec<String>,

    /// Only findings of this authority in the estate file
    #[arg(long, value_name = "NAME")]
    authority: Vec<String>,

    /// Only findings under this key: the first digits of its SHA-256, or its id
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,

    /// Only findings with this error code
    #[arg(long, value_name = "CODE", value_parser = error_code)]
    error: Vec<String>,

    /// Only findings with this sensitivity label, by its id
    #[arg(long, value_name = "GUID")]
    label: Vec<String>,

    /// Only findings with this template or policy, by its id or name; `*` stands for any characters
    #[arg(long, value_name = "ID|NAME")]
    template: Vec<String>,

    /// Only findings in this kind of container, such as `pdf-irm-v2`
    #[arg(long, value_name = "KIND", value_parser = container)]
    container: Vec<Container>,

    /// Only files whose path matches, or is in a folder that matches
    ///
    /// A glob without a slash matches names at any depth. A glob with a slash matches paths that begin at
    /// any folder. The path can be that of --map.
    #[arg(long, value_name = "GLOB")]
    path: Vec<String>,
}

fn need(name: &str) -> std::result::Result<Need, String> {
    Need::from_name(&name.to_ascii_lowercase())
        .ok_or_else(|| "it is yes, possible or no".to_owned())
}

fn container(name: &str) -> std::result::Result<Container, String> {
    Container::from_name(&name.to_ascii_lowercase()).ok_or_else(|| {
        unknown("kind of container", name, Container::ALL.iter().map(|one| one.as_str()))
    })
}

fn error_code(name: &str) -> std::result::Result<String, String> {
    let lower = name.to_ascii_lowercase();
    let codes = ErrorCode::ALL.iter().map(|code| code.as_str()).chain([OLDER_READER]);
    match codes.clone().find(|code| *code == lower) {
        Some(code) => Ok(code.to_owned()),
        None => Err(unknown("error code", name, codes)),
    }
}

fn unknown<'a>(kind: &str, name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let suggestion = suggestion(name, names.iter().copied());
    match suggestion.is_empty() {
        true => format!("there is no such {kind}; there are: {}", names.join(", ")),
        false => format!("there is no such {kind}; {suggestion}"),
    }
}

impl FilterArgs {
    /// Returns the filter.
    ///
    /// # Errors
    /// Fails if the estate does not have an authority, or if a glob is not valid.
    pub(crate) fn filter(&self, estate: &Estate) -> Result<FindingFilter> {
        for name in &self.authority {
            known_authority(name, estate)?;
        }
        Ok(FindingFilter {
            needs: self.need.clone(),
            authorities: self.authority.clone(),
            errors: self.error.clone(),
            containers: self.container.clone(),
            selectors: vec![
                ValueSelector::texts("owner", &["owner"], &self.owner)?.with_file_owners(),
                ValueSelector::keys("key", &["slc_key", "slc_id"], &self.key)?,
                ValueSelector::texts("label", &["label_id"], &self.label)?,
                ValueSelector::texts(
                    "template",
                    &["descriptor_id", "descriptor_name"],
                    &self.template,
                )?,
            ],
            paths: PathGlobs::new(&self.path)?,
            names: None,
            words: self.words(),
        })
    }

    /// Returns the options as the user could give them.
    fn words(&self) -> String {
        let needs = self.need.iter().map(|need| need.as_str().to_owned()).collect();
        let containers = self.container.iter().map(|kind| kind.as_str().to_owned()).collect();
        let all: [(&str, Vec<String>); 9] = [
            ("need", needs),
            ("owner", self.owner.clone()),
            ("authority", self.authority.clone()),
            ("key", self.key.clone()),
            ("error", self.error.clone()),
            ("label", self.label.clone()),
            ("template", self.template.clone()),
            ("container", containers),
            ("path", self.path.clone()),
        ];
        let words = all.iter().flat_map(|(option, values)| {
            values.iter().map(move |value| match value.contains(char::is_whitespace) {
                true => format!("--{option} '{value}'"),
                false => format!("--{option} {value}"),
            })
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_of_closed_lists_are_errors_with_the_nearest_names() {
        assert_eq!(need("YES"), Ok(Need::Yes));
        assert_eq!(container("Pfile"), Ok(Container::Pfile));
        assert_eq!(error_code("older-reader").unwrap(), "older-reader");
        assert!(need("maybe").unwrap_err().contains("possible"));
        assert!(container("pdf-irm-v3").unwrap_err().contains("pdf-irm-v2"));
        assert!(container("zzz").unwrap_err().contains("there are: "));
        assert!(error_code("permission-denyed").unwrap_err().contains("permission-denied"));
    }
}
