//! Where drawing goes.

use crate::geometry::{Point, Rect};

/// A drawing was not taken, and nothing of it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Ring or memory is full. Once the device has caught up it may be offered again, or something newer instead.
    Full,
    /// The device is not to be used any more.
    Dead,
}

/// Takes drawings in the order in which they are to be seen. Rectangles are never empty and inside the screen.
pub trait Sink {
    /// The most pixels that one [`image`](Self::image) or [`tile`](Self::tile) may have: a larger one is refused for
    /// ever. It is at least as many as a row of the screen has, and does not change while the screen keeps its size.
    fn most_pixels(&self) -> usize;

    /// One colour, 0x00RRGGBB.
    fn fill(&mut self, area: Rect, color: u32) -> Result<(), Refused>;

    /// Pixels that are on the screen already, from the rectangle of the same size at `from`. The two may overlap.
    fn copy_bits(&mut self, area: Rect, from: Point) -> Result<(), Refused>;

    /// Pixels that will hardly come again. `rows` gives as many rows as the area is high, each as long as it is wide.
    fn image<'a>(&mut self, area: Rect, rows: impl Iterator<Item = &'a [u32]> + Clone)
    -> Result<(), Refused>;

    /// Pixels that have been seen before: the sink may keep them in the device's memory and lets clients cache them.
    /// Equal `content` stands for equal pixels, where the area has the same size.
    fn tile<'a>(
        &mut self,
        area: Rect,
        content: u64,
        rows: impl Iterator<Item = &'a [u32]> + Clone,
    ) -> Result<(), Refused>;
}
