//! What of an image is elsewhere: its colours as literals and matches.
//!
//! Matching is greedy. A hash table has the last place of two or three pixels over all images; where the pixels at a place are
//! the same, the match is made as long as it gets, in both directions. Another place to look at is where the last long match
//! goes on, or where an image of the same size has the same pixel: pictures that change a little are found that way. How
//! thoroughly an image is looked at depends on what it shows ([`Manner`]).

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;

use super::{MAX_LITERALS, Pixel};
use crate::lz::{append_colors, common_colors};
use crate::pixel::run_length;

/// With entries of 8 bytes, what a processor core has at hand: a larger table finds more, and takes longer to ask.
const HASH_BITS: u32 = 16;
/// Places between two that are looked at, at most: what is not entered into the table cannot be found in later images.
const LONGEST_STEP: usize = 4;
/// Pixels of a match after which the next one is looked for where it goes on.
const LONG: usize = 64;
/// Images among which one of the same size is looked for.
const LATEST: usize = 8;
/// How many samples of how many pixels tell what kind of image it is.
const SAMPLES: usize = 128;
const SAMPLE: usize = 16;
/// The bytes of a pixel that are colours.
const COLORS: u32 = 0x00ff_ffff;

/// How an image is looked at.
trait Manner {
    /// Pixels that are looked up in the table: 2 or 3.
    const WIDTH: u32;
    /// The part of the table that is used.
    const HASH_BITS: u32;
    /// Places that are passed over after 8 misses, and as many more after 8 more.
    const HASTE: usize;
}

/// For images of one colour more than of many: short matches spoil long ones.
struct Flat;
/// For images of areas of both kinds.
struct Mixed;
/// For photographs: matches are short all over, and few of those that a larger table finds are longer.
struct Busy;

impl Manner for Flat {
    const WIDTH: u32 = 3;
    const HASH_BITS: u32 = HASH_BITS;
    const HASTE: usize = 2;
}

impl Manner for Mixed {
    const WIDTH: u32 = 2;
    const HASH_BITS: u32 = HASH_BITS;
    const HASTE: usize = 2;
}

impl Manner for Busy {
    const WIDTH: u32 = 2;
    const HASH_BITS: u32 = HASH_BITS - 1;
    const HASTE: usize = 3;
}

/// The last [`Place`] of pixels of a hash.
#[derive(Clone, Debug)]
pub(super) struct Table(Vec<u64>);

impl Table {
    /// A table that has seen nothing.
    pub(super) fn new() -> Self {
        Self(vec![0; 1 << HASH_BITS])
    }
}

/// Appends the pixels of the image with that number but for their alpha. `images` are those before it, without gaps.
pub(super) fn colors(
    images: &VecDeque<Bytes>,
    table: &mut Table,
    image: u32,
    pixels: &[Pixel],
    out: &mut Vec<u8>,
) {
    let Ok(table) = table.0.as_mut_slice().try_into() else { return };
    let mut search = Search { image, pixels, images, table, aligned: aligned_with_latest(images, pixels) };
    match repeated(pixels) {
        (same, all) if same * 4 > all * 3 => search.sequence::<Flat>(out),
        (same, all) if same * 3 > all => search.sequence::<Mixed>(out),
        _ => search.sequence::<Busy>(out),
    }
}

/// Where pixels were seen. It may be of an image that is gone, and of pixels that are others by now: it is a hint.
#[derive(Clone, Copy)]
struct Place {
    /// The lower bits of the image's number.
    image: u32,
    pixel: u32,
}

/// A place is a word in the table, with the first pixel there, so that a hint that is of no use is seen without a look at the
/// image; and so that a new table is fresh memory that nobody had to write.
impl Place {
    const IMAGE_BITS: u32 = 15;
    const PIXEL_BITS: u32 = 25;

    #[inline(always)]
    const fn to_word(self, first: u32) -> u64 {
        (self.image as u64) << (64 - Self::IMAGE_BITS) | (self.pixel as u64) << 24 | first as u64
    }

    #[inline(always)]
    const fn from_word(word: u64) -> Self {
        let pixel = (word >> 24) as u32 & ((1 << Self::PIXEL_BITS) - 1);
        Self { image: (word >> (64 - Self::IMAGE_BITS)) as u32, pixel }
    }
}

/// Pixels of an image and where in it something is: how many images back, and the place.
#[derive(Clone, Copy)]
struct Spot<'a> {
    distance: u32,
    pixels: &'a [Pixel],
    at: usize,
}

/// A match: with what, how many pixels from the spot on, and how many of the literals before it that have yet to be written.
struct Match<'a> {
    spot: Spot<'a>,
    ahead: usize,
    behind: usize,
}

/// How many of a sample's pixels equal the one before, and the number of all.
fn repeated(pixels: &[Pixel]) -> (usize, usize) {
    let samples = pixels.chunks((pixels.len() / SAMPLES).max(SAMPLE));
    let pairs =
        samples.filter_map(<[Pixel]>::first_chunk::<SAMPLE>).flat_map(|sample| sample.array_windows());
    pairs.fold((0, 0), |(same, all), [a, b]| (same + usize::from(key(*a) == key(*b)), all + 1))
}

/// The latest image of the same size, which this one may be a later state of: its place that goes with the first pixel.
fn aligned_with_latest<'a>(images: &'a VecDeque<Bytes>, pixels: &[Pixel]) -> Option<(Spot<'a>, isize)> {
    let mut latest = images.iter().rev().zip(1..).take(LATEST);
    let (data, distance) = latest.find(|(data, _)| data.len() == pixels.len() * 4)?;
    Some((Spot { distance, pixels: data.as_chunks::<4>().0, at: 0 }, 0))
}

/// Looks for matches of an image's pixels.
struct Search<'a> {
    image: u32,
    pixels: &'a [Pixel],
    images: &'a VecDeque<Bytes>,
    table: &'a mut [u64; 1 << HASH_BITS],
    /// Where the last long match goes on, which is likely where the next one is: the image, and what to add to a place in this
    /// one for the place there.
    aligned: Option<(Spot<'a>, isize)>,
}

impl<'a> Search<'a> {
    /// Writes literals and matches.
    fn sequence<M: Manner>(&mut self, out: &mut Vec<u8>) {
        let pixels = self.pixels;
        let mut literals_from = 0;
        let mut at = 1;
        // Places looked at since the last match.
        let mut misses = 0;
        while let Some([before, first, second, third]) = pixels.get(at - 1..).and_then(<[Pixel]>::first_chunk)
        {
            let keys = [key(*first), key(*second), key(*third)];
            // Where one pixel equals the next is hard to foresee, where four do is not: one comparison tells.
            let differ = (key(*before) ^ keys[0]) | (keys[1] ^ keys[0]) | (keys[2] ^ keys[0]);
            if differ == 0 {
                let length = 3 + run_length(pixels.get(at + 3..).unwrap_or_default(), keys[0], key);
                write_literals(pixels.get(literals_from..).unwrap_or_default(), at - literals_from, out);
                write_match(0, 0, length, out);
                at += length;
            } else if let Some(Match { spot, ahead, behind }) = self.find::<M>(at, keys, literals_from) {
                let literals = at - behind - literals_from;
                write_literals(pixels.get(literals_from..).unwrap_or_default(), literals, out);
                let (pixels, length) = (pixel_distance(&spot, at, behind), ahead + behind);
                if spot.distance == 0 && length < 7 {
                    write_short_match(pixels, length, out);
                } else {
                    write_match(spot.distance, pixels, length, out);
                }
                if ahead + behind >= LONG {
                    self.aligned = Some((spot, spot.at as isize - at as isize));
                }
                at += ahead;
                // The last pixels of the match are where the next one like it is likely to continue.
                self.enter::<M>(at - 2);
                self.enter::<M>(at - 1);
            } else {
                at += (1 + misses * M::HASTE / 8).min(LONGEST_STEP);
                misses += 1;
                continue;
            }
            literals_from = at;
            misses = 0;
        }
        let rest = pixels.get(literals_from..).unwrap_or_default();
        write_literals(rest, rest.len(), out);
    }

    /// The longer of the matches at the aligned place and at the one in the table, if it is worth its bytes.
    #[inline(always)]
    fn find<M: Manner>(&mut self, at: usize, keys: [u32; 3], literals_from: usize) -> Option<Match<'a>> {
        let ahead = |spot: Spot<'a>| {
            let there = spot.pixels.get(spot.at..).unwrap_or_default();
            (spot, common_colors(there, self.pixels.get(at..).unwrap_or_default()))
        };
        // Lossless: an image has at most MAX_PIXELS.
        let here = Place { image: self.image, pixel: at as u32 }.to_word(keys[0]);
        let word = core::mem::replace(&mut self.table[hash::<M>(keys)], here);
        let aligned = self.aligned.map(|(spot, shift)| Spot { at: at.wrapping_add_signed(shift), ..spot });
        let starts = |spot: &Spot<'_>| spot.pixels.get(spot.at).is_some_and(|pixel| key(*pixel) == keys[0]);
        let aligned = aligned.filter(starts).map(ahead);
        let seen = if word as u32 & COLORS == keys[0] {
            self.spot(Place::from_word(word), at).map(ahead)
        } else {
            None
        };
        let (spot, ahead) = match (aligned, seen) {
            (Some(aligned), Some(seen)) if aligned.1 < seen.1 => seen,
            (Some(found), _) | (None, Some(found)) => found,
            (None, None) => return None,
        };
        let before = |pixels: &[Pixel], at: usize| pixels.get(at.wrapping_sub(1)).copied().map(key);
        // Mostly they differ, and whether there are literals is hard to foresee.
        let behind = if before(spot.pixels, spot.at) == before(self.pixels, at) {
            let before = spot.pixels.get(..spot.at).unwrap_or_default();
            common_end(before, self.pixels.get(literals_from..at).unwrap_or_default())
        } else {
            0
        };
        let bytes = match_bytes(spot.distance, pixel_distance(&spot, at, behind));
        (ahead > 0 && (ahead + behind) * 3 > bytes).then_some(Match { spot, ahead, behind })
    }

    /// A place in an image that is still there, before place `at` of this one.
    #[inline(always)]
    fn spot(&self, place: Place, at: usize) -> Option<Spot<'a>> {
        let distance = self.image.wrapping_sub(place.image) & ((1 << Place::IMAGE_BITS) - 1);
        let from = place.pixel as usize;
        if distance == 0 {
            return (from < at).then_some(Spot { distance, pixels: self.pixels, at: from });
        }
        let index = self.images.len().checked_sub(distance as usize)?;
        Some(Spot { distance, pixels: self.images.get(index)?.as_chunks::<4>().0, at: from })
    }

    /// Enters a place into the table.
    #[inline(always)]
    fn enter<M: Manner>(&mut self, at: usize) {
        if let Some(&[a, b, c]) = self.pixels.get(at..).and_then(<[Pixel]>::first_chunk::<3>) {
            let keys = [key(a), key(b), key(c)];
            self.table[hash::<M>(keys)] = Place { image: self.image, pixel: at as u32 }.to_word(keys[0]);
        }
    }
}

/// What a match says of the place in its image.
#[inline(always)]
const fn pixel_distance(spot: &Spot<'_>, at: usize, behind: usize) -> usize {
    if spot.distance == 0 { at - spot.at - 1 } else { spot.at - behind }
}

/// Bytes of a short match.
#[inline(always)]
const fn match_bytes(images: u32, pixels: usize) -> usize {
    let far = pixels >= 1 << 12;
    let further = if far { images } else { images >> 6 };
    3 + (4 - further.leading_zeros() as usize / 8) + (pixels >= 1 << 17) as usize
}

fn key(pixel: Pixel) -> u32 {
    u32::from_le_bytes(pixel) & COLORS
}

#[inline(always)]
fn hash<M: Manner>(keys: [u32; 3]) -> usize {
    let [a, b, c] = keys.map(u64::from);
    let word = if M::WIDTH == 3 { a ^ b << 20 ^ c << 40 } else { a ^ b << 24 };
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - M::HASH_BITS)) as usize
}

/// How many of the last pixels are the same in both.
fn common_end(a: &[Pixel], b: &[Pixel]) -> usize {
    a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| key(**a) == key(**b)).count()
}

/// Writes the first `count` pixels as literals.
#[inline(always)]
fn write_literals(pixels: &[Pixel], count: usize, out: &mut Vec<u8>) {
    match pixels.first_chunk::<4>() {
        // Few are written as four, because how many there are is hard to foresee.
        Some(four) if count <= four.len() => {
            let end = out.len() + count * 3 + usize::from(count > 0);
            let [a, b, c, d] = four.map(|pixel| u128::from(key(pixel)));
            let count = u128::from((count as u8).wrapping_sub(1));
            out.extend_from_slice(&(count | a << 8 | b << 32 | c << 56 | d << 80).to_le_bytes());
            out.truncate(end);
        }
        _ => write_groups(pixels, count, out),
    }
}

#[inline(never)]
fn write_groups(mut pixels: &[Pixel], mut count: usize, out: &mut Vec<u8>) {
    while count > 0 {
        // 1 to 32 pixels, announced as 0 to 31.
        let group = count.min(MAX_LITERALS);
        out.push((group - 1) as u8);
        append_colors(pixels, group, out);
        pixels = pixels.get(group..).unwrap_or_default();
        count -= group;
    }
}

/// [`write_match`] in the same image, for lengths below 7: most matches are such.
#[inline(always)]
fn write_short_match(pixels: usize, length: usize, out: &mut Vec<u8>) {
    let (far, farther) = (pixels >= 1 << 12, pixels >= 1 << 17);
    // Lossless: distances have 25 bits.
    let pixels = pixels as u64;
    let control = (length as u64) << 5 | u64::from(far) << 4 | pixels & 15;
    let further = u64::from(farther) << 5 | pixels >> 12 & 31;
    let bytes = control | (pixels >> 4 & 255) << 8 | further << 16 | pixels >> 17 << 24;
    let end = out.len() + 3 + usize::from(farther);
    out.extend_from_slice(&bytes.to_le_bytes());
    out.truncate(end);
}

/// Writes a match by its distances and its stored length, which is at least 1.
pub(super) fn write_match(images: u32, pixels: usize, length: usize, out: &mut Vec<u8>) {
    let far = pixels >= 1 << 12;
    let control = (length.min(7) as u8) << 5 | u8::from(far) << 4 | (pixels & 15) as u8;
    if let Some(rest) = length.checked_sub(7) {
        out.push(control);
        out.resize(out.len() + rest / 255, 255);
        out.push((rest % 255) as u8);
    } else {
        out.push(control);
    }
    let (in_this_byte, further) =
        if far { ((pixels >> 12 & 31) as u8, images) } else { ((images & 63) as u8, images >> 6) };
    let count = 4 - further.leading_zeros() / 8;
    let farther = pixels >= 1 << 17;
    // The bytes that follow are put together and written as one, so that few branches depend on the distances.
    let head = u64::from((pixels >> 4) as u8)
        | u64::from((count as u8) << 6 | u8::from(farther) << 5 | in_this_byte) << 8
        | u64::from(further) << 16;
    let bytes = head | ((pixels >> 17) as u64) << (16 + 8 * count);
    let end = out.len() + 2 + count as usize + usize::from(farther);
    out.extend_from_slice(&bytes.to_le_bytes());
    out.truncate(end);
}
