//! Compositing as the X Render extension has it: an image, seen through a mask, is combined with the surface
//! by one of pixman's operators. Image and mask can be repeated, filtered, and mapped by an affine transform.
//!
//! Called by the canvas for [`wire::drawable::Operation::Composite`]. Arithmetic is pixman's, which has two kinds:
//! on bytes ([`narrow`]), and in floating point for operators that divide ([`wide`]). It must not use one where
//! pixman uses the other, because they round differently.

mod narrow;
mod operator;
mod sampler;
mod wide;

use alloc::vec;

use image::geometry::{Point, Rect, Size};
use image::region::Region;
use image::rop::BinaryRop;
use image::surface::SurfaceFormat;
use wire::drawable::Composite;

use crate::alpha_blend::blending_format;
use crate::depth::{Depth, HIGH_BYTE};
use crate::error::DrawError;
use crate::picture::Canvas;
use crate::source::Source;
use operator::Operator;
use sampler::{Repeat, Sampler, Texels};

// `SPICE_COMPOSITE_*` of spice/enums.h.
const SOURCE_FILTER: u32 = 8;
const MASK_FILTER: u32 = 11;
const SOURCE_REPEAT: u32 = 14;
const MASK_REPEAT: u32 = 16;
const COMPONENT_ALPHA: u32 = 1 << 18;
const SOURCE_OPAQUE: u32 = 1 << 22;

/// Draws an image and a mask.
pub(crate) fn composite<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    bbox: &Rect,
    composite: &Composite<Source>,
) -> Result<(), DrawError> {
    let flags = composite.flags;
    let layer = |image: &Source, (filter, repeat): (u32, u32), opaque: bool| {
        Ok::<_, DrawError>(Sampler {
            texels: Texels::of(canvas, image, opaque)?,
            smooth: is_smooth(flags >> filter & 7)?,
            repeat: Repeat::from_code(flags >> repeat & 3),
            transform: composite.source_transform,
            origin: composite.source_origin,
        })
    };
    let opaque = flags & SOURCE_OPAQUE != 0;
    let source = layer(&composite.source, (SOURCE_FILTER, SOURCE_REPEAT), opaque)?;
    let mask =
        composite.mask.as_ref().map(|mask| layer(mask, (MASK_FILTER, MASK_REPEAT), false)).transpose()?;
    let mask = mask.map(|mask| Sampler {
        transform: composite.mask_transform,
        origin: composite.mask_origin,
        ..mask
    });
    let size = bbox.size();
    if !source.is_in_range(size) || !mask.as_ref().is_none_or(|mask| mask.is_in_range(size)) {
        return Ok(());
    }
    let by_component = flags & COMPONENT_ALPHA != 0;
    // Whether the mask hides nothing, and whether pixman does without it.
    let (shows_all, is_dropped) = match &mask {
        None => (true, true),
        Some(mask) => (!by_component && mask.is_opaque(size), !by_component && mask.is_opaque_anywhere()),
    };
    let operator = Operator::from_code(flags & 0xff, shows_all && source.is_opaque(size))?;
    if operator == Operator::DESTINATION {
        return Ok(());
    }
    let is_raw = operator == Operator::SOURCE && is_dropped && source.is_copied_raw(size, mask.is_none());
    if is_raw && canvas.format == SurfaceFormat::Rgb555 && source.texels_are(canvas.format) {
        return copy_raw(canvas, region, bbox, composite);
    }
    let is_raw = is_raw && canvas.format == SurfaceFormat::Xrgb32 && source.texels_are(canvas.format);
    let source = if is_raw { source.with_fourth_bytes() } else { source };
    let layers = Layers { source, mask, by_component };
    for rect in region.rects() {
        if operator.divides() {
            layers.draw_wide(canvas, rect, bbox.origin(), operator);
        } else {
            layers.draw_narrow(canvas, rect, bbox.origin(), operator);
        }
    }
    Ok(())
}

/// Copies the source, repeated without end, with bits that mean nothing.
fn copy_raw<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    bbox: &Rect,
    composite: &Composite<Source>,
) -> Result<(), DrawError> {
    let (pixels, _) = canvas.whole_picture(&composite.source)?.into_pixels(canvas.format)?;
    let Point { x, y } = composite.source_origin;
    let origin = Point::new(bbox.left.saturating_sub(x), bbox.top.saturating_sub(y));
    for rect in region.rects() {
        canvas.plane.tile_rop(rect, &pixels, origin, BinaryRop::Copy);
    }
    Ok(())
}

/// What is combined with the surface.
struct Layers<'a> {
    source: Sampler<'a>,
    mask: Option<Sampler<'a>>,
    /// Whether each channel of the mask counts for itself.
    by_component: bool,
}

impl Layers<'_> {
    fn draw_narrow<T: Depth>(
        &self,
        canvas: &mut Canvas<'_, T>,
        rect: &Rect,
        corner: Point,
        operator: Operator,
    ) {
        // The fourth byte of a pixel without alpha goes along as if it were alpha where that cannot be seen in the
        // colours. Elsewhere it counts as opaque, and is left clear.
        let format = canvas.format;
        let (from, clears) = if operator.is_local() {
            (blending_format(format), false)
        } else {
            (format, format == SurfaceFormat::Xrgb32)
        };
        let Size { width, .. } = rect.size();
        let mut source = vec![0; usize::try_from(width).unwrap_or(0)];
        let mut mask = source.clone();
        canvas.plane.each_row(rect, |y, row| {
            let (x, y) = (rect.left.wrapping_sub(corner.x), y.wrapping_sub(corner.y));
            self.source.narrow_row(x, y, &mut source);
            if let Some(sampler) = &self.mask {
                sampler.narrow_row(x, y, &mut mask);
            }
            for ((pixel, source), mask) in row.iter_mut().zip(&source).zip(&mask) {
                let mask = self.mask.as_ref().map(|_| *mask);
                let input = narrow::Input::new(*source, mask, self.by_component);
                let result = operator.on_bytes(&input, pixel.to_argb(from));
                let result = if clears { result & !HIGH_BYTE } else { result };
                *pixel = T::from_argb(result, format);
            }
        });
    }

    fn draw_wide<T: Depth>(
        &self,
        canvas: &mut Canvas<'_, T>,
        rect: &Rect,
        corner: Point,
        operator: Operator,
    ) {
        let format = canvas.format;
        let clears = format == SurfaceFormat::Xrgb32;
        let mut rows = wide::Rows::new(rect.size().width);
        let keeps_hidden = matches!(operator, Operator::Tint(_)) && self.source.leaves_out_hidden();
        let (left, top) = (rect.left.wrapping_sub(corner.x), rect.top.wrapping_sub(corner.y));
        if keeps_hidden && self.mask.is_some() {
            // What is hidden here may have been seen further up.
            (0..top).for_each(|y| rows.read(self, left, y, keeps_hidden));
        }
        canvas.plane.each_row(rect, |y, row| {
            rows.read(self, left, y.wrapping_sub(corner.y), keeps_hidden);
            let wide::Rows { source, mask, .. } = &rows;
            for ((pixel, source), mask) in row.iter_mut().zip(source).zip(mask) {
                let mask = self.mask.as_ref().map(|_| *mask);
                let destination = wide::unpacked(pixel.to_argb(format), format);
                let result = wide::packed(operator.on_floats(*source, mask, self.by_component, destination));
                let result = if clears { result & !HIGH_BYTE } else { result };
                *pixel = T::from_argb(result, format);
            }
        });
    }
}

/// Whether a filter is smooth, by pixman's number of it.
fn is_smooth(filter: u32) -> Result<bool, DrawError> {
    match filter {
        0 | 3 => Ok(false),
        1 | 2 | 4 => Ok(true),
        _ => Err(DrawError::Unsupported("convolution filters")),
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use image::geometry::Size;
    use image::surface::{Pixels, Surface};
    use wire::drawable::{Clip, Drawable, Operation, SurfaceId};

    use super::*;
    use crate::draw;

    fn filled(format: SurfaceFormat, color: u32) -> Surface {
        let mut surface = Surface::new(format, Size::new(2, 2)).unwrap();
        let all = surface.bounds();
        match surface.pixels_mut() {
            Pixels::Longs(plane) => plane.fill_rop(&all, color, BinaryRop::Copy),
            Pixels::Bytes(plane) => plane.fill_rop(&all, color.to_le_bytes()[0], BinaryRop::Copy),
            Pixels::Words(_) => unreachable!("not used here"),
        }
        surface
    }

    /// The first pixel of a surface of `destination`, after 0x80402010 through a mask of `mask` / 255.
    fn result(operator: u32, destination: u32, mask: Option<u32>) -> u32 {
        let mut target = filled(SurfaceFormat::Argb32, destination);
        let others = BTreeMap::from([
            (SurfaceId(1), filled(SurfaceFormat::Argb32, 0x8040_2010)),
            (SurfaceId(2), filled(SurfaceFormat::A8, mask.unwrap_or(0))),
        ]);
        let composite = Composite {
            flags: operator,
            source: Source::Surface(SurfaceId(1)),
            mask: mask.map(|_| Source::Surface(SurfaceId(2))),
            source_transform: None,
            mask_transform: None,
            source_origin: Point::default(),
            mask_origin: Point::default(),
        };
        let (bbox, operation) = (Rect::new(0, 0, 1, 1), Operation::Composite(composite));
        let drawable = Drawable { surface: SurfaceId::PRIMARY, bbox, clip: Clip::None, operation };
        draw(&mut target, &drawable, &others).unwrap();
        target.longs().unwrap().pixels()[0]
    }

    #[test]
    fn operators_follow_porter_and_duff() {
        let (over, inside, out_reverse, add) = (3, 5, 8, 12);
        assert_eq!(result(over, 0xffff_ffff, None), 0xffbf_9f8f);
        assert_eq!(result(over, 0xffff_ffff, Some(0)), 0xffff_ffff);
        assert_eq!(result(over, 0, Some(0x80)), 0x4020_1008);
        assert_eq!(result(inside, 0x8000_0000, None), 0x4020_1008);
        assert_eq!(result(out_reverse, 0xff80_4020, None), 0x7f40_2010);
        assert_eq!(result(add, 0x90ff_0001, None), 0xffff_2011);
        let saturate = 13;
        assert_eq!(result(saturate, 0xff10_2030, None), 0xff10_2030);
        assert_eq!(result(saturate, 0, None), 0x8040_2010);
    }

    #[test]
    fn blend_modes_leave_what_is_transparent() {
        for mode in 0x30..0x3f {
            assert_eq!(result(mode, 0, None), 0x8040_2010, "{mode:#x} on nothing");
        }
        for mode in 0x30..0x3b {
            assert_eq!(result(mode, 0x8040_2010, Some(0)), 0x8040_2010, "{mode:#x} of nothing");
        }
    }

    #[test]
    fn other_operators_and_filters_are_refused() {
        let composite = |flags| Composite {
            flags,
            source: Source::Surface(SurfaceId::PRIMARY),
            mask: None,
            source_transform: None,
            mask_transform: None,
            source_origin: Point::default(),
            mask_origin: Point::default(),
        };
        for flags in [0x3f, 0xff, 5 << SOURCE_FILTER] {
            let operation = Operation::Composite(composite(flags));
            let bbox = Rect::new(0, 0, 1, 1);
            let drawable = Drawable { surface: SurfaceId::PRIMARY, bbox, clip: Clip::None, operation };
            let result = draw(&mut filled(SurfaceFormat::Argb32, 0), &drawable, &());
            assert!(matches!(result, Err(DrawError::Unsupported(_))));
        }
    }
}
