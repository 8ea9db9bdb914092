use super::*;
use crate::authority::Estate;
use crate::kinds::Anomaly;
use crate::record::Envelope;
use crate::verdict::judge;

/// Facts with a value in every field.
fn full() -> Facts {
    let mut facts = Facts::new(Container::OoxmlIrm, Protection::Rms);
    facts.member = Some("a%21b!/c#2".to_owned());
    facts.member_size = Some(u64::from(u32::MAX) + 1);
    facts.searched = Searched::Partial;
    facts.label_id = Some("label".to_owned());
    facts.label_tenant = Some("tenant".to_owned());
    facts.use_licenses = Some(2);
    facts.use_license_key = Some("sha256:00".to_owned());
    facts.error_code = Some("limit-steps".into());
    facts.error = Some("limit steps of 1 is reached".to_owned());
    facts.error_offset = Some(7);
    facts.anomalies = vec![Anomaly::ChainOrder, Anomaly::NonSpecLayout];
    let text = |name: &str| Some(format!("{name} \"q\" \\ \u{1} Größe"));
    facts.license = Some(Box::new(LicenseFacts {
        license_offset: Some(1),
        license_bytes: Some(2),
        license_sha256: text("license_sha256"),
        chain_length: Some(8),
        crypto_mode: Some(1),
        issued: Some(Timestamp::from_unix(1)),
        valid_until: Some(Timestamp::from_unix(2)),
        descriptor_id: text("descriptor_id"),
        descriptor_name: text("descriptor_name"),
        content_id: text("content_id"),
        owner: text("owner"),
        owner_id_type: text("owner_id_type"),
        issuer_kind: Some(IssuerKind::Client),
        issuer_id_type: text("issuer_id_type"),
        issuer_id: text("issuer_id"),
        issuer_name: text("issuer_name"),
        client_version: text("client_version"),
        clc_issued: Some(Timestamp::from_unix(3)),
        clc_until: Some(Timestamp::from_unix(4)),
        slc_id: text("slc_id"),
        slc_key: text("slc_key"),
        slc_key_bits: Some(2048),
        slc_name: text("slc_name"),
        slc_address: text("slc_address"),
        server_version: text("server_version"),
        server_sku: text("server_sku"),
        tenant_id: text("tenant_id"),
        hierarchy: Some(Hierarchy::Production),
        slc_issuer_key: text("slc_issuer_key"),
        licensing_intranet: text("licensing_intranet"),
        licensing_extranet: text("licensing_extranet"),
        referral: text("referral"),
        double_key: Some(true),
        signature: Signature::Valid,
        link: KeyLink::Linked,
    }));
    facts
}

fn envelope() -> Envelope<'static> {
    let mut envelope = Envelope::new("a/b.docx");
    envelope.source = Some("fs1".into());
    envelope.path_raw = Some("YQ==".into());
    envelope.size = Some(10);
    envelope.modified = Some(Timestamp::from_unix(5));
    envelope.etag = Some("0x8D".into());
    envelope.version_id = Some("v2".into());
    envelope.tier = Some("Cool".into());
    envelope
}

/// The values of a record as text, as a CSV file contains them.
fn stored(facts: &Facts) -> Vec<(&'static str, String)> {
    let verdict = judge(facts, &Estate::default());
    let envelope = envelope();
    let record = Record::new(&envelope, facts, &verdict);
    let values = COLUMNS.iter().map(|column| (column.name, column.value(&record)));
    values
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name, value.to_string()))
        .collect()
}

fn get<'a>(row: &'a [(&'static str, String)], name: &str) -> Option<ColumnValue<'a>> {
    let (_, value) = row.iter().find(|(column, _)| *column == name)?;
    Some(ColumnValue::Text(value))
}

#[test]
fn written_facts_are_read_back() {
    let unopened = Facts::not_opened(crate::ErrorCode::Hung, "no answer");
    let plain = Facts::new(Container::Zip, Protection::None);
    for facts in [full(), unopened, plain] {
        let row = stored(&facts);
        assert_eq!(Facts::from_columns(|name| get(&row, name)).unwrap(), facts);
        assert_eq!(Envelope::from_columns(|name| get(&row, name)).unwrap(), envelope());
    }
}

#[test]
fn every_column_of_full_record_has_value_of_its_kind() {
    let facts = full();
    let verdict = judge(&facts, &Estate::default());
    let envelope = envelope();
    let record = Record::new(&envelope, &facts, &verdict);
    for column in COLUMNS {
        let fits = match (column.value(&record), column.kind) {
            (ColumnValue::Null, _) => matches!(column.name, "authority" | "estate" | "confidence"),
            (ColumnValue::Bool(_), kind) => kind == ColumnKind::Bool,
            (ColumnValue::Int(_), kind) => kind == ColumnKind::Int,
            (ColumnValue::Text(_), kind) => kind == ColumnKind::Text,
            (ColumnValue::Time(_), kind) => kind == ColumnKind::Time,
            (ColumnValue::List(..), kind) => kind == ColumnKind::List,
        };
        assert!(fits, "{}", column.name);
    }
}

#[test]
fn columns_beyond_head_are_null_after_quick_scan() {
    let mut facts = full();
    facts.depth = Depth::Head;
    let row = stored(&facts);
    for column in COLUMNS.iter().filter(|column| column.needs_whole_license) {
        assert_eq!(get(&row, column.name), None, "{}", column.name);
    }
    assert!(get(&row, "slc_key").is_some());
}

#[test]
fn column_names_are_unique() {
    for column in COLUMNS {
        assert!(std::ptr::eq(Column::named(column.name).unwrap(), column), "{}", column.name);
    }
}

#[test]
fn unknown_enum_names_read_as_unknown() {
    let mut row = stored(&Facts::new(Container::Zip, Protection::None));
    for (name, value) in &mut row {
        if ["container", "protection", "searched", "signature"].contains(name) {
            *value = "from-the-future".to_owned();
        }
    }
    row.retain(|(name, _)| *name != "anomalies");
    row.push(("anomalies", "from-the-future id-only-match trailing-data".to_owned()));
    let facts = Facts::from_columns(|name| get(&row, name)).unwrap();
    assert_eq!(facts.protection, Protection::Unknown);
    assert_eq!(facts.searched, Searched::No);
    assert_eq!(facts.license, None);
    assert_eq!(facts.anomalies, [Anomaly::TrailingData]);
}

#[test]
fn columns_that_are_no_record_are_rejected() {
    let row = stored(&full());
    let without = |missing: &'static str| {
        Facts::from_columns(|name| get(&row, name).filter(|_| name != missing)).map(|_| ())
    };
    for missing in ["schema", "container", "protection", "searched"] {
        assert!(without(missing).unwrap_err().to_string().contains(missing), "{missing}");
    }
    let later = |name: &str| match name {
        "schema" => Some(ColumnValue::Int(2)),
        _ => get(&row, name),
    };
    assert!(Facts::from_columns(later).unwrap_err().to_string().contains("schema 2"));
}
