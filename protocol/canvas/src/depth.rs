//! What differs between surfaces of 1 and 8, of 16 and of 32 bits a pixel.

use image::bitmap::{Bitmap, BitmapFormat, Palette};
use image::pixel::{
    self, expand_row, index_at, pixels_from, rgb555_to_xrgb, rgb565_to_xrgb, xrgb_to_rgb555, xrgb_to_rgb565,
};
use image::plane::{Pixel, Plane};
use image::surface::{Pixels, SET_BIT, Surface, SurfaceFormat};

/// The bits of a 32-bit pixel that hold no colour.
pub(crate) const HIGH_BYTE: u32 = 0xff00_0000;

/// A pixel type that the canvas can draw on.
pub(crate) trait Depth: Pixel {
    /// The bits that tell whether two pixels have the same colour.
    const COLOR_BITS: u32;

    /// The pixels of a surface of this depth. Those of 1 bit are kept in bytes, as those of 8 bits are.
    fn plane(surface: &Surface) -> Option<&Plane<Self>>;

    /// The pixel for a colour in the surface's own format.
    fn of_color(color: u32, format: SurfaceFormat) -> Self {
        let _ = format;
        Self::from_color(color)
    }

    /// The pixel as 0xAARRGGBB; alpha is 255 for a format that has none.
    fn to_argb(self, format: SurfaceFormat) -> u32;

    /// The pixel for 0xAARRGGBB; a format without alpha drops it, but for the fourth byte of
    /// [`SurfaceFormat::Xrgb32`], which keeps it.
    fn from_argb(argb: u32, format: SurfaceFormat) -> Self;

    /// Writes the pixels of a bitmap's row from column `first` on as what drawing them on a surface of
    /// `format` writes.
    fn convert_row(bitmap: &Bitmap, row: &[u8], first: usize, format: SurfaceFormat, out: &mut [Self]);
}

impl Depth for u32 {
    const COLOR_BITS: u32 = !HIGH_BYTE;

    fn plane(surface: &Surface) -> Option<&Plane<Self>> {
        surface.longs()
    }

    fn to_argb(self, format: SurfaceFormat) -> u32 {
        match format {
            SurfaceFormat::Argb32 | SurfaceFormat::A8 | SurfaceFormat::A1 => self,
            SurfaceFormat::Xrgb32 | SurfaceFormat::Rgb555 | SurfaceFormat::Rgb565 => self | HIGH_BYTE,
        }
    }

    fn from_argb(argb: u32, _: SurfaceFormat) -> Self {
        argb
    }

    fn convert_row(bitmap: &Bitmap, row: &[u8], first: usize, _: SurfaceFormat, out: &mut [Self]) {
        expand_row(bitmap.format(), row, first, bitmap.palette().map(|palette| &**palette), out);
        if bitmap.format() == BitmapFormat::Rgb555 {
            // The original has pixman convert these, which sets the fourth byte.
            out.iter_mut().for_each(|pixel| *pixel |= HIGH_BYTE);
        }
    }
}

impl Depth for u16 {
    const COLOR_BITS: u32 = 0xffff;

    fn plane(surface: &Surface) -> Option<&Plane<Self>> {
        match surface.pixels() {
            Pixels::Words(plane) => Some(plane),
            Pixels::Bytes(_) | Pixels::Longs(_) => None,
        }
    }

    fn to_argb(self, format: SurfaceFormat) -> u32 {
        let rgb = if format == SurfaceFormat::Rgb565 { rgb565_to_xrgb(self) } else { rgb555_to_xrgb(self) };
        rgb | HIGH_BYTE
    }

    fn from_argb(argb: u32, format: SurfaceFormat) -> Self {
        if format == SurfaceFormat::Rgb565 { xrgb_to_rgb565(argb) } else { xrgb_to_rgb555(argb) }
    }

    fn convert_row(bitmap: &Bitmap, row: &[u8], first: usize, format: SurfaceFormat, out: &mut [Self]) {
        match bitmap.format() {
            BitmapFormat::Xrgb32 | BitmapFormat::Argb32 => {
                for (out, pixel) in out.iter_mut().zip(pixels_from::<4>(row, first)) {
                    *out = Self::from_argb(u32::from_le_bytes(*pixel), format);
                }
            }
            BitmapFormat::Rgb24 => {
                for (out, &[blue, green, red]) in out.iter_mut().zip(pixels_from::<3>(row, first)) {
                    *out = Self::from_argb(u32::from_le_bytes([blue, green, red, 0]), format);
                }
            }
            BitmapFormat::Rgb555 if format == SurfaceFormat::Rgb565 => {
                for (out, pixel) in out.iter_mut().zip(pixels_from::<2>(row, first)) {
                    *out = xrgb_to_rgb565(rgb555_to_xrgb(Self::from_le_bytes(*pixel)));
                }
            }
            BitmapFormat::Rgb555 => {
                for (out, pixel) in out.iter_mut().zip(pixels_from::<2>(row, first)) {
                    *out = Self::from_le_bytes(*pixel);
                }
            }
            BitmapFormat::Alpha8 => out.fill(0),
            BitmapFormat::Mono1Le
            | BitmapFormat::Mono1Be
            | BitmapFormat::Indexed4Le
            | BitmapFormat::Indexed4Be
            | BitmapFormat::Indexed8 => {
                // A palette holds colours in the format of the surface.
                for (x, out) in out.iter_mut().enumerate() {
                    *out = Self::from_color(indexed(bitmap, row, first.saturating_add(x)));
                }
            }
        }
    }
}

impl Depth for u8 {
    const COLOR_BITS: u32 = 0xff;

    fn plane(surface: &Surface) -> Option<&Plane<Self>> {
        match surface.pixels() {
            Pixels::Bytes(plane) => Some(plane),
            Pixels::Words(_) | Pixels::Longs(_) => None,
        }
    }

    fn of_color(color: u32, format: SurfaceFormat) -> Self {
        match format {
            SurfaceFormat::A1 if color & 1 == 0 => 0,
            SurfaceFormat::A1 => SET_BIT,
            _ => Self::from_color(color),
        }
    }

    /// A set bit is kept as a byte of ones, which is what 255 of 255 is.
    fn to_argb(self, _: SurfaceFormat) -> u32 {
        u32::from(self) << 24
    }

    fn from_argb(argb: u32, format: SurfaceFormat) -> Self {
        let alpha = argb.to_le_bytes()[3];
        match format {
            SurfaceFormat::A1 if alpha < 0x80 => 0,
            SurfaceFormat::A1 => SET_BIT,
            _ => alpha,
        }
    }

    fn convert_row(bitmap: &Bitmap, row: &[u8], first: usize, format: SurfaceFormat, out: &mut [Self]) {
        match bitmap.format() {
            BitmapFormat::Alpha8 => {
                for (out, [alpha]) in out.iter_mut().zip(pixels_from::<1>(row, first)) {
                    *out = *alpha;
                }
            }
            BitmapFormat::Argb32 => {
                for (out, pixel) in out.iter_mut().zip(pixels_from::<4>(row, first)) {
                    *out = pixel[3];
                }
            }
            _ => out.fill(0xff),
        }
        if format == SurfaceFormat::A1 {
            out.iter_mut().for_each(|alpha| *alpha = Self::from_argb(u32::from(*alpha) << 24, format));
        }
    }
}

/// The palette's entry for pixel `x` of an indexed row.
fn indexed(bitmap: &Bitmap, row: &[u8], x: usize) -> u32 {
    let index = index_at(bitmap.format(), row, x);
    bitmap.palette().map_or(0, |palette: &alloc::sync::Arc<Palette>| palette.color(index))
}

/// Writes the pixels of a bitmap's row from column `first` on as 0xAARRGGBB multiplied by alpha, for
/// blending on a surface of `format`: palettes then hold colours of that format.
pub(crate) fn argb_row(bitmap: &Bitmap, row: &[u8], first: usize, format: SurfaceFormat, out: &mut [u32]) {
    let sixteen_bits = matches!(format, SurfaceFormat::Rgb555 | SurfaceFormat::Rgb565);
    if bitmap.format().is_indexed() && sixteen_bits {
        for (x, out) in out.iter_mut().enumerate() {
            *out = u16::from_color(indexed(bitmap, row, first.saturating_add(x))).to_argb(format);
        }
        return;
    }
    pixel::expand_row(bitmap.format(), row, first, bitmap.palette().map(|palette| &**palette), out);
    let has_alpha = match bitmap.format() {
        BitmapFormat::Argb32 | BitmapFormat::Alpha8 => true,
        indexed if indexed.is_indexed() => format == SurfaceFormat::Argb32,
        _ => false,
    };
    if !has_alpha {
        out.iter_mut().for_each(|pixel| *pixel |= HIGH_BYTE);
    }
}
