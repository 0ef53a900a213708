//! Images as they stand in display messages: a descriptor, and a body that is pixels, a compressed stream,
//! or the name of pixels that the client has.
//!
//! Streams are opaque here: the codecs are in the `image` crate.

use alloc::sync::Arc;

use ::image::bitmap::{BitmapFormat, Layout, Palette};
use ::image::geometry::Size;
use bytes::Bytes;

use crate::drawable::SurfaceId;
use crate::error::WireError;
use crate::message::{Wire, flags};
use crate::read::Reader;
use crate::write::{FrameBuilder, Pointer, count_u32};

flags! {
    /// How an image meets the client's image cache.
    pub struct ImageFlags(u8) {
        /// The client keeps it.
        CACHE_ME = 1,
        /// Pixels of 32 bits use their high byte.
        HIGH_BITS_SET = 2,
        /// The client puts it in the place of what it has under the same id.
        CACHE_REPLACE_ME = 4,
    }

    /// `SPICE_BITMAP_FLAGS_*`: how a bitmap meets the palette cache, and how its rows run.
    struct BitmapFlags(u8) {
        PAL_CACHE_ME = 1,
        PAL_FROM_CACHE = 2,
        TOP_DOWN = 4,
    }
}

/// An image in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The image's name in the client's image cache.
    pub id: u64,
    /// How it meets that cache.
    pub flags: ImageFlags,
    /// Columns and rows.
    pub size: Size,
    /// What it is made of.
    pub body: ImageBody,
}

/// What an image is made of. The variant is the type that stands in the descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageBody {
    /// Pixels.
    Bitmap(Bitmap),
    /// A QUIC stream.
    Quic(Bytes),
    /// An LZ stream of colours.
    LzRgb(Bytes),
    /// An LZ stream of indices.
    LzPalette(LzPalette),
    /// A GLZ stream, which refers to images before it.
    GlzRgb(Bytes),
    /// A GLZ stream inside a zlib stream.
    ZlibGlz {
        /// Bytes of the GLZ stream.
        glz_size: u32,
        /// The zlib stream.
        data: Bytes,
    },
    /// A JPEG file.
    Jpeg(Bytes),
    /// Colours as a JPEG file, then alpha as an LZ stream.
    JpegAlpha {
        /// Whether rows of alpha run from the top.
        top_down: bool,
        /// Bytes of the JPEG file.
        jpeg_size: u32,
        /// The JPEG file and the LZ stream.
        data: Bytes,
    },
    /// LZ4 blocks.
    Lz4(Bytes),
    /// What the client keeps under the image's id.
    FromCache,
    /// The same, which must not have been compressed with loss.
    FromCacheLossless,
    /// A surface.
    Surface(SurfaceId),
}

/// Pixels without compression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    /// Where the rows lie in `data`.
    pub layout: Layout,
    /// The colours of an indexed format.
    pub palette: PaletteSource,
    /// `stride` times `height` bytes. Where the last row's padding is missing, it is sent as 0; bytes beyond
    /// are left out. A single row is sent without padding.
    pub data: Bytes,
}

/// An LZ stream of indices, with their colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LzPalette {
    /// Whether rows run from the top.
    pub top_down: bool,
    /// The colours; there always are some.
    pub palette: PaletteSource,
    /// The stream.
    pub data: Bytes,
}

/// Where the colours of an indexed image come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PaletteSource {
    /// There are none.
    #[default]
    None,
    /// They are in the message.
    Inline {
        /// The colours.
        palette: Arc<Palette>,
        /// Whether the client keeps them under their name.
        cache: bool,
    },
    /// The client keeps them under this name.
    Cached(u64),
}

impl ImageBody {
    /// The type that stands in the descriptor, `SPICE_IMAGE_TYPE_*`.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Bitmap(_) => 0,
            Self::Quic(_) => 1,
            Self::LzPalette(_) => 100,
            Self::LzRgb(_) => 101,
            Self::GlzRgb(_) => 102,
            Self::FromCache => 103,
            Self::Surface(_) => 104,
            Self::Jpeg(_) => 105,
            Self::FromCacheLossless => 106,
            Self::ZlibGlz { .. } => 107,
            Self::JpegAlpha { .. } => 108,
            Self::Lz4(_) => 109,
        }
    }

    /// The type's name, for logs and statistics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        Self::name_of(self.kind()).unwrap_or_default()
    }

    /// The name of the type with this number.
    #[must_use]
    pub const fn name_of(kind: u8) -> Option<&'static str> {
        Some(match kind {
            0 => "bitmap",
            1 => "quic",
            100 => "lz-palette",
            101 => "lz",
            102 => "glz",
            103 => "from-cache",
            104 => "surface",
            105 => "jpeg",
            106 => "from-cache-lossless",
            107 => "zlib-glz",
            108 => "jpeg-alpha",
            109 => "lz4",
            _ => return None,
        })
    }

    /// Bytes of pixels or of the stream.
    #[must_use]
    pub const fn data_size(&self) -> usize {
        match self {
            Self::Bitmap(Bitmap { data, .. })
            | Self::LzPalette(LzPalette { data, .. })
            | Self::Quic(data)
            | Self::LzRgb(data)
            | Self::GlzRgb(data)
            | Self::Jpeg(data)
            | Self::Lz4(data)
            | Self::ZlibGlz { data, .. }
            | Self::JpegAlpha { data, .. } => data.len(),
            Self::FromCache | Self::FromCacheLossless | Self::Surface(_) => 0,
        }
    }
}

impl Wire for Image {
    const MIN_SIZE: usize = 18;

    fn put(&self, to: &mut FrameBuilder) {
        let Self { id, flags, size, body } = self;
        to.put(id);
        to.put(&body.kind());
        to.put(flags);
        to.put(&size.width);
        to.put(&size.height);
        match body {
            ImageBody::Bitmap(bitmap) => put_bitmap(to, bitmap),
            ImageBody::Quic(data)
            | ImageBody::LzRgb(data)
            | ImageBody::GlzRgb(data)
            | ImageBody::Jpeg(data)
            | ImageBody::Lz4(data) => put_sized(to, data),
            ImageBody::LzPalette(lz) => put_lz_palette(to, lz),
            ImageBody::ZlibGlz { glz_size, data } => {
                to.put(glz_size);
                put_sized(to, data);
            }
            ImageBody::JpegAlpha { top_down, jpeg_size, data } => {
                to.put(top_down);
                to.put(jpeg_size);
                put_sized(to, data);
            }
            ImageBody::Surface(id) => to.put(id),
            ImageBody::FromCache | ImageBody::FromCacheLossless => {}
        }
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        let id = u64::take(from, "image id")?;
        let kind = u8::take(from, "image type")?;
        let kind_error = from.bad_value("image type", 1, kind.into());
        let flags = ImageFlags::take(from, "image flags")?;
        let size = Size::new(u32::take(from, "image width")?, u32::take(from, "image height")?);
        let body = match kind {
            0 => ImageBody::Bitmap(take_bitmap(from)?),
            1 => ImageBody::Quic(take_sized(from)?),
            100 => ImageBody::LzPalette(take_lz_palette(from)?),
            101 => ImageBody::LzRgb(take_sized(from)?),
            102 => ImageBody::GlzRgb(take_sized(from)?),
            103 => ImageBody::FromCache,
            104 => ImageBody::Surface(SurfaceId::take(from, "surface of an image")?),
            105 => ImageBody::Jpeg(take_sized(from)?),
            106 => ImageBody::FromCacheLossless,
            107 => ImageBody::ZlibGlz { glz_size: u32::take(from, "glz size")?, data: take_sized(from)? },
            108 => ImageBody::JpegAlpha {
                top_down: u8::take(from, "jpeg alpha flags")? & 1 != 0,
                jpeg_size: u32::take(from, "jpeg size")?,
                data: take_sized(from)?,
            },
            109 => ImageBody::Lz4(take_sized(from)?),
            _ => return Err(kind_error),
        };
        Ok(Self { id, flags, size, body })
    }
}

fn put_sized(to: &mut FrameBuilder, data: &Bytes) {
    to.put(&count_u32(data.len()));
    to.payload(data);
}

fn take_sized(from: &mut Reader<'_>) -> Result<Bytes, WireError> {
    let size = u32::take(from, "image data size")?;
    from.bytes(size.into(), "image data")
}

fn put_bitmap(to: &mut FrameBuilder, bitmap: &Bitmap) {
    let Bitmap { layout: Layout { format, size, stride, top_down }, palette, data } = bitmap;
    to.put(&u8::from(*format));
    to.put(&bitmap_flags(palette, *top_down));
    to.put(&size.width);
    to.put(&size.height);
    // A single row may claim any stride: its padding is not worth sending.
    let stride = if size.height == 1 { count_u32(data.len()).min(*stride) } else { *stride };
    to.put(&stride);
    put_palette_source(to, palette);
    let whole = u64::from(stride) * u64::from(size.height);
    let whole = usize::try_from(whole).unwrap_or(usize::MAX);
    if data.len() > whole {
        to.payload(&data.slice(..whole));
    } else {
        to.payload(data);
        to.zeros(whole - data.len());
    }
}

fn take_bitmap(from: &mut Reader<'_>) -> Result<Bitmap, WireError> {
    let format = u8::take(from, "bitmap format")?;
    let format =
        BitmapFormat::try_from(format).map_err(|_| from.bad_value("bitmap format", 1, format.into()))?;
    let flags = BitmapFlags::take(from, "bitmap flags")?;
    let size = Size::new(u32::take(from, "bitmap width")?, u32::take(from, "bitmap height")?);
    let stride = u32::take(from, "bitmap stride")?;
    let palette = take_palette_source(from, flags)?;
    let data = from.bytes(u64::from(stride) * u64::from(size.height), "bitmap data")?;
    let layout = Layout { format, size, stride, top_down: flags.contains(BitmapFlags::TOP_DOWN) };
    Ok(Bitmap { layout, palette, data })
}

fn put_lz_palette(to: &mut FrameBuilder, lz: &LzPalette) {
    let LzPalette { top_down, palette, data } = lz;
    to.put(&bitmap_flags(palette, *top_down));
    to.put(&count_u32(data.len()));
    put_palette_source(to, palette);
    to.payload(data);
}

fn take_lz_palette(from: &mut Reader<'_>) -> Result<LzPalette, WireError> {
    let flags = BitmapFlags::take(from, "lz palette flags")?;
    let size = u32::take(from, "lz palette data size")?;
    let palette = take_palette_source(from, flags)?;
    let data = from.bytes(size.into(), "lz palette data")?;
    Ok(LzPalette { top_down: flags.contains(BitmapFlags::TOP_DOWN), palette, data })
}

fn bitmap_flags(palette: &PaletteSource, top_down: bool) -> BitmapFlags {
    let palette = match palette {
        PaletteSource::None | PaletteSource::Inline { cache: false, .. } => BitmapFlags::NONE,
        PaletteSource::Inline { cache: true, .. } => BitmapFlags::PAL_CACHE_ME,
        PaletteSource::Cached(_) => BitmapFlags::PAL_FROM_CACHE,
    };
    if top_down { palette.with(BitmapFlags::TOP_DOWN) } else { palette }
}

/// A name of 8 bytes or a pointer of 4, as the flags say.
fn put_palette_source(to: &mut FrameBuilder, source: &PaletteSource) {
    match source {
        PaletteSource::None => to.null(),
        PaletteSource::Cached(name) => to.put(name),
        PaletteSource::Inline { palette, .. } => {
            let pointer = to.pointer();
            to.defer_palette(pointer, palette);
        }
    }
}

fn take_palette_source(from: &mut Reader<'_>, flags: BitmapFlags) -> Result<PaletteSource, WireError> {
    if flags.contains(BitmapFlags::PAL_FROM_CACHE) {
        return Ok(PaletteSource::Cached(u64::take(from, "palette id")?));
    }
    let Some(mut at) = from.pointer("palette")? else {
        return Ok(PaletteSource::None);
    };
    let unique = u64::take(&mut at, "palette id")?;
    let count = u16::take(&mut at, "palette size")?;
    let entries = at.list(count.into(), "palette entries")?;
    let palette = Arc::new(Palette { unique, entries });
    Ok(PaletteSource::Inline { palette, cache: flags.contains(BitmapFlags::PAL_CACHE_ME) })
}

/// Appends an image that a pointer before it leads to.
pub(crate) fn put_pointed(to: &mut FrameBuilder, pending: Option<(Pointer, &Image)>) {
    if let Some((pointer, image)) = pending {
        to.point_here(pointer);
        to.put(image);
    }
}

impl FrameBuilder {
    /// Appends the colours after the last field of the message, as images end in data without an end mark.
    fn defer_palette(&mut self, pointer: Pointer, palette: &Palette) {
        let count = u16::try_from(palette.entries.len()).unwrap_or(u16::MAX);
        let mut bytes = alloc::vec::Vec::with_capacity(10 + 4 * usize::from(count));
        bytes.extend_from_slice(&palette.unique.to_le_bytes());
        bytes.extend_from_slice(&count.to_le_bytes());
        for entry in palette.entries.iter().take(count.into()) {
            bytes.extend_from_slice(&entry.to_le_bytes());
        }
        self.defer(pointer, &bytes.into());
    }
}
