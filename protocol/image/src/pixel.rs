//! Conversions between pixels of different depth, one pixel or one row at a time.
//!
//! Five- and six-bit channels grow to eight by repeating their highest bits, and shrink by dropping the
//! lowest ones, as pixman and every SPICE client do it.

use crate::bitmap::{BitmapFormat, Palette};

/// 0RRRRRGGGGGBBBBB as 0x00RRGGBB.
pub const fn rgb555_to_xrgb(pixel: u16) -> u32 {
    let pixel = pixel as u32;
    let blue = (pixel & 0x001f) << 3 | (pixel & 0x001c) >> 2;
    let green = (pixel & 0x03e0) << 6 | (pixel & 0x0380) << 1;
    let red = (pixel & 0x7c00) << 9 | (pixel & 0x7000) << 4;
    red | green | blue
}

/// RRRRRGGGGGGBBBBB as 0x00RRGGBB.
pub const fn rgb565_to_xrgb(pixel: u16) -> u32 {
    let pixel = pixel as u32;
    let blue = (pixel & 0x001f) << 3 | (pixel & 0x001c) >> 2;
    let green = (pixel & 0x07e0) << 5 | (pixel & 0x0600) >> 1;
    let red = (pixel & 0xf800) << 8 | (pixel & 0xe000) << 3;
    red | green | blue
}

/// 0xXXRRGGBB as 0RRRRRGGGGGBBBBB.
pub const fn xrgb_to_rgb555(pixel: u32) -> u16 {
    ((pixel >> 3) & 0x001f | (pixel >> 6) & 0x03e0 | (pixel >> 9) & 0x7c00) as u16
}

/// 0xXXRRGGBB as RRRRRGGGGGGBBBBB.
pub const fn xrgb_to_rgb565(pixel: u32) -> u16 {
    ((pixel >> 3) & 0x001f | (pixel >> 5) & 0x07e0 | (pixel >> 8) & 0xf800) as u16
}

/// The index of pixel `x` in a row of an indexed format, or its byte in an 8-bit one; 0 outside the row.
pub fn index_at(format: BitmapFormat, row: &[u8], x: usize) -> u8 {
    let byte = |at: usize| row.get(at).copied().unwrap_or(0);
    match format {
        BitmapFormat::Mono1Le => byte(x / 8) >> (x % 8) & 1,
        BitmapFormat::Mono1Be => byte(x / 8) >> (7 - x % 8) & 1,
        BitmapFormat::Indexed4Le => byte(x / 2) >> (x % 2 * 4) & 15,
        BitmapFormat::Indexed4Be => byte(x / 2) >> (4 - x % 2 * 4) & 15,
        _ => byte(x),
    }
}

/// Writes pixels of a row from column `first` on as 32-bit pixels, by the rules of
/// [`crate::bitmap::Bitmap::row_to_xrgb`], until the row or `out` ends.
pub fn expand_row(
    format: BitmapFormat,
    row: &[u8],
    first: usize,
    palette: Option<&Palette>,
    out: &mut [u32],
) {
    match format {
        BitmapFormat::Xrgb32 | BitmapFormat::Argb32 => {
            for (out, pixel) in out.iter_mut().zip(pixels_from::<4>(row, first)) {
                *out = u32::from_le_bytes(*pixel);
            }
        }
        BitmapFormat::Rgb24 => {
            for (out, &[blue, green, red]) in out.iter_mut().zip(pixels_from::<3>(row, first)) {
                *out = u32::from_le_bytes([blue, green, red, 0]);
            }
        }
        BitmapFormat::Rgb555 => {
            for (out, pixel) in out.iter_mut().zip(pixels_from::<2>(row, first)) {
                *out = rgb555_to_xrgb(u16::from_le_bytes(*pixel));
            }
        }
        BitmapFormat::Alpha8 => {
            for (out, [alpha]) in out.iter_mut().zip(pixels_from::<1>(row, first)) {
                *out = u32::from(*alpha) << 24;
            }
        }
        BitmapFormat::Indexed8 => {
            let Some(palette) = palette else { return out.fill(0) };
            for (out, [index]) in out.iter_mut().zip(pixels_from::<1>(row, first)) {
                *out = palette.color(*index);
            }
        }
        BitmapFormat::Mono1Le
        | BitmapFormat::Mono1Be
        | BitmapFormat::Indexed4Le
        | BitmapFormat::Indexed4Be => {
            let Some(palette) = palette else { return out.fill(0) };
            for (x, out) in out.iter_mut().enumerate() {
                *out = palette.color(index_at(format, row, first.saturating_add(x)));
            }
        }
    }
}

/// The pixels of `N` bytes each of a row, from column `first` on.
pub fn pixels_from<const N: usize>(row: &[u8], first: usize) -> &[[u8; N]] {
    row.as_chunks::<N>().0.get(first..).unwrap_or_default()
}

/// How many of the first pixels have this key.
pub(crate) fn run_length<R: Copy>(pixels: &[R], wanted: u32, key: impl Fn(R) -> u32) -> usize {
    let same = |pixel: &&R| key(**pixel) == wanted;
    let (first, pixels) = pixels.split_at(pixels.len().min(8));
    let short = first.iter().take_while(same).count();
    if short < first.len() {
        return short;
    }
    // Long runs are compared many pixels at a time.
    let blocks = pixels.as_chunks::<16>().0;
    let whole = blocks
        .iter()
        .take_while(|block| block.iter().fold(0, |differs, pixel| differs | (key(*pixel) ^ wanted)) == 0)
        .count();
    let rest = pixels.get(whole * 16..).unwrap_or_default();
    short + whole * 16 + rest.iter().take_while(same).count()
}
