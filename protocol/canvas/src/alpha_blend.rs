//! Blending an image over the surface by its own and a constant transparency.
//!
//! Colours are multiplied by alpha, as everywhere in QXL. All arithmetic is on bytes, with products
//! rounded to the nearest 255th, as pixman's OVER operator has it.

use alloc::vec::Vec;

use image::bitmap::BitmapFormat;
use image::geometry::{Point, Rect};
use image::plane::Plane;
use image::region::Region;
use image::rop::BinaryRop;
use image::surface::SurfaceFormat;
use wire::drawable::{AlphaBlend, ScaleMode};

use crate::depth::{Depth, HIGH_BYTE, argb_row};
use crate::error::DrawError;
use crate::picture::{Canvas, Picture};
use crate::scale::{Scaling, scaled};
use crate::source::Source;

/// Draws an image over the surface; one of another size than the bounding box is scaled by the nearest
/// pixel. Nothing is drawn where the image has no pixels.
pub(crate) fn alpha_blend<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    bbox: &Rect,
    blend: &AlphaBlend<Source>,
) -> Result<(), DrawError> {
    if blend.alpha == 0 {
        return Ok(());
    }
    let area = &blend.area;
    if let Some((argb, at)) = canvas.of_other_depth(&blend.source, area, blend.source_surface_has_alpha)? {
        blend_argb(canvas, region, bbox, blend, (&argb, at))?;
        if !blend.dest_has_alpha {
            clear_high_bytes(canvas, bbox);
        }
        return Ok(());
    }
    let format = blending_format(canvas.format);
    let picture = canvas.picture(&blend.source, area)?;
    if bbox.size() == area.size() {
        let at = Point::new(bbox.left.saturating_sub(area.left), bbox.top.saturating_sub(area.top));
        if replaces(canvas, &picture, blend) && picture.placed(at).contains(&region.bounds()) {
            canvas.blit(region, &picture, at, BinaryRop::Copy);
            clear_high_bytes(canvas, bbox);
            return Ok(());
        }
        forget_unused_bits(canvas, region);
        let canvas_format = canvas.format;
        let mut scratch = Vec::new();
        canvas.each_placed_row(region, picture.size(), at, |row, x, y| {
            scratch.clear();
            scratch.resize(row.len(), 0);
            read_argb(&picture, x, y, canvas_format, blend.source_surface_has_alpha, &mut scratch);
            over_row(row, &scratch, blend.alpha, format);
        });
    } else if replaces(canvas, &picture, blend) && picture.placed(Point::default()).contains(area) {
        let format = picture.format_on(canvas.format);
        let (pixels, at) = picture.into_pixels(canvas.format)?;
        let area = area.translate(-at.x, -at.y);
        let scaling = Scaling { area, bbox: *bbox, visible: region.bounds(), whole_steps: false };
        let plane = scaled(&pixels, (format, canvas.format), &scaling, ScaleMode::Nearest)?;
        canvas.blit_plane(region, &plane, region.bounds().origin(), BinaryRop::Copy);
    } else {
        let (argb, at) = argb_plane(&picture, canvas.format, blend.source_surface_has_alpha)?;
        blend_argb(canvas, region, bbox, blend, (&argb, at))?;
    }
    if !blend.dest_has_alpha {
        clear_high_bytes(canvas, bbox);
    }
    Ok(())
}

/// Blends pixels 0xAARRGGBB, of which the first is pixel `at` of the image.
fn blend_argb<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    bbox: &Rect,
    blend: &AlphaBlend<Source>,
    (argb, at): (&Plane<u32>, Point),
) -> Result<(), DrawError> {
    let format = blending_format(canvas.format);
    let area = blend.area.translate(-at.x, -at.y);
    let scaled_pixels;
    let (argb, corner) = if bbox.size() == area.size() {
        (argb, Point::new(bbox.left.saturating_sub(area.left), bbox.top.saturating_sub(area.top)))
    } else {
        let scaling = Scaling { area, bbox: *bbox, visible: region.bounds(), whole_steps: false };
        let formats = (SurfaceFormat::Argb32, SurfaceFormat::Argb32);
        scaled_pixels = scaled(argb, formats, &scaling, ScaleMode::Nearest)?;
        (&scaled_pixels, region.bounds().origin())
    };
    forget_unused_bits(canvas, region);
    for rect in region.rects() {
        let from = Point::new(rect.left.saturating_sub(corner.x), rect.top.saturating_sub(corner.y));
        canvas.plane.each_row_with(rect, argb, from, |row, source| {
            over_row(row, source, blend.alpha, format);
        });
    }
    Ok(())
}

/// Whether blending is no more than copying: nothing is transparent, and the surface keeps no alpha.
fn replaces<T: Depth>(canvas: &Canvas<'_, T>, picture: &Picture<'_, T>, blend: &AlphaBlend<Source>) -> bool {
    let keeps_alpha = match canvas.format {
        SurfaceFormat::Argb32 | SurfaceFormat::A8 | SurfaceFormat::A1 => true,
        SurfaceFormat::Xrgb32 => blend.dest_has_alpha,
        SurfaceFormat::Rgb555 | SurfaceFormat::Rgb565 => false,
    };
    let surface_is_opaque = |format: SurfaceFormat| match format {
        SurfaceFormat::Argb32 | SurfaceFormat::A8 | SurfaceFormat::A1 => false,
        SurfaceFormat::Xrgb32 => !blend.source_surface_has_alpha,
        SurfaceFormat::Rgb555 | SurfaceFormat::Rgb565 => true,
    };
    let opaque = match picture {
        // Pixels of 16 bits are converted, and get a fourth byte.
        Picture::Bitmap { bitmap, widened, .. } => {
            !widened && !matches!(bitmap.format(), BitmapFormat::Argb32 | BitmapFormat::Alpha8)
        }
        Picture::Surface { format, .. } => surface_is_opaque(*format),
        Picture::Copied { .. } => surface_is_opaque(canvas.format),
    };
    // Pixels of 15 and of 16 bits are as wide as each other, and no copies of each other.
    let converts = matches!(picture, Picture::Surface { format, .. }
        if blending_format(*format) != blending_format(canvas.format));
    blend.alpha == 255 && opaque && !keeps_alpha && !converts
}

/// What pixels count as while they are blended: the fourth byte of [`SurfaceFormat::Xrgb32`] goes along
/// as if it were alpha, whatever it holds.
pub(crate) const fn blending_format(format: SurfaceFormat) -> SurfaceFormat {
    match format {
        SurfaceFormat::Xrgb32 => SurfaceFormat::Argb32,
        other => other,
    }
}

/// Clears the unused bit of pixels of 15 bits, as pixman does when it writes them back blended, wherever
/// nothing is blended over them.
fn forget_unused_bits<T: Depth>(canvas: &mut Canvas<'_, T>, region: &Region) {
    if canvas.format == SurfaceFormat::Rgb555 {
        for rect in region.rects() {
            canvas.plane.fill_rop(rect, T::from_color(0x7fff), BinaryRop::And);
        }
    }
}

/// Clears what blending left in the fourth bytes of `area`. As in the original, the first pixel tells
/// whether any of it has to be cleared, and clips do not hold it back.
pub(crate) fn clear_high_bytes<T: Depth>(canvas: &mut Canvas<'_, T>, area: &Rect) {
    let Some(area) = area.intersection(&canvas.plane.bounds()) else { return };
    let high = T::from_color(HIGH_BYTE);
    if canvas.format == SurfaceFormat::Xrgb32
        && canvas.plane.pixel(area.origin()).is_some_and(|first| first & high == high)
    {
        canvas.plane.fill_rop(&area, !high, BinaryRop::And);
    }
}

/// Puts each source pixel, made more transparent by `alpha`, over the pixel at the same place.
fn over_row<T: Depth>(row: &mut [T], source: &[u32], alpha: u8, format: SurfaceFormat) {
    for (to, from) in row.iter_mut().zip(source) {
        *to = T::from_argb(over(scale_bytes(*from, alpha), to.to_argb(format)), format);
    }
}

/// `source` over `destination`, both multiplied by alpha.
pub(crate) fn over(source: u32, destination: u32) -> u32 {
    match source.to_le_bytes()[3] {
        255 => source,
        0 if source == 0 => destination,
        alpha => add_bytes(source, scale_bytes(destination, 255 - alpha)),
    }
}

/// Each byte times `factor` / 255, rounded.
pub(crate) fn scale_bytes(pixel: u32, factor: u8) -> u32 {
    if factor == 255 {
        return pixel;
    }
    // Two bytes at a time; a product plus a half and its own high byte, without its low byte, is the
    // quotient by 255.
    let scale = |bytes: u32| {
        let product = bytes * u32::from(factor) + 0x0080_0080;
        (product + (product >> 8 & 0x00ff_00ff)) >> 8 & 0x00ff_00ff
    };
    scale(pixel & 0x00ff_00ff) | scale(pixel >> 8 & 0x00ff_00ff) << 8
}

/// The sum of each pair of bytes, at most 255.
pub(crate) fn add_bytes(a: u32, b: u32) -> u32 {
    let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
    u32::from_le_bytes(core::array::from_fn(|channel| a[channel].saturating_add(b[channel])))
}

/// Writes pixels of a row of `picture` as 0xAARRGGBB.
fn read_argb<T: Depth>(
    picture: &Picture<'_, T>,
    x: i32,
    y: i32,
    canvas: SurfaceFormat,
    surface_has_alpha: bool,
    out: &mut [u32],
) {
    let columns = |from: i32| (from, from.saturating_add(i32::try_from(out.len()).unwrap_or(i32::MAX)));
    let (row, format) = match picture {
        Picture::Bitmap { bitmap, .. } => {
            let (Ok(x), Ok(y)) = (usize::try_from(x), u32::try_from(y)) else { return };
            let Some(row) = bitmap.row(y) else { return };
            argb_row(bitmap, row, x, canvas, out);
            return;
        }
        Picture::Surface { plane, format } => {
            let (left, right) = columns(x);
            (plane.row_part(y, left, right), *format)
        }
        Picture::Copied { plane, at } => {
            let (left, right) = columns(x.wrapping_sub(at.x));
            (plane.row_part(y.wrapping_sub(at.y), left, right), canvas)
        }
    };
    let format = if surface_has_alpha { blending_format(format) } else { format };
    for (out, pixel) in out.iter_mut().zip(row) {
        *out = pixel.to_argb(format);
    }
}

/// All pixels of `picture` that there are as 0xAARRGGBB, and the picture's pixel at the plane's corner.
fn argb_plane<T: Depth>(
    picture: &Picture<'_, T>,
    canvas: SurfaceFormat,
    surface_has_alpha: bool,
) -> Result<(Plane<u32>, Point), DrawError> {
    let (size, corner) = match picture {
        Picture::Copied { plane, at } => (plane.size(), *at),
        Picture::Bitmap { .. } | Picture::Surface { .. } => (picture.size(), Point::default()),
    };
    let mut plane = Plane::new(size)?;
    for (y, row) in (corner.y..).zip(plane.rows_mut()) {
        read_argb(picture, corner.x, y, canvas, surface_has_alpha, row);
    }
    Ok((plane, corner))
}
