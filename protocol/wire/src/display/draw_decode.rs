//! Drawing operations from bytes. The probe and the trace proxy read what a server sends.

use alloc::sync::Arc;
use alloc::vec::Vec;

use image::geometry::{Point, Rect};

use super::draw_encode::{
    self, COMPOSITE_HAS_MASK, COMPOSITE_HAS_MASK_TRANSFORM, COMPOSITE_HAS_SOURCE_TRANSFORM, LINE_STYLED,
};
use crate::drawable::{
    AlphaBlend, Brush, Clip, Composite, Copy, Drawable, Fill, FixedPoint, Glyph, GlyphDepth, GlyphString,
    LineStyle, Mask, Opaque, Operation, Path, PathSegment, Rop, Rop3, ScaleMode, Stroke, SurfaceId, Text,
    Transparent,
};
use crate::error::WireError;
use crate::image::Image;
use crate::message::{Family, Wire};
use crate::read::Reader;
use crate::write::FrameBuilder;

impl Family for Drawable<Image> {
    fn owns(kind: u16) -> bool {
        draw_encode::name_of(kind).is_some()
    }

    fn name_of(kind: u16) -> Option<&'static str> {
        draw_encode::name_of(kind)
    }

    fn kind(&self) -> u16 {
        draw_encode::kind(&self.operation)
    }

    fn name(&self) -> &'static str {
        draw_encode::name_of(self.kind()).unwrap_or_default()
    }

    fn put(&self, to: &mut FrameBuilder) {
        draw_encode::put(to, self);
    }

    fn take(kind: u16, from: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            surface: SurfaceId::take(from, "surface")?,
            bbox: Rect::take(from, "bounding box")?,
            clip: Clip::take(from, "clip")?,
            operation: take_operation(kind, from)?,
        })
    }
}

impl Wire for Clip {
    const MIN_SIZE: usize = 1;

    fn put(&self, to: &mut FrameBuilder) {
        draw_encode::put_clip(to, self);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        match u8::take(from, "clip type")? {
            0 => Ok(Self::None),
            1 => {
                let count = u32::take(from, "count of clip rectangles")?;
                Ok(Self::Rects(from.list(count.into(), "clip rectangles")?.into()))
            }
            other => Err(from.bad_value("clip type", 1, other.into())),
        }
    }
}

fn take_operation(kind: u16, from: &mut Reader<'_>) -> Result<Operation<Image>, WireError> {
    Ok(match kind {
        104 => Operation::CopyBits { source: Point::take(from, "source position")? },
        302 => {
            Operation::Fill(Fill { brush: take_brush(from)?, rop: take_rop(from)?, mask: take_mask(from)? })
        }
        303 => Operation::Opaque(Opaque {
            source: take_image(from)?,
            area: Rect::take(from, "source area")?,
            brush: take_brush(from)?,
            rop: take_rop(from)?,
            scale: take_scale(from)?,
            mask: take_mask(from)?,
        }),
        304 => Operation::Copy(take_copy(from)?),
        305 => Operation::Blend(take_copy(from)?),
        306 => Operation::Blackness(take_mask(from)?),
        307 => Operation::Whiteness(take_mask(from)?),
        308 => Operation::Invers(take_mask(from)?),
        309 => Operation::Rop3(Rop3 {
            source: take_image(from)?,
            area: Rect::take(from, "source area")?,
            brush: take_brush(from)?,
            rop3: u8::take(from, "rop3")?,
            scale: take_scale(from)?,
            mask: take_mask(from)?,
        }),
        310 => Operation::Stroke(take_stroke(from)?),
        311 => Operation::Text(take_text(from)?),
        312 => Operation::Transparent(Transparent {
            source: take_image(from)?,
            area: Rect::take(from, "source area")?,
            source_color: u32::take(from, "source color")?,
            true_color: u32::take(from, "true color")?,
        }),
        313 => Operation::AlphaBlend(take_alpha_blend(from)?),
        318 => Operation::Composite(take_composite(from)?),
        kind => return Err(WireError::UnknownMessage { family: "drawing messages", kind }),
    })
}

fn take_copy(from: &mut Reader<'_>) -> Result<Copy<Image>, WireError> {
    Ok(Copy {
        source: take_image(from)?,
        area: Rect::take(from, "source area")?,
        rop: take_rop(from)?,
        scale: take_scale(from)?,
        mask: take_mask(from)?,
    })
}

fn take_stroke(from: &mut Reader<'_>) -> Result<Stroke<Image>, WireError> {
    let mut path = from.required_pointer("path")?;
    Ok(Stroke {
        path: Arc::new(take_path(&mut path)?),
        line: take_line(from)?,
        brush: take_brush(from)?,
        fore_mode: take_rop(from)?,
        back_mode: take_rop(from)?,
    })
}

fn take_line(from: &mut Reader<'_>) -> Result<LineStyle, WireError> {
    let flags = u8::take(from, "line flags")?;
    let mut dashes = Vec::new();
    if flags & LINE_STYLED != 0 {
        let count = u8::take(from, "count of dashes")?;
        if let Some(mut at) = from.pointer("dashes")? {
            dashes = at.list(count.into(), "dashes")?;
        }
    }
    Ok(LineStyle { flags, dashes })
}

fn take_path(from: &mut Reader<'_>) -> Result<Path, WireError> {
    let count = u32::take(from, "count of path segments")?;
    Ok(Path { segments: from.list(count.into(), "path segments")? })
}

impl Wire for PathSegment {
    const MIN_SIZE: usize = 5;

    fn put(&self, to: &mut FrameBuilder) {
        to.put(&self.flags);
        to.list_u32(&self.points);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let flags = u8::take(from, "path flags")?;
        let count = u32::take(from, "count of path points")?;
        Ok(Self { flags, points: from.list(count.into(), "path points")? })
    }
}

impl Wire for FixedPoint {
    const MIN_SIZE: usize = 8;

    fn put(&self, to: &mut FrameBuilder) {
        to.put(&self.x);
        to.put(&self.y);
    }

    fn take(from: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
        Ok(Self { x: i32::take(from, field)?, y: i32::take(from, field)? })
    }
}

fn take_text(from: &mut Reader<'_>) -> Result<Text<Image>, WireError> {
    let mut glyphs = from.required_pointer("glyphs")?;
    Ok(Text {
        glyphs: Arc::new(take_glyphs(&mut glyphs)?),
        back_area: Rect::take(from, "background area")?,
        fore_brush: take_brush(from)?,
        back_brush: take_brush(from)?,
        fore_mode: take_rop(from)?,
        back_mode: take_rop(from)?,
    })
}

fn take_glyphs(from: &mut Reader<'_>) -> Result<GlyphString, WireError> {
    let count = u16::take(from, "count of glyphs")?;
    let flags = u8::take(from, "string flags")?;
    let depth = match flags & 7 {
        1 => GlyphDepth::A1,
        2 => GlyphDepth::A4,
        4 => GlyphDepth::A8,
        _ => return Err(from.bad_value("string flags", 1, flags.into())),
    };
    let glyphs = (0..count).map(|_| take_glyph(from, depth)).collect::<Result<_, _>>()?;
    Ok(GlyphString { depth, bottom_up: flags & 8 == 0, glyphs })
}

fn take_glyph(from: &mut Reader<'_>, depth: GlyphDepth) -> Result<Glyph, WireError> {
    let render_position = Point::take(from, "glyph position")?;
    let origin = Point::take(from, "glyph origin")?;
    let width = u16::take(from, "glyph width")?;
    let height = u16::take(from, "glyph height")?;
    let size = depth.row_bytes(width) as u64 * u64::from(height);
    let shape = from.bytes(size, "glyph shape")?.to_vec();
    Ok(Glyph { render_position, origin, width, height, shape })
}

fn take_alpha_blend(from: &mut Reader<'_>) -> Result<AlphaBlend<Image>, WireError> {
    let flags = u8::take(from, "alpha flags")?;
    Ok(AlphaBlend {
        dest_has_alpha: flags & 1 != 0,
        source_surface_has_alpha: flags & 2 != 0,
        alpha: u8::take(from, "alpha")?,
        source: take_image(from)?,
        area: Rect::take(from, "source area")?,
    })
}

fn take_composite(from: &mut Reader<'_>) -> Result<Composite<Image>, WireError> {
    let flags = u32::take(from, "composite flags")?;
    Ok(Composite {
        flags,
        source: take_image(from)?,
        mask: (flags & COMPOSITE_HAS_MASK != 0).then(|| take_image(from)).transpose()?,
        source_transform: take_transform(from, flags & COMPOSITE_HAS_SOURCE_TRANSFORM != 0)?,
        mask_transform: take_transform(from, flags & COMPOSITE_HAS_MASK_TRANSFORM != 0)?,
        source_origin: take_point16(from)?,
        mask_origin: take_point16(from)?,
    })
}

fn take_transform(from: &mut Reader<'_>, is_present: bool) -> Result<Option<[i32; 6]>, WireError> {
    if !is_present {
        return Ok(None);
    }
    let mut transform = [0; 6];
    for element in &mut transform {
        *element = i32::take(from, "transform")?;
    }
    Ok(Some(transform))
}

fn take_point16(from: &mut Reader<'_>) -> Result<Point, WireError> {
    let x = i16::take(from, "origin")?;
    let y = i16::take(from, "origin")?;
    Ok(Point::new(x.into(), y.into()))
}

fn take_image(from: &mut Reader<'_>) -> Result<Image, WireError> {
    Image::take(&mut from.required_pointer("image")?, "image")
}

fn take_brush(from: &mut Reader<'_>) -> Result<Brush<Image>, WireError> {
    Ok(match u8::take(from, "brush type")? {
        0 => Brush::None,
        1 => Brush::Solid(u32::take(from, "brush color")?),
        2 => Brush::Pattern { image: take_image(from)?, origin: Point::take(from, "pattern origin")? },
        other => return Err(from.bad_value("brush type", 1, other.into())),
    })
}

fn take_mask(from: &mut Reader<'_>) -> Result<Mask<Image>, WireError> {
    let inverse = u8::take(from, "mask flags")? & 1 != 0;
    let origin = Point::take(from, "mask origin")?;
    let bitmap = from.pointer("mask bitmap")?;
    Ok(Mask { inverse, origin, bitmap: bitmap.map(|mut at| Image::take(&mut at, "mask")).transpose()? })
}

fn take_rop(from: &mut Reader<'_>) -> Result<Rop, WireError> {
    u16::take(from, "raster operation").map(Rop)
}

fn take_scale(from: &mut Reader<'_>) -> Result<ScaleMode, WireError> {
    match u8::take(from, "scale mode")? {
        0 => Ok(ScaleMode::Interpolate),
        1 => Ok(ScaleMode::Nearest),
        other => Err(from.bad_value("scale mode", 1, other.into())),
    }
}
