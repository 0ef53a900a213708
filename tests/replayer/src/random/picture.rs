//! Images: bitmaps of every format, pictures that the guest has compressed, surfaces, and the drawing's own area.

use bytes::Bytes;
use image::bitmap::{Bitmap, BitmapFormat, Layout};
use image::geometry::Size;
use image::quic::Encoder;

use super::author::Author;
use super::script::Area;
use super::surfaces::Live;

/// `SPICE_BITMAP_FMT_*`, bits of a pixel, and entries of the palette. The two formats whose first pixel is
/// in the low bits are missing: the original ends the process when it renders them.
type Kind = (i32, i32, i32);

const PLAIN: [Kind; 5] = [(6, 16, 0), (7, 24, 0), RGB32, RGBA, (10, 8, 0)];
const INDEXED: [Kind; 3] = [(2, 1, 2), (4, 4, 16), (5, 8, 256)];
pub(super) const RGB32: Kind = (8, 32, 0);
pub(super) const RGBA: Kind = (9, 32, 0);
pub(super) const BITS: Kind = (2, 1, 0);

/// What kinds of images there may be besides bitmaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// None.
    Bitmaps,
    /// Surfaces with as many bits a pixel as the target.
    SameDepth,
    /// All surfaces.
    AnySurface,
    /// All that have kept no transform.
    StraightSurface,
}

impl Author {
    /// An image of that size.
    pub(super) fn picture(&mut self, target: &Live, width: i32, height: i32) {
        if self.dice.one_in(8) {
            return self.compressed(width, height);
        }
        let kind = if target.format.takes_palettes() && self.dice.one_in(3) {
            self.dice.pick(&INDEXED, RGB32)
        } else {
            self.dice.pick(&PLAIN, RGB32)
        };
        self.bitmap(kind, width, height);
    }

    /// An image, and the part of it that fills `area`, mostly as large as that.
    pub(super) fn source(&mut self, target: &Live, area: Area, from: From) {
        let scaled = self.dice.one_in(3);
        self.source_of(target, area, from, scaled);
    }

    /// An image, and the part of it that fills `area`.
    pub(super) fn source_of(
        &mut self,
        target: &Live,
        Area(_, _, width, height): Area,
        from: From,
        scaled: bool,
    ) {
        let (mut columns, mut rows) = (width, height);
        if scaled {
            // Never as large as the area by chance.
            (columns, rows) = (self.dice.between(1, 100), self.dice.between(1, 80));
            columns += i32::from(columns == width);
        }
        if from != From::Bitmaps && self.dice.one_in(3) {
            let suits = |live: &Live| {
                live.number != target.number
                    && (scaled || (live.width >= width && live.height >= height))
                    && match from {
                        From::SameDepth => live.format.bits() == target.format.bits(),
                        From::StraightSurface => scaled || !live.bent,
                        From::AnySurface | From::Bitmaps => true,
                    }
            };
            if let Some(live) = self.surfaces.choose(&mut self.dice, suits) {
                let part = if scaled {
                    let Area(_, _, columns, rows) = live.area(&mut self.dice, (100, 80));
                    let rows = if (columns, rows) == (width, height) { rows % live.height + 1 } else { rows };
                    live.area_of(&mut self.dice, columns, rows)
                } else {
                    live.area_of(&mut self.dice, width, height)
                };
                self.surface(&live);
                return self.script.rect("src_area", part);
            }
        }
        let (x, y) = (self.dice.between(0, 4), self.dice.between(0, 4));
        if let Some(Area(_, _, own_width, own_height)) = self.own_area
            && own_width >= columns + x
            && own_height >= rows + y
        {
            self.script.line("image 0");
        } else {
            self.picture(target, columns + x + 1, rows + y + 1);
        }
        self.script.rect("src_area", Area(x, y, columns, rows));
    }

    /// A surface as an image.
    pub(super) fn surface(&mut self, live: &Live) {
        self.head(104, live.width, live.height);
        self.script.field("surface_image.surface_id", live.number);
        self.sources.push(*live);
    }

    /// A bitmap of that kind.
    pub(super) fn bitmap(&mut self, (format, bits, entries): Kind, width: i32, height: i32) {
        let stride = (width * bits + 31) / 32 * 4;
        let flags = self.dice.pick(&[0, 4], 4);
        self.head(0, width, height);
        self.script.line(format_args!("bitmap.format {format}\nbitmap.flags {flags}\nbitmap.x {width}"));
        self.script.line(format_args!("bitmap.y {height}\nbitmap.stride {stride}"));
        self.script.field("has_palette", i32::from(entries > 0));
        if entries > 0 {
            self.script.field("qp.num_ents", entries);
            self.script.field("unique", self.images);
        }
        for _ in 0..entries {
            let color = self.dice.color();
            self.script.field("ents", color);
        }
        let pixels = self.dice.bytes(stride * height);
        self.script.chunk("bitmap.data", &pixels);
    }

    /// A picture that the guest has compressed by QUIC, the only method that servers take from it.
    fn compressed(&mut self, width: i32, height: i32) {
        let formats = [BitmapFormat::Rgb555, BitmapFormat::Rgb24, BitmapFormat::Xrgb32, BitmapFormat::Argb32];
        let format = self.dice.pick(&formats, BitmapFormat::Xrgb32);
        let mut stream = Vec::new();
        let mut data = self.dice.bytes(width * height * 4);
        // Smooth below, so that there are runs as well.
        let half = data.len() / 2;
        data.iter_mut()
            .skip(half)
            .enumerate()
            .for_each(|(index, byte)| *byte = (index / 1000).to_le_bytes()[0]);
        let bitmap = Layout::packed(format, Size::new(width.unsigned_abs(), height.unsigned_abs()))
            .and_then(|layout| Bitmap::new(layout, None, Bytes::from(data)));
        let encoded = bitmap.is_ok_and(|bitmap| Encoder::new().encode(&bitmap, &mut stream).is_ok());
        if !encoded {
            return self.bitmap(RGB32, width, height);
        }
        self.head(1, width, height);
        self.script.field("quic.data_size", stream.len());
        self.script.chunk("quic.data", &stream);
    }

    fn head(&mut self, kind: u8, width: i32, height: i32) {
        self.images += 1;
        self.script
            .line(format_args!("image 1\ndescriptor.id {}\ndescriptor.type {kind}", self.images << 32));
        self.script
            .line(format_args!("descriptor.flags 0\ndescriptor.width {width}\ndescriptor.height {height}"));
    }
}
