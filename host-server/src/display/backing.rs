//! The guest's own copy of a surface, which the host reads once and writes when the guest asks for it.

use std::sync::Arc;

use image::geometry::{Rect, Size};
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

    /// The bytes of `area` of a picture of `size`, row by row from the top.
    pub fn copy(&self, size: Size, area: Rect, pixel_bytes: u32) -> Vec<u8> {
        let bytes = |pixels: u32| u64::from(pixels) * u64::from(pixel_bytes);
        let row_bytes = usize::try_from(bytes(area.width())).unwrap_or(usize::MAX);
        let column = bytes(area.left.unsigned_abs());
        let rows = area.top.unsigned_abs()..area.bottom.unsigned_abs();
        let mut copied = Vec::with_capacity(row_bytes.saturating_mul(rows.len()));
        self.region.begin_reading();
        for y in rows {
            let offset = self.row_offset(y, size.height).saturating_add(column);
            self.region.append_to(offset, row_bytes, &mut copied);
        }
        self.region.end_reading();
        copied
    }

    fn row_offset(&self, y: u32, height: u32) -> u64 {
        let stored = if self.bottom_up { height.saturating_sub(y).saturating_sub(1) } else { y };
        self.offset.saturating_add(u64::from(stored).saturating_mul(u64::from(self.stride)))
    }
}

/// `area` widened until its rows begin and end with a byte, and the offset of the first byte in a row.
fn whole_bytes(surface: &Surface, area: Rect) -> (Rect, u64) {
    let area = if surface.format().bits_per_pixel() < 8 {
        let right = (area.right.saturating_add(7) & !7).min(surface.bounds().right);
        Rect { left: area.left & !7, right, ..area }
    } else {
        area
    };
    let column = surface.format().row_bytes(area.left.unsigned_abs());
    (area, column)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use image::rop::BinaryRop;
    use image::surface::{Pixels, SET_BIT, SurfaceFormat};

    use super::*;

    #[derive(Debug)]
    struct Bytes(Mutex<Vec<u8>>);

    impl GuestRegion for Bytes {
        fn read(&self, _: u64, _: &mut [u8]) {}
        fn write(&self, offset: u64, bytes: &[u8]) {
            let start = usize::try_from(offset).unwrap();
            self.0.lock().unwrap()[start..start + bytes.len()].copy_from_slice(bytes);
        }
        fn host_address(&self, _: u64) -> usize {
            0
        }
    }

    #[test]
    fn bits_beside_an_area_are_kept() {
        let mut surface = Surface::new(SurfaceFormat::A1, Size::new(20, 1)).unwrap();
        let Pixels::Bytes(plane) = surface.pixels_mut() else { unreachable!("1 bit a pixel") };
        plane.fill_rop(&Rect::new(0, 0, 20, 1), SET_BIT, BinaryRop::Copy);
        let memory = Arc::new(Bytes(Mutex::new(vec![0; 4])));
        let backing = Backing { region: memory.clone(), offset: 0, stride: 4, bottom_up: false };
        backing.store(&surface, Rect::new(9, 0, 11, 1));
        assert_eq!(*memory.0.lock().unwrap(), [0, 0xff, 0, 0]);
        backing.store(&surface, Rect::new(17, 0, 18, 1));
        assert_eq!(*memory.0.lock().unwrap(), [0, 0xff, 0x0f, 0]);
    }
}
