//! Estate files: values, errors and their lines.

use super::*;
use crate::timestamp::Timestamp;
use crate::verdict::Verdict;

const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";
const ID: &str = "1b4e28ba-2fa1-4d2e-883f-0016d3cca427";

fn whole() -> String {
    format!(
        r#"# what we know
clock_skew = "12h"

[[authority]]
name = "Headquarters"
kind = "ad-rms"
hosts = ["rms.example.com", ".corp.example.com"]
settled = ["trusted-publishing-domains"]

[[authority.key]]
slc_key = "{}"
slc_id = "{{{}}}"
status = "read-only"
since = 2024-03-01

[[authority.key]]
slc_key = "{TWO}"
status = "imported"
tenant = "{ID}"
origin = "sub-enrolled"
held_by = ["Headquarters"]

[[authority]]
name = "Tenant"
kind = "azure-rms"
hosts = [{{ name = "connector.example.com", role = "connector" }}]
[[authority.key]]
slc_id = "6fa459ea-ee8a-4ca4-894e-db77e160355e"
"#,
        ONE.to_uppercase().replace("SHA256", "sha256"),
        ID.to_uppercase()
    )
}

#[test]
fn estate_file_declares_keys_with_status() {
    let estate = Estate::from_toml(whole()).unwrap();
    assert_eq!(estate.clock_skew(), 43_200);
    let [cluster, tenant] = estate.authorities() else { panic!("two authorities") };
    assert_eq!((cluster.kind, tenant.kind), (AuthorityKind::AdRms, AuthorityKind::AzureRms));
    assert_eq!(tenant.hosts[0].role, HostRole::Connector);
    let [old, new] = cluster.keys.as_slice() else { panic!("two keys") };
    assert_eq!((old.key.as_deref(), old.id.as_deref()), (Some(ONE), Some(ID)));
    assert_eq!((old.status, old.since), (KeyStatus::ReadOnly, Timestamp::parse("2024-03-01")));
    assert_eq!((new.status, new.origin), (KeyStatus::Imported, Origin::SubEnrolled));
    assert_eq!((new.tenant.as_deref(), new.held_by.len()), (Some(ID), 1));
    assert_eq!(tenant.keys[0].status, KeyStatus::Active);
    assert_eq!((cluster.retiring, tenant.retiring), (Retiring::Yes, Retiring::No));
}

#[test]
fn estate_file_declares_retiring_authorities_and_open_decisions() {
    let file = format!(
        r#"
[[authority]]
name = "Stays"
kind = "ad-rms"
retiring = false
[[authority.key]]
slc_key = "{ONE}"
status = ""
[[authority]]
name = "Old tenant"
kind = "azure-rms"
retiring = true
tenant = "{{{}}}"
[[authority.key]]
slc_key = "{TWO}"
status = "azure"
[[authority]]
name = "Undecided"
kind = "azure-rms"
retiring = "?"
[[authority.key]]
slc_id = "{ID}"
status = "?"
"#,
        ID.to_uppercase()
    );
    let estate = Estate::from_toml(&file).unwrap();
    let [stays, old, open] = estate.authorities() else { panic!("three authorities") };
    assert_eq!((stays.retiring, stays.keys[0].status), (Retiring::No, KeyStatus::Open));
    assert_eq!((old.retiring, old.keys[0].status), (Retiring::Yes, KeyStatus::Active));
    assert_eq!(old.tenant.as_deref(), Some(ID));
    assert_eq!((open.retiring, open.keys[0].status), (Retiring::Open, KeyStatus::Open));
    let questions = estate.open_questions();
    let asked = |name: &str, part: &str| {
        let of_name = |open: &&OpenQuestion| open.authority == name && open.text.contains(part);
        questions.iter().find(of_name).unwrap_or_else(|| panic!("{name}: {part}")).command
    };
    assert!(asked("Stays", "What became of the key").unwrap().contains("TrustedPublishingDomain"));
    assert!(asked("Undecided", "What became of the key").unwrap().contains("Get-AipServiceKeys"));
    assert!(asked("Undecided", "Which tenant").unwrap().contains("Get-AipServiceConfiguration"));
    assert_eq!(asked("Undecided", "give it up"), None);
    assert!(
        !questions
            .iter()
            .any(|open| open.text.contains("give it up") && open.authority != "Undecided")
    );
    let twice = file.replace("retiring = \"?\"", &format!("tenant = \"{ID}\""));
    let wrong = Estate::from_toml(twice).unwrap_err();
    assert!(wrong.mistakes()[0].message.contains("declared for `Old tenant` already"), "{wrong:?}");
}

#[test]
fn digest_is_sha256_of_file() {
    let digest = |bytes: &[u8]| Estate::from_toml(bytes).unwrap().digest().unwrap().to_owned();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(digest(b""), empty);
    assert_ne!(digest(b"\n"), empty);
}

#[test]
fn utf8_and_utf16_files_are_read() {
    let text = whole().replace('\n', "\r\n");
    let wide = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(order).collect()
    };
    let files = [
        format!("\u{feff}{text}").into_bytes(),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
        wide(u16::to_le_bytes)[2..].to_vec(),
    ];
    for file in files {
        assert_eq!(Estate::from_toml(&file).unwrap().authorities().len(), 2);
    }
    assert!(Estate::from_toml([0x80, 0xFF, 0xFF]).is_err());
}

/// Changes the valid file once, and returns the lines and messages of the errors.
fn errors_of(old: &str, new: &str) -> Vec<(usize, String)> {
    let file = whole();
    assert!(file.contains(old), "{old}");
    let file = file.replacen(old, new, 1);
    let wrong = Estate::from_toml(file).err();
    let mistakes = wrong.iter().flat_map(EstateError::mistakes);
    mistakes.map(|mistake| (mistake.line.unwrap_or(0), mistake.message.clone())).collect()
}

#[test]
fn each_error_has_its_line() {
    let same = format!("slc_key = \"{ONE}\"");
    let cases = [
        ("clock_skew = \"12h\"", "clock_skew = \"soon\"", 2, "a number and a unit"),
        ("clock_skew = \"12h\"", "clock_skew = 12", 2, "is a text"),
        ("clock_skew", "clockskew", 2, "no field `clockskew`"),
        ("name = \"Headquarters\"\n", "\n", 4, "an authority needs `name`"),
        ("name = \"Tenant\"", "name = \"Headquarters\"", 23, "two authorities named"),
        ("kind = \"ad-rms\"", "kind = \"adrms\"", 6, "`kind` is one of `ad-rms`, `azure-rms`"),
        ("\"rms.example.com\"", "\"https://rms.example.com\"", 7, "no host name"),
        ("\"rms.example.com\"", "\"RMS.example.com\"", 7, "no host name"),
        ("\"connector.example.com\"", "\"rms.example.com\"", 26, "for `Headquarters` already"),
        ("role = \"connector\"", "role = \"proxy\"", 26, "`role` is one of"),
        ("\"trusted-publishing-domains\"", "\"tpd\"", 8, "`settled` is one of"),
        ("slc_key = \"sha256:1", "slc_key = \"sha1:1", 11, "64 hex digits"),
        ("slc_key = \"sha256:1", "slc_key = \"sha256:", 11, "64 hex digits"),
        ("slc_id = \"{1B", "slc_id = \"{1", 12, "has to be a GUID"),
        ("status = \"read-only\"", "", 10, "a key needs a `status`"),
        ("status = \"read-only\"", "status = \"gone\"", 13, "`status` is one of"),
        ("status = \"read-only\"", "status = \"azure\"", 13, "`status` is one of"),
        ("status = \"read-only\"", "status = \"archived\"", 13, "a key of an ad-rms authority is"),
        ("status = \"read-only\"", "status = \"active\"", 14, "belongs to `read-only`"),
        ("since = 2024-03-01", "", 13, "needs `since`"),
        ("since = 2024-03-01", "since = \"March\"", 14, "a date such as"),
        ("since = 2024-03-01", "since = \"01.06.2026\"", 14, "a date such as"),
        ("since = 2024-03-01", "since = 2024-03-01T00:00:00+02:00", 14, "in UTC"),
        ("since = 2024-03-01", "sinec = 2024-03-01", 14, "no field `sinec`"),
        ("tenant = ", "# tenant = ", 18, "needs `tenant`"),
        ("status = \"imported\"", "status = \"lost\"", 21, "neither `lost` nor `foreign`"),
        ("[\"Headquarters\"]", "[\"Tenant\"]", 21, "no ad-rms authority named `Tenant`"),
        ("[\"Headquarters\"]", "\"Headquarters\"", 21, "is a list"),
        ("origin = \"sub-enrolled\"", "origin = \"import\"", 20, "`origin` is one of"),
        ("slc_id = \"6fa459ea", &format!("{same}\n#"), 28, "for `Headquarters` too"),
        ("slc_id = \"6fa459ea", "#", 27, "needs `slc_key`, or at least `slc_id`"),
        (
            "slc_id = \"6fa459ea",
            "status = \"foreign\"\nslc_id = \"6fa459ea",
            28,
            "azure-rms authority is",
        ),
        (
            "kind = \"azure-rms\"",
            "kind = \"azure-rms\"\nretiring = \"yes\"",
            26,
            "`retiring` is `true`",
        ),
        ("kind = \"azure-rms\"", "kind = \"azure-rms\"\ntenant = \"contoso\"", 26, "a GUID"),
        (
            "kind = \"ad-rms\"",
            &format!("kind = \"ad-rms\"\ntenant = \"{ID}\""),
            7,
            "azure-rms authorities",
        ),
        ("[[authority]]", "[authority]", 23, ""),
        ("kind = \"ad-rms\"", "kind = ", 6, ""),
    ];
    for (old, new, line, part) in cases {
        let wrong = errors_of(old, new);
        let is_told = |(at, message): &(usize, String)| *at == line && message.contains(part);
        assert!(wrong.iter().any(is_told), "{new}: {wrong:?}");
    }
    let twice = errors_of(&format!("slc_key = \"{TWO}\""), &same);
    assert_eq!(twice.len(), 1);
    assert!(twice[0].0 == 17 && twice[0].1.contains("declared twice"), "{twice:?}");
}

#[test]
fn all_errors_are_reported_in_order() {
    let file = whole().replace("ad-rms\"", "adrms\"").replace("imported", "importd");
    let lines: Vec<_> =
        Estate::from_toml(&file).unwrap_err().mistakes().iter().map(|m| m.line).collect();
    assert_eq!(lines, [Some(6), Some(18)]);
    let shown = Estate::from_toml(file).unwrap_err().to_string();
    let starts: Vec<&str> = shown.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(starts, ["line 6", "line 18"]);
}

#[test]
fn open_questions_follow_from_declarations() {
    let estate = Estate::from_toml(whole()).unwrap();
    let open = estate.open_questions();
    let asked: Vec<_> = open.iter().map(|open| (open.authority.as_str(), open.question)).collect();
    assert_eq!(
        asked,
        [
            ("Headquarters", Some(Question::OlderKey)),
            ("Tenant", None),
            ("Tenant", Some(Question::OlderKey)),
        ]
    );
    assert!(open[1].text.contains("6fa459ea"));
    let file = "[[authority]]\nname = 'A'\nkind = 'ad-rms'";
    let asked = Estate::from_toml(file).unwrap().open_questions();
    assert_eq!(asked.len(), 1 + Question::ALL.len());
    assert!(Estate::default().open_questions().is_empty());
}

#[test]
fn most_specific_host_selects_authority() {
    let host = |name: &str, host: &str| {
        let mut authority = Authority::new(name, AuthorityKind::AdRms);
        authority.hosts.push(AuthorityHost::new(host));
        authority
    };
    let estate = Estate::new(vec![
        host("all", ".example.com"),
        host("some", ".corp.example.com"),
        host("one", "rms.corp.example.com"),
    ]);
    let estate = estate.unwrap();
    let cases = [
        ("https://RMS.corp.example.com./x", Some("one")),
        ("https://a.corp.example.com:8443/x", Some("some")),
        ("https://corp.example.com/x", Some("all")),
        ("https://example.com/x", None),
        ("https://xexample.com/x", None),
        ("rms.corp.example.com", None),
    ];
    for (address, expected) in cases {
        let answer = estate.lookup(None, None, Some(address));
        assert_eq!(answer.authority.map(|authority| authority.name.as_str()), expected);
        let matched = if expected.is_some() { KeyMatch::Host } else { KeyMatch::None };
        assert_eq!(answer.matched, matched, "{address}");
        assert!(answer.key.is_none());
    }
}

#[test]
fn verdict_contains_digest_of_estate() {
    let facts = crate::Facts::new(crate::Container::Ole, crate::Protection::None);
    let estate = Estate::from_toml("").unwrap();
    assert_eq!(crate::judge(&facts, &estate).estate(), estate.digest());
    assert_eq!(crate::judge(&facts, &Estate::default()).estate(), None);
    let _: fn(&Verdict) -> Option<&str> = Verdict::estate;
}

proptest::proptest! {
    #[test]
    fn no_file_makes_it_panic(text in "([\\[\\]={}\"' \na-z0-9.,]|authority|key|status|hosts){0,80}") {
        let _ = Estate::from_toml(text);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = Estate::from_toml(bytes);
    }
}
