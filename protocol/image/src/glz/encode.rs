//! The dictionary of a server: images that a client has been sent, and encoding with them.
//!
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::search::{self, Table, write_match};
use super::{MAGIC, MAX_LITERALS, Pixel, RGB24, RGB32, RGBA, TOP_DOWN, VERSION};
use crate::bitmap::{Bitmap, BitmapFormat};

/// Distances of pixels that a far match can say.
const MAX_PIXEL_DISTANCE: usize = 1 << 25;
/// Distances of images that a match can say in its three further bytes.
const MAX_IMAGE_DISTANCE: u32 = 1 << 24;
/// Pixels whose place fits everywhere.
const MAX_PIXELS: u64 = MAX_PIXEL_DISTANCE as u64;

/// The images that streams can refer to, which are those that the client keeps.
#[derive(Clone, Debug)]
pub struct Dictionary {
    /// The number of the next image.
    next: u64,
    /// The last images in the order of their numbers, without gaps: as many as fit into `max_pixels`.
    images: VecDeque<Bytes>,
    pixels: u64,
    max_pixels: u64,
    table: Table,
}

impl Dictionary {
    /// An empty dictionary for a client whose window holds `max_pixels`.
    pub fn new(max_pixels: u64) -> Self {
        Self { next: 0, images: VecDeque::new(), pixels: 0, max_pixels, table: Table::new() }
    }

    /// Appends a stream of the bitmap's pixels to `out`. The client must be sent it: later streams refer to it.
    ///
    /// # Errors
    /// [`Unfit`] when the bitmap has no such stream; nothing has changed then.
    pub fn encode(&mut self, bitmap: &Bitmap, out: &mut Vec<u8>) -> Result<(), Unfit> {
        let kind = match bitmap.format() {
            BitmapFormat::Rgb24 => RGB24,
            BitmapFormat::Xrgb32 => RGB32,
            BitmapFormat::Argb32 => RGBA,
            other => return Err(Unfit::Format(other)),
        };
        let (size, area) = (bitmap.size(), bitmap.size().area());
        if area > self.max_pixels.min(MAX_PIXELS) {
            return Err(Unfit::TooLarge { pixels: area });
        }
        self.make_room(area);
        for field in [MAGIC, VERSION] {
            out.extend_from_slice(&field.to_be_bytes());
        }
        out.push(if bitmap.top_down() { kind | TOP_DOWN } else { kind });
        // Lossless: a row has at most MAX_PIXELS of 4 bytes.
        let row_bytes = bitmap.format().row_bytes(size.width) as u32;
        for field in [size.width, size.height, row_bytes] {
            out.extend_from_slice(&field.to_be_bytes());
        }
        out.extend_from_slice(&self.next.to_be_bytes());
        // Images are far fewer than their pixels.
        let oldest_distance = self.images.len() as u32;
        out.extend_from_slice(&oldest_distance.to_be_bytes());
        let data = pixels_of(bitmap);
        let pixels = data.as_chunks::<4>().0;
        // The lower bits of a number are enough: hints are checked.
        search::colors(&self.images, &mut self.table, self.next as u32, pixels, out);
        if kind == RGBA {
            alpha(pixels, bitmap.width() as usize, out);
        }
        self.images.push_back(data);
        self.pixels += area;
        self.next += 1;
        Ok(())
    }

    /// Forgets images until so many more pixels fit.
    fn make_room(&mut self, area: u64) {
        while self.pixels + area > self.max_pixels || self.images.len() >= MAX_IMAGE_DISTANCE as usize {
            let Some(oldest) = self.images.pop_front() else { return };
            self.pixels = self.pixels.saturating_sub(oldest.len() as u64 / 4);
        }
    }
}

/// Appends the alpha of all pixels, as runs and as copies of the row before.
fn alpha(pixels: &[Pixel], width: usize, out: &mut Vec<u8>) {
    let of = |pixel: Pixel| u32::from(pixel[3]);
    let (mut at, mut literals_from) = (0, 0);
    let literals = |from: usize, to: usize, out: &mut Vec<u8>| {
        for group in pixels.get(from..to).unwrap_or_default().chunks(MAX_LITERALS) {
            // 1 to 32 pixels, announced as 0 to 31.
            out.push((group.len() - 1) as u8);
            out.extend(group.iter().map(|pixel| pixel[3]));
        }
    };
    while at < pixels.len() {
        let rest = pixels.get(at..).unwrap_or_default();
        let same_as = |distance: usize| {
            let earlier = at.checked_sub(distance).and_then(|from| pixels.get(from..)).unwrap_or_default();
            earlier.iter().zip(rest).take_while(|(a, b)| of(**a) == of(**b)).count()
        };
        let above = if width < MAX_PIXEL_DISTANCE { same_as(width) } else { 0 };
        let (distance, length) = match same_as(1) {
            run if run >= above => (1, run),
            _ => (width, above),
        };
        // A match of 2 more than its stored length takes three bytes at the least.
        if length < 4 {
            at += 1;
            continue;
        }
        literals(literals_from, at, out);
        write_match(0, distance - 1, length - 2, out);
        at += length;
        literals_from = at;
    }
    literals(literals_from, at, out);
}

/// Pixels of 4 bytes in the order of memory: the bitmap's own where they are like that.
fn pixels_of(bitmap: &Bitmap) -> Bytes {
    let bytes = bitmap.size().area() as usize * 4;
    if bitmap.format() != BitmapFormat::Rgb24
        && (bitmap.stride() == bitmap.width() * 4 || bitmap.height() <= 1)
    {
        return bitmap.data().slice(..bytes.min(bitmap.data().len()));
    }
    let mut pixels = Vec::with_capacity(bytes);
    for row in bitmap.memory_rows() {
        match bitmap.format() {
            BitmapFormat::Rgb24 => {
                pixels.extend(
                    row.as_chunks::<3>().0.iter().flat_map(|&[blue, green, red]| [blue, green, red, 0]),
                );
            }
            _ => pixels.extend_from_slice(row),
        }
    }
    pixels.into()
}

/// Why a bitmap has no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Pixels of this format have none here.
    Format(BitmapFormat),
    /// More pixels than the client's window holds, or than matches can say.
    TooLarge {
        /// Pixels of the bitmap.
        pixels: u64,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(format) => write!(f, "there are no GLZ streams of {format:?} pixels"),
            Self::TooLarge { pixels } => write!(f, "{pixels} pixels are too many for the GLZ window"),
        }
    }
}

impl core::error::Error for Unfit {}
