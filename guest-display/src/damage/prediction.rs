//! What a drawing without pixels would put on the screen.

use crate::geometry::{Point, Rect};

use super::picture::{Picture, all, same};

/// A drawing without pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prediction {
    /// One colour everywhere.
    Fill(u32),
    /// The pixels that are shown `dx` to the left and `dy` above.
    Move { dx: i32, dy: i32 },
}

impl Prediction {
    /// Where it says anything: for a move, where the source is on the screen too.
    pub(super) fn domain(self, screen: Rect) -> Rect {
        let Self::Move { dx, dy } = self else { return screen };
        let moved = |n: u32, d: i32| n.saturating_add_signed(d);
        Rect::new(
            moved(screen.left, dx),
            moved(screen.top, dy),
            moved(screen.right, dx),
            moved(screen.bottom, dy),
        )
        .intersection(&screen)
    }

    /// Whether it is right for pixels of a row, all of them in its domain.
    pub(super) fn holds(self, shadow: &[u32], shown: &Picture, y: u32, left: u32, right: u32) -> bool {
        match self {
            Self::Fill(color) => all(shadow, color),
            Self::Move { dx, dy } => {
                let from = |n: u32, d: i32| n.checked_sub_signed(d);
                match (from(y, dy), from(left, dx), from(right, dx)) {
                    (Some(y), Some(left), Some(right)) => same(shadow, shown.row(y, left, right)),
                    _ => false,
                }
            }
        }
    }

    /// The pixel that it puts there.
    pub(super) fn pixel(self, shown: &Picture, at: Point) -> Option<u32> {
        match self {
            Self::Fill(color) => Some(color),
            Self::Move { dx, dy } => {
                shown.pixel(Point { x: at.x.checked_sub_signed(dx)?, y: at.y.checked_sub_signed(dy)? })
            }
        }
    }
}
