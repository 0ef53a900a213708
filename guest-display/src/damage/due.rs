//! What the device still has to be told: what the screen shall show, what the device has, and where these differ.
//!
//! The device has taken most of the screen at any time, so its pixels are not kept a second time: where nothing is due it
//! has what the shadow has. A row's old pixels are put aside when new ones take their place.

use core::ops::Range;

use crate::geometry::{Point, Rect};
use crate::hash::Hasher;

use super::Framebuffer;
use super::cells::{CELL, Cells};
use super::gains::Gains;
use super::picture::{Picture, UNKNOWN, index};
use super::prediction::Prediction;
use super::run::{RUN, copy, copy_row, same, same_row};
use super::squares::{SLAB, TILE};
use super::translator::OutOfMemory;

/// Where a frame has a pixel of the screen.
fn in_frame(x: u32, y: u32, origin: Point) -> Point {
    Point { x: x.saturating_sub(origin.x), y: y.saturating_sub(origin.y) }
}

/// # Invariants
/// - Where a bit of `cells` is clear, the device has what `shadow` has in that row of that cell; `shown` says nothing.
/// - Where it is set, `shown` has what the device has there, or [`UNKNOWN`].
pub(super) struct Due {
    pub(super) shadow: Picture,
    pub(super) shown: Picture,
    pub(super) cells: Cells,
    /// Cells in which bits may be set although nothing differs any more.
    unsettled: Rect,
}

impl Due {
    /// All of the screen shall be black, and nothing is known of the device.
    pub(super) fn new(screen: Rect) -> Result<Self, OutOfMemory> {
        let (width, height) = (screen.width(), screen.height());
        let (shadow, shown) = (Picture::new(width, height)?, Picture::new(width, height)?);
        let mut due = Self { shadow, shown, cells: Cells::new(screen)?, unsettled: Rect::default() };
        due.invalidate(screen);
        Ok(due)
    }

    /// Takes pixels of a frame, whose first one is at `origin` of the screen. All of `place` is on both. Says whether
    /// anything has changed.
    pub(super) fn merge(&mut self, frame: &impl Framebuffer, origin: Point, place: Rect) -> bool {
        if place.is_empty() {
            return false;
        }
        let touched = self.cells.touched(place);
        // What was due before may be undone by this.
        self.unsettled = self.unsettled.union(&self.cells.bounds().intersection(&touched));
        let mut changed = false;
        for y in place.top..place.bottom {
            changed |= self.merge_row(frame, origin, y, place.left..place.right);
        }
        if changed {
            self.cells.widen(touched);
        }
        changed
    }

    fn merge_row(&mut self, frame: &impl Framebuffer, origin: Point, y: u32, columns: Range<u32>) -> bool {
        let Range { start: left, end: right } = columns;
        let (first, end) = (left.next_multiple_of(CELL).min(right), (right / CELL).saturating_mul(CELL));
        let mut changed = first > left && self.merge_part(frame, origin, y, left..first);
        if end > first {
            changed |= self.merge_runs(frame, origin, y, first / CELL..end / CELL);
        }
        let last = end.max(first);
        changed | (right > last && self.merge_part(frame, origin, y, last..right))
    }

    fn merge_runs(&mut self, frame: &impl Framebuffer, origin: Point, y: u32, columns: Range<u32>) -> bool {
        let bit = 1 << (y % CELL);
        let from = in_frame(columns.start.saturating_mul(CELL), y, origin);
        let words = self.cells.row_mut(y / CELL, columns.clone());
        let shadow = self.shadow.runs_mut(y, columns.clone());
        let shown = self.shown.runs_mut(y, columns);
        let count = words.len();
        let mut places = words.iter_mut().zip(shadow).zip(shown);
        let mut changed = false;
        frame.read_runs(from.x, from.y, count, |new| {
            let Some(((word, shadow), shown)) = places.next() else { return };
            if same(&new, shadow) {
                return;
            }
            if *word & bit == 0 {
                copy(shown, shadow);
                *word |= bit;
            }
            *shadow = new;
            changed = true;
        });
        changed
    }

    /// The same for a part of a run.
    fn merge_part(&mut self, frame: &impl Framebuffer, origin: Point, y: u32, part: Range<u32>) -> bool {
        let mut new = [0; RUN];
        let Some(new) = new.get_mut(..part.len()) else { return false };
        let from = in_frame(part.start, y, origin);
        frame.read(from.x, from.y, new);
        if same_row(new, self.shadow.row(y, part.start, part.end)) {
            return false;
        }
        self.put_aside(part.start / CELL, y);
        copy_row(self.shadow.row_mut(y, part.start, part.end), new);
        true
    }

    /// Copies a row of tiles, and hashes each of them. Nothing is compared or put aside.
    pub(super) fn copy(
        &mut self,
        frame: &impl Framebuffer,
        origin: Point,
        tiles: Rect,
        hasher: &Hasher,
        hashes: &mut [u64],
    ) {
        let area = self.cells.area(tiles);
        let mut sums = [[0; 2]; index(SLAB / TILE)];
        let starts = (tiles.left..tiles.right).step_by(index(TILE));
        let columns = || starts.clone().map(|start| start..start.saturating_add(TILE).min(tiles.right));
        for (sums, columns) in sums.iter_mut().zip(columns()) {
            let width = columns.end.saturating_sub(columns.start).saturating_mul(CELL);
            *sums = hasher.begin(width, area.height());
        }
        for y in area.top..area.bottom {
            for (place, columns) in sums.iter_mut().zip(columns()) {
                let (from, mut sums) = (in_frame(columns.start.saturating_mul(CELL), y, origin), *place);
                let runs = self.shadow.runs_mut(y, columns);
                let count = runs.len();
                let mut runs = runs.iter_mut();
                frame.read_runs(from.x, from.y, count, |new| {
                    let Some(run) = runs.next() else { return };
                    *run = new;
                    sums = hasher.run(sums, &new);
                });
                *place = sums;
            }
        }
        for (hash, sums) in hashes.iter_mut().zip(sums) {
            *hash = hasher.end(sums);
        }
    }

    /// All of these cells are due, whatever the device has there.
    pub(super) fn mark(&mut self, cells: Rect) {
        for row in cells.top..cells.bottom {
            let all = self.cells.mask(row, 0, u32::MAX);
            self.cells.row_mut(row, cells.left..cells.right).fill(all);
        }
        self.cells.widen(cells);
    }

    /// Sets the bit of a row of a cell, whose shadow is about to change.
    fn put_aside(&mut self, column: u32, y: u32) {
        let (columns, bit) = (column..column.saturating_add(1), 1 << (y % CELL));
        for word in self.cells.row_mut(y / CELL, columns.clone()) {
            if *word & bit == 0 {
                *word |= bit;
                self.shown.runs_mut(y, columns.clone()).copy_from_slice(self.shadow.runs(y, columns.clone()));
            }
        }
    }

    /// The device has lost what it had there.
    pub(super) fn invalidate(&mut self, area: Rect) {
        let touched = self.cells.touched(area);
        for row in touched.top..touched.bottom {
            for (y, _) in self.cells.lines(row, area.top, area.bottom) {
                (touched.left..touched.right).for_each(|column| self.put_aside(column, y));
            }
        }
        self.shown.fill(area, UNKNOWN);
        self.cells.widen(touched);
    }

    /// Clears bits of rows that do not differ any more, and draws the bounds tight.
    pub(super) fn settle(&mut self) {
        let unsettled = core::mem::take(&mut self.unsettled);
        for row in unsettled.top..unsettled.bottom {
            for column in unsettled.left..unsettled.right {
                self.compare(column, row, self.cells.cell(column, row));
            }
        }
        self.cells.tighten();
    }

    /// Looks at rows of a cell, all of which `shown` knows: those that differ are due, the others are not.
    fn compare(&mut self, column: u32, row: u32, rows: u16) {
        let columns = column..column.saturating_add(1);
        let mut word = self.cells.cell(column, row);
        for (y, bit) in self.cells.lines(row, 0, u32::MAX).filter(|(_, bit)| rows & bit != 0) {
            let pair = (self.shadow.runs(y, columns.clone()), self.shown.runs(y, columns.clone()));
            let is_same = matches!(pair, ([shadow], [shown]) if same(shadow, shown));
            word = if is_same { word & !bit } else { word | bit };
        }
        self.cells.set_cell(column, row, word);
    }

    /// Lets `shown` know everything in these cells, until something changes.
    pub(super) fn expose(&mut self, cells: Rect) {
        let columns = cells.left..cells.right;
        for row in cells.top..cells.bottom {
            let words = self.cells.row(row, columns.clone());
            for (y, bit) in self.cells.lines(row, 0, u32::MAX) {
                let pairs = self
                    .shown
                    .runs_mut(y, columns.clone())
                    .iter_mut()
                    .zip(self.shadow.runs(y, columns.clone()));
                for ((shown, shadow), word) in pairs.zip(words) {
                    if word & bit == 0 {
                        *shown = *shadow;
                    }
                }
            }
        }
    }

    /// The device now has there what the shadow has.
    pub(super) fn drawn(&mut self, area: Rect) {
        let touched = self.cells.touched(area);
        let (inside, edges) = self.cells.split(area);
        for row in touched.top..touched.bottom {
            let rows = self.cells.mask(row, area.top, area.bottom);
            self.cells.row_mut(row, inside.clone()).iter_mut().for_each(|word| *word &= !rows);
            for column in edges.into_iter().flatten() {
                self.drawn_part(column, row, area);
            }
        }
    }

    /// The same for a cell that is not from edge to edge in it.
    fn drawn_part(&mut self, column: u32, row: u32, area: Rect) {
        let part = self.cells.area_of(column, row).intersection(&area);
        let rows = self.cells.cell(column, row) & self.cells.mask(row, area.top, area.bottom);
        if rows != 0 {
            self.shown.copy_from(&self.shadow, part);
            self.compare(column, row, rows);
        }
    }

    /// The device has drawn what was predicted to be right. `gains` have been counted for that prediction; and for a move,
    /// the cells that it touches and those that it comes from are [exposed](Self::expose), and not any more afterwards.
    pub(super) fn predicted(&mut self, area: Rect, prediction: Prediction, gains: &Gains) {
        let touched = self.cells.touched(area);
        let (inside, edges) = self.cells.split(area);
        if let Prediction::Fill(color) = prediction {
            for column in edges.into_iter().flatten() {
                self.expose(Rect { left: column, right: column.saturating_add(1), ..touched });
            }
            self.expose_ends(area, inside.clone());
            self.fill_shown(area, color, gains);
        } else if let Some(from) = prediction.source(area) {
            self.move_shown(area, from, gains);
        }
        for row in touched.top..touched.bottom {
            let all = self.cells.mask(row, 0, u32::MAX);
            let is_whole = self.cells.mask(row, area.top, area.bottom) == all;
            for column in touched.left..touched.right {
                match gains.held(column, row).filter(|_| is_whole && inside.contains(&column)) {
                    Some(held) => self.cells.set_cell(column, row, all & !held),
                    None => self.compare(column, row, all),
                }
            }
        }
        self.cells.widen(touched);
    }

    /// Exposes the cells of the first and the last row of them that are not whole in `area`.
    fn expose_ends(&mut self, area: Rect, columns: Range<u32>) {
        let touched = Rect { left: columns.start, right: columns.end, ..self.cells.touched(area) };
        for row in [touched.top, touched.bottom.saturating_sub(1)] {
            if self.cells.mask(row, area.top, area.bottom) != self.cells.mask(row, 0, u32::MAX) {
                self.expose(Rect { top: row, bottom: row.saturating_add(1), ..touched });
            }
        }
    }

    /// Moves pixels of `shown`, but for rows in which the shadow is known to be the same afterwards.
    fn move_shown(&mut self, area: Rect, from: Point, gains: &Gains) {
        if from.y == area.top {
            // Within a row, everything moves over itself.
            self.shown.copy_bits(area, from);
            return;
        }
        let (touched, (inside, edges)) = (self.cells.touched(area), self.cells.split(area));
        let mut is_held = (u32::MAX, false);
        for line in 0..area.height() {
            // From the end when moving down, so that no row is overwritten before it has been copied.
            let last = area.height().saturating_sub(1);
            let line = if area.top > from.y { last.saturating_sub(line) } else { line };
            let y = area.top.saturating_add(line);
            let row = y / CELL;
            if is_held.0 != row {
                is_held = (row, self.is_held(area, row, inside.clone(), gains));
            }
            let columns = if is_held.1 { 0..0 } else { touched.left..touched.right };
            for column in columns.chain(edges.into_iter().flatten().filter(|_| is_held.1)) {
                let left = column.saturating_mul(CELL).max(area.left);
                let right = column.saturating_add(1).saturating_mul(CELL).min(area.right);
                let part = Rect::new(left, y, right, y.saturating_add(1));
                let x = from.x.saturating_add(left.saturating_sub(area.left));
                self.shown.copy_bits(part, Point { x, y: from.y.saturating_add(line) });
            }
        }
    }

    /// Whether a prediction is right everywhere in these cells, which are whole in `area`.
    fn is_held(&self, area: Rect, row: u32, mut columns: Range<u32>, gains: &Gains) -> bool {
        let all = self.cells.mask(row, 0, u32::MAX);
        self.cells.mask(row, area.top, area.bottom) == all
            && columns.all(|column| gains.held(column, row) == Some(all))
    }

    /// Puts a colour into `shown`, but for rows in which the shadow is known to have it, too.
    fn fill_shown(&mut self, area: Rect, color: u32, gains: &Gains) {
        let touched = self.cells.touched(area);
        let (inside, _) = self.cells.split(area);
        for row in touched.top..touched.bottom {
            let is_whole = self.cells.mask(row, area.top, area.bottom) == self.cells.mask(row, 0, u32::MAX);
            for column in touched.left..touched.right {
                let part = self.cells.area_of(column, row).intersection(&area);
                let held =
                    gains.held(column, row).filter(|_| is_whole && inside.contains(&column)).unwrap_or(0);
                for (y, _) in self.cells.lines(row, area.top, area.bottom).filter(|(_, bit)| held & bit == 0)
                {
                    self.shown.row_mut(y, part.left, part.right).fill(color);
                }
            }
        }
    }

    /// The smallest rectangle around what differs in a cell.
    pub(super) fn difference(&self, column: u32, row: u32) -> Rect {
        let (area, word) = (self.cells.area_of(column, row), self.cells.cell(column, row));
        if word == 0 {
            return Rect::default();
        }
        let (mut left, mut right) = (area.right, area.left);
        for (y, _) in self.cells.lines(row, 0, u32::MAX).filter(|(_, bit)| word & bit != 0) {
            if left == area.left && right == area.right {
                break;
            }
            let (one, other) =
                (self.shadow.row(y, area.left, area.right), self.shown.row(y, area.left, area.right));
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
