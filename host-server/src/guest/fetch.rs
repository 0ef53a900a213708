//! From addresses to pixels: everything an operation needs is copied out, once, while the command is parsed.
//!
//! After this the command's memory goes back to the guest, whatever becomes of the drawing.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use image::bitmap::{Bitmap, BitmapFormat, Layout, Palette};
use image::geometry::Size;
use qxl::image::{ImageDescriptor, ImageKind, PaletteHeader, SurfaceImage};
use qxl::memslot::PhysAddr;
use wire::drawable::SurfaceId;
use zerocopy::little_endian::U32;

use super::command::ImageAddress;
use super::memory::{GroupMemory, Piece};
use super::parse::color_16_to_32;
use crate::display::picture::{Image, Picture};
use crate::fault::GuestFault;

/// Copies the image at `at`.
pub fn picture(
    memory: GroupMemory<'_>,
    at: ImageAddress,
    colors_are_16_bit: bool,
) -> Result<Picture, GuestFault> {
    const BODY: u64 = size_of::<ImageDescriptor>() as u64;
    let descriptor: ImageDescriptor = memory.read(at.address)?;
    let kind = ImageKind::try_from(descriptor.kind)
        .map_err(|_| GuestFault::new(format_args!("unknown kind of image {}", descriptor.kind)))?;
    match kind {
        ImageKind::Bitmap => {
            let head: qxl::image::Bitmap = memory.read_at(at.address, BODY)?;
            let bitmap = bitmap(memory, &head, at.is_mask, colors_are_16_bit)?;
            Ok(Picture::Bitmap(Arc::new(Image {
                id: descriptor.id.get(),
                cacheable: descriptor.flags & ImageDescriptor::CACHE != 0,
                high_bits_set: descriptor.flags & ImageDescriptor::HIGH_BITS_SET != 0,
                bitmap: Arc::new(bitmap),
                encoded: OnceLock::new(),
            })))
        }
        ImageKind::Surface => {
            let SurfaceImage { surface_id } = memory.read_at(at.address, BODY)?;
            Ok(Picture::Surface(SurfaceId(surface_id.get())))
        }
        other => Err(GuestFault::new(format_args!("image of kind {other:?} is not supported from a guest"))),
    }
}

fn bitmap(
    memory: GroupMemory<'_>,
    head: &qxl::image::Bitmap,
    is_mask: bool,
    colors_are_16_bit: bool,
) -> Result<Bitmap, GuestFault> {
    let (_, bytes) =
        head.checked(is_mask).map_err(|fault| GuestFault::new(format_args!("bitmap: {fault:?}")))?;
    let bytes = bytes as usize;
    let pieces = if head.flags & qxl::image::Bitmap::DIRECT != 0 {
        let (region, offset) = memory.resolve(head.data, bytes as u64)?;
        vec![Piece { region, offset, length: bytes }]
    } else {
        memory.pieces(head.data, 0, bytes)?
    };
    let found: usize = pieces.iter().map(|piece| piece.length).sum();
    if found != bytes {
        return Err(GuestFault::new(format_args!("bitmap of {bytes} bytes in chunks of {found}")));
    }
    let palette = if head.palette.is_null() {
        None
    } else {
        Some(Arc::new(palette(memory, head.palette, colors_are_16_bit)?))
    };
    let format = BitmapFormat::try_from(head.format).map_err(GuestFault::new)?;
    let size = Size::new(head.width.get(), head.height.get());
    let (stride, data) = rows(&pieces, head.stride.get(), format.row_bytes(size.width));
    let top_down = head.flags & qxl::image::Bitmap::TOP_DOWN != 0;
    Bitmap::new(Layout { format, size, stride, top_down }, palette, Bytes::from(data))
        .map_err(GuestFault::new)
}

/// Copies rows of pixels, leaving out what pads them beyond the next 4 bytes; returns their new stride.
fn rows(pieces: &[Piece<'_>], stride: u32, row_bytes: u64) -> (u32, Vec<u8>) {
    let kept = u32::try_from(row_bytes.next_multiple_of(4)).map_or(stride, |kept| kept.min(stride));
    let (stride_bytes, kept_bytes) = (stride as usize, kept as usize);
    let total: usize = pieces.iter().map(|piece| piece.length).sum();
    let mut data = Vec::with_capacity(total / stride_bytes.max(1) * kept_bytes);
    // Where in its row the next byte belongs.
    let mut column = 0;
    for piece in pieces {
        if kept == stride {
            piece.region.append_to(piece.offset, piece.length, &mut data);
            continue;
        }
        let mut done = 0;
        while done < piece.length {
            let span = (piece.length - done).min(stride_bytes - column);
            let wanted = kept_bytes.saturating_sub(column).min(span);
            piece.region.append_to(piece.offset + done as u64, wanted, &mut data);
            done += span;
            column = (column + span) % stride_bytes;
        }
    }
    (kept, data)
}

fn palette(
    memory: GroupMemory<'_>,
    address: PhysAddr,
    colors_are_16_bit: bool,
) -> Result<Palette, GuestFault> {
    let PaletteHeader { unique, count } = memory.read(address)?;
    let lead = size_of::<PaletteHeader>() as u64;
    let entries: Vec<U32> = memory.read_all(address, lead, usize::from(count.get()))?;
    let color = |entry: U32| if colors_are_16_bit { color_16_to_32(entry.get()) } else { entry.get() };
    Ok(Palette { unique: unique.get(), entries: entries.into_iter().map(color).collect() })
}
