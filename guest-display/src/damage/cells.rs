//! Where the shadow may differ from what was shown: a bit for each row of each cell of 16 by 16 pixels.

use alloc::vec::Vec;
use core::ops::Range;

use crate::geometry::Rect;

use super::picture::{Picture, index, same};
use super::translator::OutOfMemory;

/// Pixels from a cell's edge to its other edge.
pub(super) const CELL: u32 = 16;

/// The same, as a length.
pub(super) const CELL_LEN: usize = 16;

/// # Invariants
/// - A row of a cell in which shadow and shown differ has its bit set. The other way round it need not be so.
/// - A cell with a bit set is inside `bounds`.
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

    /// The pixels of `cells` that are on the screen.
    pub(super) fn area(&self, cells: Rect) -> Rect {
        let at = |n: u32| n.saturating_mul(CELL);
        Rect::new(at(cells.left), at(cells.top), at(cells.right), at(cells.bottom)).intersection(&self.screen)
    }

    /// The words of a row of cells, from column to column.
    pub(super) fn row(&self, row: u32, columns: Range<u32>) -> &[u16] {
        self.span(row, columns).and_then(|span| self.lines.get(span)).unwrap_or_default()
    }

    fn row_mut(&mut self, row: u32, columns: Range<u32>) -> &mut [u16] {
        self.span(row, columns).and_then(|span| self.lines.get_mut(span)).unwrap_or_default()
    }

    fn span(&self, row: u32, columns: Range<u32>) -> Option<Range<usize>> {
        if row >= self.rows || columns.end > self.columns || columns.start > columns.end {
            return None;
        }
        let start = index(row).wrapping_mul(index(self.columns));
        Some(start.wrapping_add(index(columns.start))..start.wrapping_add(index(columns.end)))
    }

    /// The word of a cell: which of its rows may differ.
    pub(super) fn cell(&self, column: u32, row: u32) -> u16 {
        self.row(row, column..column.saturating_add(1)).first().copied().unwrap_or(0)
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

    /// Notes that pixels of row `y` may differ.
    pub(super) fn mark_row(&mut self, y: u32, left: u32, right: u32) {
        let touched = self.touched(Rect::new(left, y, right, y.saturating_add(1)));
        let bit = 1 << (y % CELL);
        for word in self.row_mut(touched.top, touched.left..touched.right) {
            *word |= bit;
        }
        self.bounds = self.bounds.union(&touched);
    }

    /// Notes that all of `area` may differ.
    pub(super) fn mark(&mut self, area: Rect) {
        for y in area.top..area.bottom {
            self.mark_row(y, area.left, area.right);
        }
    }

    /// Looks which of the rows in `cells` do differ, and forgets the others.
    pub(super) fn settle(&mut self, cells: Rect, shadow: &Picture, shown: &Picture) {
        let area = self.area(cells);
        for row in cells.top..cells.bottom {
            let words = self.row_mut(row, cells.left..cells.right);
            if words.iter().all(|word| *word == 0) {
                continue;
            }
            let top = row.saturating_mul(CELL);
            for (y, bit) in (top..area.bottom).zip((0..CELL).map(|n| 1_u16 << n)) {
                let (one, other) =
                    (shadow.row(y, area.left, area.right), shown.row(y, area.left, area.right));
                // After a move most rows are the same from end to end.
                if same(one, other) {
                    words.iter_mut().for_each(|word| *word &= !bit);
                    continue;
                }
                let (one, other) = (one.chunks(CELL_LEN), other.chunks(CELL_LEN));
                for (word, (one, other)) in words.iter_mut().zip(one.zip(other)) {
                    if *word & bit != 0 && same(one, other) {
                        *word &= !bit;
                    }
                }
            }
        }
    }

    /// Shadow and shown have become the same in `area`.
    pub(super) fn clear(&mut self, area: Rect, shadow: &Picture, shown: &Picture) {
        let touched = self.touched(area);
        for row in touched.top..touched.bottom {
            let line = Rect { top: row, bottom: row.saturating_add(1), ..touched };
            let pixels = self.area(line);
            if area.top > pixels.top || area.bottom < pixels.bottom {
                self.settle(line, shadow, shown);
                continue;
            }
            // Cells that are not all in it may have differences elsewhere.
            let first = Rect { right: line.left.saturating_add(1), ..line };
            let last = Rect { left: line.right.saturating_sub(1), ..line };
            let all = Rect { left: area.left, right: area.right, ..pixels };
            let left = line.left.saturating_add(u32::from(!all.contains(&self.area(first))));
            let right = line.right.saturating_sub(u32::from(!all.contains(&self.area(last))));
            self.row_mut(row, left..right).fill(0);
            self.settle(first, shadow, shown);
            self.settle(last, shadow, shown);
        }
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

    /// The smallest rectangle around what differs in a cell; its word must be exact.
    pub(super) fn difference(&self, column: u32, row: u32, shadow: &Picture, shown: &Picture) -> Rect {
        let cell = Rect::new(column, row, column.saturating_add(1), row.saturating_add(1));
        let (area, word) = (self.area(cell), self.cell(column, row));
        if word == 0 {
            return Rect::default();
        }
        let (mut left, mut right) = (area.right, area.left);
        for y in (area.top..area.bottom).filter(|y| word & (1 << (y % CELL)) != 0) {
            if left == area.left && right == area.right {
                break;
            }
            let (one, other) = (shadow.row(y, area.left, area.right), shown.row(y, area.left, area.right));
            let differs = || (area.left..).zip(one.iter().zip(other).map(|(one, other)| one != other));
            if let Some((x, _)) = differs().take_while(|(x, _)| *x < left).find(|(_, differs)| *differs) {
                left = x;
            }
            let ends = (area.left.saturating_add(1)..=area.right).rev();
            let from_end = one.iter().rev().zip(other.iter().rev()).map(|(one, other)| one != other);
            if let Some((x, _)) =
                ends.zip(from_end).take_while(|(x, _)| *x > right).find(|(_, differs)| *differs)
            {
                right = x;
            }
        }
        let top = area.top.saturating_add(word.trailing_zeros());
        let bottom = area.top.saturating_add(u16::BITS.saturating_sub(word.leading_zeros()));
        Rect::new(left, top, right, bottom).intersection(&area)
    }
}
