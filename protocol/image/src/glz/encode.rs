//! The dictionary of a server: images that a client has been sent, and encoding with them.
//!
//! Matching is greedy. A hash table has the last place of three pixels over all images; where the pixels at a place are
//! the same, the match is made as long as it gets, in both directions.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::{MAGIC, MAX_LITERALS, Pixel, RGB24, RGB32, RGBA, TOP_DOWN, VERSION};
use crate::bitmap::{Bitmap, BitmapFormat};
use crate::pixel::run_length;

const HASH_BITS: u32 = 18;
/// Pixels of a match of which only every so many are entered into the table.
const ENTRY_STEP: usize = 16;
/// Distances of pixels that a far match can say.
const MAX_PIXEL_DISTANCE: usize = 1 << 25;
/// Distances of images that a match can say in its three further bytes.
const MAX_IMAGE_DISTANCE: u32 = 1 << 24;
/// Pixels whose place fits everywhere.
const MAX_PIXELS: u64 = MAX_PIXEL_DISTANCE as u64;

/// The images that streams can refer to, which are those that the client keeps.
#[derive(Clone, Debug)]
pub struct Dictionary {
    /// The number of the next image.
    next: u64,
    /// The last images in the order of their numbers, without gaps: as many as fit into `max_pixels`.
    images: VecDeque<Bytes>,
    pixels: u64,
    max_pixels: u64,
    /// The last [`Place`] of three pixels of a hash.
    table: Vec<u64>,
}

/// Where three pixels were seen. It may be of an image that is gone, and of pixels that are others by now: it is a hint.
#[derive(Clone, Copy)]
struct Place {
    /// The lower bits of the image's number.
    image: u32,
    pixel: u32,
}

/// A place is a word in the table, so that a new table is fresh memory that nobody had to write.
impl Place {
    const fn to_word(self) -> u64 {
        (self.image as u64) << 32 | self.pixel as u64
    }

    const fn from_word(word: u64) -> Self {
        Self { image: (word >> 32) as u32, pixel: word as u32 }
    }
}

impl Dictionary {
    /// An empty dictionary for a client whose window holds `max_pixels`.
    pub fn new(max_pixels: u64) -> Self {
        Self { next: 0, images: VecDeque::new(), pixels: 0, max_pixels, table: vec![0; 1 << HASH_BITS] }
    }

    /// Appends a stream of the bitmap's pixels to `out`. The client must be sent it: later streams refer to it.
    ///
    /// # Errors
    /// [`Unfit`] when the bitmap has no such stream; nothing has changed then.
    pub fn encode(&mut self, bitmap: &Bitmap, out: &mut Vec<u8>) -> Result<(), Unfit> {
        let kind = match bitmap.format() {
            BitmapFormat::Rgb24 => RGB24,
            BitmapFormat::Xrgb32 => RGB32,
            BitmapFormat::Argb32 => RGBA,
            other => return Err(Unfit::Format(other)),
        };
        let (size, area) = (bitmap.size(), bitmap.size().area());
        if area > self.max_pixels.min(MAX_PIXELS) {
            return Err(Unfit::TooLarge { pixels: area });
        }
        self.make_room(area);
        for field in [MAGIC, VERSION] {
            out.extend_from_slice(&field.to_be_bytes());
        }
        out.push(if bitmap.top_down() { kind | TOP_DOWN } else { kind });
        // Lossless: a row has at most MAX_PIXELS of 4 bytes.
        let row_bytes = bitmap.format().row_bytes(size.width) as u32;
        for field in [size.width, size.height, row_bytes] {
            out.extend_from_slice(&field.to_be_bytes());
        }
        out.extend_from_slice(&self.next.to_be_bytes());
        // Images are far fewer than their pixels.
        let oldest_distance = self.images.len() as u32;
        out.extend_from_slice(&oldest_distance.to_be_bytes());
        let data = pixels_of(bitmap);
        let pixels = data.as_chunks::<4>().0;
        self.colors(pixels, out);
        if kind == RGBA {
            alpha(pixels, bitmap.width() as usize, out);
        }
        self.images.push_back(data);
        self.pixels += area;
        self.next += 1;
        Ok(())
    }

    /// Forgets images until so many more pixels fit.
    fn make_room(&mut self, area: u64) {
        while self.pixels + area > self.max_pixels || self.images.len() >= MAX_IMAGE_DISTANCE as usize {
            let Some(oldest) = self.images.pop_front() else { return };
            self.pixels = self.pixels.saturating_sub(oldest.len() as u64 / 4);
        }
    }

    /// Appends all pixels but for their alpha.
    fn colors(&mut self, pixels: &[Pixel], out: &mut Vec<u8>) {
        let image = self.next as u32;
        let Ok(table) = <&mut [u64; 1 << HASH_BITS]>::try_from(self.table.as_mut_slice()) else { return };
        let images = &self.images;
        let earlier = |place: Place| -> Option<(u32, &[Pixel])> {
            let distance = image.wrapping_sub(place.image);
            if distance == 0 {
                return Some((0, pixels));
            }
            let index = images.len().checked_sub(distance as usize)?;
            images.get(index).map(|data| (distance, data.as_chunks::<4>().0))
        };
        let mut literals_from = 0;
        let mut at = 0;
        while let Some(&[first, second, third]) = pixels.get(at..).and_then(<[Pixel]>::first_chunk::<3>) {
            let keys = [key(first), key(second), key(third)];
            let run = keys[1] == keys[0]
                && keys[2] == keys[0]
                && at
                    .checked_sub(1)
                    .and_then(|before| pixels.get(before))
                    .is_some_and(|p| key(*p) == keys[0]);
            if run {
                let length = 3 + run_length(pixels.get(at + 3..).unwrap_or_default(), keys[0], key);
                write_literals(pixels.get(literals_from..at).unwrap_or_default(), out);
                write_match(0, 0, length, out);
                at += length;
                literals_from = at;
                continue;
            }
            // Lossless: an image has at most MAX_PIXELS.
            let here = Place { image, pixel: at as u32 };
            let place = Place::from_word(core::mem::replace(&mut table[hash(keys)], here.to_word()));
            let found = earlier(place).and_then(|(distance, other)| {
                let from = place.pixel as usize;
                if distance == 0 && from >= at {
                    return None;
                }
                let ahead = common(other.get(from..)?, pixels.get(at..)?);
                (ahead >= 3).then_some((distance, other, from, ahead))
            });
            let Some((distance, other, from, ahead)) = found else {
                at += 1;
                continue;
            };
            let waiting = pixels.get(literals_from..at).unwrap_or_default();
            let before = other.get(..from).unwrap_or_default();
            let behind = common_end(before, waiting);
            let (start, from, length) = (at - behind, from - behind, ahead + behind);
            let pixel_distance = if distance == 0 { start - from - 1 } else { from };
            write_literals(pixels.get(literals_from..start).unwrap_or_default(), out);
            write_match(distance, pixel_distance, length, out);
            let end = at + ahead;
            // A few places inside the match, and its last pixel, where the next one like it is likely to continue.
            for inside in (at + ENTRY_STEP..end).step_by(ENTRY_STEP).chain([end - 1]) {
                if let Some(&[a, b, c]) = pixels.get(inside..).and_then(<[Pixel]>::first_chunk::<3>) {
                    table[hash([key(a), key(b), key(c)])] = Place { image, pixel: inside as u32 }.to_word();
                }
            }
            at = end;
            literals_from = end;
        }
        write_literals(pixels.get(literals_from..).unwrap_or_default(), out);
    }
}

/// Appends the alpha of all pixels, as runs and as copies of the row before.
fn alpha(pixels: &[Pixel], width: usize, out: &mut Vec<u8>) {
    let of = |pixel: Pixel| u32::from(pixel[3]);
    let (mut at, mut literals_from) = (0, 0);
    let literals = |from: usize, to: usize, out: &mut Vec<u8>| {
        for group in pixels.get(from..to).unwrap_or_default().chunks(MAX_LITERALS) {
            // 1 to 32 pixels, announced as 0 to 31.
            out.push((group.len() - 1) as u8);
            out.extend(group.iter().map(|pixel| pixel[3]));
        }
    };
    while at < pixels.len() {
        let rest = pixels.get(at..).unwrap_or_default();
        let same_as = |distance: usize| {
            let earlier = at.checked_sub(distance).and_then(|from| pixels.get(from..)).unwrap_or_default();
            earlier.iter().zip(rest).take_while(|(a, b)| of(**a) == of(**b)).count()
        };
        let above = if width < MAX_PIXEL_DISTANCE { same_as(width) } else { 0 };
        let (distance, length) = match same_as(1) {
            run if run >= above => (1, run),
            _ => (width, above),
        };
        // A match of 2 more than its stored length takes three bytes at the least.
        if length < 4 {
            at += 1;
            continue;
        }
        literals(literals_from, at, out);
        write_match(0, distance - 1, length - 2, out);
        at += length;
        literals_from = at;
    }
    literals(literals_from, at, out);
}

/// Pixels of 4 bytes in the order of memory: the bitmap's own where they are like that.
fn pixels_of(bitmap: &Bitmap) -> Bytes {
    let bytes = bitmap.size().area() as usize * 4;
    if bitmap.format() != BitmapFormat::Rgb24
        && (bitmap.stride() == bitmap.width() * 4 || bitmap.height() <= 1)
    {
        return bitmap.data().slice(..bytes.min(bitmap.data().len()));
    }
    let mut pixels = Vec::with_capacity(bytes);
    for row in bitmap.memory_rows() {
        match bitmap.format() {
            BitmapFormat::Rgb24 => {
                pixels.extend(
                    row.as_chunks::<3>().0.iter().flat_map(|&[blue, green, red]| [blue, green, red, 0]),
                );
            }
            _ => pixels.extend_from_slice(row),
        }
    }
    pixels.into()
}

fn key(pixel: Pixel) -> u32 {
    u32::from_le_bytes(pixel) & 0x00ff_ffff
}

fn hash(keys: [u32; 3]) -> usize {
    let [a, b, c] = keys;
    let mixed = a.wrapping_mul(0x9e37_79b1)
        ^ b.wrapping_mul(0x85eb_ca77).rotate_left(7)
        ^ c.wrapping_mul(0xc2b2_ae3d);
    (mixed.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize
}

/// How many of the first pixels are the same in both.
fn common(a: &[Pixel], b: &[Pixel]) -> usize {
    let blocks = a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0);
    let differs = |(a, b): (&[Pixel; 4], &[Pixel; 4])| {
        a.iter().zip(b).fold(0, |differs, (a, b)| differs | (key(*a) ^ key(*b)))
    };
    let whole = 4 * blocks.take_while(|pair| differs(*pair) == 0).count();
    let rest = a.get(whole..).unwrap_or_default().iter().zip(b.get(whole..).unwrap_or_default());
    whole + rest.take_while(|(a, b)| key(**a) == key(**b)).count()
}

/// How many of the last pixels are the same in both.
fn common_end(a: &[Pixel], b: &[Pixel]) -> usize {
    a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| key(**a) == key(**b)).count()
}

fn write_literals(pixels: &[Pixel], out: &mut Vec<u8>) {
    for group in pixels.chunks(MAX_LITERALS) {
        // 1 to 32 pixels, announced as 0 to 31.
        out.push((group.len() - 1) as u8);
        out.extend(group.iter().flat_map(|&[blue, green, red, _]| [blue, green, red]));
    }
}

/// Writes a match by its distances and its stored length, which is at least 1.
fn write_match(images: u32, pixels: usize, length: usize, out: &mut Vec<u8>) {
    let far = pixels >= 1 << 12;
    let control = (length.min(7) as u8) << 5 | u8::from(far) << 4 | (pixels & 15) as u8;
    out.push(control);
    if let Some(mut rest) = length.checked_sub(7) {
        while rest >= 255 {
            out.push(255);
            rest -= 255;
        }
        out.push(rest as u8);
    }
    out.push((pixels >> 4) as u8);
    let (in_this_byte, further) = if far { (0, images) } else { ((images & 63) as u8, images >> 6) };
    let bytes = further.to_le_bytes();
    let count = 4 - further.leading_zeros() as usize / 8;
    if far {
        let farther = pixels >= 1 << 17;
        out.push((count as u8) << 6 | u8::from(farther) << 5 | (pixels >> 12 & 31) as u8);
        out.extend(bytes.iter().take(count));
        if farther {
            out.push((pixels >> 17) as u8);
        }
    } else {
        out.push((count as u8) << 6 | in_this_byte);
        out.extend(bytes.iter().take(count));
    }
}

/// Why a bitmap has no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Pixels of this format have none here.
    Format(BitmapFormat),
    /// More pixels than the client's window holds, or than matches can say.
    TooLarge {
        /// Pixels of the bitmap.
        pixels: u64,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(format) => write!(f, "there are no GLZ streams of {format:?} pixels"),
            Self::TooLarge { pixels } => write!(f, "{pixels} pixels are too many for the GLZ window"),
        }
    }
}

impl core::error::Error for Unfit {}
