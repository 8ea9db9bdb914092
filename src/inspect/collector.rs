//! Collects what the format of a member reports, and converts it into findings.

use std::collections::HashSet;
use std::ops::Range;

use super::location::MemberLocation;
use super::options::Options;
use super::report::Finding;
use crate::bytes::{Buffer, to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::{
    Body, Continuation, ExtractOptions, Label, LicenseBytes, Member, PstOpener, RECOGNIZER,
    Recognizer, Sink,
};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{Facts, LicenseFacts};
use crate::kinds::{Anomaly, Container, Depth, Protection, Searched};
use crate::license::{self, Evidence, License, LicenseKind, ParserCache, UseLicense};
use crate::limits::{Limit, Meter};
use crate::source::{Extent, Window};

/// Reports about one member.
#[derive(Default)]
pub(super) struct MemberResult {
    container: Option<Container>,
    protection: Option<Protection>,
    /// License candidates in file order.
    pub(super) candidates: Vec<LicenseCandidate>,
    /// XrML that is not a publishing license.
    certificates: Option<License>,
    use_licenses: u32,
    /// The newest use license.
    use_license: Option<Box<UseLicense>>,
    label: Option<Label>,
    anomalies: Vec<Anomaly>,
    evidence: Vec<Evidence>,
    pub(super) members: Vec<Member>,
    /// Index among the members of a PDF in the same bytes, and the span of its bytes.
    trailing_pdf: Option<(usize, Range<u64>)>,
    pub(super) rest: Option<Continuation>,
    /// Whether the continuation reads forward.
    pub(super) is_forward: bool,
    incomplete: Option<Error>,
    pub(super) is_layer: bool,
    /// Whether a publishing license was read in one of its members.
    pub(super) holds_license: bool,
}

/// A license of the structure, or the error about one.
pub(super) enum LicenseCandidate {
    Read { reading: license::ParsedLicense, license: Option<License> },
    Unread(Error),
}

pub(super) struct Collector<'g> {
    pub(super) options: &'g Options,
    pub(super) meter: &'g Meter<'g>,
    pub(super) buffer: &'g mut Buffer,
    pub(super) memory: &'g mut ParserCache,
    pub(super) place: &'g MemberLocation,
    pub(super) found: MemberResult,
}

impl Collector<'_> {
    /// Reads XrML, and adds a candidate for each publishing license in it.
    fn take_license(&mut self, bytes: &[u8], offset: Option<u64>) -> Result<()> {
        self.meter.charge(Limit::Licenses, 1)?;
        let readings = license::read(bytes, self.options.manner, self.memory, self.meter);
        self.take_reading(readings.first, bytes, offset)?;
        for reading in readings.others {
            self.meter.charge(Limit::Licenses, 1)?;
            self.take_reading(reading, bytes, offset)?;
        }
        Ok(())
    }

    fn take_reading(
        &mut self,
        mut reading: license::ParsedLicense,
        bytes: &[u8],
        offset: Option<u64>,
    ) -> Result<()> {
        for evidence in &mut reading.evidence {
            let inside = evidence.offset.zip(offset);
            evidence.offset = inside
                .and_then(|(inside, offset)| offset.checked_add(inside))
                .and_then(|offset| self.place.offset(offset));
        }
        if let Some(error) = &mut reading.error {
            let inside = error.offset().zip(offset);
            let offset = inside.and_then(|(inside, offset)| offset.checked_add(inside));
            *error = error.clone().with_offset(offset.and_then(|at| self.place.offset(at)));
        }
        let begin = offset.and_then(|offset| self.place.offset(offset));
        if reading.kind != LicenseKind::PublishingLicense && !self.is_rms() {
            for anomaly in &reading.anomalies {
                self.anomaly(*anomaly, begin);
            }
        }
        match reading.kind {
            LicenseKind::PublishingLicense => self.found.protection = Some(Protection::Rms),
            // The only license in a protected container must be the publishing license.
            LicenseKind::Other(_) | LicenseKind::Unknown if self.is_rms() => {
                let error = Error::malformed(
                    ErrorCode::LicenseUnreadable,
                    "publishing license",
                    reading.error.as_ref().and_then(Error::offset).or(begin),
                    "no BODY of type Microsoft Rights Label",
                );
                reading.error.get_or_insert(error);
            }
            LicenseKind::Other(what) => {
                if let Some(error) = reading.error {
                    // A license may follow the bytes that could not be read.
                    self.found.protection = Some(Protection::Unknown);
                    return Err(error);
                }
                if self.found.protection != Some(Protection::Unknown) {
                    self.found.protection = Some(Protection::None);
                }
                self.evidence("XrML", what, offset);
                self.found.certificates = self.kept(bytes, offset);
                return Ok(());
            }
            LicenseKind::Unknown => {
                self.found.protection = Some(Protection::Unknown);
                return Err(reading.error.unwrap_or_else(|| {
                    Error::malformed(
                        ErrorCode::LicenseUnreadable,
                        "XrML",
                        begin,
                        "no BODY of a known type",
                    )
                }));
            }
        }
        let facts = &mut reading.facts;
        facts.license_bytes.get_or_insert(to_u64(bytes.len()));
        facts.license_offset =
            offset.and_then(|offset| self.place.contiguous(offset, to_u64(bytes.len())));
        let license = self.kept(bytes, reading.facts.license_offset);
        if self.found.candidates.is_empty() {
            // Nearly every container has one candidate. Without this the list would allocate four.
            #[allow(clippy::disallowed_methods)] // a constant
            self.found.candidates.reserve_exact(1);
        }
        self.found.candidates.push(LicenseCandidate::Read { reading, license });
        Ok(())
    }

    /// Returns the bytes for the caller, if it requested them.
    fn kept(&self, bytes: &[u8], offset: Option<u64>) -> Option<License> {
        self.options.keep_licenses.then(|| License { raw: bytes.to_vec(), offset })
    }

    fn is_rms(&self) -> bool {
        self.found.protection == Some(Protection::Rms)
    }
}

/// Bytes of a license that are read first if only its head is needed; doubled until the head is complete.
const HEAD: u64 = 8192;

impl Sink for Collector<'_> {
    fn options(&self) -> ExtractOptions {
        self.options.extract
    }

    fn recognizer(&self) -> Recognizer {
        RECOGNIZER
    }

    fn reads_whole_licenses(&self) -> bool {
        self.options.manner.depth == Depth::Full
    }

    fn is_member(&self) -> bool {
        !matches!(self.place, MemberLocation::Whole)
    }

    fn pst_opener(&self) -> Option<PstOpener> {
        self.options.pst.clone()
    }

    fn container(&mut self, container: Container) {
        if !self.found.is_layer {
            self.found.container = Some(container);
        }
    }

    fn protection(&mut self, protection: Protection) {
        if !self.is_rms() {
            self.found.protection = Some(protection);
        }
    }

    fn evidence(&mut self, element: &'static str, value: &str, offset: Option<u64>) {
        if self.options.extract.evidence {
            let offset = offset.and_then(|offset| self.place.offset(offset));
            let (value, in_license, length) = (value.to_owned(), None, None);
            self.found.evidence.push(Evidence { element, value, offset, in_license, length });
        }
    }

    fn license(&mut self, license: LicenseBytes<'_>) -> Result<()> {
        self.meter.check(Limit::LicenseBytes, to_u64(license.bytes.len()))?;
        self.take_license(license.bytes, license.offset)
    }

    fn license_at(&mut self, window: &mut Window<'_>, extents: &[Extent]) -> Result<()> {
        let total = extents.iter().fold(0, |sum: u64, extent| sum.saturating_add(extent.len));
        let within = self.meter.check(Limit::LicenseBytes, total);
        let whole = total.min(self.meter.allowed(Limit::LicenseBytes));
        let head_only = self.options.manner.depth == Depth::Head;
        let mut buffer = std::mem::take(self.buffer);
        buffer.clear();
        let mut wanted = if head_only { HEAD.min(whole) } else { whole };
        let mut lent: &[u8] = &[];
        let (bytes, read) = loop {
            let (bytes, read) = match lend(window, extents, wanted, lent.len()) {
                Some(bytes) => {
                    lent = bytes;
                    (bytes, Ok(()))
                }
                None => {
                    buffer.put(std::mem::take(&mut lent));
                    let read = append_extents(window, extents, wanted, &mut buffer);
                    (buffer.as_slice(), read)
                }
            };
            if read.is_err() || wanted >= whole || license::head_is_complete(bytes, self.memory) {
                break (bytes, read);
            }
            wanted = wanted.saturating_mul(2).min(whole);
        };
        let first = extents.first().map(|extent| extent.offset);
        let offset = if extents.len() == 1 { first } else { None };
        let unread = read.and(within).err();
        let taken = match &unread {
            Some(error) if bytes.is_empty() => self.unread_license(error.clone()),
            _ => {
                let before = self.found.candidates.len();
                let taken = self.take_license(bytes, offset);
                for candidate in self.found.candidates.iter_mut().skip(before) {
                    let LicenseCandidate::Read { reading, .. } = candidate else { continue };
                    reading.facts.license_bytes = Some(total);
                    // The cause of an incomplete text is the read, not the text.
                    reading.error = unread.clone().or(reading.error.take());
                }
                taken
            }
        };
        *self.buffer = buffer;
        unread.map_or(taken, Err)
    }

    fn unread_license(&mut self, error: Error) -> Result<()> {
        self.meter.charge(Limit::Licenses, 1)?;
        self.found.candidates.push(LicenseCandidate::Unread(error));
        Ok(())
    }

    fn use_license(&mut self, bytes: &[u8]) -> Result<()> {
        self.meter.charge(Limit::Licenses, 1)?;
        let read = license::read_use_license(bytes, self.memory, self.meter)?;
        let found = &mut self.found;
        found.use_licenses = found.use_licenses.saturating_add(1);
        // A mailbox may have one in each message.
        if found.use_license.as_ref().is_none_or(|newest| newest.issued <= read.issued) {
            found.use_license = Some(Box::new(read));
        }
        Ok(())
    }

    fn label(&mut self, label: Label) {
        self.found.label.get_or_insert(label);
    }

    fn trailing_pdf(&mut self, member: Member, span: Range<u64>) -> Result<()> {
        self.anomaly(Anomaly::Polyglot, Some(span.start));
        self.found.trailing_pdf = Some((self.found.members.len(), span));
        self.member(member)
    }

    fn member(&mut self, member: Member) -> Result<()> {
        if let (Some((place, span)), Body::Stored(extents)) =
            (&self.found.trailing_pdf, &member.body)
            && extents.first().is_some_and(|first| first.offset == span.start)
            && extents.iter().any(|it| (it.offset..it.end()).contains(&span.end))
        {
            let place = *place;
            if place < self.found.members.len() {
                self.found.members.remove(place);
            }
            self.found.trailing_pdf = None;
            self.found.anomalies.retain(|anomaly| *anomaly != Anomaly::Polyglot);
            let polyglot = Anomaly::Polyglot.as_str();
            self.found.evidence.retain(|it| it.element != "anomaly" || it.value != polyglot);
        }
        self.found.members.push(member);
        // Reporting and opening are charged separately, because a directory of a million entries is
        // work even if none is opened.
        self.meter.charge(Limit::Steps, 1)
    }

    fn continue_with(&mut self, next: Continuation) {
        self.found.rest = Some(next);
    }

    fn continue_forward(&mut self, next: Continuation) {
        self.found.is_forward = true;
        self.continue_with(next);
    }

    fn anomaly(&mut self, anomaly: Anomaly, offset: Option<u64>) {
        // The payload of a mail has the layout of a document, but old readers never open it as a file.
        if self.found.is_layer && anomaly == Anomaly::PlaceholderMissing {
            return;
        }
        self.evidence("anomaly", anomaly.as_str(), offset);
        // Every record of the member contains the list, so that a million anomalies would be copied.
        if !self.found.anomalies.contains(&anomaly) {
            self.found.anomalies.push(anomaly);
        }
    }

    fn incomplete(&mut self, error: Error) {
        let place = self.place;
        self.found.incomplete.get_or_insert_with(|| match place {
            MemberLocation::Whole | MemberLocation::Nowhere => error,
            MemberLocation::Within(_) => {
                let offset = error.offset().and_then(|offset| place.offset(offset));
                error.with_offset(offset)
            }
        });
    }
}

/// Borrows the first `wanted` bytes of `extents`, if they are contiguous in memory; `had` of them were
/// borrowed before.
fn lend<'a>(window: &Window<'a>, extents: &[Extent], wanted: u64, had: usize) -> Option<&'a [u8]> {
    let [extent] = extents else { return None };
    window.borrow(extent.offset, to_usize(wanted)?, had)
}

/// Appends the bytes of `extents` to `buffer` until it contains `wanted` bytes, without those that it
/// contains already.
fn append_extents(
    window: &mut Window<'_>,
    extents: &[Extent],
    wanted: u64,
    buffer: &mut Buffer,
) -> Result<()> {
    let mut skip = to_u64(buffer.len());
    let mut left = wanted.saturating_sub(skip);
    for extent in extents {
        let have = skip.min(extent.len);
        skip = skip.saturating_sub(have);
        let len = extent.len.saturating_sub(have).min(left);
        left = left.saturating_sub(len);
        if len > 0 {
            let offset = extent.offset.saturating_add(have);
            let len = to_usize(len).unwrap_or(usize::MAX);
            window.append("publishing license", offset, len, buffer)?;
        }
    }
    Ok(())
}

impl MemberResult {
    /// Returns the reports that concern each layer of the container: kind, protection, anomalies, and
    /// what was not read. Each of several layers needs a copy.
    pub(super) fn for_layer(&self) -> MemberResult {
        MemberResult {
            container: self.container,
            protection: self.protection,
            label: self.label.clone(),
            anomalies: self.anomalies.clone(),
            evidence: self.evidence.clone(),
            incomplete: self.incomplete.clone(),
            ..MemberResult::default()
        }
    }

    /// Keeps `error` for every finding without an error.
    pub(super) fn add_error(&mut self, error: Error) {
        self.incomplete.get_or_insert(error);
    }

    /// Takes the members that were reported in one reading.
    pub(super) fn take_members(&mut self) -> Vec<Member> {
        self.trailing_pdf = None;
        std::mem::take(&mut self.members)
    }

    pub(super) fn conclude(
        mut self,
        error: Option<Error>,
        options: &Options,
        push: &mut dyn FnMut(Finding),
    ) {
        let error = error.or(self.incomplete.take());
        let container = self.container.unwrap_or(Container::Other);
        let mut protection = self.protection.unwrap_or(Protection::None);
        if self.use_licenses > 0 && !self.holds_license {
            // Servers issue use licenses only for protected files.
            protection = Protection::Rms;
        }
        if error.is_some() && protection == Protection::None {
            protection = Protection::Unknown;
        }
        let mut candidates = std::mem::take(&mut self.candidates);
        remove_repeated(&mut candidates);
        if candidates.is_empty() {
            let mut finding = Finding::new(Facts::new(container, protection));
            let error = match (error, protection) {
                (None, Protection::Rms) => Some(Error::malformed(
                    ErrorCode::LicenseMissing,
                    "publishing license",
                    None,
                    "the container is rights-protected, and holds none",
                )),
                (error, _) => error,
            };
            finding.license = self.certificates.take();
            self.finish(&mut finding, options, error);
            push(finding);
            return;
        }
        if candidates.len() > 1 {
            self.anomalies.push(Anomaly::SeveralLicenses);
        }
        for candidate in candidates {
            let mut finding = candidate.into_finding(container, protection);
            self.finish(&mut finding, options, error.clone());
            push(finding);
        }
    }

    /// Adds the reports about the member to one of its findings.
    fn finish(&self, finding: &mut Finding, options: &Options, error: Option<Error>) {
        let facts = &mut finding.facts;
        facts.depth = options.manner.depth;
        // A spent budget is the cause of a truncated license.
        let is_limit = error.as_ref().is_some_and(|error| error.kind() == ErrorKind::Limit);
        if finding.error.is_none() || is_limit {
            finding.error = error;
        }
        if let Some(error) = &finding.error {
            facts.set_error(error);
            facts.searched = Searched::Partial;
        }
        for anomaly in &self.anomalies {
            facts.add_anomaly(*anomaly);
        }
        if facts.label_id.is_none()
            && let Some(label) = &self.label
        {
            facts.label_id = Some(label.id.clone());
            facts.label_tenant = label.tenant.clone();
        }
        let tenant = facts.license.as_ref().and_then(|license| license.tenant_id.as_ref());
        if let (Some(tenant), Some(label)) = (tenant, &facts.label_tenant)
            && tenant != label
        {
            facts.add_anomaly(Anomaly::LabelTenantDiffers);
        }
        if self.use_licenses > 0 {
            self.finish_use_licenses(facts);
        } else if facts.license.is_some() && options.manner.depth == Depth::Full {
            facts.use_licenses = Some(0);
        }
        finding.evidence.extend(self.evidence.iter().cloned());
    }

    fn finish_use_licenses(&self, facts: &mut Facts) {
        facts.use_licenses = Some(self.use_licenses);
        let Some(newest) = &self.use_license else { return };
        facts.use_license_key = newest.server.slc_key.clone();
        let known = self.holds_license
            || facts.license.as_ref().is_some_and(|license| license.slc_key.is_some());
        if !known && newest.server.slc_key.is_some() {
            let mut license = facts.license.take().unwrap_or_default();
            copy_server(&newest.server, &mut license);
            facts.license = Some(license);
            facts.add_anomaly(Anomaly::FromUseLicense);
        }
    }
}

/// Copies the fields of the Server Licensor Certificate.
fn copy_server(from: &LicenseFacts, to: &mut LicenseFacts) {
    to.slc_id = from.slc_id.clone();
    to.slc_key = from.slc_key.clone();
    to.slc_key_bits = from.slc_key_bits;
    to.slc_name = from.slc_name.clone();
    to.slc_address = from.slc_address.clone();
    to.server_version = from.server_version.clone();
    to.server_sku = from.server_sku.clone();
    to.tenant_id = from.tenant_id.clone();
}

impl LicenseCandidate {
    fn into_finding(self, container: Container, protection: Protection) -> Finding {
        let (reading, license) = match self {
            LicenseCandidate::Read { reading, license } => (reading, license),
            LicenseCandidate::Unread(error) => {
                let mut finding = Finding::new(Facts::new(container, protection));
                finding.error = Some(error);
                return finding;
            }
        };
        let mut facts = Facts::new(container, Protection::Rms);
        if let Some((id, tenant)) = reading.label {
            facts.label_id = Some(id);
            facts.label_tenant = tenant;
        }
        for anomaly in reading.anomalies {
            facts.add_anomaly(anomaly);
        }
        facts.license = Some(reading.facts);
        let mut finding = Finding::new(facts);
        finding.license = license;
        finding.evidence = reading.evidence;
        finding.error = reading.error;
        finding
    }

    /// Returns all fields of the record about the license except its offset; at depth `full` the digest of
    /// its bytes is one of them. `None` for a candidate that could not be read.
    fn identity(&self) -> Option<Identity> {
        let LicenseCandidate::Read { reading, .. } = self else { return None };
        let mut facts = reading.facts.clone();
        facts.license_offset = None;
        let error = reading.error.as_ref().map(Error::code);
        Some((facts, reading.label.clone(), reading.anomalies.clone(), error))
    }
}

type Identity =
    (Box<LicenseFacts>, Option<(String, Option<String>)>, Vec<Anomaly>, Option<ErrorCode>);

/// Merges the findings of one structure that was read in several layers: removes each license that
/// repeats an earlier one, and marks all findings if several candidates remain.
pub(super) fn merge_layers(findings: &mut Vec<Finding>) {
    let mut seen = HashSet::new();
    findings.retain(|finding| {
        let facts = &finding.facts;
        let Some(license) = &facts.license else { return true };
        let mut license = license.clone();
        license.license_offset = None;
        let (label, error) = (facts.label_id.clone(), facts.error_code.clone());
        seen.insert((license, label, facts.anomalies.clone(), error))
    });
    let is_candidate =
        |finding: &&Finding| finding.facts.license.is_some() || finding.error.is_some();
    if findings.iter().filter(is_candidate).count() > 1 {
        for finding in findings {
            finding.facts.add_anomaly(Anomaly::SeveralLicenses);
        }
    }
}

/// Removes each candidate that repeats an earlier one. Old revisions of a PDF repeat their license.
fn remove_repeated(candidates: &mut Vec<LicenseCandidate>) {
    if candidates.len() > 1 {
        let mut seen = HashSet::new();
        candidates.retain(|candidate| candidate.identity().is_none_or(|it| seen.insert(it)));
    }
}
