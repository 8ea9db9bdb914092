//! Reads the output of the AIPService module of PowerShell: lists of `Name : value`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::learned::{Learned, refusal};
use super::x509;
use crate::authority::check::{EstateMistake, is_guid};
use crate::authority::model::{AuthorityKind, KeyStatus};

/// One `Name : value`, with its continuation lines.
struct ListField<'t> {
    name: &'t str,
    value: String,
    line: usize,
}

fn fields(text: &str) -> Vec<ListField<'_>> {
    let mut fields: Vec<ListField<'_>> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let split = line.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        let is_name = |name: &str| {
            name.starts_with(|char: char| char.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        match split.filter(|(name, _)| is_name(name)) {
            Some((name, value)) => {
                let line = number.saturating_add(1);
                fields.push(ListField { name, value: value.to_owned(), line });
            }
            None if line.starts_with(char::is_whitespace) => {
                if let Some(last) = fields.last_mut() {
                    last.value.push_str(line.trim());
                }
            }
            None => {}
        }
    }
    fields
}

/// Reads the output of `Get-AipServiceConfiguration`: the ids of the keys of a tenant, its hosts
/// and its Entra id. Ignores other fields.
pub(super) fn from_configuration(text: &str) -> Result<Vec<Learned>, EstateMistake> {
    let fields = fields(text);
    let value = |name: &str| {
        let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        field.map(|field| field.value.as_str())
    };
    let mut tenant = Learned { kind: Some(AuthorityKind::AzureRms), ..Learned::default() };
    tenant.tenant = value("BPOSId").map(guid).filter(|id| is_guid(id));
    for name in ["LicensingIntranetDistributionPointUrl", "LicensingExtranetDistributionPointUrl"] {
        tenant.add_host(value(name));
    }
    // Published samples contain `aipservice` instead of `rms`; real licenses do not.
    let is_real = |host: &String| !host.split('.').any(|label| label == "aipservice");
    if !tenant.hosts.iter().all(is_real) {
        tenant.hosts.retain(is_real);
        tenant.note("It has host names with `aipservice` for `rms`, which do not exist: left out.");
    }
    tenant.note(
        "Only ids are in the configuration, and an id decides nothing: learn the keys from files \
         that the tenant protected. A key that came from AD RMS belongs to that cluster, as \
         `imported`.",
    );
    let mut ids: Vec<String> = Vec::new();
    for name in ["CurrentLicensorCertificateGuid", "Keys"] {
        for id in value(name).unwrap_or_default().split([',', '{', '}', ';']).map(guid) {
            if is_guid(&id) && !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    let learned = ids.into_iter().map(|id| Learned { id: Some(id), ..tenant.clone() });
    Ok(learned.collect())
}

/// The documented fields of `Get-AipServiceKeys`.
const KEY_FIELDS: [&str; 6] =
    ["KeyIdentifier", "KeyType", "Status", "CreationTime", "FriendlyName", "PublicKey"];

/// Reads the output of `Get-AipServiceKeys`: one list for each key.
pub(super) fn from_keys(text: &str) -> Result<Vec<Learned>, EstateMistake> {
    let mut all: Vec<Learned> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for field in fields(text) {
        let known = KEY_FIELDS.iter().find(|known| known.eq_ignore_ascii_case(field.name));
        let Some(name) = known else {
            let message = format!(
                "Get-AipServiceKeys is not known to print `{}`; give its output as Format-List \
                 writes it, with nothing else.",
                field.name
            );
            return Err(refusal(Some(field.line), message));
        };
        // A repeated field begins the next key.
        if all.is_empty() || seen.contains(name) {
            seen.clear();
            all.push(Learned { kind: Some(AuthorityKind::AzureRms), ..Learned::default() });
        }
        seen.push(name);
        if let Some(learned) = all.last_mut() {
            take_key_field(learned, name, &field)?;
        }
    }
    if let Some(learned) = all.iter().find(|learned| learned.id.is_none()) {
        let name = learned.name.as_deref().unwrap_or("one");
        return Err(refusal(None, format!("The key `{name}` has no KeyIdentifier.")));
    }
    for learned in all.iter_mut().filter(|learned| learned.key.is_none()) {
        learned.note(
            "Without its PublicKey only the id is known, which decides nothing: learn the key \
             from a file with that slc_id.",
        );
    }
    Ok(all)
}

fn take_key_field(
    learned: &mut Learned,
    name: &str,
    field: &ListField<'_>,
) -> Result<(), EstateMistake> {
    let value = field.value.as_str();
    match name {
        "KeyIdentifier" => {
            let id = Some(guid(value)).filter(|id| is_guid(id));
            let wrong = || refusal(Some(field.line), "KeyIdentifier has to be a GUID.");
            learned.id = Some(id.ok_or_else(wrong)?);
        }
        "FriendlyName" if !value.is_empty() => learned.name = Some(value.to_owned()),
        "Status" if value.eq_ignore_ascii_case("Active") => {
            learned.status = Some(KeyStatus::Active);
        }
        "Status" if value.eq_ignore_ascii_case("Archived") => {
            learned.status = Some(KeyStatus::Archived);
        }
        "KeyType" | "Status" | "CreationTime" if !value.is_empty() => {
            learned.note(format!("{name}: {value}"));
        }
        "PublicKey" if !value.is_empty() => {
            let dense: String = value.split_whitespace().collect();
            let der = BASE64.decode(dense).ok();
            let found = der.and_then(|der| x509::from_der(&der)).transpose();
            match found.map_err(|error| refusal(Some(field.line), error.message))? {
                Some(found) => (learned.key, learned.bits) = (found.key, found.bits),
                None => learned.note("Its PublicKey is in no form that is known."),
            }
        }
        _ => {}
    }
    Ok(())
}

fn guid(text: &str) -> String {
    text.trim().trim_start_matches('{').trim_end_matches('}').to_ascii_lowercase()
}
