//! Most files are of no format that is known here. One look at their first bytes tells, and nothing
//! is set up for them of what the reading of a container needs.

use crate::container::Format;
use crate::error::Result;
use crate::facts::Facts;
use crate::kinds::Depth;
use crate::kinds::{Container, Protection};
use crate::limits::Meter;
use crate::report::{Finding, Report};
use crate::source::{Cache, ReadAt, Window};

/// What the first bytes of a file say.
pub(super) enum Glance {
    /// Nothing can come of it; it is this.
    Nothing(Container),
    /// It has to be read, as this if that is known. Its first bytes are not read again.
    Begun(Option<&'static Format>),
}

/// Looks at the first bytes of a file; with `reads_tail` at the last ones too, whatever the first
/// ones are of.
pub(super) fn look(
    source: &dyn ReadAt,
    reads_tail: bool,
    cache: &mut Cache,
    meter: &Meter,
) -> Result<Glance> {
    cache.forget();
    if !source.is_sized() {
        return Ok(Glance::Begun(None));
    }
    let mut window = Window::new(source, cache, meter)?;
    let format = Format::of_file(&mut window, reads_tail)?;
    if format.is_none() {
        let is_empty = window.known_len() == Some(0);
        let container = if is_empty { Container::Empty } else { Container::Other };
        return Ok(Glance::Nothing(container));
    }
    cache.keep();
    Ok(Glance::Begun(format))
}

/// The report that [`Walk`](super::walk::Walk) would give of a file of which nothing can come.
pub(super) fn report(container: Container, depth: Depth) -> Report {
    let mut first = Finding::new(Facts::new(container, Protection::None));
    first.facts.depth = depth;
    Report { first, rest: Vec::new(), incomplete: None }
}

#[cfg(test)]
mod tests {
    use super::super::walk::{Buffers, Walk};
    use super::super::{Inspector, Meter};
    use super::*;
    use proptest::prelude::*;

    /// By a glance alone, and by the walk alone.
    fn both(bytes: &[u8], depth: Depth) -> (Option<Report>, Report) {
        let mut inspector = Inspector::builder().depth(depth).build();
        let options = inspector.options.clone();
        let meter = || Meter::new(options.limits.clone(), options.cancel.clone());
        let glance = match look(&bytes, false, &mut inspector.cache, &meter()).unwrap() {
            Glance::Nothing(container) => Some(report(container, depth)),
            Glance::Begun(_) => None,
        };
        let (cache, license) = (&mut inspector.cache, &mut inspector.license);
        let buffers = Buffers { cache, license, memory: &mut inspector.memory };
        let size = bytes.size().unwrap();
        (glance, Walk::new(&options, &meter(), buffers).run(&bytes, size, None))
    }

    proptest! {
        #[test]
        fn a_glance_says_what_the_walk_says(
            begin in prop_oneof![
                Just(""), Just("Nothing.\n"), Just("PK\x03\x04"), Just("%PDF-1.7\n"),
                Just("From: a@b\n\n"), Just("MZ"), Just("<XrML>"), Just("1 0 obj\n"),
            ],
            rest in proptest::collection::vec(any::<u8>(), 0..9000),
            is_whole in any::<bool>(),
        ) {
            let bytes = [begin.as_bytes(), &rest].concat();
            let depth = if is_whole { Depth::Full } else { Depth::Head };
            let (glance, walk) = both(&bytes, depth);
            prop_assert!(glance.is_none_or(|glance| glance == walk));
        }
    }

    #[test]
    fn most_files_take_no_more_than_a_glance() {
        for bytes in [&b""[..], b"\0", b"prose", &[0xFF; 9000]] {
            let (glance, walk) = both(bytes, Depth::Full);
            assert_eq!(glance, Some(walk));
        }
        assert_eq!(both(b"MZ", Depth::Full).0, None);
    }
}
