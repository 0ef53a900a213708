//! Pixels to be encoded where they lie: in a bitmap, or in anybody's memory.

use crate::bitmap::{Bitmap, BitmapError, BitmapFormat, Layout};
use crate::geometry::{Rect, Size};
use crate::pixel::{pixels_from, rgb555_to_xrgb};

/// Rows of pixels. Every row lies inside the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    layout: Layout,
    bytes: &'a [u8],
}

impl<'a> Rows<'a> {
    /// The pixels of `bytes`.
    ///
    /// # Errors
    /// When a row is longer than the stride, or `bytes` too short.
    pub fn new(layout: Layout, bytes: &'a [u8]) -> Result<Self, BitmapError> {
        layout.check(bytes)?;
        Ok(Self { layout, bytes })
    }

    /// The pixels of `area`, of which `None` is outside, if `area` has any and pixels are whole bytes.
    pub fn part(&self, area: &Rect) -> Option<Self> {
        let Layout { format, size, stride, top_down } = self.layout;
        if area.is_empty() || !Rect::of_size(size).contains(area) || format.bits_per_pixel() % 8 != 0 {
            return None;
        }
        let (left, top) = (u32::try_from(area.left).ok()?, u32::try_from(area.top).ok()?);
        let first_row = if top_down { top } else { size.height - top - area.height() };
        let start = u64::from(first_row) * u64::from(stride) + format.row_bytes(left);
        let bytes = self.bytes.get(usize::try_from(start).ok()?..)?;
        Self::new(Layout { size: area.size(), ..self.layout }, bytes).ok()
    }

    /// Format, size, stride and orientation.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// All bytes in the order of memory.
    pub(super) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Row `y`, counted from the top whatever the orientation, without padding.
    pub(super) fn row(&self, y: u32) -> &'a [u8] {
        let Layout { format, size: Size { width, height }, stride, top_down } = self.layout;
        let row = if top_down { Some(y) } else { height.checked_sub(y).and_then(|row| row.checked_sub(1)) };
        let start = row.and_then(|row| usize::try_from(u64::from(row) * u64::from(stride)).ok());
        let length = usize::try_from(format.row_bytes(width)).ok();
        let bytes = start.zip(length).and_then(|(start, length)| self.bytes.get(start..)?.get(..length));
        bytes.unwrap_or_default()
    }

    /// Calls `take` with each pixel's blue, green and red of row `y`; with none where pixels are not colours.
    pub(super) fn each_color(&self, y: u32, mut take: impl FnMut([u8; 3])) {
        let row = self.row(y);
        match self.layout.format {
            BitmapFormat::Xrgb32 | BitmapFormat::Argb32 => {
                pixels_from::<4>(row, 0).iter().for_each(|&[blue, green, red, _]| take([blue, green, red]));
            }
            BitmapFormat::Rgb24 => pixels_from::<3>(row, 0).iter().for_each(|pixel| take(*pixel)),
            BitmapFormat::Rgb555 => pixels_from::<2>(row, 0).iter().for_each(|pixel| {
                let [blue, green, red, _] = rgb555_to_xrgb(u16::from_le_bytes(*pixel)).to_le_bytes();
                take([blue, green, red]);
            }),
            _ => {}
        }
    }
}

impl<'a> From<&'a Bitmap> for Rows<'a> {
    fn from(bitmap: &'a Bitmap) -> Self {
        Self { layout: *bitmap.layout(), bytes: bitmap.data() }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_part_has_its_own_pixels_whatever_the_orientation() {
        let bytes: Vec<u8> = (0..5 * 16).collect();
        for top_down in [true, false] {
            let layout = Layout { format: BitmapFormat::Rgb24, size: Size::new(5, 5), stride: 16, top_down };
            let rows = Rows::new(layout, &bytes).unwrap();
            let part = rows.part(&Rect::new(1, 2, 4, 4)).unwrap();
            assert_eq!(part.layout().size, Size::new(3, 2));
            assert_eq!(part.row(0), &rows.row(2)[3..12]);
            assert_eq!(part.row(1), &rows.row(3)[3..12]);
        }
    }

    #[test]
    fn what_is_not_inside_has_no_part() {
        let layout = Layout::packed(BitmapFormat::Rgb24, Size::new(2, 2)).unwrap();
        let rows = Rows::new(layout, &[0; 12]).unwrap();
        assert!(rows.part(&Rect::new(0, 0, 3, 2)).is_none());
        assert!(rows.part(&Rect::new(-1, 0, 1, 2)).is_none());
        assert!(rows.part(&Rect::new(1, 1, 1, 2)).is_none());
        assert!(Rows::new(layout, &[0; 11]).is_err());
    }
}
