//! Texts that repeat from file to file, known by their bytes.

/// Bytes of the longest that is remembered; real documents have 1 to 8 KB.
pub(super) const LONGEST: usize = 16_384;

/// Texts and what was found out about each, the last `N` of them.
#[derive(Debug)]
pub(super) struct Ring<T, const N: usize> {
    known: Vec<(Vec<u8>, T)>,
    /// The one that is forgotten next.
    oldest: usize,
    /// The one that was remembered behind the one met last, and most likely follows it.
    likely: usize,
}

impl<T, const N: usize> Default for Ring<T, N> {
    fn default() -> Self {
        Ring { known: Vec::new(), oldest: 0, likely: 0 }
    }
}

impl<T, const N: usize> Ring<T, N> {
    /// The one with which `text` begins.
    pub(super) fn find(&mut self, text: &[u8]) -> Option<&(Vec<u8>, T)> {
        let (before, after) = self.known.split_at_checked(self.likely)?;
        let mut all = after.iter().chain(before).enumerate();
        let (behind, found) = all.find(|(_, (known, _))| text.starts_with(known))?;
        let index = self.likely.saturating_add(behind).checked_rem(self.known.len())?;
        self.likely = index.saturating_add(1);
        Some(found)
    }

    /// Remembers `text` and what was read of it, if that is no longer than real ones are.
    pub(super) fn remember(&mut self, text: &[u8], of: T) {
        if text.len() > LONGEST {
            return;
        }
        let entry = (text.to_vec(), of);
        match self.known.get_mut(self.oldest) {
            Some(oldest) => *oldest = entry,
            None => self.known.push(entry),
        }
        self.oldest = self.oldest.saturating_add(1);
        self.likely = self.oldest;
        if self.oldest >= N {
            self.oldest = 0;
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}
