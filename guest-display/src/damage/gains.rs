//! Where a [`Prediction`] is worth drawing: the rectangle in which it makes the most pixels right.

use alloc::vec::Vec;
use core::ops::Range;

use crate::geometry::Rect;

use super::cells::{CELL, Cells};
use super::due::Due;
use super::picture::index;
use super::prediction::{Predicted, Prediction};
use super::run::{has_color, run_of, same};
use super::translator::OutOfMemory;

/// Not to be drawn over.
pub(super) const FORBIDDEN: i8 = i8::MIN;

/// For each cell: rows that the prediction would make right, less those that it would make wrong.
pub(super) struct Gains {
    columns: u32,
    values: Vec<i8>,
    /// For each cell, in which rows the prediction is right, whether they are due or not.
    held: Vec<u16>,
    /// The cells of which that is known.
    counted: Rect,
    /// For each corner of cells, sums that a search needs; one more column and row than there are cells.
    sums: Vec<u32>,
    /// For each column, how many cells from here upwards may be drawn over.
    heights: Vec<u32>,
    /// Columns at which a rectangle may begin, and its height.
    starts: Vec<(u32, u32)>,
}

/// A rectangle of cells and the rows of 16 pixels that become right in it.
#[derive(Clone, Copy, Default)]
pub(super) struct Best {
    pub(super) cells: Rect,
    pub(super) gain: u32,
}

impl Gains {
    pub(super) fn new(cells: &Cells) -> Result<Self, OutOfMemory> {
        let all = cells.all();
        let count = index(all.right).saturating_mul(index(all.bottom));
        let corners = index(all.right.saturating_add(1)).saturating_mul(index(all.bottom.saturating_add(1)));
        Ok(Self {
            columns: all.right,
            values: filled(count, FORBIDDEN)?,
            held: filled(count, 0)?,
            counted: Rect::default(),
            sums: filled(corners, 0)?,
            heights: filled(index(all.right), 0)?,
            starts: reserved(index(all.right).saturating_add(1))?,
        })
    }

    fn span(&self, row: u32, columns: &Range<u32>) -> Range<usize> {
        let start = index(row).saturating_mul(index(self.columns));
        start.saturating_add(index(columns.start))..start.saturating_add(index(columns.end))
    }

    /// Compares the prediction with the shadow in `range`, which is in cells. A fill is only for cells in which something is
    /// due; a move is for all, whose pixels must be exposed. Returns what would be gained if nothing were harmed.
    pub(super) fn count(&mut self, prediction: Prediction, range: Rect, due: &Due) -> u32 {
        let domain = prediction.domain(due.shadow.area());
        let whole = whole(domain, range, &due.cells);
        self.counted = range;
        for row in range.top..range.bottom {
            let columns = range.left..range.right;
            let span = self.span(row, &columns);
            self.held.get_mut(span).unwrap_or_default().fill(0);
            if whole.is_empty() {
                continue;
            }
            let span = self.span(row, &whole);
            let held = self.held.get_mut(span).unwrap_or_default();
            for (y, bit) in due.cells.lines(row, domain.top, domain.bottom) {
                hold(prediction, held, bit, y, &whole, due);
            }
        }
        self.weigh(prediction, range, &due.cells)
    }

    /// Weighs what holds against what is due, after that has changed.
    pub(super) fn weigh(&mut self, prediction: Prediction, range: Rect, cells: &Cells) -> u32 {
        let domain = prediction.domain(cells.area(cells.all()));
        let whole = whole(domain, range, cells);
        let mut most = 0_u32;
        for row in range.top..range.bottom {
            let all = cells.mask(row, 0, u32::MAX);
            let is_inside = cells.mask(row, domain.top, domain.bottom) == all;
            let columns = range.left..range.right;
            let span = self.span(row, &columns);
            let held = self.held.get(span.clone()).unwrap_or_default();
            let values = self.values.get_mut(span).unwrap_or_default();
            let words = cells.row(row, columns);
            for ((column, value), (held, word)) in (range.left..).zip(values).zip(held.iter().zip(words)) {
                let said = is_inside && whole.contains(&column);
                *value = match prediction {
                    Prediction::Fill(_) if *word == 0 => FORBIDDEN,
                    _ if said => gain(*held, *word, all),
                    _ => FORBIDDEN,
                };
                most = most.saturating_add(u32::try_from(*value).unwrap_or(0));
            }
        }
        most
    }

    /// In which rows of a cell the prediction that was [counted](Self::count) last is right, if it was counted there.
    pub(super) fn held(&self, column: u32, row: u32) -> Option<u16> {
        let Rect { left, top, right, bottom } = self.counted;
        if !(left..right).contains(&column) || !(top..bottom).contains(&row) {
            return None;
        }
        let at = index(row).saturating_mul(index(self.columns)).saturating_add(index(column));
        self.held.get(at).copied()
    }

    pub(super) fn value(&self, column: u32, row: u32) -> i8 {
        let at = index(row).saturating_mul(index(self.columns)).saturating_add(index(column));
        self.values.get(at).copied().unwrap_or(FORBIDDEN)
    }

    fn place(&self, column: u32, row: u32) -> usize {
        index(row).saturating_mul(index(self.columns).saturating_add(1)).saturating_add(index(column))
    }

    pub(super) fn sum(&self, column: u32, row: u32) -> u32 {
        self.sums.get(self.place(column, row)).copied().unwrap_or(0)
    }

    pub(super) fn sum_mut(&mut self, column: u32, row: u32) -> Option<&mut u32> {
        let place = self.place(column, row);
        self.sums.get_mut(place)
    }

    pub(super) fn sums_row(&self, row: u32, range: Rect) -> &[u32] {
        self.sums.get(self.place(range.left, row)..self.place(range.right, row)).unwrap_or_default()
    }

    pub(super) fn sums_row_mut(&mut self, row: u32, range: Rect) -> &mut [u32] {
        let span = self.place(range.left, row)..self.place(range.right, row);
        self.sums.get_mut(span).unwrap_or_default()
    }

    /// Gains of `cells`; correct under wrapping, since the result is a sum that fits.
    fn gain(&self, cells: Rect) -> u32 {
        self.sum(cells.right, cells.bottom)
            .wrapping_add(self.sum(cells.left, cells.top))
            .wrapping_sub(self.sum(cells.left, cells.bottom))
            .wrapping_sub(self.sum(cells.right, cells.top))
    }

    /// The rectangle within `range` that gains most and harms nothing.
    pub(super) fn best(&mut self, range: Rect) -> Best {
        self.add_up(range);
        let mut best = Best::default();
        self.heights.fill(0);
        for row in range.top..range.bottom {
            self.grow(row, range);
            let bottom = row.saturating_add(1);
            // Each rectangle that cannot be made wider or higher is looked at when its end is reached.
            self.starts.clear();
            for column in range.left..=range.right {
                let height = if column == range.right { 0 } else { self.height(column) };
                let mut start = column;
                while let Some((left, tall)) = self.starts.last().copied().filter(|(_, tall)| *tall >= height)
                {
                    self.starts.pop();
                    start = left;
                    let cells = Rect::new(left, bottom.saturating_sub(tall), column, bottom);
                    let gain = self.gain(cells);
                    if gain > best.gain {
                        best = Best { cells, gain };
                    }
                }
                if height > 0 && self.starts.len() < self.starts.capacity() {
                    self.starts.push((start, height));
                }
            }
        }
        self.trim(best)
    }

    fn height(&self, column: u32) -> u32 {
        self.heights.get(index(column)).copied().unwrap_or(0)
    }

    fn grow(&mut self, row: u32, range: Rect) {
        let start = index(row).saturating_mul(index(self.columns));
        let span = start.saturating_add(index(range.left))..start.saturating_add(index(range.right));
        let values = self.values.get(span).unwrap_or_default();
        for (height, value) in self.heights.iter_mut().skip(index(range.left)).zip(values) {
            *height = if *value < 0 { 0 } else { height.saturating_add(1) };
        }
    }

    /// Sums of gains above and left of each corner, from the first corner of `range` on.
    fn add_up(&mut self, range: Rect) {
        let corners = Rect { right: range.right.saturating_add(1), ..range };
        self.sums_row_mut(range.top, corners).fill(0);
        for row in range.top..range.bottom {
            let mut sum = 0_u32;
            for column in range.left..=range.right {
                let above = self.sum(column, row);
                if let Some(below) = self.sum_mut(column, row.saturating_add(1)) {
                    *below = above.wrapping_add(sum);
                }
                sum = sum.wrapping_add(u32::try_from(self.value(column, row)).unwrap_or(0));
            }
        }
    }

    /// Takes off edges that gain nothing.
    fn trim(&self, mut best: Best) -> Best {
        let mut cut = |smaller: fn(Rect) -> Rect| {
            while !best.cells.is_empty() && self.gain(smaller(best.cells)) == best.gain {
                best.cells = smaller(best.cells);
            }
        };
        if best.gain > 0 {
            cut(|cells| Rect { left: cells.left.saturating_add(1), ..cells });
            cut(|cells| Rect { top: cells.top.saturating_add(1), ..cells });
            cut(|cells| Rect { right: cells.right.saturating_sub(1), ..cells });
            cut(|cells| Rect { bottom: cells.bottom.saturating_sub(1), ..cells });
        }
        best
    }
}

/// The columns of `range` that are from edge to edge inside of `domain`.
fn whole(domain: Rect, range: Rect, cells: &Cells) -> Range<u32> {
    let (inside, _) = cells.split(domain);
    let (start, end) = (inside.start.max(range.left), inside.end.min(range.right));
    start..end.max(start)
}

/// Notes in which runs of a row the prediction is right.
fn hold(prediction: Prediction, held: &mut [u16], bit: u16, y: u32, columns: &Range<u32>, due: &Due) {
    let shadow = due.shadow.runs(y, columns.clone());
    let at = |column: u32| column.saturating_mul(CELL);
    match prediction.row(&due.shown, y, at(columns.start), at(columns.end)) {
        Predicted::Color(color) => {
            for (held, shadow) in held.iter_mut().zip(shadow) {
                if has_color(shadow, color) {
                    *held |= bit;
                }
            }
        }
        Predicted::Pixels(pixels) => {
            for (held, (shadow, moved)) in held.iter_mut().zip(shadow.iter().zip(pixels.as_chunks().0)) {
                if same(shadow, &run_of(moved)) {
                    *held |= bit;
                }
            }
        }
    }
}

/// Rows of a cell that become right, less those that become wrong.
fn gain(held: u16, word: u16, all: u16) -> i8 {
    let rows = |rows: u16| i8::try_from(rows.count_ones()).unwrap_or(0);
    rows(held & word).saturating_sub(rows(!held & !word & all))
}

fn reserved<T>(len: usize) -> Result<Vec<T>, OutOfMemory> {
    let mut reserved = Vec::new();
    reserved.try_reserve_exact(len).map_err(|_| OutOfMemory)?;
    Ok(reserved)
}

fn filled<T: Clone>(len: usize, with: T) -> Result<Vec<T>, OutOfMemory> {
    let mut filled = reserved(len)?;
    filled.resize(len, with);
    Ok(filled)
}
