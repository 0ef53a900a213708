//! Encoding, also of a part of a picture, and smaller than it is.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use turbojpeg::{Compressor, Image, PixelFormat, Subsamp, compressed_buf_len};

use super::{MAX_SIDE, Rows};
use crate::bitmap::{BitmapFormat, Layout};
use crate::geometry::Size;

/// Encodes pictures; keep it, because it keeps its working memory. It has none before the first picture.
#[derive(Debug, Default)]
pub struct Encoder {
    compressor: Option<Compressor>,
    /// Where a file comes to be: room for the longest one, of which the system has given no more than was ever written.
    room: Vec<u8>,
    /// Pixels that the library cannot read where they are.
    packed: Vec<u8>,
}

impl Encoder {
    /// An encoder without working memory.
    pub const fn new() -> Self {
        Self { compressor: None, room: Vec::new(), packed: Vec::new() }
    }

    /// Appends a file of the picture to `out`. `quality` is that of libjpeg, from 0, the worst, to 100.
    ///
    /// # Errors
    /// [`EncodeError`]; then `out` is as it was.
    pub fn encode<'a>(
        &mut self,
        rows: impl Into<Rows<'a>>,
        quality: u8,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let rows = rows.into();
        let Layout { format, size, stride, top_down } = *rows.layout();
        let (row_bytes, pixel_format) = match format {
            _ if !(1..=MAX_SIDE).contains(&size.width) || !(1..=MAX_SIDE).contains(&size.height) => {
                return Err(EncodeError::Size(size));
            }
            BitmapFormat::Xrgb32 | BitmapFormat::Argb32 => (size.width * 4, PixelFormat::BGRX),
            BitmapFormat::Rgb24 | BitmapFormat::Rgb555 => (size.width * 3, PixelFormat::BGR),
            other => return Err(EncodeError::Format(other)),
        };
        let as_it_is = top_down && format != BitmapFormat::Rgb555 && i32::try_from(stride).is_ok();
        if as_it_is {
            return self.compress(rows.bytes(), size, stride, pixel_format, quality, out);
        }
        let mut packed = core::mem::take(&mut self.packed);
        packed.clear();
        for y in 0..size.height {
            if format == BitmapFormat::Rgb555 {
                rows.each_color(y, |pixel| packed.extend_from_slice(&pixel));
            } else {
                packed.extend_from_slice(rows.row(y));
            }
        }
        let encoded = self.compress(&packed, size, row_bytes, pixel_format, quality, out);
        self.packed = packed;
        encoded
    }

    /// Appends a file of the picture reduced to `size`, each of its pixels the mean of those that it stands for. `size` is
    /// no larger than the picture.
    ///
    /// # Errors
    /// [`EncodeError`]; then `out` is as it was.
    pub fn encode_reduced<'a>(
        &mut self,
        rows: impl Into<Rows<'a>>,
        size: Size,
        quality: u8,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let rows = rows.into();
        let Layout { format, size: full, .. } = *rows.layout();
        if size == full {
            return self.encode(rows, quality, out);
        }
        if !format.is_rgb() {
            return Err(EncodeError::Format(format));
        }
        if size.area() == 0 || size.width > full.width || size.height > full.height {
            return Err(EncodeError::Size(size));
        }
        let mut packed = core::mem::take(&mut self.packed);
        reduce(rows, size, &mut packed);
        let layout = Layout::packed(BitmapFormat::Rgb24, size);
        let encoded = match layout.and_then(|layout| Rows::new(layout, &packed)) {
            Ok(reduced) => self.encode(reduced, quality, out),
            Err(_) => Err(EncodeError::Size(size)),
        };
        self.packed = packed;
        encoded
    }

    /// Rows run from the top, and all lie inside `pixels`.
    fn compress(
        &mut self,
        pixels: &[u8],
        Size { width, height }: Size,
        stride: u32,
        format: PixelFormat,
        quality: u8,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let size = Size { width, height };
        let side = |pixels: u32| usize::try_from(pixels).map_err(|_| EncodeError::Size(size));
        let (width, height, pitch) = (side(width)?, side(height)?, side(stride)?);
        let longest = compressed_buf_len(width, height, SUBSAMPLING)?;
        if self.room.len() < longest {
            // Made anew rather than longer, so that nothing is copied or written over.
            self.room = Vec::new();
            self.room = vec![0; longest.next_power_of_two()];
        }
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            none => none.insert(compressor()?),
        };
        compressor.set_quality(quality.clamp(1, 100).into())?;
        let written =
            compressor.compress_to_slice(Image { pixels, width, pitch, height, format }, &mut self.room)?;
        out.extend_from_slice(self.room.get(..written).unwrap_or_default());
        Ok(())
    }
}

/// Chroma is halved both ways, as the original does and as its clients' decoders are fastest with.
const SUBSAMPLING: Subsamp = Subsamp::Sub2x2;

fn compressor() -> Result<Compressor, turbojpeg::Error> {
    let mut compressor = Compressor::new()?;
    compressor.set_subsamp(SUBSAMPLING)?;
    Ok(compressor)
}

/// Fills `reduced` with blue, green and red of `size` pixels.
fn reduce(rows: Rows<'_>, size: Size, reduced: &mut Vec<u8>) {
    let full = rows.layout().size;
    reduced.clear();
    let mut sums: Vec<[u32; 4]> = Vec::new();
    for y in 0..size.height {
        sums.clear();
        sums.resize(usize::try_from(size.width).unwrap_or(0), [0; 4]);
        for full_y in boundary(y, full.height, size.height)..boundary(y + 1, full.height, size.height) {
            let (mut column, mut x, mut end) = (0, 0, boundary(1, full.width, size.width));
            rows.each_color(full_y, |[blue, green, red]| {
                if x >= end {
                    column += 1;
                    end = boundary(column + 1, full.width, size.width);
                }
                x += 1;
                let at = usize::try_from(column).unwrap_or(usize::MAX);
                if let Some([blues, greens, reds, count]) = sums.get_mut(at) {
                    *blues += u32::from(blue);
                    *greens += u32::from(green);
                    *reds += u32::from(red);
                    *count += 1;
                }
            });
        }
        for [blue, green, red, count] in &sums {
            let mean = |sum: u32| u8::try_from((sum + count / 2) / (*count).max(1)).unwrap_or(u8::MAX);
            reduced.extend_from_slice(&[mean(*blue), mean(*green), mean(*red)]);
        }
    }
}

/// The first of `full` columns or rows that belongs to number `at` of `reduced`.
fn boundary(at: u32, full: u32, reduced: u32) -> u32 {
    let first = u64::from(at) * u64::from(full) / u64::from(reduced.max(1));
    u32::try_from(first).unwrap_or(u32::MAX)
}

/// Why pixels have no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// Pixels of this format are no colours of their own.
    Format(
        /// The format.
        BitmapFormat,
    ),
    /// There is no pixel, or more columns or rows than a file can have, or than the picture has.
    Size(
        /// Columns and rows.
        Size,
    ),
    /// The library cannot do it, most likely because there is no memory.
    Library(
        /// Its reason.
        String,
    ),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(format) => write!(f, "{format:?} pixels cannot be a JPEG file"),
            Self::Size(Size { width, height }) => {
                write!(f, "{width} x {height} pixels cannot be a JPEG file")
            }
            Self::Library(reason) => write!(f, "JPEG encoder: {reason}"),
        }
    }
}

impl core::error::Error for EncodeError {}

impl From<turbojpeg::Error> for EncodeError {
    fn from(error: turbojpeg::Error) -> Self {
        Self::Library(error.to_string())
    }
}
