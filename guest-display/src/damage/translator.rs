//! The translator: pictures, book-keeping, and what goes into them.

use crate::geometry::{Point, Rect};

use super::Framebuffer;
use super::cells::Cells;
use super::checksum::crc32;
use super::gains::Gains;
use super::images::OpenImages;
use super::moves::Moves;
use super::picture::{Picture, UNKNOWN};
use super::seen::Seen;
use super::tiles::Tiles;

/// There is not enough memory for a screen of that size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// How far drawing has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The device has been given everything.
    Done,
    /// There is something left, which is kept and drawn together with later damage.
    Pending,
}

/// Turns damage into drawings for one screen.
///
/// # Invariants
/// - `shown` is the device's picture, but where it has [`UNKNOWN`] pixels.
/// - `cells` has a bit wherever `shadow` and `shown` differ.
pub struct Translator {
    pub(super) screen: Rect,
    pub(super) shadow: Picture,
    pub(super) shown: Picture,
    pub(super) cells: Cells,
    pub(super) gains: Gains,
    pub(super) moves: Moves,
    pub(super) tiles: Tiles,
    pub(super) seen: Seen,
    pub(super) open: OpenImages,
    /// The device's picture may be unknown somewhere.
    pub(super) lost: bool,
    /// The shadow has changed since moves were last looked for.
    pub(super) stirred: bool,
}

impl Translator {
    /// For a screen of that many pixels. Nothing is known of the device's picture, and all of it shall be black: the
    /// first [`emit`](Self::emit) draws everything.
    pub fn new(width: u32, height: u32) -> Result<Self, OutOfMemory> {
        let screen = Rect::new(0, 0, width, height);
        let mut cells = Cells::new(screen)?;
        cells.mark(screen);
        Ok(Self {
            screen,
            shadow: Picture::new(width, height, 0)?,
            shown: Picture::new(width, height, UNKNOWN)?,
            gains: Gains::new(&cells)?,
            moves: Moves::new()?,
            tiles: Tiles::new(screen)?,
            seen: Seen::new()?,
            open: OpenImages::new(&cells)?,
            cells,
            lost: true,
            stirred: false,
        })
    }

    /// Reads what is damaged. The frame's first pixel is at `origin` of the screen, `damage` is in the frame's own
    /// coordinates; what is outside of either is nothing.
    pub fn merge(&mut self, frame: &impl Framebuffer, origin: Point, damage: &[Rect]) {
        let visible = Rect::new(
            0,
            0,
            frame.width().min(self.screen.right.saturating_sub(origin.x)),
            frame.height().min(self.screen.bottom.saturating_sub(origin.y)),
        );
        let clipped =
            || damage.iter().map(|area| area.intersection(&visible)).filter(|area| !area.is_empty());
        let pixels = |area: Rect| u64::from(area.width()).saturating_mul(u64::from(area.height()));
        let bounds = clipped().fold(Rect::default(), |all, area| all.union(&area));
        // However often a program names the same pixels, they cost no more than once.
        if clipped().fold(0_u64, |sum, area| sum.saturating_add(pixels(area))) >= pixels(bounds) {
            self.merge_area(frame, origin, bounds);
        } else {
            clipped().for_each(|area| self.merge_area(frame, origin, area));
        }
    }

    fn merge_area(&mut self, frame: &impl Framebuffer, origin: Point, area: Rect) {
        let left = origin.x.saturating_add(area.left);
        let right = origin.x.saturating_add(area.right);
        for row in area.top..area.bottom {
            let y = origin.y.saturating_add(row);
            let Some(changed) = frame.merge_row(area.left, row, self.shadow.row_mut(y, left, right)) else {
                continue;
            };
            let column = |n: usize| left.saturating_add(u32::try_from(n).unwrap_or(u32::MAX)).min(right);
            self.cells.mark_row(y, column(changed.start), column(changed.end));
            self.stirred = true;
        }
    }

    /// The device has lost what it had there: it must be drawn again.
    pub fn invalidate(&mut self, area: Rect) {
        let area = area.intersection(&self.screen);
        if !area.is_empty() {
            self.shown.fill(area, UNKNOWN);
            self.cells.mark(area);
            self.lost = true;
        }
    }

    /// CRC-32 of what the screen shall show there: pixels row by row, each as 0x00RRGGBB in little endian.
    pub fn checksum(&self, area: Rect) -> u32 {
        crc32(self.shadow.rows(area.intersection(&self.screen)))
    }

    /// Gives the screen another size. It keeps what fits, from the top left corner; the rest is black. All of it is to
    /// be drawn anew. If there is no memory for it, everything is as it was.
    pub fn resize(&mut self, width: u32, height: u32) -> Result<(), OutOfMemory> {
        let mut resized = Self::new(width, height)?;
        resized.shadow.copy_from(&self.shadow, self.screen.intersection(&resized.screen));
        core::mem::swap(&mut resized.seen, &mut self.seen);
        *self = resized;
        Ok(())
    }
}
