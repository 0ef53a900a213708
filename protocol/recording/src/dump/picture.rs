//! Images, and what uses them: brushes and masks.

use std::mem::offset_of;

use qxl::image::{Bitmap, CompressedImage, ImageDescriptor, ImageKind, PaletteHeader, SurfaceImage};
use qxl::memslot::PhysAddr;
use qxl::operation::{Brush, Mask, Paint, Pattern};
use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

use super::{DeviceMemory, Dump, Omission};

/// Bytes of an image in front of what goes by its kind.
const BODY: usize = size_of::<ImageDescriptor>();

impl<M: DeviceMemory> Dump<'_, M> {
    /// An image, or that there is none.
    pub(super) fn image(&mut self, address: PhysAddr) -> Result<(), Omission> {
        self.text.flag("image", !address.is_null());
        if address.is_null() {
            return Ok(());
        }
        let ImageDescriptor { id, kind, flags, width, height } = self.read(address)?;
        self.text.field("descriptor.id", id);
        self.text.field("descriptor.type", kind);
        self.text.field("descriptor.flags", flags);
        self.text.u32("descriptor.width", width.get());
        self.text.u32("descriptor.height", height.get());
        match ImageKind::try_from(kind) {
            Ok(ImageKind::Bitmap) => self.bitmap(address),
            Ok(ImageKind::Quic) => self.quic(address),
            Ok(ImageKind::Surface) => {
                let SurfaceImage { surface_id } = self.read_at(address, BODY)?;
                self.text.u32("surface_image.surface_id", surface_id.get());
                Ok(())
            }
            _ => Err(Omission::Unknown { field: "kind of image", value: kind.into() }),
        }
    }

    fn bitmap(&mut self, address: PhysAddr) -> Result<(), Omission> {
        let Bitmap { format, flags, width, height, stride, palette, data } = self.read_at(address, BODY)?;
        self.text.field("bitmap.format", format);
        self.text.field("bitmap.flags", flags);
        self.text.u32("bitmap.x", width.get());
        self.text.u32("bitmap.y", height.get());
        self.text.u32("bitmap.stride", stride.get());
        self.text.flag("has_palette", !palette.is_null());
        if !palette.is_null() {
            self.palette(palette)?;
        }
        let size = u64::from(height.get()) * u64::from(stride.get());
        if flags & Bitmap::DIRECT != 0 {
            let size = usize::try_from(size).map_err(|_| Omission::TooLarge)?;
            return self.flat("image_data_flat", data, size);
        }
        self.chain("bitmap.data", data, 0, Some(size))
    }

    fn palette(&mut self, address: PhysAddr) -> Result<(), Omission> {
        let PaletteHeader { unique, count } = self.read(address)?;
        self.text.field("qp.num_ents", count);
        self.text.field("unique", unique);
        let length = usize::from(count.get()) * size_of::<U32>();
        let entries = self.bytes(address, size_of::<PaletteHeader>(), length)?;
        for entry in entries.chunks_exact(size_of::<U32>()).flat_map(U32::read_from_bytes) {
            self.text.u32("ents", entry.get());
        }
        Ok(())
    }

    fn quic(&mut self, address: PhysAddr) -> Result<(), Omission> {
        let CompressedImage { data_size, chunk: _ } = self.read_at(address, BODY)?;
        self.text.u32("quic.data_size", data_size.get());
        let lead = BODY + offset_of!(CompressedImage, chunk);
        self.chain("quic.data", address, lead, Some(data_size.get().into()))
    }

    pub(super) fn brush(&mut self, brush: Brush) -> Result<(), Omission> {
        self.text.u32("type", brush.kind.get());
        match brush.paint() {
            Paint::None => Ok(()),
            Paint::Solid(color) => {
                self.text.u32("u.color", color);
                Ok(())
            }
            Paint::Pattern(Pattern { image, position }) => {
                self.image(image)?;
                self.text.point(position);
                Ok(())
            }
        }
    }

    pub(super) fn mask(&mut self, mask: Mask) -> Result<(), Omission> {
        let Mask { flags, position, bitmap } = mask;
        self.text.field("flags", flags);
        self.text.point(position);
        self.image(bitmap)
    }
}
