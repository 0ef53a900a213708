//! Pictures with alpha: a JPEG file of the colours, then an LZ stream of the alpha bytes.

use alloc::vec::Vec;
use core::fmt;

use super::decode::{DecodeError, decode};
use super::encode::{EncodeError, Encoder};
use crate::bitmap::{Bitmap, BitmapError, BitmapFormat, Layout};
use crate::lz;

/// Appends the file and the stream to `out`, and gives the bytes of the file.
///
/// # Errors
/// When `bitmap` is not of [`BitmapFormat::Argb32`], or as [`Encoder::encode`]; then `out` is as it was.
pub fn encode_with_alpha(
    bitmap: &Bitmap,
    quality: u8,
    colors: &mut Encoder,
    alpha: &mut lz::Encoder,
    out: &mut Vec<u8>,
) -> Result<u32, EncodeError> {
    if bitmap.format() != BitmapFormat::Argb32 {
        return Err(EncodeError::Format(bitmap.format()));
    }
    let start = out.len();
    colors.encode(bitmap, quality, out)?;
    let end = out.len();
    let length = u32::try_from(end - start).ok();
    let both = length.filter(|_| alpha.encode_alpha(bitmap, out).is_ok());
    both.ok_or_else(|| {
        out.truncate(start);
        EncodeError::Size(bitmap.size())
    })
}

/// The bitmap of [`BitmapFormat::Argb32`], rows from the top, that a file of `jpeg_size` bytes and a stream behind it stand
/// for. `top_down` is what the message says about the stream's rows.
///
/// # Errors
/// [`AlphaError`]; as with [`decode`], nothing is made room for that has more than `max_pixels`.
pub fn decode_with_alpha(
    data: &[u8],
    jpeg_size: u32,
    top_down: bool,
    max_pixels: u64,
) -> Result<Bitmap, AlphaError> {
    let parts = usize::try_from(jpeg_size).ok().and_then(|size| data.split_at_checked(size));
    let (file, stream) = parts.ok_or(AlphaError::Truncated)?;
    let alpha = lz::decode(stream, None, max_pixels)?;
    let colors = decode(file, max_pixels)?;
    // A client of the original stops when these are not the same, and so no server sends such a thing.
    let fits = alpha.format() == BitmapFormat::Alpha8
        && alpha.size() == colors.size()
        && alpha.top_down() == top_down;
    if !fits {
        return Err(AlphaError::Mismatch { colors: *colors.layout(), alpha: *alpha.layout() });
    }
    let layout = Layout::packed(BitmapFormat::Argb32, colors.size())?;
    let mut pixels = Vec::from(colors.data().clone());
    for (pixel, alpha) in pixels.as_chunks_mut::<4>().0.iter_mut().zip(alpha.rows().flatten()) {
        pixel[3] = *alpha;
    }
    Ok(Bitmap::new(layout, None, pixels.into())?)
}

/// Why bytes are no picture with alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlphaError {
    /// There are fewer bytes than the file is said to have.
    Truncated,
    /// The colours' file.
    Colors(DecodeError),
    /// The alpha's stream.
    Alpha(lz::DecodeError),
    /// The stream is not the alpha of these colours.
    Mismatch {
        /// What the file has.
        colors: Layout,
        /// What the stream has.
        alpha: Layout,
    },
    /// The pixels are no bitmap.
    Bitmap(BitmapError),
}

impl fmt::Display for AlphaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("a JPEG file with alpha ends before the alpha"),
            Self::Colors(error) => error.fmt(f),
            Self::Alpha(error) => write!(f, "alpha of a JPEG file: {error}"),
            Self::Mismatch { colors, alpha } => write!(f, "{alpha:?} is not the alpha of {colors:?}"),
            Self::Bitmap(error) => write!(f, "JPEG file with alpha: {error}"),
        }
    }
}

impl core::error::Error for AlphaError {}

impl From<DecodeError> for AlphaError {
    fn from(error: DecodeError) -> Self {
        Self::Colors(error)
    }
}

impl From<lz::DecodeError> for AlphaError {
    fn from(error: lz::DecodeError) -> Self {
        Self::Alpha(error)
    }
}

impl From<BitmapError> for AlphaError {
    fn from(error: BitmapError) -> Self {
        Self::Bitmap(error)
    }
}
