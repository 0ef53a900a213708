//! Moves: scrolling, and windows that are dragged.
//!
//! The offset is found by features. Of what is shown, those at places of a wide grid go into a table; of the shadow, in a
//! few blocks as large as two meshes of the grid, all are looked up. Wherever a block has come from, two of its places
//! were on the grid. So this costs little, and almost nothing where nothing has moved; and what it finds is only a
//! guess, to be compared with pixels.

use alloc::vec::Vec;

use crate::geometry::{Point, Rect};

use super::cells::{CELL, Cells};
use super::due::Due;
use super::extend::{extend, reached};
use super::features::{BLOCK_HEIGHT, BLOCK_WIDTH, Block, feature_at};
use super::picture::index;
use super::prediction::Prediction;
use super::translator::OutOfMemory;
use super::{Refused, Sink, Translator};

/// Rows of a cell.
const LINES: u32 = 16;

/// Rows of 16 pixels with changes that make looking for moves worth while: a dozen cells.
const WORTH: u32 = 12 * LINES;

/// Searches that may find nothing before some are left out, and how many are left out at most.
const PATIENCE: u32 = 3;
const MOST_REST: u32 = 7;

/// Blocks to look up at most, and how many changed cells there should be for each.
const BLOCKS: u32 = 32;
const CELLS_PER_BLOCK: u32 = 16;

/// Offsets that are counted, and that are tried.
const OFFSETS: usize = 32;
const TRIES: usize = 4;

/// Rows of 16 pixels that a move must make right: two kilobytes.
const GAIN: u32 = 32;

/// The table has a power of two of places.
const PLACES: usize = 1 << 12;

/// Where a feature was seen: nowhere, once, or too often to say.
#[derive(Clone, Copy)]
enum Place {
    Free,
    Once(u64, Point),
    Often,
}

/// An offset, and how many features say so.
#[derive(Clone, Copy, Default)]
struct Offset {
    dx: i32,
    dy: i32,
    votes: u32,
}

/// What looking for offsets needs.
pub(super) struct Moves {
    block: Block,
    places: Vec<Place>,
    /// By how much something moved the last time.
    recent: Option<(i32, i32)>,
    /// How often in a row nothing was found, and how many pictures are still left alone because of that: a video is not
    /// searched for each of its frames.
    misses: u32,
    rest: u32,
}

impl Moves {
    pub(super) fn new() -> Result<Self, OutOfMemory> {
        let mut places = Vec::new();
        places.try_reserve_exact(PLACES).map_err(|_| OutOfMemory)?;
        places.resize(PLACES, Place::Free);
        Ok(Self { block: Block::new()?, places, recent: None, misses: 0, rest: 0 })
    }

    /// Whether this picture is left alone.
    fn rests(&mut self) -> bool {
        let rests = self.rest > 0;
        self.rest = self.rest.saturating_sub(1);
        rests
    }

    fn learn(&mut self, found: bool) {
        self.misses = if found { 0 } else { self.misses.saturating_add(1) };
        self.rest = self.misses.saturating_sub(PATIENCE).min(MOST_REST);
    }

    /// Offsets by which something seems to have moved, the likeliest first. About so many cells have changed.
    fn find(&mut self, due: &Due, changed: u32) -> [Offset; OFFSETS] {
        let mut offsets = [Offset::default(); OFFSETS];
        let cells = &due.cells;
        // A cell holds one or two places of the grid.
        let wanted = cells.pending(cells.bounds()).count().saturating_mul(2).next_power_of_two();
        let Some(places) = self.places.get_mut(..wanted.min(PLACES)) else { return offsets };
        places.fill(Place::Free);
        for at in grid(cells) {
            if let Some(feature) = feature_at(&due.shown, at) {
                enter(places, feature, at);
            }
        }
        let blocks = (changed / CELLS_PER_BLOCK).clamp(16, BLOCKS);
        let step = index(changed.div_ceil(blocks)).max(1);
        for (column, row, _) in cells.pending(cells.bounds()).step_by(step) {
            let at = Point { x: column.saturating_mul(CELL), y: row.saturating_mul(CELL) };
            if self.block.read(&due.shadow, at) {
                for (from_first, feature) in self.block.features() {
                    if let Some(from) = look_up(places, feature) {
                        vote(&mut offsets, from, at, from_first);
                    }
                }
            }
        }
        offsets.sort_unstable_by_key(|offset| core::cmp::Reverse(offset.votes));
        offsets
    }
}

/// The places of the grid in cells that have changed.
fn grid(cells: &Cells) -> impl Iterator<Item = Point> {
    cells.pending(cells.bounds()).flat_map(|(column, row, _)| {
        let (x, top) = (column.saturating_mul(CELL), row.saturating_mul(CELL));
        let first = top.next_multiple_of(BLOCK_HEIGHT);
        (first..top.saturating_add(CELL)).step_by(index(BLOCK_HEIGHT)).map(move |y| Point { x, y })
    })
}

fn slot(feature: u64, places: usize) -> usize {
    usize::try_from(feature).unwrap_or(0) & places.wrapping_sub(1)
}

fn enter(places: &mut [Place], feature: u64, at: Point) {
    let len = places.len();
    if let Some(place) = places.get_mut(slot(feature, len)) {
        *place = match *place {
            Place::Free => Place::Once(feature, at),
            Place::Once(known, _) if known == feature => Place::Often,
            other => other,
        };
    }
}

fn look_up(places: &[Place], feature: u64) -> Option<Point> {
    match places.get(slot(feature, places.len())) {
        Some(Place::Once(known, from)) if *known == feature => Some(*from),
        _ => None,
    }
}

fn vote(offsets: &mut [Offset], from: Point, block: Point, in_block: Point) {
    let distance = |to: u32, more: u32, from: u32| to.saturating_add(more).checked_signed_diff(from);
    let (dx, dy) = (distance(block.x, in_block.x, from.x), distance(block.y, in_block.y, from.y));
    let (Some(dx), Some(dy)) = (dx, dy) else { return };
    if (dx, dy) == (0, 0) {
        return;
    }
    let known = |offset: &&mut Offset| offset.votes == 0 || (offset.dx, offset.dy) == (dx, dy);
    if let Some(offset) = offsets.iter_mut().find(known) {
        *offset = Offset { dx, dy, votes: offset.votes.saturating_add(1) };
    }
}

impl Translator {
    // Of its own, for the sake of small stacks.
    #[inline(never)]
    pub(super) fn draw_moves(&mut self, sink: &mut impl Sink) -> Result<(), Refused> {
        let bounds = self.due.cells.bounds();
        let lines = self.due.cells.count(bounds);
        if lines < WORTH {
            return Ok(());
        }
        let mut exposed = Rect::default();
        // Whatever scrolls or is dragged does so again.
        if let Some(offset) = self.moves.recent
            && self.draw_move(sink, offset, lines / 2, &mut exposed)? > 0
        {
            return Ok(());
        }
        if self.moves.rests() {
            return Ok(());
        }
        let offsets = self.moves.find(&self.due, lines / LINES);
        let mut gained = 0;
        for offset in offsets.into_iter().take(TRIES).filter(|offset| offset.votes > 0) {
            let offset = (offset.dx, offset.dy);
            let more = self.draw_move(sink, offset, GAIN, &mut exposed)?;
            if more > gained {
                (self.moves.recent, gained) = (Some(offset), more);
            }
        }
        self.moves.learn(gained > 0);
        Ok(())
    }

    /// Draws what has moved by that much, if so many rows of 16 pixels become right by it. Says how many did.
    fn draw_move(
        &mut self,
        sink: &mut impl Sink,
        (dx, dy): (i32, i32),
        least: u32,
        exposed: &mut Rect,
    ) -> Result<u32, Refused> {
        let (range, prediction) = (self.due.cells.bounds(), Prediction::Move { dx, dy });
        // All that is compared: where it would go, and where it would come from.
        let (target, screen) = (reached(self.due.cells.area(range)).intersection(&self.screen), self.screen);
        let source = Prediction::Move { dx: dx.saturating_neg(), dy: dy.saturating_neg() }.moved(target);
        let cells = &self.due.cells;
        let seen = cells.touched(target).union(&cells.touched(source.intersection(&screen)));
        if !exposed.contains(&seen) {
            *exposed = exposed.union(&seen);
            self.due.expose(*exposed);
        }
        if self.gains.count(prediction, range, &self.due) < least {
            return Ok(0);
        }
        let best = self.gains.heaviest(range);
        if best.gain < least {
            return Ok(0);
        }
        let area = extend(prediction, self.due.cells.area(best.cells), screen, &self.due);
        self.draw_prediction(sink, area, prediction)?;
        *exposed = Rect::default();
        self.due.cells.tighten();
        Ok(best.gain)
    }
}

const _: () = assert!(BLOCK_WIDTH == 2 * CELL);
