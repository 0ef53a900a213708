//! Images as the operators see them: pixels at positions that count from the corner of the bounding box.

use image::geometry::{Point, Size};
use image::plane::Plane;
use image::surface::{Pixels, Surface, SurfaceFormat};

use super::wide::{self, Floats};
use crate::alpha_blend::blending_format;
use crate::depth::Depth;
use crate::error::DrawError;
use crate::picture::Canvas;
use crate::scale::interpolate;
use crate::source::Source;

const ONE: i64 = 1 << 16;
const HALF: i64 = ONE / 2;

/// What an image shows beyond its edges.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    Nothing,
    Copies,
    Edge,
    Mirrored,
}

impl Repeat {
    pub(super) const fn from_code(code: u32) -> Self {
        match code {
            1 => Self::Copies,
            2 => Self::Edge,
            3 => Self::Mirrored,
            _ => Self::Nothing,
        }
    }

    /// The pixel of an image of `length` pixels that is shown at `position`.
    fn place(self, position: i64, length: u32) -> Option<i32> {
        let length = i64::from(length);
        if length == 0 {
            return None;
        }
        let place = match self {
            Self::Nothing => Some(position).filter(|place| (0..length).contains(place))?,
            Self::Copies => position.rem_euclid(length),
            Self::Edge => position.clamp(0, length - 1),
            Self::Mirrored => {
                let place = position.rem_euclid(2 * length);
                if place < length { place } else { 2 * length - 1 - place }
            }
        };
        i32::try_from(place).ok()
    }
}

/// An image with the way to look at it.
pub(super) struct Sampler<'a> {
    pub(super) texels: Texels<'a>,
    pub(super) smooth: bool,
    pub(super) repeat: Repeat,
    pub(super) transform: Option<[i32; 6]>,
    pub(super) origin: Point,
}

/// Where a pixel comes from.
enum Place {
    /// One pixel of the image.
    At(i64, i64),
    /// Four of them: the upper left one, and how far away from it in 65536ths.
    Between(i64, i64, u16, u16),
}

impl Sampler<'_> {
    /// Fills `out` with the pixels from `x`, `y` on as 0xAARRGGBB.
    pub(super) fn narrow_row(&self, x: i32, y: i32, out: &mut [u32]) {
        let texel = |x: i64, y: i64| self.texel(x, y).unwrap_or(0);
        for (out, place) in out.iter_mut().zip(self.places(x, y)) {
            *out = match place {
                Place::At(x, y) => texel(x, y),
                Place::Between(x, y, right, lower) => {
                    let corners = [texel(x, y), texel(x + 1, y), texel(x, y + 1), texel(x + 1, y + 1)];
                    // Of 128.
                    interpolate(corners, u32::from(right >> 9), u32::from(lower >> 9))
                }
            };
        }
    }

    /// Fills `out` with the pixels from `x`, `y` on in floating point.
    pub(super) fn wide_row(&self, x: i32, y: i32, out: &mut [Floats]) {
        let format = self.texels.format();
        let texel = |x: i64, y: i64| self.texel(x, y).map_or([0.0; 4], |argb| wide::unpacked(argb, format));
        for (out, place) in out.iter_mut().zip(self.places(x, y)) {
            *out = match place {
                Place::At(x, y) => texel(x, y),
                Place::Between(x, y, right, lower) => {
                    let corners = [texel(x, y), texel(x + 1, y), texel(x, y + 1), texel(x + 1, y + 1)];
                    mean(corners, f32::from(right) / 65536.0, f32::from(lower) / 65536.0)
                }
            };
        }
    }

    /// The places for a row of pixels from `x`, `y` on.
    fn places(&self, x: i32, y: i32) -> impl Iterator<Item = Place> {
        let (x, y) = (i64::from(x) + i64::from(self.origin.x), i64::from(y) + i64::from(self.origin.y));
        let (start, step) = match self.transform {
            None => ((x * ONE + HALF, y * ONE + HALF), (ONE, 0)),
            Some(matrix) => (mapped(matrix, x, y), (matrix[0].into(), matrix[3].into())),
        };
        let smooth = self.smooth && self.transform.is_some();
        (0_i64..).map(move |index| {
            let (x, y) = (start.0 + index * step.0, start.1 + index * step.1);
            if !smooth {
                return Place::At((x - 1) >> 16, (y - 1) >> 16);
            }
            let (x, y) = (x - HALF, y - HALF);
            let fraction = |position: i64| u16::try_from(position & 0xffff).unwrap_or(0);
            Place::Between(x >> 16, y >> 16, fraction(x), fraction(y))
        })
    }

    /// Whether pixman draws with this at all: numbers that would overflow in its fixed point make it do nothing.
    pub(super) fn is_in_range(&self, size: Size) -> bool {
        let Some((low, high)) = self.extents(size, 1) else { return false };
        let (before, after) = if self.smooth { (HALF, HALF) } else { (1, -1) };
        let fits = |position: i64| i32::try_from(position).is_ok();
        let small = |side: u32| side < 0x7fff;
        let texels = self.texels.size();
        small(texels.width)
            && small(texels.height)
            && [low.0, low.1].into_iter().all(|edge| fits(edge - before - 8))
            && [high.0, high.1].into_iter().all(|edge| fits(edge + after + 8))
    }

    /// Whether pixman takes every pixel of a box of that size for opaque, since the image has no alpha and is
    /// nowhere looked at beyond its edges.
    pub(super) fn is_opaque(&self, size: Size) -> bool {
        self.texels.have_no_alpha() && (self.repeat != Repeat::Nothing || self.covers(size))
    }

    /// Whether it does so for boxes of any size.
    pub(super) fn is_opaque_anywhere(&self) -> bool {
        self.texels.have_no_alpha() && self.repeat != Repeat::Nothing
    }

    /// Whether pixman copies the pixels of a box of that size without a look at what they mean, so that fourth bytes
    /// that are no alpha go along.
    ///
    /// Copies beside each other only without a mask, even one that hides nothing.
    pub(super) fn is_copied_raw(&self, size: Size, has_no_mask: bool) -> bool {
        const ONE: i32 = 1 << 16;
        let of_32_bits = self.texels_are(SurfaceFormat::Xrgb32);
        match self.transform {
            None | Some([ONE, 0, 0, 0, ONE, 0]) => {
                (self.repeat == Repeat::Copies && has_no_mask) || self.covers(size)
            }
            Some([xx, 0, _, 0, _, _]) => {
                of_32_bits && xx > 0 && (self.repeat != Repeat::Mirrored || self.covers(size))
            }
            Some([0, ONE, _, minus, 0, _] | [0, minus, _, ONE, 0, _]) if minus == -ONE => {
                of_32_bits && self.covers(size)
            }
            Some(_) => false,
        }
    }

    /// Whether pixman looks at single pixels of the image, and then only where the mask shows them.
    pub(super) fn leaves_out_hidden(&self) -> bool {
        const ONE: i32 = 1 << 16;
        let is_moved = !matches!(self.transform, None | Some([ONE, 0, 0, 0, ONE, 0]));
        let is_one_color = self.texels.size().area() == 1 && self.repeat != Repeat::Nothing;
        (is_moved || matches!(self.repeat, Repeat::Edge | Repeat::Mirrored)) && !is_one_color
    }

    /// Whether the image's pixels are of that format.
    pub(super) fn texels_are(&self, format: SurfaceFormat) -> bool {
        self.texels.format() == format
    }

    /// The same, with fourth bytes that count as alpha.
    pub(super) fn with_fourth_bytes(mut self) -> Self {
        self.texels.count_fourth_bytes();
        self
    }

    /// Whether a box of that size looks at nothing beyond the image's edges.
    fn covers(&self, size: Size) -> bool {
        let Some((low, high)) = self.extents(size, 0) else { return false };
        let (before, after) = if self.smooth && self.transform.is_some() { (HALF, HALF) } else { (1, -1) };
        let texels = self.texels.size();
        (low.0 - before) >> 16 >= 0
            && (low.1 - before) >> 16 >= 0
            && (high.0 + after) >> 16 < i64::from(texels.width)
            && (high.1 + after) >> 16 < i64::from(texels.height)
    }

    /// The least and the largest positions in the image of the pixel centres of a box, made larger by `more` pixels
    /// on each side; nothing if they leave what 16 bits hold.
    fn extents(&self, size: Size, more: i64) -> Option<((i64, i64), (i64, i64))> {
        let (left, top) = (i64::from(self.origin.x) - more, i64::from(self.origin.y) - more);
        let right = i64::from(self.origin.x) + i64::from(size.width) + more;
        let bottom = i64::from(self.origin.y) + i64::from(size.height) + more;
        let fits = |edge: i64| i16::try_from(edge).is_ok();
        if ![left, top, right, bottom].into_iter().all(fits) {
            return None;
        }
        let (last_x, last_y) = (right - 1, bottom - 1);
        let at = |x: i64, y: i64| match self.transform {
            None => (x * ONE + HALF, y * ONE + HALF),
            Some(matrix) => mapped(matrix, x, y),
        };
        let corners = [at(left, top), at(last_x, top), at(left, last_y), at(last_x, last_y)];
        let least = |a: (i64, i64), b: (i64, i64)| (a.0.min(b.0), a.1.min(b.1));
        let most = |a: (i64, i64), b: (i64, i64)| (a.0.max(b.0), a.1.max(b.1));
        Some((corners.into_iter().reduce(least)?, corners.into_iter().reduce(most)?))
    }

    /// The image's pixel there, repeated; nothing beyond its edges.
    fn texel(&self, x: i64, y: i64) -> Option<u32> {
        let size = self.texels.size();
        let (x, y) = (self.repeat.place(x, size.width)?, self.repeat.place(y, size.height)?);
        Some(self.texels.at(Point::new(x, y)))
    }
}

/// The position of a pixel's centre in the image, rounded to 16.16 fixed point.
fn mapped([xx, xy, x0, yx, yy, y0]: [i32; 6], x: i64, y: i64) -> (i64, i64) {
    // Half pixels, so that the sums are exact; the origins are 16 bits and the pixels at most 32.
    let (x, y) = (2 * i128::from(x) + 1, 2 * i128::from(y) + 1);
    let map = |a: i32, b: i32, c: i32| {
        let sum = (i128::from(a) * x + i128::from(b) * y + 2 * i128::from(c)) << 15;
        i64::try_from((sum + 0x8000) >> 16).unwrap_or(i64::MAX >> 1)
    };
    (map(xx, xy, x0), map(yx, yy, y0))
}

/// The weighted mean of four pixels: upper left, upper right, lower left, lower right.
fn mean([tl, tr, bl, br]: [Floats; 4], right: f32, lower: f32) -> Floats {
    let weights =
        [(1.0 - right) * (1.0 - lower), right * (1.0 - lower), (1.0 - right) * lower, right * lower];
    core::array::from_fn(|channel| {
        tl[channel] * weights[0]
            + tr[channel] * weights[1]
            + bl[channel] * weights[2]
            + br[channel] * weights[3]
    })
}

/// The pixels of an image of any depth.
pub(super) enum Texels<'a> {
    Surface {
        surface: &'a Surface,
        format: SurfaceFormat,
    },
    /// In the depth of 32 bits, with fourth bytes as they were.
    Converted {
        pixels: Plane<u32>,
        format: SurfaceFormat,
    },
}

impl<'a> Texels<'a> {
    pub(super) fn of<T: Depth>(
        canvas: &Canvas<'a, T>,
        source: &Source,
        opaque: bool,
    ) -> Result<Self, DrawError> {
        if let Source::Surface(id) = source
            && *id != canvas.own
        {
            let surface = canvas.surfaces.surface(*id).ok_or(DrawError::MissingSurface(*id))?;
            return Ok(Self::Surface { surface, format: as_opaque(surface.format(), opaque) });
        }
        let picture = canvas.whole_picture(source)?;
        let is_surface = matches!(source, Source::Surface(_));
        let format = as_opaque(picture.format_on(canvas.format), opaque && is_surface);
        let (pixels, _) = picture.into_pixels(canvas.format)?;
        let raw = blending_format(format);
        let longs = pixels.pixels().iter().map(|pixel| pixel.to_argb(raw)).collect();
        Ok(Self::Converted { pixels: Plane::from_pixels(pixels.size(), longs)?, format })
    }

    fn format(&self) -> SurfaceFormat {
        match self {
            Self::Surface { format, .. } | Self::Converted { format, .. } => *format,
        }
    }

    fn have_no_alpha(&self) -> bool {
        matches!(self.format(), SurfaceFormat::Xrgb32 | SurfaceFormat::Rgb555 | SurfaceFormat::Rgb565)
    }

    fn count_fourth_bytes(&mut self) {
        match self {
            Self::Surface { format, .. } | Self::Converted { format, .. } => {
                *format = blending_format(*format);
            }
        }
    }

    fn size(&self) -> Size {
        match self {
            Self::Surface { surface, .. } => surface.size(),
            Self::Converted { pixels, .. } => pixels.size(),
        }
    }

    /// The pixel at a point as 0xAARRGGBB; 0 outside.
    fn at(&self, point: Point) -> u32 {
        match self {
            Self::Converted { pixels, format } => {
                pixels.pixel(point).map_or(0, |pixel| pixel.to_argb(*format))
            }
            Self::Surface { surface, format } => match surface.pixels() {
                Pixels::Longs(plane) => plane.pixel(point).map_or(0, |pixel| pixel.to_argb(*format)),
                Pixels::Words(plane) => plane.pixel(point).map_or(0, |pixel| pixel.to_argb(*format)),
                Pixels::Bytes(plane) => plane.pixel(point).map_or(0, |pixel| pixel.to_argb(*format)),
            },
        }
    }
}

/// The format of pixels whose alpha is not looked at.
const fn as_opaque(format: SurfaceFormat, opaque: bool) -> SurfaceFormat {
    match format {
        SurfaceFormat::Argb32 if opaque => SurfaceFormat::Xrgb32,
        other => other,
    }
}
