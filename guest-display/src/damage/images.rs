//! Images: what differs, in rectangles that are as tight as their number allows.

use alloc::vec::Vec;

use crate::geometry::Rect;

use super::cells::{CELL, Cells};
use super::cost::{PIXEL, Piece};
use super::picture::index;
use super::translator::OutOfMemory;
use super::{Refused, Sink, Translator};

/// Pixels from edge to edge of damage that may be drawn as it was told.
const LEAST: u32 = 4 * CELL;

/// Rectangles that may still grow downwards.
pub(super) struct OpenImages {
    pieces: Vec<Piece>,
}

impl OpenImages {
    pub(super) fn new(cells: &Cells) -> Result<Self, OutOfMemory> {
        let mut pieces = Vec::new();
        pieces.try_reserve_exact(index(cells.all().right).saturating_add(1)).map_err(|_| OutOfMemory)?;
        Ok(Self { pieces })
    }

    /// Joins a piece with one of them, if that is no dearer, or opens another one. What has no room is given back.
    fn place(&mut self, piece: Piece, most: u64) -> Option<Piece> {
        for open in &mut self.pieces {
            if let Some(both) = open.join(&piece, most) {
                *open = both;
                return None;
            }
        }
        if self.pieces.len() == self.pieces.capacity() {
            return Some(piece);
        }
        self.pieces.push(piece);
        None
    }

    /// Takes out one that ends above `y`.
    fn close(&mut self, y: u32) -> Option<Rect> {
        let at = self.pieces.iter().position(|open| open.area.bottom <= y)?;
        Some(self.pieces.swap_remove(at).area)
    }
}

impl Translator {
    pub(super) fn draw_images(&mut self, sink: &mut impl Sink) -> Result<(), Refused> {
        self.draw_told(sink, |_, _| true)?;
        self.open.pieces.clear();
        let most = most_bytes(sink);
        let bounds = self.due.cells.bounds();
        for row in bounds.top..bounds.bottom {
            let cells = Rect { top: row, bottom: row.saturating_add(1), ..bounds };
            let mut run = Piece::default();
            for column in bounds.left..bounds.right {
                let next = Piece::new(self.due.difference(column, row));
                if next.area.is_empty() {
                    continue;
                }
                match run.join(&next, most) {
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

    fn place(&mut self, sink: &mut impl Sink, piece: Piece) -> Result<(), Refused> {
        if piece.area.is_empty() {
            return Ok(());
        }
        match self.open.place(piece, most_bytes(sink)) {
            Some(Piece { area, .. }) => self.draw_image(sink, area),
            None => Ok(()),
        }
    }
}

fn most_bytes(sink: &impl Sink) -> u64 {
    u64::try_from(sink.most_pixels()).unwrap_or(u64::MAX).saturating_mul(PIXEL)
}
