//! Strings of glyphs for [`Text`](crate::operation::Text).

use zerocopy::little_endian::{U16, U32};

use crate::chunk::DataChunk;
use crate::geometry::Point;

device_layout! {
    /// `QXLString`: glyphs are the chunk's data, a [`RasterGlyph`] and its shape after the other.
    pub struct GlyphString: 28 {
        /// Bytes of all glyphs; the chunks hold exactly that many.
        pub data_size: U32,
        /// How many glyphs there are, exactly.
        pub length: U16,
        /// [`GlyphString::RASTER_A1`] and the others.
        pub flags: U16,
        /// The first piece of the glyphs.
        pub chunk: DataChunk = 8,
    }

    /// `QXLRasterGlyph`: what stands before a glyph's shape of `height` rows, each in whole bytes.
    pub struct RasterGlyph: 20 {
        /// Where the glyph stands, in pixels of the surface.
        pub render_position: Point,
        /// The shape's corner relative to that.
        pub origin: Point,
        /// Columns of the shape.
        pub width: U16,
        /// Rows of the shape.
        pub height: U16,
    }
}

impl GlyphString {
    /// One bit a pixel of a shape. Goes before the others when several are set.
    pub const RASTER_A1: u16 = 1 << 0;
    /// Four bits a pixel.
    pub const RASTER_A4: u16 = 1 << 1;
    /// Eight bits a pixel.
    pub const RASTER_A8: u16 = 1 << 2;
    /// Rows run from top to bottom.
    pub const TOP_DOWN: u16 = 1 << 3;

    /// Bits of each pixel of a shape, or `None` when no depth is set.
    pub const fn bits(&self) -> Option<u8> {
        let flags = self.flags.get();
        if flags & Self::RASTER_A1 != 0 {
            Some(1)
        } else if flags & Self::RASTER_A4 != 0 {
            Some(4)
        } else if flags & Self::RASTER_A8 != 0 {
            Some(8)
        } else {
            None
        }
    }
}

impl RasterGlyph {
    /// Bytes of the shape that follows, at `bits` a pixel.
    pub fn shape_bytes(&self, bits: u8) -> u64 {
        let row = (u64::from(self.width.get()) * u64::from(bits)).div_ceil(8);
        row * u64::from(self.height.get())
    }
}
