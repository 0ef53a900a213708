//! Encoding.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use super::bits::BitWriter;
use super::model::{Family, Model, fold};
use super::run::RunLength;
use super::{Channels, Kind, MAGIC, MAX_PIXELS, RowCoder, VERSION, code_row};
use crate::bitmap::{Bitmap, BitmapFormat};
use crate::geometry::Size;
use crate::pixel::run_length;

/// An encoder. It keeps nothing between images yet; its form is that of the other codecs.
#[derive(Clone, Debug, Default)]
pub struct Encoder(());

impl Encoder {
    /// An encoder.
    pub const fn new() -> Self {
        Self(())
    }

    /// Appends a stream of the bitmap's pixels to `out`. A stream always has the top row first.
    ///
    /// # Errors
    /// [`EncodeError`]: indexed bitmaps, such without pixels, and too large ones have no stream.
    pub fn encode(&mut self, bitmap: &Bitmap, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let size = bitmap.size();
        let kind = Kind::of_bitmap(bitmap.format()).ok_or(EncodeError::Format(bitmap.format()))?;
        if size.area() == 0 || size.area() > MAX_PIXELS {
            return Err(EncodeError::Size(size));
        }
        let mut writer = BitWriter::new(out);
        for number in [MAGIC, VERSION, kind.code(), size.width, size.height] {
            writer.put(number, 32);
        }
        match kind {
            Kind::Gray => encode_rows::<Gray, 1, 8>(bitmap, &mut writer),
            Kind::Rgb16 => encode_rows::<Rgb16, 3, 5>(bitmap, &mut writer),
            Kind::Rgb24 => encode_rows::<Rgb24, 3, 8>(bitmap, &mut writer),
            Kind::Rgb32 => encode_rows::<Rgb32, 3, 8>(bitmap, &mut writer),
            Kind::Rgba => encode_rgba(bitmap, &mut writer),
        }
        writer.finish();
        Ok(())
    }
}

fn encode_rows<P: Pixel<N>, const N: usize, const BITS: u32>(bitmap: &Bitmap, writer: &mut BitWriter<'_>) {
    let mut channels = Channels::<N, BITS>::new(bitmap.width() as usize);
    let mut above: &[P::Raw] = &[];
    for row in bitmap.rows() {
        let row = P::row(row);
        encode_row::<P, N, BITS>(&mut channels, writer, row, above);
        above = row;
    }
}

fn encode_rgba(bitmap: &Bitmap, writer: &mut BitWriter<'_>) {
    let width = bitmap.width() as usize;
    let (mut colors, mut alpha) = (Channels::<3, 8>::new(width), Channels::<1, 8>::new(width));
    let mut above: &[[u8; 4]] = &[];
    for row in bitmap.rows() {
        let row = Rgb32::row(row);
        encode_row::<Rgb32, 3, 8>(&mut colors, writer, row, above);
        encode_row::<AlphaOf32, 1, 8>(&mut alpha, writer, row, above);
        above = row;
    }
}

fn encode_row<P: Pixel<N>, const N: usize, const BITS: u32>(
    channels: &mut Channels<N, BITS>,
    writer: &mut BitWriter<'_>,
    row: &[P::Raw],
    above: &[P::Raw],
) {
    let first = above.is_empty();
    let mut coder = Row::<'_, '_, P, N> { writer, row, above, left: [0; N] };
    let Ok(()) = code_row::<N, BITS, _>(channels, &mut coder, row.len(), first);
}

/// A pixel's bytes, and the channels in them.
trait Pixel<const N: usize> {
    type Raw: Copy;

    fn row(bytes: &[u8]) -> &[Self::Raw];
    fn channels(raw: Self::Raw) -> [u8; N];

    /// What equal pixels have in common.
    fn key(raw: Self::Raw) -> u32;
}

struct Gray;
struct Rgb16;
struct Rgb24;
struct Rgb32;
struct AlphaOf32;

impl Pixel<1> for Gray {
    type Raw = [u8; 1];

    fn row(bytes: &[u8]) -> &[[u8; 1]] {
        bytes.as_chunks().0
    }
    fn channels(raw: [u8; 1]) -> [u8; 1] {
        raw
    }
    fn key(raw: [u8; 1]) -> u32 {
        raw[0].into()
    }
}

impl Pixel<3> for Rgb16 {
    type Raw = [u8; 2];

    fn row(bytes: &[u8]) -> &[[u8; 2]] {
        bytes.as_chunks().0
    }
    fn channels([low, high]: [u8; 2]) -> [u8; 3] {
        [high >> 2 & 31, (high << 3 | low >> 5) & 31, low & 31]
    }
    fn key(raw: [u8; 2]) -> u32 {
        (u16::from_le_bytes(raw) & 0x7fff).into()
    }
}

impl Pixel<3> for Rgb24 {
    type Raw = [u8; 3];

    fn row(bytes: &[u8]) -> &[[u8; 3]] {
        bytes.as_chunks().0
    }
    fn channels([blue, green, red]: [u8; 3]) -> [u8; 3] {
        [red, green, blue]
    }
    fn key([blue, green, red]: [u8; 3]) -> u32 {
        u32::from_le_bytes([blue, green, red, 0])
    }
}

impl Pixel<3> for Rgb32 {
    type Raw = [u8; 4];

    fn row(bytes: &[u8]) -> &[[u8; 4]] {
        bytes.as_chunks().0
    }
    fn channels([blue, green, red, _]: [u8; 4]) -> [u8; 3] {
        [red, green, blue]
    }
    fn key(raw: [u8; 4]) -> u32 {
        u32::from_le_bytes(raw) & 0x00ff_ffff
    }
}

impl Pixel<1> for AlphaOf32 {
    type Raw = [u8; 4];

    fn row(bytes: &[u8]) -> &[[u8; 4]] {
        bytes.as_chunks().0
    }
    fn channels(raw: [u8; 4]) -> [u8; 1] {
        [raw[3]]
    }
    fn key(raw: [u8; 4]) -> u32 {
        raw[3].into()
    }
}

/// Writes a row.
struct Row<'r, 'w, P: Pixel<N>, const N: usize> {
    writer: &'r mut BitWriter<'w>,
    row: &'r [P::Raw],
    above: &'r [P::Raw],
    /// The channels of the pixel that was written last; a run does not change it.
    left: [u8; N],
}

impl<P: Pixel<N>, const N: usize, const BITS: u32> RowCoder<N, BITS> for Row<'_, '_, P, N> {
    type Error = Infallible;

    #[inline]
    fn pixel(&mut self, models: &[Model<BITS>; N], errors: &mut [[u8; N]], at: usize) {
        let Some(pixel) = self.row.get(at).map(|raw| P::channels(*raw)) else { return };
        let above = self.above.get(at).map(|raw| P::channels(*raw));
        let left = if at == 0 { None } else { Some(self.left) };
        self.left = pixel;
        let Some([before, now]) = errors.get_mut(at..).and_then(<[[u8; N]]>::first_chunk_mut::<2>) else {
            return;
        };
        let predicted = predict(left, above);
        let family = Family::of_bits(BITS);
        // Short words, as most are, go out together.
        let (mut words, mut bits) = (0, 0);
        for channel in 0..N {
            let error = fold::<BITS>(pixel[channel].wrapping_sub(predicted[channel]));
            let (word, length) = family.word(models[channel].code_after(before[channel]), error);
            now[channel] = error;
            if bits + length > 32 {
                self.writer.put(words, bits);
                (words, bits) = (0, 0);
            }
            words = words << length | word;
            bits += length;
        }
        self.writer.put(words, bits);
    }

    #[inline]
    fn run_begins(&self, at: usize) -> bool {
        begins_run(self.above, self.row, at, |a, b| P::key(*a) == P::key(*b))
    }

    fn run(&mut self, runs: &mut RunLength, at: usize, end: usize) -> Result<usize, Infallible> {
        let Some((last, pixels)) = self.row.get(at - 1..end).and_then(<[P::Raw]>::split_first) else {
            return Ok(0);
        };
        let same = run_length(pixels, P::key(*last), P::key);
        let mut rest = same;
        while rest >= 1 << runs.bits() {
            rest -= 1 << runs.bits();
            runs.grow();
            self.writer.put(1, 1);
        }
        // Below 2^15, after a zero.
        self.writer.put(rest as u32, runs.bits() + 1);
        runs.end();
        Ok(same)
    }
}

/// What a pixel is expected to be, from its neighbours as far as there are such.
#[inline]
pub(super) fn predict<const N: usize>(left: Option<[u8; N]>, above: Option<[u8; N]>) -> [u8; N] {
    match (left, above) {
        (Some(left), Some(above)) => core::array::from_fn(|channel| left[channel].midpoint(above[channel])),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => [0; N],
    }
}

/// Whether a run may begin at pixel `at`: the pixel above equals its left neighbour, and so do the two
/// pixels before this one.
#[inline]
pub(super) fn begins_run<T>(above: &[T], row: &[T], at: usize, same: impl Fn(&T, &T) -> bool) -> bool {
    let equal = |pixels: &[T], from: usize| {
        pixels.get(from..).and_then(<[T]>::first_chunk::<2>).is_some_and(|[a, b]| same(a, b))
    };
    equal(above, at - 1) && equal(row, at - 2)
}

/// Why a bitmap has no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// There are no streams of this format.
    Format(BitmapFormat),
    /// There are no pixels, or more than clients accept.
    Size(Size),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(format) => write!(f, "{format:?} pixels have no QUIC stream"),
            Self::Size(size) => write!(f, "{} x {} pixels have no QUIC stream", size.width, size.height),
        }
    }
}

impl core::error::Error for EncodeError {}
