//! From whole cells to the very edge of what moved or has one colour.

use crate::geometry::{Point, Rect};

use super::cells::CELL;
use super::picture::Picture;
use super::prediction::Prediction;

/// How many lines of pixels are tried at each edge: the outermost cell's, which may be a mixed blessing, and those of
/// three more, over which a window may have nothing but its background.
const REACH: u32 = 4 * CELL - 1;

/// Lines that may turn out bad before no better ones are expected.
const PATIENCE: i64 = 4;

#[derive(Clone, Copy)]
enum Side {
    Left,
    Top,
    Right,
    Bottom,
}

impl Side {
    /// `area` without a cell's width at this side, unless that is all of it.
    fn without_cell(self, area: Rect) -> Option<Rect> {
        let inner = match self {
            Self::Left => Rect { left: area.left.saturating_add(CELL), ..area },
            Self::Top => Rect { top: area.top.saturating_add(CELL), ..area },
            Self::Right => Rect { right: area.right.saturating_sub(CELL), ..area },
            Self::Bottom => Rect { bottom: area.bottom.saturating_sub(CELL), ..area },
        };
        (!inner.is_empty()).then_some(inner)
    }

    /// The line of pixels that is `distance` beyond this side of `area`.
    fn line(self, area: Rect, distance: u32) -> Option<Rect> {
        let (before, after) = (distance, distance.checked_sub(1)?);
        Some(match self {
            Self::Left => {
                let left = area.left.checked_sub(before)?;
                Rect { left, right: left.saturating_add(1), ..area }
            }
            Self::Top => {
                let top = area.top.checked_sub(before)?;
                Rect { top, bottom: top.saturating_add(1), ..area }
            }
            Self::Right => {
                let left = area.right.saturating_add(after);
                Rect { left, right: left.saturating_add(1), ..area }
            }
            Self::Bottom => {
                let top = area.bottom.saturating_add(after);
                Rect { top, bottom: top.saturating_add(1), ..area }
            }
        })
    }
}

/// Moves the edges of `area`, which is of whole cells, to where they make the most pixels right and the fewest wrong.
pub(super) fn extend(prediction: Prediction, mut area: Rect, shadow: &Picture, shown: &Picture) -> Rect {
    let domain = prediction.domain(shadow.area());
    for side in [Side::Left, Side::Top, Side::Right, Side::Bottom] {
        let Some(inner) = side.without_cell(area) else { continue };
        let (mut balance, mut best) = (0_i64, 0_i64);
        area = inner;
        for distance in 1..=REACH {
            let Some(line) = side.line(inner, distance).filter(|line| domain.contains(line)) else { break };
            balance = balance.saturating_add(balance_of(prediction, line, shadow, shown));
            let longest = i64::from(line.width().max(line.height()));
            if balance > best {
                (area, best) = (inner.union(&line), balance);
            } else if balance < best.saturating_sub(longest.saturating_mul(PATIENCE)) {
                break;
            }
        }
    }
    area
}

/// Pixels that become right, less those that become wrong.
fn balance_of(prediction: Prediction, area: Rect, shadow: &Picture, shown: &Picture) -> i64 {
    let mut balance = 0_i64;
    for y in area.top..area.bottom {
        let rows = shadow.row(y, area.left, area.right).iter().zip(shown.row(y, area.left, area.right));
        for (x, (shall, is)) in (area.left..).zip(rows) {
            let holds = prediction.pixel(shown, Point { x, y }) == Some(*shall);
            balance = balance.saturating_add(match (holds, shall == is) {
                (true, false) => 1,
                (false, true) => -1,
                _ => 0,
            });
        }
    }
    balance
}
