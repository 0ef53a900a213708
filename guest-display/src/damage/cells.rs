//! Where the shadow differs from what the device has: a bit for each row of each cell of 16 by 16 pixels.

use alloc::vec::Vec;
use core::ops::Range;

use crate::geometry::Rect;

use super::picture::index;
use super::run::RUN;
use super::translator::OutOfMemory;

/// Pixels from a cell's edge to its other edge: a row of a cell is a [run](super::run).
pub(super) const CELL: u32 = 16;

const _: () = assert!(index(CELL) == RUN);

/// # Invariants
/// A cell with a bit set is inside `bounds`.
pub(super) struct Cells {
    screen: Rect,
    columns: u32,
    rows: u32,
    /// A word for each cell, row by row; bit 0 is a cell's top row.
    lines: Vec<u16>,
    /// In cells.
    bounds: Rect,
}

impl Cells {
    /// No bit is set.
    pub(super) fn new(screen: Rect) -> Result<Self, OutOfMemory> {
        let (columns, rows) = (screen.width().div_ceil(CELL), screen.height().div_ceil(CELL));
        let count = index(columns).checked_mul(index(rows)).ok_or(OutOfMemory)?;
        let mut lines = Vec::new();
        lines.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
        lines.resize(count, 0);
        Ok(Self { screen, columns, rows, lines, bounds: Rect::default() })
    }

    /// The rectangle around the cells with differences, in cells.
    pub(super) fn bounds(&self) -> Rect {
        self.bounds
    }

    /// All of them, in cells.
    pub(super) fn all(&self) -> Rect {
        Rect::new(0, 0, self.columns, self.rows)
    }

    /// The cells that `area` touches, in cells.
    pub(super) fn touched(&self, area: Rect) -> Rect {
        if area.is_empty() {
            return Rect::default();
        }
        let touched = Rect::new(
            area.left / CELL,
            area.top / CELL,
            area.right.div_ceil(CELL),
            area.bottom.div_ceil(CELL),
        );
        touched.intersection(&self.all())
    }

    /// The columns of cells that are from edge to edge inside `area`, and those of the first and the last cell that are
    /// not.
    pub(super) fn split(&self, area: Rect) -> (Range<u32>, [Option<u32>; 2]) {
        let touched = self.touched(area);
        let (first, end) = (area.left.div_ceil(CELL), area.right / CELL);
        let left = (touched.left < first).then_some(touched.left);
        // The last column of a screen may be narrower than a cell; it counts as one that is not inside.
        let right =
            (touched.right > end).then(|| touched.right.saturating_sub(1)).filter(|at| left != Some(*at));
        (first..end.max(first), [left, right])
    }

    /// The pixels of `cells` that are on the screen.
    pub(super) fn area(&self, cells: Rect) -> Rect {
        let at = |n: u32| n.saturating_mul(CELL);
        Rect::new(at(cells.left), at(cells.top), at(cells.right), at(cells.bottom)).intersection(&self.screen)
    }

    /// The pixels of a cell.
    pub(super) fn area_of(&self, column: u32, row: u32) -> Rect {
        self.area(Rect::new(column, row, column.saturating_add(1), row.saturating_add(1)))
    }

    /// The rows of pixels of a row of cells, as far as they are between `top` and `bottom`, each with its bit.
    pub(super) fn lines(&self, row: u32, top: u32, bottom: u32) -> impl Iterator<Item = (u32, u16)> + use<> {
        let first = row.saturating_mul(CELL);
        let end = first.saturating_add(CELL).min(bottom).min(self.screen.bottom);
        (first.max(top)..end).map(|y| (y, 1 << (y % CELL)))
    }

    /// The bits of those.
    pub(super) fn mask(&self, row: u32, top: u32, bottom: u32) -> u16 {
        self.lines(row, top, bottom).fold(0, |mask, (_, bit)| mask | bit)
    }

    /// The words of a row of cells, from column to column.
    pub(super) fn row(&self, row: u32, columns: Range<u32>) -> &[u16] {
        self.span(row, columns).and_then(|span| self.lines.get(span)).unwrap_or_default()
    }

    pub(super) fn row_mut(&mut self, row: u32, columns: Range<u32>) -> &mut [u16] {
        self.span(row, columns).and_then(|span| self.lines.get_mut(span)).unwrap_or_default()
    }

    fn span(&self, row: u32, columns: Range<u32>) -> Option<Range<usize>> {
        if row >= self.rows || columns.end > self.columns || columns.start > columns.end {
            return None;
        }
        let start = index(row).wrapping_mul(index(self.columns));
        Some(start.wrapping_add(index(columns.start))..start.wrapping_add(index(columns.end)))
    }

    /// The word of a cell.
    pub(super) fn cell(&self, column: u32, row: u32) -> u16 {
        self.row(row, column..column.saturating_add(1)).first().copied().unwrap_or(0)
    }

    pub(super) fn set_cell(&mut self, column: u32, row: u32, word: u16) {
        if let Some(place) = self.row_mut(row, column..column.saturating_add(1)).first_mut() {
            *place = word;
        }
    }

    /// The cells in `cells` with differences: column, row, word.
    pub(super) fn pending(&self, cells: Rect) -> impl Iterator<Item = (u32, u32, u16)> {
        (cells.top..cells.bottom).flat_map(move |row| {
            let words = self.row(row, cells.left..cells.right);
            (cells.left..)
                .zip(words)
                .filter(|(_, word)| **word != 0)
                .map(move |(column, word)| (column, row, *word))
        })
    }

    /// Rows of 16 pixels with differences.
    pub(super) fn count(&self, cells: Rect) -> u32 {
        let rows = (cells.top..cells.bottom).flat_map(|row| self.row(row, cells.left..cells.right));
        rows.fold(0, |sum, word| sum.saturating_add(word.count_ones()))
    }

    /// Bits may now be set in these cells.
    pub(super) fn widen(&mut self, cells: Rect) {
        self.bounds = self.bounds.union(&cells);
    }

    /// Draws the bounds tight.
    pub(super) fn tighten(&mut self) {
        let mut bounds = Rect::default();
        for row in self.bounds.top..self.bounds.bottom {
            let words = self.row(row, self.bounds.left..self.bounds.right);
            let Some(first) = words.iter().position(|word| *word != 0) else { continue };
            let last = words.iter().rposition(|word| *word != 0).unwrap_or(first);
            let column = |n: usize| self.bounds.left.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
            let cells = Rect::new(column(first), row, column(last).saturating_add(1), row.saturating_add(1));
            bounds = bounds.union(&cells);
        }
        self.bounds = bounds;
    }
}
