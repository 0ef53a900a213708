//! Images: what drawings point to for their pixels.
//!
//! An [`ImageDescriptor`] comes first; the body after it goes by the descriptor's kind.

use zerocopy::little_endian::{U16, U32, U64};

use crate::chunk::DataChunk;
use crate::code::codes;
use crate::memslot::PhysAddr;

/// Bytes that must be readable at an image's address whatever its kind: `sizeof(QXLImage)`.
pub const IMAGE_BYTES: usize = size_of::<ImageDescriptor>() + size_of::<Bitmap>();
const _: () = assert!(IMAGE_BYTES == 48);

/// Bytes that the rows of a bitmap may take together.
pub const MAX_BITMAP_BYTES: u64 = 0x7fff_ffff;

codes! {
    /// `SPICE_IMAGE_TYPE_*`: what follows the descriptor. The device takes only the first three from a
    /// guest; the others are the host's own words on the wire.
    pub enum ImageKind: u8 {
        /// [`Bitmap`].
        Bitmap = 0,
        /// [`CompressedImage`] in QUIC.
        Quic = 1,
        /// [`SurfaceImage`].
        Surface = 104,
        /// LZ with a palette.
        LzPalette = 100,
        /// LZ of RGB pixels.
        LzRgb = 101,
        /// LZ with a dictionary over several images.
        GlzRgb = 102,
        /// A reference to the client's cache.
        FromCache = 103,
        /// JPEG.
        Jpeg = 105,
        /// A reference to the client's cache that must be lossless.
        FromCacheLossless = 106,
        /// `GlzRgb` in zlib.
        ZlibGlzRgb = 107,
        /// JPEG and a channel of alpha.
        JpegAlpha = 108,
        /// LZ4.
        Lz4 = 109,
    }

    /// `SPICE_BITMAP_FMT_*`: what a bitmap's pixels are.
    pub enum BitmapFormat: u8 {
        /// Palette index or mask, the first pixel in the lowest bit.
        Bit1Le = 1,
        /// Palette index or mask, the first pixel in the highest bit.
        Bit1Be = 2,
        /// Palette index, the first pixel in the low half.
        Bit4Le = 3,
        /// Palette index, the first pixel in the high half.
        Bit4Be = 4,
        /// Palette index.
        Bit8 = 5,
        /// 0RRRRRGGGGGBBBBB.
        Bit16 = 6,
        /// Blue, green, red.
        Bit24 = 7,
        /// 0x00RRGGBB.
        Bit32 = 8,
        /// 0xAARRGGBB, premultiplied.
        Rgba = 9,
        /// Alpha only.
        Alpha8 = 10,
    }

    /// `QXL_IMAGE_GROUP_*`: whose numbers an image's `unique` is one of.
    pub enum ImageGroup: u32 {
        /// The driver's.
        Driver = 0,
        /// The device's.
        Device = 1,
        /// The server's.
        Red = 2,
        /// The driver's, not to be cached.
        DriverDontCache = 3,
    }
}

impl BitmapFormat {
    /// Bits of a pixel.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Bit1Le | Self::Bit1Be => 1,
            Self::Bit4Le | Self::Bit4Be => 4,
            Self::Bit8 | Self::Alpha8 => 8,
            Self::Bit16 => 16,
            Self::Bit24 => 24,
            Self::Bit32 | Self::Rgba => 32,
        }
    }

    /// Whether a pixel is a colour (or alpha) by itself. The others need a palette, except as masks.
    pub const fn is_direct(self) -> bool {
        matches!(self, Self::Bit16 | Self::Bit24 | Self::Bit32 | Self::Rgba | Self::Alpha8)
    }
}

device_layout! {
    /// `QXLImageDescriptor`.
    pub struct ImageDescriptor: 18 {
        /// [`image_id`]: the same id means the same pixels, as long as [`ImageDescriptor::CACHE`] is set.
        pub id: U64,
        /// [`ImageKind`].
        pub kind: u8,
        /// [`ImageDescriptor::CACHE`] and the other.
        pub flags: u8,
        /// Width in pixels.
        pub width: U32,
        /// Height in pixels.
        pub height: U32,
    }

    /// `QXLBitmap`: the body of an [`ImageKind::Bitmap`].
    pub struct Bitmap: 30 {
        /// [`BitmapFormat`].
        pub format: u8,
        /// [`Bitmap::DIRECT`] and the others.
        pub flags: u8,
        /// Width in pixels.
        pub width: U32,
        /// Height in pixels.
        pub height: U32,
        /// Bytes from a row to the next.
        pub stride: U32,
        /// The [`PaletteHeader`], or null.
        pub palette: PhysAddr,
        /// The rows in one piece, or their first [`DataChunk`], by [`Bitmap::DIRECT`].
        pub data: PhysAddr,
    }

    /// `QXLPalette`: what stands before the 32-bit 0x00RRGGBB entries.
    pub struct PaletteHeader: 10 {
        /// The same number means the same palette; 0 for one that is not to be cached.
        pub unique: U64,
        /// How many entries follow.
        pub count: U16,
    }

    /// `QXLSurfaceId`: the body of an [`ImageKind::Surface`].
    pub struct SurfaceImage: 4 {
        /// The surface whose pixels are meant.
        pub surface_id: U32,
    }

    /// `QXLQUICData` and the first chunk after it: the body of an [`ImageKind::Quic`] (also
    /// `QXLLZRGBData`, `QXLJPEGData`).
    pub struct CompressedImage: 24 {
        /// Bytes of the compressed image; the chunks hold exactly that many.
        pub data_size: U32,
        /// The first piece of them.
        pub chunk: DataChunk = 4,
    }
}

impl ImageDescriptor {
    /// `QXL_IMAGE_CACHE`: clients may keep the image under its id.
    pub const CACHE: u8 = 1 << 0;
    /// `QXL_IMAGE_HIGH_BITS_SET`: the unused byte of each pixel is 0xff.
    pub const HIGH_BITS_SET: u8 = 1 << 1;
}

impl Bitmap {
    /// `QXL_BITMAP_DIRECT`: the rows lie in one piece, not in chunks.
    pub const DIRECT: u8 = 1 << 0;
    /// `QXL_BITMAP_UNSTABLE`: the pixels may change while the device has the command.
    pub const UNSTABLE: u8 = 1 << 1;
    /// `QXL_BITMAP_TOP_DOWN`: the first row is the upper one.
    pub const TOP_DOWN: u8 = 1 << 2;
}

/// The number of an image: `unique` among those of `group`.
pub const fn image_id(group: ImageGroup, unique: u32) -> u64 {
    (unique as u64) << 32 | group.code() as u64
}

/// The number of an image that is known by a hash of its content: none that [`image_id`] gives. The device looks at numbers
/// only to tell images apart.
pub const fn content_id(hash: u64) -> u64 {
    hash | 1 << 31
}

/// What is wrong with a bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitmapFault {
    /// No such format.
    Format(u8),
    /// No pixels.
    Empty,
    /// The stride is shorter than a row.
    Stride(u32),
    /// Pixels are palette indices, and there is no palette.
    NoPalette,
    /// More than [`MAX_BITMAP_BYTES`].
    TooLarge,
}

impl Bitmap {
    /// The format and the bytes of all rows. A mask needs no palette.
    pub fn checked(&self, is_mask: bool) -> Result<(BitmapFormat, u32), BitmapFault> {
        let format = BitmapFormat::try_from(self.format).map_err(|_| BitmapFault::Format(self.format))?;
        if !format.is_direct() && self.palette.is_null() && !is_mask {
            return Err(BitmapFault::NoPalette);
        }
        let (width, height, stride) = (self.width.get(), self.height.get(), self.stride.get());
        if width == 0 || height == 0 {
            return Err(BitmapFault::Empty);
        }
        if u64::from(stride) < (u64::from(width) * u64::from(format.bits())).div_ceil(8) {
            return Err(BitmapFault::Stride(stride));
        }
        let bytes = u64::from(height) * u64::from(stride);
        match u32::try_from(bytes) {
            Ok(small) if bytes <= MAX_BITMAP_BYTES => Ok((format, small)),
            _ => Err(BitmapFault::TooLarge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bitmap(format: BitmapFormat, width: u32, height: u32, stride: u32) -> Bitmap {
        Bitmap {
            format: format.code(),
            width: U32::new(width),
            height: U32::new(height),
            stride: U32::new(stride),
            ..Bitmap::default()
        }
    }

    #[test]
    fn bitmaps_at_the_extremes() {
        use BitmapFormat::{Bit1Be, Bit32};
        assert_eq!(bitmap(Bit32, 2, 2, 8).checked(false), Ok((Bit32, 16)));
        assert_eq!(bitmap(Bit32, 2, 2, 7).checked(false), Err(BitmapFault::Stride(7)));
        assert_eq!(bitmap(Bit32, 0, 2, 8).checked(false), Err(BitmapFault::Empty));
        assert_eq!(bitmap(Bit32, u32::MAX, 1, u32::MAX).checked(false), Err(BitmapFault::Stride(u32::MAX)));
        assert_eq!(bitmap(Bit32, 1, u32::MAX, 4).checked(false), Err(BitmapFault::TooLarge));
        assert_eq!(bitmap(Bit1Be, 9, 1, 2).checked(true), Ok((Bit1Be, 2)));
        assert_eq!(bitmap(Bit1Be, 9, 1, 2).checked(false), Err(BitmapFault::NoPalette));
        let unknown = Bitmap { format: 11, ..bitmap(Bit32, 1, 1, 4) };
        assert_eq!(unknown.checked(false), Err(BitmapFault::Format(11)));
    }
}
