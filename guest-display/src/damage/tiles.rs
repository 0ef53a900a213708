//! Tiles: aligned squares of the screen that look as they, or others, have looked before.

use alloc::vec::Vec;

use crate::geometry::Rect;

use super::cells::CELL;
use super::picture::{Picture, index};
use super::seen::Sight;
use super::translator::OutOfMemory;
use super::{Refused, Sink, Translator};

/// Cells from a tile's edge to its other edge: 64 pixels.
const TILE: u32 = 4;

/// Rows of 16 pixels in a tile.
const LINES: u32 = TILE * TILE * CELL;

/// Pixels of a tile.
const PIXELS: usize = index(LINES * CELL);

/// Rows of 16 pixels to be drawn that make looking at a tile worth while: a kilobyte.
const WORTH: u32 = LINES / 16;

/// What is known of each tile of the screen.
pub(super) struct Tiles {
    columns: u32,
    /// The content that was noted when the tile was last to be drawn; 0 once it was. A tile that is still to be drawn
    /// because the sink was full has not come again.
    waiting: Vec<u64>,
}

impl Tiles {
    pub(super) fn new(screen: Rect) -> Result<Self, OutOfMemory> {
        let (columns, rows) = (screen.width().div_ceil(TILE * CELL), screen.height().div_ceil(TILE * CELL));
        let len = index(columns).saturating_mul(index(rows));
        let mut waiting = Vec::new();
        waiting.try_reserve_exact(len).map_err(|_| OutOfMemory)?;
        waiting.resize(len, 0);
        Ok(Self { columns, waiting })
    }

    fn waiting_mut(&mut self, column: u32, row: u32) -> Option<&mut u64> {
        self.waiting.get_mut(index(row).saturating_mul(index(self.columns)).saturating_add(index(column)))
    }
}

impl Translator {
    pub(super) fn draw_tiles(&mut self, sink: &mut impl Sink) -> Result<(), Refused> {
        if sink.most_pixels() < PIXELS {
            return Ok(());
        }
        let bounds = self.cells.bounds();
        for row in bounds.top / TILE..bounds.bottom.div_ceil(TILE) {
            for column in bounds.left / TILE..bounds.right.div_ceil(TILE) {
                self.draw_tile(sink, column, row)?;
            }
        }
        Ok(())
    }

    fn draw_tile(&mut self, sink: &mut impl Sink, column: u32, row: u32) -> Result<(), Refused> {
        let at = |n: u32| n.saturating_mul(TILE);
        let end = |n: u32| n.saturating_add(1).saturating_mul(TILE);
        let cells = Rect::new(at(column), at(row), end(column), end(row)).intersection(&self.cells.all());
        let lines =
            self.cells.pending(cells).fold(0, |sum: u32, (.., word)| sum.saturating_add(word.count_ones()));
        if lines < WORTH {
            return Ok(());
        }
        let area = self.cells.area(cells);
        let content = hash(&self.shadow, area);
        let Some(waiting) = self.tiles.waiting_mut(column, row) else { return Ok(()) };
        if *waiting == content {
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
        if !worth {
            *waiting = content;
            return Ok(());
        }
        sink.tile(area, content, self.shadow.rows(area))?;
        self.seen.keep(content);
        self.drawn(area);
        Ok(())
    }

    /// Tiles that have been drawn may come again.
    pub(super) fn forget_waiting(&mut self) {
        self.tiles.waiting.fill(0);
    }
}

/// Odd constants with about as many ones as zeros.
const FACTORS: [u64; 4] =
    [0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x27D4_EB2F_1656_67C5];

/// A hash of size and pixels.
///
/// Four sums side by side, two pixels at a time, so that multiplications need not wait for each other.
fn hash(shadow: &Picture, area: Rect) -> u64 {
    let two = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    let step = |sum: u64, word: u64, factor: u64| (sum ^ word).wrapping_mul(factor).rotate_left(29);
    let [a, b, c, d] = FACTORS;
    let mut sums = [two(area.width(), area.height()), b, c, d];
    for row in shadow.rows(area) {
        let (eights, rest) = row.as_chunks::<8>();
        let [mut one, mut other, mut third, mut fourth] = sums;
        for [e, f, g, h, i, j, k, l] in eights {
            one = step(one, two(*e, *f), a);
            other = step(other, two(*g, *h), b);
            third = step(third, two(*i, *j), c);
            fourth = step(fourth, two(*k, *l), d);
        }
        one = rest.iter().fold(one, |sum, pixel| step(sum, u64::from(*pixel), a));
        sums = [one, other, third, fourth];
    }
    let [one, other, third, fourth] = sums;
    let sum = step(step(step(one, other, b), third, c), fourth, d);
    (sum ^ sum >> 31).wrapping_mul(a) ^ sum >> 29
}
