//! Writes learned keys as lines for the estate file.

use super::learned::Learned;
use crate::authority::check::{is_fingerprint, is_guid};
use crate::authority::model::{AuthorityKind, KeyStatus, Origin};

impl Learned {
    /// Returns lines to paste below an authority in `estate.toml`. Without `status`, the lines of a
    /// key of AD RMS contain the status `?`: an open question for the operator.
    pub fn to_toml(&self, status: Option<KeyStatus>, origin: Origin) -> String {
        let mut lines = Vec::new();
        let mut comment = |text: &str| lines.push(format!("# {}", one_line(text)));
        if let Some(name) = &self.name {
            comment(&format!("called {name}"));
        }
        if let Some(bits) = self.bits {
            comment(&format!("RSA, {bits} bits"));
        }
        if !self.hosts.is_empty() {
            comment(&format!("hosts = [{}]", quoted_list(&self.hosts)));
        }
        if let Some(tenant) = &self.tenant {
            comment(&format!("tenant {tenant}"));
        }
        self.notes.iter().for_each(|note| comment(note));
        let key = self.key.as_deref().filter(|key| is_fingerprint(key));
        let id = self.id.as_deref().filter(|id| is_guid(id));
        if key.is_some() || id.is_some() {
            lines.push("[[authority.key]]".to_owned());
            lines.extend(key.map(|key| format!("slc_key = \"{key}\"")));
            lines.extend(id.map(|id| format!("slc_id = \"{id}\"")));
            lines.extend(self.status_lines(status));
            if origin != Origin::Own {
                lines.push(format!("origin = \"{origin}\""));
            }
        }
        lines.join("\n") + "\n"
    }

    fn status_lines(&self, status: Option<KeyStatus>) -> Vec<String> {
        match status.or(self.status) {
            None if self.kind == Some(AuthorityKind::AzureRms) => Vec::new(),
            None => vec![
                "status = \"?\"  # active, read-only (and since = a date), imported (and tenant = \
                 an id), lost or foreign"
                    .to_owned(),
            ],
            Some(KeyStatus::ReadOnly) => {
                vec!["status = \"read-only\"".to_owned(), "since = \"\"  # a date".to_owned()]
            }
            Some(KeyStatus::Imported) => {
                let tenant = self.tenant.as_deref().filter(|tenant| is_guid(tenant));
                let tenant = tenant.unwrap_or_default();
                vec!["status = \"imported\"".to_owned(), format!("tenant = \"{tenant}\"")]
            }
            Some(status) => vec![format!("status = \"{status}\"")],
        }
    }
}

/// Replaces control characters, so that text of the source cannot add lines to the estate file.
fn one_line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

fn quoted_list(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
