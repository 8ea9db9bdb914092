//! Most files are of no format that is known here. One look at their first bytes tells, and nothing
//! is set up for them of what the reading of a container needs.

use crate::container::{self, Protection};
use crate::error::Result;
use crate::facts::{Depth, Facts};
use crate::limits::Meter;
use crate::report::{Finding, Report};
use crate::source::{Cache, ReadAt, Window};

/// The report that [`Walk`](super::walk::Walk) would give of a file of which nothing can come;
/// `None` for one that has to be read. Its first bytes are not read again then.
pub(super) fn report(
    source: &dyn ReadAt,
    cache: &mut Cache,
    meter: &Meter,
    depth: Depth,
) -> Result<Option<Report>> {
    cache.forget();
    if !source.is_sized() {
        return Ok(None);
    }
    let kind = container::ordinary(Window::new(source, cache, meter)?.head()?);
    let Some(kind) = kind else {
        cache.keep();
        return Ok(None);
    };
    let mut first = Finding::new(Facts::new(kind, Protection::None));
    first.facts.depth = depth;
    Ok(Some(Report { first, rest: Vec::new(), incomplete: None }))
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
        let glance = report(&bytes, &mut inspector.cache, &meter(), depth).unwrap();
        let (cache, license) = (&mut inspector.cache, &mut inspector.license);
        let buffers = Buffers { cache, license, memory: &mut inspector.memory };
        let size = bytes.size().unwrap();
        (glance, Walk::new(&options, &meter(), buffers).run(&bytes, size))
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
