//! The guest's own copy of a surface, which the host reads once and writes when the guest asks for it.

use std::sync::Arc;

use image::geometry::Rect;
use image::surface::Surface;

use crate::guest::region::Region as GuestRegion;

/// Where in the guest's memory a surface's pixels belong. The whole of it has been checked to lie inside
/// its memory slot.
#[derive(Clone, Debug)]
pub struct Backing {
    /// The memory.
    pub region: Arc<dyn GuestRegion>,
    /// The first stored byte.
    pub offset: u64,
    /// Bytes from one stored row to the next.
    pub stride: u32,
    /// Whether the bottom row is stored first.
    pub bottom_up: bool,
}

impl Backing {
    /// Fills `surface` from the guest's memory.
    pub fn load(&self, surface: &mut Surface) {
        let size = surface.size();
        let row_bytes = usize::try_from(surface.format().row_bytes(size.width)).unwrap_or(usize::MAX);
        let mut row = Vec::with_capacity(row_bytes);
        for y in 0..size.height {
            row.clear();
            self.region.append_to(self.row_offset(y, size.height), row_bytes, &mut row);
            surface.read_row(y, &row);
        }
    }

    /// Writes `area` of `surface` into the guest's memory.
    pub fn store(&self, surface: &Surface, area: Rect) {
        let size = surface.size();
        let Some(area) = area.intersection(&surface.bounds()) else { return };
        let (area, column) = whole_bytes(surface, area);
        surface.write_rows(area, |y, bytes| {
            self.region.write(self.row_offset(y, size.height).saturating_add(column), bytes);
        });
    }

    fn row_offset(&self, y: u32, height: u32) -> u64 {
        let stored = if self.bottom_up { height.saturating_sub(y).saturating_sub(1) } else { y };
        self.offset.saturating_add(u64::from(stored).saturating_mul(u64::from(self.stride)))
    }
}

/// `area` widened until its rows begin at a byte, and the offset of that byte in a row.
fn whole_bytes(surface: &Surface, area: Rect) -> (Rect, u64) {
    let left = if surface.format().bits_per_pixel() < 8 { area.left & !7 } else { area.left };
    let column = surface.format().row_bytes(left.unsigned_abs());
    (Rect { left, ..area }, column)
}
