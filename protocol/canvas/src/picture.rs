//! The canvas while it draws, and the images that it draws from.

use core::ops::Deref;

use image::bitmap::{Bitmap, BitmapFormat};
use image::geometry::{Point, Rect, Size};
use image::plane::Plane;
use image::region::Region;
use image::rop::BinaryRop;
use image::surface::SurfaceFormat;
use wire::drawable::SurfaceId;

use crate::alpha_blend::blending_format;
use crate::depth::{Depth, HIGH_BYTE};
use crate::error::DrawError;
use crate::source::{Source, Surfaces};

/// The surface that is drawn on, and the others.
pub(crate) struct Canvas<'a, T> {
    /// Its pixels.
    pub plane: &'a mut Plane<T>,
    /// What they look like.
    pub format: SurfaceFormat,
    /// Its number.
    pub own: SurfaceId,
    /// The others.
    pub surfaces: &'a dyn Surfaces,
}

/// An image that does not change while it is drawn from.
pub(crate) enum Picture<'a, T> {
    /// Converted row by row as it is needed.
    Bitmap {
        /// The pixels.
        bitmap: &'a Bitmap,
        /// Whether the fourth bytes of pixels without alpha count as set.
        high_bits_set: bool,
        /// Whether pixels of 32 bits are blended as if they had 16.
        widened: bool,
    },
    /// Another surface.
    Surface {
        /// Its pixels.
        plane: &'a Plane<T>,
        /// What they look like.
        format: SurfaceFormat,
    },
    /// A copy, of which pixel `at` of the image is the first.
    Copied {
        /// The pixels.
        plane: Plane<T>,
        /// The image's pixel at the plane's upper left corner.
        at: Point,
    },
}

/// The pixels of an image, borrowed or converted.
pub(crate) enum Pixels<'a, T> {
    Borrowed(&'a Plane<T>),
    Owned(Plane<T>),
}

impl<T> Deref for Pixels<'_, T> {
    type Target = Plane<T>;

    fn deref(&self) -> &Plane<T> {
        match self {
            Self::Borrowed(plane) => plane,
            Self::Owned(plane) => plane,
        }
    }
}

impl<'a, T: Depth> Canvas<'a, T> {
    /// The image that `source` means, of which only `area` is going to be read.
    pub(crate) fn picture<'s>(&self, source: &'s Source, area: &Rect) -> Result<Picture<'s, T>, DrawError>
    where
        'a: 's,
    {
        Ok(match source {
            Source::Bitmap(bitmap) => Picture::Bitmap { bitmap, high_bits_set: false, widened: false },
            Source::HighBitsSet(bitmap) => Picture::Bitmap { bitmap, high_bits_set: true, widened: false },
            Source::Widened(bitmap) => Picture::Bitmap { bitmap, high_bits_set: false, widened: true },
            Source::Surface(id) if *id == self.own => {
                // A pixel more on each side, which smooth scaling looks at.
                let around = area.grown(1).intersection(&self.plane.bounds()).unwrap_or_default();
                let plane = self.plane.cut(&around)?;
                let at = around.origin();
                Picture::Copied { plane, at }
            }
            Source::Surface(id) => {
                let surface = self.surfaces.surface(*id).ok_or(DrawError::MissingSurface(*id))?;
                let same = surface.format().bits_per_pixel() == self.format.bits_per_pixel();
                let plane = T::plane(surface).filter(|_| same).ok_or(DrawError::Depth(*id))?;
                Picture::Surface { plane, format: surface.format() }
            }
        })
    }

    /// The part `area` of the image, and a pixel around it, as 0xAARRGGBB, if the image is a surface of another
    /// depth than the canvas; with the image's pixel at the plane's corner.
    ///
    /// With `fourth_is_alpha`, the fourth byte of [`SurfaceFormat::Xrgb32`] counts as alpha.
    pub(crate) fn of_other_depth(
        &self,
        source: &Source,
        area: &Rect,
        fourth_is_alpha: bool,
    ) -> Result<Option<(Plane<u32>, Point)>, DrawError> {
        let Source::Surface(id) = source else { return Ok(None) };
        if *id == self.own {
            return Ok(None);
        }
        let surface = self.surfaces.surface(*id).ok_or(DrawError::MissingSurface(*id))?;
        let format = surface.format();
        if format.bits_per_pixel() == self.format.bits_per_pixel() {
            return Ok(None);
        }
        let read = if fourth_is_alpha { blending_format(format) } else { format };
        let around = area.grown(1).intersection(&surface.bounds()).unwrap_or_default();
        let mut argb = Plane::new(around.size())?;
        match surface.pixels() {
            image::surface::Pixels::Bytes(plane) => convert(plane, &mut argb, &around, read),
            image::surface::Pixels::Words(plane) => convert(plane, &mut argb, &around, read),
            image::surface::Pixels::Longs(plane) => convert(plane, &mut argb, &around, read),
        }
        Ok(Some((argb, around.origin())))
    }

    /// All of the image that `source` means.
    pub(crate) fn whole_picture<'s>(&self, source: &'s Source) -> Result<Picture<'s, T>, DrawError>
    where
        'a: 's,
    {
        self.picture(source, &self.plane.bounds())
    }

    /// Combines `region` with the pixels of `picture`, whose origin is placed at `at`. Where the picture
    /// has no pixels, nothing is drawn.
    pub(crate) fn blit(&mut self, region: &Region, picture: &Picture<'_, T>, at: Point, rop: BinaryRop) {
        match picture {
            Picture::Surface { plane, .. } => self.blit_plane(region, plane, at, rop),
            Picture::Copied { plane, at: corner } => {
                let at = Point::new(at.x.saturating_add(corner.x), at.y.saturating_add(corner.y));
                self.blit_plane(region, plane, at, rop);
            }
            Picture::Bitmap { .. } if rop == BinaryRop::Copy => {
                let format = self.format;
                self.each_placed_row(region, picture.size(), at, |row, x, y| {
                    picture.read_row(x, y, format, row);
                });
            }
            Picture::Bitmap { .. } => {
                let format = self.format;
                let mut scratch = alloc::vec::Vec::new();
                self.each_placed_row(region, picture.size(), at, |row, x, y| {
                    scratch.clear();
                    scratch.resize(row.len(), T::default());
                    picture.read_row(x, y, format, &mut scratch);
                    rop.row(row, &scratch);
                });
            }
        }
    }

    /// Combines `region` with `plane`, whose upper left corner is placed at `at`.
    pub(crate) fn blit_plane(&mut self, region: &Region, plane: &Plane<T>, at: Point, rop: BinaryRop) {
        for rect in region.rects() {
            let from = Point::new(rect.left.saturating_sub(at.x), rect.top.saturating_sub(at.y));
            self.plane.blit_rop(rect, plane, from, rop);
        }
    }

    /// Replaces `region` by pixels 0xAARRGGBB, of which the first belongs to the corner of the region's bounds.
    pub(crate) fn write_argb(&mut self, region: &Region, argb: &Plane<u32>) {
        let (corner, format) = (region.bounds().origin(), self.format);
        for rect in region.rects() {
            let from = Point::new(rect.left - corner.x, rect.top - corner.y);
            self.plane.each_row_with(rect, argb, from, |row, source| {
                for (to, from) in row.iter_mut().zip(source) {
                    *to = T::from_argb(*from, format);
                }
            });
        }
    }

    /// Calls `draw` with each row of `region` on which an image of `size` placed at `at` lies, and the
    /// image's column and row for its first pixel.
    pub(crate) fn each_placed_row(
        &mut self,
        region: &Region,
        size: Size,
        at: Point,
        mut draw: impl FnMut(&mut [T], i32, i32),
    ) {
        let shown = Rect::of_size(size).translate(at.x, at.y);
        for rect in region.rects() {
            let Some(area) = rect.intersection(&shown) else { continue };
            self.plane.each_row(&area, |y, row| {
                draw(row, area.left.wrapping_sub(at.x), y.wrapping_sub(at.y));
            });
        }
    }
}

impl<'a, T: Depth> Picture<'a, T> {
    /// Columns and rows, counted from the image's origin.
    pub(crate) fn size(&self) -> Size {
        match self {
            Self::Bitmap { bitmap, .. } => bitmap.size(),
            Self::Surface { plane, .. } => plane.size(),
            Self::Copied { plane, at } => {
                let size = plane.size();
                let reach = |corner: i32, side: u32| side.saturating_add(u32::try_from(corner).unwrap_or(0));
                Size::new(reach(at.x, size.width), reach(at.y, size.height))
            }
        }
    }

    /// The pixels of the surface on which the image has pixels, when its origin is placed at `at`.
    pub(crate) fn placed(&self, at: Point) -> Rect {
        let has = match self {
            Self::Copied { plane, at } => plane.bounds().translate(at.x, at.y),
            Self::Bitmap { .. } | Self::Surface { .. } => Rect::of_size(self.size()),
        };
        has.translate(at.x, at.y)
    }

    /// What the pixels look like once they are converted for a surface of format `canvas`: only images
    /// that have alpha keep it, and only at 32 bits.
    pub(crate) fn format_on(&self, canvas: SurfaceFormat) -> SurfaceFormat {
        match (self, canvas) {
            (Self::Surface { format, .. }, _) => *format,
            (Self::Bitmap { bitmap, .. }, SurfaceFormat::Xrgb32 | SurfaceFormat::Argb32) => {
                match bitmap.format() {
                    BitmapFormat::Argb32 => SurfaceFormat::Argb32,
                    _ => SurfaceFormat::Xrgb32,
                }
            }
            _ => canvas,
        }
    }

    /// All of the image in the depth of a surface of `format`, and its pixel at the plane's corner.
    pub(crate) fn into_pixels(self, format: SurfaceFormat) -> Result<(Pixels<'a, T>, Point), DrawError> {
        Ok(match self {
            Self::Surface { plane, .. } => (Pixels::Borrowed(plane), Point::default()),
            Self::Copied { plane, at } => (Pixels::Owned(plane), at),
            Self::Bitmap { bitmap, .. } => {
                let mut plane = Plane::new(bitmap.size())?;
                for (y, row) in plane.rows_mut().enumerate() {
                    self.read_row(0, i32::try_from(y).unwrap_or(i32::MAX), format, row);
                }
                (Pixels::Owned(plane), Point::default())
            }
        })
    }

    /// Writes pixels of a row of a bitmap as what drawing them on a surface of `format` writes.
    pub(crate) fn read_row(&self, x: i32, y: i32, format: SurfaceFormat, out: &mut [T]) {
        let Self::Bitmap { bitmap, high_bits_set, .. } = self else { return };
        let (Ok(x), Ok(y)) = (usize::try_from(x), u32::try_from(y)) else { return };
        let Some(row) = bitmap.row(y) else { return };
        T::convert_row(bitmap, row, x, format, out);
        if *high_bits_set && bitmap.format() != BitmapFormat::Argb32 && T::COLOR_BITS == u32::COLOR_BITS {
            let high = T::from_color(HIGH_BYTE);
            out.iter_mut().for_each(|pixel| *pixel = *pixel | high);
        }
    }
}

/// Fills `argb` with what `plane` has in `area`, which lies inside it.
fn convert<S: Depth>(plane: &Plane<S>, argb: &mut Plane<u32>, area: &Rect, format: SurfaceFormat) {
    let whole = argb.bounds();
    argb.each_row_with(&whole, plane, area.origin(), |out, row| {
        for (out, pixel) in out.iter_mut().zip(row) {
            *out = pixel.to_argb(format);
        }
    });
}
