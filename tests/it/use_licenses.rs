//! Use licenses beside a publishing license, and without one.

use rmsight::{Anomaly, Dependency, Estate, Inspector, Protection, judge};
use rmsight_specimen::{
    Client, IrmDocument, IrmKind, LicenseBuilder, Server, use_license, use_license_stream,
};

/// Builds the content of an `EUL-` stream with a use license of `server`.
fn stream(server: &Server, issued: &str) -> Vec<u8> {
    use_license_stream("CONTOSO\\ada", &use_license(server, &Client::windows(), issued))
}

fn document(license: Vec<u8>) -> IrmDocument {
    IrmDocument::new(IrmKind::Ooxml, license).payload(600)
}

fn key_of(server: &Server) -> String {
    let bytes = document(LicenseBuilder::server(server).build()).build();
    let report = Inspector::default().inspect_bytes(&bytes);
    report.findings().next().unwrap().facts().slc_key().unwrap().to_owned()
}

#[test]
fn use_licenses_are_counted_and_newest_names_its_server() {
    let (older, newer) = (Server::contoso(), Server::azure());
    let files =
        [("2016-06-02T08:00", "2018-06-02T08:00"), ("2018-06-02T08:00", "2016-06-02T08:00")];
    for (first, second) in files {
        let bytes = document(LicenseBuilder::server(&older).build())
            .use_license(stream(&older, first))
            .use_license(stream(&newer, second))
            .build();
        let report = Inspector::default().inspect_bytes(&bytes);
        let facts = report.findings().next().unwrap().facts();
        assert_eq!((facts.use_licenses, report.incomplete()), (Some(2), None));
        let newest = if first < second { &newer } else { &older };
        assert_eq!(facts.use_license_key, Some(key_of(newest)), "{first}");
        assert_eq!(facts.slc_key(), Some(key_of(&older).as_str()));
        assert!(!facts.anomalies.contains(&Anomaly::FromUseLicense));
    }
}

#[test]
fn use_license_replaces_missing_license_and_stays_undecided() {
    let server = Server::contoso();
    let with = |document: IrmDocument| document.use_license(stream(&server, "2016-06-02T08:00"));
    let whole = || document(LicenseBuilder::server(&server).build());
    let cases = [
        ("no bytes", with(document(Vec::new()))),
        ("binary license", with(document(vec![0xAA; 5000]))),
        ("another XrML document", with(document(b"<XrML><BODY type=\"x\"/></XrML>".to_vec()))),
        ("no stream", with(document(Vec::new()).without_license())),
        (
            "unknown transform class",
            with(whole().transform_class("{00000000-0000-0000-0000-000000000000}")),
        ),
    ];
    for (what, file) in cases {
        let report = Inspector::default().inspect_bytes(&file.build());
        let facts = report.findings().next().unwrap().facts();
        println!("{what}: {:?} {:?} {:?}", facts.error_code, facts.use_licenses, facts.anomalies);
        assert_ne!(facts.protection, Protection::None, "{what}");
        assert_eq!(facts.use_licenses, Some(1), "{what}");
        assert_eq!(facts.slc_key(), Some(key_of(&server).as_str()), "{what}");
        assert!(facts.anomalies.contains(&Anomaly::FromUseLicense), "{what}");
        assert!(facts.error_code.is_some(), "{what}");
        let verdict = judge(facts, &Estate::default());
        assert_eq!(verdict.dependency(), Dependency::Undecided, "{what}");
    }
}
