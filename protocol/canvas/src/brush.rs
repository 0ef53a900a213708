//! Painting with a colour or a pattern: fills, and the brush of other operations.

use image::geometry::Point;
use image::region::Region;
use image::rop::BinaryRop;
use wire::drawable::{Brush, Fill, Rop};

use crate::depth::Depth;
use crate::error::DrawError;
use crate::picture::{Canvas, Pixels};
use crate::rop::binary_rop;
use crate::source::Source;

/// Draws a fill.
pub(crate) fn fill<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    fill: &Fill<Source>,
) -> Result<(), DrawError> {
    let rop = binary_rop(fill.rop, Rop::INVERS_BRUSH, Rop::INVERS_DEST);
    paint(canvas, region, &fill.brush, rop)
}

/// Combines `region` with a brush.
pub(crate) fn paint<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    brush: &Brush<Source>,
    rop: BinaryRop,
) -> Result<(), DrawError> {
    if rop == BinaryRop::Noop || region.is_empty() {
        return Ok(());
    }
    let tile = Tile::of(canvas, brush)?;
    tile.paint(canvas, region, rop);
    Ok(())
}

/// Combines `region` with a colour.
pub(crate) fn solid<T: Depth>(canvas: &mut Canvas<'_, T>, region: &Region, color: u32, rop: BinaryRop) {
    for rect in region.rects() {
        canvas.plane.fill_rop(rect, T::of_color(color, canvas.format), rop);
    }
}

/// A brush that is ready to paint.
pub(crate) enum Tile<'a, T> {
    /// One colour.
    Solid(u32),
    /// A repeated image, with a point where a copy begins.
    Pattern { pixels: Pixels<'a, T>, origin: Point },
}

impl<'s, T: Depth> Tile<'s, T> {
    /// The brush; one that is nothing paints the colour 0, since an operation may still invert what is
    /// there.
    pub(crate) fn of<'a: 's>(canvas: &Canvas<'a, T>, brush: &'s Brush<Source>) -> Result<Self, DrawError> {
        Ok(match brush {
            Brush::None => Self::Solid(0),
            Brush::Solid(color) => Self::Solid(*color),
            Brush::Pattern { image, origin } => {
                let (pixels, _) = canvas.whole_picture(image)?.into_pixels(canvas.format)?;
                Self::Pattern { pixels, origin: *origin }
            }
        })
    }

    /// Combines `region` with the brush.
    pub(crate) fn paint(&self, canvas: &mut Canvas<'_, T>, region: &Region, rop: BinaryRop) {
        match self {
            Self::Solid(color) => solid(canvas, region, *color, rop),
            Self::Pattern { pixels, origin } => {
                for rect in region.rects() {
                    canvas.plane.tile_rop(rect, pixels, *origin, rop);
                }
            }
        }
    }
}
