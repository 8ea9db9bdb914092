//! [`Inspector`]: the pipeline on one page, and the explicit stack of members.

mod paths;

use std::io::{self, Read, Seek};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use self::paths::Names;
use crate::bytes::{Buffer, narrow, wide};
use crate::container::{
    self, Anomaly, Body, Container, Label, LicenseBytes, Member, Name, Protection, Rest, Sink,
    Wanted,
};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{Depth, Facts, LicenseFacts, Searched};
use crate::license::{self, Evidence, Kind, License, Manner, UseLicense, Verifier};
use crate::limits::{Cancel, Limit, Limits, Meter};
use crate::report::{Finding, Report};
use crate::source::{
    Account, Cache, Extent, FileSource, Pool, ReadAt, Section, SeekSource, Spill, Spiller,
    StreamSource, Unfolded, Window, locate,
};

/// Inspects files, one after the other. Make one for each worker and keep it: its buffers are
/// reused from file to file.
#[derive(Debug)]
pub struct Inspector {
    options: Options,
    cache: Cache,
    license: Buffer,
    verifier: Verifier,
}

#[derive(Debug, Clone)]
struct Options {
    limits: Limits,
    cancel: Cancel,
    manner: Manner,
    wanted: Wanted,
    keep_licenses: bool,
    spiller: Option<Spiller>,
}

/// Sets an [`Inspector`] up.
#[derive(Debug, Clone)]
#[must_use]
pub struct InspectorBuilder {
    options: Options,
    first_read: usize,
    block: usize,
}

impl InspectorBuilder {
    /// What one file may cost.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Reads licenses whole (the default), or only their heads.
    pub fn depth(mut self, depth: Depth) -> Self {
        self.options.manner.depth = depth;
        self
    }

    /// Reads sensitivity labels beside licenses, and those of unprotected files.
    pub fn labels(mut self, labels: bool) -> Self {
        self.options.wanted.labels = labels;
        self
    }

    /// Looks into the members of Office packages too.
    pub fn deep(mut self, deep: bool) -> Self {
        self.options.wanted.deep = deep;
        self
    }

    /// Collects evidence for people: [`Finding::evidence`].
    pub fn evidence(mut self, evidence: bool) -> Self {
        self.options.wanted.evidence = evidence;
        self.options.manner.evidence = evidence;
        self
    }

    /// Checks the signature of each license and where it leads (feature `verify`).
    pub fn verify(mut self, verify: bool) -> Self {
        self.options.manner.verify = verify;
        self
    }

    /// Keeps the bytes of licenses for [`Finding::license`] (the default); a scan over many files
    /// has no use for them.
    pub fn keep_licenses(mut self, keep: bool) -> Self {
        self.options.keep_licenses = keep;
        self
    }

    /// Lets another thread end an inspection.
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.options.cancel = cancel;
        self
    }

    /// Where decoded bytes of a member go behind [`Limits::spool`]: each call of `open` makes room
    /// for those of one member. Without it the library stops there (`limit-spool`).
    pub fn spill(
        mut self,
        open: impl Fn() -> io::Result<Box<dyn Spill>> + Send + Sync + 'static,
    ) -> Self {
        self.options.spiller = Some(Spiller(Arc::new(open)));
        self
    }

    /// Bytes that the first read of a file takes; at least 512.
    pub fn first_read(mut self, bytes: usize) -> Self {
        self.first_read = bytes;
        self
    }

    /// Bytes that later reads of structures take at least; at least 512.
    pub fn block(mut self, bytes: usize) -> Self {
        self.block = bytes;
        self
    }

    /// The inspector.
    pub fn build(self) -> Inspector {
        Inspector {
            options: self.options,
            cache: Cache::new(self.first_read, self.block),
            license: Buffer::default(),
            verifier: Verifier::default(),
        }
    }
}

impl Default for Inspector {
    fn default() -> Inspector {
        Inspector::builder().build()
    }
}

impl Inspector {
    /// An inspector with its defaults, to be changed.
    pub fn builder() -> InspectorBuilder {
        InspectorBuilder {
            options: Options {
                limits: Limits::default(),
                cancel: Cancel::default(),
                manner: Manner { depth: Depth::Full, evidence: false, verify: false },
                wanted: Wanted { labels: false, deep: false, evidence: false },
                keep_licenses: true,
                spiller: None,
            },
            first_read: 4096,
            block: 4096,
        }
    }

    /// Inspects the file at `path`.
    ///
    /// # Errors
    /// Only when the file could not be opened. Damage inside is [`Report::incomplete`].
    pub fn inspect_path(&mut self, path: impl AsRef<Path>) -> Result<Report> {
        let source = FileSource::open(path).map_err(Error::io)?;
        self.inspect(&source)
    }

    /// Inspects bytes in memory.
    pub fn inspect_bytes(&mut self, bytes: &[u8]) -> Report {
        self.inspect(&bytes).unwrap_or_else(|error| Report::unopened(&error))
    }

    /// Inspects what a reader gives, from where it stands to its end; up to
    /// [`Limits::spool`] bytes of it are held in memory, what lies behind is `limit-spool`.
    ///
    /// # Errors
    /// What the reader said.
    pub fn inspect_reader(&mut self, reader: impl Read) -> Result<Report> {
        let source = StreamSource::new(reader, self.options.limits.spool).map_err(Error::io)?;
        self.inspect(&source)
    }

    /// Inspects what a reader that can seek gives, from its beginning.
    ///
    /// # Errors
    /// What the reader said of its end.
    pub fn inspect_seekable(&mut self, reader: impl Read + Seek) -> Result<Report> {
        let source = SeekSource::new(reader).map_err(Error::io)?;
        self.inspect(&source)
    }

    /// Inspects any source of bytes.
    ///
    /// # Errors
    /// Only when the source cannot say how large it is.
    pub fn inspect(&mut self, source: &dyn ReadAt) -> Result<Report> {
        let size = source.size().map_err(Error::io)?;
        let limits = &self.options.limits;
        let meter = Meter::new(limits.clone(), self.options.cancel.clone());
        let mut walk = Walk {
            options: &self.options,
            meter: &meter,
            cache: &mut self.cache,
            license: &mut self.license,
            verifier: &mut self.verifier,
            pool: Rc::new(Pool::new(limits.spool, self.options.spiller.clone())),
            findings: Findings::default(),
            stack: Vec::new(),
            names: Names::default(),
        };
        walk.run(source, size);
        Ok(walk.findings.into_report())
    }
}

/// The findings of a file: its own first, then those of its members.
#[derive(Default)]
struct Findings {
    own: Vec<Finding>,
    members: Vec<Finding>,
    /// The first thing that was not read, anywhere in the file.
    incomplete: Option<Error>,
}

impl Findings {
    fn note(&mut self, error: &Error) {
        self.incomplete.get_or_insert_with(|| error.clone());
    }

    /// A file is searched in full only if everything in it is.
    fn into_report(self) -> Report {
        let mut own = self.own.into_iter();
        let mut first = own
            .next()
            .unwrap_or_else(|| Finding::new(Facts::new(Container::Other, Protection::Unknown)));
        if let Some(error) = &self.incomplete
            && first.facts.searched == Searched::Full
            && first.facts.protection != Protection::Rms
        {
            first.facts.searched = Searched::Partial;
            first.facts.set_error(error);
        }
        let rest = own.chain(self.members).collect();
        Report { first, rest, incomplete: self.incomplete }
    }
}

/// Bytes that members are read from: the file, or a member that holds others.
#[derive(Clone)]
enum Holder<'a> {
    File(&'a dyn ReadAt),
    Member(Rc<dyn ReadAt + 'a>),
}

impl ReadAt for Holder<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Holder::File(source) => source.read_at(offset, buf),
            Holder::Member(source) => source.read_at(offset, buf),
        }
    }

    fn size(&self) -> io::Result<u64> {
        match self {
            Holder::File(source) => source.size(),
            Holder::Member(source) => source.size(),
        }
    }

    fn is_sized(&self) -> bool {
        match self {
            Holder::File(source) => source.is_sized(),
            Holder::Member(source) => source.is_sized(),
        }
    }

    fn has_changed(&self) -> bool {
        match self {
            Holder::File(source) => source.has_changed(),
            Holder::Member(source) => source.has_changed(),
        }
    }
}

/// Where a member lies in the file, as far as it does.
#[derive(Clone)]
enum Place {
    /// It is the file.
    Whole,
    /// In these pieces.
    Pieces(Rc<[Extent]>),
    /// It is encoded.
    Nowhere,
}

impl Place {
    /// Where byte `offset` of the member lies in the file, and how many follow without a break.
    fn locate(&self, offset: u64) -> Option<Extent> {
        match self {
            Place::Whole => Some(Extent { offset, len: u64::MAX.saturating_sub(offset) }),
            Place::Pieces(pieces) => locate(pieces, offset),
            Place::Nowhere => None,
        }
    }

    fn offset(&self, offset: u64) -> Option<u64> {
        self.locate(offset).map(|extent| extent.offset)
    }

    /// The place of a member of the member that lies here.
    fn inner(&self, extents: &[Extent]) -> Place {
        let mut pieces = Vec::new();
        for extent in extents {
            let mut rest = *extent;
            while rest.len > 0 {
                let Some(found) = self.locate(rest.offset).filter(|found| found.len > 0) else {
                    return Place::Nowhere;
                };
                let len = found.len.min(rest.len);
                crate::source::join(&mut pieces, Extent { offset: found.offset, len });
                rest.offset = rest.offset.saturating_add(len);
                rest.len = rest.len.saturating_sub(len);
            }
        }
        Place::Pieces(pieces.into())
    }
}

/// Bytes that are read as one: the file, or one of its members.
#[derive(Clone)]
struct Opened<'a> {
    holder: Holder<'a>,
    place: Place,
    path: Option<Rc<str>>,
    depth: u64,
    account: Rc<Account>,
}

/// What waits for its turn.
struct Frame<'a> {
    /// What the member lies in, or the member itself where it is gone on with.
    outer: Opened<'a>,
    task: Task,
}

enum Task {
    /// Open a member and read it.
    Open {
        member: Member,
        /// What is known from the layer above, where this one is only that layer's inside.
        carried: Option<Gathered>,
    },
    /// The members until now are read: go on with the rest, or say what there is to say.
    Close { gathered: Gathered, error: Option<Error>, rest: Option<Rest> },
}

struct Walk<'a, 'w> {
    options: &'w Options,
    meter: &'a Meter,
    cache: &'w mut Cache,
    license: &'w mut Buffer,
    verifier: &'w mut Verifier,
    pool: Rc<Pool>,
    findings: Findings,
    stack: Vec<Frame<'a>>,
    names: Names,
}

impl<'a> Walk<'a, '_> {
    fn run(&mut self, file: &'a dyn ReadAt, size: u64) {
        let file = Opened {
            holder: Holder::File(file),
            place: Place::Whole,
            path: None,
            depth: 0,
            account: Rc::new(Account::new(None, size)),
        };
        self.read(file, Gathered::default(), None);
        while let Some(frame) = self.stack.pop() {
            let account = Rc::clone(&frame.outer.account);
            if let Err(error) = self.step(frame) {
                self.findings.note(&error);
                if error.ends_file() {
                    self.abandon(&error, |_| true);
                }
            } else if account.is_spent() {
                let allowed = self.meter.allowed(Limit::Ratio);
                let error = Error::limit(Limit::Ratio, allowed);
                self.abandon(&error, |frame| frame.outer.account.is_spent());
            }
        }
    }

    /// Gives up what waits at the top of the stack, and says so once for each container.
    fn abandon(&mut self, error: &Error, gives_up: impl Fn(&Frame<'a>) -> bool) {
        while let Some(frame) = self.stack.pop_if(|frame| gives_up(frame)) {
            let outer = frame.outer;
            match frame.task {
                Task::Close { gathered, error: earlier, .. } => {
                    let error = earlier.unwrap_or_else(|| error.clone());
                    self.conclude(gathered, Some(error), &outer, None);
                }
                Task::Open { carried: Some(gathered), .. } => {
                    self.conclude(gathered, Some(error.clone()), &outer, None);
                }
                Task::Open { .. } => self.findings.note(error),
            }
        }
    }

    fn step(&mut self, frame: Frame<'a>) -> Result<()> {
        let outer = frame.outer;
        match frame.task {
            Task::Open { member, carried } => self.open(outer, member, carried.unwrap_or_default()),
            Task::Close { gathered, error: None, rest: Some(rest) } => {
                // A budget that the file has used up ends here too.
                self.meter.charge(Limit::StepsTotal, 1)?;
                self.read(outer, gathered, Some(rest));
                Ok(())
            }
            Task::Close { gathered, error, .. } => {
                let size = if outer.path.is_some() { self.size_of(&outer) } else { None };
                self.conclude(gathered, error, &outer, size);
                Ok(())
            }
        }
    }

    fn size_of(&self, opened: &Opened<'_>) -> Option<u64> {
        if opened.holder.is_sized() { opened.holder.size().ok() } else { None }
    }

    /// Opens a member and reads it.
    fn open(&mut self, outer: Opened<'a>, member: Member, mut gathered: Gathered) -> Result<()> {
        let is_layer = member.name == Name::Layer;
        let path = match self.names.path(outer.path.as_deref(), &member.name) {
            Some(path) => Some(path),
            None => outer.path.clone(),
        };
        gathered.is_layer = is_layer;
        let charged = self.meter.charge(Limit::Members, 1);
        let depth = outer.depth.saturating_add(1);
        let mut opened = Opened { path, depth, place: Place::Nowhere, ..outer.clone() };
        if let Err(error) = charged.and_then(|()| self.meter.check(Limit::Nesting, depth)) {
            self.conclude(gathered, Some(error.clone()), &opened, None);
            return if error.ends_file() { Err(error) } else { Ok(()) };
        }
        let stored = match &member.body {
            Body::Stored(extents) | Body::Encoded { extents, .. } => {
                extents.iter().fold(0, |sum: u64, extent| sum.saturating_add(extent.len))
            }
            Body::Decoded(bytes) => wide(bytes.len()),
            Body::Unopened { .. } => 0,
        };
        opened.account = Rc::new(Account::new(Some(Rc::clone(&outer.account)), stored));
        match member.body {
            Body::Stored(extents) => {
                opened.place = outer.place.inner(&extents);
                opened.holder = Holder::Member(Rc::new(Section::new(outer.holder, extents)));
            }
            Body::Encoded { extents, encoding, size } => {
                let origin = extents.first().map_or(0, |extent| extent.offset);
                opened.holder = Holder::Member(Rc::new(Unfolded::new(
                    Section::new(outer.holder, extents),
                    origin,
                    encoding,
                    size,
                    self.meter,
                    Rc::clone(&opened.account),
                    &self.pool,
                )));
            }
            Body::Decoded(bytes) => opened.holder = Holder::Member(Rc::new(bytes)),
            Body::Unopened { error, size } => {
                opened.place = outer.place;
                self.conclude(gathered, Some(error), &opened, size);
                return Ok(());
            }
        }
        self.read(opened, gathered, None);
        Ok(())
    }

    /// Reads one member, or goes on reading it, and puts what it holds on the stack.
    fn read(&mut self, opened: Opened<'a>, gathered: Gathered, rest: Option<Rest>) {
        self.meter.begin_member();
        let place = &opened.place;
        let mut gather = Gather {
            options: self.options,
            meter: self.meter,
            buffer: self.license,
            verifier: self.verifier,
            place,
            found: gathered,
        };
        let mut size = None;
        let holder = &opened.holder;
        let outcome = Window::new(holder, self.cache, self.meter).and_then(|mut window| {
            if opened.depth > 0
                && let Some(len) = window.known_len()
            {
                self.meter.check(Limit::MemberSize, len)?;
            }
            let read = match rest {
                Some(rest) => rest(&mut window, &mut gather),
                None => container::read(&mut window, &mut gather),
            };
            size = window.known_len();
            read.map_err(|error| match error.kind() {
                // Bytes that make no sense may be bytes that somebody is writing.
                ErrorKind::Malformed if window.has_changed() => Error::changed(),
                _ => error,
            })
        });
        let mut gathered = gather.found;
        let members = std::mem::take(&mut gathered.members);
        let rest = gathered.rest.take();
        let error = outcome.err().map(|error| match place {
            Place::Pieces(_) => {
                let offset = error.offset().and_then(|offset| place.offset(offset));
                error.with_offset(offset)
            }
            // An offset into decoded bytes is still one into the member.
            Place::Whole | Place::Nowhere => error,
        });
        if let Some(error) = error.clone().filter(Error::ends_file) {
            self.conclude(gathered, Some(error.clone()), &opened, size);
            self.findings.note(&error);
            self.abandon(&error, |_| true);
            return;
        }
        let has_layer = members.iter().any(|member| member.name == Name::Layer);
        let mut carried = None;
        if has_layer && gathered.licenses.is_empty() && error.is_none() && rest.is_none() {
            carried = Some(gathered);
        } else if members.is_empty() && rest.is_none() {
            self.conclude(gathered, error, &opened, size);
        } else {
            // It is concluded when its members are read, because it answers for all of them.
            let task = Task::Close { gathered, error, rest };
            self.stack.push(Frame { outer: opened.clone(), task });
        }
        // The stack is last in, first out; members are read in the order of the container, a
        // layer before them because it speaks for the member itself.
        let (layers, others): (Vec<Member>, Vec<Member>) =
            members.into_iter().partition(|member| member.name == Name::Layer);
        for member in others.into_iter().rev().chain(layers.into_iter().rev()) {
            let carried = if member.name == Name::Layer { carried.take() } else { None };
            let task = Task::Open { member, carried };
            self.stack.push(Frame { outer: opened.clone(), task });
        }
    }

    /// Turns what a member's format said into findings.
    fn conclude(
        &mut self,
        gathered: Gathered,
        error: Option<Error>,
        opened: &Opened<'_>,
        size: Option<u64>,
    ) {
        let is_file = opened.path.is_none();
        gathered.conclude(error, self.options, &opened.place, &mut |mut finding: Finding| {
            if !is_file {
                finding.facts.member = opened.path.as_deref().map(str::to_owned);
                finding.facts.member_size = size;
            }
            let searched = finding.facts.searched == Searched::Full;
            if !searched && let Some(error) = &finding.error {
                self.findings.note(error);
            }
            let silent = searched
                && matches!(
                    finding.facts.protection,
                    Protection::None | Protection::Password | Protection::Other
                );
            if is_file {
                self.findings.own.push(finding);
            } else if !silent {
                self.findings.members.push(finding);
            }
        });
    }
}

/// What one member's format has said so far.
#[derive(Default)]
struct Gathered {
    container: Option<Container>,
    protection: Option<Protection>,
    licenses: Vec<Licensed>,
    /// XrML that protects nothing.
    certificates: Option<License>,
    use_licenses: Vec<UseLicense>,
    label: Option<Label>,
    anomalies: Vec<Anomaly>,
    evidence: Vec<Evidence>,
    members: Vec<Member>,
    rest: Option<Rest>,
    incomplete: Option<Error>,
    is_layer: bool,
}

struct Licensed {
    reading: license::Reading,
    license: Option<License>,
}

struct Gather<'g> {
    options: &'g Options,
    meter: &'g Meter,
    buffer: &'g mut Buffer,
    verifier: &'g mut Verifier,
    place: &'g Place,
    found: Gathered,
}

impl Gather<'_> {
    fn take_license(&mut self, bytes: &[u8], offset: Option<u64>) -> Result<()> {
        self.meter.charge(Limit::Licenses, 1)?;
        let mut reading = license::read(bytes, self.options.manner, self.verifier, self.meter);
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
        match reading.kind {
            Kind::PublishingLicense => self.found.protection = Some(Protection::Rms),
            // Inside a protected container the only license there is must be the one.
            Kind::Other(_) | Kind::Unknown if self.is_rms() => {
                let error = Error::malformed(
                    "license-unreadable",
                    "publishing license",
                    reading.error.as_ref().and_then(Error::offset),
                    "no BODY of type Microsoft Rights Label",
                );
                reading.error.get_or_insert(error);
            }
            Kind::Other(what) => {
                if self.found.protection != Some(Protection::Unknown) {
                    self.found.protection = Some(Protection::None);
                }
                self.evidence("XrML", what, offset);
                self.found.certificates = self.kept(bytes, offset);
                return Ok(());
            }
            Kind::Unknown => {
                self.found.protection = Some(Protection::Unknown);
                return Err(reading.error.unwrap_or_else(|| {
                    Error::malformed("license-unreadable", "XrML", None, "no BODY of a known type")
                }));
            }
        }
        let facts = &mut reading.facts;
        facts.license_bytes.get_or_insert(wide(bytes.len()));
        let contiguous = offset.and_then(|offset| self.place.locate(offset));
        facts.license_offset =
            contiguous.filter(|extent| extent.len >= wide(bytes.len())).map(|extent| extent.offset);
        let license = self.kept(bytes, reading.facts.license_offset);
        self.found.licenses.push(Licensed { reading, license });
        Ok(())
    }

    /// The bytes for the caller, if it wants them.
    fn kept(&self, bytes: &[u8], offset: Option<u64>) -> Option<License> {
        self.options.keep_licenses.then(|| License { raw: bytes.to_vec(), offset })
    }

    fn is_rms(&self) -> bool {
        self.found.protection == Some(Protection::Rms)
    }
}

/// How much of a license is read at first, and then again as much, when only its head is wanted.
const HEAD: u64 = 8192;

impl Sink for Gather<'_> {
    fn wanted(&self) -> Wanted {
        self.options.wanted
    }

    fn reads_whole_licenses(&self) -> bool {
        self.options.manner.depth == Depth::Full
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
        if self.options.wanted.evidence {
            let offset = offset.and_then(|offset| self.place.offset(offset));
            self.found.evidence.push(Evidence { element, value: value.to_owned(), offset });
        }
    }

    fn license(&mut self, license: LicenseBytes<'_>) -> Result<()> {
        self.meter.check(Limit::LicenseBytes, wide(license.bytes.len()))?;
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
        let read = loop {
            let read = append_extents(window, extents, wanted, &mut buffer);
            if read.is_err() || wanted >= whole || license::head_is_complete(buffer.as_slice()) {
                break read;
            }
            wanted = wanted.saturating_mul(2).min(whole);
        };
        let first = extents.first().map(|extent| extent.offset);
        let offset = if extents.len() == 1 { first } else { None };
        let taken = if buffer.len() == 0 && read.is_err() {
            Ok(())
        } else {
            let taken = self.take_license(buffer.as_slice(), offset);
            if let Some(last) = self.found.licenses.last_mut() {
                last.reading.facts.license_bytes = Some(total);
            }
            taken
        };
        *self.buffer = buffer;
        read.and(within).and(taken)
    }

    fn use_license(&mut self, bytes: &[u8]) -> Result<()> {
        self.meter.charge(Limit::Licenses, 1)?;
        let read = license::read_use_license(bytes, self.meter)?;
        self.found.use_licenses.push(read);
        Ok(())
    }

    fn label(&mut self, label: Label) {
        self.found.label.get_or_insert(label);
    }

    fn member(&mut self, member: Member) -> Result<()> {
        self.found.members.push(member);
        // One charge when it is met, one when it is opened: a directory of a million entries is
        // work by itself.
        self.meter.charge(Limit::Steps, 1)
    }

    fn rest(&mut self, rest: Rest) {
        self.found.rest = Some(rest);
    }

    fn anomaly(&mut self, anomaly: Anomaly, offset: Option<u64>) {
        self.evidence("anomaly", anomaly.as_str(), offset);
        self.found.anomalies.push(anomaly);
    }

    fn incomplete(&mut self, error: Error) {
        let place = self.place;
        self.found.incomplete.get_or_insert_with(|| match place {
            Place::Whole | Place::Nowhere => error,
            Place::Pieces(_) => {
                let offset = error.offset().and_then(|offset| place.offset(offset));
                error.with_offset(offset)
            }
        });
    }
}

/// Appends the bytes of `extents` to `buffer` until it holds `wanted`; those it has are skipped.
fn append_extents(
    window: &mut Window<'_>,
    extents: &[Extent],
    wanted: u64,
    buffer: &mut Buffer,
) -> Result<()> {
    let mut skip = wide(buffer.len());
    let mut left = wanted.saturating_sub(skip);
    for extent in extents {
        let have = skip.min(extent.len);
        skip = skip.saturating_sub(have);
        let len = extent.len.saturating_sub(have).min(left);
        left = left.saturating_sub(len);
        if len > 0 {
            let offset = extent.offset.saturating_add(have);
            let len = narrow(len).unwrap_or(usize::MAX);
            window.append("publishing license", offset, len, buffer)?;
        }
    }
    Ok(())
}

impl Gathered {
    fn conclude(
        mut self,
        error: Option<Error>,
        options: &Options,
        place: &Place,
        push: &mut dyn FnMut(Finding),
    ) {
        let _ = place;
        let error = error.or(self.incomplete.take());
        let container = self.container.unwrap_or(Container::Other);
        let mut protection = self.protection.unwrap_or(Protection::None);
        if error.is_some() && protection == Protection::None {
            protection = Protection::Unknown;
        }
        let mut licenses = std::mem::take(&mut self.licenses);
        if licenses.is_empty() {
            let mut finding = Finding::new(Facts::new(container, protection));
            let error = match (error, protection) {
                (None, Protection::Rms) => Some(Error::malformed(
                    "license-missing",
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
        let last = licenses.pop();
        for licensed in licenses {
            let mut finding = licensed.into_finding(container);
            self.finish(&mut finding, options, None);
            push(finding);
        }
        if let Some(licensed) = last {
            let mut finding = licensed.into_finding(container);
            self.finish(&mut finding, options, error);
            push(finding);
        }
    }

    /// What is known of the member goes into each of its findings.
    fn finish(&self, finding: &mut Finding, options: &Options, error: Option<Error>) {
        let facts = &mut finding.facts;
        facts.depth = options.manner.depth;
        if finding.error.is_none() {
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
        if !self.use_licenses.is_empty() {
            self.finish_use_licenses(facts);
        } else if facts.license.is_some() && options.manner.depth == Depth::Full {
            facts.use_licenses = Some(0);
        }
        finding.evidence.extend(self.evidence.iter().cloned());
    }

    fn finish_use_licenses(&self, facts: &mut Facts) {
        facts.use_licenses = u32::try_from(self.use_licenses.len()).ok();
        let Some(newest) = self.use_licenses.iter().max_by_key(|license| license.issued) else {
            return;
        };
        facts.use_license_key = newest.server.slc_key.clone();
        let known = facts.license.as_ref().is_some_and(|license| license.slc_key.is_some());
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

impl Licensed {
    fn into_finding(self, container: Container) -> Finding {
        let Licensed { reading, license } = self;
        let mut facts = Facts::new(container, Protection::Rms);
        if let Some((id, tenant)) = reading.label {
            facts.label_id = Some(id);
            facts.label_tenant = tenant;
        }
        for anomaly in reading.anomalies {
            facts.add_anomaly(anomaly);
        }
        facts.license = Some(Box::new(reading.facts));
        let mut finding = Finding::new(facts);
        finding.license = license;
        finding.evidence = reading.evidence;
        finding.error = reading.error;
        finding
    }
}
