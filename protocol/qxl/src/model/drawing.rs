//! Drawings: a command of kind draw, checked as the real server checks it, and ready to be rendered.

use alloc::vec;
use alloc::vec::Vec;

use super::area::Area;
use super::guest::{Reader, offset_by};
use super::picture::{Image, exactly, image, prefix};
use super::violation::Violation;
use crate::clip::{ClipKind, ClipRects};
use crate::drawable::{Drawable, DrawableHead, Effect, NO_SURFACE, Operation};
use crate::geometry::{Point, Rect};
use crate::memslot::PhysAddr;
use crate::operation::{Brush, Copy, LineAttributes, Mask, Paint, Stroke, Text, Transform, rop};
use crate::path::{Path, PathSegment};
use crate::text::{GlyphString, RasterGlyph};

/// A drawing with everything that it needs in its own memory.
#[derive(Debug)]
pub(super) struct Drawing {
    pub(super) surface: u32,
    /// The bounding box.
    pub(super) bbox: Area,
    /// The parts of it that are drawn.
    pub(super) region: Vec<Area>,
    /// Whether nothing of what was there can be seen there afterwards.
    pub(super) is_opaque: bool,
    pub(super) work: Work,
}

/// What is done to each pixel.
#[derive(Debug)]
pub(super) enum Work {
    Nothing,
    /// All get this value.
    Solid(u32),
    /// All bits are inverted.
    Invert,
    /// Pixels from the image's `area` come to the bounding box.
    Copy {
        source: Image,
        area: Area,
    },
    /// Pixels move inside the surface.
    CopyBits {
        source: Point,
    },
}

impl Work {
    /// The surface whose pixels are read, other than those that are drawn on.
    pub(super) fn reads(&self, own: u32) -> Option<u32> {
        match self {
            Self::Copy { source: Image::Surface(surface), .. } => Some(*surface),
            Self::CopyBits { .. } => Some(own),
            Self::Nothing | Self::Solid(_) | Self::Invert | Self::Copy { .. } => None,
        }
    }
}

/// Reads and checks the drawing at `address`, but for what depends on surfaces.
pub(super) fn drawing(reader: &mut Reader<'_>, address: PhysAddr) -> Result<Drawing, Violation> {
    let drawable: Drawable = reader.structure(address)?;
    let head = &drawable.head;
    let operation = drawable.operation().map_err(|_| Violation::UnknownOperation(head.kind))?;
    let bbox = Area::from(head.bbox);
    let region = region(reader, head, &bbox)?;
    let work = work(reader, &operation)?.ok_or(Violation::NotDrawn(operation.kind()))?;
    if let Work::Copy { source, area } = &work {
        check_source(head, source, area)?;
        if area.size() != bbox.size() {
            return Err(Violation::NotDrawn(operation.kind()));
        }
    }
    let is_opaque = head.effect == Effect::Opaque.code();
    Ok(Drawing { surface: head.surface_id.get(), bbox, region, is_opaque, work })
}

fn region(reader: &mut Reader<'_>, head: &DrawableHead, bbox: &Area) -> Result<Vec<Area>, Violation> {
    if head.clip.kind.get() != ClipKind::Rects.code() {
        return Ok(vec![*bbox]);
    }
    let address = head.clip.data;
    let clip: ClipRects = reader.structure(address)?;
    let rects = reader.chunks(offset_by(address, core::mem::offset_of!(ClipRects, chunk)))?;
    exactly(u64::from(clip.count.get()) * size_of::<Rect>() as u64, &rects)?;
    let rects = rects.chunks_exact(size_of::<Rect>()).map(|bytes| Area::from(prefix::<Rect>(bytes)));
    Ok(rects.map(|rect| rect.intersection(bbox)).filter(|rect| !rect.is_empty()).collect())
}

fn check_source(head: &DrawableHead, source: &Image, area: &Area) -> Result<(), Violation> {
    let outside = Violation::SourceArea(Rect::new(area.left, area.top, area.right, area.bottom));
    if area.left < 0 || area.top < 0 || area.left > area.right || area.top > area.bottom {
        return Err(outside);
    }
    match source {
        Image::Picture(picture) if !Area::of_size(picture.width, picture.height).contains(area) => {
            Err(outside)
        }
        Image::Surface(surface) => {
            let declared =
                |dependency: i32| dependency != NO_SURFACE && dependency.cast_unsigned() == *surface;
            if head.surface_deps.iter().any(|dependency| declared(dependency.get())) {
                Ok(())
            } else {
                Err(Violation::UndeclaredDependency(*surface))
            }
        }
        Image::Compressed(kind) => Err(Violation::ImageNotDrawn(*kind)),
        Image::Picture(_) => Ok(()),
    }
}

/// Checks every pointer of an operation. `None` when all is well, but the model does not draw it.
fn work(reader: &mut Reader<'_>, operation: &Operation) -> Result<Option<Work>, Violation> {
    Ok(match operation {
        Operation::Nop => Some(Work::Nothing),
        Operation::Fill(fill) => {
            let plain = fill.rop.get() == rop::PUT && !mask(reader, &fill.mask)?;
            match brush(reader, &fill.brush)? {
                Paint::Solid(color) if plain => Some(Work::Solid(color)),
                _ => None,
            }
        }
        Operation::Copy(copy) => copied(reader, copy)?,
        Operation::Blend(copy) => copied(reader, copy)?.and(None),
        Operation::CopyBits(copy_bits) => Some(Work::CopyBits { source: copy_bits.source }),
        Operation::Blackness(all) => (!mask(reader, all)?).then_some(Work::Solid(0)),
        Operation::Whiteness(all) => (!mask(reader, all)?).then_some(Work::Solid(u32::MAX)),
        Operation::Invers(all) => (!mask(reader, all)?).then_some(Work::Invert),
        Operation::Opaque(opaque) => {
            image(reader, opaque.source, false)?;
            brush(reader, &opaque.brush)?;
            mask(reader, &opaque.mask)?;
            None
        }
        Operation::Rop3(rop3) => {
            image(reader, rop3.source, false)?;
            brush(reader, &rop3.brush)?;
            mask(reader, &rop3.mask)?;
            None
        }
        Operation::Transparent(transparent) => image(reader, transparent.source, false).map(|_| None)?,
        Operation::AlphaBlend(blend) => image(reader, blend.source, false).map(|_| None)?,
        Operation::Stroke(line) => stroke(reader, line).map(|()| None)?,
        Operation::Text(string) => text(reader, string).map(|()| None)?,
        Operation::Composite(composite) => {
            image(reader, composite.source, false)?;
            if !composite.mask.is_null() {
                image(reader, composite.mask, false)?;
                transform(reader, composite.mask_transform)?;
            }
            transform(reader, composite.source_transform)?;
            None
        }
    })
}

fn copied(reader: &mut Reader<'_>, copy: &Copy) -> Result<Option<Work>, Violation> {
    let source = image(reader, copy.source, false)?;
    let masked = mask(reader, &copy.mask)?;
    let plain = copy.rop.get() == rop::PUT && !masked;
    Ok(plain.then_some(Work::Copy { source, area: Area::from(copy.source_area) }))
}

/// Checks a mask, and says whether there is one.
fn mask(reader: &mut Reader<'_>, mask: &Mask) -> Result<bool, Violation> {
    if mask.bitmap.is_null() {
        return Ok(false);
    }
    image(reader, mask.bitmap, true).map(|_| true)
}

fn brush(reader: &mut Reader<'_>, brush: &Brush) -> Result<Paint, Violation> {
    let paint = brush.paint();
    if let Paint::Pattern(pattern) = &paint {
        image(reader, pattern.image, false)?;
    }
    Ok(paint)
}

fn transform(reader: &mut Reader<'_>, address: PhysAddr) -> Result<(), Violation> {
    if address.is_null() {
        return Ok(());
    }
    reader.structure::<Transform>(address).map(|_| ())
}

fn stroke(reader: &mut Reader<'_>, line: &Stroke) -> Result<(), Violation> {
    reader.structure::<Path>(line.path)?;
    let segments = reader.chunks(offset_by(line.path, core::mem::offset_of!(Path, chunk)))?;
    let mut rest = segments.as_slice();
    // As in the original, a rest that is no more than a segment's header is left alone.
    while rest.len() > size_of::<PathSegment>() {
        let count = u64::from(prefix::<PathSegment>(rest).count.get());
        let bytes = count * size_of::<Point>() as u64 + size_of::<PathSegment>() as u64;
        rest = skip(rest, bytes).ok_or(Violation::Path)?;
    }
    if line.attributes.flags & LineAttributes::STYLED != 0 {
        reader.bytes(line.attributes.style, 4 * u64::from(line.attributes.style_segments))?;
    }
    brush(reader, &line.brush).map(|_| ())
}

fn text(reader: &mut Reader<'_>, text: &Text) -> Result<(), Violation> {
    let string: GlyphString = reader.structure(text.string)?;
    let glyphs = reader.chunks(offset_by(text.string, core::mem::offset_of!(GlyphString, chunk)))?;
    exactly(u64::from(string.data_size.get()), &glyphs)?;
    let bits = string.bits().ok_or(Violation::Glyphs)?;
    let mut rest = glyphs.as_slice();
    for _ in 0..string.length.get() {
        let shape = prefix::<RasterGlyph>(rest).shape_bytes(bits);
        let bytes = size_of::<RasterGlyph>() as u64 + shape;
        rest = skip(rest, bytes).ok_or(Violation::Glyphs)?;
    }
    if !rest.is_empty() {
        return Err(Violation::Glyphs);
    }
    brush(reader, &text.fore_brush)?;
    brush(reader, &text.back_brush).map(|_| ())
}

fn skip(bytes: &[u8], count: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(count).ok()?..)
}
