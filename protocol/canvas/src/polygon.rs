//! Which pixels a convex polygon has: those whose centres lie inside, or on its left or upper side.

use image::geometry::{Point, Rect};

/// A corner, relative to where the polygon is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Vertex {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Vertex {
    pub(crate) fn opposite(self) -> Self {
        Self { x: -self.x, y: -self.y }
    }

    pub(crate) fn moved(self, by: Self) -> Self {
        Self { x: self.x + by.x, y: self.y + by.y }
    }
}

/// A side, as the line of all points for which x · dy - y · dx is k.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Side {
    pub(crate) dx: i64,
    pub(crate) dy: i64,
    pub(crate) k: f64,
}

/// A polygon of at least three corners in turn; each side begins at the corner of its number.
pub(crate) struct Polygon<'a> {
    pub(crate) vertices: &'a [Vertex],
    pub(crate) sides: &'a [Side],
    pub(crate) at: Point,
}

/// The sides to the left or to the right of the polygon's rows, each with its first row.
type Chain = ([Option<(i64, Side)>; 4], usize);

impl Polygon<'_> {
    /// The pieces of rows inside `clip`: row, first column, column after the last one.
    pub(crate) fn rows(&self, clip: &Rect) -> impl Iterator<Item = (i32, i32, i32)> + use<> {
        let (top, bottom) = self.ends();
        let count = self.vertices.len();
        let before = (top + count - 1) % count.max(1);
        let (preceding, following) = (self.side(before), self.side(top));
        let product = |a: i64, b: i64| i128::from(a) * i128::from(b);
        let clockwise = product(preceding.dy, following.dx) <= product(following.dy, preceding.dx);
        let right = self.chain(top, bottom, clockwise);
        let left = self.chain(top, bottom, !clockwise);
        let row = |vertex: usize| self.vertices.get(vertex).map_or(0, |vertex| ceiling(vertex.y));
        let (at_x, at_y) = (i64::from(self.at.x), i64::from(self.at.y));
        let first = row(top).max(i64::from(clip.top) - at_y);
        let end = row(bottom).min(i64::from(clip.bottom) - at_y);
        let clip = *clip;
        (first..end).filter_map(move |y| {
            let (left, right) = (edge(&left, y)? + at_x + 1, edge(&right, y)? + at_x + 1);
            let left = left.max(clip.left.into());
            let right = right.min(clip.right.into());
            let fits = |side: i64| i32::try_from(side).ok();
            (left < right).then_some((fits(y + at_y)?, fits(left)?, fits(right)?))
        })
    }

    /// The first of the highest corners, and the last of the lowest.
    fn ends(&self) -> (usize, usize) {
        let (mut top, mut bottom) = (0, 0);
        let y = |index: usize| self.vertices.get(index).map_or(0.0, |vertex| vertex.y);
        for index in 1..self.vertices.len() {
            if y(index) < y(top) {
                top = index;
            }
            if y(index) >= y(bottom) {
                bottom = index;
            }
        }
        (top, bottom)
    }

    fn side(&self, index: usize) -> Side {
        self.sides.get(index).copied().unwrap_or(Side { dx: 0, dy: 0, k: 0.0 })
    }

    /// The sides from the top to the bottom in one direction.
    fn chain(&self, top: usize, bottom: usize, clockwise: bool) -> Chain {
        let count = self.vertices.len();
        let mut chain = ([None; 4], 0);
        let mut vertex = top;
        while vertex != bottom {
            let back = (vertex + count - 1) % count;
            let side = self.side(if clockwise { vertex } else { back });
            if side.dy != 0 {
                let first = self.vertices.get(vertex).map_or(0, |vertex| ceiling(vertex.y));
                if let Some(place) = chain.0.get_mut(chain.1) {
                    *place = Some((first, side));
                    chain.1 += 1;
                }
            }
            vertex = if clockwise { (vertex + 1) % count } else { back };
        }
        chain
    }
}

/// The last column left of the chain's side in row `y`.
fn edge((sides, count): &Chain, y: i64) -> Option<i64> {
    let so_far = sides.iter().take(*count).flatten().rev();
    let (_, Side { dx, dy, k }) = so_far.copied().find(|(first, _)| *first <= y)?;
    let (dx, dy, k) = if dy < 0 { (-dx, -dy, -k) } else { (dx, dy, k) };
    let product = i128::from(ceiling(k)) + i128::from(y) * i128::from(dx);
    // Rounded up.
    let column = -((-product).div_euclid(i128::from(dy)));
    i64::try_from(column - 1).ok()
}

fn ceiling(value: f64) -> i64 {
    let whole = value as i64;
    if value > whole as f64 { whole + 1 } else { whole }
}
