//! A frame in ordinary memory.

use std::ops::Range;

use guest_display::damage::Framebuffer;
use guest_display::geometry::Rect;

#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u32>,
}

impl Frame {
    pub fn new(width: u32, height: u32, color: u32) -> Self {
        Self { width, height, pixels: vec![color; width as usize * height as usize] }
    }

    pub fn from_fn(width: u32, height: u32, color: impl Fn(u32, u32) -> u32) -> Self {
        let pixels =
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| color(x, y)).collect();
        Self { width, height, pixels }
    }

    pub fn area(&self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }

    fn span(&self, y: u32, left: u32, right: u32) -> Range<usize> {
        let start = y as usize * self.width as usize;
        start + left as usize..start + right as usize
    }

    pub fn row(&self, y: u32, left: u32, right: u32) -> &[u32] {
        &self.pixels[self.span(y, left, right)]
    }

    pub fn row_mut(&mut self, y: u32, left: u32, right: u32) -> &mut [u32] {
        let span = self.span(y, left, right);
        &mut self.pixels[span]
    }

    pub fn fill(&mut self, area: Rect, color: u32) {
        for y in area.top..area.bottom {
            self.row_mut(y, area.left, area.right).fill(color);
        }
    }

    pub fn cut(&self, area: Rect) -> Self {
        let pixels =
            (area.top..area.bottom).flat_map(|y| self.row(y, area.left, area.right).to_vec()).collect();
        Self { width: area.width(), height: area.height(), pixels }
    }

    pub fn paste(&mut self, other: &Self, left: u32, top: u32) {
        for y in 0..other.height {
            self.row_mut(top + y, left, left + other.width).copy_from_slice(other.row(y, 0, other.width));
        }
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
        assert!(y < self.height && x + pixels.len() as u32 <= self.width, "pixels outside of the frame");
        pixels.copy_from_slice(self.row(y, x, x + pixels.len() as u32));
    }
}
