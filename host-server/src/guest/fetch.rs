//! From addresses to pixels, in two steps: images are described, then their pixels are copied out, once.
//!
//! A description has been checked and holds no reference into the guest's structures, so that pixels which
//! nobody will see need not be copied. After the copy the command's memory goes back to the guest, whatever
//! becomes of the drawing.

use std::sync::Arc;

use image::bitmap::{Bitmap, BitmapFormat, Layout, Palette};
use image::geometry::Size;
use image::quic;
use qxl::image::{CompressedImage, ImageDescriptor, ImageKind, PaletteHeader, SurfaceImage};
use qxl::memslot::PhysAddr;
use wire::drawable::SurfaceId;
use zerocopy::little_endian::U32;

use super::buffers::Buffers;
use super::command::ImageAddress;
use super::memory::{GroupMemory, Piece};
use super::parse::color_16_to_32;
use super::rows::Rows;
use crate::display::picture::{Image, Picture};
use crate::fault::GuestFault;

/// An image of a command, found and checked.
#[derive(Clone, Debug)]
pub enum Described {
    /// The drawing's own area, in place of an image that is not given.
    OwnArea,
    /// Another surface.
    Surface(SurfaceId),
    /// Pixels in the guest's memory.
    Pixels(Box<Pixels>),
}

/// Where an image's pixels are and what they look like.
#[derive(Clone, Debug)]
pub struct Pixels {
    descriptor: ImageDescriptor,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    /// Pixels as they are.
    Rows(Rows),
    /// A QUIC stream.
    Quic(Vec<u8>),
}

/// Pixels of an image that a guest has compressed.
const MAX_DECODED_PIXELS: u64 = 64 << 20;

/// Finds and checks the image at `at`. Its pixels are not read yet.
pub fn describe(
    memory: GroupMemory<'_>,
    at: ImageAddress,
    colors_are_16_bit: bool,
) -> Result<Described, GuestFault> {
    const BODY: u64 = size_of::<ImageDescriptor>() as u64;
    if at.address.is_null() {
        return Ok(Described::OwnArea);
    }
    let descriptor: ImageDescriptor = memory.read(at.address)?;
    let kind = ImageKind::try_from(descriptor.kind)
        .map_err(|_| GuestFault::new(format_args!("unknown kind of image {}", descriptor.kind)))?;
    let body = match kind {
        ImageKind::Bitmap => {
            let head: qxl::image::Bitmap = memory.read_at(at.address, BODY)?;
            describe_rows(memory, &head, at.is_mask, colors_are_16_bit)?
        }
        ImageKind::Quic => {
            let head: CompressedImage = memory.read_at(at.address, BODY)?;
            let lead = BODY + std::mem::offset_of!(CompressedImage, chunk) as u64;
            let size = head.data_size.get() as usize;
            let stream = memory.chunks(at.address, lead, size)?;
            if stream.len() != size {
                return Err(GuestFault::new(format_args!("stream of {size} bytes in {}", stream.len())));
            }
            Body::Quic(stream)
        }
        ImageKind::Surface => {
            let SurfaceImage { surface_id } = memory.read_at(at.address, BODY)?;
            return Ok(Described::Surface(SurfaceId(surface_id.get())));
        }
        other => return Err(GuestFault::new(format_args!("image of kind {other:?} from a guest"))),
    };
    Ok(Described::Pixels(Box::new(Pixels { descriptor, body })))
}

impl Described {
    /// Copies the pixels, if the image has any of its own. `None` stands for the drawing's own area.
    pub fn copy(self, buffers: &Buffers) -> Result<Option<Picture>, GuestFault> {
        Ok(match self {
            Self::OwnArea => None,
            Self::Surface(id) => Some(Picture::Surface(id)),
            Self::Pixels(pixels) => Some(Picture::Bitmap(Arc::new(pixels.copy(buffers)?))),
        })
    }
}

impl Pixels {
    /// The rows in the guest's memory, when the pixels are stored as they are.
    pub const fn rows(&self) -> Option<&Rows> {
        match &self.body {
            Body::Rows(rows) => Some(rows),
            Body::Quic(_) => None,
        }
    }

    /// Whether the guest asks clients to keep the image.
    pub fn is_cacheable(&self) -> bool {
        self.descriptor.flags & ImageDescriptor::CACHE != 0
    }

    /// Whether the unused byte of every 32 bit pixel is 255.
    pub fn has_high_bits_set(&self) -> bool {
        self.descriptor.flags & ImageDescriptor::HIGH_BITS_SET != 0
    }

    fn copy(self, buffers: &Buffers) -> Result<Image, GuestFault> {
        let (cacheable, high_bits_set) = (self.is_cacheable(), self.has_high_bits_set());
        let Self { descriptor, body } = self;
        let (bitmap, widened) = match body {
            Body::Rows(rows) => (rows.copy(buffers).map_err(GuestFault::new)?, false),
            Body::Quic(stream) => decompressed(&stream, descriptor)?,
        };
        Ok(Image { id: descriptor.id.get(), cacheable, high_bits_set, widened, ..Image::new(bitmap) })
    }
}

/// The pixels of a QUIC stream, and whether they had 16 bits: the original decompresses these to 32 bits, the fourth byte
/// of which is 0, wherever that can be seen.
fn decompressed(stream: &[u8], descriptor: ImageDescriptor) -> Result<(Bitmap, bool), GuestFault> {
    let bitmap = quic::decode(stream, MAX_DECODED_PIXELS).map_err(GuestFault::new)?;
    let (size, told) = (bitmap.size(), Size::new(descriptor.width.get(), descriptor.height.get()));
    if size != told {
        let (Size { width, height }, Size { width: told_width, height: told_height }) = (size, told);
        return Err(GuestFault::new(format_args!(
            "stream of {width}x{height} in an image of {told_width}x{told_height}"
        )));
    }
    Ok(match bitmap.format() {
        BitmapFormat::Rgb555 => (widened(&bitmap)?, true),
        _ => (bitmap, false),
    })
}

/// The bitmap as one of 32 bits a pixel.
fn widened(bitmap: &Bitmap) -> Result<Bitmap, GuestFault> {
    let layout = Layout::packed(BitmapFormat::Xrgb32, bitmap.size()).map_err(GuestFault::new)?;
    let mut row = vec![0; bitmap.width() as usize];
    let mut data = Vec::with_capacity(bitmap.data().len() * 2);
    for y in 0..bitmap.height() {
        bitmap.row_to_xrgb(y, &mut row);
        data.extend(row.iter().flat_map(|pixel| pixel.to_le_bytes()));
    }
    Bitmap::new(layout, None, data.into()).map_err(GuestFault::new)
}

fn describe_rows(
    memory: GroupMemory<'_>,
    head: &qxl::image::Bitmap,
    is_mask: bool,
    colors_are_16_bit: bool,
) -> Result<Body, GuestFault> {
    let (_, bytes) =
        head.checked(is_mask).map_err(|fault| GuestFault::new(format_args!("bitmap: {fault:?}")))?;
    let bytes = bytes as usize;
    let pieces = if head.flags & qxl::image::Bitmap::DIRECT != 0 {
        let (region, offset) = memory.resolve(head.data, bytes as u64)?;
        vec![Piece { region: region.clone(), offset, length: bytes }]
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
    let stride = head.stride.get();
    // Clients need rows that begin at multiples of 4 bytes; padding beyond that is left out of the copy.
    let packed = u32::try_from(format.row_bytes(size.width).next_multiple_of(4)).unwrap_or(stride);
    let top_down = head.flags & qxl::image::Bitmap::TOP_DOWN != 0;
    let layout = Layout { format, size, stride: packed.min(stride), top_down };
    Ok(Body::Rows(Rows::new(pieces, stride, layout, palette)))
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
