//! Pixels to streams: the codecs whose results every client can take that has the codec, and their working memory.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use image::bitmap::{Bitmap, BitmapFormat};
use image::{jpeg, lz, lz4, quic};
use wire::image::{ImageBody, LzPalette, PaletteSource};

use super::Codec;

/// Compresses images, one at a time; its working memory is kept from image to image.
#[derive(Debug)]
pub struct Compressor {
    jpeg: jpeg::Encoder,
    lz: lz::Encoder,
    lz4: lz4::Encoder,
    quic: quic::Encoder,
    stream: Vec<u8>,
}

impl Compressor {
    /// The quality of JPEG files, as the original has it.
    const QUALITY: u8 = 85;

    /// A compressor without working memory.
    pub fn new() -> Self {
        Self {
            jpeg: jpeg::Encoder::new(),
            lz: lz::Encoder::new(),
            lz4: lz4::Encoder::new(),
            quic: quic::Encoder::new(),
            stream: Vec::new(),
        }
    }

    /// As [`Compressor::compress`], and the pixels as they are should there be a mistake in a codec.
    pub fn compress_in_any_case(&mut self, bitmap: &Bitmap, codec: Codec) -> ImageBody {
        let body = catch_unwind(AssertUnwindSafe(|| self.compress(bitmap, codec)));
        body.unwrap_or_else(|_| {
            *self = Self::new();
            tracing::error!("a panic while an image was encoded");
            raw(bitmap)
        })
    }

    /// The stream of a codec, or the pixels as they are when no stream is shorter.
    pub fn compress(&mut self, bitmap: &Bitmap, codec: Codec) -> ImageBody {
        if codec == Codec::Jpeg {
            return self.compress_lossy(bitmap).unwrap_or_else(|| self.compress(bitmap, Codec::Quic));
        }
        self.stream.clear();
        let encoded = match codec {
            Codec::Raw | Codec::Jpeg => false,
            Codec::Lz | Codec::Glz => self.lz.encode(bitmap, &mut self.stream).is_ok(),
            Codec::Lz4 => self.lz4.encode(bitmap, &mut self.stream).is_ok(),
            Codec::Quic => self.quic.encode(bitmap, &mut self.stream).is_ok(),
        };
        if !encoded || self.stream.len() >= bitmap.data().len() {
            return raw(bitmap);
        }
        let data = Bytes::copy_from_slice(&self.stream);
        match (codec, bitmap.palette()) {
            (Codec::Lz4, _) => ImageBody::Lz4(data),
            (Codec::Quic, _) => ImageBody::Quic(data),
            (_, Some(palette)) if bitmap.format().is_indexed() => {
                let palette = PaletteSource::Inline { palette: palette.clone(), cache: false };
                ImageBody::LzPalette(LzPalette { top_down: bitmap.top_down(), palette, data })
            }
            _ => ImageBody::LzRgb(data),
        }
    }

    /// A JPEG file with or without alpha, if that is shorter than the pixels.
    fn compress_lossy(&mut self, bitmap: &Bitmap) -> Option<ImageBody> {
        self.stream.clear();
        let alpha = bitmap.format() == BitmapFormat::Argb32;
        let (colors, out) = (&mut self.jpeg, &mut self.stream);
        let jpeg_size = if alpha {
            jpeg::encode_with_alpha(bitmap, Self::QUALITY, colors, &mut self.lz, out)
        } else {
            colors.encode(bitmap, Self::QUALITY, out).map(|()| 0)
        };
        let jpeg_size = jpeg_size.ok().filter(|_| self.stream.len() < bitmap.data().len())?;
        let data = Bytes::copy_from_slice(&self.stream);
        Some(if alpha {
            ImageBody::JpegAlpha { top_down: bitmap.top_down(), jpeg_size, data }
        } else {
            ImageBody::Jpeg(data)
        })
    }
}

/// The pixels as they are.
pub fn raw(bitmap: &Bitmap) -> ImageBody {
    let palette = match bitmap.palette() {
        Some(palette) => PaletteSource::Inline { palette: palette.clone(), cache: false },
        None => PaletteSource::None,
    };
    let (layout, data) = (*bitmap.layout(), bitmap.data().clone());
    ImageBody::Bitmap(wire::image::Bitmap { layout, palette, data })
}
