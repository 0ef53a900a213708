//! Drawing paths as lines without width; curves become lines first.

use alloc::vec::Vec;

use image::geometry::Point;
use image::region::Region;
use image::rop::BinaryRop;
use wire::drawable::{FixedPoint, PathSegment, Rop, Stroke};

use crate::brush::Tile;
use crate::dash::Dashes;
use crate::depth::Depth;
use crate::error::DrawError;
use crate::line;
use crate::picture::Canvas;
use crate::rop::binary_rop;
use crate::source::Source;

const BEGIN: u8 = 1;
const END: u8 = 2;
const CLOSE: u8 = 8;
const BEZIER: u8 = 16;
const STYLED: u8 = 8;

/// How often a curve is halved at most. One of a whole coordinate space needs 14 times; more are only
/// asked for by curves that fold back on themselves.
const MAX_HALVINGS: u32 = 16;

/// Draws the lines of a path. Each of them ends before its last pixel, also the last one.
pub(crate) fn stroke<T: Depth>(
    canvas: &mut Canvas<'_, T>,
    region: &Region,
    stroke: &Stroke<Source>,
) -> Result<(), DrawError> {
    let dashes = if stroke.line.flags & STYLED == 0 { None } else { Some(Dashes::new(&stroke.line)?) };
    let rop = binary_rop(stroke.fore_mode, Rop::INVERS_BRUSH, Rop::INVERS_DEST);
    let tile = Tile::of(canvas, &stroke.brush)?;
    let mut pen = Pen { canvas, region, tile: &tile, rop, dashes, corners: Vec::new() };
    for segment in &stroke.path.segments {
        if !pen.follow(segment)? {
            return Ok(());
        }
    }
    pen.draw()
}

/// Collects corners, and draws the lines between them.
struct Pen<'p, 'c, 's, T> {
    canvas: &'p mut Canvas<'c, T>,
    region: &'p Region,
    tile: &'p Tile<'s, T>,
    rop: BinaryRop,
    dashes: Option<Dashes>,
    corners: Vec<Point>,
}

impl<T: Depth> Pen<'_, '_, '_, T> {
    /// Goes along one piece of the path; false when that cannot be done, which ends the path.
    fn follow(&mut self, segment: &PathSegment) -> Result<bool, DrawError> {
        let mut points = segment.points.as_slice();
        if segment.flags & BEGIN != 0 {
            self.draw()?;
            let Some((first, rest)) = points.split_first() else { return Ok(false) };
            self.corners.push(rounded(*first));
            points = rest;
        }
        if segment.flags & BEZIER == 0 {
            self.corners.extend(points.iter().copied().map(rounded));
        } else {
            let (curves, rest) = points.as_chunks::<3>();
            if !rest.is_empty() {
                return Ok(false);
            }
            for [out, into, end] in curves {
                let Some(start) = self.corners.last() else { return Ok(false) };
                let start = FixedPoint { x: start.x.wrapping_shl(4), y: start.y.wrapping_shl(4) };
                flatten([start, *out, *into, *end], MAX_HALVINGS, &mut self.corners);
            }
        }
        if segment.flags & END != 0 {
            if segment.flags & CLOSE != 0 {
                self.corners.extend(self.corners.first().copied());
            }
            self.draw()?;
        }
        Ok(true)
    }

    /// Draws the lines between the corners, and forgets them.
    fn draw(&mut self) -> Result<(), DrawError> {
        let bounds = self.region.bounds();
        if let Some(dashes) = &mut self.dashes {
            // X draws pixels of operations that undo themselves only once, and then all corners.
            let apart = self.corners.len() > 2 && undoes_itself(self.rop);
            let mut inside = dashes.cover(&self.corners, apart, &bounds)?;
            inside.intersect(self.region);
            self.tile.paint(self.canvas, &inside, self.rop);
            self.corners.clear();
            return Ok(());
        }
        for pair in self.corners.windows(2) {
            let &[from, to] = pair else { continue };
            for span in line::spans(from, to, &bounds) {
                let mut inside = Region::from_rect(span);
                inside.intersect(self.region);
                self.tile.paint(self.canvas, &inside, self.rop);
            }
        }
        self.corners.clear();
        Ok(())
    }
}

/// The operations of which X takes care that no pixel is drawn twice.
const fn undoes_itself(rop: BinaryRop) -> bool {
    use BinaryRop::{AndReverse, Equiv, Invert, Nand, Nor, OrReverse, Xor};
    matches!(rop, AndReverse | Xor | Nor | Equiv | Invert | OrReverse | Nand)
}

/// The next pixel; a point in the middle between two belongs to the lower one.
fn rounded(point: FixedPoint) -> Point {
    let round = |fixed: i32| (fixed >> 4) + i32::from(fixed & 15 > 8);
    Point::new(round(point.x), round(point.y))
}

/// Appends corners of lines that are less than a pixel away from a Bézier curve, but for its start.
fn flatten(curve: [FixedPoint; 4], halvings: u32, corners: &mut Vec<Point>) {
    let [start, out, into, end] = curve;
    if halvings == 0 || is_flat(curve) {
        corners.push(rounded(end));
        return;
    }
    let first = middle(start, out);
    let between = middle(out, into);
    let last = middle(into, end);
    let before = middle(first, between);
    let after = middle(between, last);
    let half = middle(before, after);
    flatten([start, first, before, half], halvings - 1, corners);
    flatten([half, after, last, end], halvings - 1, corners);
}

/// Whether a straight line is close enough: the squared distances of the inner points from the chord are
/// less than half a pixel.
fn is_flat(curve: [FixedPoint; 4]) -> bool {
    let [start, out, into, end] = curve;
    let delta = |from: FixedPoint, to: FixedPoint| {
        (i128::from(to.x) - i128::from(from.x), i128::from(to.y) - i128::from(from.y))
    };
    let dot = |a: (i128, i128), b: (i128, i128)| (a.0 * b.0 + a.1 * b.1) >> 4;
    let (chord, back) = (delta(start, end), delta(end, start));
    let (leaving, arriving) = (delta(start, out), delta(end, into));
    let length = dot(chord, chord);
    let away = |side: (i128, i128), chord: (i128, i128)| {
        (dot(side, side) * length - dot(side, chord) * dot(side, chord)) >> 3
    };
    let only_a_point = length == 0 && dot(leaving, leaving) == 0 && dot(arriving, arriving) == 0;
    only_a_point || (away(leaving, chord) < length && away(arriving, back) < length)
}

/// The point half way, rounded towards zero.
fn middle(a: FixedPoint, b: FixedPoint) -> FixedPoint {
    let half = |a: i32, b: i32| i32::try_from((i64::from(a) + i64::from(b)) / 2).unwrap_or(0);
    FixedPoint { x: half(a.x, b.x), y: half(a.y, b.y) }
}
