//! Images of commands as pixels.

use alloc::vec::Vec;

use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

use super::guest::{Reader, after, offset_by};
use super::violation::Violation;
use crate::image::{
    Bitmap, BitmapFormat, CompressedImage, IMAGE_BYTES, ImageDescriptor, ImageKind, PaletteHeader,
    SurfaceImage,
};
use crate::memslot::PhysAddr;

/// Pixels as 0xAARRGGBB, row by row from the top.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    pixels: Vec<u32>,
}

/// What an image turned out to be.
#[derive(Clone, Debug)]
pub(super) enum Image {
    /// Pixels of its own.
    Picture(Picture),
    /// Those of a surface.
    Surface(u32),
    /// Checked, but not decoded.
    Compressed(ImageKind),
}

impl Picture {
    /// The pixel at column `x` and row `y`; black outside.
    pub(super) fn pixel(&self, x: u32, y: u32) -> u32 {
        let at = u64::from(y) * u64::from(self.width) + u64::from(x);
        usize::try_from(at).ok().and_then(|at| self.pixels.get(at)).copied().unwrap_or_default()
    }
}

/// Reads and checks the image at `address`.
pub(super) fn image(reader: &mut Reader<'_>, address: PhysAddr, is_mask: bool) -> Result<Image, Violation> {
    if address.is_null() {
        return Err(Violation::NoImage);
    }
    // The device wants room for the largest body, whichever it is.
    let bytes = reader.bytes(address, IMAGE_BYTES as u64)?;
    let descriptor = prefix::<ImageDescriptor>(&bytes);
    let body = bytes.get(size_of::<ImageDescriptor>()..).unwrap_or_default();
    match ImageKind::try_from(descriptor.kind) {
        Ok(ImageKind::Bitmap) => bitmap(reader, &prefix(body), is_mask).map(Image::Picture),
        Ok(ImageKind::Surface) => Ok(Image::Surface(prefix::<SurfaceImage>(body).surface_id.get())),
        Ok(ImageKind::Quic) => {
            let expected = u64::from(prefix::<CompressedImage>(body).data_size.get());
            let chunk =
                offset_by(after::<ImageDescriptor>(address), core::mem::offset_of!(CompressedImage, chunk));
            exactly(expected, &reader.chunks(chunk)?)?;
            Ok(Image::Compressed(ImageKind::Quic))
        }
        Ok(_) | Err(_) => Err(Violation::ImageKind(descriptor.kind)),
    }
}

/// Chunks have other than the promised bytes.
pub(super) fn exactly(expected: u64, bytes: &[u8]) -> Result<(), Violation> {
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if found == expected { Ok(()) } else { Err(Violation::ChunkBytes { expected, found }) }
}

/// The structure that bytes begin with; all 0 when they are too few.
pub(super) fn prefix<T: FromBytes + Default>(bytes: &[u8]) -> T {
    T::read_from_prefix(bytes).map_or_else(|_| T::default(), |(value, _)| value)
}

fn bitmap(reader: &mut Reader<'_>, bitmap: &Bitmap, is_mask: bool) -> Result<Picture, Violation> {
    let (format, size) = bitmap.checked(is_mask)?;
    let palette = palette(reader, bitmap.palette)?;
    let (size, mark) = (u64::from(size), reader.mark());
    let rows = if bitmap.flags & Bitmap::DIRECT != 0 {
        reader.bytes(bitmap.data, size)?
    } else {
        let rows = reader.chunks(bitmap.data)?;
        exactly(size, &rows)?;
        rows
    };
    if bitmap.flags & Bitmap::UNSTABLE != 0 {
        reader.forget_since(mark);
    }
    let (width, height) = (bitmap.width.get(), bitmap.height.get());
    let stride = usize::try_from(bitmap.stride.get()).unwrap_or(usize::MAX);
    let mut pixels = Vec::new();
    let decode = |row: &[u8]| (0..width).map(|x| color(format, &palette, row, x)).collect::<Vec<_>>();
    if bitmap.flags & Bitmap::TOP_DOWN != 0 {
        rows.chunks_exact(stride).for_each(|row| pixels.extend(decode(row)));
    } else {
        rows.chunks_exact(stride).rev().for_each(|row| pixels.extend(decode(row)));
    }
    Ok(Picture { width, height, pixels })
}

fn palette(reader: &mut Reader<'_>, address: PhysAddr) -> Result<Vec<u32>, Violation> {
    if address.is_null() {
        return Ok(Vec::new());
    }
    let header: PaletteHeader = reader.structure(address)?;
    let entries = reader.bytes(after::<PaletteHeader>(address), 4 * u64::from(header.count.get()))?;
    Ok(entries.chunks_exact(4).map(|entry| prefix::<U32>(entry).get()).collect())
}

/// The colour of the pixel in column `x` of a row.
fn color(format: BitmapFormat, palette: &[u32], row: &[u8], x: u32) -> u32 {
    let x = usize::try_from(x).unwrap_or(usize::MAX);
    let byte = |at: usize| row.get(at).copied().unwrap_or_default();
    let indexed = |index: u8| 0xff00_0000 | palette.get(usize::from(index)).copied().unwrap_or_default();
    let packed = |at: usize, bytes: usize| {
        (0..bytes).fold(0, |value, n| value | u32::from(byte(at.saturating_add(n))) << (8 * n))
    };
    match format {
        BitmapFormat::Bit1Le => indexed(byte(x / 8) >> (x % 8) & 1),
        BitmapFormat::Bit1Be => indexed(byte(x / 8) >> (7 - x % 8) & 1),
        BitmapFormat::Bit4Le => indexed(byte(x / 2) >> (4 * (x % 2)) & 15),
        BitmapFormat::Bit4Be => indexed(byte(x / 2) >> (4 - 4 * (x % 2)) & 15),
        BitmapFormat::Bit8 => indexed(byte(x)),
        BitmapFormat::Bit16 => from_555(packed(x.saturating_mul(2), 2)),
        BitmapFormat::Bit24 => 0xff00_0000 | packed(x.saturating_mul(3), 3),
        BitmapFormat::Bit32 => 0xff00_0000 | packed(x.saturating_mul(4), 4),
        BitmapFormat::Rgba => packed(x.saturating_mul(4), 4),
        BitmapFormat::Alpha8 => u32::from(byte(x)) << 24,
    }
}

/// 0RRRRRGGGGGBBBBB as 0xffRRGGBB: the upper bits of each channel are repeated below.
pub(super) fn from_555(pixel: u32) -> u32 {
    let channel = |shift: u32| {
        let five = pixel >> shift & 0x1f;
        five << 3 | five >> 2
    };
    0xff00_0000 | channel(10) << 16 | channel(5) << 8 | channel(0)
}
