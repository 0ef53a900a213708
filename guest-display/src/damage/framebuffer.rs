//! Where a frame's pixels come from.

use core::ops::Range;

/// A buffer that a program draws into, perhaps at this very moment.
///
/// Implementations: the kernel's mapped buffers, rows in ordinary memory in tests.
pub trait Framebuffer {
    /// Pixels a row.
    fn width(&self) -> u32;

    /// Rows.
    fn height(&self) -> u32;

    /// Copies pixels of row `y` from column `x` on into `shadow`, as 0x00RRGGBB, and says which of them were different
    /// there: the indices into `shadow` from the first to after the last. Each pixel is read exactly once. Pixels
    /// outside the buffer are left as they are.
    fn merge_row(&self, x: u32, y: u32, shadow: &mut [u32]) -> Option<Range<usize>>;
}
