//! Records are read back without a loss, those of a later version included.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use rmsight::{
    Anomaly, Dependency, Envelope, Estate, Facts, Inspector, Need, RULES_VERSION, Record, Verdict,
    judge,
};
use rmsight_specimen::corpus;
use serde_json::{Value, json};

/// The columns whose values are names of a closed list.
const CLOSED: [&str; 12] = [
    "container",
    "protection",
    "searched",
    "issuer_kind",
    "hierarchy",
    "signature",
    "link",
    "error_code",
    "need",
    "dependency",
    "confidence",
    "key_match",
];

/// The golden records of `corpus/`.
static LINES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folders = fs::read_dir(root).unwrap().map(|folder| folder.unwrap().path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|file| file.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|it| it == "ndjson")).collect();
    files.sort();
    let text = files.iter().map(|path| fs::read_to_string(path).unwrap());
    text.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
});

fn line(record: &Record<'_>) -> String {
    let mut line = Vec::new();
    record.write_ndjson(&mut line).unwrap();
    String::from_utf8(line).unwrap()
}

#[test]
fn golden_records_are_written_as_they_were_read() {
    assert!(LINES.len() > 100);
    for golden in LINES.iter() {
        let record = Record::from_ndjson(golden).unwrap();
        assert_eq!(line(&record).trim_end(), golden);
        let written: Value = serde_json::from_str(golden).unwrap();
        assert_eq!(serde_json::to_value(&record).unwrap(), written);
        assert_eq!(serde_json::from_value::<Record<'_>>(written).unwrap(), record);
        assert_eq!(Facts::from_ndjson(golden).unwrap(), *record.facts);
    }
}

#[test]
fn records_of_inspected_files_are_read_back_equal() {
    let mut inspector = Inspector::builder().labels(true).fingerprint(true).build();
    for file in corpus() {
        for finding in inspector.inspect_bytes(&file.bytes) {
            let (facts, estate) = (finding.facts(), Estate::default());
            let verdict = judge(facts, &estate);
            let envelope = Envelope::new(&file.path);
            let record = Record::new(&envelope, facts, &verdict);
            let read = Record::from_ndjson(line(&record)).unwrap();
            assert_eq!(read, record, "{}", file.path);
            assert_eq!((&*read.facts, &read.envelope), (facts, &envelope), "{}", file.path);
            assert_eq!(judge(&read.facts, &estate), verdict, "{}", file.path);
            assert_eq!(read.verdict.reason(), verdict.reason(), "{}", file.path);

            let stored = serde_json::to_string(facts).unwrap();
            assert_eq!(&serde_json::from_str::<Facts>(&stored).unwrap(), facts, "{}", file.path);
            let stored = serde_json::to_string(&verdict).unwrap();
            let read: Verdict = serde_json::from_str(&stored).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), stored, "{}", file.path);
        }
    }
}

fn with_sorted_anomalies(mut record: Value) -> Value {
    let names = record["anomalies"].as_array().unwrap();
    let sorted: BTreeSet<&str> = names.iter().map(|name| name.as_str().unwrap()).collect();
    record["anomalies"] = json!(sorted);
    record
}

/// A record as a later version could write it.
fn later_record() -> impl Strategy<Value = Value> {
    let name = "(x-[a-z]{1,8}|[a-z-]{12,16})";
    let columns = prop::collection::vec((prop::sample::select(&CLOSED[..]), name), 0..4);
    let anomalies = prop::collection::vec((any::<prop::sample::Index>(), name), 0..4);
    let known = prop::collection::vec(prop::sample::select(Anomaly::ALL), 0..4);
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop::collection::vec("[a-z]{0,4}", 0..3).prop_map(Value::from),
        Just(json!({"of": [{"a": 1.5}]})),
    ];
    let more = prop::collection::btree_map("[a-z_]{1,4}[0-9\"\u{9b}]", value, 0..3);
    let rules = prop_oneof![Just(RULES_VERSION), 3u32..9];
    let golden = any::<prop::sample::Index>();
    (golden, columns, anomalies, known, more, rules).prop_map(
        |(golden, columns, anomalies, known, more, rules)| {
            let mut record: Value = serde_json::from_str(golden.get::<String>(&LINES)).unwrap();
            for (column, name) in columns {
                if !record[column].is_null() {
                    record[column] = Value::from(name);
                }
            }
            let known: BTreeSet<Anomaly> = known.into_iter().collect();
            let mut names: Vec<String> = known.iter().map(ToString::to_string).collect();
            for (at, name) in anomalies {
                names.insert(at.index(names.len() + 1), name);
            }
            record["anomalies"] = json!(names);
            record["rules"] = json!(rules);
            record.as_object_mut().unwrap().extend(more);
            record
        },
    )
}

proptest! {
    #[test]
    fn record_of_a_later_version_is_read_back_without_loss(written in later_record()) {
        let record = Record::from_ndjson(written.to_string()).unwrap();
        let again = line(&record);
        let expected = with_sorted_anomalies(written.clone());
        prop_assert_eq!(with_sorted_anomalies(serde_json::from_str(&again).unwrap()), expected.clone());
        prop_assert_eq!(with_sorted_anomalies(serde_json::to_value(&record).unwrap()), expected);
        prop_assert_eq!(line(&Record::from_ndjson(&again).unwrap()), again.clone());
        let facts = Facts::from_ndjson(&again).unwrap();
        prop_assert_eq!(&facts, &*record.facts);

        // Facts that this version does not understand are never judged "not needed".
        let verdict = judge(&facts, &Estate::default());
        let is_unprotected = verdict.dependency() == Dependency::None;
        prop_assert!(facts.unknown.is_empty() || is_unprotected || verdict.need() != Need::No);
    }

    #[test]
    fn any_change_of_a_value_is_kept_or_rejected(
        golden in any::<prop::sample::Index>(),
        column in any::<prop::sample::Index>(),
        value in prop_oneof![
            Just(json!(-1)), Just(json!(u64::MAX)), Just(json!(1.5)), Just(json!("2016-05-30T10:39:00Z")),
            Just(json!(true)), Just(json!([1])), Just(json!(["a", "b"])), Just(json!("")), Just(json!({})),
        ],
    ) {
        let mut written: Value = serde_json::from_str(golden.get::<String>(&LINES)).unwrap();
        let names: Vec<String> = written.as_object().unwrap().keys().cloned().collect();
        written[column.get(&names)] = value;
        if let Ok(record) = Record::from_ndjson(written.to_string()) {
            let again = serde_json::to_value(&record).unwrap();
            prop_assert_eq!(with_sorted_anomalies(again), with_sorted_anomalies(written));
        }
    }
}

#[test]
fn line_that_is_no_record_is_rejected_with_the_reason() {
    let golden: Value = serde_json::from_str(&LINES[0]).unwrap();
    let with = |column: &str, value: Value| {
        let mut record = golden.clone();
        record[column] = value;
        record.to_string()
    };
    let twice = LINES[0].replacen("\"size\":", "\"size\":1,\"size\":", 1);
    let cases = [
        ("plain text".to_owned(), "not a record: expected value"),
        ("[]".to_owned(), "expected a record"),
        ("{}".to_owned(), "it has no schema"),
        (with("schema", json!(2)), "schema 2"),
        (with("path", Value::Null), "it has no path"),
        (with("need", Value::Null), "it has no need"),
        (with("size", json!("many")), "size is \"many\", and has to be of the kind int"),
        (with("modified", json!("yesterday")), "`yesterday` is no value of modified"),
        (with("slc_key_bits", json!(1_u64 << 40)), "is no value of slc_key_bits"),
        (twice, "two values of size"),
    ];
    for (line, expected) in cases {
        let error = Record::from_ndjson(&line).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}: {line}");
    }
}

#[cfg(feature = "estate")]
#[test]
fn estate_is_deserialized_equal_or_rejected() {
    let file = format!(
        "clock_skew = \"12h\"\n[[authority]]\nname = \"HQ\"\nkind = \"ad-rms\"\n\
         hosts = [\"rms.example.com\", {{ name = \".example.org\", role = \"connector\" }}]\n\
         settled = [\"licensing-only\"]\n[[authority.key]]\nslc_key = \"sha256:{}\"\n\
         status = \"read-only\"\nsince = 2024-03-01\nheld_by = [\"HQ\"]\norigin = \"tpd\"\n",
        "0".repeat(64)
    );
    let estate = Estate::from_toml(file).unwrap();
    let stored = serde_json::to_value(&estate).unwrap();
    let read: Estate = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(read, estate);
    assert_eq!((read.digest(), read.clock_skew()), (estate.digest(), 43_200));
    let cases = [
        ("status", json!("retired"), "`retired` is not a value of `KeyStatus`"),
        ("since", Value::Null, "needs `since`"),
        ("slc_key", json!("sha256:0"), "64 hex digits"),
        ("owner", json!("x"), "unknown field `owner`"),
    ];
    for (field, value, expected) in cases {
        let mut stored = stored.clone();
        stored["authority"][0]["key"][0][field] = value;
        let error = serde_json::from_value::<Estate>(stored).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
