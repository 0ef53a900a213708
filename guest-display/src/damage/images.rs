//! Images: what differs, in rectangles that are as tight as their number allows.

use alloc::vec::Vec;

use crate::geometry::Rect;

use super::cells::{CELL, Cells};
use super::picture::index;
use super::translator::OutOfMemory;
use super::{Refused, Sink, Translator, cost};

/// Pixels from edge to edge of damage that may be drawn as it was told.
const LEAST: u32 = 4 * CELL;

/// Rectangles that may still grow downwards.
pub(super) struct OpenImages {
    rects: Vec<Rect>,
}

impl OpenImages {
    pub(super) fn new(cells: &Cells) -> Result<Self, OutOfMemory> {
        let mut rects = Vec::new();
        rects.try_reserve_exact(index(cells.all().right).saturating_add(1)).map_err(|_| OutOfMemory)?;
        Ok(Self { rects })
    }

    /// Joins `area` with one of them, if that is no dearer, or opens another one. What has no room is given back.
    fn place(&mut self, area: Rect, most: u64) -> Option<Rect> {
        for open in &mut self.rects {
            if let Some(both) = cost::join(*open, area, most) {
                *open = both;
                return None;
            }
        }
        if self.rects.len() == self.rects.capacity() {
            return Some(area);
        }
        self.rects.push(area);
        None
    }

    /// Takes out one that ends above `y`.
    fn close(&mut self, y: u32) -> Option<Rect> {
        let at = self.rects.iter().position(|open| open.bottom <= y)?;
        Some(self.rects.swap_remove(at))
    }
}

impl Translator {
    pub(super) fn draw_images(&mut self, sink: &mut impl Sink) -> Result<(), Refused> {
        self.draw_told(sink, |_, _| true)?;
        self.open.rects.clear();
        let most = most_bytes(sink);
        let bounds = self.due.cells.bounds();
        for row in bounds.top..bounds.bottom {
            let cells = Rect { top: row, bottom: row.saturating_add(1), ..bounds };
            let mut run = Rect::default();
            for column in bounds.left..bounds.right {
                let next = self.due.difference(column, row);
                if next.is_empty() {
                    continue;
                }
                match cost::join(run, next, most) {
                    Some(both) => run = both,
                    None => {
                        self.place(sink, run)?;
                        run = next;
                    }
                }
            }
            self.place(sink, run)?;
            // Those that have not grown into this row will not any more.
            while let Some(area) = self.open.close(self.due.cells.area(cells).top) {
                self.draw_image(sink, area)?;
            }
        }
        while let Some(area) = self.open.close(u32::MAX) {
            self.draw_image(sink, area)?;
        }
        Ok(())
    }

    /// Draws damage that is large and due nearly everywhere as it was told, so that a video has the same rectangle each
    /// time: that is how a server knows it.
    pub(super) fn draw_told(
        &mut self,
        sink: &mut impl Sink,
        wanted: fn(&Self, Rect) -> bool,
    ) -> Result<(), Refused> {
        let mut at = 0;
        while let Some(area) = self.told.get(at).copied() {
            if !wanted(self, area) {
                at += 1;
                continue;
            }
            self.told.swap_remove(at);
            let cells = self.due.cells.touched(area);
            let all = area.height().saturating_mul(cells.width());
            if area.width() < LEAST || area.height() < LEAST || self.due.cells.count(cells) < all - all / 4 {
                continue;
            }
            self.draw_image(sink, area)?;
        }
        Ok(())
    }

    fn place(&mut self, sink: &mut impl Sink, area: Rect) -> Result<(), Refused> {
        if area.is_empty() {
            return Ok(());
        }
        match self.open.place(area, most_bytes(sink)) {
            Some(area) => self.draw_image(sink, area),
            None => Ok(()),
        }
    }
}

fn most_bytes(sink: &impl Sink) -> u64 {
    u64::try_from(sink.most_pixels()).unwrap_or(u64::MAX).saturating_mul(cost::PIXEL)
}
