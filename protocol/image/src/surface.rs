//! Surfaces: pixels that drawing changes.
//!
//! The canvas draws on them, for the host server's screens and off-screen surfaces and for the headless
//! client. Formats are those of `spice/enums.h`, `SPICE_SURFACE_FMT_*`. Pixels are whole numbers of the
//! surface's depth, so that raster operations work on rows of `u32`, `u16` or `u8`; a bitmap's bytes
//! exist only at the border, in [`Surface::write_rows`] and [`Surface::to_bitmap`].

use alloc::vec::Vec;

use bytes::Bytes;

use crate::bitmap::{Bitmap, BitmapError, BitmapFormat, Layout, UnknownFormat};
use crate::geometry::{Rect, Size};
use crate::pixel;
use crate::plane::Plane;

/// How a set bit of [`SurfaceFormat::A1`] is kept: all ones, so that raster operations on bytes are right for it.
/// A clear one is 0.
pub const SET_BIT: u8 = 0xff;

/// What a pixel of a surface looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SurfaceFormat {
    /// 1 bit of alpha.
    A1,
    /// 8 bits of alpha.
    A8,
    /// 16 bits: 1 unused, 5 red, 5 green, 5 blue.
    Rgb555,
    /// 16 bits: 5 red, 6 green, 5 blue.
    Rgb565,
    /// 32 bits: 8 unused, 8 red, 8 green, 8 blue.
    Xrgb32,
    /// 32 bits: 8 alpha, 8 red, 8 green, 8 blue, colours multiplied by alpha.
    Argb32,
}

impl SurfaceFormat {
    /// Bits of one pixel in memory.
    pub const fn bits_per_pixel(self) -> u32 {
        match self {
            Self::A1 => 1,
            Self::A8 => 8,
            Self::Rgb555 | Self::Rgb565 => 16,
            Self::Xrgb32 | Self::Argb32 => 32,
        }
    }

    /// Bytes that a row of `width` pixels fills, without padding.
    pub const fn row_bytes(self, width: u32) -> u64 {
        (width as u64 * self.bits_per_pixel() as u64).div_ceil(8)
    }
}

impl TryFrom<u32> for SurfaceFormat {
    type Error = UnknownFormat;

    fn try_from(wire: u32) -> Result<Self, UnknownFormat> {
        Ok(match wire {
            1 => Self::A1,
            8 => Self::A8,
            16 => Self::Rgb555,
            80 => Self::Rgb565,
            32 => Self::Xrgb32,
            96 => Self::Argb32,
            other => return Err(UnknownFormat(other)),
        })
    }
}

impl From<SurfaceFormat> for u32 {
    fn from(format: SurfaceFormat) -> Self {
        match format {
            SurfaceFormat::A1 => 1,
            SurfaceFormat::A8 => 8,
            SurfaceFormat::Rgb555 => 16,
            SurfaceFormat::Rgb565 => 80,
            SurfaceFormat::Xrgb32 => 32,
            SurfaceFormat::Argb32 => 96,
        }
    }
}

/// Pixels that drawing changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surface {
    format: SurfaceFormat,
    pixels: Pixels,
}

/// The pixels of a surface, by depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// One byte a pixel: [`SurfaceFormat::A8`], and [`SurfaceFormat::A1`] as 0 or [`SET_BIT`].
    Bytes(Plane<u8>),
    /// [`SurfaceFormat::Rgb555`] and [`SurfaceFormat::Rgb565`].
    Words(Plane<u16>),
    /// [`SurfaceFormat::Xrgb32`] and [`SurfaceFormat::Argb32`].
    Longs(Plane<u32>),
}

impl Surface {
    /// A surface whose bits are all 0.
    ///
    /// # Errors
    /// [`BitmapError::TooLarge`] when there is no memory for it.
    pub fn new(format: SurfaceFormat, size: Size) -> Result<Self, BitmapError> {
        let pixels = match format {
            SurfaceFormat::A1 | SurfaceFormat::A8 => Pixels::Bytes(Plane::new(size)?),
            SurfaceFormat::Rgb555 | SurfaceFormat::Rgb565 => Pixels::Words(Plane::new(size)?),
            SurfaceFormat::Xrgb32 | SurfaceFormat::Argb32 => Pixels::Longs(Plane::new(size)?),
        };
        Ok(Self { format, pixels })
    }

    /// What a pixel looks like.
    pub const fn format(&self) -> SurfaceFormat {
        self.format
    }

    /// Columns and rows.
    pub const fn size(&self) -> Size {
        match &self.pixels {
            Pixels::Bytes(plane) => plane.size(),
            Pixels::Words(plane) => plane.size(),
            Pixels::Longs(plane) => plane.size(),
        }
    }

    /// All pixels.
    pub fn bounds(&self) -> Rect {
        Rect::of_size(self.size())
    }

    /// The pixels by depth.
    pub const fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// The pixels by depth, to be drawn on.
    pub const fn pixels_mut(&mut self) -> &mut Pixels {
        &mut self.pixels
    }

    /// The pixels of a surface of 32 bits a pixel.
    pub const fn longs(&self) -> Option<&Plane<u32>> {
        match &self.pixels {
            Pixels::Longs(plane) => Some(plane),
            _ => None,
        }
    }

    /// Calls `write` with each row of `area` from the top, as the bytes that memory holds, together with
    /// the row's number. What `area` has outside the surface is left out.
    pub fn write_rows(&self, area: Rect, mut write: impl FnMut(u32, &[u8])) {
        let Some(area) = area.intersection(&self.bounds()) else { return };
        let mut bytes = Vec::new();
        for y in area.top..area.bottom {
            bytes.clear();
            self.append_row(area, y, &mut bytes);
            write(y.unsigned_abs(), &bytes);
        }
    }

    /// The pixels of `area` inside the surface as a packed bitmap, top row first; `None` when nothing of
    /// it is inside.
    ///
    /// A surface of 565 pixels becomes one of [`BitmapFormat::Xrgb32`], for want of a format of its own;
    /// alpha of 1 bit becomes one of [`BitmapFormat::Mono1Le`].
    pub fn to_bitmap(&self, area: Rect) -> Option<Bitmap> {
        let area = area.intersection(&self.bounds())?;
        let format = match self.format {
            SurfaceFormat::A1 => BitmapFormat::Mono1Le,
            SurfaceFormat::A8 => BitmapFormat::Alpha8,
            SurfaceFormat::Rgb555 => BitmapFormat::Rgb555,
            SurfaceFormat::Rgb565 | SurfaceFormat::Xrgb32 => BitmapFormat::Xrgb32,
            SurfaceFormat::Argb32 => BitmapFormat::Argb32,
        };
        let layout = Layout::packed(format, area.size()).ok()?;
        let mut data = Vec::with_capacity(usize::try_from(layout.data_bytes()).ok()?);
        for y in area.top..area.bottom {
            match (&self.pixels, self.format) {
                (Pixels::Words(plane), SurfaceFormat::Rgb565) => {
                    let row = plane.row_part(y, area.left, area.right);
                    data.extend(row.iter().flat_map(|&p| pixel::rgb565_to_xrgb(p).to_le_bytes()));
                }
                _ => self.append_row(area, y, &mut data),
            }
        }
        Bitmap::new(layout, None, Bytes::from(data)).ok()
    }

    /// Replaces the surface's pixels by rows in the surface's own format, the top one first: what
    /// [`Surface::write_rows`] writes. Missing rows and pixels stay as they are.
    pub fn read_rows<'a>(&mut self, rows: impl Iterator<Item = &'a [u8]>) {
        for (y, row) in (0..self.size().height).zip(rows) {
            self.read_row(y, row);
        }
    }

    /// Replaces row `y` by pixels in the surface's own format. Missing pixels stay as they are.
    pub fn read_row(&mut self, y: u32, row: &[u8]) {
        let right = self.bounds().right;
        let Ok(y) = i32::try_from(y) else { return };
        let one_bit = self.format == SurfaceFormat::A1;
        match &mut self.pixels {
            Pixels::Longs(plane) => {
                for (to, from) in plane.row_part_mut(y, 0, right).iter_mut().zip(row.as_chunks::<4>().0) {
                    *to = u32::from_le_bytes(*from);
                }
            }
            Pixels::Words(plane) => {
                for (to, from) in plane.row_part_mut(y, 0, right).iter_mut().zip(row.as_chunks::<2>().0) {
                    *to = u16::from_le_bytes(*from);
                }
            }
            Pixels::Bytes(plane) if one_bit => {
                let bits = row.len().saturating_mul(8);
                for (x, to) in plane.row_part_mut(y, 0, right).iter_mut().enumerate().take(bits) {
                    let is_set = pixel::index_at(BitmapFormat::Mono1Le, row, x) == 1;
                    *to = if is_set { SET_BIT } else { 0 };
                }
            }
            Pixels::Bytes(plane) => {
                for (to, from) in plane.row_part_mut(y, 0, right).iter_mut().zip(row) {
                    *to = *from;
                }
            }
        }
    }

    fn append_row(&self, area: Rect, y: i32, bytes: &mut Vec<u8>) {
        match &self.pixels {
            Pixels::Longs(plane) => {
                let row = plane.row_part(y, area.left, area.right);
                let start = bytes.len();
                bytes.resize(start + row.len() * 4, 0);
                let added = bytes.get_mut(start..).unwrap_or_default().as_chunks_mut::<4>().0;
                for (to, pixel) in added.iter_mut().zip(row) {
                    *to = pixel.to_le_bytes();
                }
            }
            Pixels::Words(plane) => {
                let row = plane.row_part(y, area.left, area.right);
                bytes.extend(row.iter().flat_map(|pixel| pixel.to_le_bytes()));
            }
            Pixels::Bytes(plane) => {
                let row = plane.row_part(y, area.left, area.right);
                if self.format == SurfaceFormat::A1 {
                    let packed = row.chunks(8);
                    bytes.extend(
                        packed.map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit & 1)),
                    );
                } else {
                    bytes.extend_from_slice(row);
                }
            }
        }
    }
}
