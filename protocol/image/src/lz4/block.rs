//! An LZ4 block of pixels of 4 bytes.
//!
//! Ordinary LZ4 encoders look for matches at every byte. Those of pictures are looked for at every pixel ([`search`]), a quarter
//! of the places; they begin and end between bytes all the same. What comes out is LZ4 as every decoder reads it: the last
//! match begins at least 12 bytes before the end, and the last 5 bytes are literals.
//!
//! [`search`]: super::search

use alloc::vec::Vec;

use super::search::{Busy, GROUP, MOST_AHEAD, Manner, Mixed, Search, Table, WINDOW};
use super::sequences::{SHORTEST, Sequences};

/// One pixel: blue, green, red, and alpha or anything.
pub(super) type Pixel = [u8; 4];

/// Pixels that are worth a search.
pub(super) const FEWEST: usize = 64;
/// Pixels at the end at which nothing is looked for; matches reach into them.
const END: usize = GROUP + 8;
/// Bytes at the end that are in no match.
const LAST_LITERALS: usize = 5;
/// After 2 to the power of this many groups without a match, one more pixel is passed over before each.
const PATIENCE: usize = 5;
/// How many samples of how many pixels tell what kind of image it is.
const SAMPLES: usize = 128;
const SAMPLE: usize = 16;

/// Writes a block of the pixels of an image that is `width` of them wide: how many bytes of `block` it has.
pub(super) fn encode(table: &mut Table, pixels: &[Pixel], width: usize, block: &mut Vec<u8>) -> usize {
    let samples = pixels.chunks((pixels.len() / SAMPLES).max(SAMPLE));
    let pairs =
        samples.filter_map(<[Pixel]>::first_chunk::<SAMPLE>).flat_map(|sample| sample.array_windows());
    let (same, all) = pairs.fold((0, 0), |(same, all), [a, b]| (same + usize::from(a == b), all + 1));
    if same * 3 > all {
        encode_as::<Mixed>(table, pixels, width, block)
    } else {
        encode_as::<Busy>(table, pixels, width, block)
    }
}

fn encode_as<M: Manner>(table: &mut Table, pixels: &[Pixel], width: usize, block: &mut Vec<u8>) -> usize {
    let Some(mut search) = Search::new(table, pixels) else { return 0 };
    let bytes = pixels.as_flattened();
    let matchable = bytes.get(..bytes.len().saturating_sub(LAST_LITERALS)).unwrap_or_default();
    let limit = pixels.len().saturating_sub(END);
    let mut sequences = Sequences::new(bytes, block);
    let mut distances = [0; GROUP];
    // Groups since the last match.
    let mut misses = 0;
    // The first two pixels have no two before them.
    let mut base = 2;
    'groups: while base < limit {
        let above = if base > width && width < WINDOW - 2 { width } else { 1 };
        let (mut places, group) = if search.is_again(base, above) {
            // Long matches with the row above, of which drawings are full, are taken without a search.
            distances[0] = above as u32;
            (1, 1)
        } else {
            (search.group::<M>(base, above, &mut distances), GROUP)
        };
        if places == 0 {
            base += GROUP + (misses >> PATIENCE);
            misses += 1;
            continue;
        }
        misses = 0;
        while places != 0 {
            let place = places.trailing_zeros() as usize % GROUP;
            places &= places - 1;
            let (at, distance) = (base + place, distances[place] as usize);
            let Some((behind, mut ahead)) = search.compare(at, distance) else { continue };
            let behind = smaller(behind, at * 4 - sequences.written());
            if ahead + behind <= SHORTEST {
                continue;
            }
            if ahead == MOST_AHEAD {
                ahead += common(matchable, at * 4 + ahead, distance * 4);
            }
            sequences.push(at * 4 - behind, distance * 4, ahead + behind);
            let next = sequences.written().div_ceil(4);
            if next - base >= group {
                // The last pixel of the match is where the next one like it is likely to continue.
                search.enter::<M>(next - 1);
                base = next;
                continue 'groups;
            }
            places &= u32::MAX << (next - base);
        }
        base += group;
    }
    sequences.finish()
}

/// The smaller number. Which one it is, is hard to foresee, so this is no branch.
#[inline(always)]
const fn smaller(a: usize, b: usize) -> usize {
    let less = (a as isize).wrapping_sub(b as isize);
    b.wrapping_add_signed(less & less >> (isize::BITS - 1))
}

/// How many bytes from `at` on are the same as those `distance` before.
#[inline(never)]
fn common(bytes: &[u8], at: usize, distance: usize) -> usize {
    let (a, b) = (bytes.get(at - distance..).unwrap_or_default(), bytes.get(at..).unwrap_or_default());
    let blocks = a.as_chunks::<32>().0.iter().zip(b.as_chunks::<32>().0);
    let whole = blocks.take_while(|(a, b)| a == b).count() * 32;
    let (a, b) = (a.get(whole..).unwrap_or_default(), b.get(whole..).unwrap_or_default());
    let words = a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0);
    for (index, (a, b)) in words.enumerate() {
        let differs = u128::from_le_bytes(*a) ^ u128::from_le_bytes(*b);
        if differs != 0 {
            return whole + index * 16 + differs.trailing_zeros() as usize / 8;
        }
    }
    let done = b.len() - b.len() % 16;
    let rest = a.get(done..).unwrap_or_default().iter().zip(b.get(done..).unwrap_or_default());
    whole + done + rest.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_bytes_are_counted_to_the_last() {
        for length in 0..120 {
            let bytes: Vec<u8> =
                (0..200).map(|at| if at < 80 + length { (at % 40) as u8 } else { 0xff }).collect();
            assert_eq!(common(&bytes, 80, 40), length);
            assert_eq!(common(bytes.get(..80 + length).unwrap_or_default(), 80, 40), length);
        }
    }

    #[test]
    fn the_smaller_number_is_smaller() {
        assert_eq!([smaller(0, 0), smaller(3, 4), smaller(4, 3), smaller(0, usize::MAX / 2)], [0, 3, 3, 0]);
    }
}
