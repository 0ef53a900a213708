//! Drawings of pixels: images that are drawn once, and tiles that stay in the device's memory.

use core::mem::offset_of;

use qxl::drawable::{Drawable, Operation};
use qxl::image::{
    Bitmap, BitmapFormat, IMAGE_BYTES, ImageDescriptor, ImageGroup, ImageKind, content_id, image_id,
};
use qxl::memslot::PhysAddr;
use qxl::operation::{Copy, rop};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{Immutable, IntoBytes};

use super::Card;
use super::draw::{DRAWING, device_rect};
use super::send::len_of;
use crate::bus::Bus;
use crate::fault::Dead;
use crate::geometry::Rect;
use crate::heap::GRANULE;
use crate::outstanding::{Keeps, Sent};
use crate::resident::Content;

/// Bytes from an image's descriptor to its pixels.
const PIXELS: u64 = IMAGE_BYTES as u64;

// Pixels are written as they are in memory.
const _: () = assert!(cfg!(target_endian = "little"));

/// Descriptor and body of an image, as they lie in memory.
#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Image {
    descriptor: ImageDescriptor,
    bitmap: Bitmap,
}

/// The most pixels of one image in a heap of that many bytes.
///
/// QEMU holds released commands back until it has 32 of them. With images of at most a 48th of the heap, those are at
/// most two thirds of it. A video of 640 by 360 pixels so is one image on a device with QEMU's default memory.
pub(super) const fn most_pixels(heap_len: u64) -> usize {
    let bytes = heap_len / 48;
    let bytes = if bytes > MOST_BYTES { MOST_BYTES } else { bytes };
    // No more than a megabyte.
    (bytes.saturating_sub(DRAWING + PIXELS + GRANULE) / 4) as usize
}

/// The most bytes of one image: the device can begin with the first of several while the driver writes the others.
const MOST_BYTES: u64 = 1 << 20;

impl<B: Bus> Card<B> {
    /// Draws pixels: one block holds the drawing, the image and its rows.
    pub(super) fn draw_image<'a>(
        &mut self,
        area: Rect,
        rows: impl Iterator<Item = &'a [u32]> + Clone,
    ) -> Result<bool, Dead> {
        if !self.has_room()? {
            return Ok(false);
        }
        let Some(len) = image_len(area) else { return Ok(false) };
        let Some(block) = self.allocate(DRAWING.saturating_add(len))? else { return Ok(false) };
        let at = block.offset().saturating_add(DRAWING);
        self.write_image(at, area, image_id(ImageGroup::DriverDontCache, 0), 0, rows);
        let drawing = self.copy_from(at, area);
        let sent = self.send(Sent { block, keeps: Keeps::Drawing }, &drawing)?;
        if sent {
            self.statistics.images = self.statistics.images.saturating_add(1);
        }
        Ok(sent)
    }

    /// Draws pixels that are in the device's memory, or will be from now on.
    pub(super) fn draw_tile<'a>(
        &mut self,
        area: Rect,
        hash: u64,
        rows: impl Iterator<Item = &'a [u32]> + Clone,
    ) -> Result<bool, Dead> {
        if !self.has_room()? {
            return Ok(false);
        }
        let content = Content { hash, width: area.width(), height: area.height() };
        let Some((tile, at, is_new)) = self.resident_tile(content, area, rows)? else { return Ok(false) };
        // From here on it is in use, so that no allocation takes it.
        self.tiles.hold(tile);
        let block = match self.allocate(DRAWING) {
            Ok(Some(block)) => block,
            refused => {
                self.tiles.release(tile);
                return refused.map(|_| false);
            }
        };
        let drawing = self.copy_from(at, area);
        let sent = self.send(Sent { block, keeps: Keeps::Image(tile) }, &drawing)?;
        if sent {
            let statistics = &mut self.statistics;
            let count = if is_new { &mut statistics.tiles_written } else { &mut statistics.tiles_reused };
            *count = count.saturating_add(1);
        }
        Ok(sent)
    }

    /// The tile with these pixels, where its image is, and whether it was written just now.
    fn resident_tile<'a>(
        &mut self,
        content: Content,
        area: Rect,
        rows: impl Iterator<Item = &'a [u32]> + Clone,
    ) -> Result<Option<(u32, u64, bool)>, Dead> {
        if let Some((tile, at)) = self.tiles.find(&content) {
            return Ok(Some((tile, at, false)));
        }
        if self.tiles.is_full() {
            self.reclaim()?;
            let Some(block) = self.tiles.evict() else {
                self.blocked.memory = true;
                return Ok(None);
            };
            self.heap.free(block);
            self.statistics.tiles_evicted = self.statistics.tiles_evicted.saturating_add(1);
        }
        let Some(len) = image_len(area) else { return Ok(None) };
        let Some(block) = self.allocate(len)? else { return Ok(None) };
        let at = block.offset();
        self.write_image(at, area, content_id(content.hash), ImageDescriptor::CACHE, rows);
        match self.tiles.insert(content, block) {
            Ok(tile) => Ok(Some((tile, at, true))),
            Err(block) => {
                self.heap.free(block);
                Ok(None)
            }
        }
    }

    /// The drawing of the image at `at`, all of it.
    fn copy_from(&self, at: u64, area: Rect) -> Drawable {
        let source = self.address(at, PIXELS).unwrap_or(PhysAddr::NULL);
        let source_area = device_rect(Rect::new(0, 0, area.width(), area.height()));
        let copy = Copy { source, source_area, rop: U16::new(rop::PUT), ..Copy::default() };
        self.drawing(area, &Operation::Copy(copy))
    }

    fn write_image<'a>(
        &mut self,
        at: u64,
        area: Rect,
        id: u64,
        flags: u8,
        rows: impl Iterator<Item = &'a [u32]>,
    ) {
        let (width, height) = (U32::new(area.width()), U32::new(area.height()));
        let pixels = at.saturating_add(PIXELS);
        let len = u64::from(area.width()).saturating_mul(u64::from(area.height())).saturating_mul(4);
        let image = Image {
            descriptor: ImageDescriptor {
                id: U64::new(id),
                kind: ImageKind::Bitmap.code(),
                flags,
                width,
                height,
            },
            bitmap: Bitmap {
                format: BitmapFormat::Bit32.code(),
                flags: Bitmap::DIRECT | Bitmap::TOP_DOWN,
                width,
                height,
                stride: U32::new(area.width().saturating_mul(4)),
                palette: PhysAddr::NULL,
                data: self.address(pixels, len).unwrap_or(PhysAddr::NULL),
            },
        };
        self.write(at, image.as_bytes());
        let mut row_at = pixels;
        let (width, height) = (index(area.width()), index(area.height()));
        // Not a pixel more than the block has room for.
        for row in rows.take(height) {
            let row = row.get(..width).unwrap_or(row);
            self.write(row_at, row.as_bytes());
            row_at = row_at.saturating_add(len_of(row.as_bytes()));
        }
        self.statistics.bytes = self.statistics.bytes.saturating_add(row_at.saturating_sub(at));
    }
}

fn index(side: u32) -> usize {
    usize::try_from(side).unwrap_or(usize::MAX)
}

/// Bytes of an image with its rows.
fn image_len(area: Rect) -> Option<u64> {
    let pixels = u64::from(area.width()).checked_mul(u64::from(area.height()))?;
    pixels.checked_mul(4)?.checked_add(PIXELS)
}

const _: () = assert!(offset_of!(Image, bitmap) == size_of::<ImageDescriptor>());
