//! Images of messages as pixels: the codecs, the image cache and the palette cache.

use std::collections::HashMap;
use std::sync::Arc;

use canvas::Source;
use image::bitmap::{Bitmap, BitmapError, Palette};
use image::{glz, jpeg, lz, lz4, quic, zlib};
use wire::image::{Image, ImageBody, ImageFlags, LzPalette, PaletteSource};

/// Most pixels of one image.
const MAX_PIXELS: u64 = 1 << 27;

/// Most bytes of a stream inside another one: as the stream itself may have as many as pixels without compression.
const MAX_STREAM: usize = 1 << 29;

/// Pixels of earlier images that GLZ streams can refer to: more than the client announces, so that no server
/// that keeps to that misses one.
const GLZ_WINDOW_PIXELS: u64 = 1 << 26;

/// Why an image has no pixels.
#[derive(Debug, thiserror::Error)]
pub enum ImageFault {
    /// The message names pixels that the client has elsewhere.
    #[error("{0} is no image in itself")]
    Reference(&'static str),
    /// The server refers to an image that it did not let the client keep, or that left the cache.
    #[error("image {0:#x} is not in the cache")]
    NotCached(u64),
    /// The same for a palette.
    #[error("palette {0:#x} is not in the cache")]
    PaletteNotCached(u64),
    /// The pixels are not what their description says.
    #[error("invalid bitmap: {0}")]
    Bitmap(#[from] BitmapError),
    /// The stream is wrong.
    #[error("invalid lz stream: {0}")]
    Lz(#[from] lz::DecodeError),
    /// The stream is wrong.
    #[error("invalid glz stream: {0}")]
    Glz(#[from] glz::DecodeError),
    /// The stream is wrong.
    #[error("invalid quic stream: {0}")]
    Quic(#[from] quic::DecodeError),
    /// The stream is wrong.
    #[error("invalid lz4 stream: {0}")]
    Lz4(#[from] lz4::Error),
    /// The file is wrong.
    #[error("invalid jpeg file: {0}")]
    Jpeg(#[from] jpeg::DecodeError),
    /// The file or what follows it is wrong.
    #[error("invalid jpeg file with alpha: {0}")]
    JpegAlpha(#[from] jpeg::AlphaError),
    /// The stream is wrong.
    #[error("invalid zlib stream: {0}")]
    Zlib(#[from] zlib::InflateError),
}

/// What the client keeps.
#[derive(Debug)]
pub(crate) struct ImageCaches {
    images: HashMap<u64, Source>,
    palettes: HashMap<u64, Arc<Palette>>,
    glz: glz::Window,
}

impl Default for ImageCaches {
    fn default() -> Self {
        Self { images: HashMap::new(), palettes: HashMap::new(), glz: glz::Window::new(GLZ_WINDOW_PIXELS) }
    }
}

impl ImageCaches {
    /// The image's pixels, which are kept if the message says so.
    pub(crate) fn source(&mut self, image: &Image) -> Result<Source, ImageFault> {
        let Image { id, flags, size: _, body } = image;
        if let ImageBody::FromCache | ImageBody::FromCacheLossless = body {
            return self.images.get(id).cloned().ok_or(ImageFault::NotCached(*id));
        }
        if let ImageBody::Surface(surface) = body {
            return Ok(Source::Surface(*surface));
        }
        let bitmap = Arc::new(self.decode(image)?);
        let source = if flags.contains(ImageFlags::HIGH_BITS_SET) {
            Source::HighBitsSet(bitmap)
        } else {
            Source::Bitmap(bitmap)
        };
        if flags.contains(ImageFlags::CACHE_ME) || flags.contains(ImageFlags::CACHE_REPLACE_ME) {
            self.images.insert(*id, source.clone());
        }
        Ok(source)
    }

    fn decode(&mut self, image: &Image) -> Result<Bitmap, ImageFault> {
        match &image.body {
            ImageBody::Bitmap(wire::image::Bitmap { layout, palette, data }) => {
                let palette = self.palette(palette)?;
                Ok(Bitmap::new(*layout, palette, data.clone())?)
            }
            ImageBody::LzRgb(stream) => Ok(lz::decode(stream, None, MAX_PIXELS)?),
            ImageBody::LzPalette(LzPalette { palette, data, .. }) => {
                let palette = self.palette(palette)?;
                Ok(lz::decode(data, palette, MAX_PIXELS)?)
            }
            ImageBody::GlzRgb(stream) => Ok(self.glz.decode(stream)?),
            ImageBody::Quic(stream) => Ok(quic::decode(stream, MAX_PIXELS)?),
            ImageBody::Lz4(stream) => Ok(lz4::decode(stream, image.size, MAX_PIXELS)?),
            ImageBody::ZlibGlz { glz_size, data } => {
                let size = usize::try_from(*glz_size).unwrap_or(usize::MAX);
                let stream = zlib::inflate(data, size, MAX_STREAM)?;
                Ok(self.glz.decode(&stream)?)
            }
            ImageBody::Jpeg(file) => Ok(jpeg::decode(file, MAX_PIXELS)?),
            ImageBody::JpegAlpha { top_down, jpeg_size, data } => {
                Ok(jpeg::decode_with_alpha(data, *jpeg_size, *top_down, MAX_PIXELS)?)
            }
            body @ (ImageBody::FromCache | ImageBody::FromCacheLossless | ImageBody::Surface(_)) => {
                Err(ImageFault::Reference(body.name()))
            }
        }
    }

    fn palette(&mut self, source: &PaletteSource) -> Result<Option<Arc<Palette>>, ImageFault> {
        match source {
            PaletteSource::None => Ok(None),
            PaletteSource::Inline { palette, cache } => {
                if *cache {
                    self.palettes.insert(palette.unique, palette.clone());
                }
                Ok(Some(palette.clone()))
            }
            PaletteSource::Cached(name) => {
                let palette = self.palettes.get(name).ok_or(ImageFault::PaletteNotCached(*name))?;
                Ok(Some(palette.clone()))
            }
        }
    }

    /// Images that are kept.
    pub(crate) fn len(&self) -> usize {
        self.images.len()
    }

    pub(crate) fn forget_image(&mut self, id: u64) {
        self.images.remove(&id);
    }

    pub(crate) fn forget_all_images(&mut self) {
        self.images.clear();
    }

    pub(crate) fn forget_palette(&mut self, id: u64) {
        self.palettes.remove(&id);
    }

    pub(crate) fn forget_all_palettes(&mut self) {
        self.palettes.clear();
    }
}
