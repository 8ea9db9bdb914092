//! Output of the AIPService module of PowerShell in other forms than a list: JSON, CSV, CLIXML, and
//! tables. It is converted to a list, which the library reads.

mod clixml;
mod properties;
mod table;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use properties::{KNOWN, Properties, known};

/// The properties of which an object has at least one.
const DECISIVE: [&str; 3] =
    ["KeyIdentifier", "CurrentLicensorCertificateGuid", "LicensingIntranetDistributionPointUrl"];

/// Returns the output of a cmdlet as a list of `Name : value`; `None` if `text` is in none of the
/// forms JSON, CSV, CLIXML and table.
///
/// # Errors
/// Returns a message if the form is damaged, if the output is cut, or if it is that of another
/// cmdlet.
pub(super) fn as_list(text: &str) -> Result<Option<String>, String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let (form, objects) = if text.starts_with(['{', '[']) {
        ("JSON", json(text)?)
    } else if text.starts_with("#< CLIXML") || text.contains("<Objs ") {
        ("CLIXML", clixml::objects(text)?)
    } else if let Some(objects) = csv(text)? {
        ("CSV", objects)
    } else if let Some(objects) = table::objects(text)? {
        ("a table", objects)
    } else {
        return Ok(None);
    };
    let has = |name: &str| {
        let mut names = objects.iter().flatten().map(|(name, _)| name);
        names.any(|found| found.eq_ignore_ascii_case(name))
    };
    if !DECISIVE.into_iter().any(has) {
        return Err(format!(
            "It is {form}, and has neither KeyIdentifier, as the output of Get-AipServiceKeys, nor \
             CurrentLicensorCertificateGuid, as the output of Get-AipServiceConfiguration."
        ));
    }
    let is_key =
        |object: &Properties| object.iter().any(|(name, _)| known(name) == Some("KeyIdentifier"));
    if objects.iter().any(is_key) && !objects.iter().all(is_key) {
        return Err(format!("It is {form} in which a key has no KeyIdentifier."));
    }
    if let Some((name, value)) = objects.iter().flatten().find(|(_, value)| is_lost(value)) {
        return Err(format!(
            "It is {form} with the name of a type, {value}, instead of the value of {name}: write \
             the output with `| Format-List`, or with `| ConvertTo-Json`."
        ));
    }
    Ok(Some(objects.iter().map(list).collect::<Vec<_>>().join("\n")))
}

/// Returns whether PowerShell wrote the type of a list instead of its values.
fn is_lost(value: &str) -> bool {
    value.starts_with("System.") && !value.contains(' ')
}

/// Returns the lines of one object. The id of a key is first, because it begins the next key.
fn list(properties: &Properties) -> String {
    let lines = KNOWN.iter().filter_map(|name| {
        let (_, value) = properties.iter().find(|(found, _)| known(found) == Some(name))?;
        let value: Vec<&str> = value.split_whitespace().collect();
        Some(format!("{name} : {}\n", value.join(" ")))
    });
    lines.collect()
}

fn json(text: &str) -> Result<Vec<Properties>, String> {
    let json: Json = serde_json::from_str(text)
        .map_err(|error| format!("It begins like JSON, and is damaged: {error}."))?;
    let all = match &json {
        Json::Array(all) => all.as_slice(),
        // Windows PowerShell wraps some lists in an object.
        Json::Object(object) => match object.get("value") {
            Some(Json::Array(all)) => all.as_slice(),
            _ => std::slice::from_ref(&json),
        },
        _ => &[],
    };
    let properties = |object: &Json| -> Properties {
        let object = object.as_object().into_iter().flatten();
        object.filter_map(|(name, value)| Some((name.clone(), json_value(value)?))).collect()
    };
    Ok(all.iter().map(properties).collect())
}

fn json_value(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(truth) => Some(truth.to_string()),
        Json::Array(all) => Some(json_list(all)),
        // Lists and values with notes are objects.
        Json::Object(object) => object.get("value").and_then(json_value),
        Json::Null => None,
    }
}

/// Returns the elements with commas, or bytes in base64.
fn json_list(all: &[Json]) -> String {
    let byte = |value: &Json| value.as_u64().and_then(|value| u8::try_from(value).ok());
    let bytes: Option<Vec<u8>> = all.iter().map(byte).collect();
    match bytes.filter(|bytes| !bytes.is_empty()) {
        Some(bytes) => STANDARD.encode(bytes),
        None => all.iter().filter_map(json_value).collect::<Vec<_>>().join(", "),
    }
}

/// Returns the rows of CSV; `None` if the first line is not a header with a known property.
fn csv(text: &str) -> Result<Option<Vec<Properties>>, String> {
    // Windows PowerShell writes the type in the first line.
    let body = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#TYPE") => rest,
        _ => text,
    };
    let header = body.lines().next().unwrap_or_default();
    let has = |delimiter: &&char| {
        let cells: Vec<&str> = header.split(**delimiter).collect();
        cells.len() > 1
            && cells.iter().all(|cell| !cell.contains(':') && !cell.trim().is_empty())
            && cells.iter().any(|cell| known(cell.trim().trim_matches('"')).is_some())
    };
    let Some(delimiter) = [',', ';', '\t'].iter().find(has) else { return Ok(None) };
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(u8::try_from(*delimiter).unwrap_or(b','))
        .trim(::csv::Trim::All)
        .flexible(true)
        .from_reader(body.as_bytes());
    let damaged = |error: ::csv::Error| format!("It begins like CSV, and is damaged: {error}.");
    let header = reader.headers().map_err(damaged)?.clone();
    let mut objects = Vec::new();
    for row in reader.records() {
        let row = row.map_err(damaged)?;
        let cells = header.iter().zip(&row).map(|(name, cell)| (name.to_owned(), cell.to_owned()));
        objects.push(cells.collect());
    }
    Ok(Some(objects))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1b4e28ba-2fa1-4d2e-883f-0016d3cca427";
    const OTHER: &str = "6fa459ea-ee8a-4ca4-894e-db77e160355e";

    fn expected() -> String {
        format!(
            "KeyIdentifier : {ID}\nStatus : Active\nFriendlyName : our key\n\n\
             KeyIdentifier : {OTHER}\nStatus : Archived\nFriendlyName : old\n"
        )
    }

    #[test]
    fn every_form_of_two_keys_is_the_same_list() {
        let json = format!(
            "[{{\"KeyIdentifier\":\"{ID}\",\"Status\":\"Active\",\"FriendlyName\":\"our key\"}},\
             {{\"KeyIdentifier\":\"{OTHER}\",\"Status\":\"Archived\",\"FriendlyName\":\"old\",\
             \"PSComputerName\":null}}]"
        );
        let wrapped = format!("{{\"value\":{json},\"Count\":2}}");
        let csv = format!(
            "#TYPE Microsoft.RightsManagementServices.Online.Admin.TenantKey\r\n\
             \"KeyIdentifier\",\"Status\",\"FriendlyName\"\r\n\
             \"{ID}\",\"Active\",\"our key\"\r\n\"{OTHER}\",\"Archived\",\"old\"\r\n"
        );
        let semicolons = csv.split_once('\n').unwrap().1.replace("\",\"", "\";\"");
        let table = format!(
            "\r\nKeyIdentifier                        Status   FriendlyName\r\n\
             -------------                        ------   ------------\r\n\
             {ID} Active   our key\r\n{OTHER} Archived old\r\n\r\n"
        );
        let clixml = format!(
            "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\
             <Obj RefId=\"0\"><TN RefId=\"0\"><T>TenantKey</T><T>System.Object</T></TN>\
             <ToString>TenantKey</ToString><Props><G N=\"KeyIdentifier\">{ID}</G>\
             <Obj N=\"Status\" RefId=\"1\"><TN RefId=\"1\"><T>KeyStatus</T></TN>\
             <ToString>Active</ToString><I32>0</I32></Obj>\
             <S N=\"FriendlyName\">our key</S></Props></Obj>\
             <Obj RefId=\"2\"><TNRef RefId=\"0\" /><MS><G N=\"KeyIdentifier\">{OTHER}</G>\
             <S N=\"Status\">Archived</S><S N=\"FriendlyName\">old</S><Nil N=\"PublicKey\" /></MS>\
             </Obj></Objs>"
        );
        for text in [json, wrapped, csv, semicolons, table, clixml] {
            assert_eq!(as_list(&text), Ok(Some(expected())), "{text}");
        }
    }

    #[test]
    fn lists_and_bytes_of_a_configuration_are_kept() {
        let lines =
            format!("BPOSId : {ID}\nCurrentLicensorCertificateGuid : {ID}\nKeys : {ID}, {OTHER}\n");
        let json = format!(
            "{{\"Keys\":[\"{ID}\",\"{OTHER}\"],\"BPOSId\":\"{ID}\",\
             \"CurrentLicensorCertificateGuid\":\"{ID}\"}}"
        );
        let clixml = format!(
            "#< CLIXML\n<Objs Version=\"1.1\"><Obj RefId=\"0\"><Props>\
             <Obj N=\"Keys\" RefId=\"1\"><LST><G>{ID}</G><G>{OTHER}</G></LST></Obj>\
             <G N=\"BPOSId\">{ID}</G><G N=\"CurrentLicensorCertificateGuid\">{ID}</G></Props></Obj></Objs>"
        );
        for text in [json, clixml] {
            assert_eq!(as_list(&text), Ok(Some(lines.clone())), "{text}");
        }
        // A value that only the second key has is not that of the first.
        let names = format!(
            "[{{\"KeyIdentifier\":\"{ID}\",\"FriendlyName\":null}},\
             {{\"FriendlyName\":\"old\",\"KeyIdentifier\":\"{OTHER}\"}}]"
        );
        let lines =
            format!("KeyIdentifier : {ID}\n\nKeyIdentifier : {OTHER}\nFriendlyName : old\n");
        assert_eq!(as_list(&names), Ok(Some(lines)));
        let key = as_list(&format!("{{\"KeyIdentifier\":\"{ID}\",\"PublicKey\":[48,130,1]}}"));
        assert_eq!(key, Ok(Some(format!("KeyIdentifier : {ID}\nPublicKey : MIIB\n"))));
    }

    #[test]
    fn other_text_is_not_converted_and_damage_is_named() {
        for text in [
            "",
            "KeyIdentifier : x\n",
            "-----BEGIN CERTIFICATE-----\nMIIB\n",
            "<XrML/>",
            "a,b\n1,2",
        ] {
            assert_eq!(as_list(text), Ok(None), "{text}");
        }
        let cases = [
            ("{\"KeyIdentifier\":".to_owned(), "begins like JSON, and is damaged"),
            (
                format!("[{{\"KeyIdentifier\":\"{ID}\"}},{{\"FriendlyName\":\"old\"}}]"),
                "in which a key has no KeyIdentifier",
            ),
            ("{\"path\":\"a\"}".to_owned(), "is JSON, and has neither KeyIdentifier"),
            (
                "<Objs Version=\"1\"><Obj><Props><S N=\"KeyIdentifier\">".to_owned(),
                "CLIXML, and is damaged",
            ),
            (
                format!("KeyIdentifier,Keys\n{ID},System.Collections.Generic.List\n"),
                "ConvertTo-Json",
            ),
            (
                format!("KeyIdentifier Status\n------------- ------\n{}... Active\n", &ID[..9]),
                "is cut",
            ),
            (
                format!("KeyIdentifier Status\n------------- ------\n{}… Active\n", &ID[..12]),
                "is cut",
            ),
        ];
        for (text, said) in cases {
            let why = as_list(&text).unwrap_err();
            assert!(why.contains(said), "{text}: {why}");
        }
    }
}
