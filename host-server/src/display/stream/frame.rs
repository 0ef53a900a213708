//! A frame of a video, and its encodings: made when the first client wants one, and shared by all that want the same.

use bytes::Bytes;
use image::bitmap::{Bitmap, BitmapFormat, Layout};
use image::geometry::Size;
use image::jpeg;

/// How well a frame is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// That of libjpeg, from 0 to 100.
    pub jpeg: u8,
    /// Whether half of the columns and rows have to do.
    pub halved: bool,
    /// Thousandths of a bit for each pixel, where frames build on each other; then all pixels are encoded.
    pub bits: u16,
}

/// The pixels of a video at one moment.
#[derive(Debug)]
pub struct Frame {
    pixels: Bitmap,
    encoded: Vec<(Quality, Encoded)>,
}

/// A frame as it is sent.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// Columns and rows.
    pub size: Size,
    /// A JPEG file.
    pub data: Bytes,
}

impl Frame {
    /// A frame of 32-bit pixels.
    pub const fn new(pixels: Bitmap) -> Self {
        Self { pixels, encoded: Vec::new() }
    }

    /// The pixels.
    pub const fn pixels(&self) -> &Bitmap {
        &self.pixels
    }

    /// The frame's JPEG file; `None` when there is none of such pixels.
    pub fn encode(&mut self, quality: Quality, encoder: &mut jpeg::Encoder) -> Option<Encoded> {
        if let Some((_, encoded)) = self.encoded.iter().find(|(known, _)| *known == quality) {
            return Some(encoded.clone());
        }
        let half = if quality.halved { halved(&self.pixels) } else { None };
        let pixels = half.as_ref().unwrap_or(&self.pixels);
        let mut file = Vec::new();
        if let Err(error) = encoder.encode(pixels, quality.jpeg, &mut file) {
            tracing::warn!(%error, "a video's frame was not encoded");
            return None;
        }
        let encoded = Encoded { size: pixels.size(), data: file.into() };
        self.encoded.push((quality, encoded.clone()));
        Some(encoded)
    }
}

/// Half of the columns and rows, each pixel the mean of four; `None` for what is too small or has no 32-bit pixels.
fn halved(bitmap: &Bitmap) -> Option<Bitmap> {
    let size = Size::new(bitmap.width() / 2, bitmap.height() / 2);
    if size.area() == 0 || bitmap.format() != BitmapFormat::Xrgb32 {
        return None;
    }
    let layout = Layout::packed(BitmapFormat::Xrgb32, size).ok()?;
    let mut data = Vec::with_capacity(usize::try_from(layout.data_bytes()).ok()?);
    for y in 0..size.height {
        let upper = bitmap.row(2 * y)?.as_chunks::<8>().0;
        let lower = bitmap.row(2 * y + 1)?.as_chunks::<8>().0;
        for (upper, lower) in upper.iter().zip(lower) {
            let pair = |row: &[u8; 8], channel: usize| {
                u16::from(row.get(channel).copied().unwrap_or(0))
                    + u16::from(row.get(channel + 4).copied().unwrap_or(0))
            };
            let mean = |channel| ((pair(upper, channel) + pair(lower, channel) + 2) / 4).to_le_bytes()[0];
            data.extend_from_slice(&[mean(0), mean(1), mean(2), 0]);
        }
    }
    Bitmap::new(layout, None, data.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(size: Size) -> Bitmap {
        let layout = Layout::packed(BitmapFormat::Xrgb32, size).unwrap();
        let pixels = (0..size.height).flat_map(|y| (0..size.width).map(move |x| ((x * 4) << 8) | (y * 4)));
        let data: Vec<u8> = pixels.flat_map(u32::to_le_bytes).collect();
        Bitmap::new(layout, None, data.into()).unwrap()
    }

    #[test]
    fn a_frame_is_encoded_once_for_each_quality() {
        let mut frame = Frame::new(ramp(Size::new(64, 33)));
        let mut encoder = jpeg::Encoder::new();
        let good = Quality { jpeg: 80, halved: false, bits: 0 };
        let first = frame.encode(good, &mut encoder).unwrap();
        let again = frame.encode(good, &mut encoder).unwrap();
        assert_eq!(first.data.as_ptr(), again.data.as_ptr());
        let half = frame.encode(Quality { jpeg: 80, halved: true, bits: 0 }, &mut encoder).unwrap();
        assert_eq!((first.size, half.size), (Size::new(64, 33), Size::new(32, 16)));
        assert!(half.data.len() < first.data.len());
        assert_eq!(jpeg::decode(&half.data, 1 << 20).unwrap().size(), half.size);
    }

    #[test]
    fn half_a_picture_has_the_means() {
        let half = halved(&ramp(Size::new(6, 4))).unwrap();
        assert_eq!(half.row(1).unwrap()[4..8], [10, 10, 0, 0]);
        assert!(halved(&ramp(Size::new(1, 9))).is_none());
    }
}
