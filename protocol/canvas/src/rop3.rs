//! Operations that combine an image, a pattern and the destination.

use image::geometry::{Point, Rect};
use image::region::Region;
use image::rop::TernaryRop;
use wire::drawable::Rop3;

use crate::brush::Tile;
use crate::depth::Depth;
use crate::error::DrawError;
use crate::picture::Canvas;
use crate::scale::{Scaling, scaled};
use crate::source::Source;

/// Draws a ternary operation. The image must fill the bounding box.
pub(crate) fn rop3<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    bbox: &Rect,
    rop3: &Rop3<Source>,
) -> Result<(), DrawError> {
    let rop = TernaryRop(rop3.rop3);
    let picture = canvas.picture(&rop3.source, &rop3.area)?;
    let scaled_pixels;
    let format = picture.format_on(canvas.format);
    let formats = (format, format);
    let (pixels, at) = picture.into_pixels(canvas.format)?;
    let area = rop3.area.translate(-at.x, -at.y);
    // The source's pixel for the corner of `shown`.
    let (source, shown, corner) = if bbox.size() == area.size() {
        if !pixels.bounds().contains(&area) {
            return Err(DrawError::ImageTooSmall);
        }
        (&*pixels, *bbox, area.origin())
    } else {
        let scaling = Scaling { area, bbox: *bbox, visible: region.bounds(), whole_steps: true };
        scaled_pixels = scaled(&pixels, formats, &scaling, rop3.scale)?;
        (&scaled_pixels, region.bounds(), Point::default())
    };
    let tile = Tile::of(canvas, &rop3.brush)?;
    for rect in region.rects() {
        let x = rect.left.saturating_sub(shown.left).saturating_add(corner.x);
        let y = rect.top.saturating_sub(shown.top).saturating_add(corner.y);
        let from = Point::new(x, y);
        match &tile {
            Tile::Solid(color) => {
                let color = T::of_color(*color, canvas.format);
                canvas.plane.rop3_color(rect, source, from, color, rop);
            }
            Tile::Pattern { pixels, origin } => {
                canvas.plane.rop3_tile(rect, source, from, pixels, *origin, rop);
            }
        }
    }
    Ok(())
}
