//! Drawing commands.

use std::mem::offset_of;

use qxl::clip::{Clip, ClipKind, ClipRects};
use qxl::code::UnknownCode;
use qxl::drawable::{CompatDrawable, Drawable, DrawableHead, Operation};
use qxl::geometry::Rect;
use qxl::memslot::PhysAddr;
use qxl::operation::{
    AlphaBlend, Composite, Copy, CopyBits, Fill, LineAttributes, Opaque, Rop3, Stroke, Text, Transform,
    Transparent,
};
use qxl::path::Path;
use qxl::text::GlyphString;
use zerocopy::little_endian::I32;

use super::{DeviceMemory, Dump, Omission};

impl<M: DeviceMemory> Dump<'_, M> {
    pub(super) fn drawable(&mut self, address: PhysAddr, first_revision: bool) -> Result<(), Omission> {
        let unknown = |UnknownCode(value)| Omission::Unknown { field: "drawing operation", value };
        let (head, operation) = if first_revision {
            let compat: CompatDrawable = self.read(address)?;
            let operation = compat.operation().map_err(unknown)?;
            (compat.to_head(&operation), operation)
        } else {
            let drawable: Drawable = self.read(address)?;
            (drawable.head, drawable.operation().map_err(unknown)?)
        };
        self.head(head)?;
        self.operation(operation)
    }

    fn head(&mut self, head: DrawableHead) -> Result<(), Omission> {
        let DrawableHead {
            release: _,
            surface_id,
            effect,
            kind,
            self_bitmap,
            self_bitmap_area,
            bbox,
            clip,
            mm_time,
            surface_deps,
            surface_rects,
        } = head;
        self.text.line("drawable");
        self.text.rect("bbox", bbox);
        self.clip(clip)?;
        self.text.field("effect", effect);
        self.text.u32("mm_time", mm_time.get());
        self.text.field("self_bitmap", self_bitmap);
        self.text.rect("self_bitmap_area", self_bitmap_area);
        self.text.u32("surface_id", surface_id.get());
        for (surface, area) in surface_deps.into_iter().zip(surface_rects) {
            self.text.field("surfaces_dest", surface);
            self.text.rect("surfaces_rects", area);
        }
        self.text.field("type", kind);
        Ok(())
    }

    fn clip(&mut self, clip: Clip) -> Result<(), Omission> {
        let Clip { kind, data } = clip;
        self.text.u32("type", kind.get());
        if ClipKind::try_from(kind.get()) != Ok(ClipKind::Rects) {
            return Ok(());
        }
        let ClipRects { count, chunk: _ } = self.read(data)?;
        self.text.u32("num_rects", count.get());
        let size = u64::from(count.get()) * size_of::<Rect>() as u64;
        self.chain("clip_rects", data, offset_of!(ClipRects, chunk), Some(size))
    }

    fn operation(&mut self, operation: Operation) -> Result<(), Omission> {
        match operation {
            Operation::Nop => Ok(()),
            Operation::Fill(Fill { brush, rop, mask }) => {
                self.brush(brush)?;
                self.text.field("rop_descriptor", rop);
                self.mask(mask)
            }
            Operation::Opaque(opaque) => self.opaque(opaque),
            Operation::Copy(copy) | Operation::Blend(copy) => self.copy(copy),
            Operation::CopyBits(CopyBits { source }) => {
                self.text.point(source);
                Ok(())
            }
            Operation::Blackness(mask) | Operation::Whiteness(mask) | Operation::Invers(mask) => {
                self.mask(mask)
            }
            Operation::Rop3(rop3) => self.rop3(rop3),
            Operation::Stroke(stroke) => self.stroke(stroke),
            Operation::Text(text) => self.text(text),
            Operation::Transparent(transparent) => self.transparent(transparent),
            Operation::AlphaBlend(AlphaBlend { flags, alpha, source, source_area }) => {
                self.text.field("alpha_flags", flags);
                self.text.field("alpha", alpha);
                self.source(source, source_area)
            }
            Operation::Composite(composite) => self.composite(composite),
        }
    }

    fn source(&mut self, image: PhysAddr, area: Rect) -> Result<(), Omission> {
        self.image(image)?;
        self.text.rect("src_area", area);
        Ok(())
    }

    fn opaque(&mut self, opaque: Opaque) -> Result<(), Omission> {
        let Opaque { source, source_area, brush, rop, scale_mode, mask } = opaque;
        self.source(source, source_area)?;
        self.brush(brush)?;
        self.text.field("rop_descriptor", rop);
        self.text.field("scale_mode", scale_mode);
        self.mask(mask)
    }

    fn copy(&mut self, copy: Copy) -> Result<(), Omission> {
        let Copy { source, source_area, rop, scale_mode, mask } = copy;
        self.source(source, source_area)?;
        self.text.field("rop_descriptor", rop);
        self.text.field("scale_mode", scale_mode);
        self.mask(mask)
    }

    fn rop3(&mut self, rop3: Rop3) -> Result<(), Omission> {
        let Rop3 { source, source_area, brush, rop3, scale_mode, mask } = rop3;
        self.source(source, source_area)?;
        self.brush(brush)?;
        self.text.field("rop3", rop3);
        self.text.field("scale_mode", scale_mode);
        self.mask(mask)
    }

    fn transparent(&mut self, transparent: Transparent) -> Result<(), Omission> {
        let Transparent { source, source_area, source_color, true_color } = transparent;
        self.source(source, source_area)?;
        self.text.u32("src_color", source_color.get());
        self.text.u32("true_color", true_color.get());
        Ok(())
    }

    fn stroke(&mut self, stroke: Stroke) -> Result<(), Omission> {
        let Stroke { path, attributes, brush, fore_mode, back_mode } = stroke;
        self.chain("path", path, offset_of!(Path, chunk), None)?;
        let LineAttributes { flags, style_segments, style, .. } = attributes;
        self.text.field("attr.flags", flags);
        if flags & LineAttributes::STYLED != 0 {
            self.text.field("attr.style_nseg", style_segments);
            self.flat("style", style, usize::from(style_segments) * size_of::<I32>())?;
        }
        self.brush(brush)?;
        self.text.field("fore_mode", fore_mode);
        self.text.field("back_mode", back_mode);
        Ok(())
    }

    fn text(&mut self, text: Text) -> Result<(), Omission> {
        let Text { string, back_area, fore_brush, back_brush, fore_mode, back_mode } = text;
        let GlyphString { data_size, length, flags, chunk: _ } = self.read(string)?;
        self.text.u32("data_size", data_size.get());
        self.text.field("length", length);
        self.text.field("flags", flags);
        self.chain("string", string, offset_of!(GlyphString, chunk), Some(data_size.get().into()))?;
        self.text.rect("back_area", back_area);
        self.brush(fore_brush)?;
        self.brush(back_brush)?;
        self.text.field("fore_mode", fore_mode);
        self.text.field("back_mode", back_mode);
        Ok(())
    }

    fn composite(&mut self, composite: Composite) -> Result<(), Omission> {
        let Composite { flags, source, source_transform, mask, mask_transform, source_origin, mask_origin } =
            composite;
        self.text.u32("flags", flags.get());
        self.image(source)?;
        self.transform("src_transform", source_transform)?;
        self.text.flag("mask", !mask.is_null());
        if !mask.is_null() {
            self.image(mask)?;
        }
        self.transform("mask_transform", mask_transform)?;
        self.text.point16("src_origin", source_origin);
        self.text.point16("mask_origin", mask_origin);
        Ok(())
    }

    fn transform(&mut self, key: &str, address: PhysAddr) -> Result<(), Omission> {
        self.text.flag(key, !address.is_null());
        if address.is_null() {
            return Ok(());
        }
        self.flat("transform", address, size_of::<Transform>())
    }
}
