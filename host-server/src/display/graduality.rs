//! Whether an image looks like a photograph or like a drawing, by a sample of its pixels.
//!
//! QUIC predicts smooth colours well; LZ finds repetitions. The sample and its weights are those by which the
//! original server chooses, so that both choose alike: pairs of neighbours that differ a little speak for a
//! photograph, equal and contrasting ones against it.

use image::bitmap::{Bitmap, BitmapFormat};
use image::pixel::expand_row;

/// Pixels from one sample to the next.
const STEP: usize = 15;
const EQUAL: f64 = 0.5;
const CONTRASTING: f64 = 1.0;
const SIMILAR: f64 = -0.25;

/// Whether QUIC should do better than LZ. Looks at a fifteenth of the pixels.
pub fn is_gradual(bitmap: &Bitmap) -> bool {
    let (contrast, threshold) = match bitmap.format() {
        BitmapFormat::Rgb555 => (8 << 3, 0.0),
        BitmapFormat::Rgb24 | BitmapFormat::Xrgb32 | BitmapFormat::Argb32 => (60, -0.03),
        _ => return false,
    };
    let (width, height) = (bitmap.width() as usize, bitmap.height() as usize);
    if width < 2 || height < 2 {
        return false;
    }
    let step = if STEP.is_multiple_of(width) { STEP - 1 } else { STEP };
    let (mut sum, mut pairs) = (0.0, 0_u32);
    let mut position = width / 2;
    while position < width * (height - 1) {
        if (position + 1).is_multiple_of(width) {
            position -= 1;
        }
        let [here, right, below, diagonal] = square(bitmap, position % width, position / width);
        if here != right || here != below || here != diagonal {
            sum += [right, below, diagonal].map(|other| weight(here, other, contrast)).iter().sum::<f64>();
        }
        pairs += 3;
        position += step;
    }
    pairs > 0 && sum / f64::from(pairs) < threshold
}

fn weight(a: u32, b: u32, contrast: u8) -> f64 {
    if a == b {
        return EQUAL;
    }
    let [a, b] = [a, b].map(u32::to_le_bytes);
    let differs_much = a.iter().zip(b).take(3).any(|(a, b)| a.abs_diff(b) >= contrast);
    if differs_much { CONTRASTING } else { SIMILAR }
}

/// The pixel in a row as memory has them, its neighbours to the right and below, and the one between those,
/// as 0x00RRGGBB.
fn square(bitmap: &Bitmap, x: usize, stored_row: usize) -> [u32; 4] {
    let pair = |stored_row: usize| {
        let row = u32::try_from(stored_row).unwrap_or(u32::MAX);
        let y = if bitmap.top_down() { row } else { bitmap.height().saturating_sub(row + 1) };
        let mut pair = [0; 2];
        expand_row(bitmap.format(), bitmap.row(y).unwrap_or_default(), x, None, &mut pair);
        pair.map(|pixel| pixel & 0xff_ffff)
    };
    let ([here, right], [below, diagonal]) = (pair(stored_row), pair(stored_row + 1));
    [here, right, below, diagonal]
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use image::bitmap::Layout;
    use image::geometry::Size;

    use super::*;

    fn bitmap(pixel: impl Fn(u32, u32) -> u32) -> Bitmap {
        let size = Size::new(100, 80);
        let pixels = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
        let data: Vec<u8> = pixels.flat_map(|(x, y)| pixel(x, y).to_le_bytes()).collect();
        let layout = Layout::packed(BitmapFormat::Xrgb32, size).unwrap();
        Bitmap::new(layout, None, Bytes::from(data)).unwrap()
    }

    #[test]
    fn a_ramp_is_gradual_and_flat_or_busy_pictures_are_not() {
        assert!(is_gradual(&bitmap(|x, y| (x * 2) << 16 | (y * 3) << 8 | x)));
        assert!(!is_gradual(&bitmap(|_, _| 0x12_3456)));
        assert!(!is_gradual(&bitmap(|x, y| if (x / 2 + y / 2) % 2 == 0 { 0xff_ffff } else { 0 })));
    }
}
