//! What a drawing without pixels would put on the screen.

use crate::geometry::{Point, Rect};

use super::picture::Picture;
use super::run::{row_has_color, same_row};

/// A drawing without pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prediction {
    /// One colour everywhere.
    Fill(u32),
    /// The pixels that are shown `dx` to the left and `dy` above.
    Move { dx: i32, dy: i32 },
}

/// What it puts into a part of a row.
#[derive(Clone, Copy)]
pub(super) enum Predicted<'a> {
    Color(u32),
    Pixels(&'a [u32]),
}

impl Prediction {
    /// Where it says anything: for a move, where the source is on the screen too.
    pub(super) fn domain(self, screen: Rect) -> Rect {
        self.moved(screen).intersection(&screen)
    }

    /// `area` as far away as a move goes, or what of it is not left of or above the screen.
    pub(super) fn moved(self, area: Rect) -> Rect {
        let Self::Move { dx, dy } = self else { return area };
        let moved = |n: u32, d: i32| n.saturating_add_signed(d);
        Rect::new(moved(area.left, dx), moved(area.top, dy), moved(area.right, dx), moved(area.bottom, dy))
    }

    /// The corner of what a move puts into `area`.
    pub(super) fn source(self, area: Rect) -> Option<Point> {
        let Self::Move { dx, dy } = self else { return None };
        Some(Point { x: area.left.checked_sub_signed(dx)?, y: area.top.checked_sub_signed(dy)? })
    }

    /// What it puts into row `y` from `left` to `right`, all of which is in its domain.
    pub(super) fn row(self, shown: &Picture, y: u32, left: u32, right: u32) -> Predicted<'_> {
        let Self::Fill(color) = self else {
            let from = self.source(Rect::new(left, y, right, y));
            let width = right.saturating_sub(left);
            return Predicted::Pixels(
                from.map_or(&[], |from| shown.row(from.y, from.x, from.x.saturating_add(width))),
            );
        };
        Predicted::Color(color)
    }
}

impl Predicted<'_> {
    /// Whether that is what shall be there.
    pub(super) fn is(self, shadow: &[u32]) -> bool {
        match self {
            Self::Color(color) => row_has_color(shadow, color),
            Self::Pixels(pixels) => same_row(pixels, shadow),
        }
    }

    /// One of its pixels.
    pub(super) fn pixel(self, at: usize) -> Option<u32> {
        match self {
            Self::Color(color) => Some(color),
            Self::Pixels(pixels) => pixels.get(at).copied(),
        }
    }
}
