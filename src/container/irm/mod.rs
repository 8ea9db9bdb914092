//! Documents with data spaces (MS-OFFCRYPTO 2.2): ECMA-376, binary Office, and the envelope of
//! .NET.
//!
//! The class GUID in the `\x06Primary` of a transform decides. Names do not, because they differ
//! between writers. If the GUID cannot be read, names still show that the file is encrypted, so a
//! damaged protected file does not read as ordinary.

mod directory_scan;
mod layout;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests;
mod transform;

use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::compound::{CompoundFile, DirectoryEntry, EntryKind};
use crate::container::label;
use crate::container::sink::Sink;
use crate::error::{Error, ErrorKind, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::limits::Limit;
use crate::source::Window;
use directory_scan::DirectoryScan;
use layout::{
    BINARY_TRANSFORM, DATA_SPACES, DOCUMENT_SUMMARY, LABEL_INFO, MESSAGE_PROPERTIES,
    MOST_LABEL_BYTES, OOXML_TRANSFORM, PLACEHOLDERS, PRIMARY, TRANSFORM_INFO, USE_LICENSE_PREFIX,
};
use transform::{Transform, TransformClass};

/// Transforms of a file.
#[derive(Debug, Default)]
struct Transforms {
    found: Vec<Transform>,
    /// The error about each transform that could not be read.
    unread: Vec<Error>,
    /// Error that ended the search for transforms early.
    error: Option<Error>,
    /// Storage that contains the transforms.
    info: Option<DirectoryEntry>,
}

impl Transforms {
    fn note(&mut self, error: Error) -> Result<()> {
        if error.ends_file() {
            return Err(error);
        }
        self.error.get_or_insert(error);
        Ok(())
    }

    fn has(&self, class: &TransformClass) -> bool {
        self.found.iter().any(|transform| transform.class == *class)
    }

    fn unknown(&self) -> Option<&Transform> {
        self.found.iter().find(|transform| {
            matches!(transform.class, TransformClass::Other(_) | TransformClass::Compression)
        })
    }

    fn examine(
        &mut self,
        file: &mut CompoundFile,
        window: &mut Window<'_>,
        sink: &dyn Sink,
        primary: DirectoryEntry,
        storage: Option<DirectoryEntry>,
    ) -> Result<()> {
        let count = self.found.len().saturating_add(self.unread.len()).saturating_add(1);
        window.meter().check(Limit::Licenses, to_u64(count))?;
        window.meter().charge(Limit::Allocation, to_u64(size_of::<Transform>()))?;
        match transform::examine(file, window, sink, primary, storage) {
            Ok(transform) => {
                if self.found.is_empty() {
                    // Most documents have one transform; a list would allocate four, which are
                    // large.
                    #[allow(clippy::disallowed_methods)] // a constant
                    self.found.reserve_exact(1);
                }
                self.found.push(transform);
            }
            Err(error) if error.ends_file() => return Err(error),
            Err(error) => self.unread.push(error),
        }
        Ok(())
    }

    /// Returns the first error about a transform.
    fn first_error(&self) -> Option<Error> {
        self.unread.first().or(self.error.as_ref()).cloned()
    }
}

/// Reads the license of a document with data spaces. Returns false if the file has no data spaces,
/// or is also an Outlook item.
pub(crate) fn read(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<bool> {
    let mut transforms = Transforms::default();
    if let Err(error) = follow_names(file, window, sink, &mut transforms) {
        transforms.note(error)?;
    }
    let scan = if transforms.has(&TransformClass::Rms) {
        DirectoryScan::default()
    } else {
        let scan = DirectoryScan::of(file, window, &transforms.found)?;
        for primary in &scan.primaries {
            if let Err(error) = transforms.examine(file, window, sink, *primary, None) {
                transforms.note(error)?;
                break;
            }
        }
        scan
    };
    if transforms.has(&TransformClass::Rms) {
        rights_managed(file, window, sink, &transforms, &scan)?;
        // The license may belong to a document in an Outlook item, whose reader is needed too.
        let root = file.root();
        return Ok(!matches!(file.likely_child(window, &root, MESSAGE_PROPERTIES), Ok(Some(_))));
    }
    without_license(file, window, sink, transforms, scan)
}

/// Finds the transforms in the storages that the specification names.
fn follow_names(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &dyn Sink,
    transforms: &mut Transforms,
) -> Result<()> {
    let root = file.root();
    let Some(spaces) = file.likely_child(window, &root, DATA_SPACES)? else { return Ok(()) };
    let Some(info) = file.child(window, &spaces, TRANSFORM_INFO)? else { return Ok(()) };
    transforms.info = Some(info);
    let mut children = file.children(&info);
    while let Some(storage) = children.next(file, window)? {
        if let Some(primary) = file.child(window, &storage, PRIMARY)? {
            transforms.examine(file, window, sink, primary, Some(storage))?;
        } else if storage.kind == EntryKind::Storage {
            window.meter().charge(Limit::Allocation, to_u64(size_of::<Error>()))?;
            let detail = "a transform has no description";
            let error =
                Error::malformed(ErrorCode::LicenseMissing, "\\x06Primary", storage.offset, detail);
            transforms.unread.push(error);
        }
    }
    Ok(())
}

/// Reports a file with at least one transform of rights management.
fn rights_managed(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    transforms: &Transforms,
    scan: &DirectoryScan,
) -> Result<()> {
    let all = || transforms.found.iter().filter(|transform| transform.class == TransformClass::Rms);
    sink.container(all().next().map_or(Container::Ole, |first| layout_of(first, scan)));
    sink.protection(Protection::Rms);
    if all().nth(1).is_some() || all().any(|transform| transform.storage.is_none()) {
        // All known writers store one transform, in the storage that the specification names.
        sink.anomaly(Anomaly::NonSpecLayout, all().nth(1).map(|second| second.primary.offset));
    }
    let mut failed = transforms.error.clone();
    for transform in all() {
        if sink.options().evidence {
            let name = transform.storage.map(|storage| storage.name());
            sink.evidence("transform", &name.unwrap_or_default(), transform.class_at);
        }
        let license = match transform::find_license(transform, window) {
            Ok(license) => license,
            Err(error) if error.ends_file() => return Err(error),
            Err(error) => {
                sink.unread_license(error)?;
                continue;
            }
        };
        if let Err(error) = transform::deliver(transform, &license, window, sink) {
            if error.ends_file() {
                return Err(error);
            }
            failed.get_or_insert(error);
        }
    }
    // Each of these may be the transform that encrypts the document.
    for error in &transforms.unread {
        sink.unread_license(error.clone())?;
    }
    for transform in &transforms.found {
        if let TransformClass::Other(class) = &transform.class {
            sink.unread_license(unknown_class(class, transform.class_at))?;
        }
    }
    if transforms.has(&TransformClass::Password) {
        sink.evidence("transform", "a password beside the license", None);
    }
    check_placeholder(file, window, sink, transforms, scan)?;
    use_licenses_and_labels(file, window, sink, transforms)?;
    failed.map_or(Ok(()), Err)
}

/// Returns the layout of the writer, by the name of the transform. The class is the same in all
/// layouts.
fn layout_of(transform: &Transform, scan: &DirectoryScan) -> Container {
    match &transform.storage {
        Some(storage) if storage.is_named(OOXML_TRANSFORM) => Container::OoxmlIrm,
        Some(storage) if storage.is_named(BINARY_TRANSFORM) => Container::BinaryIrm,
        Some(_) => Container::XpsIrm,
        None => scan.container().unwrap_or(Container::XpsIrm),
    }
}

/// Reports a binary document without a placeholder, a document for programs without rights
/// management that says that they cannot open the file.
fn check_placeholder(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    transforms: &Transforms,
    scan: &DirectoryScan,
) -> Result<()> {
    let first = transforms.found.iter().find(|transform| transform.class == TransformClass::Rms);
    if first.is_none_or(|first| layout_of(first, scan) != Container::BinaryIrm) {
        return Ok(());
    }
    let root = file.root();
    let mut children = file.children(&root);
    loop {
        match children.next(file, window) {
            Ok(Some(child)) if PLACEHOLDERS.iter().any(|name| child.is_named(name)) => {
                return Ok(());
            }
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) if error.ends_file() => return Err(error),
            Err(error) => {
                // With a damaged directory it is unknown whether the placeholder exists.
                if error.kind() == ErrorKind::Limit {
                    sink.incomplete(error);
                }
                return Ok(());
            }
        }
    }
    sink.anomaly(Anomaly::PlaceholderMissing, None);
    Ok(())
}

/// Reads use licenses and labels. Damage in them does not affect the publishing license.
fn use_licenses_and_labels(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    transforms: &Transforms,
) -> Result<()> {
    if sink.reads_whole_licenses() {
        let rms =
            transforms.found.iter().filter(|transform| transform.class == TransformClass::Rms);
        for storage in rms.filter_map(|transform| transform.storage) {
            let read = use_licenses(file, window, sink, &storage);
            report_failure(read, sink)?;
        }
    }
    if sink.options().labels || sink.options().evidence {
        match labels(file, window, sink, transforms.info.as_ref()) {
            Err(error) if error.ends_file() => return Err(error),
            Err(error) if error.kind() == ErrorKind::Limit => sink.incomplete(error),
            // A label has no effect on the verdict.
            Err(error) => sink.anomaly(Anomaly::NonSpecLayout, error.offset()),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Reports an error about a use license, which makes the file incomplete and does not end the
/// reading.
fn report_failure(read: Result<()>, sink: &mut dyn Sink) -> Result<()> {
    match read {
        Err(error) if error.ends_file() => Err(error),
        Err(error) => {
            sink.incomplete(error);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Reads the use licenses of all transforms. They can name the server if no license does.
fn stored_use_licenses(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    info: Option<&DirectoryEntry>,
) -> Result<()> {
    let Some(info) = info.filter(|_| sink.reads_whole_licenses()) else { return Ok(()) };
    let mut children = file.children(info);
    while let Some(storage) = children.next(file, window)? {
        use_licenses(file, window, sink, &storage)?;
    }
    Ok(())
}

fn use_licenses(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    storage: &DirectoryEntry,
) -> Result<()> {
    let mut children = file.children(storage);
    let mut failed = None;
    while let Some(stream) = children.next(file, window)? {
        if !stream.name_starts_with(USE_LICENSE_PREFIX) {
            continue;
        }
        let most = window.meter().allowed(Limit::LicenseBytes);
        let within = window.meter().check(Limit::LicenseBytes, stream.size);
        let read = within
            .and_then(|()| file.read(window, &stream, most))
            .and_then(|bytes| sink.use_license(transform::use_license(&bytes, stream.offset)?));
        match read {
            Err(error) if error.ends_file() => return Err(error),
            Err(error) => failed = failed.or(Some(error)),
            Ok(()) => {}
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Reports the label in the stream `LabelInfo`, and the label in the document properties.
fn labels(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    info: Option<&DirectoryEntry>,
) -> Result<()> {
    if let Some(info) = info
        && let Some(stream) = file.child(window, info, LABEL_INFO)?
    {
        let bytes = file.read(window, &stream, MOST_LABEL_BYTES)?;
        if let Some(label) = label::label_info(&bytes, window.meter())? {
            sink.label(label);
        }
    }
    let root = file.root();
    if let Some(stream) = file.child(window, &root, DOCUMENT_SUMMARY)? {
        let bytes = file.read(window, &stream, MOST_LABEL_BYTES)?;
        if let Some(label) = label::property_set(&bytes, window.meter())? {
            sink.label(label);
        }
    }
    Ok(())
}

fn unknown_class(class: &str, offset: Option<u64>) -> Error {
    let detail = format!("the class {class} is not known");
    Error::unsupported(ErrorCode::UnknownTransform, "TransformInfo", offset, detail)
}

/// Judges a file without a transform of rights management. Other transforms and names may show
/// encryption.
fn without_license(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    transforms: Transforms,
    scan: DirectoryScan,
) -> Result<bool> {
    if let Some(container) = scan.container() {
        sink.container(container);
        let read = stored_use_licenses(file, window, sink, transforms.info.as_ref());
        report_failure(read, sink)?;
    }
    if let Some(Transform { class: TransformClass::Other(class), class_at, .. }) =
        transforms.unknown()
        && !scan.is_password()
    {
        return Err(unknown_class(class, *class_at));
    }
    let missing = |detail: &'static str| {
        Error::malformed(ErrorCode::MalformedDataSpaces, "\\x06DataSpaces", scan.first, detail)
    };
    let reason = transforms.first_error().or(scan.error.clone());
    if scan.is_rights_managed() {
        sink.protection(Protection::Rms);
        let missing = missing("its names are those of a protected document, but no license");
        return Err(reason.unwrap_or(missing));
    }
    if scan.is_password() {
        return Ok(false);
    }
    if transforms.has(&TransformClass::Password) {
        sink.protection(Protection::Password);
        sink.evidence("transform", "a password", None);
        return Ok(true);
    }
    if transforms.has(&TransformClass::Compression) {
        let detail = "the transform compresses, and no transform encrypts";
        return Err(Error::unsupported(ErrorCode::UnknownTransform, "TransformInfo", None, detail));
    }
    if scan.has_data_spaces() {
        return Err(
            reason.unwrap_or(missing("the content is encrypted, but no transform was found"))
        );
    }
    if let Some(error) = scan.error {
        return Err(error);
    }
    scan.audit.conclude(file, window, scan.entries)?;
    Ok(false)
}
