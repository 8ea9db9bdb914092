//! The answer for each authority that goes away.

use rmsight::{Authority, AuthorityKind, Estate, Retiring};

use super::ruled::FindingRulings;
use super::shown_command::ShownCommands;
use crate::authority_use::{AuthorityTest, AuthorityUse, retiring};
use crate::inventory::gaps::{Doubts, Gap};
use crate::inventory::query::Judged;
use crate::output::format::counted;

/// Numbers of findings, by what they need of one authority.
#[derive(Debug)]
pub(super) struct AuthorityAnswer {
    pub(super) name: String,
    pub(super) kind: AuthorityKind,
    pub(super) retiring: Retiring,
    pub(super) yes: u64,
    pub(super) possible: u64,
    /// Findings that a key of the authority opens, and whose verdict is `no`.
    pub(super) in_use: u64,
    /// Findings that were not read and may need it, but are accepted.
    pub(super) accepted: u64,
    /// The scans and the findings that count have no gap.
    pub(super) is_whole: bool,
    doubts: Doubts,
}

/// Answers of all authorities that go away, during the pass over the findings.
#[derive(Debug)]
pub(super) struct AuthorityAnswers<'e>(Vec<(AuthorityTest<'e>, AuthorityAnswer)>);

impl<'e> AuthorityAnswers<'e> {
    pub(super) fn new(estate: &'e Estate) -> AuthorityAnswers<'e> {
        let all = retiring(estate);
        AuthorityAnswers(
            all.map(|one| (AuthorityTest::new(one, estate), AuthorityAnswer::of(one))).collect(),
        )
    }

    pub(super) fn add(&mut self, judged: &Judged, rulings: &FindingRulings) {
        for (test, answer) in &mut self.0 {
            answer.add(&test.of(judged), judged, rulings);
        }
    }

    /// Returns the answers. `is_open` says whether a gap counts, and `has_gaps` whether the scans have
    /// gaps that count.
    pub(super) fn end(
        self,
        has_gaps: bool,
        is_open: impl Fn(&Gap) -> bool,
    ) -> Vec<AuthorityAnswer> {
        let answers = self.0.into_iter().map(|(_, mut answer)| {
            answer.is_whole = !has_gaps && !answer.doubts.gaps().iter().any(&is_open);
            answer
        });
        answers.collect()
    }
}

impl AuthorityAnswer {
    fn of(authority: &Authority) -> AuthorityAnswer {
        AuthorityAnswer {
            name: authority.name.clone(),
            kind: authority.kind,
            retiring: authority.retiring,
            yes: 0,
            possible: 0,
            in_use: 0,
            accepted: 0,
            is_whole: false,
            doubts: Doubts::default(),
        }
    }

    fn add(&mut self, used: &AuthorityUse, judged: &Judged, rulings: &FindingRulings) {
        let is_elsewhere = matches!(used, AuthorityUse::Elsewhere(_) | AuthorityUse::OtherTenant);
        self.doubts.add(&judged.record(), is_elsewhere, rulings.is_doubt_accepted());
        match used {
            AuthorityUse::Yes => self.yes += 1,
            AuthorityUse::InUse => self.in_use += 1,
            AuthorityUse::Possible(_) if rulings.error.is_some() => self.accepted += 1,
            AuthorityUse::Possible(_) | AuthorityUse::MaybeImported(_) => self.possible += 1,
            AuthorityUse::Elsewhere(_) | AuthorityUse::OtherTenant | AuthorityUse::No => {}
        }
    }

    /// Returns whether nothing is open about the authority.
    pub(super) fn is_decided(&self) -> bool {
        self.possible == 0 && self.is_whole
    }

    /// Returns what the authority is: `cluster` or `tenant`.
    pub(super) fn noun(&self) -> &'static str {
        match self.kind {
            AuthorityKind::AzureRms => "tenant",
            _ => "cluster",
        }
    }

    /// Returns the question about the authority.
    pub(super) fn question(&self) -> String {
        match self.kind {
            AuthorityKind::AzureRms => format!("Can {} be given up?", self.name),
            _ => format!("Can {} be switched off?", self.name),
        }
    }

    /// Returns the class of the answer, which is that of a need, and the answer.
    pub(super) fn answer(&self) -> (&'static str, String) {
        let noun = self.noun();
        if self.yes > 0 {
            let findings = counted(self.yes, "finding");
            let text = format!("No. Only a key of this {noun} opens {findings}.");
            return ("yes", text);
        }
        if self.in_use > 0 {
            let findings = counted(self.in_use, "finding");
            let text = format!("No. A key of this {noun} opens {findings}.");
            return ("yes", text);
        }
        if self.possible > 0 {
            let findings = counted(self.possible, "finding");
            let text = format!(
                "Not yet. No finding surely needs this {noun}, but {findings} may need it."
            );
            return ("possible", text);
        }
        if !self.is_whole {
            let text = format!(
                "Not yet. No finding needs this {noun}, but the scans have gaps, or signatures \
                 were not checked."
            );
            return ("possible", text);
        }
        let accepted = match self.accepted {
            0 => String::new(),
            1 => " 1 finding that was not read is accepted.".to_owned(),
            count => format!(" {} that were not read are accepted.", counted(count, "finding")),
        };
        let text = format!(
            "Nothing in what was scanned needs this {noun}.{accepted} Check what a file scan \
             cannot see before you decide."
        );
        ("no", text)
    }

    /// Returns the next steps for the authority.
    pub(super) fn steps(&self, commands: &ShownCommands) -> Vec<String> {
        let mut steps = Vec::new();
        if self.retiring == Retiring::Open {
            steps.push(format!(
                "decide whether {} goes away, and set `retiring` in {}.",
                self.name,
                commands.estate()
            ));
        }
        if self.yes > 0 {
            steps.push(self.freeing(commands));
        }
        steps
    }

    /// Returns how to free the authority from the findings that only it opens.
    fn freeing(&self, commands: &ShownCommands) -> String {
        let findings = counted(self.yes, "finding");
        let name = &self.name;
        let list = commands.on_inventories(
            "export",
            "--need yes --for set-filelabel --label-map labels.csv -o todo.csv",
        );
        let proof = commands.scan("--only todo.csv");
        let list = format!(
            "`{list}` writes the list (labels.csv has the columns old,new: a template or label, and the \
             id of the label that replaces it). Members of archives and mails are in \
             todo-extract-first.csv: extract these first. Then in PowerShell: `Import-Csv todo.csv | \
             ForEach-Object {{ Set-FileLabel -Path $_.Path -LabelId $_.LabelId -PreserveFileDetails; \
             [GC]::Collect(); [GC]::WaitForPendingFinalizers() }}`, and `{proof}` reads exactly these \
             files again as proof (`--only` may be repeated for further lists)"
        );
        match self.kind {
            AuthorityKind::AzureRms => format!(
                "protect {findings} anew with another tenant's key, owner by owner. {list}. The \
                 account that removes the protection has to be a super user of {name} \
                 (`Enable-AipServiceSuperUserFeature`, `Add-AipServiceSuperUser`). Until then the \
                 tenant, its keys and its accounts have to stay."
            ),
            _ => format!(
                "protect {findings} anew, owner by owner. {list}. The account that removes the \
                 protection has to be in the super users group of {name} (AD RMS console, Security \
                 Policies, Super Users; the group has to be enabled). Until then the cluster, its \
                 key and the hosts below have to stay."
            ),
        }
    }
}
