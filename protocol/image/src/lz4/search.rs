//! Where pixels of 4 bytes were seen before.
//!
//! Sixteen pixels are looked up at once, and all that is known of them is computed without branches: what comes next in a
//! picture cannot be foreseen, and each wrong guess of a processor costs as much as looking up a pixel. What is found is
//! compared afterwards, so that it need not be right.

use alloc::vec::Vec;

use super::block::Pixel;

/// Pixels that are looked up at once.
pub(super) const GROUP: usize = 16;
/// Pixels that a match can refer back.
pub(super) const WINDOW: usize = 1 << PLACE_BITS;
/// Bytes of a match that [`Search::compare`] sees.
pub(super) const MOST_AHEAD: usize = 12;

const TABLE_BITS: u32 = 15;
/// An entry is a place, or as much of it as the window takes, below as much of the hash as there is room for.
const PLACE_BITS: u32 = 14;
const PLACE: u32 = (1 << PLACE_BITS) - 1;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// How an image is looked at.
pub(super) trait Manner {
    /// The part of the table that is used.
    const HASH_BITS: u32;
    /// What the bytes of two pixels are multiplied with for a hash.
    const MULTIPLIER: u64;
    /// Whether single pixels are worth a match.
    const SINGLES: bool;
}

/// For drawings, and for images that are so in part.
pub(super) struct Mixed;
/// For photographs, which are full of matches.
pub(super) struct Busy;

impl Manner for Mixed {
    const HASH_BITS: u32 = TABLE_BITS;
    /// The last two bytes do not count.
    const MULTIPLIER: u64 = MULTIPLIER << 16;
    const SINGLES: bool = true;
}

impl Manner for Busy {
    const HASH_BITS: u32 = TABLE_BITS - 1;
    const MULTIPLIER: u64 = MULTIPLIER;
    const SINGLES: bool = false;
}

/// The last places of pixels; keep it to save its allocation.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(Vec<u32>);

impl Table {
    /// A table without memory.
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }
}

/// Finds earlier pixels of an image.
pub(super) struct Search<'a> {
    pixels: &'a [Pixel],
    table: &'a mut [u32; 1 << TABLE_BITS],
}

impl<'a> Search<'a> {
    /// A search that has seen nothing.
    pub(super) fn new(table: &'a mut Table, pixels: &'a [Pixel]) -> Option<Self> {
        table.0.clear();
        table.0.resize(1 << TABLE_BITS, 0);
        Some(Self { pixels, table: table.0.as_mut_slice().try_into().ok()? })
    }

    /// Whether four pixels are as those `above` pixels before.
    #[inline(always)]
    pub(super) fn is_again(&self, at: usize, above: usize) -> bool {
        self.four(at) == self.four(at - above)
    }

    /// Looks up the pixels from `base` on, the third pixel or a later one: at which places something like them may be, as bits,
    /// and how many pixels before.
    #[inline(always)]
    pub(super) fn group<M: Manner>(
        &mut self,
        base: usize,
        above: usize,
        distances: &mut [u32; GROUP],
    ) -> u32 {
        let pixels = self.pixels.get(base - 2..).and_then(<[Pixel]>::first_chunk);
        let row_above = self.pixels.get(base - 1 - above..).and_then(<[Pixel]>::first_chunk);
        let (Some(pixels), Some(row_above)) = (pixels, row_above) else { return 0 };
        let (mut old, mut new) = ([0; GROUP], [0; GROUP]);
        exchange::<M>(self.table, pixels, base, &mut old, &mut new);
        choose::<M>(pixels, row_above, above as u32, &old, &new, distances)
    }

    /// How many bytes before and from pixel `at` on are the same as `distance` pixels before: at most 4, and 4 to
    /// [`MOST_AHEAD`]. `None` if this pixel differs, or where a match cannot be.
    #[inline(always)]
    pub(super) fn compare(&self, at: usize, distance: usize) -> Option<(usize, usize)> {
        let from = at.wrapping_sub(1);
        let (here, there) = (self.four(from)?, self.four(from.wrapping_sub(distance))?);
        let (head, tail) = (here.0 ^ there.0, here.1 ^ there.1);
        if (head >> 32 != 0) | (distance >= WINDOW) {
            return None;
        }
        let behind = (head as u32).leading_zeros() / 8;
        Some((behind as usize, 4 + tail.trailing_zeros() as usize / 8))
    }

    /// Enters a pixel into the table.
    #[inline(always)]
    pub(super) fn enter<M: Manner>(&mut self, at: usize) {
        if let Some((two, _)) = self.four(at) {
            exchange_one::<M>(self.table, two, at);
        }
    }

    /// Four pixels, as two words.
    #[inline(always)]
    fn four(&self, at: usize) -> Option<(u64, u64)> {
        let four = self.pixels.get(at..)?.first_chunk::<4>()?.as_flattened();
        let word = |half: &[u8; 8]| u64::from_le_bytes(*half);
        Some((word(four.first_chunk()?), word(four.last_chunk()?)))
    }
}

/// Enters the third and all further pixels; the entries that were there before, and the new ones.
#[inline(never)]
fn exchange<M: Manner>(
    table: &mut [u32; 1 << TABLE_BITS],
    pixels: &[Pixel; GROUP + 3],
    base: usize,
    old: &mut [u32; GROUP],
    new: &mut [u32; GROUP],
) {
    let bytes = pixels.as_flattened();
    for place in 0..GROUP {
        let two = bytes.get(place * 4 + 8..).and_then(<[u8]>::first_chunk);
        let two = two.map_or(0, |two| u64::from_le_bytes(*two));
        (old[place], new[place]) = exchange_one::<M>(table, two, base + place);
    }
}

#[inline(always)]
fn exchange_one<M: Manner>(table: &mut [u32; 1 << TABLE_BITS], two: u64, at: usize) -> (u32, u32) {
    let hash = two.wrapping_mul(M::MULTIPLIER);
    // The higher bits choose the entry, lower ones are in it.
    let new = (hash >> 18) as u32 & !PLACE | at as u32 & PLACE;
    (core::mem::replace(&mut table[(hash >> (64 - M::HASH_BITS)) as usize], new), new)
}

/// The distances at which pixels may be found again, and bits for those that may. The pixels are those from two before the
/// first one on, those above are from one before on.
#[inline(never)]
fn choose<M: Manner>(
    pixels: &[Pixel; GROUP + 3],
    above: &[Pixel; GROUP + 2],
    distance_above: u32,
    old: &[u32; GROUP],
    new: &[u32; GROUP],
    distances: &mut [u32; GROUP],
) -> u32 {
    let mut found = [0; GROUP];
    for place in 0..GROUP {
        let here = u32::from_le_bytes(pixels[place + 2]);
        let differs = |other: Pixel| here ^ u32::from_le_bytes(other);
        let mut distance = 0;
        // The last one is the best.
        if M::SINGLES {
            distance = if differs(pixels[place]) == 0 { 2 } else { distance };
            distance = if differs(above[place]) == 0 { distance_above + 1 } else { distance };
            distance = if differs(above[place + 2]) == 0 { distance_above - 1 } else { distance };
            distance = if differs(pixels[place + 1]) == 0 { 1 } else { distance };
            distance = if differs(above[place + 1]) == 0 { distance_above } else { distance };
        }
        let seen = new[place].wrapping_sub(old[place]) & PLACE;
        distance = if (new[place] ^ old[place]) & !PLACE == 0 { seen } else { distance };
        let next = u32::from_le_bytes(pixels[place + 3]) ^ u32::from_le_bytes(above[place + 2]);
        distance = if differs(above[place + 1]) | next == 0 { distance_above } else { distance };
        distances[place] = distance;
        found[place] = u8::from(distance != 0);
    }
    // The bytes, each 0 or 1, come together as bits.
    let bits =
        |eight: &[u8; 8]| (u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32;
    found.as_chunks().0.iter().rev().fold(0, |all, eight| all << 8 | bits(eight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_found_to_the_left_above_and_by_their_hash() {
        let pixels: Vec<Pixel> = (0..200_u32).map(|at| (at * 0x0101_0101).to_le_bytes()).collect();
        let above: Vec<Pixel> = (0..18_u32).map(|at| (at | 0x8000_0000).to_le_bytes()).collect();
        let (mut pixels, mut above): ([Pixel; GROUP + 3], [Pixel; GROUP + 2]) =
            (*pixels.first_chunk().expect("enough"), *above.first_chunk().expect("enough"));
        // Pixel 0 is the third of these.
        pixels[3] = pixels[2];
        pixels[6] = pixels[4];
        above[6] = pixels[8];
        above[9] = pixels[9];
        above[13] = pixels[14];
        let (mut old, new) = ([1 << 31; GROUP], [5; GROUP]);
        old[15] = 2;
        let mut distances = [0; GROUP];
        let found = choose::<Mixed>(&pixels, &above, 50, &old, &new, &mut distances);
        assert_eq!(distances, [0, 1, 0, 0, 2, 0, 51, 49, 0, 0, 0, 0, 50, 0, 0, 3]);
        assert_eq!(found, 0b1001_0000_1101_0010);
        let found = choose::<Busy>(&pixels, &above, 50, &old, &new, &mut distances);
        assert_eq!((distances[12], distances[15], found), (0, 3, 1 << 15));
    }
}
