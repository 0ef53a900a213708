//! The LZ4 image format of SPICE.
//!
//! The host server encodes images with it for clients that say they can decode it (display capability
//! `LZ4_COMPRESSION`), and the headless client decodes them.
//!
//! # Format
//! A byte that is 1 when the first row is the top one; a byte with the bitmap format; then one or more
//! blocks, each a length of 32 bits, big endian, and an LZ4 block of so many bytes. The blocks together
//! are the image's rows without padding, and each can refer to the up to 64 KiB of rows before it. We
//! write one block, and read any number. Blocks of pixels of 4 bytes are made by an encoder for these, others by that of
//! `lz4_flex`.
//!
//! The format was first described by `lz4-encoder.c` of spice-server.

mod block;
mod search;
mod sequences;

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use lz4_flex::block::{CompressError, compress_into, decompress_into_with_dict, get_maximum_output_size};

use crate::bitmap::{Bitmap, BitmapError, BitmapFormat, Layout, UnknownFormat};
use crate::geometry::Size;
use block::{FEWEST, Pixel};
use search::Table;

/// How far back an LZ4 block can refer, in bytes.
const WINDOW: usize = 64 * 1024;
/// The longest input of an LZ4 block, as clients' decoders have it.
const MAX_BYTES: u64 = 0x7e00_0000;

/// An encoder; keep it to save the allocation of its buffers.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    /// Rows without padding, of images that have some.
    packed: Vec<u8>,
    /// Room for a block, however badly it is compressed. Filling that with zeros for each image would take as long as
    /// compressing a page of text.
    block: Vec<u8>,
    table: Table,
}

impl Encoder {
    /// An encoder without buffers.
    pub const fn new() -> Self {
        Self { packed: Vec::new(), block: Vec::new(), table: Table::new() }
    }

    /// Appends the bitmap's pixels to `out`.
    ///
    /// # Errors
    /// [`Error::Format`] unless pixels are colours of 16, 24 or 32 bits; [`Error::TooLarge`] when there are
    /// too many.
    pub fn encode(&mut self, bitmap: &Bitmap, out: &mut Vec<u8>) -> Result<(), Error> {
        let format = bitmap.format();
        if !format.is_rgb() {
            return Err(Error::Format(u8::from(format)));
        }
        let size = bitmap.size();
        let row_bytes = format.row_bytes(size.width);
        let bytes = row_bytes * u64::from(size.height);
        if bytes > MAX_BYTES {
            return Err(Error::TooLarge { size });
        }
        let bytes = usize::try_from(bytes).map_err(|_| Error::TooLarge { size })?;
        let rows = if u64::from(bitmap.stride()) == row_bytes || size.height <= 1 {
            bitmap.data().get(..bytes).unwrap_or_default()
        } else {
            self.packed.clear();
            self.packed.reserve(bytes);
            for row in bitmap.memory_rows() {
                self.packed.extend_from_slice(row);
            }
            &self.packed
        };
        let pixels: &[Pixel] = if format.bits_per_pixel() == 32 { rows.as_chunks().0 } else { &[] };
        let written = if pixels.len() >= FEWEST {
            block::encode(&mut self.table, pixels, size.width as usize, &mut self.block)
        } else {
            let room = get_maximum_output_size(rows.len());
            if self.block.len() < room {
                self.block.resize(room, 0);
            }
            compress_into(rows, &mut self.block)?
        };
        out.extend_from_slice(&[u8::from(bitmap.top_down()), format.into()]);
        out.extend_from_slice(&u32::try_from(written).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(self.block.get(..written).unwrap_or_default());
        Ok(())
    }
}

/// The bitmap of `size` that a stream stands for.
///
/// # Errors
/// [`Error`]; [`Error::TooLarge`] when `size` has more than `max_pixels`, and [`Error::Empty`] when it has none, before
/// anything is decoded.
pub fn decode(stream: &[u8], size: Size, max_pixels: u64) -> Result<Bitmap, Error> {
    let (&[top_down, format], mut blocks) = stream.split_first_chunk().ok_or(Error::Truncated)?;
    let format = BitmapFormat::try_from(format)?;
    if !format.is_rgb() {
        return Err(Error::Format(format.into()));
    }
    let layout = Layout { top_down: top_down != 0, ..Layout::packed(format, size)? };
    // No pixels can still be a thousand million rows, which whoever walks them would pay for.
    if size.area() == 0 {
        return Err(Error::Empty { size });
    }
    if size.area() > max_pixels || layout.data_bytes() > MAX_BYTES {
        return Err(Error::TooLarge { size });
    }
    let mut data = vec![0; usize::try_from(layout.data_bytes()).map_err(|_| Error::TooLarge { size })?];
    let mut done = 0;
    while !blocks.is_empty() {
        let (length, rest) = blocks.split_first_chunk().ok_or(Error::Truncated)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Error::Truncated)?;
        let (block, rest) = rest.split_at_checked(length).ok_or(Error::Truncated)?;
        let (before, room) = data.split_at_mut(done);
        let window = before.get(before.len().saturating_sub(WINDOW)..).unwrap_or_default();
        done += decompress_into_with_dict(block, room, window).map_err(|_| Error::Block)?;
        blocks = rest;
    }
    if done != data.len() {
        return Err(Error::Truncated);
    }
    Ok(Bitmap::new(layout, None, data.into())?)
}

/// Why pixels have no stream, or a stream no pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The format cannot have pixels of this bitmap format.
    Format(
        /// The format's number.
        u8,
    ),
    /// A bitmap format that does not exist.
    UnknownFormat(UnknownFormat),
    /// There are more pixels than wanted, or than a stream can stand for.
    TooLarge {
        /// Columns and rows.
        size: Size,
    },
    /// There is no pixel to decode.
    Empty {
        /// Columns and rows.
        size: Size,
    },
    /// The stream, or what it stands for, ends before the last pixel.
    Truncated,
    /// A block cannot be decoded into the image's pixels.
    Block,
    /// The pixels are no bitmap.
    Bitmap(BitmapError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(format) => write!(f, "LZ4 images do not have pixels of format {format}"),
            Self::UnknownFormat(error) => write!(f, "LZ4 image: {error}"),
            Self::TooLarge { size } => {
                write!(f, "an LZ4 image of {} x {} pixels is too large", size.width, size.height)
            }
            Self::Empty { size } => {
                write!(f, "an LZ4 image of {} x {} pixels is empty", size.width, size.height)
            }
            Self::Truncated => f.write_str("the LZ4 image ends before its last pixel"),
            Self::Block => f.write_str("an LZ4 block is damaged or longer than the image"),
            Self::Bitmap(error) => write!(f, "LZ4 image: {error}"),
        }
    }
}

impl core::error::Error for Error {}

impl From<UnknownFormat> for Error {
    fn from(error: UnknownFormat) -> Self {
        Self::UnknownFormat(error)
    }
}

impl From<BitmapError> for Error {
    fn from(error: BitmapError) -> Self {
        Self::Bitmap(error)
    }
}

/// Does not happen: there is room for the longest block.
impl From<CompressError> for Error {
    fn from(_: CompressError) -> Self {
        Self::Block
    }
}
