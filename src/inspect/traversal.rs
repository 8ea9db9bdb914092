//! Traversal of the members of a file with an explicit stack, and the report about them.

use std::rc::Rc;

use super::collector::{Collector, MemberResult};
use super::findings::{Findings, Receiver, Since};
use super::location::{MemberLocation, MemberSource};
use super::options::Options;
use super::paths::MemberPaths;
use super::report::Finding;
use crate::bytes::{Buffer, to_u64};
use crate::container;
use crate::container::{Body, Continuation, DelimitedBytes, ExternalBytes, Format, Member, Name};
use crate::error::{Error, ErrorKind, Result};
use crate::kinds::{Anomaly, Protection, Searched};
use crate::license::ParserCache;
use crate::limits::{Limit, Meter};
use crate::source::{
    Cache, DecodedMember, Encoding, Extent, LookbehindReader, Pieces, RatioGuard, ReadAt, Section,
    SparseSection, SpoolBudget, StoredSize, UNKNOWN_SIZE, Window,
};

/// Bytes that are read as one: the file, or one of its members.
#[derive(Clone)]
struct Opened<'a> {
    source: MemberSource<'a>,
    place: MemberLocation,
    path: Option<Rc<str>>,
    /// Size in bytes, if it is known without decoding. A layer has the path and the size of the member
    /// that contains it.
    size: Option<u64>,
    depth: u64,
    /// Missing for a file without members.
    guard: Option<Rc<RatioGuard<'a>>>,
    /// Whether the bytes that were read last stay in memory.
    is_forward: bool,
    measure: SizeSource<'a>,
}

/// Source of the size of a member.
#[derive(Clone)]
enum SizeSource<'a> {
    /// The window that reads the member.
    Window,
    /// The search for the end of the member.
    Search(Rc<DelimitedBytes<'a, MemberSource<'a>>>),
    Unknown,
}

/// A member before it is decoded.
struct Encoded<S> {
    bytes: S,
    origin: u64,
    encoding: Encoding,
    size: Option<u64>,
}

/// Steps of opening a member, independent of its bytes: about 2 µs for its readers. The length of its
/// path, which is copied and hashed several times, is charged in addition.
const MEMBER_STEPS: u64 = 96;

fn path_len(path: Option<&str>) -> u64 {
    path.map_or(0, |path| to_u64(path.len()))
}

/// Entry of the stack.
struct Frame<'a> {
    /// The container of the member, or the member itself if its format continues.
    outer: Opened<'a>,
    task: Task,
}

enum Task {
    /// Open a member and read it.
    Open {
        member: Member,
        /// Result of the outer layer, if the member is the next layer of it.
        carried: Option<MemberResult>,
    },
    /// The members reported until now are read: continue the format, or conclude the member. The
    /// findings from `since` on are those of its members.
    Close { result: MemberResult, error: Option<Error>, rest: Option<Continuation>, since: usize },
    /// Merge the findings of several layers, those from `since` on.
    Merge { since: Since },
}

/// Buffers that a worker reuses for each file.
pub(super) struct Buffers<'w> {
    pub(super) cache: &'w mut Cache,
    pub(super) license: &'w mut Buffer,
    pub(super) memory: &'w mut ParserCache,
}

/// The result of a traversal.
pub(super) struct Traversed {
    /// The findings that were not delivered.
    pub(super) findings: Findings,
    /// Set if the receiver ended the traversal.
    pub(super) stop: Option<Stop>,
}

/// The end of a traversal by its receiver.
pub(super) struct Stop {
    /// Whether the whole file was read, and no other finding is left.
    pub(super) is_last: bool,
}

pub(super) struct Traversal<'a, 'w> {
    options: &'w Options,
    meter: &'a Meter<'a>,
    buffers: Buffers<'w>,
    /// Made for the first member that is decoded.
    spool_budget: Option<Rc<SpoolBudget>>,
    /// Bytes of the file.
    size: u64,
    /// Format of the file, until it is read.
    format: Option<&'static Format>,
    until_sized: bool,
    findings: Findings,
    stack: Vec<Frame<'a>>,
    names: MemberPaths,
}

impl<'a, 'w> Traversal<'a, 'w> {
    pub(super) fn new(
        options: &'w Options,
        meter: &'a Meter<'a>,
        buffers: Buffers<'w>,
    ) -> Traversal<'a, 'w> {
        Traversal {
            options,
            meter,
            buffers,
            spool_budget: None,
            size: 0,
            format: None,
            until_sized: false,
            findings: Findings::default(),
            stack: Vec::new(),
            names: MemberPaths::default(),
        }
    }

    /// Makes all findings incomplete: the file has bytes that cannot be read, for this reason.
    pub(super) fn cut(mut self, error: &Error) -> Self {
        self.findings.note_ended(error);
        self
    }

    /// Stops once the size of the file is known, because it is read again then.
    pub(super) fn until_sized(mut self) -> Self {
        self.until_sized = true;
        self
    }

    /// Reads the file and all its members. `format` is the result of triage. Findings are delivered to
    /// `receiver`, if there is one, as soon as later bytes do not change them.
    pub(super) fn run(
        mut self,
        file: &'a dyn ReadAt,
        size: u64,
        format: Option<&'static Format>,
        receiver: Option<&mut Receiver<'_>>,
    ) -> Traversed {
        self.format = format;
        self.run_as(file, size, None, receiver)
    }

    /// Reads the file by `rest`, if it is given, instead of by the detection table.
    fn run_as(
        mut self,
        file: &'a dyn ReadAt,
        size: u64,
        rest: Option<Continuation>,
        mut receiver: Option<&mut Receiver<'_>>,
    ) -> Traversed {
        let whole = Opened {
            source: MemberSource::File(file),
            place: MemberLocation::Whole,
            path: None,
            size: None,
            depth: 0,
            guard: None,
            is_forward: false,
            measure: SizeSource::Window,
        };
        self.size = size;
        self.read(whole, MemberResult::default(), rest);
        loop {
            if let Some(receiver) = receiver.as_deref_mut()
                && self.findings.deliver(receiver).is_break()
            {
                let is_last = self.stack.is_empty() && self.findings.is_delivered();
                return Traversed { findings: self.findings, stop: Some(Stop { is_last }) };
            }
            if self.until_sized && file.is_sized() {
                break;
            }
            let Some(frame) = self.stack.pop() else { break };
            let guard = frame.outer.guard.clone();
            if let Err(error) = self.step(frame) {
                self.findings.note_unrecorded(&error);
                if error.ends_file() {
                    self.abandon(&error, |_| true);
                }
            } else if guard.is_some_and(|guard| guard.is_spent()) {
                let allowed = self.meter.allowed(Limit::Ratio);
                let error = Limit::Ratio.error(allowed);
                self.abandon(&error, |frame| {
                    frame.outer.guard.as_ref().is_some_and(|guard| guard.is_spent())
                });
            }
        }
        Traversed { findings: self.findings, stop: None }
    }

    /// Abandons entries at the top of the stack, and reports that once for each container.
    fn abandon(&mut self, error: &Error, gives_up: impl Fn(&Frame<'a>) -> bool) {
        while let Some(frame) = self.stack.pop_if(|frame| gives_up(frame)) {
            let outer = frame.outer;
            match frame.task {
                Task::Close { result, error: earlier, .. } => {
                    let error = earlier.unwrap_or_else(|| error.clone());
                    self.conclude(result, Some(error), &outer);
                }
                Task::Open { carried: Some(result), .. } => {
                    self.conclude(result, Some(error.clone()), &outer);
                }
                Task::Open { .. } => self.findings.note_unrecorded(error),
                Task::Merge { since } => self.findings.merge(outer.path.as_deref(), since),
            }
        }
    }

    fn step(&mut self, frame: Frame<'a>) -> Result<()> {
        let outer = frame.outer;
        match frame.task {
            Task::Open { member, carried } => self.open(outer, member, carried.unwrap_or_default()),
            Task::Close { mut result, error: None, rest: Some(rest), since } => {
                result.holds_license |= self.findings.have_key(since);
                // A spent budget of the file ends the reading here too.
                self.meter.charge(Limit::StepsTotal, 1)?;
                self.read(outer, result, Some(rest));
                Ok(())
            }
            Task::Close { mut result, error, since, .. } => {
                result.holds_license |= self.findings.have_key(since);
                self.conclude(result, error, &outer);
                Ok(())
            }
            Task::Merge { since } => {
                self.findings.merge(outer.path.as_deref(), since);
                Ok(())
            }
        }
    }

    /// Opens a member and reads it.
    fn open(&mut self, outer: Opened<'a>, member: Member, mut result: MemberResult) -> Result<()> {
        let is_layer = member.name == Name::Layer;
        let path = match self.names.path(outer.path.as_deref(), &member.name) {
            Some(path) => Some(path),
            None => outer.path.clone(),
        };
        result.is_layer = is_layer;
        let steps = MEMBER_STEPS.saturating_add(path_len(path.as_deref()).wrapping_shr(2));
        let charged = self
            .meter
            .charge(Limit::Members, 1)
            .and_then(|()| self.meter.charge(Limit::StepsTotal, steps));
        let depth = outer.depth.saturating_add(1);
        let mut opened = Opened { path, depth, place: MemberLocation::Nowhere, ..outer.clone() };
        let is_same = is_layer || matches!(member.body, Body::Reparse(_));
        // Decoded and fragmented members have another source.
        opened.is_forward &= matches!(
            member.body,
            Body::Reparse(_) | Body::Deferred(_) | Body::Delimited { encoding: None, .. }
        );
        if !is_same {
            opened.size = None;
            opened.measure = SizeSource::Window;
        }
        if let Err(error) = charged.and_then(|()| self.meter.check(Limit::Nesting, depth)) {
            self.conclude(result, Some(error.clone()), &opened);
            return if error.ends_file() { Err(error) } else { Ok(()) };
        }
        if !self.options.members && !is_same && !matches!(member.body, Body::Unopened { .. }) {
            let error = Limit::Members.error(0);
            self.conclude(result, Some(error.clone()), &opened);
            return Err(error);
        }
        let outer_guard = outer.guard.clone();
        let guard = |stored| Rc::new(RatioGuard::new(outer_guard.clone(), stored));
        match member.body {
            Body::Reparse(read) => {
                opened.place = outer.place;
                self.read(opened, result, Some(Box::new(read)));
                return Ok(());
            }
            Body::Deferred(read) => {
                opened.place = outer.place;
                opened.measure = SizeSource::Unknown;
                self.read(opened, result, Some(read));
                return Ok(());
            }
            Body::Stored(extents) => {
                let pieces = Pieces::new(extents);
                opened.guard = Some(guard(StoredSize::Bytes(pieces.len())));
                opened.place = outer.place.inner(&pieces);
                let section = Section::new(outer.source, pieces, self.meter);
                opened.source = MemberSource::Member(Rc::new(section));
            }
            Body::Sparse { parts, size } => {
                let stored = parts.iter().map(|part| part.extent.len).fold(0, u64::saturating_add);
                opened.guard = Some(guard(StoredSize::Bytes(stored)));
                let section = SparseSection::new(outer.source, parts, size, self.meter);
                opened.source = MemberSource::Member(Rc::new(section));
            }
            Body::Encoded { extents, encoding, size } => {
                let origin = extents.first().map_or(0, |extent| extent.offset);
                let pieces = Pieces::new(extents);
                let guard = guard(StoredSize::Bytes(pieces.len()));
                let section = Section::new(outer.source, pieces, self.meter);
                let part = Encoded { bytes: section, origin, encoding, size };
                opened.source = self.decode(part, Rc::clone(&guard));
                opened.guard = Some(guard);
            }
            Body::Delimited { content, begin, encoding } => {
                let bytes = Rc::new(DelimitedBytes::new(outer.source, content, begin, self.meter));
                let reaches = Rc::clone(&bytes);
                let reaches = StoredSize::Reaches(Box::new(move |len| reaches.reaches(len)));
                let guard = guard(reaches);
                match encoding {
                    None => {
                        let len = UNKNOWN_SIZE.saturating_sub(begin);
                        let pieces = Pieces::new(vec![Extent { offset: begin, len }]);
                        opened.place = outer.place.inner(&pieces);
                        opened.source =
                            MemberSource::Member(Rc::<DelimitedBytes<'a, _>>::clone(&bytes));
                        opened.measure = SizeSource::Search(bytes);
                    }
                    Some(encoding) => {
                        let part = Encoded { bytes, origin: begin, encoding, size: None };
                        opened.source = self.decode(part, Rc::clone(&guard));
                    }
                }
                opened.guard = Some(guard);
            }
            Body::External { reader, size } => {
                opened.guard = Some(guard(StoredSize::Bytes(size)));
                let (file, meter) = (outer.source, self.meter);
                opened.source =
                    MemberSource::Member(Rc::new(ExternalBytes { file, reader, size, meter }));
            }
            Body::Unopened { error, size } => {
                opened.place = outer.place;
                opened.size = size;
                self.conclude(result, Some(error), &opened);
                return Ok(());
            }
        }
        let by_name = container::reader_for(&member.name);
        self.read(opened, result, by_name.map(|read| -> Continuation { Box::new(read) }));
        Ok(())
    }

    /// Returns a source of the decoded bytes of a member.
    fn decode<S: ReadAt + 'a>(
        &mut self,
        part: Encoded<S>,
        guard: Rc<RatioGuard<'a>>,
    ) -> MemberSource<'a> {
        let Encoded { bytes, origin, encoding, size } = part;
        let options = self.options;
        let budget = self.spool_budget.get_or_insert_with(|| {
            Rc::new(SpoolBudget::new(options.limits.spool, options.spiller.clone()))
        });
        let meter = self.meter;
        let decoded = DecodedMember::new(bytes, origin, encoding, size, meter, guard, budget);
        MemberSource::Member(Rc::new(decoded))
    }

    /// Reads one member, or continues it, and puts its members on the stack.
    fn read(&mut self, mut opened: Opened<'a>, result: MemberResult, rest: Option<Continuation>) {
        self.meter.begin_member();
        let place = &opened.place;
        let mut collector = Collector {
            options: self.options,
            meter: self.meter,
            buffer: self.buffers.license,
            memory: self.buffers.memory,
            place,
            found: result,
        };
        let format = self.format.take();
        let mut size = None;
        let mut recent = None;
        let source = &opened.source;
        let outcome = Window::new(source, self.buffers.cache, self.meter).and_then(|mut window| {
            if opened.depth > 0
                && let Some(len) = window.known_len()
            {
                self.meter.check(Limit::MemberSize, len)?;
            }
            let read = match (rest, format) {
                (Some(rest), _) => rest(&mut window, &mut collector),
                (None, Some(format)) => format.read(&mut window, &mut collector),
                (None, None) if opened.depth == 0 => {
                    container::read_file(&mut window, &mut collector)
                }
                (None, None) => container::read(&mut window, &mut collector),
            };
            size = window.known_len();
            if collector.found.is_forward && !opened.is_forward {
                let (at, bytes) = window.farthest();
                recent = Some((at, bytes.to_vec()));
            }
            read.map_err(|error| match error.kind() {
                // Malformed bytes may be bytes that another process is writing.
                ErrorKind::Malformed if window.has_changed() => Error::changed(),
                _ => error,
            })
        });
        let mut result = collector.found;
        result.is_forward = false;
        if !result.is_layer && matches!(opened.measure, SizeSource::Window) {
            opened.size = size.or(opened.size);
        }
        let members = result.take_members();
        let rest = result.rest.take();
        let error = outcome.err().map(|error| match place {
            MemberLocation::Within(_) => {
                let offset = error.offset().and_then(|offset| place.offset(offset));
                error.with_offset(offset)
            }
            // An offset into decoded bytes is still one into the member.
            MemberLocation::Whole | MemberLocation::Nowhere => error,
        });
        if let Some(error) = error.clone().filter(Error::ends_file) {
            self.conclude(result, Some(error.clone()), &opened);
            self.findings.note(&error);
            self.abandon(&error, |_| true);
            return;
        }
        if !members.is_empty() || rest.is_some() {
            let size = self.size;
            opened
                .guard
                .get_or_insert_with(|| Rc::new(RatioGuard::new(None, StoredSize::Bytes(size))));
        }
        if let Some((at, bytes)) = recent {
            opened.source =
                MemberSource::Member(Rc::new(LookbehindReader::new(opened.source, at, bytes)));
            opened.is_forward = true;
        }
        // The stack is last in, first out. Members are read in the order of the container, after
        // layers, which are the member itself.
        let (layers, others): (Vec<Member>, Vec<Member>) =
            members.into_iter().partition(|member| member.name == Name::Layer);
        if layers.is_empty() && others.is_empty() && rest.is_none() {
            self.conclude(result, error, &opened);
            return;
        }
        let mut frame = |task| self.stack.push(Frame { outer: opened.clone(), task });
        let open = |member, carried| Task::Open { member, carried };
        let since = self.findings.members_len();
        if layers.is_empty() || rest.is_some() {
            // The container is concluded after its members, because its record depends on them.
            frame(Task::Close { result, error, rest, since });
            let members = others.into_iter().rev().chain(layers.into_iter().rev());
            members.for_each(|member| frame(open(member, None)));
            return;
        }
        others.into_iter().rev().for_each(|member| frame(open(member, None)));
        let has_candidates = !result.candidates.is_empty();
        if layers.len() > 1 || has_candidates {
            frame(Task::Merge { since: self.findings.begin_layers() });
        }
        if let Some(error) = &error {
            result.add_error(error.clone());
        }
        let mut headers: Vec<MemberResult> = layers.iter().map(|_| result.for_layer()).collect();
        if has_candidates {
            frame(Task::Close { result, error, rest, since });
        } else if let Some(first) = headers.first_mut() {
            *first = result;
        }
        for (member, header) in layers.into_iter().zip(headers).rev() {
            frame(open(member, Some(header)));
        }
    }

    /// Converts the result of a member into findings.
    fn conclude(&mut self, result: MemberResult, error: Option<Error>, opened: &Opened<'_>) {
        let is_file = opened.path.is_none();
        result.conclude(error, self.options, &mut |mut finding: Finding| {
            if !is_file {
                finding.facts.member = opened.path.as_deref().map(str::to_owned);
                finding.facts.member_size = opened.size;
            }
            let searched = finding.facts.searched == Searched::Full;
            if !searched && let Some(error) = &finding.error {
                // A spent budget concerns the file too, because the caller can raise it.
                match error.kind() {
                    ErrorKind::Limit => self.findings.note_unrecorded(error),
                    _ => self.findings.note(error),
                }
            }
            // Both formats of a polyglot have a record, whatever their protection is.
            let silent = searched
                && !finding.facts.anomalies.contains(&Anomaly::Polyglot)
                && matches!(
                    finding.facts.protection,
                    Protection::None | Protection::Password | Protection::Other
                );
            if is_file {
                self.findings.add_own(finding);
            } else if !silent {
                if let SizeSource::Search(bytes) = &opened.measure {
                    finding.facts.member_size = bytes.size().ok();
                }
                // The path of a member contains the names of all members around it.
                let records = path_len(opened.path.as_deref()).wrapping_shr(9).saturating_add(1);
                match self.meter.charge(Limit::Findings, records) {
                    Ok(()) => self.findings.add_member(finding),
                    Err(error) => self.findings.note_unrecorded(&error),
                }
            }
        });
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
