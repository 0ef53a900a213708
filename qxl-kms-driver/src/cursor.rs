//! A pointer's shape, as a program has drawn it.

use guest_display::CursorPixels;

use crate::layout::CoreCursor;
use crate::volatile;

/// A shape.
///
/// # Invariants
/// `height` rows of `width` words are mapped, `pitch` bytes apart, as long as it is used.
#[derive(Debug)]
pub(crate) struct Shape {
    pixels: *const u8,
    pitch: usize,
    width: u32,
    height: u32,
}

impl Shape {
    /// Takes a mapped shape; nothing when it is null or its pitch cannot be.
    ///
    /// # Safety
    /// Unless `pixels` is null, `height` rows of `width` words are mapped, `pitch` bytes apart, as long as it is used.
    pub(crate) unsafe fn new(mapped: &CoreCursor) -> Option<Self> {
        let CoreCursor { width, height, .. } = *mapped;
        let pitch = usize::try_from(mapped.pitch).ok()?;
        let row = usize::try_from(width).ok()?.checked_mul(4)?;
        let usable = !mapped.pixels.is_null() && row <= pitch;
        usable.then_some(Self { pixels: mapped.pixels.cast(), pitch, width, height })
    }

    /// The first pixel of a row.
    fn row(&self, y: u32) -> Option<*const u8> {
        let offset = usize::try_from(y).ok()?.checked_mul(self.pitch)?;
        (y < self.height).then(|| self.pixels.wrapping_add(offset))
    }
}

impl CursorPixels for Shape {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.height
    }

    fn copy_row(&self, y: u32, pixels: &mut [u32]) {
        let Some(row) = self.row(y) else { return };
        for (index, pixel) in (0..self.width).zip(pixels) {
            let Ok(index) = usize::try_from(index) else { return };
            let mut bytes = [0; 4];
            // SAFETY: the pixel is inside the row, which is mapped by the invariant.
            unsafe { volatile::read(row.wrapping_add(index * 4), &mut bytes) };
            *pixel = u32::from_le_bytes(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_copied_and_nothing_beyond() {
        let words = [1u32, 2, 3, 4, 5, 6];
        let cursor = CoreCursor {
            pixels: words.as_ptr().cast(),
            pitch: 12,
            width: 2,
            height: 2,
            hot_x: 0,
            hot_y: 0,
            x: 0,
            y: 0,
            reserved: 0,
        };
        // SAFETY: two rows of two words are inside the array.
        let shape = unsafe { Shape::new(&cursor) }.expect("a shape");
        let mut row = [9; 3];
        shape.copy_row(1, &mut row);
        assert_eq!(row, [4, 5, 9]);
        shape.copy_row(2, &mut row);
        assert_eq!(row, [4, 5, 9]);
        // SAFETY: nothing is read.
        assert!(unsafe { Shape::new(&CoreCursor { pitch: 7, ..cursor }) }.is_none());
    }
}
