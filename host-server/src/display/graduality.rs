//! Whether an image looks like a photograph or like a drawing, by a sample of its pixels.
//!
//! QUIC predicts smooth colours well; LZ finds repetitions. The sample and its weights are those by which the
//! original server chooses, so that both choose alike: pairs of neighbours that differ a little speak for a
//! photograph, equal and contrasting ones against it.

use image::bitmap::{Bitmap, BitmapFormat};
use image::pixel::rgb555_to_xrgb;

/// Pixels from one sample to the next.
const STEP: usize = 15;
/// Weights of a pair of pixels, in quarters.
const EQUAL: i64 = 2;
const CONTRASTING: i64 = 4;
const SIMILAR: i64 = -1;

/// Whether QUIC should do better than LZ. Looks at a fifteenth of the pixels.
pub fn is_gradual(bitmap: &Bitmap) -> bool {
    match bitmap.format() {
        BitmapFormat::Rgb555 => {
            let pixel =
                |row: &[u8], x| bytes_at::<2>(row, x).map(|raw| rgb555_to_xrgb(u16::from_le_bytes(raw)));
            mean_weight(bitmap, 8 << 3, pixel) < 0.0
        }
        BitmapFormat::Rgb24 => {
            let pixel = |row: &[u8], x| bytes_at(row, x).map(|[b, g, r]| u32::from_le_bytes([b, g, r, 0]));
            mean_weight(bitmap, 60, pixel) < -0.03
        }
        BitmapFormat::Xrgb32 | BitmapFormat::Argb32 => {
            let pixel = |row: &[u8], x| bytes_at(row, x).map(|[b, g, r, _]| u32::from_le_bytes([b, g, r, 0]));
            mean_weight(bitmap, 60, pixel) < -0.03
        }
        _ => false,
    }
}

/// The mean weight of pairs of a sample; `pixel` gives 0x00RRGGBB of a column. 1 when there are no pairs.
fn mean_weight(bitmap: &Bitmap, contrast: u8, pixel: impl Fn(&[u8], usize) -> Option<u32>) -> f64 {
    let width = bitmap.width() as usize;
    if width < 2 {
        return 1.0;
    }
    let step = if STEP.is_multiple_of(width) { STEP - 1 } else { STEP };
    let (mut sum, mut pairs) = (0_i64, 0_i64);
    let mut x = width / 2;
    let mut rows = bitmap.memory_rows().peekable();
    while let (Some(row), Some(below)) = (rows.next(), rows.peek()) {
        while x < width {
            // The last column has no neighbour: the one before it stands for it.
            x = x.min(width - 2);
            if let (Some(here), Some(right), Some(under), Some(diagonal)) =
                (pixel(row, x), pixel(row, x + 1), pixel(below, x), pixel(below, x + 1))
                && (here != right || here != under || here != diagonal)
            {
                sum += weight(here, right, contrast)
                    + weight(here, under, contrast)
                    + weight(here, diagonal, contrast);
            }
            pairs += 3;
            x += step;
        }
        x -= width;
    }
    if pairs == 0 { 1.0 } else { sum as f64 / (4 * pairs) as f64 }
}

fn weight(a: u32, b: u32, contrast: u8) -> i64 {
    if a == b {
        return EQUAL;
    }
    let ([a0, a1, a2, _], [b0, b1, b2, _]) = (a.to_le_bytes(), b.to_le_bytes());
    let most = a0.abs_diff(b0).max(a1.abs_diff(b1)).max(a2.abs_diff(b2));
    if most >= contrast { CONTRASTING } else { SIMILAR }
}

/// The bytes of the pixel in a column.
fn bytes_at<const N: usize>(row: &[u8], x: usize) -> Option<[u8; N]> {
    row.as_chunks::<N>().0.get(x).copied()
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
