//! Decoding: any bytes end in a bitmap of at most the pixels asked for, or in an error.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::{FAR, Kind, MAGIC, MAX_BYTES, MAX_LITERALS, VERSION};
use crate::bitmap::{Bitmap, BitmapError, BitmapFormat, Layout, Palette, UnknownFormat};
use crate::geometry::Size;

/// Pixels that are made room for before the first of them is there.
const FIRST_RESERVE: usize = 1 << 20;

/// The bitmap that a stream stands for, with `palette` as its palette.
///
/// Streams of [`Kind::AlphaOnly`] become bitmaps of [`BitmapFormat::Alpha8`]. Unused bytes of pixels are
/// 0.
///
/// # Errors
/// [`DecodeError`]; [`DecodeError::Size`] when the stream stands for no pixel or for more than `max_pixels`.
pub fn decode(stream: &[u8], palette: Option<Arc<Palette>>, max_pixels: u64) -> Result<Bitmap, DecodeError> {
    let mut input = Input(stream);
    let header = Header::read(&mut input)?;
    let Header { kind, size, row_bytes, .. } = header;
    let bytes = row_bytes.saturating_mul(size.height.into());
    // No pixels can still be a thousand million rows, which whoever walks them would pay for.
    if size.area() == 0 || size.area() > max_pixels || bytes > MAX_BYTES {
        return Err(DecodeError::Size { size });
    }
    let pixels = usize::try_from(size.area()).map_err(|_| DecodeError::Size { size })?;
    let bytes = usize::try_from(bytes).map_err(|_| DecodeError::Size { size })?;
    let data = match kind {
        Kind::Bitmap(BitmapFormat::Rgb555) => input.sequence(pixels, 1, |[high, low]| [low, high])?,
        Kind::Bitmap(BitmapFormat::Rgb24) => input.sequence(pixels, 0, |bgr: [u8; 3]| bgr)?,
        Kind::Bitmap(BitmapFormat::Xrgb32) => input.sequence(pixels, 0, |[b, g, r]| [b, g, r, 0])?,
        Kind::Bitmap(BitmapFormat::Argb32) => {
            let mut colors = input.sequence(pixels, 0, |[b, g, r]| [b, g, r, 0])?;
            let alpha = input.sequence(pixels, 2, |alpha: [u8; 1]| alpha)?;
            for (pixel, alpha) in colors.as_chunks_mut::<4>().0.iter_mut().zip(alpha) {
                pixel[3] = alpha;
            }
            colors
        }
        Kind::AlphaOnly => input.sequence(pixels, 2, |alpha: [u8; 1]| alpha)?,
        Kind::Bitmap(_) => input.sequence(bytes, 2, |byte: [u8; 1]| byte)?,
    };
    if !input.0.is_empty() {
        return Err(DecodeError::TrailingBytes(input.0.len()));
    }
    Ok(Bitmap::new(header.layout()?, palette, data.into())?)
}

struct Header {
    kind: Kind,
    size: Size,
    row_bytes: u64,
    top_down: bool,
}

impl Header {
    fn read(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let (magic, version) = (input.number()?, input.number()?);
        if magic != MAGIC || version != VERSION {
            return Err(DecodeError::NotLz { magic, version });
        }
        let kind = Kind::from_code(input.number()?)?;
        let size = Size::new(input.number()?, input.number()?);
        let row_bytes = u64::from(input.number()?);
        if row_bytes != kind.row_format().row_bytes(size.width) {
            return Err(DecodeError::RowBytes { width: size.width, row_bytes });
        }
        Ok(Self { kind, size, row_bytes, top_down: input.number()? != 0 })
    }

    fn layout(&self) -> Result<Layout, DecodeError> {
        let format = match self.kind {
            Kind::Bitmap(format) => format,
            Kind::AlphaOnly => BitmapFormat::Alpha8,
        };
        Ok(Layout { top_down: self.top_down, ..Layout::packed(format, self.size)? })
    }
}

/// What of a stream has not been read yet.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn byte(&mut self) -> Result<usize, DecodeError> {
        let [byte] = self.take()?;
        Ok(byte.into())
    }

    fn number(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.take()?))
    }

    /// Reads literals and matches until there are `count` pixels of `N` bytes. `convert` makes them out of
    /// literals, and `length_bias` is what stored lengths leave out.
    fn sequence<const LITERAL: usize, const N: usize>(
        &mut self,
        count: usize,
        length_bias: usize,
        convert: impl Fn([u8; LITERAL]) -> [u8; N],
    ) -> Result<Vec<u8>, DecodeError> {
        let mut out: Vec<u8> = Vec::with_capacity(count.min(FIRST_RESERVE) * N);
        let wanted = count * N;
        while out.len() < wanted {
            let control = self.byte()?;
            if control < MAX_LITERALS {
                let (literals, rest) =
                    self.0.split_at_checked((control + 1) * LITERAL).ok_or(DecodeError::Truncated)?;
                if (control + 1) * N > wanted - out.len() {
                    return Err(DecodeError::TooManyPixels);
                }
                for literal in literals.as_chunks().0 {
                    out.extend_from_slice(&convert(*literal));
                }
                self.0 = rest;
            } else {
                let (distance, stored_length) = self.reference(control)?;
                let length = stored_length.saturating_add(length_bias);
                if length > (wanted - out.len()) / N {
                    return Err(DecodeError::TooManyPixels);
                }
                repeat(&mut out, distance * N, length * N)?;
            }
        }
        Ok(out)
    }

    /// The rest of a match: its real distance and its stored length.
    fn reference(&mut self, control: usize) -> Result<(usize, usize), DecodeError> {
        let mut length = control >> 5;
        if length == 7 {
            loop {
                let more = self.byte()?;
                length = length.saturating_add(more);
                if more != 255 {
                    break;
                }
            }
        }
        let mut distance = (control & 31) << 8 | self.byte()?;
        if distance == FAR {
            distance += usize::from(u16::from_be_bytes(self.take()?));
        }
        Ok((distance + 1, length))
    }
}

/// Appends `length` bytes that lie `distance` bytes before the end; where that reaches beyond the end,
/// the bytes repeat.
fn repeat(out: &mut Vec<u8>, distance: usize, length: usize) -> Result<(), DecodeError> {
    let start = out.len().checked_sub(distance).ok_or(DecodeError::BeforeStart)?;
    let end = out.len() + length;
    while out.len() < end {
        let available = out.len() - start;
        let piece = available.min(end - out.len());
        out.extend_from_within(start..start + piece);
    }
    Ok(())
}

/// Why bytes are not an LZ stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Not the magic number or the version.
    NotLz {
        /// What stands for the magic number.
        magic: u32,
        /// What stands for the version.
        version: u32,
    },
    /// A kind that does not exist.
    Kind(UnknownFormat),
    /// The length of a row does not follow from its width.
    RowBytes {
        /// Pixels of a row.
        width: u32,
        /// Bytes that it is said to have.
        row_bytes: u64,
    },
    /// No pixel, or more than the caller wants.
    Size {
        /// Columns and rows.
        size: Size,
    },
    /// The stream ends before its last pixel.
    Truncated,
    /// A literal or a match goes beyond the last pixel.
    TooManyPixels,
    /// A match goes back beyond the first pixel.
    BeforeStart,
    /// Bytes follow the last pixel.
    TrailingBytes(
        /// How many.
        usize,
    ),
    /// The pixels are no bitmap.
    Bitmap(BitmapError),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLz { magic, version } => {
                write!(f, "magic number {magic:#x} and version {version:#x} are not LZ")
            }
            Self::Kind(error) => write!(f, "LZ stream: {error}"),
            Self::RowBytes { width, row_bytes } => {
                write!(f, "an LZ row of {width} pixels cannot have {row_bytes} bytes")
            }
            Self::Size { size } => {
                write!(f, "an LZ image of {} x {} pixels is empty or too large", size.width, size.height)
            }
            Self::Truncated => f.write_str("the LZ stream ends before its last pixel"),
            Self::TooManyPixels => f.write_str("the LZ stream has more pixels than the image"),
            Self::BeforeStart => f.write_str("an LZ match begins before the first pixel"),
            Self::TrailingBytes(count) => write!(f, "{count} bytes follow the last pixel of an LZ stream"),
            Self::Bitmap(error) => write!(f, "LZ stream: {error}"),
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
