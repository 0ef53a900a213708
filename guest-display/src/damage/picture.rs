//! A screen's pixels in ordinary memory.

use alloc::vec::Vec;
use core::ops::Range;

use crate::geometry::{Point, Rect};

use super::run::{RUN, Run, copy_row, pixels, pixels_mut, row_has_color};
use super::translator::OutOfMemory;

/// What stands for a pixel that the device may have lost. No pixel of a framebuffer is like it, because those have no
/// bits above red; so it differs from whatever the shadow has there, and gets drawn.
pub(super) const UNKNOWN: u32 = 0x8000_0000;

/// An index. No target that can hold a screen has a `usize` narrower than 32 bits.
pub(super) const fn index(n: u32) -> usize {
    n as usize
}

const _: () = assert!(usize::BITS >= u32::BITS);

/// Rows of pixels, each 0x00RRGGBB or [`UNKNOWN`].
///
/// Whoever asks for pixels outside gets none.
///
/// # Invariants
/// Rows are as long as whole [runs](Run). What is right of the screen in them stays 0.
pub(super) struct Picture {
    width: u32,
    height: u32,
    /// Runs of a row.
    stride: usize,
    runs: Vec<Run>,
}

impl Picture {
    pub(super) fn new(width: u32, height: u32) -> Result<Self, OutOfMemory> {
        let stride = index(width).div_ceil(RUN);
        let count = stride.checked_mul(index(height)).ok_or(OutOfMemory)?;
        let mut runs = Vec::new();
        runs.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
        runs.resize(count, [0; RUN / 2]);
        Ok(Self { width, height, stride, runs })
    }

    pub(super) fn area(&self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }

    fn span(&self, y: u32, left: u32, right: u32) -> Option<Range<usize>> {
        if y >= self.height || right > self.width || left > right {
            return None;
        }
        let start = index(y).wrapping_mul(self.stride).wrapping_mul(RUN);
        Some(start.wrapping_add(index(left))..start.wrapping_add(index(right)))
    }

    /// Pixels of a row; none if not all of them are inside.
    pub(super) fn row(&self, y: u32, left: u32, right: u32) -> &[u32] {
        self.span(y, left, right).and_then(|span| pixels(&self.runs).get(span)).unwrap_or_default()
    }

    pub(super) fn row_mut(&mut self, y: u32, left: u32, right: u32) -> &mut [u32] {
        self.span(y, left, right)
            .and_then(|span| pixels_mut(&mut self.runs).get_mut(span))
            .unwrap_or_default()
    }

    fn run_span(&self, y: u32, columns: &Range<u32>) -> Option<Range<usize>> {
        if index(columns.end) > self.stride {
            return None;
        }
        let start = index(y).wrapping_mul(self.stride);
        Some(start.wrapping_add(index(columns.start))..start.wrapping_add(index(columns.end)))
    }

    /// Runs of a row, from cell to cell; none if not all of them are inside. The last one of a row may reach beyond the
    /// screen.
    pub(super) fn runs(&self, y: u32, columns: Range<u32>) -> &[Run] {
        self.run_span(y, &columns).and_then(|span| self.runs.get(span)).unwrap_or_default()
    }

    pub(super) fn runs_mut(&mut self, y: u32, columns: Range<u32>) -> &mut [Run] {
        self.run_span(y, &columns).and_then(|span| self.runs.get_mut(span)).unwrap_or_default()
    }

    pub(super) fn pixel(&self, at: Point) -> Option<u32> {
        self.row(at.y, at.x, at.x.saturating_add(1)).first().copied()
    }

    /// The rows of `area`, from the top.
    pub(super) fn rows(&self, area: Rect) -> impl Iterator<Item = &[u32]> + Clone {
        (area.top..area.bottom).map(move |y| self.row(y, area.left, area.right))
    }

    pub(super) fn fill(&mut self, area: Rect, color: u32) {
        for y in area.top..area.bottom {
            self.row_mut(y, area.left, area.right).fill(color);
        }
    }

    pub(super) fn copy_from(&mut self, other: &Self, area: Rect) {
        for y in area.top..area.bottom {
            copy_row(self.row_mut(y, area.left, area.right), other.row(y, area.left, area.right));
        }
    }

    /// Moves the pixels at `from` to `area`, as a device does that minds the two overlapping.
    pub(super) fn copy_bits(&mut self, area: Rect, from: Point) {
        let height = area.height();
        for line in 0..height {
            // From the end when moving down, so that no row is overwritten before it has been copied.
            let line = if area.top > from.y { height.saturating_sub(line).saturating_sub(1) } else { line };
            let right = from.x.saturating_add(area.width());
            let source = self.span(from.y.saturating_add(line), from.x, right);
            let target = self.span(area.top.saturating_add(line), area.left, area.right);
            if let (Some(source), Some(target)) = (source, target) {
                pixels_mut(&mut self.runs).copy_within(source, target.start);
            }
        }
    }

    /// Whether `area` has one colour, and which.
    pub(super) fn uniform(&self, area: Rect) -> Option<u32> {
        let color = self.pixel(Point { x: area.left, y: area.top })?;
        self.rows(area).all(|row| row_has_color(row, color)).then_some(color)
    }
}
