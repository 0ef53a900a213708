//! Which pixels an operation may touch: bounding box, clip rectangles and mask.

use image::bitmap::{Bitmap, BitmapFormat};
use image::geometry::{Point, Rect};
use image::pixel::index_at;
use image::plane::Plane;
use image::region::Region;
use image::surface::{Pixels, Surface, SurfaceFormat};
use wire::drawable::{Clip, Mask};

use crate::depth::Depth;
use crate::error::DrawError;
use crate::picture::Canvas;
use crate::source::Source;

/// The part of `bbox` inside the surface and the clip.
pub(crate) fn clipped(surface: Rect, bbox: &Rect, clip: &Clip) -> Region {
    let Some(inside) = surface.intersection(bbox) else { return Region::new() };
    match clip {
        Clip::None => Region::from_rect(inside),
        Clip::Rects(rects) => rects.iter().filter_map(|rect| rect.intersection(&inside)).collect::<Region>(),
    }
}

/// The part of `region` that the mask lets through: where its picture has a bit, set or clear as the mask
/// says. Nothing passes outside the picture.
pub(crate) fn masked<T: Depth>(
    canvas: &Canvas<'_, T>,
    mut region: Region,
    mask: &Mask<Source>,
    bbox: &Rect,
) -> Result<Region, DrawError> {
    let shift = (bbox.left.saturating_sub(mask.origin.x), bbox.top.saturating_sub(mask.origin.y));
    let open = match &mask.bitmap {
        None => return Ok(region),
        Some(Source::Bitmap(bitmap) | Source::HighBitsSet(bitmap) | Source::Widened(bitmap)) => {
            let picture = Picture::of_bitmap(bitmap)?;
            picture.open(&region, shift, mask.inverse)
        }
        // The drawing's own surface is taken as it was before the operation.
        Some(Source::Surface(id)) if *id == canvas.own => {
            if canvas.format != SurfaceFormat::A1 {
                return Err(DrawError::MaskFormat);
            }
            Picture::Plane(&*canvas.plane).open(&region, shift, mask.inverse)
        }
        Some(Source::Surface(id)) => {
            let surface = canvas.surfaces.surface(*id).ok_or(DrawError::MissingSurface(*id))?;
            let picture = Picture::of_surface(surface)?;
            picture.open(&region, shift, mask.inverse)
        }
    };
    region.intersect(&open);
    Ok(region)
}

/// A picture of one bit a pixel.
enum Picture<'a, T> {
    Bitmap(&'a Bitmap),
    Plane(&'a Plane<T>),
}

impl<'a> Picture<'a, u8> {
    fn of_bitmap(bitmap: &'a Bitmap) -> Result<Self, DrawError> {
        match bitmap.format() {
            BitmapFormat::Mono1Le | BitmapFormat::Mono1Be => Ok(Self::Bitmap(bitmap)),
            _ => Err(DrawError::MaskFormat),
        }
    }

    fn of_surface(surface: &'a Surface) -> Result<Self, DrawError> {
        match (surface.format(), surface.pixels()) {
            (SurfaceFormat::A1, Pixels::Bytes(plane)) => Ok(Self::Plane(plane)),
            _ => Err(DrawError::MaskFormat),
        }
    }
}

impl<T: Depth> Picture<'_, T> {
    fn bounds(&self) -> Rect {
        match self {
            Self::Bitmap(bitmap) => bitmap.bounds(),
            Self::Plane(plane) => plane.bounds(),
        }
    }

    /// Whether the bit of a pixel inside the picture is set.
    fn bit(&self, at: Point) -> bool {
        match self {
            Self::Bitmap(bitmap) => {
                let (Ok(x), Ok(y)) = (usize::try_from(at.x), u32::try_from(at.y)) else { return false };
                bitmap.row(y).is_some_and(|row| index_at(bitmap.format(), row, x) == 1)
            }
            Self::Plane(plane) => plane.pixel(at).is_some_and(|bit| bit != T::default()),
        }
    }

    /// The pixels within the bounds of `region` that the picture, moved by `shift`, lets through.
    fn open(&self, region: &Region, shift: (i32, i32), inverse: bool) -> Region {
        let moved = self.bounds().translate(shift.0, shift.1);
        let Some(area) = moved.intersection(&region.bounds()) else { return Region::new() };
        let passes = |x: i32, y: i32| {
            let at = Point::new(x.wrapping_sub(shift.0), y.wrapping_sub(shift.1));
            self.bit(at) != inverse
        };
        let rows = (area.top..area.bottom).map(|y| Runs { x: area.left, right: area.right, y, passes });
        Region::from_rows(area.top, rows)
    }
}

/// The pieces of a row in which `passes` holds.
struct Runs<F> {
    x: i32,
    right: i32,
    y: i32,
    passes: F,
}

impl<F: Fn(i32, i32) -> bool> Iterator for Runs<F> {
    type Item = (i32, i32);

    fn next(&mut self) -> Option<(i32, i32)> {
        let left = (self.x..self.right).find(|x| (self.passes)(*x, self.y))?;
        let end = (left..self.right).find(|x| !(self.passes)(*x, self.y)).unwrap_or(self.right);
        self.x = end;
        Some((left, end))
    }
}
