//! Copies between our memory and memory that others use at the same time, in words where that is possible.
//!
//! Loops of words, because string instructions are slow where processors are emulated.

use core::ptr;

const WORD: usize = size_of::<u64>();

/// Copies out of shared memory.
///
/// # Safety
/// As many bytes as `to` has are mapped from `from` on. Others may write them meanwhile; `to` is ours alone.
pub(crate) unsafe fn read(from: *const u8, to: &mut [u8]) {
    let (first, words, last) = split(from, to.len());
    let (begin, rest) = to.split_at_mut(first);
    let (middle, end) = rest.split_at_mut(words);
    let mut place = from;
    for byte in begin {
        // SAFETY: inside, by this function's contract.
        *byte = unsafe { ptr::read_volatile(place) };
        place = place.wrapping_add(1);
    }
    for word in middle.chunks_exact_mut(WORD) {
        // SAFETY: inside, by this function's contract, and aligned by `split`.
        let read = unsafe { ptr::read_volatile(place.cast::<u64>()) };
        word.copy_from_slice(&read.to_ne_bytes());
        place = place.wrapping_add(WORD);
    }
    debug_assert_eq!(end.len(), last);
    for byte in end {
        // SAFETY: inside, by this function's contract.
        *byte = unsafe { ptr::read_volatile(place) };
        place = place.wrapping_add(1);
    }
}

/// Copies into shared memory.
///
/// # Safety
/// As many bytes as `from` has are mapped and writable from `to` on. Others may read and write them meanwhile; `from` is
/// not among them.
pub(crate) unsafe fn write(to: *mut u8, from: &[u8]) {
    let (first, words, _) = split(to, from.len());
    let (begin, rest) = from.split_at(first);
    let (middle, end) = rest.split_at(words);
    let mut place = to;
    for byte in begin {
        // SAFETY: inside, by this function's contract.
        unsafe { ptr::write_volatile(place, *byte) };
        place = place.wrapping_add(1);
    }
    for word in middle.chunks_exact(WORD) {
        let word = word.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        // SAFETY: inside, by this function's contract, and aligned by `split`.
        unsafe { ptr::write_volatile(place.cast::<u64>(), word.to_le()) };
        place = place.wrapping_add(WORD);
    }
    for byte in end {
        // SAFETY: inside, by this function's contract.
        unsafe { ptr::write_volatile(place, *byte) };
        place = place.wrapping_add(1);
    }
}

/// How many of `len` bytes at `place` come before the first aligned word, are in words, and come after.
fn split(place: *const u8, len: usize) -> (usize, usize, usize) {
    let first = place.align_offset(WORD).min(len);
    let words = (len - first) / WORD * WORD;
    (first, words, len - first - words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alignment_and_length_is_copied() {
        let source: [u8; 40] = core::array::from_fn(|index| u8::try_from(index).expect("small"));
        for start in 0..9 {
            for len in 0..30 {
                let mut there = [0xff; 48];
                let from = &source[..len];
                // SAFETY: `start + len` is less than the array's length.
                unsafe { write(there.as_mut_ptr().wrapping_add(start), from) };
                assert_eq!(&there[start..start + len], from);
                assert!(there[..start].iter().chain(&there[start + len..]).all(|byte| *byte == 0xff));
                let mut back = [0; 30];
                // SAFETY: as above.
                unsafe { read(there.as_ptr().wrapping_add(start), &mut back[..len]) };
                assert_eq!(&back[..len], from);
            }
        }
    }
}
