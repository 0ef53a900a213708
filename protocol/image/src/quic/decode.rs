//! Decoding: any bytes end in a bitmap of at most the pixels asked for, or in an error.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::bits::BitReader;
use super::model::{Family, Model, unfold};
use super::run::RunLength;
use super::{Channels, Kind, MAGIC, MAX_PIXELS, RowCoder, VERSION, code_row};
use crate::bitmap::{Bitmap, BitmapError, BitmapFormat, Layout, UnknownFormat};
use crate::geometry::Size;

/// The bitmap that a stream stands for: [`Kind::Gray`] as [`BitmapFormat::Alpha8`], colours of 8 bits as
/// [`BitmapFormat::Xrgb32`] with a fourth byte of 0.
///
/// # Errors
/// [`DecodeError`]; [`DecodeError::Size`] when the stream stands for more than `max_pixels`.
pub fn decode(stream: &[u8], max_pixels: u64) -> Result<Bitmap, DecodeError> {
    let mut reader = BitReader::new(stream);
    let (magic, version) = (reader.number(), reader.number());
    if magic != MAGIC || version != VERSION {
        return Err(DecodeError::NotQuic { magic, version });
    }
    let kind = Kind::from_code(reader.number())?;
    let size = Size::new(reader.number(), reader.number());
    if reader.is_exhausted() {
        return Err(DecodeError::Truncated);
    }
    if size.area() == 0 || size.area() > max_pixels.min(MAX_PIXELS) {
        return Err(DecodeError::Size(size));
    }
    let (format, data) = match kind {
        Kind::Gray => (BitmapFormat::Alpha8, decode_rows::<1, 8, 1>(&mut reader, size, |[gray, ..]| [gray])?),
        Kind::Rgb16 => (BitmapFormat::Rgb555, decode_rows::<3, 5, 2>(&mut reader, size, rgb16)?),
        Kind::Rgb24 | Kind::Rgb32 => {
            (BitmapFormat::Xrgb32, decode_rows::<3, 8, 4>(&mut reader, size, |pixel| pixel)?)
        }
        Kind::Rgba => (BitmapFormat::Argb32, decode_rgba(&mut reader, size)?),
    };
    Ok(Bitmap::new(Layout::packed(format, size)?, None, data.into())?)
}

fn rgb16([blue, green, red, _]: [u8; 4]) -> [u8; 2] {
    (u16::from(red) << 10 | u16::from(green) << 5 | u16::from(blue)).to_le_bytes()
}

fn decode_rows<const N: usize, const BITS: u32, const BYTES: usize>(
    reader: &mut BitReader<'_>,
    size: Size,
    bytes: impl Fn([u8; 4]) -> [u8; BYTES],
) -> Result<Vec<u8>, DecodeError> {
    let mut plane = RowPair::<N, BITS>::new(size.width as usize);
    let mut out = Vec::<[u8; BYTES]>::new();
    for y in 0..size.height {
        let row = plane.next_row(reader, y == 0)?;
        out.extend(row.iter().map(|pixel| bytes(*pixel)));
    }
    Ok(out.into_flattened())
}

fn decode_rgba(reader: &mut BitReader<'_>, size: Size) -> Result<Vec<u8>, DecodeError> {
    let mut colors = RowPair::<3, 8>::new(size.width as usize);
    let mut alphas = RowPair::<1, 8>::new(size.width as usize);
    let mut out = Vec::<[u8; 4]>::new();
    for y in 0..size.height {
        let colors = colors.next_row(reader, y == 0)?;
        let alphas = alphas.next_row(reader, y == 0)?;
        out.extend(
            colors
                .iter()
                .zip(alphas)
                .map(|([blue, green, red, _], [alpha, ..])| [*blue, *green, *red, *alpha]),
        );
    }
    Ok(out.into_flattened())
}

/// The last two rows of channels that are coded together.
struct RowPair<const N: usize, const BITS: u32> {
    channels: Channels<N, BITS>,
    row: Vec<[u8; 4]>,
    above: Vec<[u8; 4]>,
}

impl<const N: usize, const BITS: u32> RowPair<N, BITS> {
    fn new(width: usize) -> Self {
        Self { channels: Channels::new(width), row: vec![[0; 4]; width], above: vec![[0; 4]; width] }
    }

    fn next_row(&mut self, reader: &mut BitReader<'_>, first: bool) -> Result<&[[u8; 4]], DecodeError> {
        core::mem::swap(&mut self.row, &mut self.above);
        let above = if first { &[] } else { self.above.as_slice() };
        let width = self.row.len();
        let mut coder = Row { reader, row: &mut self.row, above };
        code_row(&mut self.channels, &mut coder, width, first)?;
        if reader.is_exhausted() {
            return Err(DecodeError::Truncated);
        }
        Ok(&self.row)
    }
}

/// Reads a row.
struct Row<'r, 'b> {
    reader: &'r mut BitReader<'b>,
    row: &'r mut [[u8; 4]],
    above: &'r [[u8; 4]],
}

impl<const N: usize, const BITS: u32> RowCoder<N, BITS> for Row<'_, '_> {
    type Error = DecodeError;

    #[inline]
    fn pixels(
        &mut self,
        models: &[Model<BITS>; N],
        errors: &mut [u32],
        at: usize,
        end: usize,
        first_run: usize,
    ) -> (usize, bool) {
        let mut reader = self.reader.clone();
        let stopped = self.read_pixels(&mut reader, models, errors, at..end, first_run);
        *self.reader = reader;
        match stopped {
            Some(run) => (run, true),
            None => (end, false),
        }
    }

    fn run(&mut self, runs: &mut RunLength, at: usize, end: usize) -> Result<usize, DecodeError> {
        let mut length = 0;
        while self.reader.peek() >> 31 == 1 {
            self.reader.skip(1);
            length += 1 << runs.bits();
            runs.grow();
            if length > end - at {
                return Err(DecodeError::RunTooLong);
            }
        }
        let bits = runs.bits() + 1;
        length += (self.reader.peek() >> (32 - bits)) as usize;
        self.reader.skip(bits);
        runs.end();
        if length > end - at {
            return Err(DecodeError::RunTooLong);
        }
        let last = at.checked_sub(1).and_then(|last| self.row.get(last)).copied().unwrap_or([0; 4]);
        self.row.get_mut(at..at + length).unwrap_or_default().fill(last);
        Ok(length)
    }
}

impl<'b> Row<'_, 'b> {
    /// Reads pixels until a run begins, if one does.
    #[inline]
    fn read_pixels<const N: usize, const BITS: u32>(
        &mut self,
        reader: &mut BitReader<'b>,
        models: &[Model<BITS>; N],
        errors: &mut [u32],
        places: Range<usize>,
        first_run: usize,
    ) -> Option<usize> {
        let start = places.start;
        let (before, errors) = errors.get_mut(start..=places.end)?.split_first_mut()?;
        let mut before = before.to_le_bytes();
        let (done, row) = self.row.get_mut(..places.end)?.split_at_mut_checked(start)?;
        let (mut left_of_left, mut left) = match done {
            [.., left_of_left, left] => (*left_of_left, *left),
            [left] => ([0; 4], *left),
            // A row's first pixel is predicted from the one above alone.
            [] => ([0; 4], self.above.first().copied().unwrap_or([0; 4])),
        };
        let mut above_left =
            start.checked_sub(1).and_then(|left| self.above.get(left)).copied().unwrap_or([0; 4]);
        let mut above = self.above.get(start..).unwrap_or_default().iter();
        for (at, (pixel, error)) in places.zip(row.iter_mut().zip(errors)) {
            // The first row has nothing above, and is predicted from the left alone.
            let above = above.next().copied().unwrap_or(left);
            if at >= first_run && above == above_left && left == left_of_left {
                return Some(at);
            }
            let now = read_errors(reader, models, before);
            for channel in 0..N {
                let predicted = left[channel].midpoint(above[channel]);
                pixel[channel] = predicted.wrapping_add(unfold::<BITS>(now[channel])) & u8::MAX >> (8 - BITS);
            }
            *error = u32::from_le_bytes(now);
            (before, left_of_left, left, above_left) = (now, left, *pixel, above);
        }
        None
    }
}

/// Reads the errors of a pixel; the last channel is the first one in the stream.
#[inline(always)]
fn read_errors<const N: usize, const BITS: u32>(
    reader: &mut BitReader<'_>,
    models: &[Model<BITS>; N],
    before: [u8; 4],
) -> [u8; 4] {
    let family = Family::of_bits(BITS);
    let mut now = [0; 4];
    for channel in (0..N).rev() {
        let code = models[channel].code_after(before[channel]);
        let (error, length) = family.read(code, reader.peek());
        reader.skip(length);
        now[channel] = error;
    }
    now
}

/// Why bytes are not a QUIC stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Not the magic number or the version.
    NotQuic {
        /// What stands for the magic number.
        magic: u32,
        /// What stands for the version.
        version: u32,
    },
    /// A kind that does not exist.
    Kind(UnknownFormat),
    /// No pixels, or more than wanted.
    Size(Size),
    /// The stream ends before its last pixel.
    Truncated,
    /// A run goes beyond the end of its row.
    RunTooLong,
    /// The pixels are no bitmap.
    Bitmap(BitmapError),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotQuic { magic, version } => {
                write!(f, "magic number {magic:#x} and version {version:#x} are not QUIC")
            }
            Self::Kind(error) => write!(f, "QUIC stream: {error}"),
            Self::Size(size) => {
                write!(f, "a QUIC image of {} x {} pixels is empty or too large", size.width, size.height)
            }
            Self::Truncated => f.write_str("the QUIC stream ends before its last pixel"),
            Self::RunTooLong => f.write_str("a QUIC run is longer than its row"),
            Self::Bitmap(error) => write!(f, "QUIC stream: {error}"),
        }
    }
}

impl core::error::Error for DecodeError {}

impl From<UnknownFormat> for DecodeError {
    fn from(error: UnknownFormat) -> Self {
        Self::Kind(error)
    }
}

impl From<BitmapError> for DecodeError {
    fn from(error: BitmapError) -> Self {
        Self::Bitmap(error)
    }
}
