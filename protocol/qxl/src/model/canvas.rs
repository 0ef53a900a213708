//! Surfaces with their pixels: what a client would see.

use alloc::vec;
use alloc::vec::Vec;

use super::area::Area;
use super::guest::Place;
use super::picture::from_555;
use crate::surface::SurfaceFormat;

/// A surface. Its pixels are the model's own, and are written through to guest memory.
#[derive(Debug)]
pub(super) struct Canvas {
    pub(super) format: SurfaceFormat,
    pub(super) width: u32,
    pub(super) height: u32,
    stride: i32,
    memory: Place,
    pixels: Vec<u32>,
}

impl Canvas {
    /// A surface at `memory`, the lowest address of its rows: black, or with the pixels that are there.
    pub(super) fn new(
        (format, width, height, stride): (SurfaceFormat, u32, u32, i32),
        memory: Place,
        keep_data: bool,
    ) -> Self {
        let count = usize::try_from(u64::from(width) * u64::from(height)).unwrap_or_default();
        let mut canvas = Self { format, width, height, stride, memory, pixels: vec![0; count] };
        for y in 0..height {
            for x in 0..width {
                let pixel = if keep_data { canvas.load(x, y) } else { 0 };
                canvas.set(x, y, pixel);
            }
        }
        canvas
    }

    pub(super) fn area(&self) -> Area {
        Area::of_size(self.width, self.height)
    }

    /// All pixels in the surface's format, row by row from the top.
    pub(super) fn pixels(&self) -> &[u32] {
        &self.pixels
    }

    /// The pixel at column `x` and row `y`, in the surface's format; 0 outside.
    pub(super) fn get(&self, x: u32, y: u32) -> u32 {
        self.index(x, y).and_then(|at| self.pixels.get(at)).copied().unwrap_or_default()
    }

    /// The same as 0xAARRGGBB.
    pub(super) fn color(&self, x: u32, y: u32) -> u32 {
        let pixel = self.get(x, y);
        match self.format {
            SurfaceFormat::Xrgb => 0xff00_0000 | pixel,
            SurfaceFormat::Argb => pixel,
            SurfaceFormat::Rgb555 => from_555(pixel),
            SurfaceFormat::Rgb565 => {
                let (red, green, blue) = (pixel >> 11 & 0x1f, pixel >> 5 & 0x3f, pixel & 0x1f);
                let wide = |five: u32| five << 3 | five >> 2;
                0xff00_0000 | wide(red) << 16 | (green << 2 | green >> 4) << 8 | wide(blue)
            }
            SurfaceFormat::A1 | SurfaceFormat::A8 => pixel << 24,
        }
    }

    /// A colour 0xAARRGGBB in the surface's format.
    pub(super) fn native(&self, color: u32) -> u32 {
        let (red, green, blue) = (color >> 16 & 0xff, color >> 8 & 0xff, color & 0xff);
        match self.format {
            SurfaceFormat::Xrgb => color & 0x00ff_ffff,
            SurfaceFormat::Argb => color,
            SurfaceFormat::Rgb555 => (red >> 3) << 10 | (green >> 3) << 5 | blue >> 3,
            SurfaceFormat::Rgb565 => (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3,
            SurfaceFormat::A8 => color >> 24,
            SurfaceFormat::A1 => color >> 31,
        }
    }

    /// Sets each pixel of `area` inside the surface to what `pixel` makes of its place and old value.
    pub(super) fn paint(&mut self, area: &Area, mut pixel: impl FnMut(u32, u32, u32) -> u32) {
        let inside = area.intersection(&self.area());
        let range = |from: i32, to: i32| (from..to).filter_map(|at| u32::try_from(at).ok());
        for y in range(inside.top, inside.bottom) {
            for x in range(inside.left, inside.right) {
                let new = pixel(x, y, self.get(x, y));
                self.set(x, y, new);
            }
        }
    }

    fn index(&self, x: u32, y: u32) -> Option<usize> {
        if x >= self.width {
            return None;
        }
        usize::try_from(u64::from(y) * u64::from(self.width) + u64::from(x)).ok()
    }

    fn set(&mut self, x: u32, y: u32, pixel: u32) {
        let pixel = if self.format == SurfaceFormat::Xrgb { pixel & 0x00ff_ffff } else { pixel };
        if let Some(place) = self.index(x, y).and_then(|at| self.pixels.get_mut(at)) {
            *place = pixel;
        }
        let bytes = pixel.to_le_bytes();
        let len = self.pixel_bytes();
        if let (Some(at), Some(bytes)) = (self.address(x, y), bytes.get(..len)) {
            // The surface was inside its slot when it was created.
            let _ = self.memory.memory.write(at, bytes);
        }
    }

    fn load(&self, x: u32, y: u32) -> u32 {
        let mut bytes = [0; 4];
        let len = self.pixel_bytes();
        if let (Some(at), Some(bytes)) = (self.address(x, y), bytes.get_mut(..len)) {
            let _ = self.memory.memory.read(at, bytes);
        }
        u32::from_le_bytes(bytes)
    }

    /// Bytes of a pixel in memory; pixels of one bit are not kept there.
    fn pixel_bytes(&self) -> usize {
        match self.format {
            SurfaceFormat::A1 => 0,
            SurfaceFormat::A8 => 1,
            SurfaceFormat::Rgb555 | SurfaceFormat::Rgb565 => 2,
            SurfaceFormat::Xrgb | SurfaceFormat::Argb => 4,
        }
    }

    /// Where a pixel is in memory: upside down when the stride is negative.
    fn address(&self, x: u32, y: u32) -> Option<usize> {
        let row = if self.stride < 0 { self.height.checked_sub(y)?.checked_sub(1)? } else { y };
        let row = u64::from(row) * u64::from(self.stride.unsigned_abs());
        let column = u64::from(x) * u64::try_from(self.pixel_bytes()).ok()?;
        self.memory.at.checked_add(usize::try_from(row.checked_add(column)?).ok()?)
    }
}
