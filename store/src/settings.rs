//! [`Settings`]: the environment variables of the SDKs.

use std::collections::BTreeMap;
use std::str::FromStr;

/// Settings by the names of environment variables.
#[derive(Default)]
pub(crate) struct Settings(BTreeMap<String, String>);

/// The values are secrets.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The variables that `object_store` and the identity service of Azure read.
const PREFIXES: [&str; 4] = ["AZURE_", "AWS_", "GOOGLE_", "IDENTITY_"];

/// The connection string of the Azure SDKs.
const CONNECTION: &str = "AZURE_STORAGE_CONNECTION_STRING";

/// Parts of a connection string, and the variables that say the same.
const PARTS: [(&str, &str); 4] = [
    ("AccountName", "AZURE_STORAGE_ACCOUNT_NAME"),
    ("AccountKey", "AZURE_STORAGE_ACCOUNT_KEY"),
    ("BlobEndpoint", "AZURE_STORAGE_ENDPOINT"),
    ("SharedAccessSignature", "AZURE_STORAGE_SAS_TOKEN"),
];

impl Settings {
    pub(crate) fn new(variables: impl IntoIterator<Item = (String, String)>) -> Settings {
        let is_known = |name: &str| PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        let variables = variables.into_iter();
        let mut all: BTreeMap<String, String> =
            variables.filter(|(name, value)| is_known(name) && !value.is_empty()).collect();
        for part in all.remove(CONNECTION).unwrap_or_default().split(';') {
            let Some((name, value)) = part.split_once('=') else { continue };
            if name == "UseDevelopmentStorage" {
                all.entry("AZURE_STORAGE_USE_EMULATOR".to_owned()).or_insert(value.to_owned());
            }
            if let Some((_, variable)) = PARTS.iter().find(|(known, _)| *known == name) {
                all.entry((*variable).to_owned()).or_insert(value.to_owned());
            }
        }
        Settings(all)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the settings of a provider that its client knows.
    pub(crate) fn of<K: FromStr>(&self, prefix: &'static str) -> impl Iterator<Item = (K, &str)> {
        let own = self.0.iter().filter(move |(name, _)| name.starts_with(prefix));
        own.filter_map(|(name, value)| {
            Some((name.to_ascii_lowercase().parse().ok()?, value.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_string_sets_what_no_variable_sets() {
        let variables = [
            (CONNECTION, "AccountName=acct;AccountKey=a2V5PT0=;EndpointSuffix=core.windows.net"),
            ("AZURE_STORAGE_ACCOUNT_KEY", "own"),
            ("HOME", "/root"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings::new(variables);
        assert_eq!(settings.get("AZURE_STORAGE_ACCOUNT_NAME"), Some("acct"));
        assert_eq!(settings.get("AZURE_STORAGE_ACCOUNT_KEY"), Some("own"));
        assert_eq!(settings.get("HOME"), None);
        assert!(!format!("{settings:?}").contains("own"));
    }
}
