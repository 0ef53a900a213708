//! Run lengths: each 1 is a run of as many pixels as runs lately were, a 0 is followed by the rest.

/// The bits of the rest of a run, by how long runs lately were.
const LENGTHS: [u32; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// How long runs lately were.
#[derive(Clone, Debug)]
pub(super) struct RunLength {
    state: usize,
}

impl RunLength {
    pub(super) const fn new() -> Self {
        Self { state: 0 }
    }

    /// Bits of the rest.
    pub(super) fn bits(&self) -> u32 {
        LENGTHS[self.state]
    }

    /// A 1 has been coded: `1 << bits()` pixels, and more to come.
    pub(super) const fn grow(&mut self) {
        if self.state < LENGTHS.len() - 1 {
            self.state += 1;
        }
    }

    /// The rest has been coded.
    pub(super) const fn end(&mut self) {
        self.state = self.state.saturating_sub(1);
    }
}
