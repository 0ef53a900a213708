//! Scaling of images, sampled as pixman samples: in 16.16 fixed point from pixel centres, smoothly with
//! weights of 7 bits, and with nothing (all bits 0) outside the image.
//!
//! Only what the clip shows of the result is computed, so that a huge bounding box costs no more than the
//! surface that it is drawn on.

use image::geometry::Rect;
use image::plane::Plane;
use image::surface::SurfaceFormat;
use wire::drawable::ScaleMode;

use crate::depth::Depth;
use crate::error::DrawError;

const FIXED_ONE: i64 = 1 << 16;
const FIXED_HALF: i64 = FIXED_ONE / 2;

/// What is scaled to what.
pub(crate) struct Scaling {
    /// The part of the image, in its pixels.
    pub area: Rect,
    /// What that part becomes, in pixels of the surface.
    pub bbox: Rect,
    /// The part of `bbox` that is wanted.
    pub visible: Rect,
    /// Whether the corner of `area` moves to a whole step of the result, as in ternary operations.
    pub whole_steps: bool,
}

/// One axis of a scaling: source positions for destination pixels.
#[derive(Clone, Copy)]
struct Axis {
    /// Source distance between neighbours of the destination, in 16.16.
    step: i64,
    /// Source position of the centre of the first destination pixel, in 16.16.
    first: i64,
}

impl Axis {
    /// An axis that takes `to` pixels to `length` pixels from `from` on, of which `skipped` are left out.
    fn new(from: i32, length: u32, to: u32, skipped: i64, whole_steps: bool) -> Self {
        let corner_step = whole_step(from, length, to);
        let (from, length, to) = (i64::from(from), i64::from(length), i64::from(to.max(1)));
        let step = length * FIXED_ONE / to;
        // The centre of the first pixel, rounded as a product of two 16.16 numbers is.
        let centre = (step * FIXED_HALF + FIXED_HALF) >> 16;
        let corner = if whole_steps { step.saturating_mul(corner_step) } else { from * FIXED_ONE };
        Self { step, first: corner.saturating_add(centre + step * skipped) }
    }

    fn position(self, index: usize) -> i64 {
        self.first.saturating_add(self.step * i64::try_from(index).unwrap_or(0))
    }

    /// The source pixel next to a destination pixel; a tie goes to the one before.
    fn nearest(self, index: usize) -> i64 {
        self.position(index).saturating_sub(1) >> 16
    }

    /// The first of the two source pixels around a destination pixel, and the weight of the second one of
    /// 128.
    fn around(self, index: usize) -> (i64, u32) {
        let position = self.position(index).saturating_sub(FIXED_HALF);
        (position >> 16, u32::try_from(position >> 9 & 0x7f).unwrap_or(0))
    }
}

/// The step of the result that is nearest to position `from` of the image. Ties depend on the rounding of
/// quotients, so these are computed as the original does it, in floating point.
fn whole_step(from: i32, length: u32, to: u32) -> i64 {
    let scale = f64::from(length.max(1)) / f64::from(to.max(1));
    let nearest = f64::from(from) / scale + 0.5;
    // A cast rounds towards zero; far steps are never drawn.
    let rounded = nearest as i64;
    if nearest < rounded as f64 { rounded - 1 } else { rounded }
}

/// The wanted part of an image in another size, a plane as large as [`Scaling::visible`], from the first to
/// the second of `formats`.
pub(crate) fn scaled<T: Depth>(
    image: &Plane<T>,
    formats: (SurfaceFormat, SurfaceFormat),
    scaling: &Scaling,
    mode: ScaleMode,
) -> Result<Plane<T>, DrawError> {
    let Scaling { area, bbox, visible, whole_steps } = scaling;
    let columns = Axis::new(
        area.left,
        area.width(),
        bbox.width(),
        i64::from(visible.left) - i64::from(bbox.left),
        *whole_steps,
    );
    let rows = Axis::new(
        area.top,
        area.height(),
        bbox.height(),
        i64::from(visible.top) - i64::from(bbox.top),
        *whole_steps,
    );
    let mut result = Plane::new(visible.size())?;
    let (from, to) = match formats {
        // The fourth byte goes along as if it were alpha, whatever it holds.
        (SurfaceFormat::Xrgb32, SurfaceFormat::Xrgb32) => (SurfaceFormat::Argb32, SurfaceFormat::Argb32),
        formats => formats,
    };
    for (y, out) in result.rows_mut().enumerate() {
        match mode {
            ScaleMode::Nearest => {
                let row = row_at(image, rows.nearest(y));
                for (x, out) in out.iter_mut().enumerate() {
                    *out = T::from_argb(argb_at(row, columns.nearest(x), from), to);
                }
            }
            ScaleMode::Interpolate => {
                let (top, weight_y) = rows.around(y);
                let (upper, lower) = (row_at(image, top), row_at(image, top + 1));
                for (x, out) in out.iter_mut().enumerate() {
                    let (left, weight_x) = columns.around(x);
                    let corner = |row: &[T], x: i64| argb_at(row, x, from);
                    let corners = [
                        corner(upper, left),
                        corner(upper, left + 1),
                        corner(lower, left),
                        corner(lower, left + 1),
                    ];
                    *out = T::from_argb(interpolate(corners, weight_x, weight_y), to);
                }
            }
        }
    }
    Ok(result)
}

fn row_at<T: Depth>(image: &Plane<T>, y: i64) -> &[T] {
    let width = i32::try_from(image.size().width).unwrap_or(i32::MAX);
    i32::try_from(y).map_or(&[], |y| image.row_part(y, 0, width))
}

/// The pixel as 0xAARRGGBB, or 0 outside the row.
fn argb_at<T: Depth>(row: &[T], x: i64, format: SurfaceFormat) -> u32 {
    usize::try_from(x).ok().and_then(|x| row.get(x)).map_or(0, |pixel| pixel.to_argb(format))
}

/// The weighted mean of four pixels: upper left, upper right, lower left, lower right. Weights are those
/// of the right and the lower ones, of 128.
pub(crate) fn interpolate(corners: [u32; 4], right: u32, lower: u32) -> u32 {
    let (left, upper) = (128 - right, 128 - lower);
    let weights = [left * upper, right * upper, left * lower, right * lower];
    let channels = corners.map(u32::to_le_bytes);
    u32::from_le_bytes(core::array::from_fn(|channel| {
        let sum: u32 = channels.iter().zip(weights).map(|(c, weight)| u32::from(c[channel]) * weight).sum();
        // Weights add up to 2^14, so that the mean fits a byte.
        (sum >> 14).to_le_bytes()[0]
    }))
}
