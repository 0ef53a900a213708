//! Tiles: aligned squares of the screen that look as they, or others, have looked before.
//!
//! Those of one colour are left to [`fills`](super::fills).
//!
//! There are small ones, in which something on an unchanged ground is found again, and slabs of sixteen of these, so that
//! what is new all over does not become a command for each small tile.

use alloc::vec::Vec;

use crate::geometry::Rect;

use super::cells::CELL;
use super::picture::index;
use super::seen::Sight;
use super::squares::{SLAB, SLAB_PIXELS, TILE, TILE_PIXELS, TILES, square, squares};
use super::translator::OutOfMemory;
use super::{Refused, Sink, Translator};

/// Rows of 16 pixels in a tile.
const LINES: u32 = TILE * TILE * CELL;

/// Rows of 16 pixels to be drawn that make looking at a tile worth while: a kilobyte.
const WORTH: u32 = LINES / 16;

/// How often more a tile's content may be new than not, before it is looked at only now and then, as that of a video.
const STRANGE: u8 = 16;

/// The most that is counted, and what a content that is not new counts.
const STRANGEST: u8 = 24;
const FAMILIAR: u8 = 8;

/// How often it is looked at then: once in so many pictures. An odd number, for pictures that come in pairs.
const NOW_AND_THEN: u32 = 7;

/// What is known of each tile of the screen.
pub(super) struct Tiles {
    columns: u32,
    tiles: Vec<Tile>,
    /// Pictures so far.
    clock: u32,
}

#[derive(Clone, Copy)]
struct Tile {
    /// The content that was noted when the tile was last to be drawn; 0 once it was. A tile that is still to be drawn
    /// because the sink was full has not come again.
    waiting: u64,
    /// How often its content was new lately.
    strange: u8,
}

/// What is in a tile.
#[derive(Clone, Copy)]
enum Content {
    /// One colour.
    Plain,
    /// It has been strange for so long that it is not looked at now.
    Strange,
    /// What has this hash.
    Mixed(u64),
}

impl Tiles {
    pub(super) fn new(screen: Rect) -> Result<Self, OutOfMemory> {
        let (columns, rows) = (screen.width().div_ceil(TILE * CELL), screen.height().div_ceil(TILE * CELL));
        let len = index(columns).saturating_mul(index(rows));
        let mut tiles = Vec::new();
        tiles.try_reserve_exact(len).map_err(|_| OutOfMemory)?;
        tiles.resize(len, Tile { waiting: 0, strange: 0 });
        Ok(Self { columns, tiles, clock: 0 })
    }

    fn tile_mut(&mut self, column: u32, row: u32) -> Option<&mut Tile> {
        self.tiles.get_mut(index(row).saturating_mul(index(self.columns)).saturating_add(index(column)))
    }

    /// A picture is done: tiles that have been drawn may come again.
    pub(super) fn forget_waiting(&mut self) {
        self.clock = self.clock.wrapping_add(1);
        self.tiles.iter_mut().for_each(|tile| tile.waiting = 0);
    }
}

impl Translator {
    pub(super) fn draw_tiles(&mut self, sink: &mut impl Sink) -> Result<(), Refused> {
        if sink.most_pixels() < TILE_PIXELS {
            return Ok(());
        }
        let bounds = self.due.cells.bounds();
        for (column, row) in squares(SLAB, bounds) {
            let slab = square(SLAB, column, row, &self.due.cells);
            if !self.draw_slab(sink, slab)? {
                for (column, row) in squares(TILE, slab) {
                    self.draw_tile(sink, column, row)?;
                }
            }
        }
        Ok(())
    }

    /// Draws a slab that is due nearly everywhere, if it was there before. Says whether its tiles need no further look.
    fn draw_slab(&mut self, sink: &mut impl Sink, slab: Rect) -> Result<bool, Refused> {
        let area = self.due.cells.area(slab);
        let all = area.height().saturating_mul(slab.width());
        if sink.most_pixels() < SLAB_PIXELS || self.due.cells.count(slab) < all - all / 4 {
            return Ok(false);
        }
        let mut hashes = [0; TILES];
        let (mut count, mut plain, mut kept) = (0, 0, 0);
        for ((column, row), hash) in squares(TILE, slab).zip(&mut hashes) {
            count += 1;
            match self.content(column, row) {
                // It is left to be drawn as a whole, and taken as such if it goes on like that.
                Content::Strange => return Ok(true),
                Content::Plain => plain += 1,
                Content::Mixed(content) => {
                    kept += usize::from(self.seen.is_kept(content));
                    *hash = content;
                }
            }
        }
        // Most of it is a fill.
        if plain * 2 >= count {
            return Ok(false);
        }
        for ((column, row), hash) in squares(TILE, slab).zip(&mut hashes).filter(|(_, hash)| **hash == 0) {
            *hash = self.hash(column, row);
        }
        let content = self.hasher.all(hashes.iter().copied().take(count));
        let Some(tile) = self.tiles.tile_mut(slab.left / TILE, slab.top / TILE) else { return Ok(false) };
        if tile.waiting == content {
            return Ok(true);
        }
        let is_in_tiles = (plain + kept) * 2 >= count;
        match self.seen.note(content) {
            // A few tiles may do, until it has come more often.
            Sight::First | Sight::Again(1) if is_in_tiles => return Ok(false),
            Sight::First => {
                tile.waiting = content;
                // Each of them may come again alone.
                for ((column, row), hash) in squares(TILE, slab).zip(hashes) {
                    let sight = self.seen.note(hash);
                    self.tiles.get_used_to(column, row, sight);
                }
                return Ok(true);
            }
            Sight::Again(_) | Sight::Kept => {}
        }
        sink.tile(area, content, self.due.shadow.rows(area))?;
        self.seen.keep(content);
        self.due.drawn(area);
        self.note_whole(area);
        Ok(true)
    }

    /// What is in a tile.
    fn content(&mut self, column: u32, row: u32) -> Content {
        let clock = self.tiles.clock;
        let is_strange = self.tiles.tile_mut(column, row).is_none_or(|tile| tile.strange >= STRANGE);
        if is_strange && !clock.is_multiple_of(NOW_AND_THEN) {
            return Content::Strange;
        }
        let area = self.due.cells.area(square(TILE, column, row, &self.due.cells));
        match self.due.shadow.uniform(area) {
            Some(_) => Content::Plain,
            None => Content::Mixed(self.hash(column, row)),
        }
    }

    fn hash(&self, column: u32, row: u32) -> u64 {
        let area = self.due.cells.area(square(TILE, column, row, &self.due.cells));
        self.hasher.pixels(area.width(), area.height(), self.due.shadow.rows(area))
    }

    fn draw_tile(&mut self, sink: &mut impl Sink, column: u32, row: u32) -> Result<(), Refused> {
        let cells = square(TILE, column, row, &self.due.cells);
        let lines = self.due.cells.count(cells);
        if lines < WORTH {
            return Ok(());
        }
        let Content::Mixed(content) = self.content(column, row) else { return Ok(()) };
        let waiting = self.tiles.tile_mut(column, row).map(|tile| tile.waiting);
        if waiting.is_none_or(|waiting| waiting == content) {
            return Ok(());
        }
        let sight = self.seen.note(content);
        // A tile whose pixels must be sent once more is worth that if most of it is to be drawn anyway, or if it has come
        // often enough to come again.
        let worth = match sight {
            Sight::First => false,
            Sight::Again(times) => lines.saturating_mul(times) >= LINES / 2,
            Sight::Kept => true,
        };
        self.tiles.get_used_to(column, row, sight);
        if !worth {
            if let Some(tile) = self.tiles.tile_mut(column, row) {
                tile.waiting = content;
            }
            return Ok(());
        }
        let area = self.due.cells.area(cells);
        sink.tile(area, content, self.due.shadow.rows(area))?;
        self.seen.keep(content);
        self.due.drawn(area);
        Ok(())
    }
}

impl Tiles {
    /// Whether a tile's content was new counts for how often it is looked at.
    pub(super) fn get_used_to(&mut self, column: u32, row: u32, sight: Sight) {
        if let Some(tile) = self.tile_mut(column, row) {
            tile.strange = match sight {
                Sight::First => tile.strange.saturating_add(1).min(STRANGEST),
                _ => tile.strange.saturating_sub(FAMILIAR),
            };
        }
    }
}
