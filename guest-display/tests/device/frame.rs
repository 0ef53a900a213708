//! Frames in ordinary memory, and shapes of the pointer.

use guest_display::CursorPixels;
use guest_display::damage::Framebuffer;
use guest_display::geometry::Rect;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Vec<u32>,
}

impl Frame {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Self { width, height, pixels: vec![0; (width * height) as usize] }
    }

    /// Sets each pixel of an area, as far as it is inside.
    pub(crate) fn paint(&mut self, area: Rect, color: impl Fn(u32, u32) -> u32) {
        for y in area.top..area.bottom.min(self.height) {
            for x in area.left..area.right.min(self.width) {
                self.pixels[(y * self.width + x) as usize] = color(x, y) & 0x00ff_ffff;
            }
        }
    }

    /// Copies another one's top left part that fits.
    pub(crate) fn keep(&mut self, other: &Self) {
        let all = Rect::new(0, 0, self.width.min(other.width), self.height.min(other.height));
        self.paint(all, |x, y| other.pixels[(y * other.width + x) as usize]);
    }
}

impl Framebuffer for Frame {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.height
    }

    fn read(&self, x: u32, y: u32, pixels: &mut [u32]) {
        let row = self.pixels.chunks(self.width as usize).nth(y as usize).unwrap_or_default();
        for (pixel, color) in pixels.iter_mut().zip(row.get(x as usize..).unwrap_or_default()) {
            *pixel = *color;
        }
    }
}

/// A shape of one colour.
pub(crate) struct Shape {
    pub(crate) side: u32,
    pub(crate) color: u32,
}

impl CursorPixels for Shape {
    fn width(&self) -> u32 {
        self.side
    }

    fn height(&self) -> u32 {
        self.side
    }

    fn copy_row(&self, y: u32, pixels: &mut [u32]) {
        assert!(y < self.side && pixels.len() == self.side as usize);
        pixels.fill(self.color ^ y);
    }
}
