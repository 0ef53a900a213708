//! Slabs that change all over, picture after picture, as films and games do it. Comparing them with what they were would
//! find nothing, so their pixels are only copied, and hashed on the way.
//!
//! A slab that was taken like this is *blind* until it is drawn, which is what the next picture begins with: its bits are
//! set, but what the device has there was not put aside.

use alloc::vec::Vec;

use crate::geometry::{Point, Rect};

use super::cells::CELL;
use super::picture::{UNKNOWN, index};
use super::seen::Sight;
use super::squares::{SLAB, SLAB_PIXELS, TILE, TILES, square, squares};
use super::translator::OutOfMemory;
use super::{Framebuffer, Refused, Sink, Translator};

/// How often in a row a slab must have been drawn as a whole before it is taken.
const HOT: u8 = 2;

/// How often it is taken before it is compared again: it may have calmed down.
const TAKES: u8 = 8;

/// What is known of each slab of the screen.
pub(super) struct Slabs {
    columns: u32,
    slabs: Vec<Slab>,
    /// There may be some that are blind.
    any_blind: bool,
}

#[derive(Clone, Copy, Default)]
struct Slab {
    /// How often in a row it was drawn as a whole.
    heat: u8,
    /// How often it was taken since it was compared.
    taken: u8,
    /// What has happened to it since the last picture.
    news: News,
    is_blind: bool,
    /// The hash of what was taken last; 0 when anything may have changed since.
    content: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum News {
    #[default]
    None,
    /// It was taken.
    Taken,
    /// Some of it was told to have changed.
    Part,
    /// All of it was.
    Whole,
    /// And it has been drawn as a whole.
    Drawn,
}

impl Slab {
    /// It was compared: all of it, or some.
    fn note_compared(&mut self, is_whole: bool) {
        self.content = 0;
        if self.news != News::Taken {
            self.news = if is_whole || self.news == News::Whole { News::Whole } else { News::Part };
            self.taken = 0;
        }
    }
}

impl Slabs {
    pub(super) fn new(screen: Rect) -> Result<Self, OutOfMemory> {
        let side = SLAB.saturating_mul(CELL);
        let (columns, rows) = (screen.width().div_ceil(side), screen.height().div_ceil(side));
        let count = index(columns).saturating_mul(index(rows));
        let mut slabs = Vec::new();
        slabs.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
        slabs.resize(count, Slab::default());
        Ok(Self { columns, slabs, any_blind: false })
    }

    fn at(&self, column: u32, row: u32) -> usize {
        index(row).saturating_mul(index(self.columns)).saturating_add(index(column))
    }

    fn slab_mut(&mut self, column: u32, row: u32) -> Option<&mut Slab> {
        let at = self.at(column, row);
        self.slabs.get_mut(at)
    }

    fn is_blind(&self, column: u32, row: u32) -> bool {
        self.any_blind && self.slabs.get(self.at(column, row)).is_some_and(|slab| slab.is_blind)
    }

    /// A slab has been drawn.
    fn has_seen(&mut self, column: u32, row: u32) {
        if let Some(slab) = self.slab_mut(column, row) {
            slab.is_blind = false;
        }
    }

    /// The device has lost what it had.
    pub(super) fn forget(&mut self) {
        self.slabs.iter_mut().for_each(|slab| slab.content = 0);
    }
}

impl Translator {
    /// Takes a frame's pixels into the shadow. `place` is where on the screen, and inside of it. Says whether anything has
    /// changed.
    pub(super) fn take(&mut self, frame: &impl Framebuffer, origin: Point, place: Rect) -> bool {
        let touched = self.due.cells.touched(place);
        let mut changed = false;
        // What is left of a row of slabs.
        let mut band = Rect::default();
        for (column, row) in squares(SLAB, touched) {
            let area = self.slab_area(column, row);
            if column == touched.left / SLAB {
                changed |= self.due.merge(frame, origin, band);
                band = Rect { top: area.top.max(place.top), bottom: area.bottom.min(place.bottom), ..place };
            }
            let Some(slab) = self.slabs.slab_mut(column, row) else { continue };
            if slab.heat >= HOT && slab.taken < TAKES && place.contains(&area) {
                changed |= self.due.merge(frame, origin, Rect { right: area.left, ..band });
                changed |= self.take_slab(frame, origin, column, row);
                band.left = area.right;
            } else {
                // Only whole runs can be taken.
                slab.note_compared(place.contains(&area) && area.width().is_multiple_of(CELL));
            }
        }
        changed | self.due.merge(frame, origin, band)
    }

    fn slab_area(&self, column: u32, row: u32) -> Rect {
        self.due.cells.area(square(SLAB, column, row, &self.due.cells))
    }

    /// Copies a slab's pixels without comparing them.
    fn take_slab(&mut self, frame: &impl Framebuffer, origin: Point, column: u32, row: u32) -> bool {
        let cells = square(SLAB, column, row, &self.due.cells);
        let columns = index(cells.width().div_ceil(TILE));
        let mut hashes = [0; TILES];
        let rows = (cells.top..cells.bottom).step_by(index(TILE));
        for (top, hashes) in rows.zip(hashes.chunks_mut(columns)) {
            let tiles = Rect { top, bottom: top.saturating_add(TILE).min(cells.bottom), ..cells };
            self.due.copy(frame, origin, tiles, &self.hasher, hashes);
        }
        let content = self.hasher.all(hashes.into_iter().take(squares(TILE, cells).count()));
        let Some(slab) = self.slabs.slab_mut(column, row) else { return false };
        slab.taken = slab.taken.saturating_add(1);
        slab.news = News::Taken;
        if slab.content == content && !slab.is_blind {
            return false;
        }
        (slab.is_blind, slab.content) = (true, content);
        self.slabs.any_blind = true;
        self.due.mark(cells);
        true
    }

    /// Notes that an area was drawn without anything better to be found for it.
    pub(super) fn note_whole(&mut self, area: Rect) {
        for (column, row) in squares(SLAB, self.due.cells.touched(area)) {
            let is_whole = area.contains(&self.slab_area(column, row));
            if let Some(slab) = self.slabs.slab_mut(column, row)
                && is_whole
                && slab.news == News::Whole
            {
                slab.news = News::Drawn;
            }
        }
    }

    /// A picture is done: those that had to be drawn as a whole once more are hot.
    pub(super) fn learn_slabs(&mut self) {
        let lost = self.lost;
        for slab in &mut self.slabs.slabs {
            slab.heat = match core::mem::take(&mut slab.news) {
                News::None | News::Taken => slab.heat,
                News::Drawn if !lost => slab.heat.saturating_add(1).min(HOT),
                _ => 0,
            };
        }
    }

    /// Draws the slabs that are blind.
    pub(super) fn draw_slabs(&mut self, sink: &mut impl Sink) -> Result<(), Refused> {
        if !self.slabs.any_blind {
            return Ok(());
        }
        let drawn = self.draw_blind(sink);
        // For what had no room, nothing is known of what the device has.
        for (column, row) in squares(SLAB, self.due.cells.all()) {
            if self.slabs.is_blind(column, row) {
                let area = self.slab_area(column, row);
                self.due.shown.fill(area, UNKNOWN);
                if let Some(slab) = self.slabs.slab_mut(column, row) {
                    (slab.is_blind, slab.content) = (false, 0);
                }
            }
        }
        self.slabs.any_blind = false;
        drawn
    }

    fn draw_blind(&mut self, sink: &mut impl Sink) -> Result<(), Refused> {
        let all = self.due.cells.all();
        for (column, row) in squares(SLAB, all) {
            if self.slabs.is_blind(column, row) {
                self.draw_known(sink, column, row)?;
            }
        }
        self.draw_told(sink, Self::tells_blind)?;
        for (column, row) in squares(SLAB, all) {
            if !self.slabs.is_blind(column, row) {
                continue;
            }
            if self.due.cells.count(square(SLAB, column, row, &self.due.cells)) > 0 {
                self.draw_image(sink, self.slab_area(column, row))?;
            }
            self.slabs.has_seen(column, row);
        }
        Ok(())
    }

    /// Draws a blind slab if it was there before.
    fn draw_known(&mut self, sink: &mut impl Sink, column: u32, row: u32) -> Result<(), Refused> {
        let content = self.slabs.slab_mut(column, row).map_or(0, |slab| slab.content);
        if content == 0 || sink.most_pixels() < SLAB_PIXELS {
            return Ok(());
        }
        let sight = self.seen.note(content);
        for (column, row) in squares(TILE, square(SLAB, column, row, &self.due.cells)) {
            self.tiles.get_used_to(column, row, sight);
        }
        if sight == Sight::First {
            return Ok(());
        }
        let area = self.slab_area(column, row);
        sink.tile(area, content, self.due.shadow.rows(area))?;
        self.seen.keep(content);
        self.due.drawn(area);
        self.slabs.has_seen(column, row);
        Ok(())
    }

    /// Whether an area has blind slabs in it, and only whole ones.
    fn tells_blind(&self, area: Rect) -> bool {
        let touched = self.due.cells.touched(area);
        let mut blind =
            squares(SLAB, touched).filter(|(column, row)| self.slabs.is_blind(*column, *row)).peekable();
        blind.peek().is_some() && blind.all(|(column, row)| area.contains(&self.slab_area(column, row)))
    }
}
