//! Encoding.
//!
//! What a pixel's errors are does not depend on what has been coded, so those of many pixels are computed together, and so is
//! where runs can begin.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use super::bits::{BitWriter, Cursor};
use super::lanes::{self, Neighbours, Rows};
use super::model::{Family, Model};
use super::run::RunLength;
use super::{Channels, Kind, MAGIC, MAX_PIXELS, MAX_WORD_BITS, RowCoder, VERSION, code_row};
use crate::bitmap::{Bitmap, BitmapFormat};
use crate::geometry::Size;

/// Bits that a run can take beside one for each of its pixels.
const RUN_BITS: usize = 17;
/// Fewer pixels than this are coded as their errors are computed: apart, these are loops of a length that is hard to foresee.
const SHORT: usize = 8;

/// An encoder; keep it to save the allocation of its buffer. It remembers nothing of images.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    words: Vec<[u8; 4]>,
}

impl Encoder {
    /// An encoder without a buffer.
    pub const fn new() -> Self {
        Self { words: Vec::new() }
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
        let mut writer = BitWriter::new(out, &mut self.words);
        let header = [MAGIC, VERSION, kind.code(), size.width, size.height];
        writer.make_room(32 * header.len());
        for number in header {
            writer.put(number, 32);
        }
        match kind {
            Kind::Gray => encode_rows::<1, 8>(bitmap, &mut writer, lanes::of_gray),
            Kind::Rgb16 => encode_rows::<3, 5>(bitmap, &mut writer, lanes::of_rgb16),
            Kind::Rgb24 => encode_rows::<3, 8>(bitmap, &mut writer, lanes::of_rgb24),
            Kind::Rgb32 => encode_rows::<3, 8>(bitmap, &mut writer, lanes::of_rgb32),
            Kind::Rgba => encode_rgba(bitmap, &mut writer),
        }
        writer.finish();
        Ok(())
    }
}

/// Encodes the rows of channels that are coded together, out of bytes that `fill` reads.
fn encode_rows<const N: usize, const BITS: u32>(
    bitmap: &Bitmap,
    writer: &mut BitWriter<'_>,
    fill: impl Fn(&[u8], &mut Vec<u32>),
) {
    let mut plane = Plane::<N, BITS>::new(bitmap.width() as usize);
    for (row, again) in rows(bitmap) {
        plane.encode_row(writer, again, |lanes| fill(row, lanes));
    }
}

fn encode_rgba(bitmap: &Bitmap, writer: &mut BitWriter<'_>) {
    let width = bitmap.width() as usize;
    let (mut colors, mut alphas) = (Plane::<3, 8>::new(width), Plane::<1, 8>::new(width));
    for (row, again) in rows(bitmap) {
        colors.encode_row(writer, again, |lanes| lanes::of_rgb32(row, lanes));
        alphas.encode_row(writer, again, |lanes| lanes::of_alpha(row, lanes));
    }
}

/// The rows from the top, and whether each is the one above once more.
fn rows(bitmap: &Bitmap) -> impl Iterator<Item = (&[u8], bool)> {
    let mut above = None;
    bitmap.rows().map(move |row| (row, above.replace(row) == Some(row)))
}

/// `N` channels that are coded together.
struct Plane<const N: usize, const BITS: u32> {
    channels: Channels<N, BITS>,
    rows: Rows,
}

impl<const N: usize, const BITS: u32> Plane<N, BITS> {
    fn new(width: usize) -> Self {
        Self { channels: Channels::new(width), rows: Rows::new(width) }
    }

    fn encode_row(&mut self, writer: &mut BitWriter<'_>, again: bool, fill: impl FnOnce(&mut Vec<u32>)) {
        if again {
            self.rows.repeat();
        } else {
            self.rows.advance(fill);
        }
        let width = self.rows.row().len();
        writer.make_room(width * (N * MAX_WORD_BITS as usize + RUN_BITS) + RUN_BITS);
        let first = self.rows.above().is_empty();
        let Ok(()) = code_row(&mut self.channels, &mut Row { writer, rows: &self.rows }, width, first);
    }
}

/// Writes a row.
struct Row<'r, 'w> {
    writer: &'r mut BitWriter<'w>,
    rows: &'r Rows,
}

impl<const N: usize, const BITS: u32> RowCoder<N, BITS> for Row<'_, '_> {
    type Error = Infallible;

    #[inline]
    fn pixels(
        &mut self,
        models: &[Model<BITS>; N],
        errors: &mut [u32],
        at: usize,
        end: usize,
        first_run: usize,
    ) -> (usize, bool) {
        let (end, run) = match self.rows.next_run(at.max(first_run), end) {
            Some(run) => (run, true),
            None => (end, false),
        };
        let family = Family::of_bits(BITS);
        if end - at < SHORT
            && let Some(Neighbours { left, above, pixels }) = self.rows.neighbours(at, end)
            && let Some(errors) = errors.get_mut(at..=end)
            && let Some((before, errors)) = errors.split_first_mut()
        {
            let mut before = *before;
            self.writer.with_cursor(|cursor, out| {
                for (((error, pixel), left), above) in errors.iter_mut().zip(pixels).zip(left).zip(above) {
                    let now = lanes::error::<BITS>(*pixel, *left, *above);
                    *error = now;
                    put(cursor, out, code(family, models, before.to_le_bytes(), now.to_le_bytes()));
                    before = now;
                }
            });
            return (end, run);
        }
        self.rows.errors::<BITS>(at, errors.get_mut(at + 1..=end).unwrap_or_default());
        let errors = errors.get(at..=end).unwrap_or_default();
        self.writer.with_cursor(|cursor, out| {
            for [before, now] in errors.array_windows() {
                put(cursor, out, code(family, models, before.to_le_bytes(), now.to_le_bytes()));
            }
        });
        (end, run)
    }

    fn run(&mut self, runs: &mut RunLength, at: usize, end: usize) -> Result<usize, Infallible> {
        let same = self.rows.run_length(at, end);
        self.writer.with_cursor(|cursor, out| {
            let mut rest = same;
            while rest >= 1 << runs.bits() {
                rest -= 1 << runs.bits();
                runs.grow();
                cursor.put(out, 1, 1);
            }
            // Below 2^15, after a zero.
            cursor.put(out, rest as u32, runs.bits() + 1);
        });
        runs.end();
        Ok(same)
    }
}

/// Writes the words of a pixel's errors.
#[inline(always)]
fn put<const N: usize>(cursor: &mut Cursor, out: &mut [[u8; 4]], coded: [(u32, u32); N]) {
    // Short words, as most are, go out together; the last channel is the first one in the stream.
    let (mut words, mut bits) = (0, 0);
    for (word, length) in coded.iter().rev() {
        words = words << length | u64::from(*word);
        bits += length;
    }
    if bits <= 32 {
        cursor.put(out, words as u32, bits);
    } else {
        coded.iter().rev().for_each(|(word, length)| cursor.put(out, *word, *length));
    }
}

/// The words of a pixel's errors, and their lengths.
#[inline(always)]
fn code<const N: usize, const BITS: u32>(
    family: &Family,
    models: &[Model<BITS>; N],
    before: [u8; 4],
    now: [u8; 4],
) -> [(u32, u32); N] {
    core::array::from_fn(|channel| family.word(models[channel].code_after(before[channel]), now[channel]))
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
