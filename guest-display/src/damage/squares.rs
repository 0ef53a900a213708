//! How the screen is divided into squares: tiles, and slabs of sixteen of these.

use crate::geometry::Rect;

use super::cells::{CELL, Cells};
use super::picture::index;

/// Cells from a tile's edge to its other edge: 64 pixels.
pub(super) const TILE: u32 = 4;

/// Cells from a slab's edge to its other edge: 256 pixels.
pub(super) const SLAB: u32 = 4 * TILE;

/// Tiles of a slab.
pub(super) const TILES: usize = index((SLAB / TILE) * (SLAB / TILE));

/// Pixels of a tile, and of a slab.
pub(super) const TILE_PIXELS: usize = index(TILE * TILE * CELL * CELL);
pub(super) const SLAB_PIXELS: usize = TILE_PIXELS * TILES;

/// The cells of a square of that many cells, by its column and row.
pub(super) fn square(side: u32, column: u32, row: u32, cells: &Cells) -> Rect {
    let at = |n: u32| n.saturating_mul(side);
    let end = |n: u32| n.saturating_add(1).saturating_mul(side);
    Rect::new(at(column), at(row), end(column), end(row)).intersection(&cells.all())
}

/// The squares of that many cells that `cells` touch: column and row, row by row.
pub(super) fn squares(side: u32, cells: Rect) -> impl Iterator<Item = (u32, u32)> {
    let columns = cells.left / side..cells.right.div_ceil(side);
    (cells.top / side..cells.bottom.div_ceil(side))
        .flat_map(move |row| columns.clone().map(move |column| (column, row)))
}
