//! The translator: pictures, book-keeping, and what goes into them.

use alloc::vec::Vec;

use crate::geometry::{Point, Rect};
use crate::hash::Hasher;

use super::Framebuffer;
use super::checksum::crc32;
use super::due::Due;
use super::emit::Step;
use super::gains::Gains;
use super::images::OpenImages;
use super::moves::Moves;
use super::seen::Seen;
use super::slabs::Slabs;
use super::tiles::Tiles;

/// Rectangles of damage that are remembered as they were told.
const TOLD: usize = 16;

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
pub struct Translator {
    pub(super) screen: Rect,
    pub(super) due: Due,
    pub(super) gains: Gains,
    pub(super) moves: Moves,
    pub(super) slabs: Slabs,
    pub(super) tiles: Tiles,
    pub(super) seen: Seen,
    pub(super) hasher: Hasher,
    pub(super) open: OpenImages,
    /// Damage since the last picture, on the screen.
    pub(super) told: Vec<Rect>,
    /// The device's picture may be unknown somewhere.
    pub(super) lost: bool,
    pub(super) step: Step,
}

impl Translator {
    /// For a screen of that many pixels. Nothing is known of the device's picture, and all of it shall be black: the
    /// first [`emit`](Self::emit) draws everything. The secret keeps programs from drawing what is taken for something else.
    pub fn new(width: u32, height: u32, secret: u64) -> Result<Self, OutOfMemory> {
        Self::of(width, height, Hasher::new(secret))
    }

    fn of(width: u32, height: u32, hasher: Hasher) -> Result<Self, OutOfMemory> {
        let screen = Rect::new(0, 0, width, height);
        let due = Due::new(screen)?;
        let mut told = Vec::new();
        told.try_reserve_exact(TOLD).map_err(|_| OutOfMemory)?;
        Ok(Self {
            screen,
            gains: Gains::new(&due.cells)?,
            moves: Moves::new()?,
            slabs: Slabs::new(screen)?,
            tiles: Tiles::new(screen)?,
            seen: Seen::new()?,
            hasher,
            open: OpenImages::new(&due.cells)?,
            told,
            due,
            lost: true,
            step: Step::Tiles,
        })
    }

    /// Whether the screen has this size in pixels.
    pub fn is_sized(&self, width: u32, height: u32) -> bool {
        self.screen == Rect::new(0, 0, width, height)
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
        let moved = |n: u32, by: u32| n.saturating_add(by);
        let (left, top) = (moved(area.left, origin.x), moved(area.top, origin.y));
        let place = Rect::new(left, top, moved(area.right, origin.x), moved(area.bottom, origin.y));
        if place.is_empty() || !self.take(frame, origin, place) {
            return;
        }
        self.step = Step::Moves;
        if self.told.len() < self.told.capacity() {
            self.told.push(place);
        }
    }

    /// The device has lost what it had there: it must be drawn again.
    pub fn invalidate(&mut self, area: Rect) {
        let area = area.intersection(&self.screen);
        if !area.is_empty() {
            self.due.invalidate(area);
            self.slabs.forget();
            self.lost = true;
            self.step = Step::Tiles;
        }
    }

    /// CRC-32 of what the screen shall show there: pixels row by row, each as 0x00RRGGBB in little endian.
    pub fn checksum(&self, area: Rect) -> u32 {
        crc32(self.due.shadow.rows(area.intersection(&self.screen)))
    }

    /// Gives the screen another size. It keeps what fits, from the top left corner; the rest is black. All of it is to
    /// be drawn anew. If there is no memory for it, everything is as it was.
    pub fn resize(&mut self, width: u32, height: u32) -> Result<(), OutOfMemory> {
        let mut resized = Self::of(width, height, self.hasher)?;
        let kept = self.screen.intersection(&resized.screen);
        resized.due.shadow.copy_from(&self.due.shadow, kept);
        core::mem::swap(&mut resized.seen, &mut self.seen);
        *self = resized;
        Ok(())
    }
}
