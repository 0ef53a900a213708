//! Size classes: eight to each power of two, and which of them have anything.

/// No node.
pub(super) const NONE: u32 = u32::MAX;

/// Classes for all lengths of 32 bits.
pub(super) const BINS: usize = 32 * CLASSES;

/// Classes between a power of two and the next.
const CLASSES: usize = 8;

/// The class whose lengths are at most `len`, the nearest one.
pub(super) fn below(len: u32) -> usize {
    class(len).0
}

/// The nearest class whose lengths are all at least `len`.
pub(super) fn above(len: u32) -> usize {
    let (class, exact) = class(len);
    if exact { class } else { class.saturating_add(1) }
}

/// The class below, and whether `len` is the smallest of its lengths.
fn class(len: u32) -> (usize, bool) {
    let bits = 32u32.saturating_sub(len.leading_zeros());
    // Up to eight every length has a class of its own.
    let shift = bits.saturating_sub(4);
    let mantissa = len >> shift;
    let number = shift.saturating_mul(8).saturating_add(mantissa);
    (usize::try_from(number).unwrap_or(BINS), mantissa << shift == len)
}

/// A bit for each class that has a block, and one for each eight classes that have one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bins {
    groups: u32,
    classes: [u8; 32],
}

impl Bins {
    /// Notes whether a class has a block.
    pub(super) fn set(&mut self, bin: usize, has_block: bool) {
        let Some(classes) = self.classes.get_mut(bin / CLASSES) else { return };
        let (group, class) = (1u32 << (bin / CLASSES), 1u8 << (bin % CLASSES));
        *classes = if has_block { *classes | class } else { *classes & !class };
        self.groups = if *classes == 0 { self.groups & !group } else { self.groups | group };
    }

    /// The first class from `bin` on that has a block.
    pub(super) fn first_from(&self, bin: usize) -> Option<usize> {
        let group = bin / CLASSES;
        let here = self.classes.get(group)? & (u8::MAX << (bin % CLASSES));
        if here != 0 {
            return Some(group * CLASSES + usize::try_from(here.trailing_zeros()).ok()?);
        }
        let groups = self.groups & u32::MAX.checked_shl(u32::try_from(group).ok()? + 1).unwrap_or(0);
        let group = usize::try_from(groups.trailing_zeros()).ok()?;
        let first = self.classes.get(group)?.trailing_zeros();
        Some(group * CLASSES + usize::try_from(first).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_order_and_hold_what_they_say() {
        let lengths = (1..5000).chain([u32::MAX / 2, u32::MAX - 1, u32::MAX]);
        let mut last = 0;
        for len in lengths {
            let (low, high) = (below(len), above(len));
            assert!(low >= last && (high == low || high == low + 1), "{len}: {low} {high}");
            assert!(high < BINS, "{len}");
            last = low;
        }
        // A block in the class above a length is never shorter than it.
        for len in 1..5000 {
            assert!((1..len).all(|shorter| below(shorter) < above(len)), "{len}");
        }
    }

    #[test]
    fn the_first_class_with_a_block_is_found() {
        let mut bins = Bins::default();
        assert_eq!(bins.first_from(0), None);
        for bin in [3, 9, 255] {
            bins.set(bin, true);
        }
        let from = |bin| bins.first_from(bin);
        assert_eq!(
            (from(0), from(3), from(4), from(10), from(255)),
            (Some(3), Some(3), Some(9), Some(255), Some(255))
        );
        bins.set(255, false);
        assert_eq!(bins.first_from(10), None);
        assert_eq!(bins.first_from(BINS), None);
    }
}
