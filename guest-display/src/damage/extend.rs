//! From whole cells to the very edge of what moved or has one colour.

use crate::geometry::{Point, Rect};

use super::cells::CELL;
use super::picture::Picture;
use super::prediction::Prediction;

/// How many pixels beyond the edge of whole cells are tried.
const REACH: u32 = CELL - 1;

#[derive(Clone, Copy)]
enum Side {
    Left,
    Top,
    Right,
    Bottom,
}

impl Side {
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

/// Moves the edges of `area` outwards, as far as that makes more pixels right than wrong.
pub(super) fn extend(prediction: Prediction, mut area: Rect, shadow: &Picture, shown: &Picture) -> Rect {
    let domain = prediction.domain(shadow.area());
    for side in [Side::Left, Side::Top, Side::Right, Side::Bottom] {
        let (inner, mut balance, mut best) = (area, 0_i64, 0_i64);
        for distance in 1..=REACH {
            let Some(line) = side.line(inner, distance).filter(|line| domain.contains(line)) else { break };
            let change = balance_of(prediction, line, shadow, shown);
            if change < 0 {
                break;
            }
            balance = balance.saturating_add(change);
            if balance > best {
                (area, best) = (inner.union(&line), balance);
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
