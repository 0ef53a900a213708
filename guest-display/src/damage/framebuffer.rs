//! Where a frame's pixels come from.

use super::run::{RUN, Run, run_of};

/// A buffer that a program draws into, perhaps at this very moment.
///
/// Implementations: the kernel's mapped buffers, rows in ordinary memory in tests.
pub trait Framebuffer {
    /// Pixels a row.
    fn width(&self) -> u32;

    /// Rows.
    fn height(&self) -> u32;

    /// Copies pixels of row `y` from column `x` on, as 0x00RRGGBB. Each is read exactly once. Those outside of the buffer
    /// are left as they are.
    fn read(&self, x: u32, y: u32, pixels: &mut [u32]);

    /// Hands out pixels of row `y` from column `x` on, [`RUN`] at a time and `count` times; what is outside of the buffer is
    /// black. Most pixels are read by this.
    fn read_runs(&self, x: u32, y: u32, count: usize, mut take: impl FnMut(Run)) {
        for x in (x..).step_by(RUN).take(count) {
            let mut pixels = [0; RUN];
            self.read(x, y, &mut pixels);
            take(run_of(&pixels));
        }
    }
}
