//! Decoding: any bytes end in a bitmap of at most the pixels asked for, or in an error.

use alloc::string::{String, ToString};
use alloc::vec;
use core::fmt;

use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat};

use crate::bitmap::{Bitmap, BitmapError, BitmapFormat, Layout};
use crate::geometry::Size;

/// Passes over the picture that a progressive file may ask for: usual ones have ten, and each costs the time of all of the
/// picture however few bytes it has.
const MAX_SCANS: u32 = 16;

/// The bitmap that a JPEG file stands for: of [`BitmapFormat::Xrgb32`], rows from the top, unused bytes 0.
///
/// Takes time and memory for at most `max_pixels`, sixteen times over for a progressive file.
///
/// # Errors
/// [`DecodeError`]; [`DecodeError::Size`] when there are more than `max_pixels`, before any is made room for.
pub fn decode(file: &[u8], max_pixels: u64) -> Result<Bitmap, DecodeError> {
    let mut decompressor = Decompressor::new()?;
    decompressor.set_scan_limit(MAX_SCANS)?;
    let header = decompressor.read_header(file)?;
    let (width, height) = (header.width, header.height);
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let size = Size::new(side(width), side(height));
    if size.area() == 0 || size.area() > max_pixels {
        return Err(DecodeError::Size(size));
    }
    if !matches!(header.colorspace, Colorspace::YCbCr | Colorspace::Gray | Colorspace::RGB) {
        return Err(DecodeError::Colors);
    }
    let layout = Layout::packed(BitmapFormat::Xrgb32, size)?;
    let bytes = usize::try_from(layout.data_bytes()).map_err(|_| DecodeError::Size(size))?;
    let mut pixels = vec![0; bytes];
    let image =
        Image { pixels: pixels.as_mut_slice(), width, pitch: width * 4, height, format: PixelFormat::BGRX };
    decompressor.decompress(file, image)?;
    for [_, _, _, unused] in pixels.as_chunks_mut().0 {
        *unused = 0;
    }
    Ok(Bitmap::new(layout, None, pixels.into())?)
}

/// Why bytes are not a JPEG file that is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// No pixel, or more than the caller wants.
    Size(
        /// Columns and rows.
        Size,
    ),
    /// Colours for printing.
    Colors,
    /// The file is damaged, cut off, or of a kind that is not decoded.
    File(
        /// What the library says.
        String,
    ),
    /// The pixels are no bitmap.
    Bitmap(BitmapError),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(Size { width, height }) => {
                write!(f, "a JPEG file of {width} x {height} pixels is empty or too large")
            }
            Self::Colors => f.write_str("the JPEG file has colours for printing"),
            Self::File(reason) => write!(f, "JPEG file: {reason}"),
            Self::Bitmap(error) => write!(f, "JPEG file: {error}"),
        }
    }
}

impl core::error::Error for DecodeError {}

impl From<turbojpeg::Error> for DecodeError {
    fn from(error: turbojpeg::Error) -> Self {
        Self::File(error.to_string())
    }
}

impl From<BitmapError> for DecodeError {
    fn from(error: BitmapError) -> Self {
        Self::Bitmap(error)
    }
}
