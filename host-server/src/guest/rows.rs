//! Rows of pixels that lie in the guest's memory, found and checked, and not read yet.
//!
//! The guest can change them at any moment: what is read twice may differ.

use std::ops::Range;
use std::sync::Arc;

use image::bitmap::{Bitmap, BitmapError, Layout, Palette};
use image::geometry::Rect;

use super::buffers::Buffers;
use super::memory::Piece;

/// The rows of an image, in pieces that follow each other.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Each behind the number of bytes before it.
    pieces: Vec<(usize, Piece)>,
    /// Bytes of all pieces.
    total: usize,
    /// Bytes from one row to the next.
    stride: usize,
    /// What a copy of all of them looks like.
    layout: Layout,
    palette: Option<Arc<Palette>>,
}

impl Rows {
    /// Rows `stride` bytes apart that fill `pieces`. The layout is that of a copy, whose rows may be shorter.
    pub fn new(pieces: Vec<Piece>, stride: u32, layout: Layout, palette: Option<Arc<Palette>>) -> Self {
        let mut total = 0;
        let placed = pieces.into_iter().map(|piece| {
            let start = total;
            total += piece.length;
            (start, piece)
        });
        let pieces = placed.collect();
        Self { pieces, total, stride: stride as usize, layout, palette }
    }

    /// What a copy looks like.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// A copy of all rows, without the padding that clients have no use for.
    ///
    /// # Errors
    /// When the rows do not fill the layout.
    pub fn copy(&self, buffers: &Buffers) -> Result<Bitmap, BitmapError> {
        let kept = self.layout.stride as usize;
        let total = self.total;
        let mut data = buffers.take(total / self.stride.max(1) * kept);
        if kept == self.stride {
            self.read(0..total, &mut data);
        } else {
            let count = total.checked_div(self.stride).unwrap_or(0);
            let starts = (0..count).map(|row| row * self.stride);
            starts.for_each(|start| self.read(start..start + kept, &mut data));
        }
        Bitmap::new(self.layout, self.palette.clone(), buffers.lend(data))
    }

    /// A copy of `area`, whose pixels are whole bytes; `None` when it is empty or not inside.
    pub fn part(&self, area: &Rect, buffers: &Buffers) -> Option<Bitmap> {
        if area.is_empty() || !Rect::of_size(self.layout.size).contains(area) {
            return None;
        }
        let layout = Layout::packed(self.layout.format, area.size()).ok()?;
        let mut data = buffers.take(usize::try_from(layout.data_bytes()).ok()?);
        for y in area.top..area.bottom {
            self.append_row(y.unsigned_abs(), area.left.unsigned_abs()..area.right.unsigned_abs(), &mut data);
        }
        Bitmap::new(layout, self.palette.clone(), buffers.lend(data)).ok()
    }

    /// Appends the pixels of row `y`, which are whole bytes, from the top. Nothing of what is not inside.
    pub fn append_row(&self, y: u32, columns: Range<u32>, out: &mut Vec<u8>) {
        let Layout { format, size, top_down, .. } = self.layout;
        if y >= size.height || columns.end > size.width {
            return;
        }
        let stored = if top_down { y } else { size.height - 1 - y };
        let byte = |column: u32| usize::try_from(format.row_bytes(column)).unwrap_or(usize::MAX);
        let start = stored as usize * self.stride;
        self.read(start + byte(columns.start)..start + byte(columns.end), out);
    }

    /// Appends the bytes of `range`, counted from the first piece's first.
    fn read(&self, range: Range<usize>, out: &mut Vec<u8>) {
        // A guest may cut its pictures into thousands of pieces, and rows are read one by one.
        let first = self.pieces.partition_point(|(start, piece)| start + piece.length <= range.start);
        for (start, piece) in self.pieces.get(first..).unwrap_or_default() {
            let (from, to) = (range.start.max(*start), range.end.min(start + piece.length));
            if from >= to {
                return;
            }
            piece.region.append_to(piece.offset + (from - start) as u64, to - from, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::bitmap::BitmapFormat;
    use image::geometry::Size;

    use super::*;
    use crate::guest::region::Region;

    const SIZE: Size = Size::new(3, 4);
    const STRIDE: u32 = 20;

    #[derive(Debug)]
    struct Memory(Vec<u8>);

    impl Region for Memory {
        fn read(&self, offset: u64, out: &mut [u8]) {
            let start = usize::try_from(offset).unwrap();
            out.copy_from_slice(&self.0[start..start + out.len()]);
        }
        fn write(&self, _: u64, _: &[u8]) {}
        fn host_address(&self, _: u64) -> usize {
            0
        }
    }

    /// Pixels of ten times their row and their column, stored in pieces of the given lengths in the reverse order.
    fn rows(lengths: &[usize], top_down: bool) -> Rows {
        let stored: Vec<u8> = (0..80)
            .map(|byte| {
                let (row, column) = (byte / 20, byte % 20 / 4);
                if column < 3 { row * 10 + column } else { 0xee }
            })
            .collect();
        let total: usize = lengths.iter().sum();
        let mut memory = vec![0; total];
        let (mut pieces, mut taken) = (Vec::new(), 0);
        for length in lengths {
            let place = total - taken - length;
            memory[place..place + length].copy_from_slice(&stored[taken..taken + length]);
            pieces.push((place as u64, *length));
            taken += length;
        }
        let region: Arc<dyn Region> = Arc::new(Memory(memory));
        let piece = |(offset, length)| Piece { region: region.clone(), offset, length };
        let layout = Layout { format: BitmapFormat::Xrgb32, size: SIZE, stride: 12, top_down };
        Rows::new(pieces.into_iter().map(piece).collect(), STRIDE, layout, None)
    }

    #[test]
    fn pieces_make_up_rows_without_their_padding() {
        let buffers = Buffers::default();
        let whole = rows(&[80], true).copy(&buffers).unwrap();
        for lengths in [[20, 60].as_slice(), &[1, 9, 33, 37], &[79, 1]] {
            assert_eq!(rows(lengths, true).copy(&buffers).unwrap(), whole, "{lengths:?}");
        }
        assert_eq!(whole.row(2), Some([20, 20, 20, 20, 21, 21, 21, 21, 22, 22, 22, 22].as_slice()));
    }

    #[test]
    fn a_part_is_that_of_the_copy() {
        let buffers = Buffers::default();
        for top_down in [true, false] {
            for lengths in [[80].as_slice(), &[1, 9, 33, 37]] {
                let rows = rows(lengths, top_down);
                let copied = rows.copy(&buffers).unwrap();
                for area in [Rect::new(0, 0, 3, 4), Rect::new(1, 2, 3, 4), Rect::new(1, 1, 2, 2)] {
                    let part = rows.part(&area, &buffers).unwrap();
                    assert!(part.rows().eq(copied.part(&area).unwrap().rows()), "{area:?} {top_down}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_inside_is_not_read() {
        let (rows, buffers) = (rows(&[80], true), Buffers::default());
        for area in
            [Rect::new(0, 0, 4, 4), Rect::new(-1, 0, 1, 1), Rect::new(1, 1, 1, 2), Rect::new(0, 3, 1, 5)]
        {
            assert!(rows.part(&area, &buffers).is_none(), "{area:?}");
        }
        let mut out = Vec::new();
        rows.append_row(4, 0..1, &mut out);
        rows.append_row(0, 2..4, &mut out);
        assert!(out.is_empty());
    }
}
