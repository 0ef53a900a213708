//! Numbers that look random and depend on a seed only.

/// SplitMix64.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` up to, but not including, `high`.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        let span = u64::from(high.abs_diff(low).max(1));
        low.saturating_add(i32::try_from(self.next() % span).unwrap_or(0))
    }

    pub(super) fn one_in(&mut self, count: i32) -> bool {
        self.between(0, count) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T], otherwise: T) -> T {
        let index = self.next() as usize % choices.len().max(1);
        choices.get(index).copied().unwrap_or(otherwise)
    }

    pub(super) fn bytes(&mut self, count: i32) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    pub(super) fn color(&mut self) -> i32 {
        self.between(0, 1 << 24)
    }
}
