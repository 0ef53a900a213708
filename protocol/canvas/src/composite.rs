//! Compositing as the X Render extension has it: an image, seen through a mask, is combined with the surface
//! by one of the Porter-Duff operators. Image and mask can be repeated, and mapped by an affine transform.
//!
//! Arithmetic is pixman's: on bytes, each product rounded to the nearest 255th, sums held at 255; only
//! SATURATE, which divides, is computed in floating point, and can differ by 1 from what some of pixman's
//! implementations make of it.

use image::geometry::{Point, Rect};
use image::plane::Plane;
use image::region::Region;
use image::surface::{Pixels, Surface, SurfaceFormat};
use wire::drawable::Composite;

use crate::alpha_blend::{add_bytes, scale_bytes};
use crate::depth::{Depth, HIGH_BYTE};
use crate::error::DrawError;
use crate::picture::Canvas;
use crate::scale::interpolate;
use crate::source::Source;

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
    let operator = Operator::from_code(flags & 0xff)?;
    let source = Sampler {
        texels: Texels::of(canvas, &composite.source, flags & SOURCE_OPAQUE != 0)?,
        smooth: is_smooth(flags >> SOURCE_FILTER & 7)?,
        repeat: Repeat::from_code(flags >> SOURCE_REPEAT & 3),
        transform: composite.source_transform,
        origin: composite.source_origin,
    };
    let mask = match &composite.mask {
        None => None,
        Some(mask) => Some(Sampler {
            texels: Texels::of(canvas, mask, false)?,
            smooth: is_smooth(flags >> MASK_FILTER & 7)?,
            repeat: Repeat::from_code(flags >> MASK_REPEAT & 3),
            transform: composite.mask_transform,
            origin: composite.mask_origin,
        }),
    };
    let by_component = flags & COMPONENT_ALPHA != 0;
    let format = canvas.format;
    for rect in region.rects() {
        canvas.plane.each_row(rect, |y, row| {
            for (x, pixel) in (rect.left..).zip(row) {
                let (x, y) = (x.wrapping_sub(bbox.left), y.wrapping_sub(bbox.top));
                let source = source.sample(x, y);
                let mask = mask.as_ref().map(|mask| mask.sample(x, y));
                let destination = pixel.to_argb(format);
                let result = if operator == Operator::Saturate {
                    saturate(source, mask, by_component, destination)
                } else {
                    operator.apply(&Input::new(source, mask, by_component), destination)
                };
                *pixel = T::from_argb(result, format);
            }
        });
    }
    Ok(())
}

/// The source behind the mask: its colours, and for each channel the alpha that it covers with.
struct Input {
    color: u32,
    alpha: u32,
}

impl Input {
    fn new(source: u32, mask: Option<u32>, by_component: bool) -> Self {
        match mask {
            Some(mask) if by_component => {
                Self { color: multiply(source, mask), alpha: scale_bytes(mask, alpha_of(source)) }
            }
            Some(mask) => {
                let color = scale_bytes(source, alpha_of(mask));
                Self { color, alpha: everywhere(alpha_of(color)) }
            }
            None => Self { color: source, alpha: everywhere(alpha_of(source)) },
        }
    }
}

/// How much of the source and of the destination the result has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Clear,
    Source,
    Destination,
    Over,
    OverReverse,
    In,
    InReverse,
    Out,
    OutReverse,
    Atop,
    AtopReverse,
    Xor,
    Add,
    Saturate,
}

impl Operator {
    /// The operator of pixman's number.
    fn from_code(code: u32) -> Result<Self, DrawError> {
        Ok(match code {
            0 => Self::Clear,
            1 => Self::Source,
            2 => Self::Destination,
            3 => Self::Over,
            4 => Self::OverReverse,
            5 => Self::In,
            6 => Self::InReverse,
            7 => Self::Out,
            8 => Self::OutReverse,
            9 => Self::Atop,
            10 => Self::AtopReverse,
            11 => Self::Xor,
            12 => Self::Add,
            13 => Self::Saturate,
            _ => return Err(DrawError::Unsupported("composites beyond the Porter-Duff operators")),
        })
    }

    /// The result of an operator other than [`Operator::Saturate`], of which this has only the sum.
    fn apply(self, input: &Input, destination: u32) -> u32 {
        let (s, d) = (input.color, destination);
        let (covered, uncovered) = (input.alpha, !input.alpha);
        let (present, absent) = (alpha_of(d), 255 - alpha_of(d));
        match self {
            Self::Clear => 0,
            Self::Source => s,
            Self::Destination => d,
            Self::Over => add_bytes(s, multiply(d, uncovered)),
            Self::OverReverse => add_bytes(d, scale_bytes(s, absent)),
            Self::In => scale_bytes(s, present),
            Self::InReverse => multiply(d, covered),
            Self::Out => scale_bytes(s, absent),
            Self::OutReverse => multiply(d, uncovered),
            Self::Atop => add_bytes(scale_bytes(s, present), multiply(d, uncovered)),
            Self::AtopReverse => add_bytes(scale_bytes(s, absent), multiply(d, covered)),
            Self::Xor => add_bytes(scale_bytes(s, absent), multiply(d, uncovered)),
            Self::Add | Self::Saturate => add_bytes(s, d),
        }
    }
}

/// Adds as much of the source as the destination's transparency has room for.
fn saturate(source: u32, mask: Option<u32>, by_component: bool, destination: u32) -> u32 {
    let unit = |byte: u8| f32::from(byte) * (1.0 / 255.0);
    let source = source.to_le_bytes().map(unit);
    let mask = match mask {
        None => [1.0; 4],
        Some(mask) if by_component => mask.to_le_bytes().map(unit),
        Some(mask) => [unit(alpha_of(mask)); 4],
    };
    let destination = destination.to_le_bytes().map(unit);
    let room = 1.0 - destination[3];
    u32::from_le_bytes(core::array::from_fn(|channel| {
        let covered = mask[channel] * source[3];
        let part = if covered == 0.0 { 1.0 } else { (room / covered).clamp(0.0, 1.0) };
        let sum = (source[channel] * mask[channel] * part + destination[channel]).min(1.0);
        // 256 levels, of which the highest is the one above 255.
        let level = (sum * 256.0) as u16;
        (level - (level >> 8)).to_le_bytes()[0]
    }))
}

fn alpha_of(pixel: u32) -> u8 {
    pixel.to_le_bytes()[3]
}

fn everywhere(alpha: u8) -> u32 {
    u32::from_le_bytes([alpha; 4])
}

/// Each byte times the other's at the same place / 255, rounded.
fn multiply(pixel: u32, factors: u32) -> u32 {
    let (pixel, factors) = (pixel.to_le_bytes(), factors.to_le_bytes());
    u32::from_le_bytes(core::array::from_fn(|channel| {
        let product = u32::from(pixel[channel]) * u32::from(factors[channel]) + 0x80;
        // At most 255.
        ((product + (product >> 8)) >> 8) as u8
    }))
}

/// Whether a filter is smooth, by pixman's number of it.
fn is_smooth(filter: u32) -> Result<bool, DrawError> {
    match filter {
        0 | 3 => Ok(false),
        1 | 2 | 4 => Ok(true),
        _ => Err(DrawError::Unsupported("convolution filters")),
    }
}

/// What an image shows beyond its edges.
#[derive(Clone, Copy)]
enum Repeat {
    Nothing,
    Copies,
    Edge,
    Mirrored,
}

impl Repeat {
    const fn from_code(code: u32) -> Self {
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

/// An image as the operators see it, at positions that count from the corner of the bounding box.
struct Sampler<'a> {
    texels: Texels<'a>,
    smooth: bool,
    repeat: Repeat,
    transform: Option<[i32; 6]>,
    origin: Point,
}

impl Sampler<'_> {
    fn sample(&self, x: i32, y: i32) -> u32 {
        let (x, y) = (i64::from(x) + i64::from(self.origin.x), i64::from(y) + i64::from(self.origin.y));
        let Some(transform) = self.transform else { return self.texel(x, y) };
        let [xx, xy, x0, yx, yy, y0] = transform.map(i128::from);
        // Pixel centres in 16.16 fixed point, and the transformed ones rounded to it.
        let (centre_x, centre_y) = (i128::from(2 * x + 1) << 15, i128::from(2 * y + 1) << 15);
        let map = |a: i128, b: i128, c: i128| {
            let sum = a * centre_x + b * centre_y + (c << 16);
            i64::try_from((sum + 0x8000) >> 16).unwrap_or(i64::MAX >> 1)
        };
        let (x, y) = (map(xx, xy, x0), map(yx, yy, y0));
        if !self.smooth {
            return self.texel((x - 1) >> 16, (y - 1) >> 16);
        }
        let (x, y) = (x - 0x8000, y - 0x8000);
        let (left, top) = (x >> 16, y >> 16);
        let weight = |position: i64| u32::try_from(position >> 9 & 0x7f).unwrap_or(0);
        let corners = [
            self.texel(left, top),
            self.texel(left + 1, top),
            self.texel(left, top + 1),
            self.texel(left + 1, top + 1),
        ];
        interpolate(corners, weight(x), weight(y))
    }

    fn texel(&self, x: i64, y: i64) -> u32 {
        let size = self.texels.plane_size();
        match (self.repeat.place(x, size.width), self.repeat.place(y, size.height)) {
            (Some(x), Some(y)) => self.texels.at(Point::new(x, y)),
            _ => 0,
        }
    }
}

/// The pixels of an image of any depth, as 0xAARRGGBB.
enum Texels<'a> {
    Surface { surface: &'a Surface, format: SurfaceFormat },
    Converted(Plane<u32>),
}

impl<'a> Texels<'a> {
    fn of<T: Depth>(canvas: &Canvas<'a, T>, source: &Source, opaque: bool) -> Result<Self, DrawError> {
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
        let argb = pixels.pixels().iter().map(|pixel| pixel.to_argb(format)).collect();
        Ok(Self::Converted(Plane::from_pixels(pixels.size(), argb)?))
    }

    fn plane_size(&self) -> image::geometry::Size {
        match self {
            Self::Surface { surface, .. } => surface.size(),
            Self::Converted(plane) => plane.size(),
        }
    }

    fn at(&self, point: Point) -> u32 {
        match self {
            Self::Converted(plane) => plane.pixel(point).unwrap_or(0),
            Self::Surface { surface, format } => match surface.pixels() {
                Pixels::Longs(plane) => plane.pixel(point).map_or(0, |pixel| pixel.to_argb(*format)),
                Pixels::Words(plane) => plane.pixel(point).map_or(0, |pixel| pixel.to_argb(*format)),
                Pixels::Bytes(plane) if *format == SurfaceFormat::A1 => {
                    plane.pixel(point).map_or(0, |bit| if bit == 0 { 0 } else { HIGH_BYTE })
                }
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

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use image::geometry::Size;
    use image::rop::BinaryRop;
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
        for flags in [0x20, 5 << SOURCE_FILTER] {
            let operation = Operation::Composite(composite(flags));
            let bbox = Rect::new(0, 0, 1, 1);
            let drawable = Drawable { surface: SurfaceId::PRIMARY, bbox, clip: Clip::None, operation };
            let result = draw(&mut filled(SurfaceFormat::Argb32, 0), &drawable, &());
            assert!(matches!(result, Err(DrawError::Unsupported(_))));
        }
    }
}
