//! Writing glyphs: their shapes together are one mask, through which the brush goes over the surface.

use alloc::vec::Vec;

use image::geometry::{Point, Rect};
use image::plane::Plane;
use image::region::Region;
use image::rop::BinaryRop;
use image::surface::SurfaceFormat;
use wire::drawable::{Brush, Glyph, GlyphDepth, GlyphString, Rop, Text};

use crate::alpha_blend::{blending_format, clear_high_bytes, over, scale_bytes};
use crate::brush;
use crate::depth::{Depth, HIGH_BYTE};
use crate::error::DrawError;
use crate::picture::Canvas;
use crate::source::Source;

/// Draws glyphs, over a painted background where there is one.
///
/// The modes of a text mean nothing but that a background is only painted, and then glyphs only written,
/// when the foreground's is to replace.
pub(crate) fn text<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    text: &Text<Source>,
) -> Result<(), DrawError> {
    if !text.back_area.is_empty() {
        if text.fore_mode != Rop::PUT {
            return Err(DrawError::Unsupported("a text's background with a raster operation"));
        }
        let mut back = region.clone();
        back.intersect_rect(&text.back_area);
        brush::paint(canvas, &back, &text.back_brush, BinaryRop::Copy)?;
    }
    let Some(bounds) = bounds(&text.glyphs) else { return Ok(()) };
    let Some(ink) = Ink::of(canvas, &text.fore_brush, bounds.origin())? else { return Ok(()) };
    if let Some(visible) = bounds.intersection(&region.bounds()) {
        let mask = coverage(&text.glyphs, &visible)?;
        for rect in region.rects() {
            if let Some(area) = rect.intersection(&visible) {
                write(canvas, &area, &ink, &mask, visible.origin());
            }
        }
    }
    clear_high_bytes(canvas, &bounds);
    Ok(())
}

/// Puts ink over the pixels of `area`, as much of it as the mask says, whose first pixel lies at `corner`.
fn write<T: Depth>(canvas: &mut Canvas<'_, T>, area: &Rect, ink: &Ink, mask: &Plane<u8>, corner: Point) {
    let format = blending_format(canvas.format);
    for y in area.top..area.bottom {
        let coverage = mask.row_part(y - corner.y, area.left - corner.x, area.right - corner.x);
        let row = canvas.plane.row_part_mut(y, area.left, area.right);
        for ((x, to), coverage) in (area.left..).zip(row).zip(coverage) {
            let source = if *coverage == 0 { 0 } else { scale_bytes(ink.at(x, y), *coverage) };
            *to = T::from_argb(over(source, to.to_argb(format)), format);
        }
    }
}

/// What glyphs are written with, as 0xAARRGGBB.
enum Ink {
    Solid(u32),
    /// A repeated image, with a point where a copy begins.
    Pattern(Plane<u32>, Point),
}

impl Ink {
    /// The ink of a brush; `None` when the brush is nothing. Copies of a pattern begin at the brush's
    /// origin, counted from `corner`.
    fn of<T: Depth>(
        canvas: &Canvas<'_, T>,
        brush: &Brush<Source>,
        corner: Point,
    ) -> Result<Option<Self>, DrawError> {
        Ok(match brush {
            Brush::None => None,
            Brush::Solid(color) => Some(Self::Solid(solid_ink(*color, canvas.format))),
            Brush::Pattern { image, origin } => {
                let all = Rect::new(0, 0, i32::MAX, i32::MAX);
                let pixels = match canvas.of_other_depth(image, &all, false)? {
                    Some((pixels, _)) => pixels,
                    None => argb_of(canvas, image)?,
                };
                let x = corner.x.wrapping_add(origin.x);
                let y = corner.y.wrapping_add(origin.y);
                (!pixels.bounds().is_empty()).then_some(Self::Pattern(pixels, Point::new(x, y)))
            }
        })
    }

    fn at(&self, x: i32, y: i32) -> u32 {
        match self {
            Self::Solid(color) => *color,
            Self::Pattern(pixels, origin) => {
                let bounds = pixels.bounds();
                let x = x.wrapping_sub(origin.x).rem_euclid(bounds.right);
                let y = y.wrapping_sub(origin.y).rem_euclid(bounds.bottom);
                pixels.pixel(Point::new(x, y)).unwrap_or(0)
            }
        }
    }
}

/// All of an image as 0xAARRGGBB.
fn argb_of<T: Depth>(canvas: &Canvas<'_, T>, image: &Source) -> Result<Plane<u32>, DrawError> {
    let picture = canvas.whole_picture(image)?;
    let format = picture.format_on(canvas.format);
    let (converted, _) = picture.into_pixels(canvas.format)?;
    let argb = converted.pixels().iter().map(|pixel| pixel.to_argb(format)).collect();
    Ok(Plane::from_pixels(converted.size(), argb)?)
}

/// A colour in the surface's format as 0xAARRGGBB. On both kinds of surfaces of 16 bits a colour has
/// channels of 5 bits.
fn solid_ink(color: u32, format: SurfaceFormat) -> u32 {
    let rgb = match format {
        SurfaceFormat::Rgb555 | SurfaceFormat::Rgb565 => {
            // First to 16 bits a channel, then to the highest 8 of them.
            let channel = |shift: u32| ((color >> shift & 0x1f) * 0xffff / 0x1f) >> 8;
            channel(10) << 16 | channel(5) << 8 | channel(0)
        }
        _ => color & !HIGH_BYTE,
    };
    rgb | HIGH_BYTE
}

/// The rectangle around the glyphs' boxes; `None` when there are no glyphs.
pub(crate) fn bounds(string: &GlyphString) -> Option<Rect> {
    string.glyphs.iter().map(glyph_box).reduce(|a, b| {
        Rect::new(a.left.min(b.left), a.top.min(b.top), a.right.max(b.right), a.bottom.max(b.bottom))
    })
}

fn glyph_box(glyph: &Glyph) -> Rect {
    let left = glyph.render_position.x.saturating_add(glyph.origin.x);
    let top = glyph.render_position.y.saturating_add(glyph.origin.y);
    let (width, height) = (i32::from(glyph.width), i32::from(glyph.height));
    Rect::new(left, top, left.saturating_add(width), top.saturating_add(height))
}

/// How much of each pixel of `visible` the glyphs cover, of 255.
fn coverage(string: &GlyphString, visible: &Rect) -> Result<Plane<u8>, DrawError> {
    let mut mask = Plane::new(visible.size())?;
    for glyph in &string.glyphs {
        let place = glyph_box(glyph);
        let Some(area) = place.intersection(visible) else { continue };
        let row_bytes = string.depth.row_bytes(glyph.width);
        // Shapes stand upside down, whatever their string says: clients and servers never look there.
        let rows: Vec<&[u8]> =
            glyph.shape.chunks_exact(row_bytes.max(1)).take(glyph.height.into()).rev().collect();
        for y in area.top..area.bottom {
            let Some(shape) = usize::try_from(y - place.top).ok().and_then(|row| rows.get(row)) else {
                continue;
            };
            let out = mask.row_part_mut(y - visible.top, area.left - visible.left, area.right - visible.left);
            let first = usize::try_from(area.left - place.left).unwrap_or(0);
            for (x, out) in (first..).zip(out) {
                *out = joined(string.depth, shape, x, *out);
            }
        }
    }
    Ok(mask)
}

/// The coverage of a pixel that has `before` of other glyphs, and that is pixel `x` of a row of a shape.
fn joined(depth: GlyphDepth, shape: &[u8], x: usize, before: u8) -> u8 {
    let byte = |at: usize| shape.get(at).copied().unwrap_or(0);
    match depth {
        GlyphDepth::A1 => {
            if byte(x / 8) >> (7 - x % 8) & 1 == 1 {
                255
            } else {
                before
            }
        }
        GlyphDepth::A8 => before.max(byte(x)),
        GlyphDepth::A4 if x.is_multiple_of(2) => before.max(byte(x / 2) & 0xf0),
        GlyphDepth::A4 => {
            // The original compares before it drops the left pixel's half, so that a right pixel wins over
            // what other glyphs left there whenever its left neighbour is covered.
            let both = u16::from(byte(x / 2)) << 4;
            if both > u16::from(before) { byte(x / 2) << 4 } else { before }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use alloc::vec;

    use image::geometry::Size;
    use image::surface::Surface;
    use wire::drawable::{Clip, Drawable, Operation, SurfaceId};

    use super::*;
    use crate::draw;

    fn written(format: SurfaceFormat, depth: GlyphDepth, shape: Vec<u8>, color: u32) -> Surface {
        let mut target = Surface::new(format, Size::new(3, 2)).unwrap();
        let glyph = Glyph {
            render_position: Point::new(4, 3),
            origin: Point::new(-4, -3),
            width: 3,
            height: 2,
            shape,
        };
        let text = Text {
            glyphs: Arc::new(GlyphString { depth, bottom_up: false, glyphs: vec![glyph] }),
            back_area: Rect::default(),
            fore_brush: Brush::Solid(color),
            back_brush: Brush::None,
            fore_mode: Rop::PUT,
            back_mode: Rop::default(),
        };
        let bbox = Rect::new(0, 0, 3, 2);
        let drawable = Drawable {
            surface: SurfaceId::PRIMARY,
            bbox,
            clip: Clip::None,
            operation: Operation::Text(text),
        };
        draw(&mut target, &drawable, &()).unwrap();
        target
    }

    #[test]
    fn one_bit_shapes_are_drawn_from_the_bottom_up() {
        let target =
            written(SurfaceFormat::Xrgb32, GlyphDepth::A1, vec![0b1010_0000, 0b0100_0000], 0x0012_3456);
        let ink = 0x0012_3456;
        // The first pixel is not drawn, so that the original does not see that fourth bytes were left.
        assert_eq!(
            target.longs().unwrap().pixels(),
            [0, 0xff00_0000 | ink, 0, 0xff00_0000 | ink, 0, 0xff00_0000 | ink]
        );
        let target = written(SurfaceFormat::Xrgb32, GlyphDepth::A1, vec![0, 0b1100_0000], ink);
        assert_eq!(target.longs().unwrap().pixels(), [ink, ink, 0, 0, 0, 0]);
    }

    #[test]
    fn sixteen_levels_reach_240_of_255() {
        let target = written(SurfaceFormat::Argb32, GlyphDepth::A4, vec![0, 0, 0x80, 0xf0], 0x00ff_ffff);
        assert_eq!(target.longs().unwrap().pixels()[..3], [0x8080_8080, 0, 0xf0f0_f0f0]);
    }
}
