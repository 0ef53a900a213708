//! Runs: sixteen pixels side by side, the unit in which pixels are compared and copied.
//!
//! A kernel may use no vector registers, so everything here goes by words of two pixels; arrays of a fixed length let the
//! compiler leave out loops and checks.

use zerocopy::{FromBytes, IntoBytes};

/// Pixels of a run.
pub const RUN: usize = 16;

/// Pixels of a row, two a word, from a multiple of [`RUN`] on unless something else is said.
pub type Run = [u64; RUN / 2];

// The left one of two pixels is the lower half of a word.
const _: () = assert!(cfg!(target_endian = "little"));

/// Two pixels, the left one first.
const fn word(left: u32, right: u32) -> u64 {
    left as u64 | (right as u64) << 32
}

/// A run of these pixels.
pub fn run_of(pixels: &[u32; RUN]) -> Run {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *pixels;
    [word(a, b), word(c, d), word(e, f), word(g, h), word(i, j), word(k, l), word(m, n), word(o, p)]
}

/// The pixels of runs.
pub(super) fn pixels(runs: &[Run]) -> &[u32] {
    <[u32]>::ref_from_bytes(runs.as_bytes()).unwrap_or_default()
}

/// The same, to be changed.
pub(super) fn pixels_mut(runs: &mut [Run]) -> &mut [u32] {
    <[u32]>::mut_from_bytes(runs.as_mut_bytes()).unwrap_or_default()
}

/// Whether both are the same.
pub(super) fn same(one: &Run, other: &Run) -> bool {
    let ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) = (one, other);
    // Pixels that differ mostly do so at once.
    a == i && ((b ^ j) | (c ^ k) | (d ^ l) | (e ^ m) | (f ^ n) | (g ^ o) | (h ^ p)) == 0
}

/// Whether all of it has one colour.
pub(super) fn has_color(run: &Run, color: u32) -> bool {
    same(run, &[word(color, color); RUN / 2])
}

/// [`same`] for rows of any length. Not `==`, which calls `bcmp`, which kernels may lack and emulators do byte by byte.
pub(super) fn same_row(one: &[u32], other: &[u32]) -> bool {
    let ((fours, rest), (other_fours, other_rest)) = (one.as_chunks::<4>(), other.as_chunks::<4>());
    let differ = |([a, b, c, d], [e, f, g, h]): (&[u32; 4], &[u32; 4])| {
        (word(*a, *b) ^ word(*e, *f)) | (word(*c, *d) ^ word(*g, *h)) != 0
    };
    one.len() == other.len() && !fours.iter().zip(other_fours).any(differ) && rest.iter().eq(other_rest)
}

/// [`has_color`] for rows of any length.
pub(super) fn row_has_color(row: &[u32], color: u32) -> bool {
    let (fours, rest) = row.as_chunks::<4>();
    let color_word = word(color, color);
    let differ = |[a, b, c, d]: &[u32; 4]| (word(*a, *b) ^ color_word) | (word(*c, *d) ^ color_word) != 0;
    !fours.iter().any(differ) && rest.iter().all(|pixel| *pixel == color)
}

/// Copies a run, word by word: a copy of the whole would not fit into registers.
pub(super) fn copy(target: &mut Run, source: &Run) {
    for (target, source) in target.iter_mut().zip(source) {
        *target = *source;
    }
}

/// Copies pixels. Not by `memcpy`, which is slow for a few of them.
pub(super) fn copy_row(target: &mut [u32], source: &[u32]) {
    let ((fours, rest), (source_fours, source_rest)) = (target.as_chunks_mut::<4>(), source.as_chunks::<4>());
    for (target, source) in fours.iter_mut().zip(source_fours) {
        *target = *source;
    }
    for (target, source) in rest.iter_mut().zip(source_rest) {
        *target = *source;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pixel_counts() {
        let row: [u32; RUN] = core::array::from_fn(|index| 100 + u32::try_from(index).unwrap());
        let run = run_of(&row);
        assert!(same(&run, &run.clone()) && has_color(&run_of(&[7; RUN]), 7));
        assert_eq!(pixels(&[run, run])[12..20], [112, 113, 114, 115, 100, 101, 102, 103]);
        for index in 0..RUN {
            let mut other = row;
            other[index] ^= 0x0080_0000;
            assert!(!same(&run, &run_of(&other)) && !same_row(&row, &other));
            let mut copied = row;
            copy_row(&mut copied[..=index], &other[..=index]);
            assert_eq!(copied, other);
            let mut colored = [7; RUN];
            colored[index] = 6;
            assert!(!has_color(&run_of(&colored), 7) && !row_has_color(&colored[..=index], 7));
            assert!(row_has_color(&colored[..index], 7));
        }
        assert!(!same_row(&row, &row[1..]));
    }
}
