//! Rows as the encoder looks at them: a word for each pixel, whose bytes are channels.
//!
//! Bytes of a word are computed together, without any of them reaching into the next.

use alloc::vec;
use alloc::vec::Vec;

/// Reads rows of one channel.
pub(super) fn of_gray(row: &[u8], lanes: &mut Vec<u32>) {
    lanes.extend(row.iter().map(|gray| u32::from(*gray)));
}

/// Reads the colours of rows of 15 bits a pixel.
pub(super) fn of_rgb16(row: &[u8], lanes: &mut Vec<u32>) {
    let spread = |&pixel: &[u8; 2]| {
        let pixel = u32::from(u16::from_le_bytes(pixel));
        pixel & 31 | (pixel >> 5 & 31) << 8 | (pixel >> 10 & 31) << 16
    };
    lanes.extend(row.as_chunks().0.iter().map(spread));
}

/// Reads rows of 3 bytes a pixel.
pub(super) fn of_rgb24(row: &[u8], lanes: &mut Vec<u32>) {
    let spread = |&[blue, green, red]: &[u8; 3]| u32::from_le_bytes([blue, green, red, 0]);
    lanes.extend(row.as_chunks().0.iter().map(spread));
}

/// Reads the colours of rows of 4 bytes a pixel.
pub(super) fn of_rgb32(row: &[u8], lanes: &mut Vec<u32>) {
    lanes.extend(row.as_chunks().0.iter().map(|pixel| u32::from_le_bytes(*pixel) & 0x00ff_ffff));
}

/// Reads the alpha of rows of 4 bytes a pixel.
pub(super) fn of_alpha(row: &[u8], lanes: &mut Vec<u32>) {
    lanes.extend(row.as_chunks::<4>().0.iter().map(|pixel| u32::from(pixel[3])));
}

/// A row and the one above, and what is known of them before they are coded.
pub(super) struct Rows {
    row: Vec<u32>,
    above: Vec<u32>,
    /// 1 for each pixel that equals the one before, in this row and in the one above.
    repeats: Vec<u8>,
    repeats_above: Vec<u8>,
    /// 1 where a run may begin: the pixel above equals its left neighbour, and so do the two pixels before this one.
    begins: Vec<u8>,
    /// Whether the row above is the same.
    is_repeated: bool,
}

impl Rows {
    pub(super) fn new(width: usize) -> Self {
        let (row, above) = (Vec::with_capacity(width), Vec::with_capacity(width));
        let [repeats, repeats_above, begins] = [vec![0; width], vec![0; width], vec![0; width]];
        Self { row, above, repeats, repeats_above, begins, is_repeated: false }
    }

    /// Goes on to the row that `fill` appends.
    pub(super) fn advance(&mut self, fill: impl FnOnce(&mut Vec<u32>)) {
        core::mem::swap(&mut self.row, &mut self.above);
        core::mem::swap(&mut self.repeats, &mut self.repeats_above);
        self.row.clear();
        fill(&mut self.row);
        let repeats = self.repeats.get_mut(1..).unwrap_or_default();
        mark_equal(&self.row, self.row.get(1..).unwrap_or_default(), repeats);
        mark_begins(&self.repeats, &self.repeats_above, &mut self.begins);
        self.is_repeated = false;
    }

    /// Goes on to a row that is the same.
    pub(super) fn repeat(&mut self) {
        if !self.is_repeated {
            self.above.clone_from(&self.row);
            mark_begins(&self.repeats, &self.repeats, &mut self.begins);
            self.is_repeated = true;
        }
    }

    /// The row.
    pub(super) fn row(&self) -> &[u32] {
        &self.row
    }

    /// The row above; empty for the first one.
    pub(super) fn above(&self) -> &[u32] {
        &self.above
    }

    /// The first place from `from` on and before `end` at which a run may begin.
    #[inline]
    pub(super) fn next_run(&self, from: usize, end: usize) -> Option<usize> {
        let begins = self.begins.get(from..end)?;
        first_other(begins, 0).map(|place| from + place)
    }

    /// How many pixels from `at` on and before `end` equal the one before `at`.
    #[inline]
    pub(super) fn run_length(&self, at: usize, end: usize) -> usize {
        let repeats = self.repeats.get(at..end).unwrap_or_default();
        first_other(repeats, 1).unwrap_or(repeats.len())
    }

    /// The pixels from `at` on and before `end`; `None` in the first row and column.
    #[inline(always)]
    pub(super) fn neighbours(&self, at: usize, end: usize) -> Option<Neighbours<'_>> {
        let pixels = self.row.get(at..end)?;
        let left = self.row.get(at.checked_sub(1)?..end.checked_sub(1)?)?;
        Some(Neighbours { pixels, left, above: self.above.get(at..end)? })
    }

    /// Writes the folded errors of as many pixels from `at` on.
    #[inline(always)]
    pub(super) fn errors<const BITS: u32>(&self, at: usize, errors: &mut [u32]) {
        let (pixels, above) =
            (self.row.get(at..).unwrap_or_default(), self.above.get(at..).unwrap_or_default());
        let Some(before) = at.checked_sub(1) else {
            // The first pixel of a row has no left neighbour, and is coded alone.
            if let (Some(error), Some(pixel)) = (errors.first_mut(), pixels.first()) {
                *error = fold::<BITS>(difference(*pixel, above.first().copied().unwrap_or(0)));
            }
            return;
        };
        let known = errors.iter_mut().zip(pixels.iter().zip(self.row.get(before..).unwrap_or_default()));
        if self.above.is_empty() {
            known.for_each(|(error, (pixel, left))| *error = fold::<BITS>(difference(*pixel, *left)));
        } else {
            for ((error, (pixel, left)), above) in known.zip(above) {
                *error = self::error::<BITS>(*pixel, *left, *above);
            }
        }
    }
}

/// Pixels, and as many to the left of and above them.
pub(super) struct Neighbours<'a> {
    pub(super) pixels: &'a [u32],
    pub(super) left: &'a [u32],
    pub(super) above: &'a [u32],
}

/// The folded errors of a pixel that has both neighbours.
#[inline(always)]
pub(super) const fn error<const BITS: u32>(pixel: u32, left: u32, above: u32) -> u32 {
    fold::<BITS>(difference(pixel, midpoint(left, above)))
}

/// Marks where runs may begin: where the pixel above repeats, and the one before this one.
fn mark_begins(repeats: &[u8], repeats_above: &[u8], begins: &mut [u8]) {
    let begins = begins.get_mut(1..).unwrap_or_default().iter_mut();
    let above = repeats_above.get(1..).unwrap_or_default();
    for ((begins, before), above) in begins.zip(repeats).zip(above) {
        *begins = before & above;
    }
}

/// Sets each flag to 1 where both rows have the same pixel, else to 0.
fn mark_equal(a: &[u32], b: &[u32], flags: &mut [u8]) {
    // By sixteen, which compilers make few instructions of.
    let (a_blocks, b_blocks) = (a.as_chunks::<16>().0, b.as_chunks::<16>().0);
    let (blocks, rest) = flags.as_chunks_mut::<16>();
    let whole = blocks.len() * 16;
    for ((flags, a), b) in blocks.iter_mut().zip(a_blocks).zip(b_blocks) {
        *flags = core::array::from_fn(|lane| u8::from(a[lane] == b[lane]));
    }
    let pairs = a.get(whole..).unwrap_or_default().iter().zip(b.get(whole..).unwrap_or_default());
    for (flag, (a, b)) in rest.iter_mut().zip(pairs) {
        *flag = u8::from(a == b);
    }
}

/// The first place whose flag is not `flag`.
#[inline(always)]
fn first_other(flags: &[u8], flag: u8) -> Option<usize> {
    let (words, rest) = flags.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let others = u64::from_le_bytes(*word) ^ u64::from_le_bytes([flag; 8]);
        if others != 0 {
            return Some(index * 8 + others.trailing_zeros() as usize / 8);
        }
    }
    let place = rest.iter().position(|found| *found != flag)?;
    Some(words.len() * 8 + place)
}

const ONES: u32 = 0x0101_0101;
const HIGH: u32 = 0x80 * ONES;

/// The mean of each byte, rounded down.
#[inline(always)]
const fn midpoint(a: u32, b: u32) -> u32 {
    (a & b) + ((a ^ b) >> 1 & !HIGH)
}

/// The difference of each byte, modulo 256.
#[inline(always)]
const fn difference(a: u32, b: u32) -> u32 {
    (a | HIGH).wrapping_sub(b & !HIGH) ^ ((a ^ !b) & HIGH)
}

/// The error that stands for the difference of each byte: its sign is folded into the lowest bit, so that 0, 255, 1, 254
/// become 0, 1, 2, 3.
#[inline(always)]
const fn fold<const BITS: u32>(differences: u32) -> u32 {
    let mask = (u8::MAX >> (8 - BITS)) as u32 * ONES;
    let negative = (differences >> (BITS - 1) & ONES) * (mask & 0xff);
    (differences << 1 & mask & !ONES) ^ negative
}

#[cfg(test)]
mod tests {
    use super::super::model::unfold;
    use super::*;

    #[test]
    fn bytes_of_a_word_do_not_reach_into_each_other() {
        for a in 0..=255_u8 {
            for b in 0..=255_u8 {
                let words = (u32::from_le_bytes([a, b, a, 255]), u32::from_le_bytes([b, a, 0, b]));
                let bytes = |each: fn(u8, u8) -> u8| [each(a, b), each(b, a), each(a, 0), each(255, b)];
                assert_eq!(midpoint(words.0, words.1).to_le_bytes(), bytes(u8::midpoint));
                assert_eq!(difference(words.0, words.1).to_le_bytes(), bytes(u8::wrapping_sub));
            }
            let word = u32::from_le_bytes([a, !a, a, 0]);
            assert_eq!(fold::<8>(word).to_le_bytes().map(unfold::<8>), [a, !a, a, 0]);
            assert_eq!(fold::<5>(word).to_le_bytes().map(unfold::<5>), [a & 31, !a & 31, a & 31, 0]);
        }
    }

    #[test]
    fn small_differences_are_small_errors() {
        assert_eq!([0, 255, 1, 254].map(fold::<8>), [0, 1, 2, 3]);
        assert_eq!([0, 31, 1, 30].map(fold::<5>), [0, 1, 2, 3]);
    }

    #[test]
    fn rows_that_are_there_again_are_as_those_that_are_read() {
        let some = |row: &mut Vec<u32>| row.extend((0..40).map(|x| if (5..30).contains(&x) { 9 } else { x }));
        let (mut repeated, mut read) = (Rows::new(40), Rows::new(40));
        for rows in [&mut repeated, &mut read] {
            rows.advance(|row| row.extend([7; 40]));
            rows.advance(some);
        }
        for _ in 0..2 {
            repeated.repeat();
            read.advance(some);
            assert_eq!((repeated.row(), repeated.above()), (read.row(), read.above()));
            assert_eq!(repeated.begins, read.begins);
        }
        repeated.advance(|row| row.extend([9; 40]));
        read.advance(|row| row.extend([9; 40]));
        assert_eq!((repeated.row(), repeated.above()), (read.row(), read.above()));
        assert_eq!((repeated.repeats, repeated.begins), (read.repeats, read.begins));
    }

    #[test]
    fn runs_are_found_to_their_end() {
        let mut rows = Rows::new(40);
        rows.advance(|row| row.extend([7; 40]));
        rows.advance(|row| row.extend((0..40).map(|x| if (5..30).contains(&x) { 9 } else { x })));
        assert_eq!((rows.next_run(3, 40), rows.next_run(3, 7)), (Some(7), None));
        assert_eq!((rows.run_length(7, 40), rows.run_length(7, 12), rows.run_length(30, 40)), (23, 5, 0));
    }
}
