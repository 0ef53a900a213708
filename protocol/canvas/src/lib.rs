//! Draws QXL drawing operations into surfaces, pixel for pixel as spice-server's software canvas does.
//!
//! The host server draws with it when somebody needs pixels (a new client, a guest that reads its screen,
//! an operation that depends on another surface), and the headless client draws with it what arrives on
//! the wire. [`draw`] is the whole interface: one [`Drawable`] on one [`Surface`].
//!
//! Fourth bytes of [`SurfaceFormat::Xrgb32`] pixels are bits like all others to raster operations, fills
//! and copies, since a guest can look at them through an alpha blend; where blending leaves something in
//! them, it is what the original leaves.
//!
//! Invariant: a drawable with any coordinates, sizes and pixels ends in pixels or in a [`DrawError`];
//! nothing outside the surface, the bounding box and the clip is touched, except for the fourth bytes
//! that text and blends clear.
#![no_std]

extern crate alloc;

mod alpha_blend;
mod brush;
mod clip;
mod composite;
mod copy;
mod dash;
mod depth;
mod error;
mod line;
mod picture;
mod polygon;
mod rop;
mod rop3;
mod scale;
mod source;
mod stroke;
mod text;

use image::geometry::Rect;
use image::rop::BinaryRop;
use image::surface::{Pixels, Surface};
use wire::drawable::{Drawable, Operation, SurfaceId};

pub use error::DrawError;
pub use source::{Source, Surfaces};

use clip::{clipped, masked};
use depth::Depth;
use picture::Canvas;

/// Draws one operation on `target`, which is the surface that `drawable` names.
///
/// `surfaces` has the other surfaces, for images that are surfaces; an image that is `target` itself is
/// taken as it was before the operation.
///
/// # Errors
/// [`DrawError`] when an image cannot be had or the operation is one that is not drawn; what the
/// operation did until then stays, which is nothing for all but [`Operation::Opaque`].
pub fn draw(
    target: &mut Surface,
    drawable: &Drawable<Source>,
    surfaces: &dyn Surfaces,
) -> Result<(), DrawError> {
    let format = target.format();
    let own = drawable.surface;
    match target.pixels_mut() {
        Pixels::Longs(plane) => paint(&mut Canvas { plane, format, own, surfaces }, drawable),
        Pixels::Words(plane) => paint(&mut Canvas { plane, format, own, surfaces }, drawable),
        Pixels::Bytes(plane) => paint(&mut Canvas { plane, format, own, surfaces }, drawable),
    }
}

/// What a drawing may change besides the part of its bounding box that the clip shows: the fourth bytes of
/// pixels without alpha.
pub fn spill<I>(drawable: &Drawable<I>) -> Option<Rect> {
    match &drawable.operation {
        Operation::Text(text) => text::bounds(&text.glyphs),
        Operation::AlphaBlend(_) => Some(drawable.bbox),
        _ => None,
    }
}

/// The surfaces that an operation reads, besides the one that it draws on, in the order of its fields.
pub fn sources(drawable: &Drawable<Source>) -> impl Iterator<Item = SurfaceId> {
    source::images(&drawable.operation).into_iter().flatten().filter_map(|image| match image {
        Source::Surface(id) => Some(*id),
        Source::Bitmap(_) | Source::HighBitsSet(_) | Source::Widened(_) => None,
    })
}

fn paint<T: Depth>(canvas: &mut Canvas<'_, T>, drawable: &Drawable<Source>) -> Result<(), DrawError> {
    let bbox = &drawable.bbox;
    let region = clipped(canvas.plane.bounds(), bbox, &drawable.clip);
    if region.is_empty() {
        return Ok(());
    }
    match &drawable.operation {
        Operation::Fill(fill) => {
            let region = masked(canvas, region, &fill.mask, bbox)?;
            brush::fill(canvas, &region, fill)
        }
        Operation::Opaque(opaque) => {
            let region = masked(canvas, region, &opaque.mask, bbox)?;
            copy::opaque(canvas, &region, bbox, opaque)
        }
        Operation::Copy(copy) | Operation::Blend(copy) => {
            let region = masked(canvas, region, &copy.mask, bbox)?;
            copy::copy(canvas, &region, bbox, copy)
        }
        Operation::Blackness(mask) => {
            let region = masked(canvas, region, mask, bbox)?;
            brush::solid(canvas, &region, 0, BinaryRop::Copy);
            Ok(())
        }
        Operation::Whiteness(mask) => {
            let region = masked(canvas, region, mask, bbox)?;
            brush::solid(canvas, &region, u32::MAX, BinaryRop::Copy);
            Ok(())
        }
        Operation::Invers(mask) => {
            let region = masked(canvas, region, mask, bbox)?;
            brush::solid(canvas, &region, 0, BinaryRop::Invert);
            Ok(())
        }
        Operation::CopyBits { source } => {
            copy::copy_bits(canvas, &region, bbox, *source);
            Ok(())
        }
        Operation::Rop3(rop3) => {
            let region = masked(canvas, region, &rop3.mask, bbox)?;
            rop3::rop3(canvas, &region, bbox, rop3)
        }
        Operation::Transparent(transparent) => copy::transparent(canvas, &region, bbox, transparent),
        Operation::AlphaBlend(blend) => alpha_blend::alpha_blend(canvas, &region, bbox, blend),
        Operation::Stroke(stroke) => stroke::stroke(canvas, &region, stroke),
        Operation::Text(text) => text::text(canvas, &region, text),
        Operation::Composite(composite) => composite::composite(canvas, &region, bbox, composite),
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use alloc::vec::Vec;

    use image::bitmap::{Bitmap, BitmapFormat, Layout};
    use image::geometry::{Point, Size};
    use image::surface::SurfaceFormat;
    use wire::drawable::{Brush, Clip, Copy, Fill, Mask, Rop, ScaleMode};

    use super::*;

    fn surface(width: u32, height: u32) -> Surface {
        Surface::new(SurfaceFormat::Xrgb32, Size::new(width, height)).unwrap()
    }

    fn pixels(surface: &Surface) -> Vec<u32> {
        surface.longs().unwrap().pixels().to_vec()
    }

    fn bitmap(width: u32, height: u32, pixels: &[u32]) -> Arc<Bitmap> {
        let layout = Layout::packed(BitmapFormat::Xrgb32, Size::new(width, height)).unwrap();
        let bytes: Vec<u8> = pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
        Arc::new(Bitmap::new(layout, None, bytes.into()).unwrap())
    }

    fn drawable(bbox: Rect, operation: Operation<Source>) -> Drawable<Source> {
        Drawable { surface: SurfaceId::PRIMARY, bbox, clip: Clip::None, operation }
    }

    fn filled(color: u32, rop: Rop) -> Operation<Source> {
        Operation::Fill(Fill { brush: Brush::Solid(color), rop, mask: Mask::default() })
    }

    fn copied(source: Source, area: Rect, rop: Rop) -> Operation<Source> {
        let (scale, mask) = (ScaleMode::Nearest, Mask::default());
        Operation::Copy(Copy { source, area, rop, scale, mask })
    }

    #[test]
    fn a_fill_stays_inside_surface_box_and_clip() {
        let mut target = surface(3, 2);
        let mut fill = drawable(Rect::new(-5, 0, 2, 9), filled(7, Rop::PUT));
        fill.clip = Clip::Rects(Arc::new([Rect::new(1, 1, 3, 2), Rect::new(0, 0, 1, 1)]));
        draw(&mut target, &fill, &()).unwrap();
        assert_eq!(pixels(&target), [7, 0, 0, 0, 7, 0]);
    }

    #[test]
    fn a_copy_leaves_alone_what_the_image_does_not_reach() {
        let mut target = surface(3, 1);
        let image = Source::Bitmap(bitmap(2, 1, &[0xaa00_0001, 2]));
        draw(
            &mut target,
            &drawable(Rect::new(0, 0, 3, 1), copied(image, Rect::new(1, 0, 4, 1), Rop::PUT)),
            &(),
        )
        .unwrap();
        assert_eq!(pixels(&target), [2, 0, 0]);
    }

    #[test]
    fn a_copy_of_the_surface_itself_takes_what_was_there() {
        let mut target = surface(4, 1);
        for (x, color) in (0..4).zip(1..) {
            draw(&mut target, &drawable(Rect::new(x, 0, x + 1, 1), filled(color, Rop::PUT)), &()).unwrap();
        }
        let shifted = copied(Source::Surface(SurfaceId::PRIMARY), Rect::new(0, 0, 3, 1), Rop::PUT);
        draw(&mut target, &drawable(Rect::new(1, 0, 4, 1), shifted), &()).unwrap();
        assert_eq!(pixels(&target), [1, 1, 2, 3]);
    }

    #[test]
    fn copy_bits_moves_overlapping_clips_as_one_picture() {
        for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)] {
            let mut target = surface(5, 5);
            for (index, color) in (0..25).zip(1..) {
                let (x, y) = (index % 5, index / 5);
                let dot = drawable(Rect::new(x, y, x + 1, y + 1), filled(color, Rop::PUT));
                draw(&mut target, &dot, &()).unwrap();
            }
            let before = target.longs().unwrap().clone();
            let mut moved =
                drawable(Rect::new(1, 1, 4, 4), Operation::CopyBits { source: Point::new(1 - dx, 1 - dy) });
            // Split so that pieces read what their neighbours write.
            moved.clip =
                Clip::Rects(Arc::new([Rect::new(1, 1, 2, 4), Rect::new(2, 1, 4, 2), Rect::new(2, 2, 4, 4)]));
            draw(&mut target, &moved, &()).unwrap();
            for (y, row) in (0..).zip(target.longs().unwrap().rows()) {
                for (x, pixel) in (0..).zip(row) {
                    let inside = Rect::new(1, 1, 4, 4).contains(&Rect::new(x, y, x + 1, y + 1));
                    let from = if inside { Point::new(x - dx, y - dy) } else { Point::new(x, y) };
                    assert_eq!(Some(*pixel), before.pixel(from), "moved by {dx}, {dy} at {x}, {y}");
                }
            }
        }
    }

    #[test]
    fn a_missing_surface_is_an_error_and_draws_nothing() {
        let mut target = surface(1, 1);
        let copy = copied(Source::Surface(SurfaceId(9)), Rect::new(0, 0, 1, 1), Rop::PUT);
        let result = draw(&mut target, &drawable(Rect::new(0, 0, 1, 1), copy), &());
        assert_eq!(result, Err(DrawError::MissingSurface(SurfaceId(9))));
        assert_eq!(pixels(&target), [0]);
    }

    #[test]
    fn coordinates_at_the_extremes_do_not_panic() {
        let extremes = [i32::MIN, -1, 0, 1, i32::MAX];
        let mut target = surface(4, 4);
        let image = Source::Bitmap(bitmap(2, 2, &[1, 2, 3, 4]));
        for left in extremes {
            for right in extremes {
                let wild = Rect::new(left, left, right, right);
                for bbox in [wild, Rect::new(0, 0, 4, 4)] {
                    draw(&mut target, &drawable(bbox, copied(image.clone(), wild, Rop::XOR)), &()).unwrap();
                    let bits = Operation::CopyBits { source: Point::new(left, right) };
                    draw(&mut target, &drawable(bbox, bits), &()).unwrap();
                }
            }
        }
    }
}
