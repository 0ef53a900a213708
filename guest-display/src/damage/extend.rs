//! From whole cells to the very edge of what moved or has one colour.

use crate::geometry::Rect;

use super::cells::CELL;
use super::due::Due;
use super::picture::index;
use super::prediction::Prediction;

/// How many lines of pixels are tried at each edge: the outermost cell's, which may be a mixed blessing, and those of
/// three more, over which a window may have nothing but its background.
const REACH: u32 = 4 * CELL - 1;

/// Lines that may turn out bad before no better ones are expected.
const PATIENCE: i32 = 4;

/// What [`extend`] may make of an area.
pub(super) fn reached(area: Rect) -> Rect {
    Rect {
        left: area.left.saturating_sub(REACH),
        top: area.top.saturating_sub(REACH),
        right: area.right.saturating_add(REACH),
        bottom: area.bottom.saturating_add(REACH),
    }
}

/// Moves the edges of `area`, which is of whole cells, to where they make the most pixels right and the fewest wrong,
/// inside of `domain`. A move's pixels must be exposed.
pub(super) fn extend(prediction: Prediction, mut area: Rect, domain: Rect, due: &Due) -> Rect {
    let domain = prediction.domain(domain);
    if area.width() > CELL {
        let start = area.left.saturating_add(CELL);
        let mut edge = Edge::new(area.height());
        let mut outer = Rect { left: start, right: start, ..area };
        while edge.is_hopeful() && outer.left > domain.left.max(start.saturating_sub(REACH)) {
            outer.right = outer.left;
            outer.left = outer.left.saturating_sub(CELL).max(domain.left).max(start.saturating_sub(REACH));
            let balances = columns(prediction, outer, due);
            balances.into_iter().take(index(outer.width())).rev().for_each(|balance| edge.add(balance));
        }
        area.left = start.saturating_sub(edge.best);
    }
    if area.width() > CELL {
        let start = area.right.saturating_sub(CELL);
        let mut edge = Edge::new(area.height());
        let mut outer = Rect { left: start, right: start, ..area };
        let end = start.saturating_add(REACH).min(domain.right);
        while edge.is_hopeful() && outer.right < end {
            outer.left = outer.right;
            outer.right = outer.right.saturating_add(CELL).min(end);
            let balances = columns(prediction, outer, due);
            balances.into_iter().take(index(outer.width())).for_each(|balance| edge.add(balance));
        }
        area.right = start.saturating_add(edge.best);
    }
    if area.height() > CELL {
        let start = area.top.saturating_add(CELL);
        let rows = (start.saturating_sub(REACH).max(domain.top)..start).rev();
        area.top = start.saturating_sub(best_rows(prediction, rows, area, due));
    }
    if area.height() > CELL {
        let start = area.bottom.saturating_sub(CELL);
        let rows = start..start.saturating_add(REACH).min(domain.bottom);
        area.bottom = start.saturating_add(best_rows(prediction, rows, area, due));
    }
    area
}

/// After how many rows the sum of their balances is largest.
fn best_rows(prediction: Prediction, rows: impl Iterator<Item = u32>, area: Rect, due: &Due) -> u32 {
    let mut edge = Edge::new(area.width());
    for y in rows {
        let mut balance = 0_i32;
        weigh(prediction, y, area, due, |_, more| balance = balance.saturating_add(more));
        edge.add(balance);
        if !edge.is_hopeful() {
            break;
        }
    }
    edge.best
}

/// Where an edge is best, after some lines.
struct Edge {
    length: i32,
    sum: i32,
    largest: i32,
    lines: u32,
    best: u32,
}

impl Edge {
    fn new(length: u32) -> Self {
        let length = i32::try_from(length).unwrap_or(i32::MAX);
        Self { length, sum: 0, largest: 0, lines: 0, best: 0 }
    }

    fn add(&mut self, balance: i32) {
        self.lines = self.lines.saturating_add(1);
        self.sum = self.sum.saturating_add(balance);
        if self.sum > self.largest {
            (self.largest, self.best) = (self.sum, self.lines);
        }
    }

    /// Whether better lines may still come.
    fn is_hopeful(&self) -> bool {
        self.sum >= self.largest.saturating_sub(self.length.saturating_mul(PATIENCE))
    }
}

/// The balance of each column of an area, which is no wider than a cell.
fn columns(prediction: Prediction, area: Rect, due: &Due) -> [i32; index(CELL)] {
    let mut columns = [0; index(CELL)];
    for y in area.top..area.bottom {
        weigh(prediction, y, area, due, |x, balance| {
            if let Some(column) = columns.get_mut(index(x.saturating_sub(area.left))) {
                *column += balance;
            }
        });
    }
    columns
}

/// Tells each pixel of a row that becomes right, by 1, or wrong, by -1.
fn weigh(prediction: Prediction, y: u32, area: Rect, due: &Due, mut tell: impl FnMut(u32, i32)) {
    let mut left = area.left;
    while left < area.right {
        let column = left / CELL;
        let right = column.saturating_add(1).saturating_mul(CELL).min(area.right);
        let shall = due.shadow.row(y, left, right);
        let predicted = prediction.row(&due.shown, y, left, right);
        let differs = due.cells.cell(column, y / CELL) & (1 << (y % CELL)) != 0;
        if differs || !predicted.is(shall) {
            let is = if differs { due.shown.row(y, left, right) } else { shall };
            for ((at, x), (shall, is)) in (0..).zip(left..).zip(shall.iter().zip(is)) {
                match (predicted.pixel(at) == Some(*shall), shall == is) {
                    (true, false) => tell(x, 1),
                    (false, true) => tell(x, -1),
                    _ => {}
                }
            }
        }
        left = right;
    }
}
