//! Which pixels dashes have: those of the X server's dashed lines that are one pixel wide, and so those of the
//! original's canvas. Each dash is a rectangle along its line, with the corners between lines mitred, and has the
//! pixels whose centres lie inside.
//!
//! The order of operations in floating point is X's: another one would move an edge across a centre now and then.

use alloc::vec::Vec;

use image::geometry::{Point, Rect};
use image::region::Region;
use wire::drawable::LineStyle;

use crate::error::DrawError;
use crate::polygon::{Polygon, Side, Vertex};

const START_WITH_GAP: u8 = 4;

/// Dashes that one stroke may have, and pieces of rows that they may be painted with.
const MOST_DASHES: usize = 1 << 20;
const MOST_PIECES: usize = 1 << 22;

/// 1 / sin² of half the angle below which corners are bevelled.
const MITRE_LIMIT: f64 = 108.856_472_512_142;

/// Lengths of dashes and gaps in pixels, one after the other.
pub(crate) struct Dashes {
    lengths: Vec<u8>,
    /// How far into them a line begins.
    offset: i64,
    /// How many dashes and gaps there may still be.
    left: usize,
}

/// One end of a line: where it is, the line's direction away from it, and a corner of its last dash.
#[derive(Clone, Copy)]
struct Face {
    at: Point,
    direction: (i64, i64),
    corner: Vertex,
    k: f64,
}

/// Where in the dashes a line is.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    offset: i64,
}

impl Place {
    /// Whether a line that ends here ends with a dash.
    const fn ends_a_dash(self) -> bool {
        (self.index & 1 == 1) != (self.offset != 0)
    }
}

impl Dashes {
    /// The dashes of a line style.
    ///
    /// # Errors
    /// When they have no length, which the original would wait for without end.
    pub(crate) fn new(style: &LineStyle) -> Result<Self, DrawError> {
        let rounded = |fixed: &i32| ((fixed >> 4) + i32::from(fixed & 15 > 8)).to_le_bytes()[0];
        let mut lengths: Vec<u8> = style.dashes.iter().map(rounded).collect();
        if lengths.iter().all(|length| *length == 0) {
            return Err(DrawError::Unsupported("dashes without length"));
        }
        let mut offset = 0;
        if style.flags & START_WITH_GAP != 0 {
            lengths.rotate_left(1);
            offset = lengths.first().copied().map_or(0, i64::from);
        }
        Ok(Self { lengths, offset, left: MOST_DASHES })
    }

    fn length(&self, index: usize) -> i64 {
        self.lengths.get(index).copied().map_or(0, i64::from)
    }

    fn after(&self, index: usize) -> usize {
        if index + 1 < self.lengths.len() { index + 1 } else { 0 }
    }

    fn start(&self) -> Place {
        let (mut index, mut offset) = (0, self.offset);
        while offset >= self.length(index) && offset > 0 {
            offset -= self.length(index);
            index = self.after(index);
        }
        // Empty ones are passed over where nothing is left to go.
        while self.offset > 0 && self.length(index) == 0 {
            index = self.after(index);
        }
        Place { index, offset }
    }

    /// The pixels of the dashes along the lines between `corners` inside `clip`. With `apart`, corners are drawn also
    /// where one of their lines has the pixel.
    ///
    /// # Errors
    /// When there are too many.
    pub(crate) fn cover(&mut self, corners: &[Point], apart: bool, clip: &Rect) -> Result<Region, DrawError> {
        let mut pieces = Pieces { all: Vec::new(), clip: *clip };
        let closes = corners.len() > 1 && corners.first() == corners.last();
        let mut place = self.start();
        let mut before: Option<(Face, bool)> = None;
        let mut first = None;
        for pair in corners.windows(2) {
            let &[from, to] = pair else { continue };
            if from == to {
                continue;
            }
            let begins_with_dash = place.index & 1 == 0;
            let (start, end) = self.line(from, to, &mut place, &mut pieces)?;
            if begins_with_dash {
                match before {
                    None if closes => first = Some(start),
                    Some((face, true)) => pieces.join(start, face, apart),
                    None | Some((_, false)) => {}
                }
            }
            before = Some((end, place.ends_a_dash()));
        }
        if let (Some((end, true)), Some(start)) = (before, first) {
            pieces.join(start, end, apart);
        }
        pieces.into_region()
    }

    /// The dashes of one line, and its ends.
    fn line(
        &mut self,
        from: Point,
        to: Point,
        place: &mut Place,
        pieces: &mut Pieces,
    ) -> Result<(Face, Face), DrawError> {
        let (dx, dy) = (i64::from(to.x) - i64::from(from.x), i64::from(to.y) - i64::from(from.y));
        let (x, y) = (dx as f64, dy as f64);
        let length = if dx == 0 || dy == 0 { (dx.abs() + dy.abs()) as f64 } else { hypotenuse(dx, dy) };
        let (aside_x, aside_y) = match (dx, dy) {
            (0, _) => (0.0, if dy < 0 { -0.5 } else { 0.5 }),
            (_, 0) => (if dx < 0 { -0.5 } else { 0.5 }, 0.0),
            _ => (0.5 / length * x, 0.5 / length * y),
        };
        let k = 0.5 * length;
        // Clockwise from the corner where the line begins, if it goes to the lower right.
        let corner = Vertex { x: aside_y, y: -aside_x };
        let mut top = corner;
        let mut left = corner.opposite();
        let (mut right, mut bottom) = (top, left);
        let mut left_k = 0.0;
        let sides = |left_k: f64, right_k: f64| {
            [
                Side { dx, dy, k },
                Side { dx: -dy, dy: dx, k: right_k },
                Side { dx: -dx, dy: -dy, k },
                Side { dx: dy, dy: -dx, k: left_k },
            ]
        };
        let mut remains = length;
        let mut dash = self.length(place.index) - place.offset;
        while remains > dash as f64 {
            self.left =
                self.left.checked_sub(1).ok_or(DrawError::Unsupported("so many dashes in one stroke"))?;
            let step = Vertex { x: (dash * dx) as f64 / length, y: (dash * dy) as f64 / length };
            right = right.moved(step);
            bottom = bottom.moved(step);
            let right_k = right.x * x + right.y * y;
            if place.index & 1 == 0 {
                let vertices = [top, right, bottom, left];
                pieces.fill(&Polygon { vertices: &vertices, sides: &sides(left_k, right_k), at: from })?;
            }
            remains -= dash as f64;
            place.index = self.after(place.index);
            dash = self.length(place.index);
            (top, left, left_k) = (right, bottom, -right_k);
        }
        if place.index & 1 == 0 {
            let back = Vertex { x: -x, y: -y };
            let vertices = [top.moved(back), corner, corner.opposite(), left.moved(back)];
            let left_k = left_k + square(dx, dy) as f64;
            pieces.fill(&Polygon { vertices: &vertices, sides: &sides(left_k, 0.0), at: to })?;
        }
        dash = (dash as f64 - remains) as i64;
        if dash == 0 {
            place.index = self.after(place.index);
            dash = self.length(place.index);
        }
        place.offset = self.length(place.index) - dash;
        let start = Face { at: from, direction: (dx, dy), corner, k };
        let end = Face { at: to, direction: (-dx, -dy), corner: corner.opposite(), k };
        Ok((start, end))
    }
}

/// Pieces of rows that dashes cover.
struct Pieces {
    all: Vec<(i32, i32, i32)>,
    clip: Rect,
}

impl Pieces {
    fn fill(&mut self, polygon: &Polygon<'_>) -> Result<(), DrawError> {
        if self.all.len() > MOST_PIECES {
            return Err(DrawError::Unsupported("dashes of so many pieces"));
        }
        self.all.extend(polygon.rows(&self.clip));
        Ok(())
    }

    /// Fills the corner between the start of one line and the end of another.
    fn join(&mut self, mut left: Face, mut right: Face, apart: bool) {
        let forward = |(dx, dy): (i64, i64)| dx > 0 || (dx == 0 && dy > 0);
        if !apart && (forward(left.direction) || forward(right.direction)) {
            return;
        }
        let product = |a: i64, b: i64| a as f64 * b as f64;
        let turn =
            product(-left.direction.0, right.direction.1) + product(right.direction.0, left.direction.1);
        if turn == 0.0 {
            return;
        }
        let swapped = if turn > 0.0 { &mut left } else { &mut right };
        swapped.corner = swapped.corner.opposite();
        swapped.direction = (-swapped.direction.0, -swapped.direction.1);
        let sign = if turn > 0.0 { 1 } else { -1 };
        let outer = |face: &Face| {
            let (dx, dy) = face.direction;
            Side { dx: sign * dx, dy: sign * dy, k: sign as f64 * face.k }
        };
        let (from_right, to_left) = (
            Side { dx: -right.direction.1, dy: right.direction.0, k: 0.0 },
            Side { dx: left.direction.1, dy: -left.direction.0, k: 0.0 },
        );
        let centre = Vertex { x: 0.0, y: 0.0 };
        let mitre = mitre(&left, &right, turn);
        // A corner is no larger than a few pixels: it does not matter for the bound.
        if (mitre.x * mitre.x + mitre.y * mitre.y) * 4.0 > MITRE_LIMIT {
            let vertices = [right.corner, centre, left.corner];
            let sides = [from_right, to_left, bevel(&left, &right)];
            let polygon = Polygon { vertices: &vertices, sides: &sides, at: left.at };
            self.all.extend(polygon.rows(&self.clip));
        } else {
            let vertices = [right.corner, centre, left.corner, mitre];
            let sides = [from_right, to_left, outer(&left), outer(&right)];
            let polygon = Polygon { vertices: &vertices, sides: &sides, at: left.at };
            self.all.extend(polygon.rows(&self.clip));
        }
    }

    fn into_region(mut self) -> Result<Region, DrawError> {
        self.all.sort_unstable();
        let Some(&(top, ..)) = self.all.first() else { return Ok(Region::new()) };
        let mut rows: Vec<Vec<(i32, i32)>> = Vec::new();
        for (y, left, right) in self.all {
            let row = usize::try_from(y - top).unwrap_or(0);
            if rows.len() <= row {
                rows.resize_with(row + 1, Vec::new);
            }
            let Some(row) = rows.get_mut(row) else { continue };
            match row.last_mut() {
                Some(last) if left <= last.1 => last.1 = last.1.max(right),
                _ => row.push((left, right)),
            }
        }
        Ok(Region::from_rows(top, rows.into_iter().map(Vec::into_iter)))
    }
}

/// Where the outer sides of two lines meet.
fn mitre(left: &Face, right: &Face, turn: f64) -> Vertex {
    let along = |face: &Face| (face.direction.0 as f64, face.direction.1 as f64);
    let ((left_x, left_y), (right_x, right_y)) = (along(left), along(right));
    let y = (left_y * (right.corner.x * right_y - right.corner.y * right_x)
        - right_y * (left.corner.x * left_y - left.corner.y * left_x))
        / turn;
    let x = if left.direction.1 == 0 {
        right.corner.x + (y - right.corner.y) * right_x / right_y
    } else {
        left.corner.x + (y - left.corner.y) * left_x / left_y
    };
    Vertex { x, y }
}

/// The straight line between the outer corners of two lines.
fn bevel(left: &Face, right: &Face) -> Side {
    let (x, y) = (right.corner.x - left.corner.x, right.corner.y - left.corner.y);
    let scale = if x.abs() > y.abs() { x.abs() } else { y.abs() };
    let (dx, dy) = ((x * 65536.0 / scale) as i64, (y * 65536.0 / scale) as i64);
    let k =
        ((left.corner.x + right.corner.x) * dy as f64 - (left.corner.y + right.corner.y) * dx as f64) / 2.0;
    Side { dx, dy, k }
}

/// The length of a line, correctly rounded: found by Newton's method, as the core library has no square root.
fn hypotenuse(dx: i64, dy: i64) -> f64 {
    let square = square(dx, dy);
    let value = square as f64;
    let mut root = f64::from_bits((value.to_bits() >> 1) + (1023 << 51));
    for _ in 0..7 {
        root = (root + value / root) * 0.5;
    }
    let nearest = |root: f64, next: f64| {
        // The middle between two neighbours is exact in thirds of the mantissa's last place; it is below the root if its
        // square is below the number.
        let (high, low) = (root.max(next), root.min(next));
        let (mantissa, exponent) = parts(low);
        let middle = 2 * u128::from(mantissa) + 1;
        let shift = 2 * (1 - exponent);
        let above = u32::try_from(shift).is_ok_and(|shift| middle * middle < square << shift);
        if above { high } else { low }
    };
    let below = f64::from_bits(root.to_bits() - 1);
    let above = f64::from_bits(root.to_bits() + 1);
    let lower = nearest(below, root);
    if lower == below { below } else { nearest(root, above) }
}

fn square(dx: i64, dy: i64) -> u128 {
    (i128::from(dx) * i128::from(dx) + i128::from(dy) * i128::from(dy)).unsigned_abs()
}

/// A positive number as a whole number times a power of 2.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let exponent = i32::try_from(bits >> 52).unwrap_or(0) - 1075;
    (bits & ((1 << 52) - 1) | 1 << 52, exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_machine() {
        let mut bits = 0x1234_5678_u32;
        let mut next = || {
            bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            i64::from(bits >> 12)
        };
        for _ in 0..20_000 {
            let (dx, dy) = (next() + 1, next() + 1);
            let exact = (dx * dx + dy * dy) as f64;
            assert_eq!(hypotenuse(dx, dy), exact.sqrt(), "{dx}, {dy}");
        }
    }

    #[test]
    fn dashes_and_gaps_take_turns() {
        let style = |flags| LineStyle { flags, dashes: [3 * 16, 2 * 16].to_vec() };
        let clip = Rect::new(0, -5, 100, 5);
        let line = [Point::new(0, 0), Point::new(12, 0)];
        let covered = |flags| Dashes::new(&style(flags)).unwrap().cover(&line, false, &clip).unwrap();
        assert_eq!(
            covered(8).as_slice(),
            [Rect::new(0, 0, 3, 1), Rect::new(5, 0, 8, 1), Rect::new(10, 0, 12, 1)]
        );
        assert!(covered(8 | START_WITH_GAP).as_slice().iter().all(|rect| rect.left >= 2));
    }

    #[test]
    fn dashes_without_length_and_without_end_are_refused() {
        for dashes in [&[][..], &[0, 0]] {
            assert!(Dashes::new(&LineStyle { flags: 8, dashes: dashes.to_vec() }).is_err());
        }
        let mut fine = Dashes::new(&LineStyle { flags: 8, dashes: [16, 16].to_vec() }).unwrap();
        let line = [Point::new(i32::MIN, 3), Point::new(i32::MAX, 4)];
        assert!(fine.cover(&line, false, &Rect::new(0, 0, 9, 9)).is_err());
    }
}
