//! Drawing operations to bytes: the fixed fields first, then what their pointers lead to.
//!
//! The hottest path of the server: an operation without images takes one allocation.

use image::geometry::Point;

use crate::drawable::{
    AlphaBlend, Brush, Clip, Composite, Copy, Drawable, Fill, GlyphDepth, GlyphString, LineStyle, Mask,
    Opaque, Operation, Rop3, ScaleMode, Stroke, Text, Transparent,
};
use crate::image::{Image, put_pointed};
use crate::write::{FrameBuilder, Pointer};

/// `SPICE_COMPOSITE_HAS_MASK`, `_HAS_SRC_TRANSFORM` and `_HAS_MASK_TRANSFORM`.
pub(super) const COMPOSITE_HAS_MASK: u32 = 1 << 19;
pub(super) const COMPOSITE_HAS_SOURCE_TRANSFORM: u32 = 1 << 20;
pub(super) const COMPOSITE_HAS_MASK_TRANSFORM: u32 = 1 << 21;

/// `SPICE_LINE_FLAGS_STYLED`.
pub(super) const LINE_STYLED: u8 = 1 << 3;

/// An image that is appended later, and the pointer to it.
type Pending<'a> = Option<(Pointer, &'a Image)>;

/// The message's type for each operation.
pub(super) const fn kind(operation: &Operation<Image>) -> u16 {
    match operation {
        Operation::CopyBits { .. } => 104,
        Operation::Fill(_) => 302,
        Operation::Opaque(_) => 303,
        Operation::Copy(_) => 304,
        Operation::Blend(_) => 305,
        Operation::Blackness(_) => 306,
        Operation::Whiteness(_) => 307,
        Operation::Invers(_) => 308,
        Operation::Rop3(_) => 309,
        Operation::Stroke(_) => 310,
        Operation::Text(_) => 311,
        Operation::Transparent(_) => 312,
        Operation::AlphaBlend(_) => 313,
        Operation::Composite(_) => 318,
    }
}

/// The message's name for each type.
pub(super) const fn name_of(kind: u16) -> Option<&'static str> {
    Some(match kind {
        104 => "CopyBits",
        302 => "DrawFill",
        303 => "DrawOpaque",
        304 => "DrawCopy",
        305 => "DrawBlend",
        306 => "DrawBlackness",
        307 => "DrawWhiteness",
        308 => "DrawInvers",
        309 => "DrawRop3",
        310 => "DrawStroke",
        311 => "DrawText",
        312 => "DrawTransparent",
        313 => "DrawAlphaBlend",
        318 => "DrawComposite",
        _ => return None,
    })
}

pub(super) fn put(to: &mut FrameBuilder, drawable: &Drawable<Image>) {
    let Drawable { surface, bbox, clip, operation } = drawable;
    to.put(surface);
    to.put(bbox);
    to.put(clip);
    match operation {
        Operation::CopyBits { source } => to.put(source),
        Operation::Fill(fill) => put_fill(to, fill),
        Operation::Opaque(opaque) => put_opaque(to, opaque),
        Operation::Copy(copy) | Operation::Blend(copy) => put_copy(to, copy),
        Operation::Blackness(mask) | Operation::Whiteness(mask) | Operation::Invers(mask) => {
            let mask = put_mask(to, mask);
            put_pointed(to, mask);
        }
        Operation::Rop3(rop3) => put_rop3(to, rop3),
        Operation::Stroke(stroke) => put_stroke(to, stroke),
        Operation::Text(text) => put_text(to, text),
        Operation::Transparent(transparent) => put_transparent(to, transparent),
        Operation::AlphaBlend(blend) => put_alpha_blend(to, blend),
        Operation::Composite(composite) => put_composite(to, composite),
    }
}

/// A type, and for rectangles their count and themselves.
pub(super) fn put_clip(to: &mut FrameBuilder, clip: &Clip) {
    match clip {
        Clip::None => to.put(&0_u8),
        Clip::Rects(rects) => {
            to.put(&1_u8);
            to.list_u32(rects);
        }
    }
}

fn put_fill(to: &mut FrameBuilder, Fill { brush, rop, mask }: &Fill<Image>) {
    let brush = put_brush(to, brush);
    to.put(&rop.0);
    let mask = put_mask(to, mask);
    put_pointed(to, brush);
    put_pointed(to, mask);
}

fn put_opaque(to: &mut FrameBuilder, opaque: &Opaque<Image>) {
    let Opaque { source, area, brush, rop, scale, mask } = opaque;
    let source = put_image(to, source);
    to.put(area);
    let brush = put_brush(to, brush);
    to.put(&rop.0);
    put_scale(to, *scale);
    let mask = put_mask(to, mask);
    put_pointed(to, source);
    put_pointed(to, brush);
    put_pointed(to, mask);
}

fn put_copy(to: &mut FrameBuilder, Copy { source, area, rop, scale, mask }: &Copy<Image>) {
    let source = put_image(to, source);
    to.put(area);
    to.put(&rop.0);
    put_scale(to, *scale);
    let mask = put_mask(to, mask);
    put_pointed(to, source);
    put_pointed(to, mask);
}

fn put_rop3(to: &mut FrameBuilder, Rop3 { source, area, brush, rop3, scale, mask }: &Rop3<Image>) {
    let source = put_image(to, source);
    to.put(area);
    let brush = put_brush(to, brush);
    to.put(rop3);
    put_scale(to, *scale);
    let mask = put_mask(to, mask);
    put_pointed(to, source);
    put_pointed(to, brush);
    put_pointed(to, mask);
}

fn put_stroke(to: &mut FrameBuilder, stroke: &Stroke<Image>) {
    let Stroke { path, line, brush, fore_mode, back_mode } = stroke;
    let path_at = to.pointer();
    let dashes_at = put_line(to, line);
    let brush = put_brush(to, brush);
    to.put(&fore_mode.0);
    to.put(&back_mode.0);
    to.point_here(path_at);
    to.list_u32(&path.segments);
    if let Some(pointer) = dashes_at {
        to.point_here(pointer);
        line.dashes.iter().take(u8::MAX.into()).for_each(|dash| to.put(dash));
    }
    put_pointed(to, brush);
}

/// Flags, and for a styled line the count of its dashes and a pointer to them, null when there are none.
fn put_line(to: &mut FrameBuilder, LineStyle { flags, dashes }: &LineStyle) -> Option<Pointer> {
    to.put(flags);
    if flags & LINE_STYLED == 0 {
        return None;
    }
    to.put(&u8::try_from(dashes.len()).unwrap_or(u8::MAX));
    let pointer = to.pointer();
    (!dashes.is_empty()).then_some(pointer)
}

fn put_text(to: &mut FrameBuilder, text: &Text<Image>) {
    let Text { glyphs, back_area, fore_brush, back_brush, fore_mode, back_mode } = text;
    let glyphs_at = to.pointer();
    to.put(back_area);
    let fore_brush = put_brush(to, fore_brush);
    let back_brush = put_brush(to, back_brush);
    to.put(&fore_mode.0);
    to.put(&back_mode.0);
    to.point_here(glyphs_at);
    put_glyphs(to, glyphs);
    put_pointed(to, fore_brush);
    put_pointed(to, back_brush);
}

/// At most 65535 glyphs, whose shapes are cut or filled up with 0 to the size that the receiver expects.
fn put_glyphs(to: &mut FrameBuilder, GlyphString { depth, bottom_up, glyphs }: &GlyphString) {
    let count = u16::try_from(glyphs.len()).unwrap_or(u16::MAX);
    let depth_flag: u8 = match depth {
        GlyphDepth::A1 => 1,
        GlyphDepth::A4 => 2,
        GlyphDepth::A8 => 4,
    };
    to.put(&count);
    to.put(&(depth_flag | if *bottom_up { 0 } else { 8 }));
    for glyph in glyphs.iter().take(count.into()) {
        to.put(&glyph.render_position);
        to.put(&glyph.origin);
        to.put(&glyph.width);
        to.put(&glyph.height);
        let size = depth.row_bytes(glyph.width) * usize::from(glyph.height);
        let shape = glyph.shape.get(..size).unwrap_or(&glyph.shape);
        to.bytes(shape);
        to.zeros(size - shape.len());
    }
}

fn put_transparent(to: &mut FrameBuilder, transparent: &Transparent<Image>) {
    let Transparent { source, area, source_color, true_color } = transparent;
    let source = put_image(to, source);
    to.put(area);
    to.put(source_color);
    to.put(true_color);
    put_pointed(to, source);
}

fn put_alpha_blend(to: &mut FrameBuilder, blend: &AlphaBlend<Image>) {
    let AlphaBlend { dest_has_alpha, source_surface_has_alpha, alpha, source, area } = blend;
    to.put(&(u8::from(*dest_has_alpha) | u8::from(*source_surface_has_alpha) << 1));
    to.put(alpha);
    let source = put_image(to, source);
    to.put(area);
    put_pointed(to, source);
}

fn put_composite(to: &mut FrameBuilder, composite: &Composite<Image>) {
    let Composite { source, mask, source_transform, mask_transform, source_origin, mask_origin, .. } =
        composite;
    to.put(&composite_flags(composite));
    let source = put_image(to, source);
    let mask = mask.as_ref().map(|mask| (to.pointer(), mask));
    for transform in [source_transform, mask_transform].into_iter().flatten() {
        transform.iter().for_each(|element| to.put(element));
    }
    put_point16(to, *source_origin);
    put_point16(to, *mask_origin);
    put_pointed(to, source);
    put_pointed(to, mask);
}

/// The flags, with those bits set that say which of the optional fields are there.
fn composite_flags(composite: &Composite<Image>) -> u32 {
    let present = [
        (COMPOSITE_HAS_MASK, composite.mask.is_some()),
        (COMPOSITE_HAS_SOURCE_TRANSFORM, composite.source_transform.is_some()),
        (COMPOSITE_HAS_MASK_TRANSFORM, composite.mask_transform.is_some()),
    ];
    present
        .into_iter()
        .fold(composite.flags, |flags, (bit, is_present)| if is_present { flags | bit } else { flags & !bit })
}

/// Both coordinates of 16 bits, as in the QXL command; what does not fit is cut to the next that does.
fn put_point16(to: &mut FrameBuilder, point: Point) {
    for coordinate in [point.x, point.y] {
        let clamped = coordinate.clamp(i16::MIN.into(), i16::MAX.into());
        to.put(&i16::try_from(clamped).unwrap_or_default());
    }
}

fn put_image<'a>(to: &mut FrameBuilder, image: &'a Image) -> Pending<'a> {
    Some((to.pointer(), image))
}

fn put_brush<'a>(to: &mut FrameBuilder, brush: &'a Brush<Image>) -> Pending<'a> {
    match brush {
        Brush::None => {
            to.put(&0_u8);
            None
        }
        Brush::Solid(color) => {
            to.put(&1_u8);
            to.put(color);
            None
        }
        Brush::Pattern { image, origin } => {
            to.put(&2_u8);
            let pending = put_image(to, image);
            to.put(origin);
            pending
        }
    }
}

fn put_mask<'a>(to: &mut FrameBuilder, mask: &'a Mask<Image>) -> Pending<'a> {
    let Mask { inverse, origin, bitmap } = mask;
    to.put(inverse);
    to.put(origin);
    let pointer = to.pointer();
    bitmap.as_ref().map(|bitmap| (pointer, bitmap))
}

fn put_scale(to: &mut FrameBuilder, scale: ScaleMode) {
    to.put(&match scale {
        ScaleMode::Interpolate => 0_u8,
        ScaleMode::Nearest => 1,
    });
}
