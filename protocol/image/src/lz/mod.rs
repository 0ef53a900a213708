//! The LZ image format of SPICE: FastLZ over pixels.
//!
//! The host server encodes images with it (image types `LZ_RGB`, `LZ_PLT`, and the alpha of
//! `JPEG_ALPHA`), and the headless client decodes them. Streams can be read by every SPICE client, and
//! those of every SPICE server can be read here.
//!
//! # Format
//! Seven numbers of 32 bits, big endian: magic 0x20205a4c, version 0x00010001, [`Kind`], width and height
//! in pixels, bytes a row, and whether the first row is the top one. Then the pixels of all rows, without
//! padding between them, as a sequence of
//! * literals: a byte `n` below 32, then `n + 1` pixels of [`Kind`]'s length;
//! * matches: a byte whose high three bits are a length and whose low five bits are the high bits of a
//!   distance; length 7 is followed by bytes to add to it, up to one that is not 255; then a byte with the
//!   low bits of the distance. Distance 8191, which is all ones, is followed by two bytes, big endian, to
//!   add to it. The stored distance is one less than the real one, and the stored length is less than the
//!   real one by 0 for colours of 24 bits, 1 for those of 16 bits, and 2 for all that are bytes.
//!
//! [`Kind::Argb32`] has two such sequences, first the colours and then the alpha bytes. Palette kinds
//! treat the bytes of rows as pixels.
//!
//! The format was first described by `lz.c` of spice-common.

mod decode;
mod encode;

pub use decode::{DecodeError, decode};
pub use encode::{EncodeError, Encoder};

use alloc::vec::Vec;

use crate::bitmap::{BitmapFormat, UnknownFormat};

const MAGIC: u32 = 0x2020_5a4c;
const VERSION: u32 = 0x0001_0001;
/// Bytes of pixels that a stream may stand for: clients refuse more.
const MAX_BYTES: u64 = 1024 * 1024 * 1024 - 1;
/// Pixels that one byte can announce as literals.
const MAX_LITERALS: usize = 32;
/// The stored distance from which on two more bytes follow.
const FAR: usize = 8191;

/// What the pixels of a stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Pixels of a bitmap in that format.
    Bitmap(BitmapFormat),
    /// The fourth bytes of pixels of 32 bits (`XXXA`).
    AlphaOnly,
}

impl Kind {
    const fn code(self) -> u32 {
        match self {
            Self::Bitmap(BitmapFormat::Mono1Le) => 1,
            Self::Bitmap(BitmapFormat::Mono1Be) => 2,
            Self::Bitmap(BitmapFormat::Indexed4Le) => 3,
            Self::Bitmap(BitmapFormat::Indexed4Be) => 4,
            Self::Bitmap(BitmapFormat::Indexed8) => 5,
            Self::Bitmap(BitmapFormat::Rgb555) => 6,
            Self::Bitmap(BitmapFormat::Rgb24) => 7,
            Self::Bitmap(BitmapFormat::Xrgb32) => 8,
            Self::Bitmap(BitmapFormat::Argb32) => 9,
            Self::AlphaOnly => 10,
            Self::Bitmap(BitmapFormat::Alpha8) => 11,
        }
    }

    const fn from_code(code: u32) -> Result<Self, UnknownFormat> {
        Ok(Self::Bitmap(match code {
            1 => BitmapFormat::Mono1Le,
            2 => BitmapFormat::Mono1Be,
            3 => BitmapFormat::Indexed4Le,
            4 => BitmapFormat::Indexed4Be,
            5 => BitmapFormat::Indexed8,
            6 => BitmapFormat::Rgb555,
            7 => BitmapFormat::Rgb24,
            8 => BitmapFormat::Xrgb32,
            9 => BitmapFormat::Argb32,
            10 => return Ok(Self::AlphaOnly),
            11 => BitmapFormat::Alpha8,
            other => return Err(UnknownFormat(other)),
        }))
    }

    /// The format of the rows that a stream's header counts.
    const fn row_format(self) -> BitmapFormat {
        match self {
            Self::Bitmap(format) => format,
            Self::AlphaOnly => BitmapFormat::Argb32,
        }
    }
}

/// Appends the first three bytes of each of the first `count` pixels.
#[inline(always)]
pub(crate) fn append_colors(pixels: &[[u8; 4]], count: usize, out: &mut Vec<u8>) {
    let end = out.len() + count * 3;
    let fours = pixels.as_chunks::<4>().0;
    // Four at a time also where fewer are wanted: how many there are is hard to foresee.
    for four in fours.iter().take(count.div_ceil(4)) {
        let [a, b, c, d] = four.map(|pixel| u128::from(u32::from_le_bytes(pixel) & 0x00ff_ffff));
        let twelve = (a | b << 24 | c << 48 | d << 72).to_le_bytes();
        out.extend_from_slice(twelve.first_chunk::<12>().unwrap_or(&[0; 12]));
    }
    for [blue, green, red, _] in pixels.get(fours.len() * 4..count).unwrap_or_default() {
        out.extend_from_slice(&[*blue, *green, *red]);
    }
    out.truncate(end);
}

/// How many of the first pixels have the same colours in both.
#[inline(always)]
pub(crate) fn common_colors(a: &[[u8; 4]], b: &[[u8; 4]]) -> usize {
    const COLORS: u128 = 0x00ff_ffff_00ff_ffff_00ff_ffff_00ff_ffff;
    let word = |four: &[[u8; 4]; 4]| {
        four.as_flattened().first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes))
    };
    let (a_fours, b_fours) = (a.as_chunks::<4>().0, b.as_chunks::<4>().0);
    for (index, (a, b)) in a_fours.iter().zip(b_fours).enumerate() {
        let differs = (word(a) ^ word(b)) & COLORS;
        if differs != 0 {
            return index * 4 + differs.trailing_zeros() as usize / 32;
        }
    }
    let whole = a_fours.len().min(b_fours.len()) * 4;
    let rest = a.get(whole..).unwrap_or_default().iter().zip(b.get(whole..).unwrap_or_default());
    whole + rest.take_while(|(a, b)| a[..3] == b[..3]).count()
}

/// How one sequence of literals and matches treats pixels.
trait Symbol {
    /// The bytes of a pixel in memory.
    type Raw: Copy;
    /// How much less than a match's length its stored length is.
    const LENGTH_BIAS: usize;
    /// Bytes of a literal.
    const LITERAL_BYTES: usize;

    /// What two pixels have in common that count as the same.
    fn key(raw: Self::Raw) -> u32;

    /// Appends the first `count` pixels as literals of [`Symbol::LITERAL_BYTES`] each.
    fn append(pixels: &[Self::Raw], count: usize, out: &mut Vec<u8>);

    /// How many of the first pixels are the same in both.
    #[inline(always)]
    fn common(a: &[Self::Raw], b: &[Self::Raw]) -> usize {
        let same = |(a, b): &(&Self::Raw, &Self::Raw)| Self::key(**a) == Self::key(**b);
        let blocks = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
        let is_same = |(a, b): &(&[Self::Raw; 8], &[Self::Raw; 8])| {
            a.iter().zip(*b).fold(0, |differs, (a, b)| differs | (Self::key(*a) ^ Self::key(*b))) == 0
        };
        let whole = blocks.take_while(is_same).count() * 8;
        let rest = a.get(whole..).unwrap_or_default().iter().zip(b.get(whole..).unwrap_or_default());
        whole + rest.take_while(same).count()
    }
}

/// Colours of pixels of 4 bytes.
struct Rgb32;
/// Fourth bytes of pixels of 4 bytes.
struct AlphaOf32;
/// Pixels of 3 bytes.
struct Rgb24;
/// Pixels of 2 bytes, of which 15 bits count.
struct Rgb16;
/// Bytes.
struct Byte;

impl Symbol for Rgb32 {
    type Raw = [u8; 4];
    const LENGTH_BIAS: usize = 0;
    const LITERAL_BYTES: usize = 3;

    fn key(raw: [u8; 4]) -> u32 {
        u32::from_le_bytes(raw) & 0x00ff_ffff
    }

    fn append(pixels: &[[u8; 4]], count: usize, out: &mut Vec<u8>) {
        append_colors(pixels, count, out);
    }

    #[inline(always)]
    fn common(a: &[[u8; 4]], b: &[[u8; 4]]) -> usize {
        common_colors(a, b)
    }
}

impl Symbol for AlphaOf32 {
    type Raw = [u8; 4];
    const LENGTH_BIAS: usize = 2;
    const LITERAL_BYTES: usize = 1;

    fn key(raw: [u8; 4]) -> u32 {
        raw[3].into()
    }

    fn append(pixels: &[[u8; 4]], count: usize, out: &mut Vec<u8>) {
        out.extend(pixels.iter().take(count).map(|pixel| pixel[3]));
    }
}

impl Symbol for Rgb24 {
    type Raw = [u8; 3];
    const LENGTH_BIAS: usize = 0;
    const LITERAL_BYTES: usize = 3;

    fn key([blue, green, red]: [u8; 3]) -> u32 {
        u32::from_le_bytes([blue, green, red, 0])
    }

    fn append(pixels: &[[u8; 3]], count: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(pixels.get(..count).unwrap_or_default().as_flattened());
    }
}

impl Symbol for Rgb16 {
    type Raw = [u8; 2];
    const LENGTH_BIAS: usize = 1;
    const LITERAL_BYTES: usize = 2;

    fn key(raw: [u8; 2]) -> u32 {
        (u16::from_le_bytes(raw) & 0x7fff).into()
    }

    fn append(pixels: &[[u8; 2]], count: usize, out: &mut Vec<u8>) {
        for [low, high] in pixels.iter().take(count) {
            out.extend_from_slice(&[*high, *low]);
        }
    }
}

impl Symbol for Byte {
    type Raw = [u8; 1];
    const LENGTH_BIAS: usize = 2;
    const LITERAL_BYTES: usize = 1;

    fn key(raw: [u8; 1]) -> u32 {
        raw[0].into()
    }

    fn append(pixels: &[[u8; 1]], count: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(pixels.get(..count).unwrap_or_default().as_flattened());
    }
}
