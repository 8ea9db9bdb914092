//! Triage by the first bytes. Most files are of no known format, so the state for reading a
//! container is not built for them.

use super::report::Finding;
use crate::container::{Format, NameHint};
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::kinds::{Container, Depth, Protection};
use crate::limits::Meter;
use crate::source::{Cache, HEAD, ReadAt, Window};

/// Result of triage.
pub(super) enum Triage {
    /// No known format. The report contains only this kind of file.
    Unknown(Container),
    /// The file has to be read, as this format if it is known. Its first bytes are cached.
    Read(Option<&'static Format>),
}

/// Examines the first bytes of a file, and its last bytes if they and its name do not decide.
pub(super) fn triage(
    source: &dyn ReadAt,
    name: NameHint,
    cache: &mut Cache,
    meter: &Meter,
) -> Result<Triage> {
    cache.forget();
    let mut window = Window::new(source, cache, meter)?;
    let format = Format::of_file(&mut window, name)?;
    if format.is_none() {
        if window.head()?.len() < HEAD && window.known_len().is_none() {
            // A stream that cannot be read as far as formats are recognized.
            return Err(Error::truncated("file", 0, "its first bytes are not available"));
        }
        let is_empty = window.known_len() == Some(0);
        let container = if is_empty { Container::Empty } else { Container::Other };
        return Ok(Triage::Unknown(container));
    }
    cache.keep();
    Ok(Triage::Read(format))
}

/// Returns the finding about a file of no known format. [`Traversal`](super::traversal::Traversal)
/// would return the same.
pub(super) fn finding(container: Container, depth: Depth) -> Finding {
    let mut finding = Finding::new(Facts::new(container, Protection::None));
    finding.facts.depth = depth;
    finding
}

#[cfg(test)]
mod tests {
    use super::super::traversal::{Buffers, Traversal};
    use super::super::{Inspector, Report};
    use super::*;
    use crate::limits::Interrupt;
    use proptest::prelude::*;

    /// Returns the report of triage alone, and that of the traversal alone.
    fn both(bytes: &[u8], depth: Depth) -> (Option<Report>, Report) {
        let mut inspector = Inspector::builder().depth(depth).build();
        let options = inspector.options.clone();
        let meter = || Meter::new(options.limits.clone(), Interrupt::default());
        let triaged = match triage(&bytes, NameHint::Other, &mut inspector.cache, &meter()).unwrap()
        {
            Triage::Unknown(container) => {
                let first = finding(container, depth);
                Some(Report { first, rest: Vec::new(), incomplete: None })
            }
            Triage::Read(_) => None,
        };
        let (cache, license) = (&mut inspector.cache, &mut inspector.license);
        let buffers = Buffers { cache, license, memory: &mut inspector.memory };
        let size = bytes.size().unwrap();
        let meter = meter();
        let traversed = Traversal::new(&options, &meter, buffers).run(&bytes, size, None, None);
        (triaged, traversed.findings.into_report())
    }

    proptest! {
        #[test]
        fn triage_and_traversal_report_the_same(
            begin in prop_oneof![
                Just(""), Just("Nothing.\n"), Just("PK\x03\x04"), Just("%PDF-1.7\n"),
                Just("From: a@b\n\n"), Just("MZ"), Just("<XrML>"), Just("1 0 obj\n"),
            ],
            rest in proptest::collection::vec(any::<u8>(), 0..9000),
            is_whole in any::<bool>(),
        ) {
            let bytes = [begin.as_bytes(), &rest].concat();
            let depth = if is_whole { Depth::Full } else { Depth::Head };
            let (triaged, traversed) = both(&bytes, depth);
            prop_assert!(triaged.is_none_or(|triaged| triaged == traversed));
        }
    }

    #[test]
    fn triage_decides_files_of_no_known_format() {
        for bytes in [&b""[..], b"\0", b"prose", &[0xFF; 9000]] {
            let (triaged, traversed) = both(bytes, Depth::Full);
            assert_eq!(triaged, Some(traversed));
        }
        assert_eq!(both(b"MZ", Depth::Full).0, None);
    }
}
