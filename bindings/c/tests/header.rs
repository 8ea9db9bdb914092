//! The committed header is that of the code.
// The generator runs cargo, which Wine does not have. The header is the same on all systems.
#![cfg(not(windows))]
#![allow(clippy::unwrap_used)]

#[test]
fn the_header_is_current() {
    let folder = env!("CARGO_MANIFEST_DIR");
    let config = cbindgen::Config::from_file(format!("{folder}/cbindgen.toml")).unwrap();
    let bindings =
        cbindgen::Builder::new().with_crate(folder).with_config(config).generate().unwrap();
    let mut header = Vec::new();
    bindings.write(&mut header);
    let header = String::from_utf8(header).unwrap();
    let file = format!("{folder}/include/rmsight.h");
    if std::env::var_os("RMSIGHT_BLESS").is_some() {
        std::fs::write(&file, &header).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == header,
        "include/rmsight.h is not current: RMSIGHT_BLESS=1 cargo test -p rmsight-c --test header"
    );
}
