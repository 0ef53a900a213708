//! Encoding: greedy matching by a hash table of the last place of three pixels.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::{
    AlphaOf32, Byte, FAR, Kind, MAGIC, MAX_BYTES, MAX_LITERALS, Rgb16, Rgb24, Rgb32, Symbol, VERSION,
};
use crate::bitmap::{Bitmap, BitmapFormat};
use crate::pixel::run_length;

const HASH_BITS: u32 = 14;
/// After 2 to the power of this many misses, only every second place is looked at, after as many more every third.
const PATIENCE: u32 = 6;
/// The real distance that no match can have any more.
const UNREACHABLE: usize = FAR + 0x1_0000;
/// How far positions in the table may count before it has to be cleared.
const TABLE_HORIZON: u32 = u32::MAX / 2;

/// An encoder; keep it to save the set-up of its tables.
#[derive(Clone, Debug)]
pub struct Encoder {
    /// Where three pixels of a hash were last seen, counted over all images from `base` of the first one, and the first of
    /// the three: see [`place`].
    table: Vec<u64>,
    /// The position of the first pixel of the next sequence. Positions before it are another image's.
    base: u32,
    /// Rows without padding, of images that have some.
    packed: Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder that has not seen anything.
    pub fn new() -> Self {
        Self { table: vec![0; 1 << HASH_BITS], base: 1, packed: Vec::new() }
    }

    /// Appends a stream of the bitmap's pixels to `out`. The palette is not part of a stream.
    ///
    /// # Errors
    /// [`EncodeError::TooLarge`] when there are more pixels than a stream can stand for.
    pub fn encode(&mut self, bitmap: &Bitmap, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode_kind(bitmap, Kind::Bitmap(bitmap.format()), out)
    }

    /// Appends a stream of the alpha bytes of a bitmap of 32 bits a pixel to `out`.
    ///
    /// # Errors
    /// [`EncodeError::NoAlpha`] when pixels do not have 32 bits; otherwise as [`Encoder::encode`].
    pub fn encode_alpha(&mut self, bitmap: &Bitmap, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match bitmap.format() {
            BitmapFormat::Xrgb32 | BitmapFormat::Argb32 => self.encode_kind(bitmap, Kind::AlphaOnly, out),
            other => Err(EncodeError::NoAlpha(other)),
        }
    }

    fn encode_kind(&mut self, bitmap: &Bitmap, kind: Kind, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let row_bytes = kind.row_format().row_bytes(bitmap.width());
        let bytes = row_bytes * u64::from(bitmap.height());
        if bytes > MAX_BYTES {
            return Err(EncodeError::TooLarge { bytes });
        }
        let row_bytes = u32::try_from(row_bytes).map_err(|_| EncodeError::TooLarge { bytes })?;
        let size = bitmap.size();
        let top_down = u32::from(bitmap.top_down());
        for field in [MAGIC, VERSION, kind.code(), size.width, size.height, row_bytes, top_down] {
            out.extend_from_slice(&field.to_be_bytes());
        }
        let mut packed = core::mem::take(&mut self.packed);
        let pixels = packed_rows(bitmap, row_bytes, bytes, &mut packed);
        match kind {
            Kind::Bitmap(BitmapFormat::Rgb555) => self.sequence::<Rgb16>(pixels.as_chunks().0, out),
            Kind::Bitmap(BitmapFormat::Rgb24) => self.sequence::<Rgb24>(pixels.as_chunks().0, out),
            Kind::Bitmap(BitmapFormat::Xrgb32) => self.sequence::<Rgb32>(pixels.as_chunks().0, out),
            Kind::Bitmap(BitmapFormat::Argb32) => {
                self.sequence::<Rgb32>(pixels.as_chunks().0, out);
                self.sequence::<AlphaOf32>(pixels.as_chunks().0, out);
            }
            Kind::AlphaOnly => self.sequence::<AlphaOf32>(pixels.as_chunks().0, out),
            Kind::Bitmap(_) => self.sequence::<Byte>(pixels.as_chunks().0, out),
        }
        self.packed = packed;
        Ok(())
    }

    /// Appends one sequence of literals and matches.
    fn sequence<S: Symbol>(&mut self, pixels: &[S::Raw], out: &mut Vec<u8>) {
        // Lossless: the caller has bounded the bytes of the image.
        let length = u32::try_from(pixels.len()).unwrap_or(u32::MAX);
        if self.base > TABLE_HORIZON {
            self.table.fill(0);
            self.base = 1;
        }
        let base = self.base;
        self.base += length.min(TABLE_HORIZON);
        let Ok(table) = <&mut [u64; 1 << HASH_BITS]>::try_from(self.table.as_mut_slice()) else { return };

        let mut literals_from = 0;
        let mut at = 1;
        // Places looked at since the last match.
        let mut misses = 0;
        // A hash needs three pixels, and a run is seen by the one before.
        while let Some([before, first, second, third]) =
            pixels.get(at - 1..).and_then(<[S::Raw]>::first_chunk)
        {
            let keys = [S::key(*first), S::key(*second), S::key(*third)];
            let run = S::key(*before) == keys[0] && keys[1] == keys[0] && keys[2] == keys[0];
            // Positions fit: they count at most TABLE_HORIZON plus the length of one image.
            let here = base + at as u32;
            let found = if run {
                Some((1, 3 + run_length(pixels.get(at + 3..).unwrap_or_default(), keys[0], S::key)))
            } else {
                let entry = core::mem::replace(&mut table[hash(keys)], place(here, keys[0]));
                let seen = (entry >> 32) as u32;
                let distance = (here - seen) as usize;
                if entry as u32 == keys[0] && seen >= base && distance < UNREACHABLE {
                    let earlier = pixels.get(at - distance..).unwrap_or_default();
                    let matched = S::common(earlier, pixels.get(at..).unwrap_or_default());
                    (matched >= shortest::<S>(distance)).then_some((distance, matched))
                } else {
                    None
                }
            };
            let Some((distance, matched)) = found else {
                at += 1 + (misses >> PATIENCE);
                misses += 1;
                continue;
            };
            let waiting = pixels.get(literals_from..at).unwrap_or_default();
            let behind = common_end::<S>(pixels.get(..at - distance).unwrap_or_default(), waiting);
            let literals = at - behind - literals_from;
            write_literals::<S>(pixels.get(literals_from..).unwrap_or_default(), literals, out);
            write_match(distance - 1, matched + behind - S::LENGTH_BIAS, out);
            at += matched;
            literals_from = at;
            misses = 0;
            // The last pixel of the match is where the next one like it is likely to continue.
            if let Some(&[a, b, c]) = pixels.get(at - 1..).and_then(<[S::Raw]>::first_chunk::<3>) {
                let here = base + (at - 1) as u32;
                table[hash([S::key(a), S::key(b), S::key(c)])] = place(here, S::key(a));
            }
        }
        let rest = pixels.get(literals_from..).unwrap_or_default();
        write_literals::<S>(rest, rest.len(), out);
    }
}

/// The rows of a bitmap in the order of memory without padding: its own bytes where they are like that.
fn packed_rows<'a>(bitmap: &'a Bitmap, row_bytes: u32, bytes: u64, packed: &'a mut Vec<u8>) -> &'a [u8] {
    if bitmap.stride() == row_bytes || bitmap.height() <= 1 {
        let bytes = usize::try_from(bytes).unwrap_or(0);
        return bitmap.data().get(..bytes).unwrap_or_default();
    }
    packed.clear();
    packed.reserve(usize::try_from(bytes).unwrap_or(0));
    for row in bitmap.memory_rows() {
        packed.extend_from_slice(row);
    }
    packed
}

/// Pixels that a match must have to be shorter than literals.
const fn shortest<S: Symbol>(distance: usize) -> usize {
    let near = S::LENGTH_BIAS + 1;
    if distance <= FAR {
        near
    } else if S::LITERAL_BYTES == 1 {
        near + 2
    } else {
        near + 1
    }
}

/// An entry of the table. The pixel spares a look at the image when it is another one.
#[inline(always)]
fn place(at: u32, first: u32) -> u64 {
    u64::from(at) << 32 | u64::from(first)
}

#[inline(always)]
fn hash(keys: [u32; 3]) -> usize {
    let [a, b, c] = keys.map(u64::from);
    ((a ^ b << 20 ^ c << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - HASH_BITS)) as usize
}

/// How many of the last pixels are the same in both.
#[inline(always)]
fn common_end<S: Symbol>(a: &[S::Raw], b: &[S::Raw]) -> usize {
    a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| S::key(**a) == S::key(**b)).count()
}

/// Writes the first `count` pixels as literals.
#[inline]
fn write_literals<S: Symbol>(mut pixels: &[S::Raw], mut count: usize, out: &mut Vec<u8>) {
    while count > 0 {
        // 1 to 32 pixels, announced as 0 to 31.
        let group = count.min(MAX_LITERALS);
        out.push((group - 1) as u8);
        S::append(pixels, group, out);
        pixels = pixels.get(group..).unwrap_or_default();
        count -= group;
    }
}

/// Writes a match by its stored distance and length.
fn write_match(distance: usize, length: usize, out: &mut Vec<u8>) {
    let low_bits = if distance < FAR { distance } else { FAR };
    let [low, high, ..] = (low_bits as u32).to_le_bytes();
    if length < 7 {
        out.extend_from_slice(&[(length as u8) << 5 | high, low]);
    } else {
        out.push(7 << 5 | high);
        let rest = length - 7;
        out.resize(out.len() + rest / 255, 255);
        out.extend_from_slice(&[(rest % 255) as u8, low]);
    }
    if distance >= FAR {
        let [low, high, ..] = ((distance - FAR) as u32).to_le_bytes();
        out.extend_from_slice(&[high, low]);
    }
}

/// Why a bitmap has no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// Clients refuse streams of so many pixels.
    TooLarge {
        /// Bytes of the pixels.
        bytes: u64,
    },
    /// There is no alpha in pixels of this format.
    NoAlpha(BitmapFormat),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes } => write!(f, "{bytes} bytes of pixels are too many for an LZ stream"),
            Self::NoAlpha(format) => write!(f, "{format:?} pixels have no alpha of their own"),
        }
    }
}

impl core::error::Error for EncodeError {}
