//! The window of a client: images of earlier streams, and decoding with them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::{MAGIC, MAX_LITERALS, Pixel, RGB16, RGB24, RGB32, RGBA, TOP_DOWN, VERSION};
use crate::bitmap::{Bitmap, BitmapError, BitmapFormat, Layout, UnknownFormat};
use crate::geometry::Size;
use crate::pixel::rgb555_to_xrgb;

/// Pixels that are made room for before the first of them is there.
const FIRST_RESERVE: usize = 1 << 18;

/// The images that later ones can refer to. Streams may come in another order than that of their numbers, as those of several channels
/// do, where they refer to nothing that has not come.
#[derive(Clone, Debug)]
pub struct Window {
    /// By the images' numbers.
    images: BTreeMap<u64, Kept>,
    /// The first number of which no image has come.
    missing: u64,
    /// The first number that images before that one refer to.
    oldest: u64,
    pixels: u64,
    max_pixels: u64,
}

impl Window {
    /// A window without images, that never holds more than `max_pixels` of them. The size that a client
    /// announces (`pixmap_cache` apart, display message `INIT`) is enough for what a server refers to.
    pub const fn new(max_pixels: u64) -> Self {
        Self { images: BTreeMap::new(), missing: 0, oldest: 0, pixels: 0, max_pixels }
    }

    /// Forgets all images.
    pub fn clear(&mut self) {
        self.images.clear();
        self.missing = 0;
        self.oldest = 0;
        self.pixels = 0;
    }

    /// The bitmap that a stream stands for, as [`BitmapFormat::Argb32`] when it has alpha, and as
    /// [`BitmapFormat::Xrgb32`] otherwise; it is kept for later streams.
    ///
    /// # Errors
    /// [`DecodeError`]; [`DecodeError::MissingImage`] also when another channel has yet to decode it. After
    /// an error the window is as it was.
    pub fn decode(&mut self, stream: &[u8]) -> Result<Bitmap, DecodeError> {
        let mut input = Input(stream);
        let header = Header::read(&mut input)?;
        let size = header.size;
        // No pixels can still be a thousand million rows, which whoever walks them would pay for.
        if size.area() == 0 || size.area() > self.max_pixels {
            return Err(DecodeError::TooLarge(size));
        }
        let count = usize::try_from(size.area()).map_err(|_| DecodeError::TooLarge(size))?;
        let sequence = Sequence { images: &self.images, image: header.image, count };
        let mut pixels = match header.kind {
            RGB16 => sequence.colors(&mut input, 1, |[high, low]| {
                rgb555_to_xrgb(u16::from_be_bytes([high, low])).to_le_bytes()
            })?,
            _ => sequence.colors(&mut input, 0, |[blue, green, red]| [blue, green, red, 0])?,
        };
        if header.kind == RGBA {
            sequence.alpha(&mut input, &mut pixels)?;
        }
        if !input.0.is_empty() {
            return Err(DecodeError::TrailingBytes(input.0.len()));
        }
        let data = Bytes::from(pixels.into_flattened());
        let format = if header.kind == RGBA { BitmapFormat::Argb32 } else { BitmapFormat::Xrgb32 };
        let layout = Layout { top_down: header.top_down, ..Layout::packed(format, size)? };
        let bitmap = Bitmap::new(layout, None, data.clone())?;
        self.keep(&header, data);
        Ok(bitmap)
    }

    /// Adds an image, and drops those that nothing refers to any more: what comes after all that has come without a gap knows
    /// which.
    fn keep(&mut self, header: &Header, data: Bytes) {
        let oldest = header.image.saturating_sub(header.oldest_distance.into());
        self.images.insert(header.image, Kept { data, oldest });
        while let Some(image) = self.images.get(&self.missing) {
            self.oldest = image.oldest;
            self.missing += 1;
        }
        self.images = self.images.split_off(&self.oldest);
        self.pixels = self.images.values().map(Kept::pixels).fold(0, u64::saturating_add);
        while self.pixels > self.max_pixels {
            let Some((_, dropped)) = self.images.pop_first() else { return };
            self.pixels -= dropped.pixels();
        }
    }
}

/// An image in the window.
#[derive(Clone, Debug)]
struct Kept {
    /// Pixels of 4 bytes in the order of streams.
    data: Bytes,
    /// The oldest image that it and those after it refer to.
    oldest: u64,
}

impl Kept {
    fn pixels(&self) -> u64 {
        u64::try_from(self.data.len() / 4).unwrap_or(u64::MAX)
    }
}

struct Header {
    kind: u8,
    top_down: bool,
    size: Size,
    image: u64,
    oldest_distance: u32,
}

impl Header {
    fn read(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let (magic, version) = (input.number()?, input.number()?);
        if magic != MAGIC || version != VERSION {
            return Err(DecodeError::NotGlz { magic, version });
        }
        let [kind] = input.take()?;
        let (kind, top_down) = (kind & 15, kind & TOP_DOWN != 0);
        if !matches!(kind, RGB16 | RGB24 | RGB32 | RGBA) {
            return Err(DecodeError::Kind(UnknownFormat(kind.into())));
        }
        let size = Size::new(input.number()?, input.number()?);
        let _row_bytes = input.number()?;
        let image = u64::from_be_bytes(input.take()?);
        Ok(Self { kind, top_down, size, image, oldest_distance: input.number()? })
    }
}

/// What of a stream has not been read yet.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn number(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.take()?))
    }

    fn byte(&mut self) -> Result<usize, DecodeError> {
        let [byte] = self.take()?;
        Ok(byte.into())
    }

    /// The bytes of a little-endian number of at most 4 bytes.
    fn bytes(&mut self, count: usize) -> Result<usize, DecodeError> {
        (0..count).try_fold(0, |number, place| Ok(number | self.byte()? << (8 * place)))
    }

    /// The rest of a match.
    fn reference(&mut self, control: usize) -> Result<Reference, DecodeError> {
        let mut length = control >> 5;
        if length == 7 {
            loop {
                let more = self.byte()?;
                length = length.saturating_add(more);
                if more != 255 {
                    break;
                }
            }
        }
        let mut pixels = control & 15 | self.byte()? << 4;
        let more = self.byte()?;
        let images = if control & 16 == 0 {
            more & 63 | self.bytes(more >> 6)? << 6
        } else {
            pixels |= (more & 31) << 12;
            let images = self.bytes(more >> 6)?;
            if more & 32 != 0 {
                pixels |= self.byte()? << 17;
            }
            images
        };
        Ok(Reference { images, pixels, length })
    }
}

/// Where a match is, and its stored length.
struct Reference {
    images: usize,
    pixels: usize,
    length: usize,
}

/// One sequence of literals and matches of an image.
#[derive(Clone, Copy)]
struct Sequence<'a> {
    images: &'a BTreeMap<u64, Kept>,
    image: u64,
    count: usize,
}

impl Sequence<'_> {
    /// Reads all pixels but for their alpha.
    fn colors<const LITERAL: usize>(
        &self,
        input: &mut Input<'_>,
        length_bias: usize,
        convert: impl Fn([u8; LITERAL]) -> Pixel,
    ) -> Result<Vec<Pixel>, DecodeError> {
        let mut out = Vec::with_capacity(self.count.min(FIRST_RESERVE));
        while out.len() < self.count {
            let control = input.byte()?;
            let room = self.count - out.len();
            if control < MAX_LITERALS {
                if control >= room {
                    return Err(DecodeError::TooManyPixels);
                }
                for _ in 0..=control {
                    out.push(convert(input.take()?));
                }
                continue;
            }
            let Reference { images, pixels, length } = input.reference(control)?;
            let length = length.saturating_add(length_bias);
            if length > room {
                return Err(DecodeError::TooManyPixels);
            }
            if images == 0 {
                repeat(&mut out, pixels + 1, length)?;
            } else {
                out.extend_from_slice(self.other(images, pixels, length)?);
            }
        }
        Ok(out)
    }

    /// Reads the alpha of all pixels.
    fn alpha(&self, input: &mut Input<'_>, out: &mut [Pixel]) -> Result<(), DecodeError> {
        let mut at = 0;
        while at < self.count {
            let control = input.byte()?;
            if control < MAX_LITERALS {
                let room = out.get_mut(at..at + control + 1).ok_or(DecodeError::TooManyPixels)?;
                for pixel in room {
                    [pixel[3]] = input.take()?;
                }
                at += control + 1;
                continue;
            }
            let Reference { images, pixels, length } = input.reference(control)?;
            let end = at.saturating_add(length.saturating_add(2));
            if end > self.count {
                return Err(DecodeError::TooManyPixels);
            }
            if images == 0 {
                let distance = pixels + 1;
                let start = at.checked_sub(distance).ok_or(DecodeError::BeforeStart)?;
                for from in start..end - distance {
                    let alpha = out.get(from).map_or(0, |pixel| pixel[3]);
                    if let Some(pixel) = out.get_mut(from + distance) {
                        pixel[3] = alpha;
                    }
                }
            } else {
                let other = self.other(images, pixels, end - at)?;
                for (pixel, other) in out.get_mut(at..end).unwrap_or_default().iter_mut().zip(other) {
                    pixel[3] = other[3];
                }
            }
            at = end;
        }
        Ok(())
    }

    /// Pixels of an earlier image.
    fn other(&self, distance: usize, first: usize, length: usize) -> Result<&[Pixel], DecodeError> {
        let distance = u64::try_from(distance).unwrap_or(u64::MAX);
        let image = self.image.checked_sub(distance).ok_or(DecodeError::BeforeStart)?;
        let Kept { data, .. } = self.images.get(&image).ok_or(DecodeError::MissingImage(image))?;
        let end = first.saturating_add(length);
        data.as_chunks().0.get(first..end).ok_or(DecodeError::BeyondImage(image))
    }
}

/// Appends `length` pixels that lie `distance` before the end; where that reaches beyond the end, the pixels
/// repeat.
fn repeat(out: &mut Vec<Pixel>, distance: usize, length: usize) -> Result<(), DecodeError> {
    let start = out.len().checked_sub(distance).ok_or(DecodeError::BeforeStart)?;
    let end = out.len() + length;
    while out.len() < end {
        let piece = (out.len() - start).min(end - out.len());
        out.extend_from_within(start..start + piece);
    }
    Ok(())
}

/// Why bytes are not a GLZ stream of this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Not the magic number or the version.
    NotGlz {
        /// What stands for the magic number.
        magic: u32,
        /// What stands for the version.
        version: u32,
    },
    /// A kind that does not exist, or that servers do not send.
    Kind(UnknownFormat),
    /// More pixels than the window holds.
    TooLarge(Size),
    /// The stream ends before its last pixel.
    Truncated,
    /// A literal or a match goes beyond the last pixel.
    TooManyPixels,
    /// A match begins before the first pixel, or in an image before the first one.
    BeforeStart,
    /// A match in an image that the window does not have.
    MissingImage(u64),
    /// A match goes beyond the last pixel of an earlier image.
    BeyondImage(u64),
    /// Bytes follow the last pixel.
    TrailingBytes(usize),
    /// The pixels are no bitmap.
    Bitmap(BitmapError),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGlz { magic, version } => {
                write!(f, "magic number {magic:#x} and version {version:#x} are not GLZ")
            }
            Self::Kind(error) => write!(f, "GLZ stream: {error}"),
            Self::TooLarge(size) => {
                write!(
                    f,
                    "a GLZ image of {} x {} pixels is empty or larger than the window",
                    size.width, size.height
                )
            }
            Self::Truncated => f.write_str("the GLZ stream ends before its last pixel"),
            Self::TooManyPixels => f.write_str("the GLZ stream has more pixels than the image"),
            Self::BeforeStart => f.write_str("a GLZ match begins before the first pixel"),
            Self::MissingImage(image) => write!(f, "a GLZ match is in image {image}, which is not there"),
            Self::BeyondImage(image) => write!(f, "a GLZ match goes beyond the end of image {image}"),
            Self::TrailingBytes(count) => write!(f, "{count} bytes follow the last pixel of a GLZ stream"),
            Self::Bitmap(error) => write!(f, "GLZ stream: {error}"),
        }
    }
}

impl core::error::Error for DecodeError {}

impl From<BitmapError> for DecodeError {
    fn from(error: BitmapError) -> Self {
        Self::Bitmap(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(kind: u8, size: (u32, u32), image: u64, oldest: u32, body: &[u8]) -> Vec<u8> {
        let mut stream = Vec::new();
        for number in [MAGIC, VERSION] {
            stream.extend(number.to_be_bytes());
        }
        stream.push(kind | 16);
        for number in [size.0, size.1, size.0.wrapping_mul(4)] {
            stream.extend(number.to_be_bytes());
        }
        stream.extend(image.to_be_bytes());
        stream.extend(oldest.to_be_bytes());
        stream.extend_from_slice(body);
        stream
    }

    #[test]
    fn matches_reach_into_the_same_and_into_other_images() {
        let mut window = Window::new(100);
        // A literal, and a run of three: length 3, pixel distance 0, image distance 0.
        let first = stream(RGB32, (4, 1), 0, 0, &[0, 1, 2, 3, 3 << 5, 0, 0]);
        assert_eq!(window.decode(&first).unwrap().data()[..], [1, 2, 3, 0].repeat(4));
        // Two literals, and two pixels from pixel 1 of the image before.
        let second = stream(RGB32, (2, 2), 1, 1, &[1, 9, 9, 9, 8, 8, 8, 2 << 5 | 1, 0, 1]);
        let data = window.decode(&second).unwrap().data().clone();
        assert_eq!(data[..], [9, 9, 9, 0, 8, 8, 8, 0, 1, 2, 3, 0, 1, 2, 3, 0]);
        // Image 0 is out of the window once image 2 says so.
        let third = stream(RGB32, (1, 1), 2, 0, &[0, 5, 5, 5]);
        window.decode(&third).unwrap();
        let fourth = stream(RGB32, (2, 1), 3, 0, &[2 << 5, 0, 3]);
        assert_eq!(window.decode(&fourth), Err(DecodeError::MissingImage(0)));
    }

    #[test]
    fn an_image_that_comes_early_drops_nothing_that_is_still_referred_to() {
        let mut window = Window::new(100);
        let first = stream(RGB32, (2, 1), 0, 0, &[1, 1, 2, 3, 4, 5, 6]);
        // Image 2 needs nothing before it any more, but image 1, which comes later, refers to image 0.
        let third = stream(RGB32, (1, 1), 2, 0, &[0, 9, 9, 9]);
        let second = stream(RGB32, (2, 1), 1, 1, &[2 << 5, 0, 1]);
        window.decode(&first).unwrap();
        window.decode(&third).unwrap();
        assert_eq!(window.decode(&second).unwrap().data()[..], [1, 2, 3, 0, 4, 5, 6, 0]);
        let fourth = stream(RGB32, (2, 1), 3, 3, &[2 << 5, 0, 3]);
        assert_eq!(window.decode(&fourth), Err(DecodeError::MissingImage(0)));
    }

    #[test]
    fn a_match_beyond_either_end_is_an_error() {
        let mut window = Window::new(100);
        let before = stream(RGB32, (4, 1), 1, 0, &[0, 1, 2, 3, 1 << 5 | 1, 0, 0]);
        assert_eq!(window.decode(&before), Err(DecodeError::BeforeStart));
        let long = stream(RGB32, (2, 1), 1, 0, &[0, 1, 2, 3, 3 << 5, 0, 0]);
        assert_eq!(window.decode(&long), Err(DecodeError::TooManyPixels));
        window.decode(&stream(RGB32, (1, 1), 1, 0, &[0, 1, 2, 3])).unwrap();
        let beyond = stream(RGB32, (2, 1), 2, 1, &[2 << 5, 0, 1]);
        assert_eq!(window.decode(&beyond), Err(DecodeError::BeyondImage(1)));
        let huge = stream(RGB32, (u32::MAX, 2), 2, 1, &[]);
        assert!(matches!(window.decode(&huge), Err(DecodeError::TooLarge(_))));
    }
}
