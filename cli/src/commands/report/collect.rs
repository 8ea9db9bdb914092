//! Reads inventories, and collects everything that a report shows in one pass over their findings.

use std::cell::RefCell;

use rmsight::Estate;

use super::aggregate::{Aggregate, PageLists};
use super::args::ReportArgs;
use super::authority::AuthorityAnswers;
use super::list::FindingList;
use super::page::ReportPage;
use super::ruled::FindingRulings;
use super::shown_command::ShownCommands;
use super::trend::Trend;
use crate::acceptance::{Acceptance, Ruling};
use crate::authority_file::judged_with;
use crate::exit::Result;
use crate::filter::{KnownValues, shown_words};
use crate::inventory::gaps::{self, Gap};
use crate::inventory::query::{Inventories, Judged};
use crate::inventory::scope::Scope;
use crate::output::evidence::Evidence;
use crate::output::terms::NeedTerms;

/// `rows` is the maximum length of each list.
pub(super) fn page(args: &ReportArgs, estate: &Estate, rows: usize) -> Result<ReportPage> {
    let redactor = args.redact.redactor()?;
    let decisions = args.accept.decisions()?;
    let inventories = Inventories::open(&args.inventories)?;
    inventories.freeze()?;
    let filter = args.filter.filter(estate)?.with_names(inventories.translation()?);
    let mut scopes = Scope::of(&inventories)?;
    let acceptance = args.accept.acceptance(decisions, &inventories, &scopes)?;
    let (max_age, as_of) = (args.accept.max_age, acceptance.as_of);
    let rulings = gap_rulings(&gaps::of(&scopes, max_age, as_of), &acceptance);
    let mut evidence = Evidence::of(&inventories, args.estate.as_deref(), estate, as_of)?;
    evidence.decisions = acceptance.decisions.file.clone().zip(acceptance.decisions.digest.clone());
    let inventories = inventories.redacted(redactor.clone());
    let mut known = KnownValues::new(&filter);
    known.add_inventories(&inventories, estate)?;
    known.check()?;
    if let Some(redactor) = &redactor {
        scopes.iter_mut().for_each(|scope| scope.redact(redactor));
        evidence.options.retain(|(name, _)| name != "--map");
    }
    let selection = shown_words(&filter, redactor.is_some());
    evidence.add_options(args.in_force(&selection));
    let lists = PageLists { findings: FindingList::new(rows), unread: FindingList::new(rows) };
    let mut answers = AuthorityAnswers::new(estate);
    let mut aggregate = Aggregate::new(estate, inventories.translation()?, lists);
    // Selection and rulings are made before names are redacted. The answer counts all findings.
    let current = RefCell::new((true, FindingRulings::default()));
    let mark = |judged: &Judged| {
        let rulings = FindingRulings::of(&judged.record(), &acceptance);
        current.replace((filter.takes(judged), rulings));
        true
    };
    inventories.judged_where(estate, mark, |judged| {
        let (is_selected, rulings) = &*current.borrow();
        aggregate.add(judged, rulings, *is_selected);
        answers.add(judged, rulings);
        Ok(())
    })?;
    aggregate.end();
    let mut all = gaps::of(&scopes, max_age, as_of);
    // A redacted path is not that of a decision, so that the rulings are those of the same gaps before.
    let mut rulings = if rulings.len() == all.len() { rulings } else { vec![None; all.len()] };
    let is_open = |gap: &Gap| acceptance.gap(gap).is_none();
    let authorities = answers.end(rulings.iter().any(Option::is_none), is_open);
    let doubts = aggregate.doubts.gaps();
    rulings.extend(gap_rulings(&doubts, &acceptance));
    all.extend(doubts);
    let (mut open, mut accepted) = (Vec::new(), Vec::new());
    for (gap, ruling) in all.into_iter().zip(rulings) {
        match ruling {
            Some(ruling) => accepted.push((gap, ruling)),
            None => open.push(gap),
        }
    }
    let trend = trend(args, estate)?;
    evidence.earlier = trend.iter().flat_map(|trend| trend.inventories.clone()).collect();
    Ok(ReportPage {
        aggregate,
        authorities,
        terms: NeedTerms::of(estate),
        questions: estate.open_questions(),
        estate: estate.clone(),
        scopes,
        gaps: open,
        accepted_gaps: accepted,
        acceptance,
        judged_with: judged_with(args.estate.as_deref(), estate),
        evidence,
        commands: ShownCommands::new(&args.inventories, args.estate.as_deref()),
        trend,
        selection,
        redactor,
    })
}

fn gap_rulings(gaps: &[Gap], acceptance: &Acceptance) -> Vec<Option<Ruling>> {
    gaps.iter().map(|gap| acceptance.gap(gap)).collect()
}

fn trend(args: &ReportArgs, estate: &Estate) -> Result<Option<Trend>> {
    if args.since.is_empty() {
        return Ok(None);
    }
    let earlier = Inventories::open(&args.since)?;
    earlier.freeze()?;
    Trend::of(&earlier, estate).map(Some)
}
