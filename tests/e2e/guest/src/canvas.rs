//! Pixels in memory: a background painted with antialiased shapes, then sprites and text blended over it in integers,
//! which is what a software-emulated processor does fast enough.

use anyhow::{Context, Result, ensure};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};
use tiny_skia::Pixmap;

/// In pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Size {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// A rectangle in pixels; right and bottom are just outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) right: usize,
    pub(crate) bottom: usize,
}

/// A colour: red, green, blue.
pub(crate) type Colour = [u8; 3];

/// Size and weight of text.
#[derive(Clone, Copy)]
pub(crate) enum Text {
    Title,
    Body,
    Small,
}

/// A picture in the display's own format: blue, green, red, unused.
#[derive(Clone)]
pub(crate) struct Canvas {
    size: Size,
    bytes: Vec<u8>,
}

impl Size {
    /// All of a picture of this size.
    pub(crate) fn whole(self) -> Area {
        Area { left: 0, top: 0, right: self.width, bottom: self.height }
    }
}

impl Area {
    /// The smallest rectangle around both.
    pub(crate) fn around(self, other: Area) -> Area {
        Area {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

impl Canvas {
    /// An opaque picture of what was painted.
    pub(crate) fn painted(pixmap: &Pixmap) -> Result<Self> {
        let size =
            Size { width: usize::try_from(pixmap.width())?, height: usize::try_from(pixmap.height())? };
        let pixels = pixmap.data().as_chunks::<4>().0;
        let bytes = pixels.iter().flat_map(|[red, green, blue, _]| [*blue, *green, *red, 0]).collect();
        Ok(Canvas { size, bytes })
    }

    /// A black picture.
    pub(crate) fn black(size: Size) -> Self {
        Canvas { size, bytes: vec![0; size.width * size.height * 4] }
    }

    /// A picture of pixels in the display's own format.
    pub(crate) fn of_bytes(size: Size, bytes: &[u8]) -> Result<Self> {
        let expected = size.width * size.height * 4;
        ensure!(bytes.len() == expected, "{size:?} needs {expected} bytes, there are {}", bytes.len());
        Ok(Canvas { size, bytes: bytes.to_vec() })
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// All pixels, rows from the top without padding.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A pixmap of this size to paint on.
    pub(crate) fn pixmap(size: Size) -> Result<Pixmap> {
        let (width, height) = (u32::try_from(size.width)?, u32::try_from(size.height)?);
        Pixmap::new(width, height).context("a picture needs a size")
    }

    /// The bytes of row `y` from pixel `left` up to `right`.
    pub(crate) fn row(&self, y: usize, left: usize, right: usize) -> &[u8] {
        let start = y * self.size.width;
        &self.bytes[(start + left) * 4..(start + right) * 4]
    }

    /// Takes `area` over from a picture of the same size.
    pub(crate) fn restore(&mut self, area: Area, from: &Canvas) {
        for y in area.top..area.bottom {
            let start = (y * self.size.width + area.left) * 4;
            let row = from.row(y, area.left, area.right);
            self.bytes[start..start + row.len()].copy_from_slice(row);
        }
    }

    /// A number that depends on every pixel's colour (FNV-1a over red, green, blue): the host compares it with what a client
    /// shows.
    pub(crate) fn fingerprint(&self) -> u64 {
        let pixels = self.bytes.as_chunks::<4>().0;
        let bytes = pixels.iter().flat_map(|[blue, green, red, _]| [*red, *green, *blue]);
        bytes
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    /// The same with the colours that 16 bits can tell apart, as displays widen them again.
    pub(crate) fn of_16_bits(mut self) -> Self {
        for [blue, green, red, _] in self.bytes.as_chunks_mut::<4>().0 {
            *blue = *blue & 0xf8 | *blue >> 5;
            *green = *green & 0xfc | *green >> 6;
            *red = *red & 0xf8 | *red >> 5;
        }
        self
    }

    /// Gives every pixel of `area` a colour by its place in the picture.
    pub(crate) fn paint(&mut self, area: Area, mut colour: impl FnMut(usize, usize) -> Colour) {
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let [red, green, blue] = colour(x, y);
                self.pixel(x, y).copy_from_slice(&[blue, green, red]);
            }
        }
    }

    /// Moves the rows of `area` up by `rows`; the lowest ones stay as they are.
    pub(crate) fn scroll_up(&mut self, area: Area, rows: usize) {
        let start = |y: usize| (y * self.size.width + area.left) * 4;
        let length = (area.right - area.left) * 4;
        for y in area.top + rows..area.bottom {
            let from = start(y);
            self.bytes.copy_within(from..from + length, start(y - rows));
        }
    }

    /// Copies `area` of another picture to `left`, `top`.
    pub(crate) fn place(&mut self, from: &Canvas, area: Area, left: usize, top: usize) {
        for (line, y) in (area.top..area.bottom).enumerate() {
            let row = from.row(y, area.left, area.right);
            let start = ((top + line) * self.size.width + left) * 4;
            self.bytes[start..start + row.len()].copy_from_slice(row);
        }
    }

    /// Blends `sprite` (premultiplied) with its corner at `left`, `top`; gives what changed. What lies outside is cut.
    pub(crate) fn blend(&mut self, sprite: &Pixmap, left: usize, top: usize) -> Result<Area> {
        let (width, height) = (usize::try_from(sprite.width())?, usize::try_from(sprite.height())?);
        let right = (left + width).min(self.size.width);
        let bottom = (top + height).min(self.size.height);
        let pixels = sprite.data().as_chunks::<4>().0;
        for (y, row) in (top..bottom).zip(pixels.chunks(width)) {
            for (x, [red, green, blue, alpha]) in (left..right).zip(row) {
                let under = self.pixel(x, y);
                for (channel, over) in under.iter_mut().zip([blue, green, red]) {
                    *channel = over.saturating_add(scaled(*channel, 255 - alpha));
                }
            }
        }
        Ok(Area { left, top, right, bottom })
    }

    /// Writes `text` with its upper left corner at `left`, `top`; gives what changed.
    pub(crate) fn write(&mut self, text: &str, style: Text, colour: Colour, left: usize, top: usize) -> Area {
        let (weight, height) = style.raster();
        let width = get_raster_width(weight, height);
        let glyphs = text.chars().filter_map(|letter| get_raster(letter, weight, height));
        for (position, glyph) in glyphs.enumerate() {
            for (y, row) in glyph.rows().enumerate() {
                for (x, coverage) in row.iter().enumerate() {
                    self.cover(left + position * width + x, top + y, colour, *coverage);
                }
            }
        }
        Area {
            left,
            top,
            right: (left + style.width(text)).min(self.size.width),
            bottom: (top + height.val()).min(self.size.height),
        }
    }

    fn cover(&mut self, x: usize, y: usize, [red, green, blue]: Colour, coverage: u8) {
        if x >= self.size.width || y >= self.size.height {
            return;
        }
        for (channel, over) in self.pixel(x, y).iter_mut().zip([blue, green, red]) {
            *channel = scaled(over, coverage).saturating_add(scaled(*channel, 255 - coverage));
        }
    }

    /// The three colour bytes of a pixel inside.
    fn pixel(&mut self, x: usize, y: usize) -> &mut [u8] {
        let start = (y * self.size.width + x) * 4;
        &mut self.bytes[start..start + 3]
    }
}

impl Text {
    /// How wide `text` is, in pixels.
    pub(crate) fn width(self, text: &str) -> usize {
        let (weight, height) = self.raster();
        text.chars().count() * get_raster_width(weight, height)
    }

    fn raster(self) -> (FontWeight, RasterHeight) {
        match self {
            Text::Title => (FontWeight::Bold, RasterHeight::Size32),
            Text::Body => (FontWeight::Regular, RasterHeight::Size24),
            Text::Small => (FontWeight::Regular, RasterHeight::Size16),
        }
    }
}

/// `value` times `part` of 255.
fn scaled(value: u8, part: u8) -> u8 {
    let product = u16::from(value) * u16::from(part) + 127;
    u8::try_from(product / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas() -> Canvas {
        Canvas::painted(&Canvas::pixmap(Size { width: 40, height: 40 }).unwrap()).unwrap()
    }

    #[test]
    fn what_is_outside_is_cut_off() {
        let mut canvas = canvas();
        let mut sprite = Canvas::pixmap(Size { width: 8, height: 8 }).unwrap();
        sprite.fill(tiny_skia::Color::WHITE);
        let area = canvas.blend(&sprite, 36, 36).unwrap();
        assert_eq!(area, Area { left: 36, top: 36, right: 40, bottom: 40 });
        assert_eq!(canvas.row(39, 35, 37), [0, 0, 0, 0, 255, 255, 255, 0]);
        canvas.write("wide text", Text::Title, [1, 2, 3], 30, 30);
    }

    #[test]
    fn restoring_brings_the_background_back() {
        let background = canvas();
        let mut canvas = background.clone();
        let area = canvas.write("x", Text::Small, [255, 255, 255], 4, 4);
        assert!(canvas.bytes != background.bytes);
        canvas.restore(area, &background);
        assert!(canvas.bytes == background.bytes);
    }
}
