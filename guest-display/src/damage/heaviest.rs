//! The rectangle that makes the most pixels right although it may make some wrong.
//!
//! Inside of a window that was moved something has changed, so a rectangle without harm would be a part of the window;
//! and the rest of it could not be moved any more, since the first part would have been drawn over it.

use crate::geometry::Rect;

use super::gains::{Best, FORBIDDEN, Gains};
use super::picture::index;

/// Rows of cells that are looked at one by one. Where there are more, several are taken together: time grows with the
/// square.
const ROWS: u32 = 32;

/// What a cell that must not be drawn over weighs, so that nothing can outweigh it.
const NEVER: i32 = -(1 << 24);

impl Gains {
    /// The rectangle within `range` with the most gain, less harm.
    pub(super) fn heaviest(&mut self, range: Rect) -> Best {
        self.pile(range);
        let group = range.height().div_ceil(ROWS).max(1);
        let (mut best, mut cells) = (0, Rect::default());
        for top in (range.top..range.bottom).step_by(index(group)) {
            let mut bottom = top;
            while bottom < range.bottom {
                bottom = bottom.saturating_add(group).min(range.bottom);
                let (mut sum, mut left) = (0_i32, range.left);
                let rows = self.sums_row(top, range).iter().zip(self.sums_row(bottom, range));
                for (column, (above, below)) in (range.left..).zip(rows) {
                    if sum <= 0 {
                        (sum, left) = (0, column);
                    }
                    sum = sum.saturating_add(below.wrapping_sub(*above).cast_signed());
                    if sum > best {
                        best = sum;
                        cells = Rect::new(left, top, column.saturating_add(1), bottom);
                    }
                }
            }
        }
        let cells = self.trim_to_weight(cells);
        Best { cells, gain: u32::try_from(self.weight(cells)).unwrap_or(0) }
    }

    /// Sums of values from the top of `range` down to each row, column by column.
    fn pile(&mut self, range: Rect) {
        self.sums_row_mut(range.top, range).fill(0);
        for row in range.top..range.bottom {
            for column in range.left..range.right {
                let value = weight(self.value(column, row)).cast_unsigned();
                let sum = self.sum(column, row).wrapping_add(value);
                if let Some(below) = self.sum_mut(column, row.saturating_add(1)) {
                    *below = sum;
                }
            }
        }
    }

    fn weight(&self, cells: Rect) -> i32 {
        let cells = (cells.top..cells.bottom)
            .flat_map(|row| (cells.left..cells.right).map(move |column| (column, row)));
        cells.fold(0, |sum, (column, row)| sum.saturating_add(weight(self.value(column, row))))
    }

    /// Takes off rows of cells that weigh nothing: they are there because rows were taken together.
    fn trim_to_weight(&self, mut cells: Rect) -> Rect {
        while !cells.is_empty() {
            let top = Rect { bottom: cells.top.saturating_add(1), ..cells };
            let bottom = Rect { top: cells.bottom.saturating_sub(1), ..cells };
            if self.weight(top) <= 0 {
                cells.top = top.bottom;
            } else if self.weight(bottom) <= 0 {
                cells.bottom = bottom.top;
            } else {
                break;
            }
        }
        cells
    }
}

fn weight(value: i8) -> i32 {
    if value == FORBIDDEN { NEVER } else { i32::from(value) }
}
