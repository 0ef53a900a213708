//! Operations that put an image on the surface: copy, blend, opaque, transparent, and copies inside it.

use image::geometry::{Point, Rect};
use image::pixel::{xrgb_to_rgb555, xrgb_to_rgb565};
use image::region::Region;
use image::rop::BinaryRop;
use image::surface::SurfaceFormat;
use wire::drawable::{Copy, Opaque, Rop, ScaleMode, Transparent};

use crate::brush;
use crate::depth::Depth;
use crate::error::DrawError;
use crate::picture::Canvas;
use crate::rop::binary_rop;
use crate::scale::{Scaling, scaled};
use crate::source::Source;

/// Draws a copy or a blend, which mean the same.
pub(crate) fn copy<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    bbox: &Rect,
    copy: &Copy<Source>,
) -> Result<(), DrawError> {
    let rop = binary_rop(copy.rop, Rop::INVERS_SRC, Rop::INVERS_DEST);
    put(canvas, region, bbox, &copy.source, &copy.area, copy.scale, rop)
}

/// Draws an image, then the brush over it: for the brush's descriptor the image is the destination.
pub(crate) fn opaque<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    bbox: &Rect,
    opaque: &Opaque<Source>,
) -> Result<(), DrawError> {
    let rop = binary_rop(opaque.rop, Rop::INVERS_BRUSH, Rop::INVERS_SRC);
    if rop == BinaryRop::Noop {
        return Ok(());
    }
    put(canvas, region, bbox, &opaque.source, &opaque.area, opaque.scale, BinaryRop::Copy)?;
    brush::paint(canvas, region, &opaque.brush, rop)
}

/// Draws the pixels of an image that do not have one colour. An image of another size than the bounding
/// box is scaled by the nearest pixel.
pub(crate) fn transparent<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    bbox: &Rect,
    transparent: &Transparent<Source>,
) -> Result<(), DrawError> {
    let key = T::from_color(match canvas.format {
        SurfaceFormat::Xrgb32 | SurfaceFormat::Argb32 => transparent.true_color,
        SurfaceFormat::Rgb555 => xrgb_to_rgb555(transparent.true_color).into(),
        SurfaceFormat::Rgb565 => xrgb_to_rgb565(transparent.true_color).into(),
        SurfaceFormat::A8 | SurfaceFormat::A1 => 0,
    });
    let compared = T::from_color(T::COLOR_BITS);
    let picture = canvas.picture(&transparent.source, &transparent.area)?;
    let format = picture.format_on(canvas.format);
    let formats = (format, format);
    let (pixels, at) = picture.into_pixels(canvas.format)?;
    let scaled_pixels;
    let (plane, corner) = if bbox.size() == transparent.area.size() {
        (&*pixels, corner_of(bbox, &transparent.area, at))
    } else {
        let area = transparent.area.translate(-at.x, -at.y);
        let scaling = Scaling { area, bbox: *bbox, visible: region.bounds(), whole_steps: false };
        scaled_pixels = scaled(&pixels, formats, &scaling, ScaleMode::Nearest)?;
        (&scaled_pixels, region.bounds().origin())
    };
    for rect in region.rects() {
        let from = Point::new(rect.left.saturating_sub(corner.x), rect.top.saturating_sub(corner.y));
        canvas.plane.blit_color_key(rect, plane, from, key, compared);
    }
    Ok(())
}

/// Moves pixels of the surface so that `bbox` gets what lies at `source`. Pixels from outside the surface
/// are not drawn.
pub(crate) fn copy_bits<T: Depth>(canvas: &mut Canvas<'_, T>, region: &Region, bbox: &Rect, source: Point) {
    let (Some(dx), Some(dy)) = (bbox.left.checked_sub(source.x), bbox.top.checked_sub(source.y)) else {
        return;
    };
    if dx == 0 && dy == 0 {
        return;
    }
    // Rectangles that lie further along the direction of the move are read before they are written.
    let mut bands: alloc::vec::Vec<&[Rect]> = region.as_slice().chunk_by(|a, b| a.top == b.top).collect();
    if dy > 0 {
        bands.reverse();
    }
    for band in bands {
        let mut move_rect = |rect: &Rect| canvas.plane.copy_within(rect, dx, dy);
        if dx > 0 || (dx == 0 && dy > 0) {
            band.iter().rev().for_each(&mut move_rect);
        } else {
            band.iter().for_each(&mut move_rect);
        }
    }
}

/// Combines `region` with the part `area` of an image, scaled to the bounding box where sizes differ.
fn put<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    bbox: &Rect,
    source: &Source,
    area: &Rect,
    mode: ScaleMode,
    rop: BinaryRop,
) -> Result<(), DrawError> {
    if rop == BinaryRop::Noop || region.is_empty() {
        return Ok(());
    }
    if bbox.size() != area.size()
        && rop == BinaryRop::Copy
        && let Some((argb, at)) = canvas.of_other_depth(source, area, false)?
    {
        let area = area.translate(-at.x, -at.y);
        let scaling = Scaling { area, bbox: *bbox, visible: region.bounds(), whole_steps: false };
        let argb = scaled(&argb, (SurfaceFormat::Argb32, SurfaceFormat::Argb32), &scaling, mode)?;
        canvas.write_argb(region, &argb);
        return Ok(());
    }
    let picture = canvas.picture(source, area)?;
    if bbox.size() == area.size() {
        canvas.blit(region, &picture, corner_of(bbox, area, Point::default()), rop);
        return Ok(());
    }
    let format = picture.format_on(canvas.format);
    // What is combined is scaled first, in its own format.
    let formats = (format, if rop == BinaryRop::Copy { canvas.format } else { format });
    let (pixels, at) = picture.into_pixels(canvas.format)?;
    let scaling = Scaling {
        area: area.translate(-at.x, -at.y),
        bbox: *bbox,
        visible: region.bounds(),
        whole_steps: false,
    };
    let plane = scaled(&pixels, formats, &scaling, mode)?;
    canvas.blit_plane(region, &plane, region.bounds().origin(), rop);
    Ok(())
}

/// Where the pixel `at` of an image lies on the surface when the corner of `area` lies on that of `bbox`.
fn corner_of(bbox: &Rect, area: &Rect, at: Point) -> Point {
    Point::new(
        bbox.left.saturating_sub(area.left).saturating_add(at.x),
        bbox.top.saturating_sub(area.top).saturating_add(at.y),
    )
}
