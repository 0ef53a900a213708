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
            is_lighter(bitmap, 0.0, 8 << 3, pixel)
        }
        BitmapFormat::Rgb24 => {
            let pixel = |row: &[u8], x| bytes_at(row, x).map(|[b, g, r]| u32::from_le_bytes([b, g, r, 0]));
            is_lighter(bitmap, -0.03, 60, pixel)
        }
        BitmapFormat::Xrgb32 | BitmapFormat::Argb32 => {
            let pixel = |row: &[u8], x| bytes_at(row, x).map(|[b, g, r, _]| u32::from_le_bytes([b, g, r, 0]));
            is_lighter(bitmap, -0.03, 60, pixel)
        }
        _ => false,
    }
}

/// Whether the mean weight of pairs of a sample is below `limit`, which is above that of similar ones; `pixel` gives 0x00RRGGBB
/// of a column. Not when there are no pairs.
fn is_lighter(
    bitmap: &Bitmap,
    limit: f64,
    contrast: u8,
    pixel: impl Fn(&[u8], usize) -> Option<u32>,
) -> bool {
    let width = bitmap.width() as usize;
    if width < 2 {
        return false;
    }
    let step = if STEP.is_multiple_of(width) { STEP - 1 } else { STEP };
    let pairs_of_row = 3 * (width / step + 1) as i64;
    let (mut sum, mut pairs) = (0_i64, 0_i64);
    let mut x = width / 2;
    let mut rows = bitmap.memory_rows().peekable();
    while let (Some(row), Some(below)) = (rows.next(), rows.peek()) {
        while x < width {
            // The last column has no neighbour: the one before it stands for it.
            x = x.min(width - 2);
            if let (Some(here), Some(right), Some(under), Some(diagonal)) =
                (pixel(row, x), pixel(row, x + 1), pixel(below, x), pixel(below, x + 1))
                && (here ^ right) | (here ^ under) | (here ^ diagonal) != 0
            {
                sum +=
                    [right, under, diagonal].map(|other| weight(here, other, contrast)).iter().sum::<i64>();
            }
            pairs += 3;
            x += step;
        }
        x -= width;
        // Whatever the remaining rows are, they may not be able to change the answer any more.
        let rest = pairs_of_row * (rows.len() as i64 - 1);
        let mean = |each: i64| (sum + each * rest) as f64 / (4 * (pairs + rest)) as f64;
        if mean(SIMILAR) >= limit {
            return false;
        }
        if mean(CONTRASTING) < limit {
            return true;
        }
    }
    false
}

fn weight(a: u32, b: u32, contrast: u8) -> i64 {
    let ([a0, a1, a2, _], [b0, b1, b2, _]) = (a.to_le_bytes(), b.to_le_bytes());
    let most = a0.abs_diff(b0).max(a1.abs_diff(b1)).max(a2.abs_diff(b2));
    // Which of the three it is, is hard to foresee: no branches.
    let (equal, contrasting) = (i64::from(most == 0), i64::from(most >= contrast));
    SIMILAR + (EQUAL - SIMILAR) * equal + (CONTRASTING - SIMILAR) * contrasting
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

    /// The mean weight of the sample to its end.
    fn mean_weight(bitmap: &Bitmap) -> f64 {
        let pixel = |x: usize, y: usize| {
            let row: Vec<&[u8]> = bitmap.memory_rows().skip(y).take(1).collect();
            row.first()
                .and_then(|row| bytes_at(row, x))
                .map_or(0, |[b, g, r, _]| u32::from_le_bytes([b, g, r, 0]))
        };
        let (mut x, mut weights) = (bitmap.width() as usize / 2, Vec::new());
        for y in 0..bitmap.height() as usize - 1 {
            while x < bitmap.width() as usize {
                x = x.min(bitmap.width() as usize - 2);
                let others = [pixel(x + 1, y), pixel(x, y + 1), pixel(x + 1, y + 1)];
                let same = others.iter().all(|other| *other == pixel(x, y));
                weights.extend(others.map(|other| if same { 0 } else { weight(pixel(x, y), other, 60) }));
                x += STEP;
            }
            x -= bitmap.width() as usize;
        }
        weights.iter().sum::<i64>() as f64 / (4 * weights.len()) as f64
    }

    /// Above a line there is a ramp, below it something else, or the other way round: no line makes the first part speak for all.
    #[test]
    fn an_early_answer_is_that_of_all_pairs() {
        let ramp = |x: u32, y: u32| (x * 2) << 16 | (y * 3) << 8 | x;
        let busy = |x: u32, y: u32| if (x / 2 + y / 2).is_multiple_of(2) { 0x00ff_ffff } else { 0 };
        let mut answers = [0, 0];
        for line in 0..=80 {
            for first_is_ramp in [true, false] {
                let image = bitmap(|x, y| if (y < line) == first_is_ramp { ramp(x, y) } else { busy(x, y) });
                let answer = is_gradual(&image);
                assert_eq!(answer, mean_weight(&image) < -0.03, "{line} {first_is_ramp}");
                answers[usize::from(answer)] += 1;
            }
        }
        assert!(answers.iter().all(|count| *count > 10), "{answers:?}");
    }
}
