//! With any budget, a report is either complete or has `limit-<name>` and the earlier findings.

use std::collections::BTreeSet;
use std::path::Path;

use rmsight::{Inspector, Limits, Protection, Report};

use crate::evasion::{needs_no_key, protected};

fn inspect(bytes: &[u8], limits: &Limits) -> Report {
    Inspector::builder().limits(limits.clone()).build().inspect_bytes(bytes)
}

/// Returns the keys of all findings.
fn keys(report: &Report) -> BTreeSet<String> {
    let keys = report.findings().filter_map(|finding| finding.facts().slc_key());
    keys.map(str::to_owned).collect()
}

/// Yields amounts from 0 to `most`: each of the first five, then in growing steps.
fn amounts(most: u64) -> impl Iterator<Item = u64> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let now = next.filter(|now| *now <= most)?;
        next = Some(if now < 4 { now + 1 } else { now + now / 2 + 1 });
        Some(now)
    })
}

#[test]
fn exhausted_budget_is_reported_by_name_and_keeps_findings() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let files = protected().into_iter().filter(|(name, _)| {
        let is_one_of_many = name.starts_with("rules/") || name.starts_with("damaged/");
        !is_one_of_many && name.contains(&only)
    });
    let mut cut = BTreeSet::new();
    for (name, bytes) in files {
        let whole = inspect(&bytes, &Limits::default());
        let codes: BTreeSet<_> =
            whole.findings().filter_map(|f| f.facts().error_code.clone()).collect();
        for (limit, default) in Limits::default().entries() {
            // An inspection of these files needs less than 4 Mi of any budget.
            for amount in amounts(default.min(4 << 20)) {
                let mut limits = Limits::default();
                assert!(limits.set(limit, amount));
                let report = inspect(&bytes, &limits);
                let context = format!("{name}, {limit} = {amount}");
                if report == whole {
                    // A larger budget cannot change a complete report.
                    break;
                }
                let code = format!("limit-{limit}");
                let found: Vec<_> =
                    report.findings().filter_map(|f| f.facts().error_code.clone()).collect();
                assert!(report.incomplete().is_some(), "{context}");
                let named = |found: &str| found == code || codes.contains(found);
                let others: Vec<_> = found.iter().filter(|found| !named(found)).collect();
                assert!(others.is_empty(), "{context}: {others:?}");
                assert!(found.iter().any(|found| *found == code), "{context}: {found:?}");
                assert!(!needs_no_key(&report), "{context}");
                assert_ne!(report.worst(), Protection::None, "{context}");
                assert!(keys(&report).is_subset(&keys(&whole)), "{context}: another key");
                cut.insert(limit);
            }
        }
    }
    println!("{} budgets were exhausted: {cut:?}", cut.len());
    assert!(!only.is_empty() || cut.len() >= 14, "{cut:?}");
}

#[test]
fn license_longer_than_its_limit_keeps_its_head() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/licenses/mode2-chain2.xml");
    let mut limits = Limits::default();
    limits.license_bytes = 5000;
    let report = inspect(&std::fs::read(path).unwrap(), &limits);
    let facts = report.findings().next().unwrap().facts();
    assert_eq!(facts.error_code.as_deref(), Some("limit-license-bytes"));
    assert_eq!(facts.protection, Protection::Rms);
    assert!(facts.slc_key().is_some());
}
